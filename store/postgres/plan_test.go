package postgres_test

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/store/postgres"
	"github.com/itsmkit/itsmkit/store/postgres/postgrestest"
)

// recorder remembers the last query of a pool.
type recorder struct {
	mu   sync.Mutex
	text string
	args []any
}

func (r *recorder) TraceQueryStart(ctx context.Context, _ *pgx.Conn, q pgx.TraceQueryStartData) context.Context {
	if r.mu.Lock(); strings.HasPrefix(q.SQL, "SELECT") {
		r.text, r.args = q.SQL, q.Args
	}
	r.mu.Unlock()
	return ctx
}

func (r *recorder) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func TestNoListReadsAWholeTable(t *testing.T) {
	var last recorder
	pool, schema := postgrestest.Pool(t, func(c *pgxpool.Config) { c.ConnConfig.Tracer = &last })
	ctx := t.Context()
	config := postgres.Config{Schema: schema}
	require.NoError(t, postgres.Migrate(ctx, pool, config))
	s, err := postgres.New(ctx, pool, config)
	require.NoError(t, err)
	require.NoError(t, s.Prepare(ctx, []itsm.Codec{notes{}}))
	for page := range 20 {
		set := &itsm.WriteSet{}
		for i := range 1000 {
			n := noted("acme", fmt.Sprintf("N%06d", page*1000+i), 1)
			n.Text = fmt.Sprintf("text%05d", i*17%5000)
			set.Records = append(set.Records, itsm.RecordWrite{Record: n})
		}
		require.NoError(t, s.Apply(ctx, set))
	}
	other := postgrestest.Connect(t, postgrestest.URL(t))
	_, err = other.Exec(ctx, `ANALYZE `+pgx.Identifier{schema, "record_note"}.Sanitize())
	require.NoError(t, err)
	is, in, prefix := itsm.Where("text").Is("text00017"), itsm.Where("text").In("text00017", "text00034"), itsm.Where("text").Prefix("text0001")
	less, id := itsm.Where("text").Before(field.Text("text00100")), itsm.Where("id").Is("N000017")
	after := &itsm.Mark{Values: []field.Value{field.Text("text03000")}, ID: "N001000"}
	for name, q := range map[string]*itsm.StoreQuery{
		"the first page":                 {},
		"a deep page":                    {After: &itsm.Mark{ID: "N015000"}},
		"sorted":                         {Sort: []itsm.Sort{{Column: "text"}}},
		"sorted down":                    {Sort: []itsm.Sort{{Column: "text", Descending: true}}},
		"a deep page of it":              {Sort: []itsm.Sort{{Column: "text"}}, After: after},
		"a deep page down":               {Sort: []itsm.Sort{{Column: "text", Descending: true}}, After: after},
		"is":                             {Filter: &is},
		"in":                             {Filter: &in},
		"prefix":                         {Filter: &prefix},
		"less, sorted":                   {Filter: &less, Sort: []itsm.Sort{{Column: "text"}}},
		"by id":                          {Filter: &id},
		"another tenant, which has none": {Tenant: "umbrella"},
	} {
		t.Run(name, func(t *testing.T) {
			q.Kind, q.Limit = "note", 50
			if q.Tenant == "" {
				q.Tenant = "acme"
			}
			v, err := s.Snapshot(ctx)
			require.NoError(t, err)
			defer v.Close()
			_, err = v.Query(ctx, nil, q)
			require.NoError(t, err)
			rows, err := other.Query(ctx, `EXPLAIN `+last.text, last.args...)
			require.NoError(t, err)
			plan, err := pgx.CollectRows(rows, pgx.RowTo[string])
			require.NoError(t, err)
			require.NotContains(t, strings.Join(plan, "\n"), "Seq Scan", last.text)
			require.Contains(t, strings.Join(plan, "\n"), "Index", last.text)
		})
	}
}

func TestPositionsSurviveADumpAndItsRestore(t *testing.T) {
	dump, err := exec.LookPath("pg_dump")
	if err != nil {
		t.Skip("needs pg_dump in PATH")
	}
	s, config, pool := prepared(t)
	ctx := t.Context()
	for v := range int64(5) {
		require.NoError(t, s.Apply(ctx, put(noted("acme", "a", v+1))))
	}
	before, err := s.Feed(ctx, nil, 0, 3)
	require.NoError(t, err)
	require.NoError(t, s.Apply(ctx, put(noted("acme", "b", 1)))) // has no position when it is dumped
	text, err := exec.Command(dump, "-n", config.Schema, "-d", postgrestest.URL(t)).Output()
	require.NoError(t, err)
	_, err = pool.Exec(ctx, `CREATE DATABASE `+config.Schema)
	require.NoError(t, err)
	t.Cleanup(func() { _, _ = pool.Exec(context.Background(), `DROP DATABASE `+config.Schema+` WITH (FORCE)`) })
	there := postgrestest.Connect(t, postgrestest.URL(t), func(c *pgxpool.Config) { c.ConnConfig.Database = config.Schema })
	psql := exec.Command("psql", "-v", "ON_ERROR_STOP=1", "-q", "-h", there.Config().ConnConfig.Host, "-p", fmt.Sprint(there.Config().ConnConfig.Port), "-d", config.Schema)
	psql.Stdin = strings.NewReader(string(text))
	out, err := psql.CombinedOutput()
	require.NoError(t, err, string(out))
	restored, err := postgres.New(ctx, there, config)
	require.NoError(t, err)
	require.NoError(t, restored.Prepare(ctx, []itsm.Codec{notes{}}))
	require.NoError(t, restored.Apply(ctx, put(noted("acme", "a", 6))))
	all, err := restored.Feed(ctx, nil, 0, 100)
	require.NoError(t, err)
	require.Equal(t, before, all[:3])
	require.Equal(t, []string{"a@1", "a@2", "a@3", "a@4", "a@5", "b@1", "a@6"}, fed(t, restored))
}
