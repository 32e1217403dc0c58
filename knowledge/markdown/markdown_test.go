package markdown_test

import (
	"bytes"
	"errors"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
	"pgregory.net/rapid"

	"github.com/itsmkit/itsmkit/knowledge/markdown"
)

func newRenderer(t testing.TB, o markdown.Options) *markdown.Renderer {
	r, err := markdown.New(o)
	require.NoError(t, err)
	return r
}

func addresses(ref markdown.Reference) string {
	if ref.Kind == markdown.Attachment {
		return "/files/" + ref.ID
	}
	return "https://desk.example/kb/" + ref.ID
}

const external = ` rel="noopener noreferrer nofollow ugc"`

func TestPages(t *testing.T) {
	r := newRenderer(t, markdown.Options{Resolve: addresses})
	for _, c := range []struct{ name, body, page string }{
		{"nothing", "", ""},
		{"paragraphs", "One\nline.\n\nTwo.", "<p>One\nline.</p>\n<p>Two.</p>\n"},
		{"ends of lines of other systems", "One\r\nline.\r\rTwo.", "<p>One\nline.</p>\n<p>Two.</p>\n"},
		{"a line that is broken", "One  \ntwo\\\nthree", "<p>One<br>\ntwo<br>\nthree</p>\n"},
		{"emphasis", "*a* **b** ~~c~~ `d*`", "<p><em>a</em> <strong>b</strong> <del>c</del> <code>d*</code></p>\n"},
		{"headings", "# A\n\nB\n-", "<h1 id=\"md-a\">A</h1>\n<h2 id=\"md-b\">B</h2>\n"},
		{"headings of one name", "# A-1\n# A\n# A\n# a\n# A-1", "<h1 id=\"md-a-1\">A-1</h1>\n<h1 id=\"md-a\">A</h1>\n<h1 id=\"md-a-2\">A</h1>\n<h1 id=\"md-a-3\">a</h1>\n<h1 id=\"md-a-1-1\">A-1</h1>\n"},
		{"headings in any script", "# Größe & *Maß*\n# 再起動\n# !", "<h1 id=\"md-größe-maß\">Größe &amp; <em>Maß</em></h1>\n<h1 id=\"md-再起動\">再起動</h1>\n<h1 id=\"md-section\">!</h1>\n"},
		{"a long heading", "# " + strings.Repeat("word ", 30), `<h1 id="md-` + strings.Repeat("word-", 16) + "w\">" + strings.TrimSpace(strings.Repeat("word ", 30)) + "</h1>\n"},
		{"a link to a heading", "# Größe A\n[x](#größe-a) [y](#Größe%20A) [z](#md-gr%C3%B6%C3%9Fe-a)", "<h1 id=\"md-größe-a\">Größe A</h1>\n<p><a href=\"#md-gr%C3%B6%C3%9Fe-a\">x</a> <a href=\"#md-gr%C3%B6%C3%9Fe-a\">y</a> <a href=\"#md-gr%C3%B6%C3%9Fe-a\">z</a></p>\n"},
		{"links", "[a](https://a.example/?q=a%20b&c=d;e 'f \"g\" &amp; h')", `<p><a href="https://a.example/?q=a%20b&amp;c=d;e" title="f &#34;g&#34; &amp; h"` + external + ">a</a></p>\n"},
		{"links within the site", "[a](/b) [c](d/e.html?f#g) [h](?i)", "<p><a href=\"/b\">a</a> <a href=\"d/e.html?f#g\">c</a> <a href=\"?i\">h</a></p>\n"},
		{"mail and telephone", "[a](mailto:a@b.example?subject=c) [b](tel:+32-2-5550100) d@e.example", "<p><a href=\"mailto:a@b.example?subject=c\">a</a> <a href=\"tel:+32-2-5550100\">b</a> <a href=\"mailto:d@e.example\">d@e.example</a></p>\n"},
		{"bare addresses", "https://a.example/b_c_d, www.e.example <https://f.example/?g&amp;h>", `<p><a href="https://a.example/b_c_d"` + external + `>https://a.example/b_c_d</a>, <a href="http://www.e.example"` + external + `>www.e.example</a> <a href="https://f.example/?g&amp;amp;h"` + external + ">https://f.example/?g&amp;amp;h</a></p>\n"},
		{"links by reference", "[a][1] [1] ![c][1]\n\n[1]: https://a.example/b.png \"d\"", `<p><a href="https://a.example/b.png" title="d"` + external + `>a</a> <a href="https://a.example/b.png" title="d"` + external + `>1</a> <img src="https://a.example/b.png" title="d" referrerpolicy="no-referrer" alt="c" loading="lazy"></p>` + "\n"},
		{"an address that may not be leaves its text", "[*a* b](javascript:c) <ftp://d.example> ![e **f**](http://g.example/h.png)", "<p><em>a</em> b ftp://d.example e f</p>\n"},
		{"an image of the writer's own choice on the site", "![a](/logout)", "<p>a</p>\n"},
		{"attachments and articles", "![a](attachment:7) [b](attachment:7) [c](kb:KB0000001) [d](kb:KB0000001#How_to) <kb:KB0000002>", `<p><img src="/files/7" alt="a" loading="lazy"> <a href="/files/7">b</a> <a href="https://desk.example/kb/KB0000001">c</a> <a href="https://desk.example/kb/KB0000001#md-how-to">d</a> <a href="https://desk.example/kb/KB0000002">kb:KB0000002</a></p>` + "\n"},
		{"what is no reference", "[a](attachment:) [b](attachment:../c) [d](kb:KB1) [e](kb:INC0000001) [f](Attachment:7) ![g](kb:KB0000001)", "<p>a b d e f g</p>\n"},
		{"what browsers read in another way", "[a](/\\b.example) [c](//d.example) [e](https:f.example) [g](https://h@i.example) [j](</&Tab;/k.example>) [l](/&#92;m.example) [n]() [o](mailto:) [p](https://)", "<p>a c e g j l n o p</p>\n"},
		{"a link in a link", "[a <https://b.example> c](https://d.example)", `<p><a href="https://d.example"` + external + ">a https://b.example c</a></p>\n"},
		{"an image in a link", "[![a](attachment:1)](https://d.example)", `<p><a href="https://d.example"` + external + "><img src=\"/files/1\" alt=\"a\" loading=\"lazy\"></a></p>\n"},
		{"a table", "| a | b | c |\n|:--|--:|---|\n| *1* | `x\\|y` |", "<table>\n<thead>\n<tr>\n<th align=\"left\">a</th>\n<th align=\"right\">b</th>\n<th>c</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td align=\"left\"><em>1</em></td>\n<td align=\"right\"><code>x|y</code></td>\n<td></td>\n</tr>\n</tbody>\n</table>\n"},
		{"lists", "- a\n  1. b\n- c\n\n7. d", "<ul>\n<li>a\n<ol>\n<li>b</li>\n</ol>\n</li>\n<li>c</li>\n</ul>\n<ol start=\"7\">\n<li>d</li>\n</ol>\n"},
		{"tasks", "- [ ] a\n- [x] b", "<ul>\n<li><input disabled=\"\" type=\"checkbox\"> a</li>\n<li><input checked=\"\" disabled=\"\" type=\"checkbox\"> b</li>\n</ul>\n"},
		{"code", "```c++ title\na <b> &amp;\n\n  c\n```\n\n    d", "<pre><code class=\"language-c++\">a &lt;b&gt; &amp;amp;\n\n  c\n</code></pre>\n<pre><code>d\n</code></pre>\n"},
		{"code in no known spelling of a language", "```\"x\nb\n```", "<pre><code>b\n</code></pre>\n"},
		{"a quote and a rule", "> a\n\n---", "<blockquote>\n<p>a</p>\n</blockquote>\n<hr>\n"},
		{"tags are text", "Set <server> to *x* <b class='y'>z</b>.\n\n<div>\n*a* & b\n</div>", "<p>Set &lt;server&gt; to <em>x</em> &lt;b class=&#39;y&#39;&gt;z&lt;/b&gt;.</p>\n<p>&lt;div&gt;\n*a* &amp; b\n&lt;/div&gt;</p>\n"},
		{"comments are nothing", "a <!-- b --> c\n\n<!-- d\n\ne -->\n\n<p>f<!-- g -->h<!-- i", "<p>a  c</p>\n<p>&lt;p&gt;fh</p>\n"},
		{"entities and escapes", `&lt;b&gt; &copy; &#233; \<i\> \&amp; &nope;`, "<p>&lt;b&gt; © é &lt;i&gt; &amp;amp; &amp;nope;</p>\n"},
		{"what is no text", "a\x00b\xffc [d](/e\x00f)", "<p>a\uFFFDb\uFFFDc <a href=\"/e%EF%BF%BDf\">d</a></p>\n"},
		{"footnotes", "a[^n] b[^n] [c[^m]](/d)\n\n[^n]: e\n[^m]: f", `<p>a<sup id="md-fnref:1"><a href="#md-fn:1" class="footnote-ref" role="doc-noteref">1</a></sup> b<sup id="md-fnref1:1"><a href="#md-fn:1" class="footnote-ref" role="doc-noteref">1</a></sup> <a href="/d">c</a><sup id="md-fnref:2"><a href="#md-fn:2" class="footnote-ref" role="doc-noteref">2</a></sup></p>
<div class="footnotes" role="doc-endnotes">
<hr>
<ol>
<li id="md-fn:1">
<p>e` + "\u00a0" + `<a href="#md-fnref:1" class="footnote-backref" role="doc-backlink">↩︎</a>` + "\u00a0" + `<a href="#md-fnref1:1" class="footnote-backref" role="doc-backlink">↩︎</a></p>
</li>
<li id="md-fn:2">
<p>f` + "\u00a0" + `<a href="#md-fnref:2" class="footnote-backref" role="doc-backlink">↩︎</a></p>
</li>
</ol>
</div>
`},
	} {
		t.Run(c.name, func(t *testing.T) {
			page, err := r.Render(c.body)
			require.NoError(t, err)
			assert.Equal(t, c.page, page)
			assert.Empty(t, unsafe(strings.ReplaceAll(page, `href="https://desk.example`, `href="`)))
		})
	}
}

func TestOptions(t *testing.T) {
	for _, c := range []struct {
		name       string
		options    markdown.Options
		body, page string
	}{
		{"other schemes", markdown.Options{Schemes: []string{"https", "ssh"}}, "[a](http://b.example) [c](ssh://d.example) [e](mailto:f@g.example)", `<p>a <a href="ssh://d.example"` + external + ">c</a> e</p>\n"},
		{"no schemes", markdown.Options{Schemes: []string{}, ImageSchemes: []string{}}, "[a](https://b.example) [c](/d) ![e](https://f.example/g.png) www.h.example", "<p>a <a href=\"/d\">c</a> e www.h.example</p>\n"},
		{"images of http", markdown.Options{ImageSchemes: []string{"http"}}, "![a](http://b.example/c.png) ![d](https://b.example/c.png)", `<p><img src="http://b.example/c.png" referrerpolicy="no-referrer" alt="a" loading="lazy"> d</p>` + "\n"},
		{"a prefix", markdown.Options{IDPrefix: "kb7-"}, "# A\n[b](#a)[^1]\n\n[^1]: c", "<h1 id=\"kb7-a\">A</h1>\n<p><a href=\"#kb7-a\">b</a><sup id=\"kb7-fnref:1\"><a href=\"#kb7-fn:1\" class=\"footnote-ref\" role=\"doc-noteref\">1</a></sup></p>\n<div class=\"footnotes\" role=\"doc-endnotes\">\n<hr>\n<ol>\n<li id=\"kb7-fn:1\">\n<p>c\u00a0<a href=\"#kb7-fnref:1\" class=\"footnote-backref\" role=\"doc-backlink\">↩︎</a></p>\n</li>\n</ol>\n</div>\n"},
		{"smaller headings", markdown.Options{Shift: 2}, "# A\n#### B\n###### C", "<h3 id=\"md-a\">A</h3>\n<h6 id=\"md-b\">B</h6>\n<h6 id=\"md-c\">C</h6>\n"},
		{"new tabs", markdown.Options{NewTab: true}, "[a](https://b.example) [c](/d) [e](mailto:f@g.example)", `<p><a href="https://b.example"` + external + ` target="_blank">a</a> <a href="/d">c</a> <a href="mailto:f@g.example">e</a></p>` + "\n"},
		{"no tags", markdown.Options{DropHTML: true}, "# A <b>\nSet <server> to x.\n\n<div>\na\n</div>\n\nb", "<h1 id=\"md-a\">A </h1>\n<p>Set  to x.</p>\n<p>b</p>\n"},
		{"nothing resolves", markdown.Options{}, "[a](kb:KB0000001) ![b](attachment:1)", "<p>a b</p>\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			page, err := newRenderer(t, c.options).Render(c.body)
			require.NoError(t, err)
			assert.Equal(t, c.page, page)
		})
	}
}

func TestOptionsThatMakeNoSense(t *testing.T) {
	for want, o := range map[string]markdown.Options{
		`scheme "javascript": it runs`:              {Schemes: []string{"https", "javascript"}},
		`scheme "data": it runs`:                    {ImageSchemes: []string{"data"}},
		`scheme "HTTPS": write it in small letters`: {Schemes: []string{"HTTPS"}},
		`scheme "https:": write`:                    {Schemes: []string{"https:"}}, `scheme "": write`: {Schemes: []string{""}},
		`id prefix "md": begin with a letter, end with a hyphen`: {IDPrefix: "md"}, `id prefix "\"x-"`: {IDPrefix: `"x-`},
		`id prefix "7-"`:        {IDPrefix: "7-"},
		"shift 6: it is 0 to 5": {Shift: 6}, "shift -1": {Shift: -1}, "max bytes -1": {MaxBytes: -1},
		"max depth 201: it is 0 to 200": {MaxDepth: 201}, "max depth -1": {MaxDepth: -1},
	} {
		_, err := markdown.New(o)
		require.ErrorIs(t, err, markdown.ErrOptions)
		assert.ErrorContains(t, err, want)
	}
	_, err := markdown.New(markdown.Options{Schemes: []string{"data", "vbscript"}, Shift: 7})
	require.Error(t, err)
	assert.Len(t, strings.Split(err.Error(), "\n"), 3, "all that is wrong")
}

func TestWhatResolveMayGive(t *testing.T) {
	for given, want := range map[string]string{
		"/files/1": "/files/1", "files/1?a=b&c": "files/1?a=b&amp;c", "https://a.example/1": "https://a.example/1",
		"http://a.example": "http://a.example", "HTTPS://a.example/": "HTTPS://a.example/", "/a b\"c": "/a%20b%22c",
		"/größe": "/gr%C3%B6%C3%9Fe", "#x": "#x",
		"": "", "javascript:alert(1)": "", "data:text/html,x": "", "ftp://a.example": "", "mailto:a@b.example": "",
		"//a.example": "", `/\a.example`: "", "https:a.example": "", "https://a@b.example": "", " javascript:x": "",
		"java\nscript:x": "", "https://a.example:x/": "",
	} {
		asked := 0
		r := newRenderer(t, markdown.Options{NewTab: true, Resolve: func(ref markdown.Reference) string {
			assert.Equal(t, markdown.Reference{Kind: markdown.Attachment, ID: "1"}, ref)
			asked++
			return given
		}})
		d, err := r.Read("[a](attachment:1) ![a](attachment:1) [a](attachment:1)")
		require.NoError(t, err)
		link, image := "a", "a"
		if want != "" {
			link, image = `<a href="`+want+`">a</a>`, `<img src="`+want+`" alt="a" loading="lazy">`
		}
		assert.Equal(t, "<p>"+link+" "+image+" "+link+"</p>\n", d.HTML, given)
		assert.Equal(t, []markdown.Reference{{Kind: markdown.Attachment, ID: "1"}}, d.References)
		assert.Equal(t, 1, asked)
	}
}

// handbook is an article as people write them.
const handbook = `# VPN: no connection

Most of the time the **token** has run out[^1]. See [the form](kb:KB0000007#Request "Request a token") or ring [the desk](tel:+3225550100).

![The icon, *locked*](attachment:21)

## Steps

1. Open ` + "`vpnctl`" + ` <server>:
   ` + "```sh" + `
   vpnctl connect

     --server vpn.example
   ` + "```" + `
2. Wait a minute.
   - [x] green
   - [ ] red

| Code | Meaning |
|-----:|:--------|
| 619  | *cable* |
| 691  | password |

> Never share it.
<!-- reviewed by ann -->

## Steps

Then [restart](#steps-1).

[^1]: After 90 days.
`

func TestRead(t *testing.T) {
	r := newRenderer(t, markdown.Options{Resolve: addresses, Shift: 1})
	d, err := r.Read(handbook)
	require.NoError(t, err)
	assert.Equal(t, `VPN: no connection
Most of the time the token has run out. See the form or ring the desk.
The icon, locked
Steps
Open vpnctl <server>:
vpnctl connect

  --server vpn.example
Wait a minute.
green
red
Code	Meaning
619	cable
691	password
Never share it.
Steps
Then restart.
After 90 days.`, d.Text)
	assert.Equal(t, []markdown.Heading{{2, "md-vpn-no-connection", "VPN: no connection"}, {3, "md-steps", "Steps"}, {3, "md-steps-1", "Steps"}}, d.Outline)
	assert.Equal(t, []markdown.Reference{{markdown.Article, "KB0000007"}, {markdown.Attachment, "21"}}, d.References)
	page, err := r.Render(handbook)
	require.NoError(t, err)
	assert.Equal(t, page, d.HTML)
	text, err := r.Text(handbook)
	require.NoError(t, err)
	assert.Equal(t, text, d.Text)
	outline, err := r.Outline(handbook)
	require.NoError(t, err)
	assert.Equal(t, outline, d.Outline)
	for _, h := range outline {
		assert.Contains(t, page, `id="`+h.ID+`"`)
	}
	var b bytes.Buffer
	require.NoError(t, r.HTML(&b, handbook))
	assert.Equal(t, page, b.String())
}

func TestOutline(t *testing.T) {
	r := newRenderer(t, markdown.Options{Resolve: addresses})
	outline, err := r.Outline("#\n\ntext\n\n# *a* `b` <c> ![d](attachment:1) &amp; e[^1]\n\nf  \ng\n=\n\n> ## h\n\n[^1]: # i")
	require.NoError(t, err)
	assert.Equal(t, []markdown.Heading{{1, "md-section", ""}, {1, "md-a-b-c-d-e", "a b <c> d & e"}, {1, "md-f-g", "f g"}, {2, "md-h", "h"}, {1, "md-i", "i"}}, outline)
	outline, err = r.Outline("no headings")
	require.NoError(t, err)
	assert.Empty(t, outline)
}

func TestLimits(t *testing.T) {
	r := newRenderer(t, markdown.Options{MaxBytes: 100, MaxDepth: 4})
	for body, want := range map[string]error{
		strings.Repeat("a", 100): nil, strings.Repeat("a", 101): markdown.ErrSize,
		"> > > a": nil, "> > > > a": markdown.ErrDepth, "- - a": markdown.ErrDepth, "- > a": nil,
		"***a***": nil, "> > ***a***": markdown.ErrDepth, "> > **a**": nil, "[^1]: > > > a\n\n[^1]": markdown.ErrDepth,
	} {
		d, err := r.Read(body)
		require.ErrorIs(t, err, want, body)
		if want == nil {
			continue
		}
		assert.Zero(t, d)
		var b bytes.Buffer
		require.ErrorIs(t, r.HTML(&b, body), want)
		assert.Zero(t, b.Len(), "nothing is written of a body that is refused")
		_, err = r.Text(body)
		require.ErrorIs(t, err, want)
		_, err = r.Outline(body)
		require.ErrorIs(t, err, want)
	}
	_, err := r.Render(strings.Repeat("a", 101))
	assert.EqualError(t, err, "markdown: too large: 101 bytes, of 100 at most: split the article")
	page, err := r.Render("> still there")
	require.NoError(t, err)
	assert.Equal(t, "<blockquote>\n<p>still there</p>\n</blockquote>\n", page)
}

// A log that somebody put in without a fence is shown, all of it.
func TestManyMarksInOneParagraph(t *testing.T) {
	r := newRenderer(t, markdown.Options{})
	line := "[warn] *a* &amp; b_c\\_d"
	text, err := r.Text(strings.Repeat(line+"\n", 3000) + "\n*after*")
	require.NoError(t, err)
	assert.Equal(t, 3000, strings.Count(text, "& b_c_d"))
	page, err := r.Render(strings.Repeat(line+"\n", 3000) + "\n*after*")
	require.NoError(t, err)
	assert.Contains(t, page, "<em>a</em>")
	assert.Contains(t, page, "*a*")
	assert.Contains(t, page, "<p><em>after</em></p>")
}

type broken struct{}

var errDisk = errors.New("disk full")

func (broken) Write([]byte) (int, error) { return 0, errDisk }

func TestAWriterThatFails(t *testing.T) {
	require.ErrorIs(t, newRenderer(t, markdown.Options{}).HTML(broken{}, "a"), errDisk)
}

// A fault of what is not ours, here of the caller's function, is an error and not the end of the program.
func TestAPanicIsAnError(t *testing.T) {
	r := newRenderer(t, markdown.Options{Resolve: func(markdown.Reference) string { panic("no database") }})
	_, err := r.Render("[a](attachment:1)")
	require.ErrorIs(t, err, markdown.ErrParser)
	assert.ErrorContains(t, err, "no database")
}

func TestManyAtOnce(t *testing.T) {
	r := newRenderer(t, markdown.Options{Resolve: addresses})
	want, err := newRenderer(t, markdown.Options{Resolve: addresses}).Read(handbook)
	require.NoError(t, err)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 20 {
				got, err := r.Read(handbook)
				assert.NoError(t, err)
				assert.Equal(t, want, got)
			}
		})
	}
	all.Wait()
}

// Bodies without links, tags and headings are as the parser alone has them: what is added here changes nothing else.
func TestOrdinaryBodiesAreAsTheParserHasThem(t *testing.T) {
	alone := goldmark.New(goldmark.WithExtensions(extension.NewTable(extension.WithTableCellAlignMethod(extension.TableCellAlignAttribute)),
		extension.Strikethrough, extension.TaskList, extension.Linkify))
	r := newRenderer(t, markdown.Options{})
	rapid.Check(t, func(t *rapid.T) {
		body := strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b c", "é", " ", "\n", "\n\n", "*", "**", "_", "~~", "`", "```\n", "> ", "- ", "- [x] ", "2. ", "    ", "|", "\n|-|:-:|\n",
			"\\", "&amp;", "&", "'", `"`, "!", "---\n", "(", ")", "  \n"}), 0, 30).Draw(t, "body"), "")
		var b bytes.Buffer
		require.NoError(t, alone.Convert([]byte(body), &b))
		if strings.Contains(b.String(), "<h2>") {
			t.Skip("a heading")
		}
		page, err := r.Render(body)
		require.NoError(t, err)
		assert.Equal(t, language.ReplaceAllString(normal(t, b.String()), ""), language.ReplaceAllString(normal(t, page), ""))
	})
}

// language is left out where it is not spelled as any is.
var language = regexp.MustCompile(` class="language-[^"]*"`)

func normal(t require.TestingT, page string) string {
	nodes, err := html.ParseFragment(strings.NewReader(page), &html.Node{Type: html.ElementNode, Data: "body", DataAtom: atom.Body})
	require.NoError(t, err)
	var b bytes.Buffer
	for _, n := range nodes {
		require.NoError(t, html.Render(&b, n))
	}
	return b.String()
}
