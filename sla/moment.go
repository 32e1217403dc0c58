package sla

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// Moment is what a clock looks at: an event of the ticket, all that happened in it, and how the ticket then stood.
// [Moments] reads them from a history.
type Moment struct {
	At time.Time
	// Events names what happened, such as "incident.resolved".
	Events   []string
	Phase    lifecycle.Phase
	Hold     itsm.HoldReason
	Priority itsm.Priority
	Group    string
	Assignee string
	Service  string
	// AskedAt and AnsweredAt are the ticket's.
	AskedAt, AnsweredAt time.Time
	// Value answers every other field that agreements judge by; nil where they judge by none.
	Value func(column string) field.Value
	// Levels are those that clocks reached in the event, and Turns what else clocks did in it.
	Levels []itsm.LevelReached
	Turns  []Turn
}

// Turn is something that a clock did, as the ticket's history keeps it.
type Turn struct {
	Agreement string `json:"agreement"`
	Version   int    `json:"version,omitempty"`
	Target    string `json:"target"`
	Cycle     int    `json:"cycle"`
	Did       Did    `json:"did"`
	// Level is the one that was told again after an import had silenced it.
	Level string `json:"level,omitempty"`
	// Late is set where a clock ended behind its time.
	Late bool `json:"late,omitempty"`
	// Told and Silenced are the levels that an adopted clock took over, and Breached the breach.
	Told     []string  `json:"told,omitempty"`
	Silenced []string  `json:"silenced,omitempty"`
	Breached time.Time `json:"breached,omitzero"`
}

// append writes the turn as JSON.
func (t *Turn) append(b []byte) []byte {
	text := func(name, value string) {
		b = append(append(append(b, ',', '"'), name...), '"', ':')
		b = field.Text(value).AppendJSON(b)
	}
	list := func(name string, values []string) {
		if len(values) > 0 {
			b = append(append(append(b, ',', '"'), name...), '"', ':')
			b = field.List(values...).AppendJSON(b)
		}
	}
	b = append(b, `{"cycle":`...)
	b = strconv.AppendInt(b, int64(t.Cycle), 10)
	text("agreement", t.Agreement)
	if t.Version != 0 {
		b = strconv.AppendInt(append(b, `,"version":`...), int64(t.Version), 10)
	}
	text("target", t.Target)
	text("did", string(t.Did))
	if t.Level != "" {
		text("level", t.Level)
	}
	if t.Late {
		b = append(b, `,"late":true`...)
	}
	list("told", t.Told)
	list("silenced", t.Silenced)
	if !t.Breached.IsZero() {
		text("breached", t.Breached.UTC().Format(time.RFC3339Nano))
	}
	return append(b, '}')
}

// Did says what a clock did.
type Did string

// What clocks do.
const (
	Began      Did = "started"
	Adopted    Did = "adopted" // began earlier, under another agreement or none
	DidPause   Did = "paused"
	DidResume  Did = "resumed"
	DidStop    Did = "completed"
	DidCancel  Did = "cancelled"
	Went       Did = "continued"  // went on after a reopening
	Migrated   Did = "migrated"   // was taken to another version
	Removed    Did = "removed"    // ended with its agreement
	Withdrawn  Did = "withdrawn"  // ended because the version that its ticket was taken to lacks the target
	Unsilenced Did = "unsilenced" // a level that an import had silenced lies ahead again
	Recomputed Did = "recomputed" // was found to differ from its events
)

// factTurns is the name under which events keep turns.
const factTurns = "clock"

// Turns reads what clocks did in an event.
func Turns(e *itsm.Entry) []Turn {
	var turns []Turn
	if raw, ok := e.Facts[factTurns]; !ok || json.Unmarshal(raw, &turns) != nil {
		return nil
	}
	return turns
}

// Moments reads what clocks look at out of a ticket's whole history, as an actor sees it from whom nothing is hidden
// that agreements judge by.
func Moments(history []itsm.Entry) []Moment {
	moments := make([]Moment, len(history))
	past := &past{columns: map[string][]since{}}
	var at Moment
	for i := range history {
		e := &history[i]
		at.At, at.Levels, at.Turns = e.At, e.Levels(), Turns(e)
		at.Events = append(append(make([]string, 0, 1+len(e.Also)), e.Event), e.Also...)
		for _, c := range e.Changes {
			switch c.Field {
			case "phase":
				_ = at.Phase.UnmarshalText([]byte(c.To.Text())) // written by the same type
			case "hold":
				at.Hold = itsm.HoldReason(c.To.Text())
			case "priority":
				at.Priority = itsm.Priority(c.To.Int())
			case "group":
				at.Group = c.To.Text()
			case "assignee":
				at.Assignee = c.To.Text()
			case "service":
				at.Service = c.To.Text()
			case "asked_at":
				at.AskedAt = c.To.Instant()
			case "answered_at":
				at.AnsweredAt = c.To.Instant()
			}
			past.columns[c.Field] = append(past.columns[c.Field], since{i, c.To})
		}
		if i == 0 {
			past.columns["created_at"] = []since{{0, field.Instant(e.At)}}
		}
		moments[i] = at
		moments[i].Value = func(column string) field.Value { return past.value(i, column) }
	}
	return moments
}

// past is what fields held, moment by moment.
type past struct{ columns map[string][]since }

type since struct {
	moment int
	value  field.Value
}

func (p *past) value(moment int, column string) field.Value {
	list := p.columns[column]
	at, found := slices.BinarySearchFunc(list, moment, func(s since, moment int) int { return s.moment - moment })
	if !found {
		at--
	}
	if at < 0 {
		return field.Value{}
	}
	return list[at].value
}

// column answers a field by its name.
func (m *Moment) column(name string) field.Value {
	switch name {
	case "priority":
		if m.Priority == 0 {
			return field.Value{}
		}
		return field.Int(int64(m.Priority))
	case "group":
		return text(m.Group)
	case "service":
		return text(m.Service)
	case "phase":
		return text(m.Phase.String())
	case "hold":
		return text(string(m.Hold))
	}
	if m.Value == nil {
		return field.Value{}
	}
	return m.Value(name)
}

func text(s string) field.Value {
	if s == "" {
		return field.Value{}
	}
	return field.Text(s)
}

// momentOf is how a ticket stands.
func momentOf(t *itsm.Ticket, at time.Time) Moment {
	return Moment{
		At: at, Phase: t.Phase, Hold: t.Hold, Priority: t.Priority, Group: t.Group, Assignee: t.Assignee, Service: t.Service,
		AskedAt: t.AskedAt, AnsweredAt: t.AnsweredAt,
	}
}

// signs are the common events and facts of a moment.
type signs uint16

const (
	signReported signs = 1 << iota
	signAsked
	signAnswered
	signTaken
	signReopened
	signAssigned
	signUnassigned
	signEverAnswered
	signAwaiting
)

var eventSigns = map[string]signs{
	Reported: signReported, Asked: signAsked, Answered: signAnswered, Taken: signTaken, Reopened: signReopened,
}

var factSigns = map[Fact]signs{
	Assigned: signAssigned, Unassigned: signUnassigned, EverAnswered: signEverAnswered, AwaitingAnswer: signAwaiting,
}

// sight is a moment as a clock sees it, with what is new since the one before; nil before the first.
type sight struct {
	*Moment
	before *Moment
	signs  signs
}

func look(before, m *Moment) sight {
	v := sight{Moment: m, before: before, signs: signReported}
	var asked, answered time.Time
	nobody := true
	if before != nil {
		if v.signs = 0; m.Phase.Open() && !before.Phase.Open() {
			v.signs = signReopened
		}
		asked, answered, nobody = before.AskedAt, before.AnsweredAt, before.Assignee == ""
	}
	if m.Assignee == "" {
		v.signs |= signUnassigned
	} else if v.signs |= signAssigned; nobody {
		v.signs |= signTaken
	}
	if !m.AnsweredAt.IsZero() {
		v.signs |= signEverAnswered
	}
	if !m.AskedAt.IsZero() {
		if v.signs |= signAwaiting; !m.AskedAt.Equal(asked) {
			v.signs |= signAsked
		}
	} else if !asked.IsZero() {
		v.signs |= signAnswered
	}
	if !m.AnsweredAt.Equal(answered) {
		v.signs |= signAnswered
	}
	return v
}

// condition is a compiled [Condition].
type condition struct {
	events, facts signs
	names         []string
	phases        uint16
	reasons       []itsm.HoldReason
	groups        []string
	others        []string
	and           []condition
	lasting       bool // not of events alone
}

func compile(c *Condition) condition {
	out := condition{reasons: slices.Clone(c.Holds), groups: slices.Clone(c.Groups), others: slices.Clone(c.OtherGroups)}
	for _, event := range c.Events {
		if sign, common := eventSigns[event]; common {
			out.events |= sign
		} else {
			out.names = append(out.names, event)
		}
	}
	for _, phase := range c.Phases {
		out.phases |= 1 << phase
	}
	for _, fact := range c.Facts {
		out.facts |= factSigns[fact]
	}
	for i := range c.And {
		out.and = append(out.and, compile(&c.And[i]))
	}
	out.lasting = c.lasts()
	return out
}

// happens reports whether one of the condition's events is in a moment.
func (c *condition) happens(v *sight) bool {
	return (c.events&v.signs != 0 || len(c.names) > 0) && c.happened(v)
}

func (c *condition) happened(v *sight) bool {
	if c.events&v.signs == 0 && (len(c.names) == 0 || !slices.ContainsFunc(v.Events, func(e string) bool { return slices.Contains(c.names, e) })) {
		return false
	}
	return c.narrowed(v)
}

// lasts reports whether the ticket stands as the condition says.
func (c *condition) lasts(v *sight) bool { return c.lasting && c.holds(v) }

func (c *condition) holds(v *sight) bool {
	if c.phases&(1<<v.Phase) == 0 && c.facts&v.signs == 0 &&
		(len(c.reasons) == 0 || v.Hold == "" || !slices.Contains(c.reasons, v.Hold)) &&
		(len(c.groups) == 0 || v.Group == "" || !slices.Contains(c.groups, v.Group)) &&
		(len(c.others) == 0 || slices.Contains(c.others, v.Group)) {
		return false
	}
	return c.narrowed(v)
}

func (c *condition) met(v *sight) bool { return c.happens(v) || c.lasts(v) }

func (c *condition) narrowed(v *sight) bool {
	for i := range c.and {
		if !c.and[i].met(v) {
			return false
		}
	}
	return true
}

// why names the part of a lasting condition that holds, the one that tells most first.
func (c *condition) why(v *sight) string {
	switch {
	case v.Hold != "" && slices.Contains(c.reasons, v.Hold):
		return "on hold: " + string(v.Hold)
	case v.Group != "" && slices.Contains(c.groups, v.Group):
		return "with " + v.Group
	case len(c.others) > 0 && !slices.Contains(c.others, v.Group):
		return "not with " + strings.Join(c.others, ", ")
	case c.phases&(1<<v.Phase) != 0 && v.Hold != "":
		return "on hold: " + string(v.Hold)
	case c.phases&(1<<v.Phase) != 0:
		return v.Phase.String()
	}
	for _, fact := range []Fact{AwaitingAnswer, EverAnswered, Assigned, Unassigned} {
		if c.facts&v.signs&factSigns[fact] != 0 {
			return strings.ReplaceAll(string(fact), "_", " ")
		}
	}
	return ""
}
