package retention

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// Kind is the kind of the records of purges, and Series begins their numbers.
const (
	Kind   = "purge"
	Series = "PRG"
)

// TriggerPurge makes the record of a purge, and purges. As a verb it is [itsm.Purge]: the actor needs it on this kind, and on
// each record that goes.
const TriggerPurge lifecycle.Trigger = "purge"

// StateDone is the one state of a purge.
const StateDone lifecycle.State = "done"

// Lifecycle is the table of a purge: nothing happens to it any more. No policy is for it.
func Lifecycle() lifecycle.Definition {
	return lifecycle.Definition{
		Name: Kind, Version: 1, Initial: StateDone,
		States: []lifecycle.StateRow{{Name: StateDone, Title: "Done", Phase: lifecycle.Closed}},
	}
}

// Purge is the record of a purge: one transaction that took records of one kind under one policy. Who did it and when its
// event says. It holds nothing personal, and is kept for ever.
type Purge struct {
	itsm.Head
	Policy string `json:"policy" itsm:"index"`
	// Of is the kind of the records, and Before the instant after which none of them had an event.
	Of     string    `json:"of" itsm:"index"`
	Before time.Time `json:"before"`
	// Count is how many records went, parts included; [Retention.Items] names them.
	Count int `json:"count"`
	// Looked is how many of the records that were selected were looked at, and Left how many of these stayed.
	Looked int `json:"looked"`
	Left   int `json:"left,omitempty"`
}

// Selection is what a purge brings: the policy, and records of one kind by number, in the order in which they go. All is
// looked at again in the transaction: what changed since, is held, or was never due is left.
type Selection struct {
	Policy string `json:"policy"`
	Kind   string `json:"kind"`
	// Before is the instant after which no record had an event; zero is as late as the policy allows.
	Before  time.Time `json:"before,omitzero"`
	Numbers []string  `json:"numbers"`
}

// Item is a record that is gone.
type Item struct {
	// Purge is the record that tells of it, and At when it went.
	Purge itsm.Ref  `json:"-"`
	At    time.Time `json:"-"`

	Record  itsm.Ref `json:"record"`
	Version int64    `json:"version"`
	// Head is the digest of its last event, which all events before it led to: a copy from elsewhere can be checked by it.
	Head itsm.Digest `json:"head"`
	// Last is the instant of that event.
	Last time.Time `json:"last"`
	// With is the record that it was a part of.
	With itsm.Ref `json:"with,omitzero"`
}

// Items are rows of this kind; their keys are the references of what is gone.
const Items itsm.RowKind = "purged"

// The codes of what is left, beside those of [itsm.KeptBecause].
const (
	ReasonGone      lifecycle.Code = "gone"       // there is no such record any more
	ReasonNotDue    lifecycle.Code = "not_due"    // it had an event since, or never was due
	ReasonPolicy    lifecycle.Code = "policy"     // another policy is its own, or none
	ReasonPart      lifecycle.Code = "part"       // something that belongs to it stays; "part" names it
	ReasonManyParts lifecycle.Code = "many_parts" // more than 1,000 of a kind belong to it
)

// Left is a record that a purge left, and why.
type Left struct {
	Record  itsm.Ref           `json:"record"`
	Reasons []lifecycle.Reason `json:"reasons"`
}

const (
	factLeft = "left"
	maxNamed = 100
)

// purges does what a selection asks for. Where nothing can go it is refused, with the reasons.
func (s *Retention) purges(u *itsm.Unit, p *Purge, in Selection) error {
	of, err := s.stepOf(in.Policy, in.Kind)
	if err != nil {
		return err
	}
	if len(in.Numbers) == 0 || len(in.Numbers) > s.config.Batch {
		return itsm.Invalid("numbers", fmt.Sprintf("a purge takes 1 to %d records", s.config.Batch))
	}
	latest := of.policy.After.Before(u.Now())
	if in.Before.IsZero() {
		in.Before = latest
	}
	if in.Before.After(latest) {
		return itsm.Invalid("before", "the policy keeps what had an event after "+latest.Format(time.RFC3339))
	}
	p.Policy, p.Of, p.Before = of.policy.Name, in.Kind, in.Before.UTC()
	switch refusal, err := suspended(u); {
	case err != nil:
		return err
	case refusal != nil:
		return refusal
	}
	var left []Left
	for _, id := range in.Numbers {
		if p.Count >= s.config.Batch {
			break
		}
		p.Looked++
		ref := itsm.Ref{Kind: in.Kind, ID: id}
		items, reasons, err := s.look(u, of, in.Before, ref)
		if err != nil {
			return err
		}
		if len(reasons) > 0 {
			p.Left++
			if len(left) < maxNamed {
				left = append(left, Left{ref, reasons})
			}
			continue
		}
		for _, item := range items {
			if err := u.Purge(item.Record); err != nil {
				return err
			}
			if err := u.AddRow(Items, item.Record.String(), item, "", ""); err != nil {
				return err
			}
		}
		p.Count += len(items)
	}
	if p.Count == 0 {
		return nothing(left)
	}
	if len(left) > 0 {
		return u.Fact(factLeft, left)
	}
	return nil
}

// nothing is the refusal of a purge that takes nothing.
func nothing(left []Left) error {
	refusal := &lifecycle.Refusal{Lifecycle: Kind, Trigger: TriggerPurge}
	for _, l := range left {
		for _, reason := range l.Reasons {
			args := map[string]string{"record": l.Record.String()}
			for name, value := range reason.Args {
				args[name] = value
			}
			refusal.Reasons = append(refusal.Reasons, lifecycle.Reason{Code: reason.Code, Args: args})
		}
	}
	return refusal
}

// look answers what goes with a record, itself last, or all the reasons why it stays.
func (s *Retention) look(u *itsm.Unit, of step, before time.Time, ref itsm.Ref) (items []Item, reasons []lifecycle.Reason, err error) {
	var own Item
	err = u.LookAt(ref, func(rec itsm.Record) {
		reasons = s.reasons(rec, of.policy, before)
		own = itemOf(rec)
	})
	if errors.Is(err, itsm.ErrNotFound) {
		return nil, []lifecycle.Reason{{Code: ReasonGone}}, nil
	}
	if err != nil {
		return nil, nil, err
	}
	for _, part := range s.config.Parts {
		belongs := itsm.Where(part.Column).Is(ref.String())
		parts, err := u.Query(part.Kind, itsm.Query{Filter: &belongs, Limit: maxParts})
		if err != nil {
			return nil, nil, err
		}
		if len(parts) == maxParts {
			reasons = append(reasons, lifecycle.Reason{Code: ReasonManyParts, Args: map[string]string{"kind": part.Kind}})
		}
		for _, r := range parts {
			err := u.LookAt(r.Header().Ref(), func(rec itsm.Record) {
				reasons = append(reasons, ofPart(rec)...)
				item := itemOf(rec)
				item.With = ref
				items = append(items, item)
			})
			if err != nil {
				return nil, nil, err
			}
		}
	}
	return append(items, own), reasons, nil
}

// reasons are those for which a record stays, but for its parts.
func (s *Retention) reasons(rec itsm.Record, policy *Policy, before time.Time) []lifecycle.Reason {
	reasons := itsm.KeptBecause(rec)
	h := rec.Header()
	if h.UpdatedAt.After(before) {
		reasons = append(reasons, lifecycle.Reason{Code: ReasonNotDue, Args: map[string]string{
			"last": h.UpdatedAt.Format(time.RFC3339), "before": before.Format(time.RFC3339),
		}})
	}
	if p := s.policyOf(rec); p != policy {
		args := map[string]string{}
		if p != nil {
			args["policy"] = p.Name
		}
		reasons = append(reasons, lifecycle.Reason{Code: ReasonPolicy, Args: args})
	}
	return reasons
}

// ofPart are the reasons for which a part holds up what it belongs to.
func ofPart(part itsm.Record) []lifecycle.Reason {
	reasons := itsm.KeptBecause(part)
	for i := range reasons {
		reasons[i] = lifecycle.Reason{Code: ReasonPart, Args: map[string]string{"part": part.Header().Ref().String(), "because": string(reasons[i].Code)}}
	}
	return reasons
}

func itemOf(rec itsm.Record) Item {
	h := rec.Header()
	return Item{Record: h.Ref(), Version: h.Version, Head: h.Digest, Last: h.UpdatedAt}
}

// stepOf finds a policy on a kind.
func (s *Retention) stepOf(policy, kind string) (step, error) {
	for _, st := range s.steps {
		if st.kind == kind && st.policy.Name == policy {
			return st, nil
		}
	}
	return step{}, itsm.Invalid("policy", fmt.Sprintf("no policy %q purges records of the kind %q", policy, kind))
}

// Items answers up to limit of the records that a purge took, those with a row above after; 0 means all. The second answer
// is the row of the last one, from which to go on.
func (s *Retention) Items(ctx context.Context, id string, after int64, limit int) ([]Item, int64, error) {
	rows, err := s.Rows(ctx, id, Items, after, limit)
	if err != nil {
		return nil, after, err
	}
	items, err := read(rows)
	if len(rows) > 0 {
		after = rows[len(rows)-1].ID
	}
	return items, after, err
}

// Find answers what became of a record that is not there any more: the purge that took it, or nothing.
func (s *Retention) Find(ctx context.Context, ref itsm.Ref) ([]Item, error) {
	rows, err := s.Kernel().FindRows(ctx, Items, ref.String())
	if err != nil {
		return nil, err
	}
	return read(rows)
}

func read(rows []itsm.Row) ([]Item, error) {
	items := make([]Item, len(rows))
	for i := range rows {
		items[i].Purge, items[i].At = rows[i].Record.Ref(), rows[i].At
		if err := json.Unmarshal(rows[i].Facts, &items[i]); err != nil {
			return nil, itsm.ErrBroken
		}
	}
	return items, nil
}
