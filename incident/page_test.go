package incident_test

import (
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

//go:generate go test -run Test.*LifecyclePage -update .

var update = flag.Bool("update", false, "write the page of the lifecycle instead of checking it")

const (
	lifecyclePage = "../docs/lifecycles/incident.md"
	practicePage  = "../docs/incident.md"
)

// TestLifecyclePage holds the page to the table that it is made from; with -update it writes the page.
func TestLifecyclePage(t *testing.T) {
	lifecyclePageIs(t, lifecyclePage, "incident/lifecycle.go", incident.Lifecycle())
}

// lifecyclePageIs holds a page to its tables.
func lifecyclePageIs(t *testing.T, file, source string, tables ...lifecycle.Definition) {
	page := "<!-- Made from the table in " + source + " by: go test ./incident -run " + t.Name() + " -update -->\n"
	for _, table := range tables {
		page += "\n" + table.Markdown() + "\n## Diagram\n\nWithout what leaves an incident where it is.\n\n```mermaid\n" + moves(table).Mermaid() + "```\n"
	}
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, []byte(page), 0o644))
	}
	assert.Equal(t, page, read(t, file), "%s is not current: run go generate ./incident", file)
}

// moves is the table without the rows that keep the state.
func moves(d lifecycle.Definition) lifecycle.Definition {
	d.Rows = slices.DeleteFunc(slices.Clone(d.Rows), func(row lifecycle.Transition) bool { return row.To == "" && row.Choose == "" })
	return d
}

// TestPracticePage holds the page for users to what it tells of: its code is that of the examples, and it leaves out no
// command, no condition and no policy.
func TestPracticePage(t *testing.T) {
	page := read(t, practicePage)
	examples := unindented(read(t, "example_test.go"))
	blocks := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllStringSubmatch(page, -1)
	require.NotEmpty(t, blocks)
	for _, block := range blocks {
		assert.Contains(t, examples, unindented(block[1]), "code on the page stands in an example")
	}
	table := incident.Lifecycle()
	var names []string
	for _, e := range table.Triggers {
		if !slices.Contains(itsm.StandardTriggers(), e) {
			names = append(names, string(e.Name))
		}
	}
	for _, row := range table.Rows {
		names = append(names, row.Guards...)
		names = append(names, row.Ensures...)
		if row.Choose != "" {
			names = append(names, row.Choose)
		}
	}
	names = append(names, fields[incident.Policy]()...)
	names = append(names, fields[incident.Config]()...)
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

// fields are the names of a struct's fields.
func fields[T any]() (names []string) {
	for f := range reflect.TypeFor[T]().Fields() {
		names = append(names, f.Name)
	}
	return names
}
