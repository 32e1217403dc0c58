package markdown_test

import (
	"bytes"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/itsmkit/itsmkit/knowledge/markdown"
)

// allowed lists the elements that a page may have, and their attributes. It is written down here once more, and knows
// nothing of the package: what it does not name is an injection.
var allowed = map[string][]string{
	"p": nil, "br": nil, "hr": nil, "blockquote": nil, "pre": nil, "em": nil, "strong": nil, "del": nil, "ul": nil,
	"table": nil, "thead": nil, "tbody": nil, "tr": nil, "th": {"align"}, "td": {"align"}, "code": {"class"},
	"ol": {"start"},
	"h1": {"id"}, "h2": {"id"}, "h3": {"id"}, "h4": {"id"}, "h5": {"id"}, "h6": {"id"}, "sup": {"id"}, "li": {"id"},
	"div": {"class", "role"}, "a": {"href", "title", "rel", "target", "class", "role"},
	"img": {"src", "alt", "title", "loading", "referrerpolicy"}, "input": {"type", "checked", "disabled"},
}

var values = map[string]*regexp.Regexp{
	"id":       regexp.MustCompile(`^md-[^\s"'<>&=]+$`),
	"class":    regexp.MustCompile(`^(language-[\w+#.-]+|footnotes|footnote-ref|footnote-backref)$`),
	"role":     regexp.MustCompile(`^doc-(endnotes|noteref|backlink)$`),
	"align":    regexp.MustCompile(`^(left|right|center)$`),
	"start":    regexp.MustCompile(`^\d{1,9}$`),
	"type":     regexp.MustCompile(`^checkbox$`),
	"checked":  regexp.MustCompile(`^$`),
	"disabled": regexp.MustCompile(`^$`),
	"rel":      regexp.MustCompile(`^noopener noreferrer nofollow ugc$`),
	"target":   regexp.MustCompile(`^_blank$`),
	"loading":  regexp.MustCompile(`^lazy$`), "referrerpolicy": regexp.MustCompile(`^no-referrer$`),
	"title": regexp.MustCompile(``), "alt": regexp.MustCompile(``), "href": regexp.MustCompile(``),
	"src": regexp.MustCompile(``),
}

// unsafe says what is wrong with a page, as a browser would read it: nothing, if it is empty. Faults that begin with one
// of the words left out are none.
func unsafe(page string, leftOut ...string) (faults []string) {
	fault := func(format string, args ...any) {
		f := fmt.Sprintf(format, args...)
		if !slices.ContainsFunc(leftOut, func(word string) bool { return strings.HasPrefix(f, word) }) {
			faults = append(faults, f)
		}
	}
	body := &html.Node{Type: html.ElementNode, Data: "body", DataAtom: atom.Body}
	nodes, err := html.ParseFragment(strings.NewReader(page), body)
	if err != nil {
		fault("not HTML: %v", err)
	}
	ids := map[string]bool{}
	var visit func(n *html.Node)
	visit = func(n *html.Node) {
		switch n.Type {
		case html.TextNode:
		case html.ElementNode:
			attributes, known := allowed[n.Data]
			if !known || n.Namespace != "" {
				fault("element %s %s", n.Namespace, n.Data)
			}
			of := map[string]string{}
			for _, a := range n.Attr {
				if !slices.Contains(attributes, a.Key) || a.Namespace != "" || !values[a.Key].MatchString(a.Val) {
					fault("attribute %s of %s: %q", a.Key, n.Data, a.Val)
				}
				of[a.Key] = a.Val
			}
			if id := of["id"]; id != "" && ids[id] {
				fault("id %s twice", id)
			} else {
				ids[id] = true
			}
			if _, given := of["href"]; given {
				external, ok := leads(of["href"], "http", "https", "mailto", "tel")
				if !ok {
					fault("href %q", of["href"])
				}
				if external != (of["rel"] != "") || of["target"] != "" && !external {
					fault("rel %q of %s", of["rel"], of["href"])
				}
			} else if n.Data == "a" {
				fault("rel of a link to nowhere")
			}
			if _, given := of["src"]; given {
				external, ok := leads(of["src"], "https")
				if !ok {
					fault("src %q", of["src"])
				}
				if !external && !strings.HasPrefix(of["src"], "/files/") {
					fault("own src %q", of["src"])
				}
			} else if n.Data == "img" {
				fault("own src of nothing")
			}
			if n.Data == "input" && (of["type"] != "checkbox" || !has(n, "disabled")) {
				fault("field of a form")
			}
		default:
			fault("node of type %d: %q", n.Type, n.Data)
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			visit(c)
		}
	}
	var again bytes.Buffer
	for _, n := range nodes {
		visit(n)
		if err := html.Render(&again, n); err != nil {
			fault("cannot be written: %v", err)
		}
	}
	// What a page does when it is read, written and read once more is how mutations come in.
	once := again.String()
	nodes, _ = html.ParseFragment(strings.NewReader(once), body)
	again.Reset()
	for _, n := range nodes {
		_ = html.Render(&again, n)
	}
	if again.String() != once {
		fault("it changes when it is read again: %q is %q", once, again.String())
	}
	return faults
}

func has(n *html.Node, key string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == key })
}

// leads follows an address as browsers do: they drop tabs and line ends, and spaces and controls before it, take a
// backslash for a slash, and two slashes for another host.
func leads(address string, schemes ...string) (external, ok bool) {
	address = strings.NewReplacer("\t", "", "\n", "", "\r", "", `\`, "/").Replace(address)
	address = strings.TrimLeftFunc(address, func(c rune) bool { return c <= ' ' })
	scheme, rest, found := strings.Cut(address, ":")
	if !found || strings.ContainsAny(scheme, "/?#") {
		return false, address != "" && !strings.HasPrefix(address, "//")
	}
	scheme = strings.ToLower(scheme)
	if scheme == "http" || scheme == "https" {
		u, err := url.Parse(address)
		return true, err == nil && strings.HasPrefix(rest, "//") && u.Host != "" && u.User == nil && slices.Contains(schemes, scheme)
	}
	return false, slices.Contains(schemes, scheme)
}

// hostile resolves references to what an attacker would like. The ids of references are the attacker's, too.
func hostile(ref markdown.Reference) string {
	bad := []string{"javascript:alert(1)", "//evil.example", "data:text/html,x", `/files/1" onerror="alert(1)`, "/files/ok.png", `/\evil.example`,
		"https://a@evil.example/", "", "java\tscript:alert(1)", "\x01javascript:alert(1)", "/files/<script>", "vbscript:x", "https:evil.example"}
	n := 0
	for _, c := range ref.ID {
		n += int(c)
	}
	return bad[n%len(bad)]
}

func renderers(t testing.TB) []*markdown.Renderer {
	var all []*markdown.Renderer
	for _, o := range []markdown.Options{{}, {Resolve: hostile, NewTab: true, Shift: 2}, {DropHTML: true, Resolve: func(r markdown.Reference) string { return "/files/" + r.ID }}} {
		r, err := markdown.New(o)
		require.NoError(t, err)
		all = append(all, r)
	}
	return all
}

// requireSafe renders a body in every way.
func requireSafe(t require.TestingT, all []*markdown.Renderer, body string) (made []string) {
	for _, r := range all {
		d, err := r.Read(body)
		if err != nil {
			require.Condition(t, func() bool { return isLimit(err) }, "%v", err)
			continue
		}
		require.Empty(t, unsafe(d.HTML), "of %q:\n%s", body, d.HTML)
		made = append(made, d.HTML, d.Text)
	}
	return made
}

// requireStaysSafe renders a body in every way, and what comes of it as a body again.
func requireStaysSafe(t require.TestingT, all []*markdown.Renderer, body string) {
	for _, again := range requireSafe(t, all, body) {
		requireSafe(t, all[:1], again)
	}
}
