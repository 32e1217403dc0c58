package knowledge

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/itsmkit/itsmkit/itsm"
)

// Audience says who reads an article: whoever has a token of Allow and none of Deny. Nobody reads one without Allow.
type Audience struct {
	Allow []string `json:"allow,omitempty"`
	Deny  []string `json:"deny,omitempty"`
}

// The tokens. Everybody who is signed in has Public. Requesters are those with the role [itsm.Requester]; Agents those with
// [itsm.Agent], [itsm.Manager] or [itsm.Administrator].
const (
	Public     = "public"
	Requesters = "requesters"
	Agents     = "agents"
)

// Group is the token of the members of a group, as the directory knows them.
func Group(id string) string { return "group:" + id }

// For is the audience of those who have one of the tokens.
func For(tokens ...string) Audience { return Audience{Allow: tokens} }

// Includes says whether somebody with these tokens reads it.
func (a Audience) Includes(tokens []string) bool {
	has := func(token string) bool { return slices.Contains(tokens, token) }
	return slices.ContainsFunc(a.Allow, has) && !slices.ContainsFunc(a.Deny, has)
}

func (a Audience) check() error {
	var faults []error
	for name, list := range map[string][]string{"audience.allow": a.Allow, "audience.deny": a.Deny} {
		for _, token := range list {
			group, isGroup := strings.CutPrefix(token, "group:")
			if token != Public && token != Requesters && token != Agents && (!isGroup || group == "") {
				faults = append(faults, itsm.Invalid(name, fmt.Sprintf("%q is none of public, requesters, agents and group:ID", token)))
			}
		}
	}
	return errors.Join(faults...)
}

// Tokens are those of an actor. The directory is asked for the person's groups; nil knows none, and who acts for no person
// is in none.
func Tokens(ctx context.Context, d itsm.Directory, a *itsm.Actor) ([]string, error) {
	tokens := []string{Public}
	if slices.Contains(a.Roles, itsm.Requester) {
		tokens = append(tokens, Requesters)
	}
	if slices.ContainsFunc(a.Roles, func(r itsm.Role) bool { return r == itsm.Agent || r == itsm.Manager || r == itsm.Administrator }) {
		tokens = append(tokens, Agents)
	}
	person := a.Person()
	if person == "" || d == nil {
		return tokens, nil
	}
	profile, err := d.Person(ctx, a.Tenant, person)
	if errors.Is(err, itsm.ErrNotFound) {
		return tokens, nil
	}
	for _, g := range profile.Groups {
		tokens = append(tokens, Group(g))
	}
	return tokens, err
}

// Authorize keeps articles to their audiences at every door of the kernel. Give the result to [itsm.Config].
//
// Authors are those whom next lets write articles, by the verb "write". To an author next decides about articles that the
// author owns, that the author's group looks after, or whose audience includes the author. It decides alone about
// administrators, and about those whom it lets purge articles, who answer for what is kept.
// Everybody else is a reader, whatever next says of reading, and sees what is published. Before it is, the audience is that
// of the text that is written.
func Authorize(next itsm.Authorizer, d itsm.Directory) itsm.Authorizer { return &authorizer{next, d} }

type authorizer struct {
	itsm.Authorizer
	directory itsm.Directory
}

// author reports whether an actor writes articles.
func (z *authorizer) author(ctx context.Context, a *itsm.Actor) bool {
	return z.Authorizer.Permit(ctx, a, itsm.Action{Kind: Kind, Verb: itsm.Verb(TriggerWrite)}, nil) == nil
}

// all reports whether no audience keeps anything from an actor.
func (z *authorizer) all(ctx context.Context, a *itsm.Actor) bool {
	return a.Kind == itsm.System || slices.Contains(a.Roles, itsm.Administrator) ||
		z.Authorizer.Permit(ctx, a, itsm.Action{Kind: Kind, Verb: itsm.Purge}, nil) == nil
}

// Permit implements [itsm.Authorizer].
func (z *authorizer) Permit(ctx context.Context, a *itsm.Actor, do itsm.Action, on itsm.Record) error {
	if do.Kind != Kind || z.all(ctx, a) {
		return z.Authorizer.Permit(ctx, a, do, on)
	}
	author := z.author(ctx, a)
	r, ok := on.(*Article)
	switch {
	case !ok && do.Verb == itsm.Read: // everybody may ask for articles
		return nil
	case !ok || r.Version == 0:
		return z.Authorizer.Permit(ctx, a, do, on)
	case !author && (do.Verb != itsm.Read || !r.readable()):
		return itsm.ErrDenied
	}
	tokens, err := Tokens(ctx, z.directory, a)
	switch {
	case err != nil:
		return err
	case !author && !r.audience().Includes(tokens):
		return itsm.ErrDenied
	case !author:
		return nil
	case r.Assignee == "" || r.Assignee != a.Person():
		if !r.audience().Includes(tokens) && !slices.Contains(tokens, Group(r.Group)) {
			return itsm.ErrDenied
		}
	}
	return z.Authorizer.Permit(ctx, a, do, on)
}

// Scope implements [itsm.Authorizer].
func (z *authorizer) Scope(ctx context.Context, a *itsm.Actor, kind string) (*itsm.Filter, error) {
	if kind != Kind || z.all(ctx, a) {
		return z.Authorizer.Scope(ctx, a, kind)
	}
	tokens, err := Tokens(ctx, z.directory, a)
	if err != nil {
		return nil, err
	}
	included := itsm.All(itsm.Where("allow").In(tokens...), itsm.Not(itsm.Where("deny").In(tokens...)))
	if !z.author(ctx, a) {
		f := itsm.All(itsm.Where("state").Is(string(StatePublished)), included)
		return &f, nil
	}
	scope, err := z.Authorizer.Scope(ctx, a, kind)
	if err != nil {
		return nil, err
	}
	f := itsm.Any(included)
	if person := a.Person(); person != "" {
		f.Parts = append(f.Parts, itsm.Where("assignee").Is(person))
	}
	for _, token := range tokens {
		if group, is := strings.CutPrefix(token, "group:"); is {
			f.Parts = append(f.Parts, itsm.Where("group").Is(group))
		}
	}
	if scope != nil {
		f = itsm.All(*scope, f)
	}
	return &f, nil
}

// Mask implements [itsm.Authorizer]: readers see what is published, and no more.
func (z *authorizer) Mask(ctx context.Context, a *itsm.Actor, kind string) []string {
	if kind != Kind || z.all(ctx, a) || z.author(ctx, a) {
		return z.Authorizer.Mask(ctx, a, kind)
	}
	return slices.Clone(unread)
}

// audience is that of what is published, or of what is written where nothing was.
func (r *Article) audience() Audience { return Audience{r.Allow, r.Deny} }

// unread are the fields and rows of an article that are for authors.
var unread = []string{
	itsm.Past,
	"next", "step", "content", "publish_at", "next_valid_to", "next_translates", "approval", "round", "approved", "reason", "reviewed_at",
	"allow", "deny", "solved", "opened_by", "assignee", "first_assignee", "group", "custom", "reassignments", "reopens", "open_tasks",
	"retention_class", "legal_holds", "asked_at", "answered_at", "follows", "parent", "children", "duplicates", "hold", "held_from",
	string(itsm.WorkNotes), string(itsm.TimeEntries), string(itsm.Comments), string(Editions),
}

// readable reports whether readers see it, where the audience includes them.
func (r *Article) readable() bool { return r.State == StatePublished || r.State == StateExpired }
