package replay

import (
	"context"
	"iter"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// practice is what the cases of a log become: incidents or problems. It gives the commands of its own; a record is known by
// its ticket.
type practice interface {
	// register registers it with a kernel that is not open yet, with fields for what the log says.
	register(k *itsm.Kernel, custom field.Schema) error
	kernel() *itsm.Kernel
	report(ctx context.Context, title string, e *event, a *aim, custom field.Fields) (itsm.Ticket, error)
	// next answers the command that brings a ticket nearer to its aim, and none where it is there.
	next(t *itsm.Ticket, a *aim) lifecycle.Trigger
	give(ctx context.Context, id string, t lifecycle.Trigger, a *aim, with []itsm.Option) (itsm.Ticket, error)
	note(ctx context.Context, id, body string, with []itsm.Option) (itsm.Ticket, error)
	all(ctx context.Context) iter.Seq2[itsm.Ticket, error]
	get(ctx context.Context, id string) (itsm.Ticket, error)
	history(ctx context.Context, id string) ([]itsm.Entry, error)
	notes(ctx context.Context, id string) ([]itsm.WorkNote, error)
	ref(id string) itsm.Ref
}

// of is what practices over records of any type have in common.
type of[P any] struct {
	records *itsm.Records[P]
	ticket  func(*P) *itsm.Ticket
}

// is is the ticket of what a command answers.
func (o of[P]) is(rec P, err error) (itsm.Ticket, error) { return *o.ticket(&rec), err }

func (o of[P]) kernel() *itsm.Kernel { return o.records.Kernel() }

func (o of[P]) note(ctx context.Context, id, body string, with []itsm.Option) (itsm.Ticket, error) {
	return o.is(o.records.Note(ctx, id, body, with...))
}

func (o of[P]) all(ctx context.Context) iter.Seq2[itsm.Ticket, error] {
	return func(yield func(itsm.Ticket, error) bool) {
		for rec, err := range o.records.All(ctx, itsm.Query{Limit: 1000}) {
			if !yield(o.is(rec, err)) {
				return
			}
		}
	}
}

func (o of[P]) get(ctx context.Context, id string) (itsm.Ticket, error) {
	return o.is(o.records.Get(ctx, id))
}

func (o of[P]) history(ctx context.Context, id string) ([]itsm.Entry, error) {
	return o.records.History(ctx, id, 0, 0)
}

func (o of[P]) notes(ctx context.Context, id string) ([]itsm.WorkNote, error) {
	return o.records.WorkNotes(ctx, id, 0, 0)
}

func (o of[P]) ref(id string) itsm.Ref { return o.records.Ref(id) }

// editAlways lets the source's status be noted in every state: a log goes on after a record was closed.
func editAlways(kind string, ended ...lifecycle.State) []lifecycle.Overlay {
	return []lifecycle.Overlay{{Lifecycle: kind, Version: 2, Add: lifecycle.Parts{
		Transitions: []lifecycle.Transition{{From: ended, Trigger: itsm.TriggerEdit}},
	}}}
}
