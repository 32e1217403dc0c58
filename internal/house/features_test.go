package house

import (
	"go/ast"
	"regexp"
	"strings"
	"testing"
)

const featureList = "docs/features.md"

var (
	codeSpan = regexp.MustCompile("`([^`]+)`")
	testName = regexp.MustCompile(`^(.+)\.((?:Test|Example|Fuzz|Benchmark)(?:[A-Z0-9_]\w*)?)$`)
	dashes   = regexp.MustCompile(`^\|[\s:|-]+\|$`)
)

// features holds that every row of the feature list names tests, as
// `path/to/package.TestName` in its last cell, and that each of them exists.
func features(t tree) (found []breach) {
	list, ok := t.file(featureList)
	if !ok {
		return []breach{{featureList, 1, "the feature list is missing"}}
	}
	tests := testFunctions(t)
	tables := 0
	lines := strings.Split(list.text, "\n")
	for i, line := range lines {
		line = strings.TrimSpace(line)
		at := func(what string) { found = append(found, breach{featureList, i + 1, what}) }
		switch {
		case !strings.HasPrefix(line, "|"):
			continue
		case dashes.MatchString(line):
			tables++
			continue
		case i+1 < len(lines) && dashes.MatchString(strings.TrimSpace(lines[i+1])):
			continue // a header
		}
		cells := cellsOf(line)
		if len(cells) != 2 || cells[0] == "" {
			at("a row is a feature and its tests: | feature | `package.TestName` |")
			continue
		}
		named := codeSpan.FindAllStringSubmatch(cells[1], -1)
		if len(named) == 0 {
			at("feature without a test: " + cells[0])
		}
		for _, n := range named {
			if m := testName.FindStringSubmatch(n[1]); m == nil {
				at("not of the form path/to/package.TestName: " + n[1])
			} else if !tests[n[1]] {
				at("no such test: " + m[2] + " in a test file of folder " + m[1])
			}
		}
	}
	if tables == 0 {
		found = append(found, breach{featureList, 1, "the feature list has no table"})
	}
	return found
}

// cellsOf splits a row of a table; an escaped bar is part of its cell.
func cellsOf(row string) []string {
	const bar = "\x00"
	row = strings.ReplaceAll(row, `\|`, bar)
	cells := strings.Split(strings.Trim(row, "|"), "|")
	for i, c := range cells {
		cells[i] = strings.ReplaceAll(strings.TrimSpace(c), bar, "|")
	}
	return cells
}

// testFunctions gives the tests of the tree as folder.Name.
func testFunctions(t tree) map[string]bool {
	names := map[string]bool{}
	for _, f := range t.sources() {
		if !f.isTest() {
			continue
		}
		for _, d := range f.syntax.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil {
				names[f.dir()+"."+fn.Name.Name] = true
			}
		}
	}
	return names
}

func TestFeaturesRule(t *testing.T) {
	list := func(rows ...string) map[string]string {
		return map[string]string{
			featureList: "# Features\n| feature | test |\n|---|:--|\n" + strings.Join(rows, "\n"),
			"store/memory/a_test.go": "package memory\n" +
				"func TestA() {}\nfunc ExampleA_b() {}\nfunc Example() {}\nfunc helper() {}\nfunc (T) TestMethod() {}",
			"store/memory/a.go": "package memory\nfunc TestInCode() {}",
		}
	}
	const at = featureList + ":4"
	testRule(t, features, []ruleTest{
		{"good", list("| a | `store/memory.TestA` |", "| b | `store/memory.ExampleA_b`, `store/memory.Example` |", "", "Prose.", "| a \\| b | `store/memory.TestA` |"), nil},
		{"empty", list(), nil},
		{"no test", list("| a | |"), []string{at}},
		{"not in backticks", list("| a | store/memory.TestA |"), []string{at}},
		{"gone", list("| a | `store/memory.TestA`, `store/memory.TestGone` |"), []string{at}},
		{"other package", list("| a | `store.TestA` |"), []string{at}},
		{"no package", list("| a | `TestA` |"), []string{at}},
		{"no test's name", list("| a | `store/memory.helper` |"), []string{at}},
		{"a method", list("| a | `store/memory.TestMethod` |"), []string{at}},
		{"outside test files", list("| a | `store/memory.TestInCode` |"), []string{at}},
		{"test in the wrong cell", list("| `store/memory.TestA` | a |"), []string{at}},
		{"three cells", list("| a | b | `store/memory.TestA` |"), []string{at}},
		{"no table", map[string]string{featureList: "# Features"}, []string{featureList + ":1"}},
		{"no list", nil, []string{featureList + ":1"}},
	})
}
