package markdown

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// read gives the plain text of a page, and its headings.
func read(page string) (string, []Heading) {
	var (
		all, heading plain
		outline      []Heading
		code         bool // within pre
		title        bool // within a heading
		number       bool // within the number of a footnote, or the way back from it
	)
	tokens := html.NewTokenizer(strings.NewReader(page))
	for {
		switch tokens.Next() {
		case html.ErrorToken: // the end, as a string has no other
			return all.done(), outline
		case html.TextToken:
			if words := string(tokens.Text()); !number {
				all.write(words, code)
				if title {
					heading.write(words, false)
				}
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			t := tokens.Token()
			switch t.DataAtom {
			case atom.A:
				number = strings.HasPrefix(value(t, "role"), "doc-")
			case atom.Img:
				all.write(value(t, "alt"), false)
				if title {
					heading.write(value(t, "alt"), false)
				}
			case atom.Pre:
				code = true
			case atom.Br:
				heading.gap(' ')
			case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
				heading, title = plain{}, true
				outline = append(outline, Heading{Level: int(t.Data[1] - '0'), ID: value(t, "id")})
			}
			all.gap(between(t.DataAtom))
		case html.EndTagToken:
			t := tokens.Token()
			switch t.DataAtom {
			case atom.A:
				number = false
			case atom.Pre:
				code = false
			case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
				if title {
					outline[len(outline)-1].Text, title = heading.done(), false
				}
			}
			all.gap(between(t.DataAtom))
		}
	}
}

func value(t html.Token, key string) string {
	for _, a := range t.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

// between is what parts the text before an element's tag from that after it, or 0.
func between(element atom.Atom) byte {
	switch element {
	case atom.Td, atom.Th:
		return '\t'
	case atom.A, atom.Code, atom.Del, atom.Em, atom.Img, atom.Input, atom.Strong, atom.Sup:
		return 0
	}
	return '\n'
}

// plain puts text together. What parts two words is written when the second comes.
type plain struct {
	b    strings.Builder
	next byte // what parts them: 0, space, tab or newline, of which each counts for more
}

func (p *plain) gap(c byte) {
	order := func(c byte) int { return strings.IndexByte("\x00 \t\n", c) }
	if order(c) > order(p.next) {
		p.next = c
	}
}

// write adds words, and all as it stands where it is code.
func (p *plain) write(words string, code bool) {
	if code {
		if p.b.Len() > 0 && p.next != 0 {
			p.b.WriteByte(p.next)
		}
		p.next = 0
		p.b.WriteString(strings.TrimRight(words, "\n"))
		return
	}
	const spaces = " \t\n\u00a0"
	for words != "" {
		rest := strings.TrimLeft(words, spaces)
		if len(rest) < len(words) {
			p.gap(' ')
		}
		end := strings.IndexAny(rest, spaces)
		if end < 0 {
			end = len(rest)
		}
		if end > 0 {
			if p.b.Len() > 0 && p.next != 0 {
				p.b.WriteByte(p.next)
			}
			p.next = 0
			p.b.WriteString(rest[:end])
		}
		words = rest[end:]
	}
}

func (p *plain) done() string { return strings.TrimRight(p.b.String(), " \t\n") }
