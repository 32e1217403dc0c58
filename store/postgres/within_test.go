package postgres_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/store/postgres"
	"github.com/itsmkit/itsmkit/store/postgres/postgrestest"
)

// ledger is a table of the host's with a row for each event that a store wrote.
type ledger struct {
	pool  *pgxpool.Pool
	store *postgres.Store
	table string
	// then is asked at the end of each transaction.
	then func(sets []*itsm.WriteSet) error
}

func newLedger(t *testing.T) *ledger {
	t.Helper()
	pool, schema := postgrestest.Pool(t)
	l := &ledger{pool: pool, table: pgx.Identifier{schema, "ledger"}.Sanitize(), then: func([]*itsm.WriteSet) error { return nil }}
	config := postgres.Config{Schema: schema, Within: l.within}
	require.NoError(t, postgres.Migrate(t.Context(), pool, config))
	_, err := pool.Exec(t.Context(), `CREATE TABLE `+l.table+` (id text, version bigint, UNIQUE (id, version))`)
	require.NoError(t, err)
	l.store, err = postgres.New(t.Context(), pool, config)
	require.NoError(t, err)
	return l
}

func (l *ledger) within(ctx context.Context, tx pgx.Tx, sets []*itsm.WriteSet) error {
	for _, set := range sets {
		for i := range set.Records {
			if e := set.Records[i].Event; e != nil {
				if _, err := tx.Exec(ctx, `INSERT INTO `+l.table+` VALUES ($1, $2)`, e.Key.ID, e.Version); err != nil {
					return err
				}
			}
		}
	}
	return l.then(sets)
}

func (l *ledger) rows(t *testing.T) (n int) {
	t.Helper()
	require.NoError(t, l.pool.QueryRow(t.Context(), `SELECT count(*) FROM `+l.table).Scan(&n))
	return n
}

// memo is a record that can be touched, with a timer that touches it.
type memo struct{ itsm.Ticket }

type touch struct{ Again time.Duration }

// desk is a kernel on the ledger's store.
func (l *ledger) desk(t *testing.T) (k *itsm.Kernel, clock *itsmtest.Clock, made func(ctx context.Context) (itsm.Ref, error)) {
	t.Helper()
	clock = itsmtest.NewClock(time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC))
	k, err := itsm.New(itsm.Config{Store: l.store, Clock: clock, Authorizer: itsm.DefaultGrants()})
	require.NoError(t, err)
	p, err := itsm.NewPractice[memo](k, itsm.Spec{Kind: "memo", Series: "MEM", Lifecycle: lifecycle.Definition{
		Name: "memo", Version: 1, Initial: "open",
		States:   []lifecycle.StateRow{{Name: "open", Title: "Open", Phase: lifecycle.New}, {Name: "done", Title: "Done", Phase: lifecycle.Closed}},
		Triggers: []lifecycle.TriggerRow{{Name: "touch", Title: "Touch", Past: "touched"}, {Name: "end", Title: "End", Past: "ended"}},
		Rows: []lifecycle.Transition{
			{From: []lifecycle.State{"open"}, Trigger: "touch"}, {From: []lifecycle.State{"open"}, Trigger: "end", To: "done"},
		},
	}})
	require.NoError(t, err)
	create := itsm.Create(p, "make", "made", func(_ *itsm.Unit, m *memo, _ struct{}) error {
		m.Title = "Remember"
		return nil
	})
	itsm.Handle(p, "touch", func(u *itsm.Unit, m *memo, in touch) error {
		m.Title += "!" // what changes nothing writes nothing
		if in.Again == 0 {
			return nil
		}
		return u.SetTimer("again", u.Now().Add(in.Again), "touch", touch{})
	})
	itsm.Handle(p, "end", func(*itsm.Unit, *memo, struct{}) error { return nil })
	require.NoError(t, k.Open(t.Context()))
	return k, clock, func(ctx context.Context) (itsm.Ref, error) {
		m, err := create.Do(ctx, struct{}{})
		return m.Ref(), err
	}
}

var ann = itsm.WithActor(context.Background(), itsm.Actor{ID: "ann", Tenant: "acme", Roles: []itsm.Role{itsm.Administrator}})

var errFull = errors.New("the ledger is full")

func TestTheHostAddsToTheTransactionOfEachCommand(t *testing.T) {
	l := newLedger(t)
	k, _, made := l.desk(t)
	ref, err := made(ann)
	require.NoError(t, err)
	_, err = k.Do(ann, ref, "touch", touch{})
	require.NoError(t, err)
	require.Equal(t, 2, l.rows(t))
	_, err = k.Do(ann, ref, "touch", touch{}, itsm.IfVersion(1))
	require.ErrorIs(t, err, itsm.ErrConflict)
	require.Equal(t, 2, l.rows(t))

	for name, fails := range map[string]struct {
		then func([]*itsm.WriteSet) error
		want error
	}{
		"its error is the answer": {func([]*itsm.WriteSet) error { return errFull }, errFull},
		"its panic is an error":   {func([]*itsm.WriteSet) error { panic("no ledger") }, itsm.ErrPanic},
	} {
		l.then = fails.then
		_, err = k.Do(ann, ref, "touch", touch{})
		require.ErrorIs(t, err, fails.want, name)
		_, err = made(ann)
		require.ErrorIs(t, err, fails.want, name)
	}
	l.then = func([]*itsm.WriteSet) error { return nil }
	require.Equal(t, 2, l.rows(t), "what failed wrote nothing, of the host's neither")
	is, err := k.Get(ann, ref)
	require.NoError(t, err)
	require.EqualValues(t, 2, is.Header().Version)
}

// TestAFaultOfTheHostsRowIsNoneOfTheRecords has a row of the host's that is there already: nobody took the record.
func TestAFaultOfTheHostsRowIsNoneOfTheRecords(t *testing.T) {
	l := newLedger(t)
	k, _, made := l.desk(t)
	ref, err := made(ann)
	require.NoError(t, err)
	_, err = l.pool.Exec(t.Context(), `INSERT INTO `+l.table+` VALUES ($1, 2)`, ref.ID)
	require.NoError(t, err)
	_, err = k.Do(ann, ref, "touch", touch{})
	require.Error(t, err)
	require.NotErrorIs(t, err, itsm.ErrConflict)
	require.NotErrorIs(t, err, itsm.ErrExists)
	is, err := k.Get(ann, ref)
	require.NoError(t, err)
	require.EqualValues(t, 1, is.Header().Version)
}

// TestTheHostAddsToABatch fires many timers in one commit.
func TestTheHostAddsToABatch(t *testing.T) {
	l := newLedger(t)
	k, clock, made := l.desk(t)
	const timers = 20
	for range timers {
		ref, err := made(ann)
		require.NoError(t, err)
		_, err = k.Do(ann, ref, "touch", touch{Again: time.Hour})
		require.NoError(t, err)
	}
	clock.Set(clock.Now().Add(time.Hour))
	l.then = func([]*itsm.WriteSet) error { return errFull }
	fired, err := k.FireDue(ann)
	require.NoError(t, err)
	require.Zero(t, fired)
	require.Equal(t, 2*timers, l.rows(t))

	var calls []int
	l.then = func(sets []*itsm.WriteSet) error {
		calls = append(calls, len(sets))
		return nil
	}
	clock.Set(clock.Now().Add(time.Minute)) // when the claims of the first try end
	fired, err = k.FireDue(ann)
	require.NoError(t, err)
	require.Equal(t, timers, fired)
	require.Equal(t, []int{timers}, calls, "once for all")
	require.Equal(t, 3*timers, l.rows(t))
}

func TestTheHostAddsToItsOwnTransaction(t *testing.T) {
	l := newLedger(t)
	k, _, made := l.desk(t)
	ref, err := made(ann)
	require.NoError(t, err)
	tx, err := l.pool.Begin(t.Context())
	require.NoError(t, err)
	defer func() { _ = tx.Rollback(context.Background()) }() // or a failure would wait for its locks for ever
	ctx := itsm.WithTransaction(ann, l.store.Join(tx))
	_, err = k.Do(ctx, ref, "touch", touch{})
	require.NoError(t, err)
	l.then = func([]*itsm.WriteSet) error { return errFull }
	_, err = k.Do(ctx, ref, "touch", touch{})
	require.ErrorIs(t, err, errFull)
	l.then = func([]*itsm.WriteSet) error { return nil }
	_, err = made(ctx)
	require.NoError(t, err, "the transaction goes on")
	require.Equal(t, 1, l.rows(t), "nobody sees it yet")
	require.NoError(t, tx.Commit(t.Context()))
	require.Equal(t, 3, l.rows(t))
	is, err := k.Get(ann, ref)
	require.NoError(t, err)
	require.EqualValues(t, 2, is.Header().Version)
}

// TestWhatIsNoCommandIsNotAddedTo keeps subscribers' positions out of the host's transactions.
func TestWhatIsNoCommandIsNotAddedTo(t *testing.T) {
	l := newLedger(t)
	k, _, _ := l.desk(t)
	l.then = func([]*itsm.WriteSet) error { return errFull }
	require.NoError(t, l.store.Apply(t.Context(), &itsm.WriteSet{Subscription: &itsm.Subscription{Name: "mail", Revision: 1}}))
	require.True(t, k.Opened())
}
