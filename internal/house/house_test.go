package house

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// rules is the house: every rule, applied to every module of the checkout,
// those outside go.work included.
var rules = map[string]func(tree) []breach{
	"parses":       parses,
	"machineClock": machineClock,
	"randomness":   randomness,
	"goroutines":   goroutines,
	"rooms":        rooms,
	"features":     features,
	"words":        words,
	"packageDocs":  packageDocs,
	"modules":      modules,
}

func TestRepository(t *testing.T) {
	checkout, err := read(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := checkout.file("go.work"); !ok {
		t.Fatal("no go.work two folders up: this package has moved, and nothing was checked")
	}
	for name, rule := range rules {
		t.Run(name, func(t *testing.T) {
			for _, b := range rule(checkout) {
				t.Error(b)
			}
		})
	}
}

// A tree is every Go, module and Markdown file of a checkout, by path.
type tree []file

type file struct {
	path   string // slash-separated, relative to the root
	text   string
	syntax *ast.File // nil unless a Go file that parses
	lines  *token.FileSet
	err    error
}

// A breach is one place where a rule does not hold.
type breach struct {
	path string
	line int
	what string
}

func (b breach) String() string { return fmt.Sprintf("%s:%d: %s", b.path, b.line, b.what) }

// read collects the files of a checkout as the go command sees it: hidden
// folders, testdata and vendor are not part of it.
func read(root fs.FS) (tree, error) {
	var t tree
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := path.Base(name)
		if d.IsDir() {
			if name != "." && (base[0] == '.' || base[0] == '_' || base == "testdata" || base == "vendor") {
				return fs.SkipDir
			}
			return nil
		}
		if ext := path.Ext(base); ext != ".go" && ext != ".md" && base != "go.mod" && base != "go.work" {
			return nil
		}
		text, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		f := file{path: name, text: string(text)}
		if f.isGo() {
			f.lines = token.NewFileSet()
			f.syntax, f.err = parser.ParseFile(f.lines, name, text, parser.ParseComments|parser.SkipObjectResolution)
			if f.err != nil {
				f.syntax = nil
			}
		}
		t = append(t, f)
		return nil
	})
	return t, err
}

// parses reports Go files that no other rule can read.
func parses(t tree) (found []breach) {
	for _, f := range t {
		if f.err != nil {
			found = append(found, breach{f.path, 1, f.err.Error()})
		}
	}
	return found
}

func (t tree) file(name string) (file, bool) {
	i := slices.IndexFunc(t, func(f file) bool { return f.path == name })
	if i < 0 {
		return file{}, false
	}
	return t[i], true
}

// sources are the Go files that parse.
func (t tree) sources() (found []file) {
	for _, f := range t {
		if f.syntax != nil {
			found = append(found, f)
		}
	}
	return found
}

func (f file) isGo() bool   { return strings.HasSuffix(f.path, ".go") }
func (f file) isTest() bool { return strings.HasSuffix(f.path, "_test.go") }
func (f file) dir() string  { return path.Dir(f.path) }

func (f file) breach(at token.Pos, format string, args ...any) breach {
	return breach{f.path, f.lines.Position(at).Line, fmt.Sprintf(format, args...)}
}

// A ruleTest is a small tree and the breaches, as "path:line", that a rule
// finds in it. Paths may repeat: one line with two breaches is named twice.
type ruleTest struct {
	name  string
	files map[string]string
	want  []string
}

func testRule(t *testing.T, rule func(tree) []breach, tests []ruleTest) {
	t.Helper()
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			root := fstest.MapFS{}
			for name, text := range test.files {
				root[name] = &fstest.MapFile{Data: []byte(text)}
			}
			small, err := read(root)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, b := range rule(small) {
				got = append(got, fmt.Sprintf("%s:%d", b.path, b.line))
				t.Log(b)
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("breaches at %q, want %q", got, test.want)
			}
		})
	}
}

func TestParsesRule(t *testing.T) {
	testRule(t, parses, []ruleTest{
		{"good", map[string]string{"a/a.go": "package a"}, nil},
		{"bad", map[string]string{"a/a.go": "package a\nfunc {"}, []string{"a/a.go:1"}},
		{"not ours", map[string]string{"a/testdata/a.go": "?", ".x/a.go": "?", "_x/a.go": "?", "vendor/a.go": "?"}, nil},
	})
}
