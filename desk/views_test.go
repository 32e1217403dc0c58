package desk_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/desk"
	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/view"
)

// TestViewsOfADesk runs a saved query with its counts, by a desk that was given one.
func TestViewsOfADesk(t *testing.T) {
	open := itsm.Where("phase").In("new", "active", "waiting")
	d := newLinked(t, desk.Config{Views: &view.Catalogue{Views: []view.View{{
		Name: "open", Title: "Open incidents", Kind: incident.Kind, Filter: &open, Columns: []string{"title", "state"},
		Share: view.Share{Roles: []itsm.Role{itsm.Agent}},
	}}}})
	ids := []string{d.report("one"), d.report("two"), d.report("three")}
	d.ok(d.Incidents.Start(d.ann, ids[0]))
	d.ok(d.Incidents.Resolve(d.ann, ids[1], fixed))
	page, err := d.Views.Run(d.ann, "open", "")
	require.NoError(t, err)
	assert.Len(t, page.Rows, 2)
	n, err := d.Views.Count(d.ann, "open")
	require.NoError(t, err)
	assert.EqualValues(t, 2, n)
	buckets, err := d.Views.CountBy(d.ann, "open", "state")
	require.NoError(t, err)
	assert.Equal(t, []itsm.Bucket{{Value: field.Text("in_progress"), Count: 1}, {Value: field.Text("new"), Count: 1}}, buckets)
	_, err = d.Views.Run(d.cleo, "open", "")
	require.ErrorIs(t, err, itsm.ErrNotFound, "it is shared with agents")
}
