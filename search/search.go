// Package search finds articles, known errors and tickets by their words: ranked, filtered, and blind to what the asker may
// not see.
//
//	index := search.NewMemory(search.Options{})
//	err := index.Put(ctx, search.Document{
//		Tenant: "acme", Ref: search.Ref{Kind: "article", ID: "KB1", Locale: "en"},
//		Title: "Connect to the VPN", Body: "Start the client and ...", Allow: []string{search.Everyone},
//	})
//	found, err := index.Search(ctx, search.Query{Filter: search.Filter{Tenant: "acme"}, Text: `vpn "start the client"`})
//
// # Who sees what
//
// A document names who may see it, and a query who asks: see [Document.Allow]. An index answers as if the documents that
// the asker may not see were not there: no hit, total, snippet, matched word or similar document shows them. Only scores
// may feel them, since how rare a word is counts every document of the tenant, and what goes by rarity: which of the words
// that the asker can see Similar looks for, and which ones Expand adds. Tenants are wholly apart, in scores too.
//
// # Ranking
//
// [Memory] ranks by BM25 (Robertson and Zaragoza, The Probabilistic Relevance Framework: BM25 and Beyond, 2009), with
// fields weighted as Robertson, Zaragoza and Taylor do in Simple BM25 Extension to Multiple Weighted Fields, 2004: a word
// of a title is as good as several of a body.
//
// # Languages
//
// The locale of a document says how its words are read: Danish, Dutch, English, Finnish, French, German, Italian,
// Norwegian, Portuguese, Russian, Spanish and Swedish words are cut to their stems; those of others are
// taken as they are. A query is read in the language of each document that it may find. Case and diacritics never matter.
// Chinese, Japanese and Korean text is read in pairs of characters.
//
// # Concurrency
//
// Every Index is safe for concurrent use.
package search

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Index keeps documents and finds them.
//
// Bad input is [ErrInvalid] and changes nothing. An index whose context has ended answers its error.
type Index interface {
	// Put adds documents. One with the tenant, kind, ID and locale of another replaces it. All are put or none, and no
	// search sees a part of them.
	Put(ctx context.Context, docs ...Document) error
	// Remove takes documents of a tenant away; one with the locale "*" in all its locales. What is not there is no error.
	Remove(ctx context.Context, tenant string, refs ...Ref) error
	// Search answers what a query finds, best first; of two that are as good, the one with the lower ID, kind and locale.
	Search(ctx context.Context, q Query) (Result, error)
	// Similar answers the documents that share the most telling words with a text or a document, best first. It is
	// [ErrNotFound] for a document that is not there or that the asker may not see.
	Similar(ctx context.Context, like Like) (Result, error)
}

// Ref names a document within a tenant. The texts of one article in two languages are two documents.
type Ref struct {
	Kind   string `json:"kind"`
	ID     string `json:"id"`
	Locale string `json:"locale,omitempty"` // as BCP 47 writes it, such as de-CH; empty where it is of no language
}

// Document is what is indexed.
type Document struct {
	Tenant string `json:"tenant"`
	Ref
	Title    string   `json:"title,omitempty"`
	Body     string   `json:"body,omitempty"`
	Keywords []string `json:"keywords,omitempty"`
	// Allow and Deny are tokens of audiences: groups, roles, persons, as the caller likes. An asker sees the document if
	// and only if one of Allow is a token of theirs and none of Deny is. Every asker has the token [Everyone]. So a
	// document without Allow is seen by nobody.
	Allow []string `json:"allow,omitempty"`
	Deny  []string `json:"deny,omitempty"`
	// Labels are what a query may filter by, such as the service or the category.
	Labels map[string][]string `json:"labels,omitempty"`
	// At orders what a query without words lists, to the microsecond.
	At time.Time `json:"at,omitzero"`
}

// Everyone is the audience that every asker belongs to.
const Everyone = "*"

// Filter says who asks, and among what. A document must pass every part.
type Filter struct {
	// Tenant must be given.
	Tenant string
	// Audience are the tokens of the asker; see [Document.Allow].
	Audience []string
	// Kinds are the kinds of documents; none are all.
	Kinds []string
	// Locales are language ranges of basic filtering (RFC 4647, 3.3.1): "de" finds de and de-CH, "de-CH" not de, "*" all
	// that have a locale, and "" those that have none. Case does not matter. No range at all finds everything.
	Locales []string
	// Labels must each have one of the values.
	Labels map[string][]string
}

// Query is what is looked for.
type Query struct {
	Filter
	// Text is what somebody typed; [ParseQuery] tells how it is read. Without words it lists all that passes the filter
	// and has none of the excluded words, newest first. 16 KiB at most.
	Text string
	// Limit is how many hits are answered, 10 for 0, and Offset how many are left out before them; 10,000 at most together.
	Limit, Offset int
	// Snippets asks for the titles and fragments of the hits, with what matched.
	Snippets bool
	// Expand adds words that the best hits have in common (pseudo relevance feedback), so that more is found, also without
	// a word of the query, and less exactly. It costs a second search.
	Expand bool
}

// Like is what similar documents are looked for.
type Like struct {
	Filter
	// Of is a document of the index, which is no hit itself. Where its ID is empty, Text is taken.
	Of Ref
	// Text is any text, taken as words without operators; 1 MiB at most.
	Text string
	// Terms is how many of its words are looked for, the most telling by tf-idf; 25 for 0, 1,000 at most.
	Terms int
	// Limit is how many hits are answered, 10 for 0; 10,000 at most.
	Limit int
	// Snippets asks for the titles and fragments of the hits.
	Snippets bool
}

// Result is what was found.
type Result struct {
	Hits []Hit `json:"hits"`
	// Total is how many documents a query finds that the asker may see, exactly. Similar counts no further than its hits.
	Total int `json:"total"`
}

// Hit is a document that was found.
type Hit struct {
	Ref
	// Score compares hits of one answer. It is 0 where there are no words.
	Score float64 `json:"score"`
	// Matched says why: the words looked for that the document has. The scores add up to the hit's.
	Matched []Match `json:"matched,omitempty"`
	// Title is the whole title and Fragment a part of the body, where the query asks for snippets.
	Title    Snippet `json:"title,omitzero"`
	Fragment Snippet `json:"fragment,omitzero"`
}

// Match is a word that a hit has, and what it adds to the score.
type Match struct {
	Word  string  `json:"word"`
	Score float64 `json:"score"`
}

// Snippet is a piece of a document's text as it was put: whoever shows it escapes it.
type Snippet struct {
	Text string `json:"text"`
	// Spans are what matched, ascending and apart.
	Spans []Span `json:"spans,omitempty"`
	// Before and After tell that there is more text on that side.
	Before bool `json:"before,omitempty"`
	After  bool `json:"after,omitempty"`
}

// Span is a part of a text, in bytes from its beginning: text[Start:End].
type Span struct {
	Start int `json:"start"`
	End   int `json:"end"`
}

// Mark is the text with every span between two marks, and everything escaped by escape, where that is not nil:
//
//	snippet.Mark("<mark>", "</mark>", html.EscapeString)
func (s Snippet) Mark(open, end string, escape func(string) string) string {
	if escape == nil {
		escape = func(text string) string { return text }
	}
	var b strings.Builder
	at := 0
	for _, span := range s.Spans {
		b.WriteString(escape(s.Text[at:span.Start]) + open + escape(s.Text[span.Start:span.End]) + end)
		at = span.End
	}
	b.WriteString(escape(s.Text[at:]))
	return b.String()
}

// The errors of every index.
var (
	ErrInvalid  = errors.New("search: invalid")
	ErrNotFound = errors.New("search: no such document")
)

// The limits that an index keeps.
const (
	maxQueryText = 16 << 10
	maxLikeText  = 1 << 20
	maxHits      = 10_000
	maxTerms     = 1_000
	defaultHits  = 10
	defaultTerms = 25
)

// Valid says whether the document can be put: it needs a tenant, a kind and an ID.
func (d *Document) Valid() error {
	switch {
	case d.Tenant == "":
		return fmt.Errorf("%w: document %s %s: give its tenant", ErrInvalid, d.Kind, d.ID)
	case d.Kind == "" || d.ID == "":
		return fmt.Errorf("%w: document %q %q: give its kind and its ID", ErrInvalid, d.Kind, d.ID)
	}
	return nil
}

// Valid says whether the query can be asked, and sets the limit that it leaves to the index.
func (q *Query) Valid() error {
	if q.Limit == 0 {
		q.Limit = defaultHits
	}
	switch {
	case q.Tenant == "":
		return fmt.Errorf("%w: query: give its tenant", ErrInvalid)
	case len(q.Text) > maxQueryText:
		return fmt.Errorf("%w: query: the text is %d bytes long: shorten it to %d, or look for what is similar", ErrInvalid,
			len(q.Text), maxQueryText)
	case q.Limit < 0 || q.Offset < 0 || q.Limit > maxHits || q.Offset > maxHits-q.Limit:
		return fmt.Errorf("%w: query: limit %d and offset %d: give 0 to %d hits together", ErrInvalid, q.Limit, q.Offset, maxHits)
	}
	return nil
}

// Valid says whether similar documents can be looked for, and sets the limits that are left to the index.
func (l *Like) Valid() error {
	if l.Limit == 0 {
		l.Limit = defaultHits
	}
	if l.Terms == 0 {
		l.Terms = defaultTerms
	}
	switch {
	case l.Tenant == "":
		return fmt.Errorf("%w: like: give its tenant", ErrInvalid)
	case l.Of.ID == "" && l.Of != (Ref{}):
		return fmt.Errorf("%w: like: give the ID of the document", ErrInvalid)
	case l.Of.ID != "" && l.Text != "":
		return fmt.Errorf("%w: like: give a document or a text, not both", ErrInvalid)
	case len(l.Text) > maxLikeText:
		return fmt.Errorf("%w: like: the text is %d bytes long: cut it to %d", ErrInvalid, len(l.Text), maxLikeText)
	case l.Limit < 0 || l.Limit > maxHits || l.Terms < 0 || l.Terms > maxTerms:
		return fmt.Errorf("%w: like: limit %d and terms %d: give %d hits and %d terms at most", ErrInvalid, l.Limit, l.Terms,
			maxHits, maxTerms)
	}
	return nil
}
