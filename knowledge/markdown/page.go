package markdown

import (
	"bytes"
	"regexp"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/util"
)

func newWriter(o Options) renderer.Renderer {
	return renderer.NewRenderer(renderer.WithNodeRenderers(
		util.Prioritized(own{o.DropHTML}, 100),
		// An attribute, as policies of pages forbid styles.
		util.Prioritized(extension.NewTableHTMLRenderer(
			extension.WithTableCellAlignMethod(extension.TableCellAlignAttribute)), 500),
		util.Prioritized(extension.NewStrikethroughHTMLRenderer(), 500),
		util.Prioritized(extension.NewTaskCheckBoxHTMLRenderer(), 500),
		util.Prioritized(extension.NewFootnoteHTMLRenderer(extension.WithFootnoteIDPrefix(o.IDPrefix)), 500),
		util.Prioritized(html.NewRenderer(), 1000),
	))
}

// own writes what is not written as the parser's own renderers do: links and images, of which prepare has written all
// attributes, and raw HTML.
type own struct{ drop bool }

func (o own) RegisterFuncs(to renderer.NodeRendererFuncRegisterer) {
	to.Register(ast.KindLink, o.link)
	to.Register(ast.KindImage, o.image)
	to.Register(ast.KindRawHTML, o.tag)
	to.Register(ast.KindHTMLBlock, o.block)
}

func (own) link(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		_, err := w.WriteString("</a>")
		return ast.WalkContinue, err
	}
	_, _ = w.WriteString("<a")
	html.RenderAttributes(w, n, nil)
	return ast.WalkContinue, w.WriteByte('>')
}

func (own) image(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	if entering {
		_, _ = w.WriteString("<img")
		html.RenderAttributes(w, n, nil)
		_ = w.WriteByte('>')
	}
	return ast.WalkSkipChildren, nil
}

func (o own) tag(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	if raw, ok := n.(*ast.RawHTML); ok && entering && !o.drop {
		html.DefaultWriter.RawWrite(w, uncomment(raw.Segments.Value(source)))
	}
	return ast.WalkSkipChildren, nil
}

func (o own) block(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	raw, ok := n.(*ast.HTMLBlock)
	if !ok || !entering || o.drop {
		return ast.WalkContinue, nil
	}
	tags := raw.Lines().Value(source)
	if raw.HasClosure() {
		tags = append(tags, raw.ClosureLine.Value(source)...)
	}
	if tags = bytes.TrimSpace(uncomment(tags)); len(tags) > 0 {
		_, _ = w.WriteString("<p>")
		html.DefaultWriter.RawWrite(w, tags)
		_, _ = w.WriteString("</p>\n")
	}
	return ast.WalkContinue, nil
}

// uncomment takes comments out of raw HTML: their writer did not mean to show them.
func uncomment(raw []byte) []byte {
	var shown []byte
	for {
		from := bytes.Index(raw, []byte("<!--"))
		if from < 0 {
			return append(shown, raw...)
		}
		shown = append(shown, raw[:from]...)
		rest := raw[from+len("<!--"):]
		to := bytes.Index(rest, []byte("-->"))
		if to < 0 {
			return shown
		}
		raw = rest[to+len("-->"):]
	}
}

// newPolicy is what the page may have, and nothing else.
func newPolicy(o Options, links, images addresses) *bluemonday.Policy {
	one := func(values string) *regexp.Regexp { return regexp.MustCompile(`^(?:` + values + `)$`) }
	p := bluemonday.NewPolicy()
	p.AllowElements("p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "code", "em", "strong", "del",
		"sup", "ul", "ol", "li", "table", "thead", "tbody", "tr", "th", "td", "div")
	id := regexp.QuoteMeta(o.IDPrefix)
	p.AllowAttrs("id").Matching(one(id+`[\p{L}\p{M}\p{N}-]+`)).OnElements("h1", "h2", "h3", "h4", "h5", "h6")
	p.AllowAttrs("id").Matching(one(id + `fnref[0-9]*:[0-9]+`)).OnElements("sup")
	p.AllowAttrs("id").Matching(one(id + `fn:[0-9]+`)).OnElements("li")
	p.AllowAttrs("class").Matching(one(`footnotes`)).OnElements("div")
	p.AllowAttrs("role").Matching(one(`doc-endnotes`)).OnElements("div")
	p.AllowAttrs("class").Matching(one(`footnote-ref|footnote-backref`)).OnElements("a")
	p.AllowAttrs("role").Matching(one(`doc-noteref|doc-backlink`)).OnElements("a")
	p.AllowAttrs("class").Matching(one(`language-[A-Za-z0-9_+#.-]{1,40}`)).OnElements("code")
	p.AllowAttrs("align").Matching(one(`left|right|center`)).OnElements("th", "td")
	p.AllowAttrs("start").Matching(one(`[0-9]{1,9}`)).OnElements("ol")
	p.AllowAttrs("type").Matching(one(`checkbox`)).OnElements("input")
	p.AllowAttrs("checked", "disabled").Matching(one(``)).OnElements("input")
	p.AllowAttrs("href").Matching(links.written).OnElements("a")
	p.AllowAttrs("rel").Matching(one(relExternal)).OnElements("a")
	p.AllowAttrs("target").Matching(one(`_blank`)).OnElements("a")
	p.AllowAttrs("src").Matching(images.written).OnElements("img")
	p.AllowAttrs("alt").OnElements("img")
	p.AllowAttrs("loading").Matching(one(`lazy`)).OnElements("img")
	p.AllowAttrs("referrerpolicy").Matching(one(`no-referrer`)).OnElements("img")
	p.AllowAttrs("title").OnElements("a", "img")
	return p
}
