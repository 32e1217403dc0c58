package postgres_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/search"
	"github.com/itsmkit/itsmkit/search/postgres"
	"github.com/itsmkit/itsmkit/store/postgres/postgrestest"
)

var acme = search.Filter{Tenant: "acme"}

func article(id, title, body string) search.Document {
	return search.Document{Tenant: "acme", Ref: search.Ref{Kind: "article", ID: id, Locale: "en"}, Title: title, Body: body, Allow: []string{search.Everyone}}
}

func find(t testing.TB, index search.Index, text string) []string {
	t.Helper()
	found, err := index.Search(t.Context(), search.Query{Filter: acme, Text: text, Limit: 1000})
	require.NoError(t, err)
	list := []string{}
	for _, h := range found.Hits {
		list = append(list, h.ID)
	}
	slices.Sort(list)
	return list
}

func TestAMarkMovesWithItsDocuments(t *testing.T) {
	index, _, _ := open(t)
	ctx := t.Context()
	replace := func(from, to int64, put ...search.Document) bool {
		moved, err := index.Replace(ctx, "feed", from, to, put, map[string][]search.Ref{"acme": {article("gone", "", "").Ref}})
		require.NoError(t, err)
		return moved
	}
	mark := func() int64 {
		at, err := index.Mark(ctx, "feed")
		require.NoError(t, err)
		return at
	}
	require.NoError(t, index.Put(ctx, article("gone", "printer", "")))
	require.Zero(t, mark())
	require.False(t, replace(7, 8, article("1", "printer", "")), "the mark is not there")
	require.Equal(t, []string{"gone"}, find(t, index, "printer"), "and nothing changed")
	require.True(t, replace(0, 5, article("1", "printer", ""), article("gone", "scanner", "")))
	require.Equal(t, []string{"1"}, find(t, index, "printer"))
	require.Equal(t, []string{"gone"}, find(t, index, "scanner"), "what is put stays, though it was to be removed")
	require.False(t, replace(0, 6))
	require.True(t, replace(5, 5, article("2", "printer", "")), "it may stay where it is")
	require.EqualValues(t, 5, mark())

	_, err := index.Replace(ctx, "feed", 5, 9, []search.Document{article("3", "printer", ""), {}}, nil)
	require.ErrorIs(t, err, search.ErrInvalid)
	require.EqualValues(t, 5, mark(), "all or nothing")
	require.Equal(t, []string{"1", "2"}, find(t, index, "printer"))
}

// Many write documents of one shelf at once, each in an order of its own: nobody waits forever, and the figures by which
// words are rated are those of an index that was filled by one.
func TestManyWriteAtOnce(t *testing.T) {
	index, pool, config := open(t)
	ctx := t.Context()
	var wg sync.WaitGroup
	for worker := range 6 {
		wg.Go(func() {
			draw := rand.New(rand.NewPCG(uint64(worker), 1))
			for range 15 {
				var docs []search.Document
				for range 1 + draw.IntN(4) {
					d := article(fmt.Sprint(draw.IntN(9)), fmt.Sprint("word", draw.IntN(9), " word", draw.IntN(9)), "printer")
					d.Locale = []string{"en", "de"}[draw.IntN(2)]
					docs = append(docs, d)
				}
				if err := index.Put(ctx, docs...); err != nil {
					t.Error(err)
				}
				if err := index.Remove(ctx, "acme", docs[0].Ref); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	schema := pgx.Identifier{config.Schema}.Sanitize()
	var wrong int
	require.NoError(t, pool.QueryRow(ctx, `WITH counted AS (
			SELECT d.shelf, t.key AS term, count(*) AS docs, max(t.value::int) AS most FROM `+schema+`.document d, jsonb_each_text(d.counts) t GROUP BY 1, 2)
		SELECT count(*) FROM counted c FULL JOIN `+schema+`.term t USING (shelf, term) WHERE c.docs IS DISTINCT FROM t.docs OR c.most > t.most`).Scan(&wrong))
	assert.Zero(t, wrong, "terms")
	require.NoError(t, pool.QueryRow(ctx, `WITH counted AS (
			SELECT shelf, count(*) AS docs, sum(length) AS length, sum(plain) AS plain, min(length) AS least FROM `+schema+`.document GROUP BY 1)
		SELECT count(*) FROM counted c FULL JOIN `+schema+`.shelf s ON s.id = c.shelf
		WHERE s.docs <> coalesce(c.docs, 0) OR s.length <> coalesce(c.length, 0) OR s.plain <> coalesce(c.plain, 0) OR s.least > c.least`).Scan(&wrong))
	assert.Zero(t, wrong, "shelves")
}

func TestTextsThatADatabaseCannotTake(t *testing.T) {
	index, _, _ := open(t)
	ctx := t.Context()
	require.NoError(t, index.Put(ctx, article("1", "a zero \x00 byte", "and no UTF-8: \xff printer's \\ 'quote'")))
	require.Equal(t, []string{"1"}, find(t, index, "printer zero"))
	require.Equal(t, []string{"1"}, find(t, index, "zero\x00 \xff"))
	require.Equal(t, []string{"1"}, find(t, index, `"quote" -'x -\y`))
	for _, bad := range []func(*search.Document){
		func(d *search.Document) { d.ID = "\x00" },
		func(d *search.Document) { d.Allow = []string{"\xff"} },
		func(d *search.Document) { d.Labels = map[string][]string{"x": {"\x00"}} },
	} {
		d := article("2", "printer", "")
		bad(&d)
		require.ErrorIs(t, index.Put(ctx, d), search.ErrInvalid)
	}
	require.NoError(t, index.Remove(ctx, "acme", search.Ref{Kind: "article", ID: "\x00"}), "what is not there")
	_, err := index.Similar(ctx, search.Like{Filter: acme, Of: search.Ref{Kind: "article", ID: "\xff"}})
	require.ErrorIs(t, err, search.ErrNotFound)
}

// What is too long for PostgreSQL's full text is read as far as there is room.
func TestLongDocumentsAndQueries(t *testing.T) {
	index, _, _ := open(t)
	var log strings.Builder
	for i := range 200_000 {
		fmt.Fprintf(&log, "id%06d ", i)
	}
	require.NoError(t, index.Put(t.Context(), article("log", "Many words", log.String())))
	require.Equal(t, []string{"log"}, find(t, index, "id000001"))
	require.Equal(t, []string{"log"}, find(t, index, "id020000"))

	same := strings.Repeat("printer queue ", 10_000) + "and a paper jam"
	require.NoError(t, index.Put(t.Context(), article("same", "", same)))
	require.Equal(t, []string{"same"}, find(t, index, "jam"))
	require.Equal(t, []string{"same"}, find(t, index, `"printer queue"`))
	require.Empty(t, find(t, index, `"paper jam"`), "a phrase behind the places that are kept")

	var query strings.Builder
	for i := range 1_700 {
		fmt.Fprintf(&query, "id%06d ", i)
	}
	require.Equal(t, []string{"log"}, find(t, index, query.String()))
	_, err := index.Similar(t.Context(), search.Like{Filter: acme, Text: log.String()[:1<<20], Terms: 1000})
	require.NoError(t, err)
}

func TestTablesAreMadeOnce(t *testing.T) {
	pool, schema := postgrestest.Pool(t, postgrestest.Hasty)
	ctx := t.Context()
	config := postgres.Config{Schema: schema}
	_, err := postgres.New(ctx, pool, config)
	require.ErrorIs(t, err, itsm.ErrSchema)
	require.ErrorContains(t, err, "run Migrate")
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if err := postgres.Migrate(ctx, pool, config); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	index, err := postgres.New(ctx, pool, config)
	require.NoError(t, err)
	require.NoError(t, index.Put(ctx, article("1", "printer", "")))
	require.NoError(t, postgres.Migrate(ctx, pool, config))
	require.Equal(t, []string{"1"}, find(t, index, "printer"), "what is there stays")

	_, err = pool.Exec(ctx, `COMMENT ON TABLE `+pgx.Identifier{schema, "document"}.Sanitize()+` IS 'another layout'`)
	require.NoError(t, err)
	require.ErrorIs(t, postgres.Migrate(ctx, pool, config), itsm.ErrSchema)
	_, err = postgres.New(ctx, pool, config)
	require.ErrorIs(t, err, itsm.ErrSchema)
	require.ErrorContains(t, err, "another layout")

	_, err = pool.Exec(ctx, `DROP SCHEMA `+pgx.Identifier{schema}.Sanitize()+` CASCADE`)
	require.NoError(t, err)
	_, err = index.Search(ctx, search.Query{Filter: acme, Text: "printer"})
	require.ErrorIs(t, err, itsm.ErrSchema)
	for _, bad := range []string{`a"b`, strings.Repeat("x", 64), "\xff"} {
		_, err = postgres.New(ctx, pool, postgres.Config{Schema: bad})
		require.ErrorIs(t, err, search.ErrInvalid, bad)
	}
}

func TestADatabaseThatIsNotThere(t *testing.T) {
	index, pool, _ := open(t)
	pool.Close()
	require.Error(t, index.Put(t.Context(), article("1", "printer", "")))
	server := postgrestest.Cluster(t)
	pool = postgrestest.Connect(t, server.URL)
	require.NoError(t, postgres.Migrate(t.Context(), pool, postgres.Config{}))
	index, err := postgres.New(t.Context(), pool, postgres.Config{})
	require.NoError(t, err)
	require.NoError(t, index.Put(t.Context(), article("1", "printer", "")))
	server.Stop()
	_, err = index.Search(t.Context(), search.Query{Filter: acme, Text: "printer"})
	require.ErrorIs(t, err, itsm.ErrUnavailable)
	require.ErrorIs(t, index.Put(t.Context(), article("2", "printer", "")), itsm.ErrUnavailable)
	server.Start()
	require.Eventually(t, func() bool {
		_, err := index.Search(t.Context(), search.Query{Filter: acme, Text: "printer"})
		return err == nil
	}, 10e9, 10e6)
	require.Equal(t, []string{"1"}, find(t, index, "printer"))
}
