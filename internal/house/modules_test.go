package house

import (
	"path"
	"slices"
	"strings"
	"testing"
)

// direct is what the root module requires itself, and why. A driver's or an
// adapter's dependencies live in a module of their own.
var direct = map[string]string{
	"github.com/qmuntal/stateless":        "fires the lifecycles",
	"github.com/blevesearch/snowballstem": "cuts words to their stems in search, and requires nothing itself",
	"github.com/robfig/cron/v3":           "reads cron expressions",
	"github.com/stretchr/testify":         "tests only",
	"pgregory.net/rapid":                  "tests only",
}

// outside are the modules that go.work leaves out, and why.
var outside = map[string]string{
	"bench/calendar": "what it compares with is no part of what the library builds with",
	"bench/search":   "what it compares with is no part of what the library builds with",
	"tools":          "its dependencies would raise the versions that the library builds with",
}

// modules holds that the root module stays light, and that every module
// builds with the others and alone.
func modules(t tree) (found []breach) {
	var members []string
	if work, ok := t.file("go.work"); ok {
		for _, use := range directives(work, "use") {
			members = append(members, path.Clean(use.args[0]))
		}
	}
	for _, f := range t {
		if path.Base(f.path) != "go.mod" {
			continue
		}
		at := func(line int, what string) { found = append(found, breach{f.path, line, what}) }
		if want := path.Join(module, f.dir()); !slices.ContainsFunc(directives(f, "module"), func(d directive) bool { return d.args[0] == want }) {
			at(1, "a module is named after its folder: "+want)
		}
		member := slices.Contains(members, f.dir())
		if _, out := outside[f.dir()]; member == out {
			at(1, "a module is either in go.work or among those that stay outside with a reason")
		}
		requires, replaces := directives(f, "require"), directives(f, "replace")
		if f.dir() == "." {
			for _, r := range requires {
				if _, ok := direct[r.args[0]]; !ok && !r.indirect {
					at(r.line, r.args[0]+" is none of the root module's direct requirements")
				}
			}
			for _, r := range replaces {
				at(r.line, "users of the module would not see this replacement")
			}
			continue
		}
		for _, r := range requires {
			replaced := slices.ContainsFunc(replaces, func(d directive) bool {
				return d.args[0] == r.args[0] && path.Join(module, f.dir(), d.args[len(d.args)-1]) == r.args[0]
			})
			if within(r.args[0], module) && !replaced {
				at(r.line, r.args[0]+" is not replaced by its folder, so the module does not build alone")
			}
		}
	}
	return found
}

// A directive is one line of a go.mod or go.work file, out of its block.
type directive struct {
	args     []string
	indirect bool
	line     int
}

// directives reads the lines of one verb, alone or in a block.
func directives(f file, verb string) (found []directive) {
	block := ""
	for i, line := range strings.Split(f.text, "\n") {
		line, comment, _ := strings.Cut(line, "//")
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		of := block
		switch {
		case words[0] == ")":
			block = ""
			continue
		case words[len(words)-1] == "(":
			block = words[0]
			continue
		case block == "":
			of, words = words[0], words[1:]
		}
		if of == verb && len(words) > 0 {
			found = append(found, directive{words, strings.TrimSpace(comment) == "indirect", i + 1})
		}
	}
	return found
}

func TestModulesRule(t *testing.T) {
	const (
		work = "go 1.26\n\nuse (\n\t.\n\t./examples\n)\n"
		root = "module " + module + "\n"
		mod  = "module " + module + "/examples\n"
		need = "require " + module + " v0.0.0 // a comment\n"
	)
	tests := func(rootMod, examplesMod string) map[string]string {
		return map[string]string{"go.work": work, "go.mod": root + rootMod, "examples/go.mod": examplesMod}
	}
	testRule(t, modules, []ruleTest{
		{"good", tests("require (\n\tpgregory.net/rapid v1.3.0\n\tx.org/y v1.0.0 // indirect\n)\n", mod+need+"replace "+module+" => ../\n"), nil},
		{"heavy root", tests("require (\n\tpgregory.net/rapid v1.3.0\n\tx.org/y v1.0.0\n)\nrequire x.org/z v1.0.0\n", mod), []string{"go.mod:4", "go.mod:6"}},
		{"root that replaces", tests("replace x.org/y => ../y\n", mod), []string{"go.mod:2"}},
		{"does not build alone", tests("", mod+need), []string{"examples/go.mod:2"}},
		{"replaced by another folder", tests("", mod+need+"replace "+module+" => ../..\n"), []string{"examples/go.mod:2"}},
		{"named otherwise", tests("", "module example.com/x\n"), []string{"examples/go.mod:1"}},
		{"of no workspace", map[string]string{"go.work": work, "store/x/go.mod": "module " + module + "/store/x\n"}, []string{"store/x/go.mod:1"}},
		{"outside by name", map[string]string{"go.work": work, "tools/go.mod": "module " + module + "/tools\n"}, nil},
		{"outside, and in go.work", map[string]string{"go.work": "use ./tools\n", "tools/go.mod": "module " + module + "/tools\n"}, []string{"tools/go.mod:1"}},
	})
}
