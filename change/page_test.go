package change_test

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/change"
	"github.com/itsmkit/itsmkit/lifecycle"
)

//go:generate go test -run TestLifecyclePage -update .

var update = flag.Bool("update", false, "write the page of the lifecycles instead of checking it")

// TestLifecyclePage holds the page to the tables that it is made from; with -update it writes the page.
func TestLifecyclePage(t *testing.T) {
	const file = "../docs/lifecycles/change.md"
	page := "<!-- Made from the tables in change/lifecycle.go by: go test ./change -run TestLifecyclePage -update -->\n"
	whole := change.Lifecycle()
	page += "\n" + whole.Markdown()
	for _, table := range []lifecycle.Definition{
		change.TypeLifecycle(change.Normal), change.TypeLifecycle(change.Standard), change.TypeLifecycle(change.Emergency),
	} {
		assert.NoError(t, table.Check())
		page += "\n## The path of changes: " + strings.ReplaceAll(table.Name, "_", " ") + "\n\n```mermaid\n" + table.Mermaid() + "```\n"
	}
	for _, table := range []lifecycle.Definition{change.TemplateLifecycle(), change.WindowLifecycle()} {
		page += "\n" + table.Markdown() + "\n## Diagram\n\n```mermaid\n" + table.Mermaid() + "```\n"
	}
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(page), 0o644))
	}
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, page, string(text), "%s is not current: run go generate ./change", file)
}
