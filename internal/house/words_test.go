package house

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// banned is what Go files may not say. The patterns are spelled so that none
// matches its own line.
var banned = []struct {
	pattern *regexp.Regexp
	inTests bool // tests may say it
	inDocs  bool // Markdown may not say it either
	reason  string
}{
	{
		pattern: regexp.MustCompile(`\b(?:TO[D]O|FIX[M]E|XX[X]|HA[C]K)\b`),
		reason:  "unfinished work is not committed: finish it, or state the limit in the docs",
	},
	{
		pattern: regexp.MustCompile(`(?m)(?:^|[^\w./\n-])/wor[k]/`),
		inDocs:  true,
		reason:  "a path of one machine",
	},
	{
		pattern: regexp.MustCompile(`ITSM_SHARE[D]`),
		inTests: true,
		reason:  "where test data lies is known by tests alone",
	},
}

// words holds what no file may say.
func words(t tree) (found []breach) {
	for _, f := range t {
		for _, b := range banned {
			if !(f.isGo() || b.inDocs && strings.HasSuffix(f.path, ".md")) || b.inTests && f.isTest() {
				continue
			}
			for _, at := range b.pattern.FindAllStringIndex(f.text, -1) {
				line := 1 + strings.Count(f.text[:at[0]], "\n")
				found = append(found, breach{f.path, line, strings.TrimSpace(f.text[at[0]:at[1]]) + ": " + b.reason})
			}
		}
	}
	return found
}

// packageDocs holds that every package says what it is for.
func packageDocs(t tree) (found []breach) {
	first := map[string]file{} // by folder
	documented := map[string]bool{}
	var folders []string
	for _, f := range t.sources() {
		if f.isTest() {
			continue
		}
		if !slices.Contains(folders, f.dir()) {
			folders = append(folders, f.dir())
			first[f.dir()] = f
		}
		doc := f.syntax.Doc.Text() // of a nil comment: empty
		if f.syntax.Name.Name == "main" {
			documented[f.dir()] = documented[f.dir()] || doc != ""
		} else if strings.HasPrefix(doc, "Package "+f.syntax.Name.Name+" ") {
			documented[f.dir()] = true
		}
	}
	for _, dir := range folders {
		if !documented[dir] {
			f := first[dir]
			found = append(found, f.breach(f.syntax.Package, "package %s has no package comment", f.syntax.Name.Name))
		}
	}
	return found
}

func TestWordsRule(t *testing.T) {
	word := "TO" + "DO"
	place := "/wor" + "k/"
	data := "ITSM_" + "SHARED"
	goFile := func(name, text string) map[string]string {
		return map[string]string{name: "package a\n" + text}
	}
	testRule(t, words, []ruleTest{
		{"good", goFile("a/a.go", "// Todos, hacks and fixmes are words like others: TO"+"DOS."), nil},
		{"comment", goFile("a/a.go", "// "+word+": later"), []string{"a/a.go:2"}},
		{"call", goFile("a/a.go", "var c = context."+word+"()"), []string{"a/a.go:2"}},
		{"test", goFile("a/a_test.go", "// FIX"+"ME and XX"+"X and HA"+"CK"), []string{"a/a_test.go:2", "a/a_test.go:2", "a/a_test.go:2"}},
		{"path", goFile("a/a.go", "var p = \""+place+"x\""), []string{"a/a.go:2"}},
		{"path at the start of a line", goFile("a/a_test.go", "/*\n"+place+"x\n*/"), []string{"a/a_test.go:3"}},
		{"path in docs", map[string]string{"docs/a.md": "cd " + place}, []string{"docs/a.md:1"}},
		{"part of another path", goFile("a/a.go", "// see docs"+place+"x and https://example.com"+place), nil},
		{"data in code", goFile("a/a.go", "var p = \""+data+"\""), []string{"a/a.go:2"}},
		{"data in a test", goFile("a/a_test.go", "var p = \""+data+"\""), nil},
	})
}

func TestPackageDocsRule(t *testing.T) {
	testRule(t, packageDocs, []ruleTest{
		{"good", map[string]string{"a/a.go": "package a", "a/doc.go": "// Package a is good.\npackage a"}, nil},
		{"none", map[string]string{"a/a.go": "package a", "a/b.go": "package a"}, []string{"a/a.go:1"}},
		{"detached", map[string]string{"a/a.go": "// Package a is detached.\n\npackage a"}, []string{"a/a.go:3"}},
		{"of another name", map[string]string{"a/a.go": "// Package ab is elsewhere.\npackage a"}, []string{"a/a.go:2"}},
		{"only in a test", map[string]string{"a/a.go": "package a", "a/a_test.go": "// Package a is tested.\npackage a"}, []string{"a/a.go:1"}},
		{"program", map[string]string{"a/a.go": "// Replay replays.\npackage main"}, nil},
		{"program without", map[string]string{"a/a.go": "package main"}, []string{"a/a.go:1"}},
	})
}
