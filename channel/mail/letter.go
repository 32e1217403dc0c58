package mail

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/itsmkit/itsmkit/conversation"
	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
)

const (
	maxThread = 20
	// lookBack is how many versions before a letter are looked at for what it answers, so that a long ticket costs no more.
	lookBack = 128
)

// letter is one text to some people.
type letter struct {
	template string // its name
	part     string // of the record, for the id
	to       []string
	comment  *itsm.Comment
	// submitted is what RFC 3834 wants programs to say, empty for what a person wrote.
	submitted  string
	answers    string
	references []string
}

// letters are what one event has to tell.
type letters struct {
	sender *Sender
	event  *itsm.Event
	record itsm.Record
	ticket *itsm.Ticket

	watchers []string
	comments []itsm.Comment // those of the event that may leave
	thread   []mailed       // what was said before, oldest first
	machine  bool           // all that the caller ever sent was a machine's
	letters  []letter
}

// mailed is one message of a thread.
type mailed struct {
	row    int64
	id     string
	caller bool // the caller wrote it, and no machine
}

// read takes in what the event's letters need, from one snapshot.
func (l *letters) read(ctx context.Context) error {
	snap, err := l.sender.k.Store().Snapshot(ctx)
	if err != nil {
		return err
	}
	defer snap.Close()
	rows := func(kind itsm.RowKind, after int64, limit int) ([]itsm.Row, error) {
		return snap.Rows(ctx, nil, l.event.Key, kind, after, limit)
	}
	watching, err := rows(itsm.Watchers, 0, 0)
	if err != nil {
		return err
	}
	for i := range watching {
		l.watchers = append(l.watchers, watching[i].Sealed.Subject)
	}
	for _, stamp := range l.event.Rows {
		if stamp.Kind != itsm.Comments {
			continue
		}
		found, err := rows(itsm.Comments, stamp.ID-1, 1)
		if err != nil {
			return err
		}
		if len(found) == 1 && found[0].ID == stamp.ID {
			c, err := readComment(&found[0])
			if err != nil {
				return err
			}
			if !c.Internal && !c.Erased && !c.AutoReply && c.Origin.IsZero() {
				l.comments = append(l.comments, c)
			}
		}
	}
	sent, automatic := 0, 0
	for _, kind := range [...]itsm.RowKind{itsm.Comments, conversation.Messages} {
		var near []itsm.Row
		first, err := rows(kind, 0, 3)
		if err == nil {
			near, err = rows(kind, max(l.event.Version-lookBack, 0)<<16, lookBack) // ids carry their version
		}
		if err != nil {
			return err
		}
		for i, row := range append(first, near...) {
			if i >= len(first) && slices.ContainsFunc(first, func(r itsm.Row) bool { return r.ID == row.ID }) {
				continue
			}
			m, auto, err := l.message(&row)
			if err != nil {
				return err
			}
			if row.Sealed.Subject == l.ticket.Caller {
				sent++
				if auto {
					automatic++
				}
			}
			if m.id != "" && row.Version <= l.event.Version {
				l.thread = append(l.thread, m)
			}
		}
	}
	l.machine = sent > 0 && sent == automatic
	slices.SortStableFunc(l.thread, func(a, b mailed) int { return cmp.Compare(a.row, b.row) })
	return nil
}

// message reads a row as part of the thread, and whether a machine sent it.
func (l *letters) message(row *itsm.Row) (mailed, bool, error) {
	m := mailed{row: row.ID}
	mine := row.Sealed.Subject == l.ticket.Caller
	if row.Kind == conversation.Messages {
		var facts struct {
			Automatic bool `json:"automatic"`
		}
		if err := json.Unmarshal(row.Facts, &facts); err != nil {
			return m, false, err
		}
		if id, ok := strings.CutPrefix(row.Key, Channel+":"); ok && validID(id) {
			m.id, m.caller = id, mine && !facts.Automatic
		}
		return m, facts.Automatic, nil
	}
	c, err := readComment(row)
	if err != nil || c.Internal || !c.Origin.IsZero() {
		return m, false, err
	}
	switch {
	case validID(c.MessageID):
		m.id, m.caller = c.MessageID, mine && !c.AutoReply
	case !mine && !c.AutoReply:
		m.id = l.sender.config.Identity.MessageID(l.event.Key, rowID(row.ID))
	}
	return m, c.AutoReply, nil
}

func readComment(row *itsm.Row) (itsm.Comment, error) {
	var c itsm.Comment
	if err := json.Unmarshal(row.Facts, &c); err != nil {
		return c, err
	}
	c.ID, c.At, c.Author = row.ID, row.At, row.Sealed.Subject
	if c.Erased = row.Sealed.Erased(); !c.Erased {
		v, err := field.ParseJSON(row.Sealed.Value)
		if err != nil {
			return c, err
		}
		c.Body = v.Text()
	}
	return c, nil
}

// write makes the letters: notices first, so that a confirmation comes before what was said with the report.
func (l *letters) write(notices []notice) {
	t := l.ticket
	for _, n := range notices {
		if l.machine {
			break // a machine is not answered by a machine
		}
		note := letter{template: n.template, part: n.part(l.event.Version), submitted: "auto-generated"}
		note.to = readers("", t.Caller)
		if n.name == Reported {
			note.submitted = "auto-replied"
		} else {
			note.to = readers("", append(note.to, readers(l.event.Actor.Person(), l.watchers...)...)...)
		}
		l.place(&note, 1<<62)
	}
	for i := range l.comments {
		c := &l.comments[i]
		say := letter{template: Commented, part: rowID(c.ID), comment: c, to: readers(c.Author, append([]string{t.Caller}, l.watchers...)...)}
		if l.event.Actor.Person() == "" {
			say.submitted = "auto-generated"
		}
		l.place(&say, c.ID)
	}
}

// readers are people, each once, without the one who knows already.
func readers(knows string, people ...string) (to []string) {
	for _, p := range people {
		if p != "" && p != itsm.Erased && p != knows && !slices.Contains(to, p) {
			to = append(to, p)
		}
	}
	return to
}

// place puts a letter into the thread, behind what was said before it.
func (l *letters) place(n *letter, row int64) {
	own := l.sender.config.Identity.MessageID(l.event.Key, n.part)
	root := l.sender.config.Identity.MessageID(l.event.Key, Reported)
	var ids []string
	for _, m := range l.thread {
		if m.row >= row || m.id == own {
			continue
		}
		if ids = append(ids, m.id); m.caller {
			n.answers = m.id
		}
	}
	if own != root { // the confirmation, from which mails hang where nobody wrote any
		ids = slices.Insert(ids, min(1, len(ids)), root)
	}
	if n.answers == "" && len(ids) > 0 {
		n.answers = ids[len(ids)-1]
	}
	if i := slices.Index(ids, n.answers); i >= 0 { // what is answered stands last
		ids = append(slices.Delete(ids, i, i+1), n.answers)
	}
	n.references = bounded(ids, 2, maxThread)
	if len(n.to) > 0 {
		l.letters = append(l.letters, *n)
	}
}

// data is what a template gets.
func (l *letters) data(ctx context.Context, of *letter, to itsm.Profile) Data {
	d := Data{
		Tenant: l.event.Tenant, Kind: l.event.Key.Kind, Number: l.event.ID, Event: l.event.Name, At: l.event.At,
		Title: oneLine(l.ticket.Title, 500), Description: l.ticket.Description, To: to, fields: map[string]string{},
	}
	author := l.event.Actor.Person()
	if of.comment != nil {
		author, d.Body = of.comment.Author, of.comment.Body
	}
	if p, err := l.sender.config.Person(ctx, l.event.Tenant, author); err == nil && author != "" {
		d.Author = oneLine(p.Name, maxName)
	}
	if entry, err := l.event.Read(); err == nil {
		for _, c := range entry.Changes {
			if !c.Erased {
				d.fields[c.Field] = c.To.String()
			}
		}
	}
	return d
}
