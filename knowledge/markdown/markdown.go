// Package markdown turns the Markdown body of a knowledge article into HTML that is safe to show, whoever wrote it.
//
//	r, err := markdown.New(markdown.Options{Resolve: addresses})
//	page, err := r.Render("# VPN\n\nSee [the form](kb:KB0000007#request).")
//	// <h1 id="md-vpn">VPN</h1>
//	// <p>See <a href="/kb/KB0000007#md-request">the form</a>.</p>
//
// # What is understood
//
// CommonMark with what GitHub adds to it: tables, strikethrough, bare addresses as links, task lists. Footnotes besides.
// Every heading has an id, made of its text and of a prefix.
//
// There is no raw HTML. A tag in the body is shown as the text that it is, so that nothing is lost of "set <server> to",
// or leaves nothing with [Options.DropHTML]. Comments leave nothing either way.
//
// # Links
//
// An address is http, https, mailto or tel, or relative; others leave their text. Images are https. An address with a
// user before its host, a backslash, or two slashes and no scheme is none: browsers and people read them in different ways.
// "attachment:ID" and "kb:KB0000001" name an attachment and another article: [Options.Resolve] says where they are.
// "#steps" is the heading of that name.
//
// Links to other places get rel="noopener noreferrer nofollow ugc": their pages learn nothing of the article, and gain
// nothing by it.
//
// # Safety
//
// Three layers, none of which trusts the others. What is parsed has no node for raw HTML that is passed on, and addresses
// are checked when they are resolved, that is, after entities and escapes. All text and all attributes are escaped when
// they are written. What was written is read again by a sanitizer that knows which elements, attributes and values there
// may be, and leaves out all else: no style, no script, no form but the boxes of a task list, and no id without
// the prefix, so that none stands in for a name of the page's scripts.
//
// A page should have a Content-Security-Policy all the same. script-src 'self' suits, as what is rendered has neither
// scripts nor styles in its elements. Plain text ([Document], [Heading]) is text: escape it where it is put into HTML.
//
// # Limits
//
// Some bodies are written to make a parser work for hours or fill a memory. A body is refused that is longer, nested
// deeper or that unfolds to more than the limits allow ([ErrSize], [ErrDepth]), and in one paragraph 2,000 marks
// have a meaning: what follows them is text, as it stands. Nothing is written of a body that is refused.
//
// # Cost
//
// Time and memory are in proportion to the body. The sanitizer takes about half of the time. Where an article is read much
// more often than it is written, and Resolve says the same to all, keep what was rendered.
//
// # Concurrency
//
// A Renderer does not change: any number of goroutines may use one. It calls Resolve in each of them.
//
// # Sources
//
// CommonMark Spec 0.31.2 (spec.commonmark.org); GitHub Flavored Markdown Spec 0.29-gfm; OWASP Cheat Sheet Series:
// Cross Site Scripting Prevention, XSS Filter Evasion, DOM Clobbering Prevention, HTML5 Security, Content Security Policy;
// HTML Living Standard, link types (rel). Parsed by github.com/yuin/goldmark, sanitized by
// github.com/microcosm-cc/bluemonday.
package markdown

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/text"
)

// Options say how bodies are rendered. The zero Options are useful.
type Options struct {
	// Schemes are those that links may have, without a colon; nil is http, https, mailto and tel. Those that run or
	// carry what the writer wants to be run, such as javascript and data, cannot be named.
	Schemes []string
	// ImageSchemes are those that images may have; nil is https. A relative address is an image only if Resolve gave it:
	// otherwise a reader would ask the reader's own desk for what a writer likes.
	ImageSchemes []string
	// Resolve gives the address of what a body names: http or https, or relative to the page. Empty means that it is not
	// there, or not for this reader. Any other address counts as empty, and so leaves the text of the link. It is called
	// once for each reference in a body. Nil resolves nothing.
	Resolve func(Reference) string
	// IDPrefix is before the id of every heading and footnote; empty is "md-". It begins with a letter and ends with a
	// hyphen. Where several bodies are on one page, each has a prefix of its own.
	IDPrefix string
	// Shift makes headings smaller: with 1 the largest is h2. From 0 to 5; none is smaller than h6.
	Shift int
	// NewTab opens links to other places in a tab of their own.
	NewTab bool
	// DropHTML leaves out tags that are in the body, which are otherwise shown as text.
	DropHTML bool
	// MaxBytes bounds a body; 0 is 1 MiB.
	MaxBytes int
	// MaxDepth bounds how deep blocks and spans lie in each other; 0 is 64, and 200 the most. A list counts twice, for
	// itself and for its item.
	MaxDepth int
}

// The kinds of references.
const (
	Attachment = "attachment" // attachment:ID
	Article    = "kb"         // kb:KB0000001, also with a #heading
)

// Reference is what a body names by its id, for links and images.
type Reference struct {
	Kind string `json:"kind"` // Attachment or Article
	ID   string `json:"id"`   // of up to 128 letters, digits and "._-"; of an article KB and 7 to 12 digits
}

// Heading is a heading of a body.
type Heading struct {
	Level int    `json:"level"` // as it is rendered, 1 to 6
	ID    string `json:"id"`    // for a link: "#" and this
	Text  string `json:"text"`  // plain text
}

// Document is all that a body gives.
type Document struct {
	HTML string
	// Text is what a reader reads, for search and snippets: a line for each paragraph, item and row, tabs between cells,
	// the text of images, no numbers of footnotes.
	Text    string
	Outline []Heading
	// References are what the body names, each once, in their order, whether Resolve finds them or not.
	References []Reference
}

// What can be wrong. [errors.Is] finds them in what the methods return.
var (
	// ErrOptions means that the options make no sense.
	ErrOptions = errors.New("markdown: options")
	// ErrSize means that a body is too long, or unfolds to too much.
	ErrSize = errors.New("markdown: too large")
	// ErrDepth means that blocks or spans lie too deep in each other.
	ErrDepth = errors.New("markdown: nested too deep")
	// ErrParser means that the parser has a fault, which a body has brought to light.
	ErrParser = errors.New("markdown: the parser failed")
)

// Renderer renders bodies. [New] makes one, which is kept: it costs as much as some bodies do.
type Renderer struct {
	options       Options
	parser        parser.Parser
	writer        renderer.Renderer
	policy        *bluemonday.Policy
	links, images addresses
}

const (
	defaultBytes = 1 << 20
	defaultDepth = 64
	mostDepth    = 200 // browsers flatten what lies deeper than 512 elements, and some nodes are two of them
)

var idPrefix = regexp.MustCompile(`^[A-Za-z](?:[A-Za-z0-9-]{0,30})-$`)

// New makes a renderer. It fails with all that is wrong with the options ([ErrOptions]).
func New(o Options) (*Renderer, error) {
	var faults []error
	fault := func(wrong bool, format string, args ...any) {
		if wrong {
			faults = append(faults, fmt.Errorf("%w: "+format, append([]any{ErrOptions}, args...)...))
		}
	}
	o.Schemes = slices.Clone(o.Schemes)
	if o.Schemes == nil {
		o.Schemes = []string{"http", "https", "mailto", "tel"}
	}
	o.ImageSchemes = slices.Clone(o.ImageSchemes)
	if o.ImageSchemes == nil {
		o.ImageSchemes = []string{"https"}
	}
	if o.IDPrefix == "" {
		o.IDPrefix = "md-"
	}
	if o.MaxBytes == 0 {
		o.MaxBytes = defaultBytes
	}
	if o.MaxDepth == 0 {
		o.MaxDepth = defaultDepth
	}
	for _, s := range slices.Concat(o.Schemes, o.ImageSchemes) {
		fault(!scheme.MatchString(s), "scheme %q: write it in small letters and without a colon", s)
		fault(slices.Contains(unsafeSchemes, s), "scheme %q: it runs or carries what a writer likes; leave it out", s)
	}
	fault(!idPrefix.MatchString(o.IDPrefix),
		"id prefix %q: begin with a letter, end with a hyphen, 32 letters, digits and hyphens at most", o.IDPrefix)
	fault(o.Shift < 0 || o.Shift > 5, "shift %d: it is 0 to 5", o.Shift)
	fault(o.MaxBytes < 0, "max bytes %d: it is 0 or more", o.MaxBytes)
	fault(o.MaxDepth < 0 || o.MaxDepth > mostDepth, "max depth %d: it is 0 to %d", o.MaxDepth, mostDepth)
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	r := &Renderer{options: o, links: newAddresses(o.Schemes, true), images: newAddresses(o.ImageSchemes, false)}
	r.parser, r.writer, r.policy = newParser(), newWriter(o), newPolicy(o, r.links, r.images)
	return r, nil
}

// Read gives all of a body at once, from one parse: what is wanted when an article is saved. It fails with [ErrSize],
// [ErrDepth] or [ErrParser].
func (r *Renderer) Read(body string) (Document, error) {
	page, references, err := r.page(body)
	if err != nil {
		return Document{}, err
	}
	plain, outline := read(page)
	return Document{page, plain, outline, references}, nil
}

// Render gives a body as HTML. It fails as [Renderer.Read] does.
func (r *Renderer) Render(body string) (string, error) {
	page, _, err := r.page(body)
	return page, err
}

// HTML writes a body as HTML. It fails as [Renderer.Read] does, with nothing written, or as the writer does.
func (r *Renderer) HTML(w io.Writer, body string) error {
	page, err := r.Render(body)
	if err != nil {
		return err
	}
	if _, err = io.WriteString(w, page); err != nil {
		return fmt.Errorf("markdown: write: %w", err)
	}
	return nil
}

// Text gives a body as plain text: see [Document]. It fails as [Renderer.Read] does.
func (r *Renderer) Text(body string) (string, error) {
	d, err := r.Read(body)
	return d.Text, err
}

// Outline lists a body's headings. It fails as [Renderer.Read] does.
func (r *Renderer) Outline(body string) ([]Heading, error) {
	d, err := r.Read(body)
	return d.Outline, err
}

// lines makes every end of a line the same, and every character one that HTML can have.
var lines = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\x00", "\uFFFD")

func (r *Renderer) page(body string) (page string, references []Reference, err error) {
	if len(body) > r.options.MaxBytes {
		return "", nil, fmt.Errorf("%w: %d bytes, of %d at most: split the article", ErrSize, len(body), r.options.MaxBytes)
	}
	// The parser is not ours, and what it reads is written by anybody.
	defer func() {
		if p := recover(); p != nil {
			page, references, err = "", nil, fmt.Errorf("%w: leave out what was written last, and report it: %v", ErrParser, p)
		}
	}()
	source := []byte(lines.Replace(strings.ToValidUTF8(body, "\uFFFD")))
	run := &run{Context: parser.NewContext(), r: r, source: source}
	if run.weigh(); run.fault != nil {
		return "", nil, run.fault
	}
	root := r.parser.Parse(text.NewReader(source), parser.WithContext(run))
	if run.prepare(root); run.fault != nil {
		return "", nil, run.fault
	}
	var out buffer
	if err := r.writer.Render(&out, source, root); err != nil {
		return "", nil, fmt.Errorf("%w: %w", ErrParser, err)
	}
	return r.policy.SanitizeReader(&out).String(), run.references, nil
}
