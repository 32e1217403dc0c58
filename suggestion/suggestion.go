// Package suggestion proposes what may help with a ticket or a text: similar tickets, possible duplicates, known errors,
// articles. Each proposal says why it was made, in words that matched and things that are shared. People decide: nothing
// is linked, merged or answered by it.
//
// It reads any kind of ticket by its header and finds what a [Finder] has indexed; what is a known error or an article is
// said by the [Topic] that is asked for.
package suggestion

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/search"
)

// Finder finds what the actor may see. An *indexing.Indexer is one.
type Finder interface {
	Search(ctx context.Context, q search.Query) (search.Result, error)
	Similar(ctx context.Context, like search.Like) (search.Result, error)
}

// The labels of documents that suggestions look at. Whoever describes documents to the index sets those that a record has.
const (
	LabelItem     = "item"
	LabelService  = "service"
	LabelCategory = "category"
)

// Topic is something to ask for.
type Topic struct {
	// Name is what it is called where it is written down, such as "known_errors".
	Name string
	// Kinds and Labels limit what is proposed, as [search.Filter] does.
	Kinds  []string
	Labels map[string][]string
	// Within leaves out records that were made longer before or after the ticket than this; 0 leaves out none.
	Within time.Duration
	// Open leaves out records that have ended.
	Open bool
	// Least is the relevance below which nothing is proposed, 0.2 where it is 0.
	Least float64
}

// Suggestion is a proposal.
type Suggestion struct {
	Ref   itsm.Ref
	Title string
	// Relevance compares proposals of one answer: how much of the likeness of the best text this one has, 0 to 1, and what
	// is shared on top; see [Weights].
	Relevance float64
	Why       []Reason
	// Fragment is where the words stand.
	Fragment search.Snippet
}

// Reason is one reason for a proposal.
type Reason struct {
	// Code is one of those below.
	Code string `json:"code"`
	// Values are the words, items, services or categories.
	Values []string `json:"values,omitempty"`
}

// The codes of reasons.
const (
	ReasonWords    = "words"
	ReasonItem     = "item"
	ReasonService  = "service"
	ReasonCategory = "category"
	ReasonCaller   = "caller"
)

// Weights are what shared things add to the relevance of a proposal.
type Weights struct {
	Item, Service, Category, Caller float64
}

// DefaultWeights say that a shared item is worth a third of the words of the best text.
func DefaultWeights() Weights { return Weights{Item: 0.35, Service: 0.2, Category: 0.1, Caller: 0.25} }

// Advisor makes proposals. It may be used by many goroutines.
type Advisor struct {
	kernel  *itsm.Kernel
	finder  Finder
	weights Weights
}

// New makes an advisor. The zero Weights are the default ones.
func New(k *itsm.Kernel, f Finder, w Weights) *Advisor {
	if w == (Weights{}) {
		w = DefaultWeights()
	}
	return &Advisor{k, f, w}
}

// The bounds of an answer: how many proposals where none is said and at most, and how many candidates are looked at.
const (
	defaultLimit = 5
	maxLimit     = 50
	candidates   = 60
)

// ForText proposes what has the words of a text, best first; 5 for limit 0, 50 at most.
func (a *Advisor) ForText(ctx context.Context, t Topic, text string, limit int) ([]Suggestion, error) {
	return a.propose(ctx, t, text, nil, limit)
}

// ForTicket proposes what is like a ticket, or shares an item, service or category with it, best first; the ticket itself
// is none. The actor must be allowed to read it. It costs two searches and a read of each candidate, 60 of each search at most.
func (a *Advisor) ForTicket(ctx context.Context, t Topic, ticket itsm.Ref, limit int) ([]Suggestion, error) {
	rec, err := a.kernel.Get(ctx, ticket)
	if err != nil {
		return nil, err
	}
	if itsm.TicketOf(rec) == nil {
		return nil, itsm.Invalid("ticket", ticket.String()+" is no ticket")
	}
	title, description := a.kernel.Value(rec, "title").Text(), a.kernel.Value(rec, "description").Text()
	return a.propose(ctx, t, title+"\n"+description, rec, limit)
}

func (a *Advisor) propose(ctx context.Context, t Topic, text string, of itsm.Record, limit int) ([]Suggestion, error) {
	switch {
	case limit < 0 || limit > maxLimit:
		return nil, itsm.Invalid("limit", "ask for 0 to 50 proposals")
	case limit == 0:
		limit = defaultLimit
	}
	least := cmp.Or(t.Least, 0.2)
	filter := search.Filter{Kinds: t.Kinds, Labels: t.Labels}
	like, err := a.finder.Similar(ctx, search.Like{Filter: filter, Text: text, Limit: candidates, Snippets: true})
	if err != nil {
		return nil, err
	}
	hits := like.Hits
	best := 0.0
	for _, h := range hits {
		best = max(best, h.Score) // that of the ticket itself, where it is indexed
	}
	if of != nil {
		near, err := a.sharing(ctx, filter, of)
		if err != nil {
			return nil, err
		}
		for _, h := range near {
			if !slices.ContainsFunc(hits, func(o search.Hit) bool { return o.Ref == h.Ref }) {
				hits = append(hits, h)
			}
		}
	}
	var found []Suggestion
	for _, h := range hits {
		s := Suggestion{Ref: itsm.Ref{Kind: h.Kind, ID: h.ID}, Title: h.Title.Text, Fragment: h.Fragment}
		if best > 0 && h.Score > 0 {
			s.Relevance = h.Score / best
			s.Why = append(s.Why, Reason{ReasonWords, words(h.Matched)})
		}
		if of != nil {
			keep, err := a.compare(ctx, t, &s, of)
			if err != nil {
				return nil, err
			}
			if !keep {
				continue
			}
		}
		if s.Relevance >= least {
			found = append(found, s)
		}
	}
	slices.SortFunc(found, func(a, b Suggestion) int {
		return cmp.Or(-cmp.Compare(a.Relevance, b.Relevance), cmp.Compare(a.Ref.Kind, b.Ref.Kind), cmp.Compare(a.Ref.ID, b.Ref.ID))
	})
	return found[:min(limit, len(found))], nil
}

// sharing finds the newest that have an item of the ticket's, or its service, whatever they say.
func (a *Advisor) sharing(ctx context.Context, f search.Filter, of itsm.Record) (hits []search.Hit, err error) {
	t := itsm.TicketOf(of)
	for label, values := range map[string][]string{LabelItem: t.Items, LabelService: {t.Service}} {
		if len(values) == 0 || values[0] == "" || a.weightOf(label) == 0 {
			continue
		}
		if _, taken := f.Labels[label]; taken {
			continue
		}
		with := search.Filter{Kinds: f.Kinds, Labels: map[string][]string{label: values}}
		for name, v := range f.Labels {
			with.Labels[name] = v
		}
		found, err := a.finder.Search(ctx, search.Query{Filter: with, Limit: candidates, Snippets: true})
		if err != nil {
			return nil, err
		}
		hits = append(hits, found.Hits...)
	}
	return hits, nil
}

func (a *Advisor) weightOf(label string) float64 {
	if label == LabelItem {
		return a.weights.Item
	}
	return a.weights.Service
}

// compare adds what a proposal shares with the ticket, and answers whether the topic lets it stay.
func (a *Advisor) compare(ctx context.Context, t Topic, s *Suggestion, of itsm.Record) (bool, error) {
	if s.Ref == of.Header().Ref() {
		return false, nil
	}
	rec, err := a.kernel.Get(ctx, s.Ref)
	if errors.Is(err, itsm.ErrNotFound) {
		return false, nil // it went meanwhile
	}
	if err != nil {
		return false, err
	}
	is, other := itsm.TicketOf(of), itsm.TicketOf(rec)
	if other == nil {
		return true, nil
	}
	apart := other.CreatedAt.Sub(is.CreatedAt).Abs()
	if t.Open && !other.Open() || t.Within > 0 && apart > t.Within {
		return false, nil
	}
	var items []string
	for _, item := range other.Items {
		if slices.Contains(is.Items, item) {
			items = append(items, item)
		}
	}
	add := func(shared bool, weight float64, code string, values ...string) {
		if shared && weight > 0 {
			s.Relevance += weight
			s.Why = append(s.Why, Reason{code, values})
		}
	}
	add(len(items) > 0, a.weights.Item, ReasonItem, items...)
	add(is.Service != "" && is.Service == other.Service, a.weights.Service, ReasonService, is.Service)
	add(is.Category != "" && is.Category == other.Category, a.weights.Category, ReasonCategory, is.Category)
	add(is.Caller != "" && is.Caller == other.Caller && s.Ref.Kind == is.Ref().Kind, a.weights.Caller, ReasonCaller)
	return true, nil
}

// words are the words that matched, the most telling first.
func words(matched []search.Match) []string {
	matched = slices.Clone(matched)
	slices.SortStableFunc(matched, func(a, b search.Match) int { return -cmp.Compare(a.Score, b.Score) })
	list := make([]string, len(matched))
	for i, m := range matched {
		list[i] = m.Word
	}
	return list
}
