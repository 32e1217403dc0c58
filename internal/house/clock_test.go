package house

import (
	"go/ast"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// clockPlace is the one file that reads the machine clock and waits on it.
const clockPlace = "itsm/machineclock.go"

// A source is a package and those of its names that a rule is about.
type source struct {
	pkg   string
	names []string
}

var (
	// clockReads read the machine clock, or wait on it.
	clockReads = []source{
		{"time", []string{"Now", "Since", "Until", "After", "AfterFunc", "NewTimer", "NewTicker", "Sleep", "Tick"}},
		{"context", []string{"WithTimeout", "WithTimeoutCause", "WithDeadline", "WithDeadlineCause"}},
	}
	// clockWaits are refused even in tests, which may measure but never wait.
	clockWaits = []source{{"time", []string{"After", "Sleep", "Tick"}}}
)

// machineClock holds that time is a parameter: outside clockPlace nothing
// reads the machine clock, and no test sleeps.
func machineClock(t tree) (found []breach) {
	for _, f := range t.sources() {
		if f.path == clockPlace {
			continue
		}
		refused, instead := clockReads, "take the instant or a clock as a parameter"
		if f.isTest() {
			refused, instead = clockWaits, "advance a fake clock"
		}
		for _, s := range refused {
			uses, dots := usesOf(f, s.pkg)
			found = append(found, dots...)
			for _, use := range uses {
				if slices.Contains(s.names, use.Sel.Name) {
					found = append(found, f.breach(use.Pos(), "%s.%s depends on the machine clock: %s", s.pkg, use.Sel.Name, instead))
				}
			}
		}
	}
	return found
}

// ownSources are what package rand offers to a generator with a seed of its
// own; everything else there draws from one shared by the whole program.
var ownSources = []string{
	"New", "NewSource", "NewPCG", "NewChaCha8", "NewZipf",
	"Rand", "Source", "Source64", "PCG", "ChaCha8", "Zipf",
}

// randomness holds that chance is a parameter too.
func randomness(t tree) (found []breach) {
	for _, f := range t.sources() {
		if f.isTest() {
			continue
		}
		for _, pkg := range []string{"math/rand", "math/rand/v2"} {
			uses, dots := usesOf(f, pkg)
			found = append(found, dots...)
			for _, use := range uses {
				if !slices.Contains(ownSources, use.Sel.Name) {
					found = append(found, f.breach(use.Pos(), "%s.%s draws from the program's generator: take a *rand.Rand", pkg, use.Sel.Name))
				}
			}
		}
	}
	return found
}

// usesOf gives every pkg.Name of a file, under whatever name it imports pkg.
// A dot import hides its uses and is a breach by itself.
func usesOf(f file, pkg string) (uses []*ast.SelectorExpr, dots []breach) {
	var names []string
	for _, spec := range f.syntax.Imports {
		if importPath(spec) != pkg {
			continue
		}
		switch {
		case spec.Name == nil:
			names = append(names, packageName(pkg))
		case spec.Name.Name == ".":
			dots = append(dots, f.breach(spec.Pos(), "dot import of %s hides what is used of it", pkg))
		default:
			names = append(names, spec.Name.Name)
		}
	}
	if len(names) == 0 {
		return nil, dots
	}
	ast.Inspect(f.syntax, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := sel.X.(*ast.Ident); ok && slices.Contains(names, x.Name) {
				uses = append(uses, sel)
			}
		}
		return true
	})
	return uses, dots
}

func importPath(spec *ast.ImportSpec) string {
	p, _ := strconv.Unquote(spec.Path.Value) // the parser accepts only literals
	return p
}

// packageName is the name of a standard package, without a version suffix.
func packageName(pkg string) string { return path.Base(strings.TrimSuffix(pkg, "/v2")) }

func TestMachineClockRule(t *testing.T) {
	const uses = `package a

import (
	"context"
	"time"
)

var (
	now  = time.Now
	day  = 24 * time.Hour
	noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
)

func f(ctx context.Context) {
	time.Sleep(day)
	<-time.After(day)
	ctx, cancel := context.WithTimeout(ctx, day)
	ctx, cancel = context.WithCancel(ctx)
	if noon.After(noon) { _ = time.Since(noon) }
}
`
	testRule(t, machineClock, []ruleTest{
		{"its place", map[string]string{clockPlace: uses}, nil},
		{"another file of the same name", map[string]string{"desk/machineclock.go": "package desk\nimport \"time\"\nvar now = time.Now()"},
			[]string{"desk/machineclock.go:3"}},
		{"code", map[string]string{"a/a.go": uses}, []string{"a/a.go:9", "a/a.go:15", "a/a.go:16", "a/a.go:19", "a/a.go:17"}},
		{"tests never wait", map[string]string{"a/a_test.go": uses}, []string{"a/a_test.go:15", "a/a_test.go:16"}},
		{"renamed", map[string]string{"a/a.go": "package a\nimport clock \"time\"\nvar t = clock.NewTicker(1)"}, []string{"a/a.go:3"}},
		{"imported twice", map[string]string{"a/a.go": "package a\nimport \"time\"\nimport t \"time\"\nvar x, y = time.Now(), t.Tick(1)"},
			[]string{"a/a.go:4", "a/a.go:4"}},
		{"dot import", map[string]string{"a/a_test.go": "package a\nimport . \"time\"\nvar x = Now()"}, []string{"a/a_test.go:2"}},
		{"another package called time", map[string]string{"a/a.go": "package a\nimport \"example.com/time\"\nvar x = time.Now()"}, nil},
		{"submodule", map[string]string{"store/x/go.mod": "module x", "store/x/a.go": "package x\nimport \"time\"\nvar x = time.Until"},
			[]string{"store/x/a.go:3"}},
	})

	for _, s := range clockReads {
		for _, name := range s.names {
			text := "package a\nimport \"" + s.pkg + "\"\nvar x = " + s.pkg + "." + name
			testRule(t, machineClock, []ruleTest{{s.pkg + "." + name, map[string]string{"a/a.go": text}, []string{"a/a.go:3"}}})
		}
	}
}

// asked are the places that start a goroutine because they were asked to.
var asked = []string{
	"itsmtest/storetest/",      // many callers at once
	"store/postgres/listen.go", // Listen waits on a connection for as long as its context lasts
}

// goroutines holds that nobody starts one without being asked.
func goroutines(t tree) (found []breach) {
	for _, f := range t.sources() {
		if f.isTest() || slices.ContainsFunc(asked, func(place string) bool { return strings.HasPrefix(f.path, place) }) {
			continue
		}
		ast.Inspect(f.syntax, func(n ast.Node) bool {
			if start, ok := n.(*ast.GoStmt); ok {
				found = append(found, f.breach(start.Pos(), "starts a goroutine: run in the caller's"))
			}
			return true
		})
	}
	return found
}

func TestGoroutinesRule(t *testing.T) {
	testRule(t, goroutines, []ruleTest{
		{"a goroutine", map[string]string{"a/a.go": "package a\nfunc f() {\n\tgo f()\n}"}, []string{"a/a.go:3"}},
		{"in a test", map[string]string{"a/a_test.go": "package a\nfunc f() { go f() }"}, nil},
		{"a listener", map[string]string{"store/postgres/listen.go": "package a\nfunc f() { go f() }"}, nil},
		{"beside a listener", map[string]string{"store/postgres/apply.go": "package a\nfunc f() { go f() }"}, []string{"store/postgres/apply.go:2"}},
		{"many callers of a store", map[string]string{"itsmtest/storetest/a.go": "package a\nfunc f() { go f() }"}, nil},
	})
}

func TestRandomnessRule(t *testing.T) {
	testRule(t, randomness, []ruleTest{
		{"own generator", map[string]string{"a/a.go": "package a\nimport \"math/rand/v2\"\nfunc f(r *rand.Rand) int { return rand.New(rand.NewPCG(1, 2)).IntN(r.IntN(3)) }"}, nil},
		{"shared generator", map[string]string{"a/a.go": "package a\nimport \"math/rand/v2\"\nvar x = rand.IntN(3)\nvar y = rand.N(3)"}, []string{"a/a.go:3", "a/a.go:4"}},
		{"first version", map[string]string{"a/a.go": "package a\nimport r \"math/rand\"\nvar x = r.Intn(3)"}, []string{"a/a.go:3"}},
		{"crypto", map[string]string{"a/a.go": "package a\nimport \"crypto/rand\"\nvar x = rand.Text()"}, nil},
		{"tests", map[string]string{"a/a_test.go": "package a\nimport \"math/rand\"\nvar x = rand.Intn(3)"}, nil},
	})
}
