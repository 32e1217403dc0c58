package sqlite_test

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/internal/duel"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/service"
	"github.com/itsmkit/itsmkit/store/sqlite"
)

// TestListsUseIndexes asks SQLite how it answers the lists of a desk, by header columns and by indexed custom fields: each
// is a search along an index, and none looks at every record.
func TestListsUseIndexes(t *testing.T) {
	path := filepath.Join(folder(t), "desk.db")
	store := opened(t, "sqlite", path, sqlite.Config{Synchronous: sqlite.Normal})
	traced := &duel.Spy{Store: store}
	var incidents *incident.Incidents
	_, clock := itsmtest.Kernel(t, itsm.Config{Store: traced}, func(k *itsm.Kernel) (err error) {
		incidents, err = incident.New(k, incident.Config{Custom: field.Schema{Version: 1, Fields: []field.Declaration{
			{Name: "region", Title: "Region", Kind: field.KindText, Indexed: true}, {Name: "floor", Title: "Floor", Kind: field.KindInt, Indexed: true},
		}}})
		return err
	})
	ctx := itsm.WithActor(t.Context(), itsm.Actor{ID: "ann", Tenant: "acme", Roles: []itsm.Role{itsm.Agent}})
	for i := range 300 {
		_, err := incidents.Report(ctx, incident.Report{
			Title: fmt.Sprint("Printer ", i), Caller: fmt.Sprintf("caller%d", i%70), Impact: itsm.Low, Urgency: itsm.Low, Service: fmt.Sprintf("service%d", i%7),
			Custom: field.Fields{{Name: "floor", Value: field.Int(int64(i % 9))}, {Name: "region", Value: field.Text(fmt.Sprintf("region%d", i%11))}},
		})
		require.NoError(t, err)
	}
	now := clock.Now()
	db, err := sql.Open("sqlite", "file:"+path)
	require.NoError(t, err)
	defer db.Close()
	for name, q := range map[string]itsm.Query{
		"by caller":                  {Filter: ptr(itsm.Where("caller").Is("caller7"))},
		"by callers, newest first":   {Filter: ptr(itsm.Where("caller").In("caller7", "caller8")), Sort: []itsm.Sort{{Column: "updated_at", Descending: true}}},
		"open, by update":            {Filter: ptr(itsm.Where("phase").In("new", "active", "waiting")), Sort: []itsm.Sort{{Column: "updated_at"}}},
		"by state":                   {Filter: ptr(itsm.Where("state").Is("new")), Sort: []itsm.Sort{{Column: "created_at"}}},
		"of a service, by priority":  {Filter: ptr(itsm.Where("service").Is("service3")), Sort: []itsm.Sort{{Column: "priority"}}},
		"since an instant":           {Filter: ptr(itsm.Where("created_at").AtLeast(field.Instant(now.Add(-time.Hour)))), Sort: []itsm.Sort{{Column: "created_at"}}},
		"of a prefix":                {Filter: ptr(itsm.Where("service").Prefix("service3"))},
		"without an assignee":        {Filter: ptr(itsm.Where("assignee").Empty())},
		"by a custom text":           {Filter: ptr(itsm.Where("custom.region").Is("region5"))},
		"by a custom number":         {Filter: ptr(itsm.Where("custom.floor").AtLeast(field.Int(8)))},
		"sorted by a custom field":   {Sort: []itsm.Sort{{Column: "custom.region", Descending: true}}},
		"by number":                  {Sort: []itsm.Sort{{Column: "id", Descending: true}}},
		"two conditions":             {Filter: ptr(itsm.All(itsm.Where("service").Is("service3"), itsm.Where("caller").Is("caller3"))), Sort: []itsm.Sort{{Column: "updated_at"}}},
		"one of two":                 {Filter: ptr(itsm.Any(itsm.Where("service").Is("service3"), itsm.Where("caller").Is("caller3")))},
		"an indexed and another one": {Filter: ptr(itsm.All(itsm.Where("service").Is("service3"), itsm.Where("title").Contains("printer 3")))},
	} {
		t.Run(name, func(t *testing.T) {
			q.Limit = 10
			for page := range 2 {
				traced.Asked = nil
				found, err := incidents.List(ctx, q)
				require.NoError(t, err)
				require.NotEmpty(t, found.Records)
				for _, text := range sqlite.Explained(t, store, traced.Asked) {
					plan := explain(t, db, text)
					require.NotContains(t, plan, "SCAN record_incident\n", "page %d: %s", page, text.SQL)
					require.Contains(t, plan, "record_incident USING", "page %d: %s", page, text.SQL)
				}
				if q.Cursor = found.Next; q.Cursor == "" {
					break
				}
			}
		})
	}
	for what, text := range map[string]string{
		"a record":             `SELECT _body FROM record_incident WHERE tenant = 'acme' AND id = 'INC0000001'`,
		"what a record owns":   `SELECT _body FROM record_incident WHERE tenant = 'acme' AND _owner_kind = 'x' AND _owner_id = 'y' AND _owner_id <> '' ORDER BY id`,
		"the events of one":    `SELECT body FROM itsm_event WHERE tenant = 'acme' AND kind = 'incident' AND id = 'INC0000001' AND version > 0 ORDER BY version`,
		"the rows of a kind":   `SELECT body FROM itsm_row WHERE tenant = 'acme' AND kind = 'incident' AND id = 'INC0000001' AND row_id > 0 AND row_kind = 'comment' ORDER BY row_id`,
		"rows by key":          `SELECT body FROM itsm_row WHERE tenant = 'acme' AND row_kind = 'comment' AND key = 'x' AND key <> '' ORDER BY kind, id, row_id`,
		"timers that are due":  `SELECT rowid FROM itsm_timer WHERE claimed IS NULL AND due <= 5 ORDER BY due, tenant, kind, id, name LIMIT 100`,
		"claims that have end": `SELECT rowid FROM itsm_timer WHERE claimed IS NOT NULL AND claimed <= 5`,
		"the feed":             `SELECT position, body FROM itsm_event WHERE position > 5 ORDER BY position LIMIT 10`,
	} {
		plan := explain(t, db, sqlite.Query{SQL: text})
		require.Contains(t, plan, "SEARCH", what)
		require.NotContains(t, plan, "SCAN", what)
		require.NotContains(t, plan, "TEMP B-TREE", what)
	}
}

func ptr[T any](v T) *T { return &v }

// TestAColumnMayBeCalledOwner asks for items by their owner: the store has an index of its own of records that others own.
func TestAColumnMayBeCalledOwner(t *testing.T) {
	path := filepath.Join(folder(t), "desk.db")
	store := opened(t, "sqlite", path, sqlite.Config{Synchronous: sqlite.Normal})
	traced := &duel.Spy{Store: store}
	var services *service.Services
	itsmtest.Kernel(t, itsm.Config{Store: traced}, func(k *itsm.Kernel) (err error) {
		services, err = service.New(k, service.Config{})
		return err
	})
	ctx := itsm.WithActor(t.Context(), itsm.Actor{ID: "ann", Tenant: "acme", Roles: []itsm.Role{itsm.Agent}})
	_, err := services.Register(ctx, service.NewItem{Class: "host", Name: "web1", Owner: "olga"})
	require.NoError(t, err)
	db, err := sql.Open("sqlite", "file:"+path)
	require.NoError(t, err)
	defer db.Close()
	traced.Asked = nil
	found, err := services.Items().List(ctx, itsm.Query{Filter: ptr(itsm.Where("owner").Is("olga"))})
	require.NoError(t, err)
	require.Len(t, found.Records, 1)
	for _, text := range sqlite.Explained(t, store, traced.Asked) {
		require.Contains(t, explain(t, db, text), "record_item USING INDEX record_item__owner")
	}
}

// explain is SQLite's plan, a step a line.
func explain(t *testing.T, db *sql.DB, q sqlite.Query) string {
	t.Helper()
	rows, err := db.Query(`EXPLAIN QUERY PLAN `+q.SQL, q.Args...)
	require.NoError(t, err, q.SQL)
	defer rows.Close()
	var b strings.Builder
	for rows.Next() {
		var id, parent, unused int
		var detail string
		require.NoError(t, rows.Scan(&id, &parent, &unused, &detail))
		b.WriteString(detail + "\n")
	}
	require.NoError(t, rows.Err())
	return b.String()
}
