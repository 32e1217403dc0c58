package feedback_test

import (
	"flag"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/knowledge/feedback"
	"github.com/itsmkit/itsmkit/lifecycle"
)

//go:generate go test -run TestLifecyclePage -update .

var update = flag.Bool("update", false, "write the page of the lifecycles instead of checking it")

// TestLifecyclePage holds the page to the tables that it is made from; with -update it writes the page.
func TestLifecyclePage(t *testing.T) {
	const file = "../../docs/lifecycles/feedback.md"
	page := "<!-- Made from the tables in knowledge/feedback/lifecycle.go by: " +
		"go test ./knowledge/feedback -run TestLifecyclePage -update -->\n"
	for _, table := range []lifecycle.Definition{feedback.Lifecycle(), feedback.ReadingLifecycle()} {
		page += "\n" + table.Markdown() + "\n## Diagram\n\n```mermaid\n" + table.Mermaid() + "```\n"
	}
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(page), 0o644))
	}
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, page, string(text), "%s is not current: run go generate ./knowledge/feedback", file)
}
