package sqlite_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/store/memory"
	"github.com/itsmkit/itsmkit/store/sqlite"
)

// orders counts the rows of the host's own table.
func (t *trouble) orders() (n int) {
	t.Helper()
	require.NoError(t, t.db.QueryRow(`SELECT count(*) FROM orders`).Scan(&n))
	return n
}

func withOrders(t *testing.T, test func(t *trouble)) {
	onEach(t, func(t *trouble) {
		t.exec(t.db, `CREATE TABLE orders (id INTEGER PRIMARY KEY, ticket TEXT NOT NULL)`)
		test(t)
	})
}

// ordered writes a row of the host's and reports an incident in one transaction, and ends as then says.
func (t *trouble) ordered(then func(ctx context.Context, tx *sqlite.Tx, inc incident.Incident) error) error {
	return t.store.Transact(t.ann, func(ctx context.Context, tx *sqlite.Tx) error {
		inc, err := t.incidents.Report(ctx, incident.Report{Title: "Order failed"})
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO orders (ticket) VALUES (?1)`, inc.ID); err != nil {
			return err
		}
		return then(ctx, tx, inc)
	})
}

func TestTransactCommitsBothOrNeither(t *testing.T) {
	withOrders(t, func(t *trouble) {
		require.NoError(t, t.ordered(func(ctx context.Context, tx *sqlite.Tx, inc incident.Incident) error {
			require.Zero(t, t.orders(), "nobody else sees it before the commit")
			require.Zero(t, t.count())
			n, err := t.incidents.Count(ctx, itsm.Query{})
			require.NoError(t, err)
			require.EqualValues(t, 1, n, "the transaction sees its own")
			_, err = t.incidents.Get(ctx, inc.ID)
			return err
		}))
		require.Equal(t, 1, t.orders())
		require.EqualValues(t, 1, t.count())

		enough := errors.New("enough")
		require.ErrorIs(t, t.ordered(func(context.Context, *sqlite.Tx, incident.Incident) error { return enough }), enough)
		require.PanicsWithValue(t, "enough", func() {
			_ = t.ordered(func(context.Context, *sqlite.Tx, incident.Incident) error { panic("enough") })
		})
		gone, cancel := context.WithCancel(t.ann)
		cancel()
		require.ErrorIs(t, t.store.Transact(gone, func(context.Context, *sqlite.Tx) error { return nil }), context.Canceled)
		require.Equal(t, 1, t.orders())
		require.EqualValues(t, 1, t.count())
		t.reported("The store works on")
	})
}

func TestTransactAfterARefusal(t *testing.T) {
	withOrders(t, func(t *trouble) {
		inc := t.reported("VPN down")
		require.NoError(t, t.ordered(func(ctx context.Context, tx *sqlite.Tx, _ incident.Incident) error {
			_, err := t.incidents.Resolve(ctx, inc.ID, incident.Resolution{})
			require.ErrorIs(t, err, itsm.ErrRefused)
			_, err = t.incidents.Get(ctx, "INC9999999")
			require.ErrorIs(t, err, itsm.ErrNotFound)
			_, err = t.incidents.Resolve(ctx, inc.ID, incident.Resolution{Code: incident.Fixed, Notes: "Rebooted."})
			return err
		}))
		got, err := t.incidents.Get(t.ann, inc.ID)
		require.NoError(t, err)
		require.Equal(t, incident.StateResolved, got.State)
		require.EqualValues(t, 2, got.Version)
		require.Equal(t, 1, t.orders())
		require.NoError(t, t.kernel.Verify(t.ann, inc.Ref()))
	})
}

func TestTransactAndALostRace(t *testing.T) {
	withOrders(t, func(t *trouble) {
		inc := t.reported("VPN down")
		require.NoError(t, t.ordered(func(ctx context.Context, _ *sqlite.Tx, _ incident.Incident) error {
			_, err := t.incidents.Comment(ctx, inc.ID, itsm.Comment{Body: "Now it is another version."})
			require.NoError(t, err)
			_, err = t.incidents.Comment(ctx, inc.ID, itsm.Comment{Body: "Too late."}, itsm.IfVersion(inc.Version))
			require.ErrorIs(t, err, itsm.ErrConflict)
			return nil
		}))
		comments, err := t.incidents.Comments(t.ann, inc.ID, 0, 0)
		require.NoError(t, err)
		require.Len(t, comments, 1)
		require.Equal(t, 1, t.orders())
	})
}

func TestTransactAfterItsEnd(t *testing.T) {
	withOrders(t, func(t *trouble) {
		var late context.Context
		var old *sqlite.Tx
		require.NoError(t, t.ordered(func(ctx context.Context, tx *sqlite.Tx, _ incident.Incident) error {
			late, old = ctx, tx
			return nil
		}))
		_, exec := old.ExecContext(t.ann, `DELETE FROM orders`)
		_, query := old.QueryContext(t.ann, `SELECT 1`)
		_, prepare := old.PrepareContext(t.ann, `SELECT 1`)
		_, report := t.incidents.Report(late, incident.Report{Title: "Late"})
		_, list := t.incidents.List(late, itsm.Query{})
		for call, err := range map[string]error{"exec": exec, "query": query, "prepare": prepare, "report": report, "list": list} {
			require.ErrorIs(t, err, itsm.ErrInvalid, call)
		}
		require.Error(t, old.QueryRowContext(t.ann, `DELETE FROM orders RETURNING id`).Scan(new(int)))
		require.Equal(t, 1, t.orders())
		require.EqualValues(t, 1, t.count())
	})
}

func TestTransactInATransaction(t *testing.T) {
	withOrders(t, func(t *trouble) {
		require.NoError(t, t.ordered(func(ctx context.Context, _ *sqlite.Tx, _ incident.Incident) error {
			require.ErrorIs(t, t.store.Transact(ctx, func(context.Context, *sqlite.Tx) error { return nil }), itsm.ErrInvalid)
			return nil
		}))
		require.Equal(t, 1, t.orders())
	})
}

func TestTransactOfAnotherStore(t *testing.T) {
	withOrders(t, func(t *trouble) {
		for _, store := range []itsm.Store{memory.New(), opened(t, t.driver, filepath.Join(folder(t), "other.db"), sqlite.Config{})} {
			var others *incident.Incidents
			itsmtest.Kernel(t, itsm.Config{Store: store}, func(k *itsm.Kernel) (err error) {
				others, err = incident.New(k, incident.Config{})
				return err
			})
			require.NoError(t, t.ordered(func(ctx context.Context, _ *sqlite.Tx, _ incident.Incident) error {
				_, err := others.Report(ctx, incident.Report{Title: "Elsewhere"})
				require.ErrorIs(t, err, itsm.ErrInvalid)
				return nil
			}))
		}
	})
}

// Timers fire and subscribers see events when the transaction is committed, and neither where it was not.
func TestTransactAndWhatFollows(t *testing.T) {
	withOrders(t, func(t *trouble) {
		var seen []string
		k, clock := itsmtest.Kernel(t, itsm.Config{Store: t.store, Clock: itsmtest.NewClock(t.clock.Now())}, func(k *itsm.Kernel) error {
			k.Subscribe(itsm.Subscriber{Name: "seen", Handle: func(_ context.Context, e *itsm.Event) error {
				seen = append(seen, e.ID+" "+e.Name)
				return nil
			}})
			_, err := incident.New(k, incident.Config{})
			return err
		})
		var id string
		resolved := func(end error) error {
			return t.ordered(func(ctx context.Context, _ *sqlite.Tx, inc incident.Incident) error {
				_, err := t.incidents.Resolve(ctx, inc.ID, incident.Resolution{Code: incident.Fixed, Notes: "Retried."})
				require.NoError(t, err)
				id = inc.ID
				done, _, err := k.Work(ctx) // which has no part in the transaction
				require.NoError(t, err)
				require.Zero(t, done)
				return end
			})
		}
		enough := errors.New("enough")
		require.ErrorIs(t, resolved(enough), enough)
		require.NoError(t, clock.Advance(t.ann, 7*24*time.Hour))
		require.Empty(t, seen)
		require.NoError(t, resolved(nil))
		require.NoError(t, clock.Advance(t.ann, 7*24*time.Hour))
		require.Equal(t, []string{id + " incident.reported", id + " incident.resolved", id + " incident.closed"}, seen)
	})
}

// Who is erased in a transaction is gone from the file and its log, too.
func TestTransactErases(t *testing.T) {
	withOrders(t, func(t *trouble) {
		bob := itsmtest.As(t.Context(), itsmtest.Requester("robertson"))
		_, err := t.incidents.Report(bob, incident.Report{Title: "VPN down"})
		require.NoError(t, err)
		require.True(t, t.inFiles("robertson"))
		require.NoError(t, t.store.Transact(t.ann, func(ctx context.Context, _ *sqlite.Tx) error {
			done, err := t.kernel.Erase(ctx, "robertson", "by request")
			require.Equal(t, 1, done.Records)
			return err
		}))
		require.False(t, t.inFiles("robertson"))
	})
}
