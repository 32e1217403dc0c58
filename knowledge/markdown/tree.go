package markdown

import (
	"bytes"
	"html"
	"strconv"

	"github.com/yuin/goldmark/ast"
	east "github.com/yuin/goldmark/extension/ast"
	goldhtml "github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/util"
)

// prepare gives links their addresses and headings their ids, and takes out what may not be.
func (d *run) prepare(root ast.Node) {
	if d.fault == nil && deeper(root, d.r.options.MaxDepth) {
		d.refuseDepth()
	}
	if d.fault == nil {
		d.visit(root, nil)
	}
}

// deeper reports whether nodes with children lie more than so deep in a root. It keeps no stack, as they may.
func deeper(root ast.Node, most int) bool {
	for n, depth := root, 0; ; {
		if child := n.FirstChild(); child != nil {
			if depth > most {
				return true
			}
			n, depth = child, depth+1
			continue
		}
		for n != root && n.NextSibling() == nil {
			n, depth = n.Parent(), depth-1
		}
		if n == root {
			return false
		}
		n = n.NextSibling()
	}
}

// visit goes through the nodes that lie in one; link is the one that all lie in, if there is one.
func (d *run) visit(n ast.Node, link *ast.Link) {
	for c := n.FirstChild(); c != nil && d.fault == nil; {
		next := c.NextSibling()
		switch c := c.(type) {
		case *ast.Heading:
			c.Level = min(c.Level+d.r.options.Shift, 6)
			d.visit(c, link)
			c.SetAttributeString("id", d.name(c))
		case *ast.Link:
			d.visit(c, c)
			d.link(c)
		case *ast.AutoLink:
			d.autoLink(c, link != nil)
		case *ast.Image:
			d.image(c)
		case *east.FootnoteLink:
			if link != nil { // a link in a link is none: the number follows it
				n.RemoveChild(n, c)
				link.Parent().InsertAfter(link.Parent(), link, c)
			}
		default:
			d.visit(c, link)
		}
		c = next
	}
}

func (d *run) link(n *ast.Link) {
	to := d.resolve(n.Destination, d.r.links)
	if !to.ok {
		for c := n.FirstChild(); c != nil; c = n.FirstChild() {
			n.Parent().InsertBefore(n.Parent(), n, c)
		}
		n.Parent().RemoveChild(n.Parent(), n)
		return
	}
	d.address(n, "href", to, n.Title)
}

func (d *run) autoLink(n *ast.AutoLink, within bool) {
	label := ast.NewString(n.Label(d.source))
	label.SetRaw(true)
	destination := n.URL(d.source)
	if n.AutoLinkType == ast.AutoLinkEmail && !bytes.HasPrefix(bytes.ToLower(destination), []byte("mailto:")) {
		destination = append([]byte("mailto:"), destination...)
	}
	// Entities have no meaning in an address that stands by itself, and are escaped so that none is found.
	to := d.resolve(bytes.ReplaceAll(destination, []byte("&"), []byte("&amp;")), d.r.links)
	if !to.ok || within {
		n.Parent().ReplaceChild(n.Parent(), n, label)
		return
	}
	link := ast.NewLink()
	link.AppendChild(link, label)
	n.Parent().ReplaceChild(n.Parent(), n, link)
	d.address(link, "href", to, nil)
}

func (d *run) image(n *ast.Image) {
	alt, to := d.text(n), d.resolve(n.Destination, d.r.images)
	if !to.ok {
		words := ast.NewString([]byte(alt))
		words.SetRaw(true)
		n.Parent().ReplaceChild(n.Parent(), n, words)
		return
	}
	d.address(n, "src", to, n.Title)
	n.SetAttributeString("alt", alt)
	n.SetAttributeString("loading", "lazy")
}

// address writes where a node leads.
func (d *run) address(n ast.Node, attribute string, to target, title []byte) {
	if d.addressed += len(to.address) + len(title); d.addressed > maxAddresses {
		d.refuse(ErrSize, "%d MiB of addresses, as long ones are referred to again and again: shorten them", maxAddresses>>20)
		return
	}
	n.SetAttributeString(attribute, to.address)
	if len(title) > 0 {
		n.SetAttributeString("title", d.unescape(title, false))
	}
	switch {
	case to.external && attribute == "src":
		n.SetAttributeString("referrerpolicy", "no-referrer")
	case to.external:
		n.SetAttributeString("rel", relExternal)
		if d.r.options.NewTab {
			n.SetAttributeString("target", "_blank")
		}
	}
}

const relExternal = "noopener noreferrer nofollow ugc"

// name gives a heading an id that no other has.
func (d *run) name(heading *ast.Heading) string {
	if d.ids == nil {
		d.ids = map[string]int{}
	}
	base := slug(d.text(heading))
	if base == "" {
		base = "section"
	}
	name := base
	for n := d.ids[base]; ; n++ {
		if n > 0 {
			name = base + "-" + strconv.Itoa(n)
		}
		if _, taken := d.ids[name]; !taken {
			d.ids[base], d.ids[name] = n+1, max(d.ids[name], 1)
			return d.r.options.IDPrefix + name
		}
	}
}

// text is what a reader reads of a node.
func (d *run) text(n ast.Node) string {
	var b bytes.Buffer
	d.appendText(&b, n)
	return b.String()
}

func (d *run) appendText(b *bytes.Buffer, n ast.Node) {
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		switch c := c.(type) {
		case *ast.Text:
			b.WriteString(d.unescape(c.Value(d.source), c.IsRaw()))
			if c.SoftLineBreak() || c.HardLineBreak() {
				b.WriteByte(' ')
			}
		case *ast.String:
			b.WriteString(d.unescape(c.Value, c.IsRaw()))
		case *ast.AutoLink:
			b.Write(c.Label(d.source))
		case *ast.RawHTML:
			if !d.r.options.DropHTML {
				b.Write(uncomment(c.Segments.Value(d.source)))
			}
		default:
			d.appendText(b, c)
		}
	}
}

// unescape gives the characters that escapes and entities stand for, as the parser understands them.
func (d *run) unescape(source []byte, raw bool) string {
	if raw || bytes.IndexByte(source, '\\') < 0 && bytes.IndexByte(source, '&') < 0 {
		return string(source)
	}
	var b buffer
	goldhtml.DefaultWriter.Write(&b, source)
	return html.UnescapeString(b.String())
}

// buffer is a memory that the parser's writers take for a buffered one.
type buffer struct{ bytes.Buffer }

func (*buffer) Buffered() int { return 0 }
func (*buffer) Flush() error  { return nil }

var _ util.BufWriter = (*buffer)(nil)
