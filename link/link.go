// Package link holds what happens between records that are linked: when a parent is resolved, its children are; when an
// original is solved, whoever reported a duplicate is told.
//
// It is a table of rules ([Rule]) that a host may edit, and imports no practice: a rule names kinds, links and triggers.
// Rules run in the transaction of the command that they answer. A record that refuses keeps its state, with the refusal
// as an event on it for a person to see, and the source's event says which refused.
//
// # Cost
//
// A command that no rule answers pays a look into a map. Else it costs what it reaches. One transaction touches
// [Batch] records at most; a propagation to more goes on by a timer on its source, from where it was cut, at once and
// over restarts, so that it ends in any case and memory is bounded.
//
// # Circles
//
// In what one command leads to, a rule runs once on a record. So no circle of links is endless.
package link

import (
	"slices"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// Rule says what an event on one record, the source, makes of those at the other end of its links, the targets. All its
// conditions must hold.
type Rule struct {
	// Name is unique in a table; it stands in what is recorded.
	Name string `json:"name"`

	// Kind is the source's, Triggers what happened to it.
	Kind     string              `json:"kind"`
	Triggers []lifecycle.Trigger `json:"triggers"`
	// From limits the rule to sources that were in one of these phases before; empty takes all.
	From []lifecycle.Phase `json:"from,omitempty"`
	// Linked says that the rule is also for targets that are linked later, each by itself: as if what it is for had happened
	// then. Its inputs are of the source's columns.
	Linked bool `json:"linked,omitempty"`
	// When limits it by what the source then is.
	When *itsm.Filter `json:"when,omitempty"`
	// By limits it by who gave the command.
	By By `json:"by,omitempty"`
	// Visibility limits it by who may read the message that the command brought.
	Visibility Visibility `json:"visibility,omitempty"`

	// Link is the name of the link as the source sees it, which is also its direction: a parent is parent_of, a child is
	// child_of.
	Link string `json:"link"`

	// Target is the targets' kind, and Phases are those that they must be in; empty takes all.
	Target string            `json:"target"`
	Phases []lifecycle.Phase `json:"phases,omitempty"`
	// Where limits it by what the target is.
	Where *itsm.Filter `json:"where,omitempty"`
	// Following limits it to targets that are in their state because of the source ([itsm.Ticket.Follows]).
	Following bool `json:"following,omitempty"`
	// Last limits it to the last one: all others that have the same link to the target are no longer open. It costs a look
	// at each of them.
	Last bool `json:"last,omitempty"`

	// Do is the trigger that is pulled on the target.
	Do lifecycle.Trigger `json:"do"`
	// Input names what it brings: for each input the source's column, such as "resolution.code", or "input." and what the
	// source's own command brought. Give are values that are always the same.
	Input map[string]string `json:"input,omitempty"`
	Give  itsm.Patch        `json:"give,omitempty"`
}

// By says who gave the source's command.
type By string

// Who may have given the command. The zero value is anybody.
const (
	ByCaller By = "caller" // the person who needs help, or a program on behalf of that person
	ByOthers By = "others" // anybody else
)

// Visibility says who may read a message.
type Visibility string

// The messages that a rule is for. The zero value is all.
const (
	Public   Visibility = "public"   // requesters may read it
	Internal Visibility = "internal" // only those who work on the record
)

// Table is a list of rules. They run in its order.
type Table []Rule

// Without answers a table without the rules of these names.
func (t Table) Without(names ...string) Table {
	return slices.DeleteFunc(slices.Clone(t), func(r Rule) bool { return slices.Contains(names, r.Name) })
}

// With answers a table with more rules; one whose name is there already takes its place.
func (t Table) With(rules ...Rule) Table {
	out := slices.Clone(t)
	for _, r := range rules {
		if i := slices.IndexFunc(out, func(have Rule) bool { return have.Name == r.Name }); i >= 0 {
			out[i] = r
			continue
		}
		out = append(out, r)
	}
	return out
}

// Batch is how many records one transaction touches at most, about, by default.
const Batch = 2000
