package markdown

import (
	"bytes"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/yuin/goldmark/util"
)

// addresses are the links, or images, that may be.
type addresses struct {
	schemes []string
	// written is what they look like in the end. The sanitizer asks for it once more.
	written *regexp.Regexp
	// links says that they lead somewhere when they are followed: those may be relative, and name articles and headings.
	links bool
}

var (
	scheme = regexp.MustCompile(`^[a-z][a-z0-9+.-]*$`)
	// leading is a scheme as a browser sees it: up to the first colon, if no path begins before it.
	leading    = regexp.MustCompile(`^([^/?#:]*):`)
	attachment = regexp.MustCompile(`^attachment:([A-Za-z0-9][A-Za-z0-9._-]{0,127})$`)
	article    = regexp.MustCompile(`^kb:(KB[0-9]{7,12})(?:#(.*))?$`)
)

// unsafeSchemes run scripts, carry documents that do, or hide another scheme behind them.
var unsafeSchemes = []string{
	"javascript", "vbscript", "livescript", "mocha", "jscript", "ecmascript", "data", "blob", "filesystem", "about",
	"view-source", "jar", "mhtml", "cid", "mid", "file", "res", "resource", "chrome", "wyciwyg", "feed", "intent", "ms-its", "mk",
}

// What addresses are made of. No character ends an attribute, and none is one that browsers pass over or read as another.
const (
	never        = `\s"<>\\\x00-\x20\x7f`
	anything     = `[^` + never + `]*`
	tail         = `(?:[/?#]` + anything + `)?`
	rooted       = `/(?:[^/` + never + `]` + anything + `)?` // but not of another host
	relativePath = `(?:[?#]` + anything + `|` + rooted + `|[^/:?#` + never + `]+` + tail + `)`
	hierarchical = `://[^/?#@:` + never + `][^/?#@` + never + `]*` + tail
)

func newAddresses(schemes []string, links bool) addresses {
	all := []string{`(?i:https?)` + hierarchical, relativePath} // what Resolve may give
	for _, s := range schemes {
		if s != "http" && s != "https" {
			all = append(all, `(?i:`+regexp.QuoteMeta(s)+`):[^`+never+`]`+anything)
		}
	}
	return addresses{schemes, regexp.MustCompile(`^(?:` + strings.Join(all, "|") + `)$`), links}
}

// ours are the addresses that Resolve may give.
var ours = newAddresses([]string{"http", "https"}, true)

// clean gives an address as it is written, if it may be, and says whether it leads to another place.
func (a addresses) clean(address string) (_ string, external, ok bool) {
	m := leading.FindStringSubmatch(address)
	if m == nil {
		return address, false, a.links && a.written.MatchString(address)
	}
	s := strings.ToLower(m[1])
	if !slices.Contains(a.schemes, s) || !a.written.MatchString(address) {
		return "", false, false
	}
	if u, err := url.Parse(address); err != nil || u.User != nil || (s == "http" || s == "https") && u.Hostname() == "" {
		return "", false, false
	}
	return address, s != "mailto" && s != "tel", true
}

// target is where a link or image leads.
type target struct {
	address  string
	external bool
	ok       bool
}

// resolve says where a destination leads. A body that has the same many times asks once.
func (d *run) resolve(destination []byte, a addresses) target {
	key := cached{string(destination), a.links}
	found, ok := d.targets[key]
	if !ok {
		if d.targets == nil {
			d.targets = map[cached]target{}
		}
		found = d.find(encode(util.ResolveEntityNames(util.ResolveNumericReferences(util.UnescapePunctuations(destination)))), a)
		d.targets[key] = found
	}
	return found
}

// encode gives an address as it is written. One that browsers would read as another is none.
func encode(address []byte) string {
	if bytes.ContainsFunc(address, func(c rune) bool { return c == '\\' || unicode.IsControl(c) }) {
		return ""
	}
	return string(util.URLEscape(address, false))
}

type cached struct {
	destination string
	link        bool
}

func (d *run) find(address string, a addresses) target {
	if m := attachment.FindStringSubmatch(address); m != nil {
		return d.ask(Reference{Attachment, m[1]}, "")
	}
	if m := article.FindStringSubmatch(address); m != nil && a.links {
		return d.ask(Reference{Article, m[1]}, m[2])
	}
	if heading, ok := strings.CutPrefix(address, "#"); ok && a.links {
		address = d.fragment(heading)
	}
	clean, external, ok := a.clean(address)
	return target{clean, external, ok}
}

// ask has Resolve say where a reference leads.
func (d *run) ask(ref Reference, heading string) target {
	address, known := d.resolved[ref]
	if !known {
		if d.resolved == nil {
			d.resolved = map[Reference]string{}
		}
		d.references = append(d.references, ref)
		if d.r.options.Resolve != nil {
			address = encode([]byte(d.r.options.Resolve(ref)))
		}
		d.resolved[ref] = address
	}
	if heading != "" && address != "" && !strings.Contains(address, "#") {
		address += d.fragment(heading)
	}
	clean, _, ok := ours.clean(address)
	return target{address: clean, ok: ok}
}

// fragment leads to a heading, by the name that its writer or a browser gives it.
func (d *run) fragment(heading string) string {
	if plain, err := url.PathUnescape(heading); err == nil {
		heading = plain
	}
	if prefix := d.r.options.IDPrefix; !strings.HasPrefix(heading, prefix) {
		heading = prefix + slug(heading)
	}
	return "#" + string(util.URLEscape([]byte(heading), false))
}

const longestSlug = 80 // characters

// slug is the name of a heading: its letters, marks and digits, of any script, with hyphens between the words.
func slug(heading string) string {
	var b strings.Builder
	n, gap := 0, false
	for _, c := range strings.ToLower(heading) {
		switch {
		case unicode.IsLetter(c), unicode.IsMark(c), unicode.IsNumber(c):
			if n >= longestSlug {
				return b.String()
			}
			if gap && n > 0 {
				b.WriteByte('-')
				n++
			}
			b.WriteRune(c)
			n, gap = n+1, false
		case unicode.IsSpace(c), c == '-', c == '_':
			gap = true
		}
	}
	return b.String()
}
