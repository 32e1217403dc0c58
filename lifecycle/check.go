package lifecycle

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	maxName  = 64  // bytes of a name
	maxField = 130 // bytes of a field's name, all parts
	maxTitle = 200 // bytes of a title
	maxList  = 250 // states, triggers (a machine counts them in one byte), names in any list of a transition
)

// ErrDefinition is what all [Faults] are, for [errors.Is].
var ErrDefinition = errors.New("lifecycle: faulty definition")

// FaultCode tells the kinds of faults apart.
type FaultCode string

// The codes of faults, each with what it is found on.
const (
	FaultNoName      FaultCode = "no_name"     // any name that is empty
	FaultBadName     FaultCode = "bad_name"    // any name with other characters, or too long
	FaultBadTitle    FaultCode = "bad_title"   // a title too long, not UTF-8, or with control characters
	FaultBadVersion  FaultCode = "bad_version" // a version below zero
	FaultTooMany     FaultCode = "too_many"    // states, triggers
	FaultUnknown     FaultCode = "unknown"     // a state or trigger that is used and not declared
	FaultDuplicate   FaultCode = "duplicate"   // a name that stands twice in one list
	FaultUnused      FaultCode = "unused"      // a trigger in no transition
	FaultTwoRows     FaultCode = "two_rows"    // a pair of state and trigger in two transitions
	FaultUnreachable FaultCode = "unreachable" // a state that no path from the initial one reaches
	FaultDeadEnd     FaultCode = "dead_end"    // a state without a path to a closed or cancelled one
	FaultNoFrom      FaultCode = "no_from"     // a transition from nowhere
	FaultTwoTargets  FaultCode = "two_targets" // a transition with To and Choose
	FaultNoAmong     FaultCode = "no_among"    // a transition with Choose and no Among
	FaultNoChoose    FaultCode = "no_choose"   // a transition with Among and no Choose
	FaultNoPhase     FaultCode = "no_phase"    // a state without a phase
	FaultNoPast      FaultCode = "no_past"     // a trigger without the word for what it has done
	FaultEmptyNeed   FaultCode = "empty_need"  // a need without fields
	FaultUnbound     FaultCode = "unbound"     // a name without a function in the binding
	FaultNotThere    FaultCode = "not_there"   // an overlay removes or changes what the table does not have
	FaultOtherTable  FaultCode = "other_table" // an overlay of another lifecycle
	FaultOldVersion  FaultCode = "old_version" // an overlay whose version is not above the definition's
)

var faultTexts = map[FaultCode]string{
	FaultNoName:      "has no name; give it one",
	FaultBadName:     "has a bad name; use up to " + strconv.Itoa(maxName) + " lower-case letters, digits and underscores, with a letter first (dots between the parts of a field)",
	FaultBadTitle:    "has a bad title; use up to " + strconv.Itoa(maxTitle) + " bytes of UTF-8 without control characters",
	FaultBadVersion:  "is below zero; count versions upwards",
	FaultTooMany:     "are too many; keep to " + strconv.Itoa(maxList),
	FaultUnknown:     "is not declared; declare it or name another",
	FaultDuplicate:   "stands twice; keep one",
	FaultUnused:      "is in no transition; use it or remove it",
	FaultTwoRows:     "stands in two transitions; keep one, and let it choose the target",
	FaultUnreachable: "cannot be reached from the initial state; add a transition to it or remove it",
	FaultDeadEnd:     "has no path to a closed or cancelled state; add a transition",
	FaultNoFrom:      "starts nowhere; name the states in From",
	FaultTwoTargets:  "has To and Choose; keep one",
	FaultNoAmong:     "chooses among nothing; name the states in Among",
	FaultNoChoose:    "has Among and nothing that chooses; name the function in Choose",
	FaultNoPhase:     "has no phase; say what it means",
	FaultNoPast:      "has no past; give the word for what has then happened",
	FaultEmptyNeed:   "names no field; name one or more",
	FaultUnbound:     "has no function in the binding; bind it",
	FaultNotThere:    "is not there; remove it from the overlay or name what the table has",
	FaultOtherTable:  "is another lifecycle; name the one that the overlay changes",
	FaultOldVersion:  "is not above the version of the definition; raise it",
}

// Fault is one thing that is wrong with a table.
type Fault struct {
	Code    FaultCode `json:"code"`
	Kind    string    `json:"kind"`            // what Subject is: "state", "trigger", "transition", "guard", "field" ...
	Subject string    `json:"subject"`         // its name
	Where   string    `json:"where,omitempty"` // the place in the table
}

// String is the fault in English, with what to do about it.
func (f Fault) String() string {
	text := fmt.Sprintf("%s %q %s", f.Kind, f.Subject, faultTexts[f.Code])
	if f.Where != "" {
		text = f.Where + ": " + text
	}
	return text
}

// Faults is all that is wrong with a table, found in one go; get it by [errors.As]. It is an [ErrDefinition].
type Faults []Fault

// Error lists the faults.
func (f Faults) Error() string {
	texts := make([]string, len(f))
	for i, fault := range f {
		texts[i] = fault.String()
	}
	return ErrDefinition.Error() + ": " + strings.Join(texts, "; ")
}

// Is makes the faults an [ErrDefinition].
func (f Faults) Is(target error) bool { return target == ErrDefinition }

// Check answers all that is wrong with the table, as [Faults], or nil. It costs the size of the table.
func (d Definition) Check() error {
	c := checker{Definition: d, states: make(map[State]bool), triggers: make(map[Trigger]bool)}
	c.heads()
	c.rows()
	c.paths()
	if len(c.faults) > 0 {
		return c.faults
	}
	return nil
}

type checker struct {
	Definition
	states   map[State]bool
	triggers map[Trigger]bool // true where used
	faults   Faults
}

func (c *checker) fault(code FaultCode, kind, subject, where string) {
	c.faults = append(c.faults, Fault{code, kind, subject, where})
}

func (c *checker) heads() {
	c.name("lifecycle", c.Name, "")
	if c.Version < 0 {
		c.fault(FaultBadVersion, "version", strconv.Itoa(c.Version), "")
	}
	c.many("states", len(c.States), "")
	c.many("triggers", len(c.Triggers), "")
	for _, s := range c.States {
		c.name("state", string(s.Name), "")
		c.title("state", string(s.Name), s.Title)
		if s.Phase.String() == "" {
			c.fault(FaultNoPhase, "state", string(s.Name), "")
		}
		if c.states[s.Name] {
			c.fault(FaultDuplicate, "state", string(s.Name), "")
		}
		c.states[s.Name] = true
	}
	for _, t := range c.Triggers {
		c.name("trigger", string(t.Name), "")
		c.title("trigger", string(t.Name), t.Title)
		if t.Past == "" {
			c.fault(FaultNoPast, "trigger", string(t.Name), "")
		} else {
			c.name("past", t.Past, "trigger "+string(t.Name))
		}
		if _, ok := c.triggers[t.Name]; ok {
			c.fault(FaultDuplicate, "trigger", string(t.Name), "")
		}
		c.triggers[t.Name] = false
	}
	c.known(c.Initial, "initial")
}

func (c *checker) rows() {
	type pair struct {
		State
		Trigger
	}
	seen := make(map[pair]bool)
	for _, r := range c.Rows {
		at := r.place()
		if _, ok := c.triggers[r.Trigger]; !ok {
			c.fault(FaultUnknown, "trigger", string(r.Trigger), at)
		} else {
			c.triggers[r.Trigger] = true
		}
		if len(r.From) == 0 {
			c.fault(FaultNoFrom, "transition", string(r.Trigger), at)
		}
		for _, from := range r.From {
			c.known(from, at)
			if seen[pair{from, r.Trigger}] {
				c.fault(FaultTwoRows, "transition", string(r.Trigger)+" from "+string(from), at)
			}
			seen[pair{from, r.Trigger}] = true
		}
		c.target(r, at)
		c.names("guard", r.Guards, at)
		c.names("guard", r.Ensures, at)
		c.needs(r.Brings, at)
		c.needs(r.Leaves, at)
		c.names("role", plain(r.Roles), at)
	}
	for _, t := range c.Triggers {
		if !c.triggers[t.Name] {
			c.fault(FaultUnused, "trigger", string(t.Name), "")
		}
	}
}

func (c *checker) target(r Transition, at string) {
	switch {
	case r.Choose == "":
		if r.To != "" {
			c.known(r.To, at)
		}
		if len(r.Among) > 0 {
			c.fault(FaultNoChoose, "transition", string(r.Trigger), at)
		}
		return
	case r.To != "":
		c.fault(FaultTwoTargets, "transition", string(r.Trigger), at)
	case len(r.Among) == 0:
		c.fault(FaultNoAmong, "transition", string(r.Trigger), at)
	}
	c.name("choice", r.Choose, at)
	c.names("state", plain(r.Among), at)
	for _, s := range r.Among {
		c.known(s, at)
	}
}

// paths finds states that are never reached, and states from which no end is.
func (c *checker) paths() {
	onward, back := make(map[State][]State), make(map[State][]State)
	for _, r := range c.Rows {
		for _, from := range r.From {
			for _, to := range r.targets(from) {
				onward[from] = append(onward[from], to)
				back[to] = append(back[to], from)
			}
		}
	}
	var ends []State
	for _, s := range c.States {
		if s.Phase.Terminal() {
			ends = append(ends, s.Name)
		}
	}
	reached, ending := walk(onward, c.Initial), walk(back, ends...)
	for _, s := range c.States {
		if !reached[s.Name] && c.states[c.Initial] {
			c.fault(FaultUnreachable, "state", string(s.Name), "")
		}
		if !ending[s.Name] {
			c.fault(FaultDeadEnd, "state", string(s.Name), "")
		}
	}
}

func walk(edges map[State][]State, from ...State) map[State]bool {
	seen := make(map[State]bool)
	for len(from) > 0 {
		s := from[len(from)-1]
		from = from[:len(from)-1]
		if !seen[s] {
			seen[s] = true
			from = append(from, edges[s]...)
		}
	}
	return seen
}

func (c *checker) many(kind string, n int, at string) bool {
	if n > maxList {
		c.fault(FaultTooMany, kind, strconv.Itoa(n), at)
	}
	return n > maxList
}

func (c *checker) known(s State, at string) {
	if !c.states[s] {
		c.fault(FaultUnknown, "state", string(s), at)
	}
}

func (c *checker) needs(needs []Need, at string) {
	if c.many("needs", len(needs), at) {
		return
	}
	for i, need := range needs {
		if len(need) == 0 {
			c.fault(FaultEmptyNeed, "need", "", at)
		}
		c.list("field", need, at, isField)
		if slices.ContainsFunc(needs[:i], func(n Need) bool { return slices.Equal(n, need) }) {
			c.fault(FaultDuplicate, "need", need.String(), at)
		}
	}
}

func (c *checker) names(kind string, names []string, at string) { c.list(kind, names, at, isName) }

func (c *checker) name(kind, name, at string) { c.list(kind, []string{name}, at, isName) }

func (c *checker) list(kind string, names []string, at string, good func(string) bool) {
	if c.many(kind+"s", len(names), at) {
		return
	}
	for i, name := range names {
		if name == "" {
			c.fault(FaultNoName, kind, name, at)
		} else if !good(name) {
			c.fault(FaultBadName, kind, name, at)
		}
		if slices.Contains(names[:i], name) {
			c.fault(FaultDuplicate, kind, name, at)
		}
	}
}

func (c *checker) title(kind, name, title string) {
	if len(title) > maxTitle || !utf8.ValidString(title) || strings.ContainsFunc(title, unicode.IsControl) {
		c.fault(FaultBadTitle, kind, name, "")
	}
}

func isName(name string) bool {
	for i := range len(name) {
		switch b := name[i]; {
		case b >= 'a' && b <= 'z':
		case i > 0 && (b == '_' || b >= '0' && b <= '9'):
		default:
			return false
		}
	}
	return len(name) > 0 && len(name) <= maxName
}

// isField allows parts, joined by dots.
func isField(name string) bool {
	for part := range strings.SplitSeq(name, ".") {
		if !isName(part) {
			return false
		}
	}
	return len(name) <= maxField
}

// targets lists where the row may lead from a state.
func (t *Transition) targets(from State) []State {
	switch {
	case t.Choose != "":
		return slices.Clone(t.Among)
	case t.To != "":
		return []State{t.To}
	}
	return []State{from}
}

// place names the row in messages: "resolve from new|assigned".
func (t *Transition) place() string {
	return string(t.Trigger) + " from " + strings.Join(plain(t.From), "|")
}

func plain[T ~string](names []T) []string {
	texts := make([]string, len(names))
	for i, name := range names {
		texts[i] = string(name)
	}
	return texts
}
