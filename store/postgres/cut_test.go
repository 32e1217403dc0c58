package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/store/postgres"
	"github.com/itsmkit/itsmkit/store/postgres/postgrestest"
)

// cutter stands between the store and the server, and cuts the line once: before some bytes are sent, or when the server
// has answered them and before anybody hears of it.
type cutter struct {
	sends, answers atomic.Int32 // counted down to the cut; 0 is none
}

// line is a connection through a cutter.
type line struct {
	net.Conn
	by *cutter
}

func (c *cutter) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	return &line{conn, c}, err
}

func (l *line) Write(p []byte) (int, error) {
	if l.by.sends.Load() > 0 && l.by.sends.Add(-1) == 0 {
		_ = l.Close()
		return 0, io.ErrClosedPipe
	}
	return l.Conn.Write(p)
}

func (l *line) Read(p []byte) (int, error) {
	n, err := l.Conn.Read(p)
	if l.by.answers.Load() > 0 && l.by.answers.Add(-1) == 0 {
		_ = l.Close()
		return 0, io.EOF
	}
	return n, err
}

// armed is a store that arms the cutter for its next write.
type armed struct {
	*postgres.Store
	arm func()
}

func (s *armed) Apply(ctx context.Context, set *itsm.WriteSet) error {
	if arm := s.arm; arm != nil {
		s.arm = nil
		arm()
	}
	return s.Store.Apply(ctx, set)
}

// A line that is cut while a command is written leaves a command that succeeded, or failed and changed nothing, or says that
// nobody knows; and the same command with the same key then has the one effect.
func TestALineThatIsCutInACommit(t *testing.T) {
	var by cutter
	pool, schema := postgrestest.Pool(t, func(c *pgxpool.Config) {
		c.MaxConns, c.ConnConfig.DialFunc = 2, by.dial
	})
	require.NoError(t, postgres.Migrate(t.Context(), pool, postgres.Config{Schema: schema}))
	s, err := postgres.New(t.Context(), pool, postgres.Config{Schema: schema})
	require.NoError(t, err)
	store := &armed{Store: s}
	var incidents *incident.Incidents
	k, _ := itsmtest.Kernel(t, itsm.Config{Store: store}, func(k *itsm.Kernel) (err error) {
		incidents, err = incident.New(k, incident.Config{})
		return err
	})
	ann := itsmtest.As(t.Context(), itsmtest.Administrator("ann"))
	inc, err := incidents.Report(ann, incident.Report{Title: "VPN down", Impact: itsm.Low, Urgency: itsm.Low})
	require.NoError(t, err)
	noted := func(body string) (n int) {
		notes, err := incidents.WorkNotes(ann, inc.ID, 0, 0)
		require.NoError(t, err)
		for _, note := range notes {
			if note.Body == body {
				n++
			}
		}
		return n
	}

	clean, done, undone := 0, 0, 0
	for i := range 60 {
		body := fmt.Sprint("note ", i)
		store.arm = func() {
			if by.sends.Store(0); i%4 == 0 {
				by.sends.Store(1)
			} else {
				by.answers.Store(int32(i%4 + i/30))
			}
		}
		_, err := incidents.Note(ann, inc.ID, body, itsm.Once(body))
		by.sends.Store(0)
		by.answers.Store(0)
		switch effect := noted(body); {
		case err == nil:
			require.Equal(t, 1, effect)
		case errors.Is(err, itsm.ErrUnavailable):
			require.Zero(t, effect, "%v", err)
			clean++
		default:
			require.ErrorIs(t, err, itsm.ErrUnknownOutcome)
			done, undone = done+effect, undone+1-effect
		}
		_, err = incidents.Note(ann, inc.ID, body, itsm.Once(body))
		require.NoError(t, err)
		require.Equal(t, 1, noted(body), "once, whatever became of the first")
	}
	itsmtest.RequireVerified(t, ann, k, inc.Ref())
	require.Positive(t, done, "no command was done and not known to be")
	t.Logf("failed cleanly %d, unknown %d, of which were done %d", clean, done+undone, done)
}
