package desk

import (
	"context"
	"slices"
	"time"

	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/knowledge"
	"github.com/itsmkit/itsmkit/problem"
	"github.com/itsmkit/itsmkit/retention"
	"github.com/itsmkit/itsmkit/search"
	"github.com/itsmkit/itsmkit/search/indexing"
	"github.com/itsmkit/itsmkit/suggestion"
)

// The labels of documents, beside those of package suggestion: LabelKnownError, with the value "true", is that of problems and
// articles about known errors, LabelForm names an article's form.
const (
	LabelKnownError = "known_error"
	LabelForm       = "form"
)

// SimilarIncidents are incidents of any time. It is a topic for [Desk.Advisor].
func SimilarIncidents() suggestion.Topic {
	return suggestion.Topic{Name: "similar_incidents", Kinds: []string{incident.Kind}}
}

// Duplicates are incidents that may be the same report: open, very much alike, and reported within three days of the one
// that is asked about.
func Duplicates() suggestion.Topic {
	return suggestion.Topic{Name: "duplicates", Kinds: []string{incident.Kind}, Within: 72 * time.Hour, Open: true, Least: 0.5}
}

// KnownErrors are problems that are known errors, and published articles about them.
func KnownErrors() suggestion.Topic {
	return suggestion.Topic{
		Name: "known_errors", Kinds: []string{problem.Kind, knowledge.Kind}, Labels: map[string][]string{LabelKnownError: {"true"}},
	}
}

// Articles are published articles of any form.
func Articles() suggestion.Topic {
	return suggestion.Topic{Name: "articles", Kinds: []string{knowledge.Kind}}
}

// find sets up the index and who asks it.
func (d *Desk) find(c *Config) error {
	all := sources(c.Sources)
	kinds := make([]string, len(all))
	for i, s := range all {
		kinds[i] = s.Kind
	}
	x, err := indexing.New(d.Kernel, indexing.Config{
		Index: c.Index, Sources: all, Audience: audience(c.Authorizer, c.Directory, kinds),
		Gone: map[string]func(context.Context, itsm.Ref) ([]itsm.Ref, error){retention.Kind: d.purged},
	})
	if err != nil {
		return err
	}
	d.Search, d.Advisor = x, suggestion.New(d.Kernel, x, suggestion.Weights{})
	return nil
}

// purged are the records that a purge took.
func (d *Desk) purged(ctx context.Context, purge itsm.Ref) (refs []itsm.Ref, err error) {
	items, _, err := d.Retention.Items(ctx, purge.ID, 0, 0)
	for _, item := range items {
		refs = append(refs, item.Record)
	}
	return refs, err
}

// knownErrors drafts the articles of known errors, for agents until their authors say otherwise.
type knownErrors struct{ articles *knowledge.Articles }

// DraftKnownError implements [problem.Articles].
func (e knownErrors) DraftKnownError(u *itsm.Unit, p problem.Problem) (itsm.Ref, error) {
	d := knowledge.KnownError(p.Title, p.Description, p.Cause, p.Workaround, p.Ref())
	d.Audience, d.Service, d.Items, d.Category = knowledge.For(knowledge.Agents), p.Service, p.Items, p.Category
	d.Group, d.Owner = p.Group, p.Assignee
	return e.articles.DraftIn(u, d)
}

// sources are what is found on a desk, those of the host in place of ours.
func sources(own []indexing.Source) []indexing.Source {
	list := []indexing.Source{
		{Kind: incident.Kind, Document: func(rec itsm.Record) (search.Document, bool) {
			inc := rec.(*incident.Incident)
			doc := ticketDocument(&inc.Ticket)
			doc.Body += "\n" + inc.Resolution.Notes
			if inc.Caller != "" {
				doc.Allow = append(doc.Allow, personToken(inc.Caller))
			}
			return doc, true
		}},
		{Kind: problem.Kind, Document: func(rec itsm.Record) (search.Document, bool) {
			p := rec.(*problem.Problem)
			doc := ticketDocument(&p.Ticket)
			doc.Body += "\n" + p.Cause + "\n" + p.Workaround
			if p.KnownError {
				doc.Labels[LabelKnownError] = []string{"true"}
			}
			return doc, true
		}},
		{
			Kind: knowledge.Kind, Locale: "locale", Filter: filter(itsm.Where("state").Is(string(knowledge.StatePublished))),
			Document: func(rec itsm.Record) (search.Document, bool) {
				a := rec.(*knowledge.Article)
				text := a.Published.Get()
				doc := ticketDocument(&a.Ticket)
				doc.Ref.Locale, doc.Title, doc.Body, doc.Keywords = a.Locale, text.Title, text.Summary+"\n"+text.Body, text.Keywords
				doc.Allow, doc.Deny, doc.At = append(doc.Allow, a.Allow...), a.Deny, a.PublishedAt
				doc.Labels[LabelForm] = []string{a.Form}
				if a.Form == knowledge.FormKnownError {
					doc.Labels[LabelKnownError] = []string{"true"}
				}
				return doc, a.State == knowledge.StatePublished
			},
		},
	}
	list = slices.DeleteFunc(list, func(s indexing.Source) bool {
		return slices.ContainsFunc(own, func(o indexing.Source) bool { return o.Kind == s.Kind })
	})
	return append(list, own...)
}

func ticketDocument(t *itsm.Ticket) search.Document {
	return search.Document{
		Title: t.Title, Body: t.Description,
		Allow: []string{everyOf(t.Kind)},
		Labels: map[string][]string{
			suggestion.LabelItem: t.Items, suggestion.LabelService: {t.Service}, suggestion.LabelCategory: {t.Category},
		},
	}
}

// everyOf is the token of those who see every record of a kind.
func everyOf(kind string) string { return "every " + kind }

func personToken(person string) string { return "person:" + person }

func filter(f itsm.Filter) *itsm.Filter { return &f }

// audience says what an actor finds: the articles whose audience they belong to, the tickets of kinds that the authorizer shows
// without a limit, and the own ones. Authorizers that show a part of the others' tickets show them in lists, not here.
func audience(a itsm.Authorizer, d itsm.Directory, kinds []string) func(context.Context, *itsm.Actor) ([]string, error) {
	return func(ctx context.Context, actor *itsm.Actor) ([]string, error) {
		tokens, err := knowledge.Tokens(ctx, d, actor)
		if err != nil {
			return nil, err
		}
		tokens = append(tokens, personToken(actor.Person()))
		for _, kind := range kinds {
			if scope, err := a.Scope(ctx, actor, kind); err == nil && scope == nil {
				tokens = append(tokens, everyOf(kind))
			}
		}
		return tokens, nil
	}
}
