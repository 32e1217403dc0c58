// Package itsm is the kernel of a service desk: the words that every practice uses, and the one way through which every
// command goes.
//
// A practice, such as incident management, declares a record type, a lifecycle as a table and a handler for each
// trigger ([NewPractice], [Handle]). The kernel does the rest, the same for all:
//
//	command → actor and tenant → load → authorize → permitted here? what must the command bring? → handler
//	        → what must the record now have? → hooks in the same transaction → changes, field by field
//	        → one event a record, chained → timers → one write set → commit by comparing versions
//
// Nothing is overwritten silently, every refusal says all its reasons, and a record equals the fold of its events.
//
// # Concurrency
//
// A [Kernel] and what it gives out may be used by many goroutines, but for a [Unit], which belongs to its handler or
// hook. The kernel starts no goroutine; [Kernel.Run] runs in the caller's.
//
// # Time
//
// Instants are in UTC with nanoseconds. They come from the configured [Clock]; business hours come from calendars.
package itsm

import (
	"strings"
	"time"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// Ref names a record within a tenant: its kind and its number. The zero Ref names nothing.
type Ref struct {
	Kind string `json:"kind"`
	ID   string `json:"id"`
}

// String is "incident/INC0000001", and empty for the zero Ref.
func (r Ref) String() string {
	if r == (Ref{}) {
		return ""
	}
	return r.Kind + "/" + r.ID
}

// IsZero reports whether r names nothing.
func (r Ref) IsZero() bool { return r == Ref{} }

// MarshalText writes r as String does.
func (r Ref) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (r *Ref) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*r = Ref{}
		return nil
	}
	kind, id, ok := strings.Cut(string(text), "/")
	if !ok || kind == "" || id == "" {
		return ErrInvalid.with("ref", string(text), "write a reference as kind/number")
	}
	*r = Ref{Kind: kind, ID: id}
	return nil
}

// Key is a Ref with its tenant: the key of a record in a store.
type Key struct {
	Tenant string
	Kind   string
	ID     string
}

// Ref drops the tenant.
func (k Key) Ref() Ref { return Ref{Kind: k.Kind, ID: k.ID} }

// String is "acme/incident/INC0000001".
func (k Key) String() string { return k.Tenant + "/" + k.Kind + "/" + k.ID }

// Record is what every kind of record is: a struct that embeds [Head] or [Ticket]. What a store holds is never
// changed after commit; what leaves the kernel is a copy.
type Record interface {
	// Header answers the head that the kernel keeps.
	Header() *Head
}

// Head is kept by the kernel for every record; commands read it and never write it.
type Head struct {
	Tenant string `json:"tenant" itsm:"-"`
	Kind   string `json:"kind" itsm:"-"`
	// ID is the record's number, such as INC0000001: unique and ascending in a tenant, never used twice.
	ID string `json:"id" itsm:"-"`
	// Version counts the record's events; it grows by one with each.
	Version int64 `json:"version" itsm:"-"`
	// CreatedAt and UpdatedAt are the instants of the first and the last event, in UTC.
	CreatedAt time.Time `json:"created_at" itsm:"-"`
	UpdatedAt time.Time `json:"updated_at" itsm:"-"`
	// Digest is the head of the record's chain of events, see [Kernel.Verify].
	Digest Digest `json:"digest" itsm:"-"`

	// State is where the record stands in its lifecycle, and Phase what that means.
	State lifecycle.State `json:"state,omitempty" itsm:"index"`
	Phase lifecycle.Phase `json:"phase,omitzero" itsm:"index"`
}

// Header implements [Record].
func (h *Head) Header() *Head { return h }

// Ref names the record.
func (h Head) Ref() Ref { return Ref{Kind: h.Kind, ID: h.ID} }

// Key names the record with its tenant.
func (h Head) Key() Key { return Key{Tenant: h.Tenant, Kind: h.Kind, ID: h.ID} }

// Open reports whether work is left: the phase is new, active or waiting.
func (h Head) Open() bool { return h.Phase.Open() }

// Ticket is the wider header of records that people work on: incidents, problems, changes, requests. Service levels,
// search and links know tickets by it and need no practice.
type Ticket struct {
	Head

	Title       string `json:"title" itsm:"personal=caller"`
	Description string `json:"description,omitempty" itsm:"personal=caller"`
	// Caller is the person who needs help; OpenedBy is who wrote the ticket down.
	Caller   string `json:"caller,omitempty" itsm:"personal,index"`
	OpenedBy string `json:"opened_by,omitempty" itsm:"personal"`
	// VIP is what the directory said of the caller when the caller was named.
	VIP bool `json:"vip,omitempty"`
	// Channel is how the ticket came in: portal, mail, phone, chat, api.
	Channel string `json:"channel,omitempty"`

	Impact   Level    `json:"impact,omitempty"`
	Urgency  Level    `json:"urgency,omitempty"`
	Priority Priority `json:"priority,omitempty" itsm:"index"`
	// PriorityReason says why the priority is not the matrix's; empty where it is.
	PriorityReason string `json:"priority_reason,omitempty"`

	Group    string `json:"group,omitempty" itsm:"index"`
	Assignee string `json:"assignee,omitempty" itsm:"personal,index"`
	// FirstAssignee is the first person who was named to work on it.
	FirstAssignee string `json:"first_assignee,omitempty" itsm:"personal"`

	Category string   `json:"category,omitempty" itsm:"index"`
	Service  string   `json:"service,omitempty" itsm:"index"`
	Items    []string `json:"items,omitempty"`

	// Hold says what a waiting ticket waits for, HeldFrom the state that it goes back to.
	Hold     HoldReason      `json:"hold,omitempty" itsm:"index"`
	HeldFrom lifecycle.State `json:"held_from,omitempty"`

	// AskedAt is since when the caller waits for an answer: the report, or the first message after the last answer; zero
	// while nothing is open. AnsweredAt is when the desk last answered. What machines write, internal comments and copies
	// count as neither.
	AskedAt    time.Time `json:"asked_at,omitzero" itsm:"index"`
	AnsweredAt time.Time `json:"answered_at,omitzero"`

	// Parent is the record that this one hangs under, and Children counts what hangs under this one. Both follow the
	// links [ParentOf]. Duplicates counts the links [DuplicateOf] to this one.
	Parent     Ref `json:"parent,omitzero" itsm:"index"`
	Children   int `json:"children,omitempty"`
	Duplicates int `json:"duplicates,omitempty"`
	// Follows is the record whose change put this one into its state; empty from when something else moves it.
	Follows Ref `json:"follows,omitzero"`
	// MergedInto is the record that goes on in place of this one.
	MergedInto Ref `json:"merged_into,omitzero"`

	// Reassignments counts how often the work went from a group or a person to another; the first group, and the first
	// person of a group, are none. Reopens counts the reopenings.
	Reassignments int `json:"reassignments,omitempty"`
	Reopens       int `json:"reopens,omitempty"`
	// OpenTasks counts mandatory tasks that are not done. It stands on the record so that its version protects it.
	OpenTasks int `json:"open_tasks,omitempty"`

	// RetentionClass names what policies keep the ticket for; empty leaves it to its kind. LegalHolds are the matters for
	// which it is held: while there is one, it is not purged, and nobody is erased from it.
	RetentionClass string   `json:"retention_class,omitempty" itsm:"index"`
	LegalHolds     []string `json:"legal_holds,omitempty"`

	// Custom are the fields that the kind's schema declares.
	Custom field.Fields `json:"custom,omitempty"`
}

// Work answers the ticket of a record that embeds one.
func (t *Ticket) Work() *Ticket { return t }

// TicketOf answers the ticket of a record, or nil where the record is no ticket.
func TicketOf(r Record) *Ticket {
	if t, ok := r.(interface{ Work() *Ticket }); ok {
		return t.Work()
	}
	return nil
}

// HandTo names who works on the ticket. Empty leaves what is there, but a new group without an assignee clears the
// former one. Handlers use it.
func (t *Ticket) HandTo(group, assignee string) {
	if group != "" && group != t.Group {
		t.Group, t.Assignee = group, ""
	}
	if assignee != "" {
		t.Assignee = assignee
	}
}

// handedOver reports whether the work went from one to another.
func (t *Ticket) handedOver(to *Ticket) bool {
	group := t.Group != to.Group && to.Group != ""
	person := t.Assignee != to.Assignee
	return group && t.Group != "" || person && t.Assignee != "" && (to.Assignee != "" || group)
}

// HoldReason says what a ticket on hold waits for.
type HoldReason string

// The hold reasons every practice knows; a lifecycle may take others.
const (
	HoldCaller  HoldReason = "caller"
	HoldVendor  HoldReason = "vendor"
	HoldChange  HoldReason = "change"
	HoldProblem HoldReason = "problem"
	HoldOther   HoldReason = "other"
)

// Erased is what stands in place of a personal value after its person was erased.
const Erased = "erased"
