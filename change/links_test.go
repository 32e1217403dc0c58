package change_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/change"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
)

// An incident that waits for a change goes on when the change is closed; one that waits for its caller does not.
func TestIncidentsGoOnWhenTheirChangeIsClosed(t *testing.T) {
	for _, end := range []string{"close", "cancel"} {
		f := open(t, change.Config{})
		c := f.draft(change.Draft{})
		waits := map[itsm.HoldReason]string{}
		for _, reason := range []itsm.HoldReason{itsm.HoldChange, itsm.HoldVendor} {
			inc, err := f.Incidents.Report(f.ann, incident.Report{Title: "Slow", Assignee: "ann"})
			require.NoError(t, err)
			_, err = f.Incidents.Hold(f.ann, inc.ID, incident.Hold{Reason: reason})
			require.NoError(t, err)
			_, err = f.Changes.Link(f.ann, c.ID, change.Resolves, inc.Ref())
			require.NoError(t, err)
			waits[reason] = inc.ID
		}
		if end == "cancel" {
			_, err := f.Changes.Cancel(f.ann, c.ID, "no budget")
			require.NoError(t, err)
		} else {
			f.finish(c)
		}
		held, err := f.Incidents.Get(f.root, waits[itsm.HoldVendor])
		require.NoError(t, err)
		assert.Equal(t, itsm.HoldVendor, held.Hold)
		on, err := f.Incidents.Get(f.root, waits[itsm.HoldChange])
		require.NoError(t, err)
		assert.Empty(t, on.Hold, end)
		assert.True(t, on.Open())
	}
}
