package recurring_test

import (
	"flag"
	"os"
	"reflect"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/recurring"
)

//go:generate go test -run TestLifecyclePage -update .

var update = flag.Bool("update", false, "write the page of the lifecycle instead of checking it")

const lifecyclePage = "../docs/lifecycles/recurrence.md"

// TestLifecyclePage holds the page to the table that it is made from; with -update it writes the page.
func TestLifecyclePage(t *testing.T) {
	table := recurring.Lifecycle()
	require.NoError(t, table.Check())
	moves := table
	moves.Rows = slices.DeleteFunc(slices.Clone(table.Rows), func(row lifecycle.Transition) bool { return row.To == "" && row.Choose == "" })
	page := "<!-- Made from the table in recurring/lifecycle.go by: go test ./recurring -run TestLifecyclePage -update -->\n\n" +
		table.Markdown() + "\n## Diagram\n\nWithout what leaves a recurrence where it is.\n\n```mermaid\n" + moves.Mermaid() + "```\n"
	if *update {
		require.NoError(t, os.WriteFile(lifecyclePage, []byte(page), 0o644))
	}
	assert.Equal(t, page, read(t, lifecyclePage), "%s is not current: run go generate ./recurring", lifecyclePage)
}

// TestThePageOfRecurringWork holds the page for users to what it tells of: its code is that of the examples, and it leaves
// out no command, no policy, no outcome and no field of a schedule.
func TestThePageOfRecurringWork(t *testing.T) {
	page := read(t, "../docs/recurring.md")
	examples := unindented(read(t, "example_test.go"))
	blocks := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllStringSubmatch(page, -1)
	require.NotEmpty(t, blocks)
	for _, block := range blocks {
		assert.Contains(t, examples, unindented(block[1]), "code on the page stands in an example")
	}
	names := []string{
		string(recurring.RunLast), string(recurring.RunAll), string(recurring.Drop), string(recurring.Skip), string(recurring.NextOpening),
		string(recurring.Done), string(recurring.Refused), string(recurring.Passed), string(recurring.StillOpen), string(recurring.Withdrawn),
		string(recurring.ReasonStillOpen),
	}
	for _, e := range recurring.Lifecycle().Triggers {
		if !slices.Contains(itsm.StandardTriggers(), e) {
			names = append(names, string(e.Name))
		}
	}
	for _, of := range []reflect.Type{reflect.TypeFor[recurring.Spec](), reflect.TypeFor[recurring.Config]()} {
		for f := range of.Fields() {
			names = append(names, f.Name)
		}
	}
	for _, name := range names {
		assert.Contains(t, page, "`"+name+"`")
	}
}

// unindented is code without what it is indented by, which differs between a page and a file.
func unindented(code string) string {
	return regexp.MustCompile(`(?m)^\t+`).ReplaceAllString(code, "")
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	return string(text)
}
