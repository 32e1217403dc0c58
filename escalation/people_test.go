package escalation_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/desk"
	"github.com/itsmkit/itsmkit/escalation"
	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/store/memory"
)

// Where one command tells people at several steps, each step has its own, whoever else the event is about, and whoever
// was told before; the event names each person once.
func TestPeopleOfOneEvent(t *testing.T) {
	note := escalation.Step{Name: "note", Kind: escalation.Command, Do: itsm.TriggerNote, Input: itsm.Patch{"body": field.Text("@mia, have a look with @zoe.")}}
	f := newFixture(t, nil, prioritized(note, notify("first", "max", "zoe"), notify("second", "zoe", "ann"), notify("nobody", escalation.Assignee), notify("third", "mia")))
	ref := f.report(t, "network", "")
	f.raise(t, ref)

	steps := func(history []itsm.Entry) (of map[string][]string, people []string) {
		of = map[string][]string{}
		for i := range history {
			for _, s := range history[i].Escalations() {
				of[s.Step], people = s.People, history[i].People
				require.Equal(t, len(s.People), s.Told, s.Step)
			}
		}
		return of, people
	}
	history, err := f.History(f.ann, ref, 0, 0)
	require.NoError(t, err)
	of, people := steps(history)
	assert.Equal(t, map[string][]string{"note": nil, "first": {"max", "zoe"}, "second": {"zoe", "ann"}, "nobody": nil, "third": {"mia"}}, of)
	assert.Equal(t, []string{"mia", "zoe", "max", "ann"}, people, "who is mentioned is named by the event, and told by no step")
	itsmtest.RequireVerified(t, f.ann, f.Kernel, ref)

	// the same after a restore elsewhere
	root := itsmtest.As(t.Context(), itsmtest.Administrator("root"))
	life, err := f.Life(root, ref)
	require.NoError(t, err)
	f.config.Store = memory.New()
	there, err := desk.Open(t.Context(), f.config)
	require.NoError(t, err)
	_, err = there.Restore(root, life)
	require.NoError(t, err)
	history, err = there.History(f.ann, ref, 0, 0)
	require.NoError(t, err)
	again, _ := steps(history)
	assert.Equal(t, of, again)
}
