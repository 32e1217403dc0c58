package mail

import (
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// htmlText makes readable plain text of HTML, in one pass over its tokens: paragraphs and rows become lines, quotes
// get their >, links their address. Scripts, styles and what is not shown are dropped. It never builds a tree, so
// nesting costs nothing.
func htmlText(source string) string {
	z := html.NewTokenizer(strings.NewReader(source))
	var t textWriter
	var lists []int // numbers of ordered lists, -1 of others
	silent, link, linkFrom := false, "", 0
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			return t.b.String()
		}
		tok := z.Token()
		tag := tok.DataAtom
		start := kind == html.StartTagToken || kind == html.SelfClosingTagToken
		end := kind == html.EndTagToken
		if kind != html.TextToken && kind != html.CommentToken {
			silent = start && dropped(tag)
		}
		if silent {
			continue
		}
		switch {
		case kind == html.TextToken:
			t.text(tok.Data)
		case tag == atom.Br && (start || end):
			t.newline()
		case tag == atom.Hr && start:
			t.lines(1)
			t.text("----")
			t.lines(1)
		case tag == atom.Pre:
			t.lines(1)
			t.pre = start
		case tag == atom.Blockquote:
			t.lines(1)
			if start {
				t.depth++
			} else if t.depth > 0 {
				t.depth--
			}
		case tag == atom.Ul || tag == atom.Ol:
			t.lines(1)
			if start && len(lists) < 100 {
				number := -1
				if tag == atom.Ol {
					number = 0
				}
				lists = append(lists, number)
			} else if end && len(lists) > 0 {
				lists = lists[:len(lists)-1]
			}
		case tag == atom.Li && start:
			t.lines(1)
			sign := "-"
			if n := len(lists); n > 0 && lists[n-1] >= 0 {
				lists[n-1]++
				sign = strconv.Itoa(lists[n-1]) + "."
			}
			t.text(sign + " ")
		case tag == atom.Td || tag == atom.Th:
			if start {
				t.text(" ")
			}
		case tag == atom.A && start:
			link, linkFrom = attribute(&tok, "href"), t.b.Len()
		case tag == atom.A && end:
			if web := strings.HasPrefix(link, "http://") || strings.HasPrefix(link, "https://"); web {
				if shown := t.b.String()[min(linkFrom, t.b.Len()):]; !strings.Contains(shown, strings.TrimSuffix(link, "/")) {
					t.text(" <" + link + ">")
				}
			}
			link = ""
		case tag == atom.Img && start:
			if alt := strings.TrimSpace(attribute(&tok, "alt")); alt != "" {
				t.text("[" + alt + "]")
			}
		case paragraph(tag) && (start || end):
			t.lines(2)
		case block(tag) && (start || end):
			t.lines(1)
		}
	}
}

// textWriter collapses space as a browser does.
type textWriter struct {
	b     strings.Builder
	depth int // of quotes
	wrote int // the depth of the last word
	pre   bool
	feeds int  // line feeds before the next word
	space bool // before the next word
}

func (t *textWriter) text(s string) {
	if t.pre {
		for i, line := range strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n") {
			if i > 0 {
				t.newline()
			}
			t.word(line)
		}
		return
	}
	for s != "" {
		n := strings.IndexAny(s, " \t\r\n\f\u00a0")
		switch {
		case n < 0:
			t.word(s)
			return
		case n > 0:
			t.word(s[:n])
			s = s[n:]
		}
		trimmed := strings.TrimLeft(s, " \t\r\n\f\u00a0")
		t.space = t.space || len(trimmed) < len(s)
		s = trimmed
	}
}

func (t *textWriter) word(s string) {
	if s == "" {
		return
	}
	begins := t.b.Len() == 0 || t.feeds > 0
	if t.b.Len() > 0 {
		for i := range t.feeds {
			if i > 0 {
				t.b.WriteString(mark(min(t.depth, t.wrote)))
			}
			t.b.WriteByte('\n')
		}
	}
	switch {
	case begins && t.depth > 0:
		t.b.WriteString(mark(t.depth) + " ")
	case t.space && !begins:
		t.b.WriteByte(' ')
	}
	t.b.WriteString(s)
	t.wrote, t.feeds, t.space = t.depth, 0, false
}

func mark(depth int) string { return strings.Repeat(">", min(depth, 20)) }

// lines sees to it that the next word stands n lines further.
func (t *textWriter) lines(n int) {
	t.feeds = max(t.feeds, n)
	t.space = false
}

func (t *textWriter) newline() {
	if t.feeds < 3 || t.pre {
		t.feeds++
	}
	t.space = false
}

func attribute(tok *html.Token, name string) string {
	for _, a := range tok.Attr {
		if a.Key == name {
			return strings.TrimSpace(a.Val)
		}
	}
	return ""
}

// dropped are the elements whose text is not for readers. The tokenizer takes what is in them as one text.
func dropped(tag atom.Atom) bool {
	switch tag {
	case atom.Script, atom.Style, atom.Title, atom.Noscript, atom.Iframe, atom.Noembed, atom.Noframes:
		return true
	}
	return false
}

func paragraph(tag atom.Atom) bool {
	switch tag {
	case atom.P, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Dl:
		return true
	}
	return false
}

func block(tag atom.Atom) bool {
	switch tag {
	case atom.Div, atom.Tr, atom.Table, atom.Li, atom.Section, atom.Article, atom.Header, atom.Footer, atom.Address,
		atom.Center, atom.Dt, atom.Dd, atom.Form, atom.Fieldset, atom.Figure, atom.Body:
		return true
	}
	return false
}
