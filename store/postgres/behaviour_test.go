package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/store/postgres"
	"github.com/itsmkit/itsmkit/store/postgres/postgrestest"
)

// note is a small record.
type note struct {
	itsm.Head
	Text string
}

// notes is its codec: version and two texts in a line.
type notes struct{ class field.Kind }

func (notes) Kind() string { return "note" }

func (c notes) Columns() []itsm.ColumnSpec {
	return []itsm.ColumnSpec{{Name: "id", Kind: field.KindText}, {Name: "version", Kind: field.KindInt}, {Name: "text", Kind: max(c.class, field.KindText), Indexed: true}}
}

func (c notes) Value(r itsm.Record, column string) field.Value {
	n := r.(*note)
	switch column {
	case "id":
		return field.Text(n.ID)
	case "version":
		return field.Int(n.Version)
	case "text":
		return field.Text(n.Text)
	}
	return field.Value{}
}

func (notes) Encode(r itsm.Record) ([]byte, error) {
	n := r.(*note)
	return fmt.Appendf(nil, "%s %s %d %s", n.Tenant, n.ID, n.Version, n.Text), nil
}

func (notes) Decode(data []byte) (itsm.Record, error) {
	n := &note{}
	n.Kind = "note"
	_, err := fmt.Sscan(string(data), &n.Tenant, &n.ID, &n.Version, &n.Text)
	return n, err
}

func noted(tenant, id string, version int64) *note {
	n := &note{Text: "hello"}
	n.Tenant, n.Kind, n.ID, n.Version = tenant, "note", id, version
	return n
}

// put is a set that brings records to their version, with an event each.
func put(all ...*note) *itsm.WriteSet {
	set := &itsm.WriteSet{}
	for _, n := range all {
		set.Records = append(set.Records, itsm.RecordWrite{Record: n, Expect: n.Version - 1, Event: &itsm.Event{Key: n.Key(), Version: n.Version, Name: "note.changed"}})
	}
	return set
}

func prepared(t testing.TB) (*postgres.Store, postgres.Config, *pgxpool.Pool) {
	t.Helper()
	s, config := open(t)
	require.NoError(t, s.Prepare(t.Context(), []itsm.Codec{notes{}}))
	return s, config, postgrestest.Connect(t, postgrestest.URL(t))
}

func fed(t testing.TB, s itsm.Store) (keys []string) {
	t.Helper()
	all, err := s.Feed(t.Context(), nil, 0, 100000)
	require.NoError(t, err)
	for _, d := range all {
		keys = append(keys, fmt.Sprint(d.Event.ID, "@", d.Event.Version))
	}
	return keys
}

func TestAHostsTransactionCommitsOrRollsBackWithTheDesk(t *testing.T) {
	s, config, pool := prepared(t)
	ctx := t.Context()
	rows := pgx.Identifier{config.Schema, "hosts"}.Sanitize()
	_, err := pool.Exec(ctx, `CREATE TABLE `+rows+` (n int)`)
	require.NoError(t, err)
	try := func(end func(pgx.Tx) error, sets ...*itsm.WriteSet) (faults []error) {
		tx, err := pool.Begin(ctx)
		require.NoError(t, err)
		_, err = tx.Exec(ctx, `INSERT INTO `+rows+` VALUES (1)`)
		require.NoError(t, err)
		joined := s.Join(tx)
		require.Same(t, s, joined.Of())
		for _, set := range sets {
			faults = append(faults, joined.Apply(ctx, set))
		}
		require.NoError(t, end(tx))
		return faults
	}
	count := func() (n int) {
		require.NoError(t, pool.QueryRow(ctx, `SELECT count(*) FROM `+rows).Scan(&n))
		return n
	}
	commit := func(tx pgx.Tx) error { return tx.Commit(ctx) }
	rollback := func(tx pgx.Tx) error { return tx.Rollback(ctx) }

	require.Equal(t, []error{nil}, try(rollback, put(noted("acme", "a", 1))))
	require.Zero(t, count())
	_, err = s.Get(ctx, noted("acme", "a", 1).Key())
	require.ErrorIs(t, err, itsm.ErrNotFound)

	// What is refused leaves the transaction usable, and what comes after it sees what came before.
	faults := try(commit, put(noted("acme", "a", 1)), put(noted("acme", "a", 1)), put(noted("acme", "b", 1), noted("acme", "a", 5)), put(noted("acme", "a", 2)))
	require.NoError(t, faults[0])
	require.ErrorIs(t, faults[1], itsm.ErrExists)
	require.ErrorIs(t, faults[2], itsm.ErrConflict)
	require.NoError(t, faults[3])
	require.Equal(t, 1, count())
	require.Equal(t, []string{"a@1", "a@2"}, fed(t, s))
}

func TestATransactionThatIsLongOpenHoldsUpOnlyItsOwnEvents(t *testing.T) {
	s, _, pool := prepared(t)
	tx, err := pool.Begin(t.Context())
	require.NoError(t, err)
	require.NoError(t, s.Join(tx).Apply(t.Context(), put(noted("acme", "slow", 1))))
	require.NoError(t, s.Apply(t.Context(), put(noted("acme", "quick", 1))))
	require.Equal(t, []string{"quick@1"}, fed(t, s))
	require.NoError(t, tx.Commit(t.Context()))
	require.NoError(t, s.Apply(t.Context(), put(noted("acme", "slow", 2))))
	require.Equal(t, []string{"quick@1", "slow@1", "slow@2"}, fed(t, s))
}

func TestManySetsAreCommittedTogetherAndRefusedAlone(t *testing.T) {
	s, _, _ := prepared(t)
	ctx := t.Context()
	a := noted("acme", "a", 1)
	timer := itsm.Timer{Key: a.Key(), Name: "ring", Generation: 1, Due: time.Unix(1, 5)}
	set := put(a)
	set.Timers = []itsm.TimerWrite{{Timer: timer}}
	require.NoError(t, s.Apply(ctx, set))
	fires := func(n *note) *itsm.WriteSet {
		set := put(n)
		set.Fired = &timer
		return set
	}
	late := put(noted("acme", "c", 1))
	late.Records[0].Rows = []itsm.Row{{Record: late.Records[0].Record.Header().Key(), ID: 7, Kind: itsm.Comments}}
	stale := put(noted("acme", "c", 2))
	stale.Records[0].Rows = []itsm.Row{{Record: late.Records[0].Record.Header().Key(), ID: 7, Kind: itsm.Comments}}
	faults := s.ApplyAll(ctx, []*itsm.WriteSet{
		fires(noted("acme", "a", 2)),
		fires(noted("acme", "b", 1)), // the timer is gone by then
		put(noted("acme", "a", 3)),   // after the first of them
		put(noted("acme", "a", 3)),
		put(noted("acme", "a", 1)),
		late, stale,
		{Reads: []itsm.VersionCheck{{Key: a.Key(), Expect: 3}}},
		{Reads: []itsm.VersionCheck{{Key: a.Key(), Expect: 9}}},
		{Reads: []itsm.VersionCheck{{Key: noted("acme", "z", 1).Key()}}},
		put(noted("", "x", 1)),
	})
	for i, want := range []error{nil, itsm.ErrTimerGone, nil, itsm.ErrConflict, itsm.ErrExists, nil, itsm.ErrInvalid, nil, itsm.ErrConflict, nil, itsm.ErrInvalid} {
		if want == nil {
			require.NoError(t, faults[i], "set %d", i)
		} else {
			require.ErrorIs(t, faults[i], want, "set %d", i)
		}
	}
	require.Equal(t, []string{"a@1", "a@2", "a@3", "c@1"}, fed(t, s))
	gone, cancel := context.WithCancel(ctx)
	cancel()
	for _, err := range s.ApplyAll(gone, []*itsm.WriteSet{put(noted("acme", "d", 1)), put(noted("acme", "e", 1))}) {
		require.ErrorIs(t, err, context.Canceled)
	}
}

func TestAListenerHearsOthersAndTransactionsOfTheHost(t *testing.T) {
	s, config, pool := prepared(t)
	other, err := postgres.New(t.Context(), pool, config)
	require.NoError(t, err)
	require.NoError(t, other.Prepare(t.Context(), []itsm.Codec{notes{}}))
	heard, err := s.Listen(t.Context())
	require.NoError(t, err)
	require.NoError(t, other.Apply(t.Context(), put(noted("acme", "a", 1))))
	<-heard
	<-heard // and once more, for what was written just after
	require.NoError(t, pgx.BeginFunc(t.Context(), pool, func(tx pgx.Tx) error {
		return s.Join(tx).Apply(t.Context(), put(noted("acme", "b", 1)))
	}))
	<-heard
}

func TestTheSchemaIsMadeOnceAndANewerOneIsRefused(t *testing.T) {
	pool, schema := postgrestest.Pool(t)
	ctx := t.Context()
	config := postgres.Config{Schema: schema}
	_, err := postgres.New(ctx, pool, config)
	require.ErrorIs(t, err, itsm.ErrSchema)
	require.ErrorContains(t, err, "call Migrate")
	plan, err := postgres.Plan(ctx, pool, config)
	require.NoError(t, err)
	for _, text := range plan {
		_, err := pool.Exec(ctx, text)
		require.NoError(t, err, "what an administrator runs by hand")
	}
	require.NoError(t, postgres.Migrate(ctx, pool, config))
	plan, err = postgres.Plan(ctx, pool, config)
	require.NoError(t, err)
	require.Empty(t, plan)
	s, err := postgres.New(ctx, pool, config)
	require.NoError(t, err)
	planned, err := s.PlanKinds(ctx, []itsm.Codec{notes{}})
	require.NoError(t, err)
	require.NotEmpty(t, planned)
	require.NoError(t, s.Prepare(ctx, []itsm.Codec{notes{}}))
	planned, err = s.PlanKinds(ctx, []itsm.Codec{notes{}})
	require.NoError(t, err)
	require.Empty(t, planned)
	require.ErrorIs(t, s.Prepare(ctx, []itsm.Codec{notes{class: field.KindInstant}}), itsm.ErrSchema, "a column of another kind")

	_, err = pool.Exec(ctx, `INSERT INTO `+pgx.Identifier{schema, "migration"}.Sanitize()+` VALUES (2, 'later', '')`)
	require.NoError(t, err)
	_, err = postgres.New(ctx, pool, config)
	require.ErrorIs(t, err, itsm.ErrSchema)
	require.ErrorIs(t, postgres.Migrate(ctx, pool, config), itsm.ErrSchema)
	for _, bad := range []string{"a'b", `a"b`, "a$b", "a{b}", "a\x00"} {
		require.ErrorIs(t, postgres.Migrate(ctx, pool, postgres.Config{Schema: bad}), itsm.ErrInvalid)
	}
}

func TestARoleForReportsSeesOneTenant(t *testing.T) {
	pool, schema := postgrestest.Pool(t)
	ctx := t.Context()
	config := postgres.Config{Schema: schema, RowSecurity: true}
	require.NoError(t, postgres.Migrate(ctx, pool, config))
	s, err := postgres.New(ctx, pool, config)
	require.NoError(t, err)
	require.NoError(t, s.Prepare(ctx, []itsm.Codec{notes{}}))
	require.NoError(t, s.Apply(ctx, put(noted("acme", "a", 1), noted("umbrella", "b", 1))))
	role, quoted := pgx.Identifier{schema + "_r"}.Sanitize(), pgx.Identifier{schema}.Sanitize()
	_, err = pool.Exec(ctx, `CREATE ROLE `+role+`; GRANT USAGE ON SCHEMA `+quoted+` TO `+role+`; GRANT SELECT ON ALL TABLES IN SCHEMA `+quoted+` TO `+role)
	require.NoError(t, err)
	t.Cleanup(func() { _, _ = pool.Exec(context.Background(), `DROP OWNED BY `+role+`; DROP ROLE `+role) })
	for tenant, want := range map[string][]string{"acme": {"a"}, "umbrella": {"b"}, "": {}} {
		for _, table := range []string{"record_note", "event"} {
			require.NoError(t, pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
				_, err := tx.Exec(ctx, `SET LOCAL ROLE `+role)
				require.NoError(t, err)
				_, err = tx.Exec(ctx, `SELECT set_config('itsm.tenant', $1, true)`, tenant)
				require.NoError(t, err)
				rows, err := tx.Query(ctx, `SELECT id FROM `+quoted+`.`+table)
				require.NoError(t, err)
				ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
				require.NoError(t, err)
				require.ElementsMatch(t, want, ids)
				return nil
			}))
		}
	}
	// A role that only reads is told so, and one that may not make tables what to run.
	limited := postgrestest.Connect(t, postgrestest.URL(t), func(c *pgxpool.Config) { c.ConnConfig.RuntimeParams["role"] = schema + "_r" })
	_, err = pool.Exec(ctx, `ALTER TABLE `+quoted+`.migration DISABLE ROW LEVEL SECURITY; ALTER TABLE `+quoted+`.kind_column DISABLE ROW LEVEL SECURITY`)
	require.NoError(t, err)
	weak, err := postgres.New(ctx, limited, config)
	require.NoError(t, err)
	_, err = pool.Exec(ctx, `DELETE FROM `+quoted+`.kind_column`)
	require.NoError(t, err)
	err = weak.Prepare(ctx, []itsm.Codec{notes{}})
	require.ErrorIs(t, err, itsm.ErrAccess)
	e, ok := errors.AsType[*itsm.Error](err)
	require.True(t, ok)
	require.Contains(t, e.Args["sql"], "ALTER TABLE")
}

func TestWhatTheServerRefusesHasAName(t *testing.T) {
	_, config, _ := prepared(t)
	ctx := t.Context()
	readOnly := postgrestest.Connect(t, postgrestest.URL(t), func(c *pgxpool.Config) { c.ConnConfig.RuntimeParams["default_transaction_read_only"] = "on" })
	s, err := postgres.New(ctx, readOnly, config)
	require.NoError(t, err)
	require.NoError(t, s.Prepare(ctx, []itsm.Codec{notes{}}))
	require.ErrorIs(t, s.Apply(ctx, put(noted("acme", "a", 1))), itsm.ErrReadOnly)
	_, err = s.Get(ctx, noted("acme", "a", 1).Key())
	require.ErrorIs(t, err, itsm.ErrNotFound, "it can be read")

	nobody := postgrestest.Connect(t, postgrestest.URL(t), func(c *pgxpool.Config) { c.ConnConfig.User = "itsm_no_such_role" })
	_, err = postgres.New(ctx, nobody, config)
	require.ErrorIs(t, err, itsm.ErrAccess)
	nowhere := postgrestest.Connect(t, postgrestest.URL(t), func(c *pgxpool.Config) { c.ConnConfig.Port, c.ConnConfig.Fallbacks = 1, nil })
	_, err = postgres.New(ctx, nowhere, config)
	require.ErrorIs(t, err, itsm.ErrUnavailable)
	one := postgrestest.Connect(t, postgrestest.URL(t), func(c *pgxpool.Config) { c.MaxConns = 1 })
	_, err = postgres.New(ctx, one, config)
	require.ErrorIs(t, err, itsm.ErrInvalid)
}

func TestAStoreOutlivesItsServer(t *testing.T) {
	server := postgrestest.Cluster(t)
	ctx := t.Context()
	pool := postgrestest.Connect(t, server.URL)
	require.NoError(t, postgres.Migrate(ctx, pool, postgres.Config{}))
	s, err := postgres.New(ctx, pool, postgres.Config{})
	require.NoError(t, err)
	require.NoError(t, s.Prepare(ctx, []itsm.Codec{notes{}}))
	require.NoError(t, s.Apply(ctx, put(noted("acme", "a", 1))))
	before := fed(t, s)
	server.Kill()
	err = s.Apply(ctx, put(noted("acme", "a", 2)))
	require.True(t, errors.Is(err, itsm.ErrUnavailable) || errors.Is(err, itsm.ErrUnknownOutcome), "%v", err)
	_, _, err = s.NextDue(ctx)
	require.ErrorIs(t, err, itsm.ErrUnavailable)
	server.Start()
	for err = itsm.ErrUnavailable; errors.Is(err, itsm.ErrUnavailable); {
		_, err = s.Get(ctx, noted("acme", "a", 1).Key()) // connections that died with the server go one by one
	}
	require.NoError(t, err)
	require.Equal(t, before, fed(t, s))
	require.NoError(t, s.Apply(ctx, put(noted("acme", "a", 2))))
}

func TestVersionsCompareWithFractions(t *testing.T) {
	s, _, _ := prepared(t)
	require.NoError(t, s.Apply(t.Context(), put(noted("acme", "a", 1), noted("acme", "b", 1))))
	require.NoError(t, s.Apply(t.Context(), put(noted("acme", "b", 2))))
	v, err := s.Snapshot(t.Context())
	require.NoError(t, err)
	defer v.Close()
	f := itsm.Where("version").After(field.Number(1.5))
	found, err := v.Query(t.Context(), nil, &itsm.StoreQuery{Tenant: "acme", Kind: "note", Filter: &f})
	require.NoError(t, err)
	require.Len(t, found, 1)
	require.Equal(t, "b", found[0].Header().ID)
}
