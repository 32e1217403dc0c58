package itsm

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/itsmkit/itsmkit/field"
)

// RowKind tells the rows of a record apart.
type RowKind string

// The rows that the kernel knows. A practice may have kinds of its own.
const (
	Comments    RowKind = "comment"
	WorkNotes   RowKind = "work_note"
	TimeEntries RowKind = "time_entry"
	Attachments RowKind = "attachment"
	Links       RowKind = "link"
	Watchers    RowKind = "watcher"
)

// Row is something that hangs on a record and stays out of it, so that a long ticket stays cheap: a comment, a link, a
// time entry. It is written once, under the record's version; it can be removed, and its personal part erased.
type Row struct {
	Record Key
	// ID is unique and ascending in the record.
	ID      int64
	Kind    RowKind
	Version int64
	At      time.Time
	// Key finds the row: a comment's message id, a link's type and other end. It may be empty.
	Key string
	// Facts is the JSON of what is not personal.
	Facts []byte
	// Sealed holds the JSON of what is personal, such as a comment's text; its Subject is the author or the watcher.
	Sealed Sealed
}

// Redact answers the row without its personal part.
func (r Row) Redact() Row {
	r.Sealed = r.Sealed.redact()
	return r
}

// digest binds everything of a row but what can be erased, which is bound by its own digest.
func (r *Row) digest(scratch []byte) (Digest, []byte) {
	b := binary.BigEndian.AppendUint64(scratch[:0], uint64(r.ID))
	b = appendText(b, string(r.Kind))
	b = binary.BigEndian.AppendUint64(b, uint64(r.Version))
	b = binary.BigEndian.AppendUint64(b, uint64(r.At.UnixNano()))
	b = appendText(b, r.Key)
	b = append(b, r.Facts...)
	b = append(b, r.Sealed.Digest[:]...)
	return sha256.Sum256(b), b
}

// rowsOf reads up to limit rows of a record that the actor may see. Hidden tells fill that the actor does not see
// internal comments.
func rowsOf[T any](ctx context.Context, k *Kernel, ref Ref, rows RowKind, after int64, limit int, fill func(*Row, *T, bool) bool) ([]T, error) {
	return view(k, ctx, ref, func(x *tx, kd *kind, rec Record) ([]T, error) {
		mask := k.auth.Mask(ctx, x.actor, kd.name)
		if slices.Contains(mask, string(rows)) {
			return []T{}, nil
		}
		hidden := rows == Comments && slices.Contains(mask, string(WorkNotes))
		out := []T{}
		for {
			found, err := x.snap.Rows(ctx, nil, rec.Header().Key(), rows, after, limit)
			if err != nil {
				return nil, err
			}
			for i := range found {
				after = found[i].ID
				var item T
				if err := json.Unmarshal(found[i].Facts, &item); err != nil {
					return nil, ErrBroken.because(err)
				}
				if fill(&found[i], &item, hidden) {
					out = append(out, item)
				}
				if limit > 0 && len(out) == limit {
					return out, nil
				}
			}
			if limit <= 0 || len(found) < limit {
				return out, nil
			}
		}
	})
}

// Rows answers up to limit rows of a kind with an id above after, oldest first, as the actor may see them: none of a kind
// that is hidden from the actor, and no comments where work notes are, because some are internal. Limit 0 means all. It is how a practice reads rows of its own.
func (r *Records[P]) Rows(ctx context.Context, id string, rows RowKind, after int64, limit int) ([]Row, error) {
	return r.k.Rows(ctx, r.Ref(id), rows, after, limit)
}

// Text answers what is personal of a row, and whether it was erased: it then reads [Erased].
func (r *Row) Text() (text string, erased bool) { return r.personal() }

// copied shares nothing with the row.
func (r *Row) copied() Row {
	c := *r
	c.Facts, c.Sealed.Salt, c.Sealed.Value = slices.Clone(r.Facts), slices.Clone(r.Sealed.Salt), slices.Clone(r.Sealed.Value)
	return c
}

// personal reads the sealed text of a row.
func (r *Row) personal() (text string, erased bool) {
	if r.Sealed.Erased() {
		return Erased, true
	}
	v, err := field.ParseJSON(r.Sealed.Value)
	if err != nil {
		return "", false
	}
	return v.Text(), false
}

// plainLink reads a link as it is usually written, without a look at JSON in general: a parent may have many.
func plainLink(facts string) (l Link, ok bool) {
	next := func(before string) (value string) {
		if !ok || !strings.HasPrefix(facts, before) {
			ok = false
			return ""
		}
		facts = facts[len(before):]
		end := strings.IndexAny(facts, "\"\\")
		if end < 0 || facts[end] != '"' {
			ok = false
			return ""
		}
		value, facts = facts[:end], facts[end:]
		return value
	}
	ok = true
	l.Name = next(`{"name":"`)
	to := next(`","to":"`)
	l.Inverse = next(`","inverse":"`)
	if !ok || facts != `"}` {
		return Link{}, false
	}
	l.To.Kind, l.To.ID, ok = strings.Cut(to, "/")
	return l, ok
}

// link reads a row that is a link.
func (r *Row) link() (Link, error) {
	l, ok := plainLink(string(r.Facts))
	if !ok {
		if err := json.Unmarshal(r.Facts, &l); err != nil {
			return Link{}, ErrBroken.because(err)
		}
	}
	l.ID, l.At, l.By = r.ID, r.At, r.Sealed.Subject
	return l, nil
}

type commentFacts struct {
	Internal  bool   `json:"internal,omitempty"`
	Channel   string `json:"channel,omitempty"`
	MessageID string `json:"message_id,omitempty"`
	AutoReply bool   `json:"auto_reply,omitempty"`
	Origin    Origin `json:"origin,omitzero"`
}

type timeFacts struct {
	Spent    time.Duration `json:"spent"`
	Activity string        `json:"activity,omitempty"`
}

type fileFacts struct {
	Type     string `json:"type,omitempty"`
	Size     int64  `json:"size"`
	SHA256   string `json:"sha256"`
	Location string `json:"location"`
}

// person is whom a row is by: the person who gave the command, or for whom an integration did; else the program. What
// a rule writes is the system's.
func (u *Unit) person() string {
	if p := u.actor.Person(); p != "" && u.actor.Kind != System {
		return p
	}
	return u.actor.ID
}

// Comment adds a comment to the record at hand.
func (u *Unit) Comment(c Comment) error {
	facts := commentFacts{Internal: c.Internal, Channel: c.Channel, MessageID: c.MessageID, AutoReply: c.AutoReply, Origin: c.Origin}
	if err := u.AddRow(Comments, c.MessageID, facts, u.person(), c.Body); err != nil {
		return err
	}
	if !c.Internal && !c.AutoReply && c.Origin == (Origin{}) {
		u.heard()
	}
	return u.mention(c.Body)
}

// heard notes a message on a ticket by who wrote it: the caller asks, and anybody else answers, also where a rule passes
// the word of a person on.
func (u *Unit) heard() {
	t := TicketOf(u.touch.after)
	switch {
	case t == nil || u.actor.Kind == System && u.actor.OnBehalfOf == "":
	case t.Caller != "" && (u.actor.Person() == t.Caller || u.actor.Kind == System && u.actor.OnBehalfOf == t.Caller):
		u.Asked()
	default:
		u.Answered()
	}
}

// Asked notes on the ticket at hand that the caller said something, and waits for an answer.
func (u *Unit) Asked() {
	u.touch.begin(u)
	if t := TicketOf(u.touch.after); t != nil && t.AskedAt.IsZero() {
		t.AskedAt = u.tx.eventTime(u.touch)
	}
}

// Answered notes on the ticket at hand that the desk answered the caller.
func (u *Unit) Answered() {
	u.touch.begin(u)
	if t := TicketOf(u.touch.after); t != nil {
		t.AskedAt, t.AnsweredAt = time.Time{}, u.tx.eventTime(u.touch)
	}
}

// Note adds a work note to the record at hand.
func (u *Unit) Note(body string) error {
	if err := u.AddRow(WorkNotes, "", nil, u.person(), body); err != nil {
		return err
	}
	return u.mention(body)
}

// Watch makes a person a watcher of the record at hand; empty is the actor.
func (u *Unit) Watch(person string) error {
	if person == "" {
		person = u.person()
	}
	rows, err := u.Rows(Watchers, 0, 0)
	if err != nil || slices.ContainsFunc(rows, func(r Row) bool { return r.Sealed.Subject == person }) {
		return err
	}
	return u.AddRow(Watchers, "", nil, person, person)
}

func (u *Unit) unwatch(person string) error {
	if person == "" {
		person = u.person()
	}
	rows, err := u.Rows(Watchers, 0, 0)
	for _, r := range rows {
		if r.Sealed.Subject == person {
			u.RemoveRow(r.ID)
		}
	}
	return err
}

// Link links the record at hand to another one, both ways. The link [ParentOf] keeps [Ticket.Parent] and
// [Ticket.Children], and is refused where the child has another parent, or would hang under itself.
func (u *Unit) Link(t LinkType, to Ref) error {
	switch {
	case t.Name == "" || t.Inverse == "":
		return Invalid("type", "name both directions of a link")
	case to == u.Ref():
		return Invalid("to", "a record is not linked to itself")
	}
	key := u.linkKey(t.Name, to)
	if slices.ContainsFunc(u.touch.rows, func(r Row) bool { return r.Kind == Links && r.Key == key }) {
		return nil
	}
	rows, err := u.findLink(t.Name, to)
	if err != nil || len(rows) > 0 {
		return err
	}
	if err := u.Do(to, TriggerLinked, LinkEnd{Link: Link{Name: t.Inverse, Inverse: t.Name, To: u.Ref()}}); err != nil {
		return err
	}
	return u.addLink(Link{Name: t.Name, Inverse: t.Inverse, To: to})
}

func (u *Unit) addLink(l Link) error {
	if err := u.hang(l); err != nil {
		return err
	}
	return u.AddRow(Links, u.linkKey(l.Name, l.To), linkFacts{Name: l.Name, To: l.To, Inverse: l.Inverse}, u.person(), "")
}

type linkFacts struct {
	Name    string `json:"name"`
	To      Ref    `json:"to"`
	Inverse string `json:"inverse"`
}

// linkKey finds one link of one record.
func (u *Unit) linkKey(name string, to Ref) string {
	return u.Ref().String() + " " + name + " " + to.String()
}

func (u *Unit) findLink(name string, to Ref) ([]Row, error) {
	snap, err := u.tx.snapshot()
	if err != nil {
		return nil, err
	}
	return snap.FindRows(u.tx.ctx, nil, u.touch.key.Tenant, Links, u.linkKey(name, to), 1)
}

// removeLink takes a link of the record at hand away, at this end.
func (u *Unit) removeLink(id int64, l Link) {
	u.unhang(l)
	u.RemoveRow(id)
}

func (u *Unit) dropLink(l Link) error {
	rows, err := u.findLink(l.Name, l.To)
	for _, r := range rows {
		u.removeLink(r.ID, l)
	}
	return err
}

// Unlink takes a link of the record at hand away, at both ends; where the record at the other end was purged, at this one.
func (u *Unit) Unlink(id int64) error {
	rows, err := u.Rows(Links, id-1, 1)
	if err != nil {
		return err
	}
	if len(rows) == 0 || rows[0].ID != id {
		return ErrNotFound.with("link", strconv.FormatInt(id, 10), "")
	}
	l, err := rows[0].link()
	if err != nil {
		return err
	}
	if gone, err := u.gone(l.To); gone || err != nil {
		if err == nil {
			u.removeLink(id, l)
		}
		return err
	}
	end := LinkEnd{Link: Link{Name: l.Inverse, Inverse: l.Name, To: u.Ref()}, Remove: true}
	if err := u.Do(l.To, TriggerLinked, end); err != nil {
		return err
	}
	u.removeLink(id, l)
	return nil
}
