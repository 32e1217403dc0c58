package lifecycle_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/lifecycle"
)

func TestDrawingsAreTheSameEachTime(t *testing.T) {
	first := incident()
	for range 20 {
		assert.Equal(t, first.Mermaid(), incident().Mermaid())
		assert.Equal(t, first.DOT(), incident().DOT())
		assert.Equal(t, first.Markdown(), incident().Markdown())
	}
}

func TestDrawingsShowEachWay(t *testing.T) {
	mermaid, dot, page := incident().Mermaid(), incident().DOT(), incident().Markdown()
	for _, line := range []string{
		"[*] --> new\n",
		"on_hold --> new : Resume\n", "on_hold --> assigned : Resume\n", "on_hold --> in_progress : Resume\n", // a choice
		"on_hold --> on_hold : Note\n", // staying
		"resolved --> closed : Confirm [unblocked]\n",
		"closed --> [*]\n", "cancelled --> [*]\n",
	} {
		assert.Contains(t, mermaid, line)
	}
	assert.NotContains(t, mermaid, "resolved --> [*]")
	for _, line := range []string{
		`"on_hold" [label="On Hold", style="rounded,dashed"];`,
		`"on_hold" -> "new" [label="Resume"];`,
		`"on_hold" -> "on_hold" [label="Note"];`,
	} {
		assert.Contains(t, dot, line)
	}
	for _, line := range []string{
		"| on_hold | resume | before_hold: new, assigned, in_progress |  |  |  |  |  |\n",
		"| new, assigned, in_progress, on_hold | note | stays |  |  |  |  |  |\n",
		"| new | assign | assigned |  |  | group or assignee |  |  |\n",
		"| new, assigned, in_progress, on_hold | resolve | resolved | no_open_tasks | code, notes |  | unblocked | agent, manager |\n",
	} {
		assert.Contains(t, page, line)
	}
	ways := 0
	for _, r := range incident().Rows {
		ways += len(r.From) * max(1, len(r.Among))
	}
	assert.Equal(t, ways+1, strings.Count(dot, " -> "), "and the way in")
	assert.Equal(t, ways+3, strings.Count(mermaid, " --> "), "and the way in, and two ends")
}

func TestTitlesCannotChangeADrawing(t *testing.T) {
	d := lifecycle.Definition{
		Name: "odd", Initial: "state",
		States: []lifecycle.StateRow{
			{Name: "state", Title: `a "b"; <c> | #d \ : %%`, Phase: lifecycle.New},
			{Name: "end", Phase: lifecycle.Closed},
		},
		Triggers: []lifecycle.TriggerRow{{Name: "go", Title: `x" : y; --> z|`, Past: "gone"}},
		Rows:     []lifecycle.Transition{{From: states{"state"}, Trigger: "go", To: "end"}},
	}
	require.NoError(t, d.Check())
	assert.Equal(t, `stateDiagram-v2
    state "a #quot;b#quot;#59; #lt;c#gt; | #35;d \ #58; #37;#37;" as S_state
    state "end" as S_end
    [*] --> S_state
    S_state --> S_end : x#quot; #58; y#59; --#gt; z|
    S_end --> [*]
`, d.Mermaid())
	assert.Contains(t, d.DOT(), `"state" [label="a \"b\"; <c> | #d \\ : %%"];`)
	assert.Contains(t, d.Markdown(), `| state (initial) | a "b"; &lt;c&gt; \| #d \\ : %% | new |`)

	d.States[0].Title = "one\ntwo\r\n| three"
	for _, drawing := range []string{d.Mermaid(), d.DOT(), d.Markdown()} {
		assert.NotContains(t, drawing, "\r")
		assert.Regexp(t, `one two \\?\| three`, drawing)
	}
}
