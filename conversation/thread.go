package conversation

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

const (
	// maxAnswered bounds how many ids of answered messages are looked up, and maxNamed how many records are looked at.
	maxAnswered = 20
	maxNamed    = 50
	// maxMerges bounds how far records that were merged are followed.
	maxMerges = 20
)

// place is a record that a message belongs to.
type place struct {
	rec itsm.Record
	// about is the record that the message named; rec is another one where that was merged.
	about itsm.Ref
	how   lifecycle.Code
}

// search looks for the record of a message: by the messages that it answers, the nearest first, then by the numbers in
// its subject, then by what the channel says. The first that the sender may write on is taken; stranger is the first
// that the sender may not.
type search struct {
	*Receiver
	ctx      context.Context
	by       *sender
	seen     []itsm.Ref
	stranger itsm.Ref
	found    *place
}

func (r *Receiver) search(ctx context.Context, by *sender, m *Message) (*search, error) {
	s := &search{Receiver: r, ctx: ctx, by: by}
	for _, id := range answered(m) {
		if ref, _, ok := ParseMessageID(id, by.tenant); ok {
			if done, err := s.try(ref, CodeByMessage); done || err != nil {
				return s, err
			}
			continue
		}
		refs, err := r.holders(ctx, m.Channel, id)
		if err != nil {
			return s, err
		}
		for _, ref := range refs {
			if done, err := s.try(ref, CodeByMessage); done || err != nil {
				return s, err
			}
		}
	}
	for _, ref := range scan(m.Subject, r.config.Numbers) {
		if done, err := s.try(ref, CodeBySubject); done || err != nil {
			return s, err
		}
	}
	if m.Record == "" {
		return s, nil
	}
	for _, ref := range append(scan(m.Record, r.config.Numbers), itsm.Ref{Kind: r.target(by.tenant, m).Kind, ID: m.Record}) {
		if done, err := s.try(ref, CodeByRecord); done || err != nil {
			return s, err
		}
	}
	return s, nil
}

// answered are the ids of the messages that a message answers, the nearest first, each once.
func answered(m *Message) []string {
	if len(m.InReplyTo)+len(m.References) == 0 {
		return nil
	}
	ids := make([]string, 0, min(maxAnswered, len(m.InReplyTo)+len(m.References)))
	for _, list := range [...][]string{m.InReplyTo, m.References} {
		for _, id := range slices.Backward(list) {
			if len(ids) == maxAnswered {
				return ids
			}
			id = bare(id)
			if id != "" && len(id) <= maxID && id != m.ID && !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	return ids
}

// holders are the records that hold the message of an id: one that was received, or a comment that somebody gave the id.
func (r *Receiver) holders(ctx context.Context, channel, id string) ([]itsm.Ref, error) {
	var refs []itsm.Ref
	add := func(ref itsm.Ref) {
		if !slices.Contains(refs, ref) {
			refs = append(refs, ref)
		}
	}
	rows, err := r.k.FindRows(ctx, Messages, rowKey(channel, id))
	if err != nil {
		return nil, unreadable(err)
	}
	for i := range rows {
		add(rows[i].Record.Ref())
	}
	rows, err = r.k.FindRows(ctx, itsm.Comments, id)
	if err != nil {
		return refs, unreadable(err)
	}
	for i := range rows {
		var facts struct {
			Channel string `json:"channel"`
		}
		if json.Unmarshal(rows[i].Facts, &facts) == nil && (facts.Channel == channel || facts.Channel == "") {
			add(rows[i].Record.Ref())
		}
	}
	return refs, nil
}

// unreadable takes an id that no store keeps for one that nobody has.
func unreadable(err error) error {
	if errors.Is(err, itsm.ErrInvalid) {
		return nil
	}
	return err
}

// try looks at one record, and reports whether the search is over.
func (s *search) try(ref itsm.Ref, how lifecycle.Code) (bool, error) {
	if slices.Contains(s.seen, ref) {
		return false, nil
	}
	if len(s.seen) == maxNamed {
		return true, nil
	}
	s.seen = append(s.seen, ref)
	if !s.takes(ref.Kind, itsm.TriggerComment) {
		return false, nil
	}
	rec, err := s.k.Get(s.ctx, ref)
	if err != nil {
		return false, absent(err)
	}
	may, err := s.mayWrite(s.ctx, s.by, rec)
	if err != nil {
		return false, err
	}
	last, err := s.survivor(s.ctx, rec)
	if err != nil || last == nil {
		return false, err
	}
	if !may && last != rec {
		if may, err = s.mayWrite(s.ctx, s.by, last); err != nil {
			return false, err
		}
	}
	if may {
		s.found = &place{rec: last, about: ref, how: how}
		return true, nil
	}
	if s.stranger.IsZero() {
		s.stranger = ref
	}
	return false, nil
}

// survivor follows merges to the record that goes on; nil where they go in a circle, too far, or out of sight.
func (r *Receiver) survivor(ctx context.Context, rec itsm.Record) (itsm.Record, error) {
	for range maxMerges {
		t := itsm.TicketOf(rec)
		if t == nil || t.MergedInto.IsZero() {
			return rec, nil
		}
		next, err := r.k.Get(ctx, t.MergedInto)
		if err != nil {
			return nil, absent(err)
		}
		rec = next
	}
	return nil, nil
}

// absent takes a record that is not there for none.
func absent(err error) error {
	if errors.Is(err, itsm.ErrNotFound) || errors.Is(err, itsm.ErrInvalid) {
		return nil
	}
	return err
}

// mayWrite reports whether the sender has to do with a record: its caller, who works on it, somebody of its group, who
// watches it, or whom the authorizer lets write work notes. A number or an id alone gives no right.
func (r *Receiver) mayWrite(ctx context.Context, by *sender, rec itsm.Record) (bool, error) {
	t := itsm.TicketOf(rec)
	if t == nil {
		return false, nil
	}
	if by.id == t.Caller || by.id == t.Assignee || t.Group != "" && slices.Contains(by.profile.Groups, t.Group) {
		return true, nil
	}
	watchers, err := r.k.Rows(ctx, t.Ref(), itsm.Watchers, 0, 0)
	if err != nil {
		return false, absent(err)
	}
	if slices.ContainsFunc(watchers, func(w itsm.Row) bool { return w.Sealed.Subject == by.id }) {
		return true, nil
	}
	if by.self != nil {
		return r.k.May(by.self, t.Ref(), itsm.Verb(itsm.TriggerNote)) == nil, nil
	}
	return false, nil
}

// rowKey keeps the ids of different channels apart.
func rowKey(channel, id string) string {
	if id == "" {
		return ""
	}
	return channel + ":" + id
}

// idOf is the id in a key of the channel.
func idOf(channel, key string) (string, bool) { return strings.CutPrefix(key, channel+":") }
