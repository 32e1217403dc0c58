package task_test

import (
	"flag"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/task"
)

//go:generate go test -run TestLifecyclePage -update .

var update = flag.Bool("update", false, "write the page of the lifecycle instead of checking it")

const lifecyclePage = "../docs/lifecycles/task.md"

// TestLifecyclePage holds the page to the table that it is made from; with -update it writes the page.
func TestLifecyclePage(t *testing.T) {
	table := task.Lifecycle()
	require.NoError(t, table.Check())
	moves := table
	moves.Rows = slices.DeleteFunc(slices.Clone(table.Rows), func(row lifecycle.Transition) bool { return row.To == "" && row.Choose == "" })
	page := "<!-- Made from the table in task/lifecycle.go by: go test ./task -run TestLifecyclePage -update -->\n\n" +
		table.Markdown() + "\n## Diagram\n\nWithout what leaves a task where it is.\n\n```mermaid\n" + moves.Mermaid() + "```\n"
	if *update {
		require.NoError(t, os.WriteFile(lifecyclePage, []byte(page), 0o644))
	}
	text, err := os.ReadFile(lifecyclePage)
	require.NoError(t, err)
	assert.Equal(t, page, string(text), "%s is not current: run go generate ./task", lifecyclePage)
}

// TestThePageOfTasks holds the page for users to what it tells of.
func TestThePageOfTasks(t *testing.T) {
	text, err := os.ReadFile("../docs/tasks.md")
	require.NoError(t, err)
	for _, row := range task.Lifecycle().Rows {
		for _, name := range slices.Concat(row.Guards, row.Ensures) {
			assert.Contains(t, string(text), "`"+name+"`")
		}
	}
}
