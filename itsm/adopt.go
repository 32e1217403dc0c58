package itsm

import (
	"encoding/json"
	"slices"
	"time"
)

// Origin tells of a comment that came from another record where it was written.
type Origin struct {
	Record Ref       `json:"record,omitzero"`
	ID     int64     `json:"id,omitempty"`
	At     time.Time `json:"at,omitzero"`
}

// IsZero reports whether the comment was written where it stands.
func (o Origin) IsZero() bool { return o.Record.IsZero() }

// maxAdopted bounds what one record takes over from another.
const maxAdopted = 50_000

// Adopt takes over copies of the comments, work notes and attachments of another record, with their authors and, for
// comments and notes, where they come from, and its watchers. The other record keeps its own. It costs what it copies;
// more than 50,000 rows are refused.
func (u *Unit) Adopt(from Ref) error {
	u.tx.ranged = true
	snap, err := u.tx.snapshot()
	if err != nil {
		return err
	}
	key := Key{Tenant: u.touch.key.Tenant, Kind: from.Kind, ID: from.ID}
	for _, kind := range [...]RowKind{Comments, WorkNotes, Attachments} {
		rows, err := snap.Rows(u.tx.ctx, nil, key, kind, 0, maxAdopted+1)
		if err != nil {
			return err
		}
		if len(u.touch.rows)+len(rows) > maxAdopted {
			return Invalid(string(kind), "one record takes over 50,000 rows of another at most")
		}
		for i := range rows {
			if err := u.adoptRow(&rows[i]); err != nil {
				return err
			}
		}
	}
	rows, err := snap.Rows(u.tx.ctx, nil, key, Watchers, 0, 0)
	if err != nil || len(rows) == 0 {
		return err
	}
	here, err := u.Rows(Watchers, 0, 0)
	if err != nil {
		return err
	}
	for _, r := range rows {
		person := r.Sealed.Subject
		if person == Erased || slices.ContainsFunc(here, func(w Row) bool { return w.Sealed.Subject == person }) {
			continue
		}
		if err := u.AddRow(Watchers, "", nil, person, person); err != nil {
			return err
		}
	}
	return nil
}

func (u *Unit) adoptRow(r *Row) error {
	if r.Sealed.Erased() {
		return nil // nothing of it is left
	}
	facts := map[string]json.RawMessage{}
	if err := json.Unmarshal(r.Facts, &facts); err != nil {
		return ErrBroken.because(err)
	}
	if _, again := facts["origin"]; !again && r.Kind != Attachments {
		origin, err := marshal(Origin{Record: r.Record.Ref(), ID: r.ID, At: r.At})
		if err != nil {
			return err
		}
		facts["origin"] = origin
	}
	text, _ := r.personal()
	return u.AddRow(r.Kind, r.Key, facts, r.Sealed.Subject, text)
}
