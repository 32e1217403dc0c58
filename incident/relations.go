package incident

import (
	"encoding/json"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// maxMoved bounds the links that one merge moves, and maxChain how often a survivor was merged itself.
const (
	maxMoved = 1000
	maxChain = 64
)

// cancelled ends an incident; a duplicate follows its original from then on.
func cancelled(u *itsm.Unit, inc *Incident, c Cancel) error {
	inc.CancelReason, inc.Original = c.Reason, c.Original
	release(u, inc)
	if c.Original.IsZero() {
		return nil
	}
	original, err := trace(u, inc, c.Original, TriggerCancel)
	if err != nil {
		return err
	}
	if original.State == StateResolved || original.State == StateClosed {
		if err := followed(u, inc, original.Resolution); err != nil {
			return err
		}
	}
	return u.Link(itsm.DuplicateOf, c.Original)
}

// trace looks at an original, or a survivor, and at what that one is a duplicate of or was merged into. It answers the
// first, and refuses a chain that leads back. What is written here never ends in a circle.
func trace(u *itsm.Unit, inc *Incident, to itsm.Ref, t lifecycle.Trigger) (*Incident, error) {
	var first *Incident
	for next, n := to, 0; !next.IsZero() && next.Kind == Kind; n++ {
		if next == inc.Ref() || n == maxChain {
			reason := lifecycle.Reason{Code: guardOriginal, Args: map[string]string{"original": to.String()}}
			if t == TriggerMerge {
				reason = lifecycle.Reason{Code: guardSurvivor, Args: map[string]string{"survivor": to.String()}}
			}
			return nil, &lifecycle.Refusal{Lifecycle: Kind, State: inc.State, Trigger: t, Reasons: []lifecycle.Reason{reason}}
		}
		rec, err := u.Get(next)
		if err != nil {
			return nil, err
		}
		found, ok := rec.(*Incident)
		if !ok {
			break
		}
		if first == nil {
			first = found
		}
		if next = found.MergedInto; next.IsZero() {
			next = found.Original
		}
	}
	if first == nil {
		return nil, itsm.ErrNotFound
	}
	return first, nil
}

// followed does to a duplicate what happened to its original: it has the same resolution, of which the caller is told,
// and none while the original is open again.
func followed(u *itsm.Unit, inc *Incident, r Resolution) error {
	inc.Resolution = r
	if r.Notes == "" {
		return nil
	}
	return u.Comment(itsm.Comment{Body: r.Notes})
}

// merged ends an incident in favour of another, with all that hangs on it.
func merged(u *itsm.Unit, inc *Incident, m Merge) error {
	survivor, err := trace(u, inc, m.Survivor, TriggerMerge)
	if err != nil {
		return err
	}
	for !survivor.MergedInto.IsZero() {
		rec, err := u.Get(survivor.MergedInto)
		if err != nil {
			return err
		}
		next, ok := rec.(*Incident)
		if !ok {
			return itsm.Invalid("survivor", survivor.MergedInto.String()+" is no incident")
		}
		survivor = next
	}
	links, err := u.LinksOf(u.Ref(), 0, maxMoved+1)
	if err != nil {
		return err
	}
	if len(links) > maxMoved {
		return itsm.Invalid("links", "one merge moves 1,000 links at most: unlink some first")
	}
	inc.CancelReason, inc.MergedInto = Merged, survivor.Ref()
	release(u, inc)
	for _, l := range links {
		if err := u.Unlink(l.ID); err != nil {
			return err
		}
	}
	if err := u.Do(survivor.Ref(), TriggerAbsorb, Absorb{From: u.Ref()}); err != nil {
		return err
	}
	return u.Link(MergedInto, survivor.Ref())
}

// absorbed takes over what hung on an incident that was merged into this one. A link that this one has already, or that
// would lead to itself, is not made again; nor is one to a second parent.
func absorbed(u *itsm.Unit, inc *Incident, a Absorb) error {
	links, err := u.LinksOf(a.From, 0, maxMoved)
	if err != nil {
		return err
	}
	for _, l := range links {
		if l.To == u.Ref() || l.Name == itsm.ParentOf.Inverse && !inc.Parent.IsZero() {
			continue
		}
		if err := u.LookAt(l.To, func(itsm.Record) {}); errors.Is(err, itsm.ErrNotFound) {
			continue // it was purged
		}
		if err := u.Link(itsm.LinkType{Name: l.Name, Inverse: l.Inverse}, l.To); err != nil {
			return err
		}
	}
	if err := u.Adopt(a.From); err != nil {
		return err
	}
	rec, err := u.Get(a.From)
	if err != nil {
		return err
	}
	if from, ok := rec.(*Incident); ok && from.Caller != "" && from.Caller != itsm.Erased && from.Caller != inc.Caller {
		return u.Watch(from.Caller)
	}
	return nil
}

// split makes a comment a new incident.
func split(u *itsm.Unit, inc *Incident, in Split) error {
	rows, err := u.Rows(itsm.Comments, in.Comment-1, 1)
	if err != nil {
		return err
	}
	if len(rows) == 0 || rows[0].ID != in.Comment || rows[0].Sealed.Erased() {
		return itsm.Invalid("comment", "there is no such comment")
	}
	var body string
	if err := json.Unmarshal(rows[0].Sealed.Value, &body); err != nil {
		return itsm.ErrBroken
	}
	author := rows[0].Sealed.Subject
	if author == itsm.SystemID {
		author = inc.Caller
	}
	title := in.Title
	if title == "" {
		title = firstLine(body)
	}
	made, err := u.Create(Kind, TriggerReport, Report{
		Title: title, Description: body, Caller: author, Channel: inc.Channel, Impact: inc.Impact, Urgency: inc.Urgency,
		Category: inc.Category, Service: inc.Service,
	})
	if err != nil {
		return err
	}
	return u.Link(SplitInto, made)
}

// firstLine is the first line of a text that says something, of a title's length.
func firstLine(body string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(body), "\n")
	line = strings.TrimSpace(line)
	for len(line) > maxTitle {
		_, size := utf8.DecodeLastRuneInString(line)
		line = line[:len(line)-size]
	}
	return line
}

const maxTitle = 120
