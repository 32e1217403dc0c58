package itsm

import (
	"encoding/json"
	"time"
)

// LevelReached is what a service-level clock says when it comes to a level: the word between those who keep clocks and
// those who escalate.
type LevelReached struct {
	// Agreement, in its Version and of its Class, makes the promise that is called Target.
	Agreement string `json:"agreement"`
	Version   int    `json:"version,omitempty"`
	Class     string `json:"class,omitempty"`
	Target    string `json:"target"`
	// Cycle counts, from 1, how often the target began on the ticket.
	Cycle int    `json:"cycle,omitempty"`
	Level string `json:"level"`
	// Percent is the level's place in the target's time, or Offset its working time before (negative) or after the end:
	// one of the two.
	Percent int           `json:"percent,omitempty"`
	Offset  time.Duration `json:"offset,omitempty"`
	// Missed is set where the level lies at or behind the target's end.
	Missed bool `json:"missed,omitempty"`
	// Due is when the level was reached by the clock, also where it was noticed later.
	Due time.Time `json:"due"`
	// Skipped names the levels before it that were noticed at the same time, where the target tells of the last one only.
	Skipped []string `json:"skipped,omitempty"`
	// Suppressed is set where the level had passed before the ticket was imported: nobody is told.
	Suppressed bool `json:"suppressed,omitempty"`
}

// Breach reports whether the level lies at or behind the target's end.
func (l LevelReached) Breach() bool { return l.Missed || l.Percent >= 100 }

// Levels reads the levels that clocks reached in an event.
func (e *Entry) Levels() []LevelReached {
	var levels []LevelReached
	if raw, ok := e.Facts[factLevel]; ok && json.Unmarshal(raw, &levels) != nil {
		return nil
	}
	return levels
}

// Levels answers the levels that clocks reached on the record at hand in this transaction.
func (u *Unit) Levels() []LevelReached {
	var levels []LevelReached
	for _, f := range u.touch.facts {
		var l LevelReached
		if f.name == factLevel && json.Unmarshal(f.json, &l) == nil {
			levels = append(levels, l)
		}
	}
	return levels
}

// SuppressLevel notes a level that had passed before the ticket was imported, without telling anybody.
func (u *Unit) SuppressLevel(l LevelReached) error {
	l.Suppressed = true
	return u.Fact(factLevel, l)
}

// Escalation is one step of an escalation policy, as it is written on the ticket. It holds no data of persons: who is told is
// sealed in the event.
type Escalation struct {
	Policy string `json:"policy"`
	Step   string `json:"step"`
	// Kind is the step's, such as notify.
	Kind string `json:"kind"`
	// Occasion names what the policy answers, such as "gold/resolution/breach #1". A step is taken once for each policy,
	// occasion and Repetition; the first time through the policy is 0.
	Occasion   string `json:"occasion,omitempty"`
	Repetition int    `json:"repetition,omitempty"`
	// Reason tells the occasion in words, such as "resolution reached 100 %".
	Reason string `json:"reason"`
	// Outcome is what became of the step; Detail are codes that say why it was refused or failed.
	Outcome StepOutcome `json:"outcome,omitempty"`
	Detail  string      `json:"detail,omitempty"`
	// Due is when the step was to be taken, also where it waited for working time or was noticed later.
	Due time.Time `json:"due,omitzero"`
	// Next is the step that comes next, at NextDue; empty where the policy is at its end.
	Next    string    `json:"next,omitempty"`
	NextDue time.Time `json:"next_due,omitzero"`
	// During names the changes that were being implemented on what the ticket is about when the step was taken.
	During []string `json:"during,omitempty"`
	// Nobody is set where the step found no audience.
	Nobody bool `json:"nobody,omitempty"`
	// FromGroup handed the ticket over to Group; Owner is the group that had it when it was first handed over.
	FromGroup string `json:"from_group,omitempty"`
	Group     string `json:"group,omitempty"`
	Owner     string `json:"owner,omitempty"`
	// Priority is what the step raised the priority to.
	Priority Priority `json:"priority,omitempty"`
	// Told counts the people who are told. Who they are is sealed in the event, not part of its facts: Whom has the places
	// of those in [Entry.People], where others stand as well, such as who is mentioned in a note.
	Told   int      `json:"told,omitempty"`
	Whom   []int    `json:"whom,omitempty"`
	People []string `json:"-"`
	// Pending marks what a timer brings: a step that is still to be taken. It is written nowhere.
	Pending bool `json:"pending,omitempty"`
}

// StepOutcome says what became of a step.
type StepOutcome string

// What becomes of steps.
const (
	StepTold       StepOutcome = "told"
	StepHandedOver StepOutcome = "handed_over"
	StepRaised     StepOutcome = "raised"
	StepProposed   StepOutcome = "proposed"
	StepDone       StepOutcome = "done"     // the host's own
	StepNeedless   StepOutcome = "needless" // the ticket was so already
	StepNobody     StepOutcome = "nobody"   // no audience; the next step is tried at once
	StepHeld       StepOutcome = "held"     // no audience; the next step comes in its time
	StepRefused    StepOutcome = "refused"  // by the lifecycle, or the rules of the practice
	StepFailed     StepOutcome = "failed"   // the host's own work failed
)

// Acknowledgement says that a person has seen to a ticket. A Note becomes a work note.
type Acknowledgement struct {
	Note string `json:"note,omitempty"`
}

// Escalations reads the steps that were taken in an event, with the people who are told by each.
func (e *Entry) Escalations() []Escalation {
	var steps []Escalation
	if raw, ok := e.Facts[factEscalated]; ok && json.Unmarshal(raw, &steps) != nil {
		return nil
	}
	for i := range steps {
		for _, at := range steps[i].Whom {
			if at >= 0 && at < len(e.People) {
				steps[i].People = append(steps[i].People, e.People[at])
			}
		}
	}
	return steps
}

// acknowledge notes that the person who acts has seen to the record.
func (u *Unit) acknowledge(a Acknowledgement) error {
	if u.actor.Person() == "" {
		return Invalid("actor", "a person acknowledges a ticket: name whom the program acts for")
	}
	if err := u.Fact(factSeen, true); err != nil || a.Note == "" {
		return err
	}
	if err := u.Require(Verb(TriggerNote)); err != nil {
		return err
	}
	return u.Note(a.Note)
}
