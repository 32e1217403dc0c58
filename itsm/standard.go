package itsm

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/itsmkit/itsmkit/lifecycle"
)

// Comment is a message on a record: from and to the caller, or between those who work on it where it is Internal.
type Comment struct {
	ID     int64     `json:"id,omitzero"`
	At     time.Time `json:"at,omitzero"`
	Author string    `json:"author,omitzero"`
	Body   string    `json:"body"`
	// Internal hides the comment from requesters.
	Internal bool `json:"internal,omitempty"`
	// Channel is how it came: portal, mail, chat, api.
	Channel string `json:"channel,omitempty"`
	// MessageID is the channel's own id of the message; it is the row's key in the store.
	MessageID string `json:"message_id,omitempty"`
	// AutoReply marks what a machine answered, such as an absence notice. It resumes nothing.
	AutoReply bool `json:"auto_reply,omitempty"`
	// Origin is set where the comment came from a record that was merged into this one.
	Origin Origin `json:"origin,omitzero"`
	// Erased is set where the person who wrote it was erased; Body and Author are then gone.
	Erased bool `json:"erased,omitzero"`
}

// WorkNote is what those who work on a record tell each other. Requesters never see it.
type WorkNote struct {
	ID     int64     `json:"id,omitzero"`
	At     time.Time `json:"at,omitzero"`
	Author string    `json:"author,omitzero"`
	Body   string    `json:"body"`
	Origin Origin    `json:"origin,omitzero"`
	Erased bool      `json:"erased,omitzero"`
}

// TimeEntry is work that somebody did for the record.
type TimeEntry struct {
	ID     int64     `json:"id,omitzero"`
	At     time.Time `json:"at,omitzero"`
	Author string    `json:"author,omitzero"`
	// Spent is how long it took, more than 0.
	Spent    time.Duration `json:"spent"`
	Activity string        `json:"activity,omitempty"`
	Note     string        `json:"note,omitempty"`
	Erased   bool          `json:"erased,omitzero"`
}

// Attachment is a file by reference: the bytes are the host's to keep.
type Attachment struct {
	ID     int64     `json:"id,omitzero"`
	At     time.Time `json:"at,omitzero"`
	Author string    `json:"author,omitzero"`
	Name   string    `json:"name"`
	Type   string    `json:"type,omitempty"`
	Size   int64     `json:"size"`
	// SHA256 is the digest of the bytes in hexadecimal.
	SHA256 string `json:"sha256"`
	// Location is where the host keeps them.
	Location string `json:"location"`
	Erased   bool   `json:"erased,omitzero"`
}

// Watcher is a person who is told what happens to the record.
type Watcher struct {
	ID     int64     `json:"id,omitzero"`
	At     time.Time `json:"at,omitzero"`
	Person string    `json:"person"`
}

// LinkType is a typed link between records, with a name for each direction: a child has a parent.
type LinkType struct {
	Name    string
	Inverse string
}

// The link types that every desk knows. A host may use its own.
var (
	ParentOf    = LinkType{Name: "parent_of", Inverse: "child_of"}
	DuplicateOf = LinkType{Name: "duplicate_of", Inverse: "duplicated_by"}
	CausedBy    = LinkType{Name: "caused_by", Inverse: "causes"}
	RelatedTo   = LinkType{Name: "related_to", Inverse: "related_to"}
)

// Link is one end of a link, as the record that holds it sees it.
type Link struct {
	ID   int64     `json:"id,omitzero"`
	At   time.Time `json:"at,omitzero"`
	By   string    `json:"by,omitzero"`
	Name string    `json:"name"`
	To   Ref       `json:"to"`
	// Inverse is the link's name at the other end.
	Inverse string `json:"inverse"`
}

// LinkEnd is what the other end of a link is told.
type LinkEnd struct {
	Link
	Remove bool `json:"remove,omitempty"`
}

// NewLink asks for a link from the record at hand.
type NewLink struct {
	Type LinkType `json:"type"`
	To   Ref      `json:"to"`
}

// RowID names a row of the record at hand.
type RowID struct {
	ID int64 `json:"id"`
}

// WatcherOf names who watches; empty is the actor.
type WatcherOf struct {
	Person string `json:"person"`
}

// ClockReview asks who keeps the service-level clocks of a ticket to look them over.
type ClockReview struct {
	// Order says how: "apply" brings the ticket under the agreements as they are now, "repair" computes its clocks anew.
	Order string `json:"order"`
}

// Reviews answers the reviews of clocks that the record at hand was given in this transaction.
func (u *Unit) Reviews() []ClockReview {
	var reviews []ClockReview
	for _, f := range u.touch.facts {
		var r ClockReview
		if f.name == factReview && json.Unmarshal(f.json, &r) == nil {
			reviews = append(reviews, r)
		}
	}
	return reviews
}

// The facts that the standard triggers write.
const (
	factLevel     = "level_reached"
	factEscalated = "escalated"

	factPropagation = "propagation"
	factTask        = "task"
	factReview      = "clock_review"
	factSeen        = "acknowledged"
)

// Propagation is a rule on its way through many records: where it stands after a batch.
type Propagation struct {
	// Rule is its name, and After the last link that it has done.
	Rule  string `json:"rule"`
	After int64  `json:"after"`
	// State is the record's when it began; in another one it ends.
	State lifecycle.State `json:"state"`
	// Input is what the rule hands on, by name.
	Input Patch `json:"input,omitempty"`
	// Hops counts the transactions that it was cut into before it came to this record.
	Hops int `json:"hops,omitempty"`
}

// TaskNote says on a record what became of a task of it.
type TaskNote struct {
	Task Ref `json:"task"`
	// Event is what happened, such as "task.done".
	Event string `json:"event"`
	// Open is what it adds to the record's open mandatory tasks: 1, 0 or -1.
	Open int `json:"open,omitempty"`
	// Type is what kind of work it is, for practices that tell kinds apart. A task that becomes of another kind is two notes:
	// of the one that is no more, and of the one that is there now.
	Type string `json:"type,omitempty"`
}

// The triggers that every practice on tickets has; its lifecycle says in which states. [Practice.Standard] registers them.
const (
	TriggerEdit    lifecycle.Trigger = "edit"
	TriggerComment lifecycle.Trigger = "comment"
	TriggerNote    lifecycle.Trigger = "note"
	TriggerLogTime lifecycle.Trigger = "log_time"
	TriggerAttach  lifecycle.Trigger = "attach"
	TriggerLink    lifecycle.Trigger = "link"
	TriggerLinked  lifecycle.Trigger = "accept_link"
	TriggerUnlink  lifecycle.Trigger = "unlink"
	TriggerWatch   lifecycle.Trigger = "watch"
	TriggerUnwatch lifecycle.Trigger = "unwatch"
	// TriggerAcknowledge says that a person has seen to the ticket: escalation policies that allow it stop.
	TriggerAcknowledge lifecycle.Trigger = "acknowledge"
	// TriggerLevel notes that a service-level clock reached a level, and TriggerEscalate that somebody is told or
	// involved because of it.
	TriggerLevel    lifecycle.Trigger = "reach_level"
	TriggerEscalate lifecycle.Trigger = "escalate"
	// TriggerPropagate goes on with a propagation that was cut into batches, and TriggerTask notes what became of a task.
	TriggerPropagate lifecycle.Trigger = "propagate"
	TriggerTask      lifecycle.Trigger = "note_task"
	// TriggerClocks has the service-level clocks of a ticket looked over.
	TriggerClocks lifecycle.Trigger = "review_clocks"
)

// StandardTransitions are the rows of the standard triggers, from the states of a table; only some of the triggers
// where those are named.
func StandardTransitions(from []lifecycle.State, only ...lifecycle.Trigger) []lifecycle.Transition {
	need := func(fields ...string) []lifecycle.Need {
		needs := make([]lifecycle.Need, len(fields))
		for i, f := range fields {
			needs[i] = lifecycle.Need{f}
		}
		return needs
	}
	rows := []lifecycle.Transition{
		{Trigger: TriggerEdit, Leaves: need("title")},
		{Trigger: TriggerComment, Brings: need("body")},
		{Trigger: TriggerNote, Brings: need("body")},
		{Trigger: TriggerLogTime, Brings: need("spent")},
		{Trigger: TriggerAttach, Brings: need("name", "location")},
		{Trigger: TriggerLink, Brings: need("to")},
		{Trigger: TriggerLinked, Roles: []Role{Machinery}},
		{Trigger: TriggerUnlink, Brings: need("id")},
		{Trigger: TriggerWatch},
		{Trigger: TriggerUnwatch},
		{Trigger: TriggerAcknowledge},
		{Trigger: TriggerLevel, Brings: need("target"), Roles: []Role{Machinery}},
		{Trigger: TriggerEscalate, Roles: []Role{Machinery}},
		{Trigger: TriggerPropagate, Brings: need("rule"), Roles: []Role{Machinery}},
		{Trigger: TriggerTask, Brings: need("task"), Roles: []Role{Machinery}},
		{Trigger: TriggerClocks, Brings: need("order"), Roles: []Role{Machinery}},
		{Trigger: TriggerLegalHold, Brings: need("matter")},
		{Trigger: TriggerLegalRelease, Brings: need("matter", "reason")},
		{Trigger: TriggerRetention},
	}
	if len(only) > 0 {
		rows = slices.DeleteFunc(rows, func(r lifecycle.Transition) bool { return !slices.Contains(only, r.Trigger) })
	}
	for i := range rows {
		rows[i].From = slices.Clone(from)
	}
	return rows
}

// StandardTriggers declares the triggers for a lifecycle.
func StandardTriggers() []lifecycle.TriggerRow {
	return []lifecycle.TriggerRow{
		{Name: TriggerEdit, Title: "Edit", Past: "edited"},
		{Name: TriggerComment, Title: "Comment", Past: "commented"},
		{Name: TriggerNote, Title: "Work note", Past: "noted"},
		{Name: TriggerLogTime, Title: "Log time", Past: "time_logged"},
		{Name: TriggerAttach, Title: "Attach", Past: "attached"},
		{Name: TriggerLink, Title: "Link", Past: "linked"},
		{Name: TriggerLinked, Title: "Accept link", Past: "linked"},
		{Name: TriggerUnlink, Title: "Unlink", Past: "unlinked"},
		{Name: TriggerWatch, Title: "Watch", Past: "watched"},
		{Name: TriggerUnwatch, Title: "Stop watching", Past: "unwatched"},
		{Name: TriggerAcknowledge, Title: "Acknowledge", Past: "acknowledged"},
		{Name: TriggerLevel, Title: "Reach a service level", Past: "level_reached"},
		{Name: TriggerEscalate, Title: "Escalate", Past: "escalated"},
		{Name: TriggerPropagate, Title: "Propagate", Past: "propagated"},
		{Name: TriggerTask, Title: "Note a task", Past: "task_noted"},
		{Name: TriggerClocks, Title: "Review service-level clocks", Past: "clocks_reviewed"},
		{Name: TriggerLegalHold, Title: "Hold for a legal matter", Past: "legally_held"},
		{Name: TriggerLegalRelease, Title: "Release a legal hold", Past: "legal_hold_released"},
		{Name: TriggerRetention, Title: "Classify for retention", Past: "retention_classified"},
	}
}

// standard are the commands that every practice on tickets has beside its lifecycle's own.
type standard[P any] struct {
	edit    Command[P, Patch]
	comment Command[P, Comment]
	note    Command[P, WorkNote]
	logTime Command[P, TimeEntry]
	attach  Command[P, Attachment]
	link    Command[P, NewLink]
	unlink  Command[P, RowID]
	watch   Command[P, WatcherOf]
	unwatch Command[P, WatcherOf]
	seen    Command[P, Acknowledgement]

	hold     Command[P, LegalHold]
	release  Command[P, LegalHold]
	classify Command[P, RetentionClass]
}

// Commented registers what a practice does to a record when it is commented, in the same act; before [Practice.Standard].
func (p *Practice[P]) Commented(do func(u *Unit, r *P, c Comment) error) { p.commented = do }

// Standard registers the handlers of [StandardTriggers]. Edited, if not nil, runs after a patch and keeps what depends
// on edited fields, such as the priority.
func (p *Practice[P]) Standard(edited func(u *Unit, r *P, patch Patch) error) {
	if edited != nil {
		p.kind.edited = func(u *Unit, rec Record, patch Patch) error { return edited(u, any(rec).(*P), patch) }
	}
	p.std = standard[P]{
		edit: Handle(p, TriggerEdit, func(u *Unit, r *P, patch Patch) error {
			if err := patch.Apply(u); err != nil || edited == nil {
				return err
			}
			return edited(u, r, patch)
		}),
		comment: Handle(p, TriggerComment, func(u *Unit, r *P, c Comment) error {
			if c.Internal {
				if err := u.Require(Verb(TriggerNote)); err != nil {
					return err
				}
			}
			if err := u.Comment(c); err != nil || p.commented == nil {
				return err
			}
			return p.commented(u, r, c)
		}),
		note: Handle(p, TriggerNote, func(u *Unit, _ *P, n WorkNote) error { return u.Note(n.Body) }),
		logTime: Handle(p, TriggerLogTime, func(u *Unit, _ *P, e TimeEntry) error {
			if e.Spent <= 0 {
				return Invalid("spent", "log a time of more than 0")
			}
			facts := timeFacts{Spent: e.Spent, Activity: e.Activity}
			return u.AddRow(TimeEntries, "", facts, u.person(), e.Note)
		}),
		attach: Handle(p, TriggerAttach, func(u *Unit, _ *P, f Attachment) error { return u.Attach("", f) }),
		link: Handle(p, TriggerLink, func(u *Unit, _ *P, l NewLink) error {
			if err := u.RequireOn(l.To, Read); err != nil {
				return err
			}
			return u.Link(l.Type, l.To)
		}),
		unlink: Handle(p, TriggerUnlink, func(u *Unit, _ *P, row RowID) error {
			return u.Unlink(row.ID)
		}),
		watch:   Handle(p, TriggerWatch, func(u *Unit, _ *P, w WatcherOf) error { return u.Watch(w.Person) }),
		unwatch: Handle(p, TriggerUnwatch, func(u *Unit, _ *P, w WatcherOf) error { return u.unwatch(w.Person) }),
		seen:    Handle(p, TriggerAcknowledge, func(u *Unit, _ *P, a Acknowledgement) error { return u.acknowledge(a) }),
	}
	standing(p)
	retained(p)
}

// standing registers what machinery does to tickets.
func standing[P any](p *Practice[P]) {
	Handle(p, TriggerLinked, func(u *Unit, _ *P, end LinkEnd) error {
		if end.Remove {
			return u.dropLink(end.Link)
		}
		return u.addLink(end.Link)
	})
	Handle(p, TriggerPropagate, func(u *Unit, _ *P, n Propagation) error {
		u.tx.hops = n.Hops
		n.Input = nil // it may be personal, and has been said
		return u.Fact(factPropagation, n)
	})
	Handle(p, TriggerTask, func(u *Unit, r *P, n TaskNote) error {
		if t := TicketOf(any(r).(Record)); t != nil {
			t.OpenTasks += n.Open
		}
		return u.Fact(factTask, n)
	})
	Handle(p, TriggerClocks, func(u *Unit, _ *P, r ClockReview) error { return u.Fact(factReview, r) })
	Handle(p, TriggerLevel, func(u *Unit, _ *P, l LevelReached) error { return u.Fact(factLevel, l) })
	Handle(p, TriggerEscalate, func(u *Unit, _ *P, e Escalation) error {
		if e.Pending {
			return nil
		}
		e.Whom = nil
		for _, person := range e.People {
			if err := u.Concern(person); err != nil {
				return err
			}
			if at := slices.Index(u.touch.people, person); !slices.Contains(e.Whom, at) {
				e.Whom = append(e.Whom, at)
			}
		}
		e.Told = len(e.Whom)
		return u.Fact(factEscalated, e)
	})
}

// Edit sets fields by name; see [Patch].
func (r *Records[P]) Edit(ctx context.Context, id string, patch Patch, with ...Option) (P, error) {
	return r.std.edit.Do(ctx, id, patch, with...)
}

// Comment adds a message.
func (r *Records[P]) Comment(ctx context.Context, id string, c Comment, with ...Option) (P, error) {
	return r.std.comment.Do(ctx, id, c, with...)
}

// Note adds a work note, which requesters never see.
func (r *Records[P]) Note(ctx context.Context, id, body string, with ...Option) (P, error) {
	return r.std.note.Do(ctx, id, WorkNote{Body: body}, with...)
}

// LogTime adds time that the actor worked.
func (r *Records[P]) LogTime(ctx context.Context, id string, e TimeEntry, with ...Option) (P, error) {
	return r.std.logTime.Do(ctx, id, e, with...)
}

// Attach adds a file by reference.
func (r *Records[P]) Attach(ctx context.Context, id string, f Attachment, with ...Option) (P, error) {
	return r.std.attach.Do(ctx, id, f, with...)
}

// Link links the record to another one, both ways in one transaction. A link that is there is left alone.
func (r *Records[P]) Link(ctx context.Context, id string, t LinkType, to Ref, with ...Option) (P, error) {
	return r.std.link.Do(ctx, id, NewLink{Type: t, To: to}, with...)
}

// Unlink takes a link away, at both ends.
func (r *Records[P]) Unlink(ctx context.Context, id string, link int64, with ...Option) (P, error) {
	return r.std.unlink.Do(ctx, id, RowID{ID: link}, with...)
}

// Watch makes a person a watcher; empty is the actor.
func (r *Records[P]) Watch(ctx context.Context, id, person string, with ...Option) (P, error) {
	return r.std.watch.Do(ctx, id, WatcherOf{Person: person}, with...)
}

// Unwatch ends it.
func (r *Records[P]) Unwatch(ctx context.Context, id, person string, with ...Option) (P, error) {
	return r.std.unwatch.Do(ctx, id, WatcherOf{Person: person}, with...)
}

// Acknowledge says that the actor has seen to the record: escalation policies that allow it stop. A note becomes a work
// note; it may be empty.
func (r *Records[P]) Acknowledge(ctx context.Context, id, note string, with ...Option) (P, error) {
	return r.std.seen.Do(ctx, id, Acknowledgement{Note: note}, with...)
}

// Comments answers up to limit comments with an id above after, oldest first, as the actor may see them. Limit 0 means
// all.
func (r *Records[P]) Comments(ctx context.Context, id string, after int64, limit int) ([]Comment, error) {
	return rowsOf(ctx, r.k, Ref{Kind: r.kind.name, ID: id}, Comments, after, limit, func(row *Row, c *Comment, hidden bool) bool {
		c.ID, c.At, c.Author = row.ID, row.At, row.Sealed.Subject
		c.Body, c.Erased = row.personal()
		return !hidden || !c.Internal
	})
}

// WorkNotes answers work notes like Comments.
func (r *Records[P]) WorkNotes(ctx context.Context, id string, after int64, limit int) ([]WorkNote, error) {
	return rowsOf(ctx, r.k, Ref{Kind: r.kind.name, ID: id}, WorkNotes, after, limit, func(row *Row, n *WorkNote, hidden bool) bool {
		n.ID, n.At, n.Author = row.ID, row.At, row.Sealed.Subject
		n.Body, n.Erased = row.personal()
		return !hidden
	})
}

// TimeEntries answers time entries like Comments.
func (r *Records[P]) TimeEntries(ctx context.Context, id string, after int64, limit int) ([]TimeEntry, error) {
	return rowsOf(ctx, r.k, Ref{Kind: r.kind.name, ID: id}, TimeEntries, after, limit, func(row *Row, e *TimeEntry, hidden bool) bool {
		e.ID, e.At, e.Author = row.ID, row.At, row.Sealed.Subject
		e.Note, e.Erased = row.personal()
		return !hidden
	})
}

// Attachments answers files like Comments.
func (r *Records[P]) Attachments(ctx context.Context, id string, after int64, limit int) ([]Attachment, error) {
	return rowsOf(ctx, r.k, Ref{Kind: r.kind.name, ID: id}, Attachments, after, limit, func(row *Row, f *Attachment, hidden bool) bool {
		f.ID, f.At, f.Author = row.ID, row.At, row.Sealed.Subject
		f.Name, f.Erased = row.personal()
		return !hidden
	})
}

// Links answers the record's links.
func (r *Records[P]) Links(ctx context.Context, id string) ([]Link, error) {
	return rowsOf(ctx, r.k, Ref{Kind: r.kind.name, ID: id}, Links, 0, 0, func(row *Row, l *Link, hidden bool) bool {
		l.ID, l.At, l.By = row.ID, row.At, row.Sealed.Subject
		return !hidden
	})
}

// Watchers answers who watches.
func (r *Records[P]) Watchers(ctx context.Context, id string) ([]Watcher, error) {
	return rowsOf(ctx, r.k, Ref{Kind: r.kind.name, ID: id}, Watchers, 0, 0, func(row *Row, w *Watcher, hidden bool) bool {
		w.ID, w.At, w.Person = row.ID, row.At, row.Sealed.Subject
		return !hidden
	})
}
