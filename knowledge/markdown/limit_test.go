package markdown_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/knowledge/markdown"
)

// bombs are bodies of about n bytes whose cost grows faster than they do, in one parser or another.
func bombs(n int) map[string]string {
	many := func(s string) string { return strings.Repeat(s, n/len(s)) }
	half := func(s string) string { return strings.Repeat(s, n/2/len(s)) }
	build := func(line func(i int) string) string {
		var b strings.Builder
		for i := 0; b.Len() < n; i++ {
			b.WriteString(line(i))
		}
		return b.String()
	}
	return map[string]string{
		"quotes": many("> "), "quotes without spaces": many(">"), "quotes of many lines": many(strings.Repeat("> ",
			40) + "a\n"),
		"lists": many("- ") + "a", "numbered lists": many("1. ") + "a", "lists and quotes": many("- > ") + "a",
		"lists, one in the other":    build(func(i int) string { return strings.Repeat(" ", 2*i) + "- a\n" }),
		"open brackets":              many("["),
		"brackets in brackets":       half("[") + half("]"),
		"links that do not end":      many("[a]("),
		"links that do not end, too": many("[a](<b"), "images that do not end": many("!["),
		"links in links":             strings.Repeat("[", n/8) + "a" + strings.Repeat("](b)", n/8),
		"images in images":           strings.Repeat("![", n/8) + "a" + strings.Repeat("](b)", n/8),
		"emphasis that does not end": many("*a "), "emphasis of two kinds": many("*a_ "),
		"emphasis of three":       many("*a **b _c ~d "),
		"stars around one letter": half("*") + "a" + half("*"), "many words in stars": many("**a b** _c_ "),
		"tildes":               many("~~a ~"),
		"backticks, each more": build(func(i int) string { return strings.Repeat("`", i+1) + " " }),
		"backticks":            many("`a``"),
		"tags that do not end": many("<a "), "tags with values that do not end": many("<a b=\""),
		"comments that do not end": many("a<!--"), "instructions that do not end": many("a<?"),
		"CDATA that does not end": many("a<![CDATA["), "comments": "<div>" + many("<!---->"),
		"ampersands": many("&"), "numbers of characters": many("&#x"), "backslashes": many("\\"), "escapes": many("\\*"),
		"footnotes":                 build(func(i int) string { return fmt.Sprintf("[^%d]: a\n\n", i) }) + half("[^1]"),
		"references to a footnote":  "[^a]: b\n\n" + many("[^a]"),
		"footnotes in footnotes":    build(func(i int) string { return fmt.Sprintf("[^%d]: ", i) }),
		"definitions":               build(func(i int) string { return fmt.Sprintf("[%d]: a\n", i) }),
		"definitions of many lines": many("[\na\n]: b\n"), "definitions with titles": many("[a]: b\n'c\nd'\n"),
		"definitions in quotes": many("> [a]: b\n"), "brackets on many lines": many("[a]\n"),
		"links on many lines": many("[a](b\n"), "addresses on many lines": many("<a@\n"),
		"paragraphs of brackets":      many(strings.Repeat("[a](", 2000) + "\n\n"),
		"long paragraphs of brackets": many(strings.Repeat("[a](", 2000) + strings.Repeat("x", 50000) + "\n\n"),
		"paragraphs of stars":         many(strings.Repeat("*a_ ", 1000) + "\n\n"),
		"cells of brackets":           many("|[[[[[[[[[[[[[[|\n|-|\n\n"), "titles that wait": many("[a](b \"c\n"),
		"titles that do not end": many("[a]: b \"c\n"),
		"a long address, often":  "[a]: https://a.example/" + half("x") + "\n\n" + half("[a] "),
		"a long title, often":    "[a]: https://a.example '" + half("x") + "'\n\n" + half("[a] "),
		"pipes":                  many("|"),
		"a wide table of many rows": "|" + strings.Repeat("a|", n/8) + "\n|" + strings.Repeat("-|",
			n/8) + "\n" + half("a\n"),
		"tables": many("|a|b|\n|-|-|\n|c|d|\n\n"), "escaped pipes": "|a|\n|-|\n" + many("|`\\|`|\n"),
		"rows of hyphens": many("a\n|-|\n"),
		"addresses":       many("http://a.b/ "), "parentheses after an address": "http://a.b/" + half("(") + half(")"),
		"entities after an address": "http://a.b/" + many("&amp;"), "mail": many("a."),
		"mail without end": many("a") + "@", "www": many(" www."),
		"headings of one name": many("# a\n"), "rules": many("***\n"), "tabs": many("\t"), "spaces": many(" ") + "a",
		"empty items": many("-\n\n"), "fences": many("```\n"), "tasks": many("- [ ] a\n"), "one line": many("a "),
		"lines": many("\n"),
	}
}

// What unfolds to more than anybody writes is refused, and what is just below is not.
func TestCounts(t *testing.T) {
	r := newRenderer(t, markdown.Options{})
	for _, c := range []struct {
		name  string
		n     int // the most
		body  func(n int) string
		wrong string
	}{
		{"footnotes", 5000, func(n int) string { return "[^a]: b\n\n" + strings.Repeat("[^a]", n-1) }, "5001 footnotes, of 5000 at most: split"},
		{"escaped pipes", 5000, func(n int) string { return strings.Repeat(`\|`, n) }, `5001 times \|, of 5000 at most: put it in a code block`},
		{"definitions", 5000, func(n int) string { return strings.Repeat("[a]: b\n", n) }, "5001 definitions of links, of 5000 at most: put blank lines"},
		{"cells", 1000, func(n int) string {
			return "|" + strings.Repeat("a|", 100) + "\n|" + strings.Repeat("-|", 100) + "\n" + strings.Repeat("a\n", n-10)
		}, "tables of more than 100000 cells: attach"},
		{"addresses", 2000, func(n int) string {
			return "[a]: /" + strings.Repeat("b", 4180) + "\n\n" + strings.Repeat("[a]\n\n", n)
		}, "8 MiB of addresses"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := r.Render(c.body(c.n))
			require.NoError(t, err)
			over := c.n + 1
			if c.name == "cells" || c.name == "addresses" {
				over = c.n + 20
			}
			_, err = r.Render(c.body(over))
			require.ErrorIs(t, err, markdown.ErrSize)
			assert.ErrorContains(t, err, c.wrong)
		})
	}
	page, err := r.Render(strings.Repeat("[a]: b\n", 3000) + "\n" + strings.Repeat("[c]: d\n", 3000) + "\n[a] [c]")
	require.NoError(t, err)
	assert.Equal(t, "<p><a href=\"b\">a</a> <a href=\"d\">c</a></p>\n", page)
}

// No body takes long or grows without bounds: it is rendered, or refused by name. The minutes and hours that the parser alone
// takes for some of them as they grow would meet the deadline of the test.
func TestBombs(t *testing.T) {
	n := 1 << 17
	if testing.Short() {
		n /= 2
	}
	r := newRenderer(t, markdown.Options{})
	for name, body := range bombs(n) {
		t.Run(name, func(t *testing.T) {
			page, err := r.Render(body[:min(len(body), n)])
			if err != nil {
				require.Condition(t, func() bool { return isLimit(err) }, "%v", err)
				assert.Less(t, len(err.Error()), 200, "the message says what to do, and does not show the body")
			}
			assert.Less(t, len(page), 64*n)
		})
	}
}
