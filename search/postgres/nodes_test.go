package postgres_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/desk"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/search"
	store "github.com/itsmkit/itsmkit/store/postgres"
	"github.com/itsmkit/itsmkit/store/postgres/postgrestest"
)

// Two programs on one database share the records and the index: each finds what any of them wrote before it asked.
func TestNodesShareAnIndex(t *testing.T) {
	ctx := t.Context()
	index, _, _ := open(t)
	records, schema := postgrestest.Pool(t, postgrestest.Hasty)
	require.NoError(t, store.Migrate(ctx, records, store.Config{Schema: schema}))
	ann := itsmtest.As(ctx, itsmtest.Agent("ann"))
	clock := itsmtest.NewClock(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))
	var nodes []*desk.Desk
	for range 2 {
		s, err := store.New(ctx, records, store.Config{Schema: schema})
		require.NoError(t, err)
		d, err := desk.Open(ctx, desk.Config{Store: s, Index: index, Clock: clock})
		require.NoError(t, err)
		nodes = append(nodes, d)
	}
	find := func(d *desk.Desk, text string) []string {
		found, err := d.Search.Search(ann, search.Query{Text: text, Limit: 100})
		if err != nil {
			t.Error(err)
		}
		var list []string
		for _, h := range found.Hits {
			list = append(list, h.ID)
		}
		return list
	}
	for i := range 20 {
		_, err := nodes[0].Incidents.Report(ann, incident.Report{Title: fmt.Sprint("Before all others ", i)})
		require.NoError(t, err)
	}
	var wg sync.WaitGroup
	for n, d := range nodes {
		for worker := range 2 {
			wg.Go(func() {
				for i := range 10 {
					word := fmt.Sprintf("asked%dx%dx%d", n, worker, i)
					inc, err := d.Incidents.Report(ann, incident.Report{Title: word})
					if err != nil {
						t.Error(err)
						return
					}
					for _, other := range nodes {
						if got := find(other, word); !slices.Equal(got, []string{inc.ID}) {
							t.Errorf("%s is not found: %v", word, got)
						}
					}
				}
			})
		}
	}
	wg.Wait()
	assert.Len(t, find(nodes[1], "before"), 20)
}
