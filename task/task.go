// Package task is work on a ticket, as records of their own: who does which part until when, in which order.
//
// A task belongs to one ticket of any practice. The ticket counts its open mandatory tasks ([itsm.Ticket.OpenTasks]), and
// a practice's table may refuse to resolve it while there are any, as that of incidents does. A task counts the tasks
// before it that are open ([Task.Waits]). Both counts are kept in the transaction of what changes them, so that no
// condition needs a query and no update is lost.
package task

import (
	"time"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// Kind is the kind of task records, and Series begins their numbers.
const (
	Kind   = "task"
	Series = "TSK"
)

// The links of tasks: a ticket has tasks, and a task precedes others of the same ticket.
var (
	TaskOf   = itsm.LinkType{Name: "task_of", Inverse: "has_task"}
	Precedes = itsm.LinkType{Name: "precedes", Inverse: "preceded_by"}
)

// Task is a piece of work on a ticket.
type Task struct {
	itsm.Ticket

	// Of is the ticket that the task belongs to; it never changes.
	Of   itsm.Ref `json:"of,omitzero" itsm:"index"`
	Type Type     `json:"type,omitempty" itsm:"index"`
	// Mandatory tasks are done before the ticket is resolved.
	Mandatory bool `json:"mandatory,omitempty" itsm:"index"`
	// Position orders the tasks of a ticket; equal ones by number.
	Position int `json:"position,omitempty"`

	// Predecessors and Successors are the numbers of tasks of the same ticket, in the order in which they were linked.
	// They follow the links [Precedes].
	Predecessors []string `json:"predecessors,omitempty"`
	Successors   []string `json:"successors,omitempty"`
	// Waits counts the predecessors that are open.
	Waits int `json:"waits,omitempty" itsm:"index"`

	PlannedStart time.Time `json:"planned_start,omitzero" itsm:"index"`
	PlannedEnd   time.Time `json:"planned_end,omitzero"`
	// Due is when it shall be done. Overdue is set when that has passed while the task was open, and stays where it was
	// done late; another due time clears it.
	Due     time.Time `json:"due,omitzero" itsm:"index"`
	Overdue bool      `json:"overdue,omitempty" itsm:"index"`

	// StartedAt and EndedAt tell when the work was done; EndedAt also when the task was skipped or cancelled.
	StartedAt time.Time `json:"started_at,omitzero"`
	EndedAt   time.Time `json:"ended_at,omitzero"`
	// Outcome says what came of it, and Reason why it was skipped or cancelled.
	Outcome string `json:"outcome,omitempty"`
	Reason  string `json:"reason,omitempty"`
}

// Ready reports whether work on the task can begin: it is open, not begun, and waits for no other.
func (t *Task) Ready() bool { return t.State == StateOpen && t.Waits == 0 }

// Type says in a word what kind of work it is. A desk may have its own.
type Type string

// Common types.
const (
	Investigate    Type = "investigate"
	Fix            Type = "fix"
	Test           Type = "test"
	Communicate    Type = "communicate"
	Implementation Type = "implementation"
	Backout        Type = "backout"
	Review         Type = "review"
)

// Work says what a new task is. Only a title is required. The zero value of the others is none.
type Work struct {
	// Name is what After of other tasks of the same command calls it.
	Name        string `json:"name,omitempty"`
	Title       string `json:"title"`
	Description string `json:"description,omitempty"`
	Type        Type   `json:"type,omitempty"`
	Mandatory   bool   `json:"mandatory,omitempty"`
	// Position orders the tasks of a ticket; 0 is behind all that it has.
	Position int `json:"position,omitempty"`
	// After names the predecessors: tasks of the same command by name, or tasks that the ticket has by number.
	After []string `json:"after,omitempty"`

	Group    string `json:"group,omitempty"`
	Assignee string `json:"assignee,omitempty"`

	PlannedStart time.Time `json:"planned_start,omitzero"`
	PlannedEnd   time.Time `json:"planned_end,omitzero"`
	// Due is an instant, or DueIn a working time of the practice's calendar from when the task is added.
	Due   time.Time     `json:"due,omitzero"`
	DueIn time.Duration `json:"due_in,omitempty"`
}

// List is a template of tasks, by name. What one does not know before a ticket is there (instants, numbers) it leaves out.
type List struct {
	Name  string `json:"name"`
	Tasks []Work `json:"tasks"`
}

// Addition is what the command that adds tasks brings: tasks, or the name of a list.
type Addition struct {
	Of    itsm.Ref `json:"of"`
	List  string   `json:"list,omitempty"`
	Tasks []Work   `json:"tasks,omitempty"`
}

// Assignment names who does it. A new group without an assignee clears the former assignee.
type Assignment struct {
	Group    string `json:"group,omitempty"`
	Assignee string `json:"assignee,omitempty"`
}

// Completion says what came of a task. StartedAt and EndedAt are for work that is written down later; neither lies in
// the future, and none is the time of the command.
type Completion struct {
	Outcome   string    `json:"outcome,omitempty"`
	StartedAt time.Time `json:"started_at,omitzero"`
	EndedAt   time.Time `json:"ended_at,omitzero"`
}

// Hold says what a task waits for that is no task.
type Hold struct {
	Reason itsm.HoldReason `json:"reason"`
}

// Because says why: a task is skipped, cancelled or reopened.
type Because struct {
	Reason string `json:"reason"`
}

// Nothing is the input of commands that bring nothing.
type Nothing struct{}

// The reasons of tasks that end with their ticket.
const (
	TicketEnded     = "the ticket is resolved"
	TicketCancelled = "the ticket is cancelled"
)

// The states of a task.
const (
	StateOpen       lifecycle.State = "open"
	StateInProgress lifecycle.State = "in_progress"
	StateOnHold     lifecycle.State = "on_hold"
	StateDone       lifecycle.State = "done"
	StateSkipped    lifecycle.State = "skipped"
	StateCancelled  lifecycle.State = "cancelled"
)

// The triggers of a task, beside those of every ticket ([itsm.StandardTriggers]).
const (
	TriggerAdd      lifecycle.Trigger = "add"
	TriggerAssign   lifecycle.Trigger = "assign"
	TriggerStart    lifecycle.Trigger = "start"
	TriggerHold     lifecycle.Trigger = "hold"
	TriggerResume   lifecycle.Trigger = "resume"
	TriggerComplete lifecycle.Trigger = "complete"
	TriggerSkip     lifecycle.Trigger = "skip"
	TriggerCancel   lifecycle.Trigger = "cancel"
	TriggerReopen   lifecycle.Trigger = "reopen"

	// What machinery does: the due time passes, the order of tasks changes, a predecessor ends or is open again, and the
	// ticket has another caller.
	TriggerOverdue lifecycle.Trigger = "overdue"
	TriggerOrder   lifecycle.Trigger = "order"
	TriggerRelease lifecycle.Trigger = "release"
	TriggerBlock   lifecycle.Trigger = "block"
	TriggerAddress lifecycle.Trigger = "address"
)

// TimerDue is the timer that fires when a task is due.
const TimerDue = "due"

// The codes of refusals, beside those of package lifecycle and the names of guards.
const (
	ReasonTicketOpen lifecycle.Code = "ticket_open"  // the ticket of the task is not open
	ReasonTooMany    lifecycle.Code = "too_many"     // the ticket has as many open tasks as it can have
	ReasonCycle      lifecycle.Code = "cycle"        // a task would come before itself
	ReasonOneTicket  lifecycle.Code = "other_ticket" // tasks of two tickets have no order
)
