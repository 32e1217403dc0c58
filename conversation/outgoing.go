package conversation

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/itsmkit/itsmkit/itsm"
)

// Letter is what has to be told to people about a record, in the words of no channel.
type Letter struct {
	Record itsm.Ref
	Title  string
	// Author wrote Body, at an instant of the desk's clock.
	Author string
	Body   string
	At     time.Time
	Files  []Attachment
	// To are the ids of the people who are told, each once: the caller first. The id of one whom the directory does not
	// know is the address.
	To []string
	// ID is the letter's own, InReplyTo the message before it, and References the first and the last of the thread.
	ID         string
	InReplyTo  string
	References []string
}

// tailLetters is how many versions before a letter are searched for the message that it answers.
const tailLetters = 64

// Outgoing answers what an event of a record has to be told on a channel: each public comment to the caller and the
// watchers, but not to who wrote it. Internal comments, what a machine wrote, what came with a merged record and what
// was erased are told to nobody.
//
// A subscriber calls it with the context that it gets; what it answers is the same each time, also the ids, so that a
// letter that is sent twice is one letter for its receivers. It needs [Config.Domain], and costs what it tells.
func (r *Receiver) Outgoing(ctx context.Context, e *itsm.Event, channel string) ([]Letter, error) {
	if r.config.Domain == "" {
		return nil, itsm.Invalid("Domain", "give the receiver the domain of the ids of what the desk sends")
	}
	ref := e.Key.Ref()
	var letters []Letter
	for _, stamp := range e.Rows {
		if stamp.Kind != itsm.Comments {
			continue
		}
		letter, err := r.letter(ctx, ref, stamp.ID)
		if err != nil {
			return nil, err
		}
		if letter != nil {
			letters = append(letters, *letter)
		}
	}
	if len(letters) == 0 {
		return nil, nil
	}
	rec, err := r.k.Get(ctx, ref)
	if err != nil {
		return nil, err
	}
	t := itsm.TicketOf(rec)
	if t == nil {
		return nil, nil
	}
	watchers, err := r.k.Rows(ctx, ref, itsm.Watchers, 0, 0)
	if err != nil {
		return nil, err
	}
	files, err := r.files(ctx, ref, e)
	if err != nil {
		return nil, err
	}
	thread, err := r.threadOf(ctx, ref, e, channel)
	if err != nil {
		return nil, err
	}
	for i := range letters {
		l := &letters[i]
		l.Title = t.Title
		l.tell(t.Caller)
		for j := range watchers {
			l.tell(watchers[j].Sealed.Subject)
		}
		l.InReplyTo, l.References = thread[len(thread)-1], slices.Clone(thread)
	}
	letters[0].Files = files
	return slices.DeleteFunc(letters, func(l Letter) bool { return len(l.To) == 0 }), nil
}

// tell adds a person, but not who wrote the letter.
func (l *Letter) tell(person string) {
	if person != "" && person != itsm.Erased && person != l.Author && !slices.Contains(l.To, person) {
		l.To = append(l.To, person)
	}
}

// letter is a comment that may be told; nil for others.
func (r *Receiver) letter(ctx context.Context, ref itsm.Ref, id int64) (*Letter, error) {
	rows, err := r.k.Rows(ctx, ref, itsm.Comments, id-1, 1)
	if err != nil || len(rows) == 0 || rows[0].ID != id {
		return nil, err
	}
	row := &rows[0]
	var c itsm.Comment
	if err := json.Unmarshal(row.Facts, &c); err != nil {
		return nil, err
	}
	body, erased := row.Text()
	if c.Internal || c.AutoReply || erased || !c.Origin.IsZero() {
		return nil, nil
	}
	return &Letter{
		Record: ref, Author: row.Sealed.Subject, Body: body, At: row.At,
		ID: MessageID(ref, row.ID, row.Record.Tenant, r.config.Domain),
	}, nil
}

// files are those that came with an event.
func (r *Receiver) files(ctx context.Context, ref itsm.Ref, e *itsm.Event) ([]Attachment, error) {
	var files []Attachment
	for _, stamp := range e.Rows {
		if stamp.Kind != itsm.Attachments {
			continue
		}
		rows, err := r.k.Rows(ctx, ref, itsm.Attachments, stamp.ID-1, 1)
		if err != nil {
			return nil, err
		}
		if len(rows) == 0 || rows[0].ID != stamp.ID {
			continue
		}
		var f itsm.Attachment
		if err := json.Unmarshal(rows[0].Facts, &f); err != nil {
			return nil, err
		}
		name, erased := rows[0].Text()
		if !erased {
			files = append(files, Attachment{Name: name, Type: f.Type, Size: f.Size, SHA256: f.SHA256, Location: f.Location})
		}
	}
	return files, nil
}

// threadOf are the ids that keep a letter in its thread: the record's own, the first message that was received on the
// channel, and the last one before the event.
func (r *Receiver) threadOf(ctx context.Context, ref itsm.Ref, e *itsm.Event, channel string) ([]string, error) {
	thread := []string{MessageID(ref, 0, e.Tenant, r.config.Domain)}
	add := func(rows []itsm.Row) {
		for i := range rows {
			id, ok := idOf(channel, rows[i].Key)
			if ok && rows[i].Version < e.Version && !slices.Contains(thread, id) {
				thread = append(thread, id)
				return
			}
		}
	}
	first, err := r.k.Rows(ctx, ref, Messages, 0, maxAnswered)
	if err != nil {
		return nil, err
	}
	add(first)
	last, err := r.k.Rows(ctx, ref, Messages, max(e.Version-tailLetters, 0)<<16, tailLetters)
	if err != nil {
		return nil, err
	}
	slices.Reverse(last)
	add(last)
	return thread, nil
}
