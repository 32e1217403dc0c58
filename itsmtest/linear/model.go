package linear

import (
	"fmt"
	"strings"

	"github.com/anishathalye/porcupine"

	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// record is what the specification knows of a record, and what an answer tells of it. Version 0 is one that is not there.
type record struct {
	version         int64
	state           lifecycle.State
	count, reopens  int
	category        string
	group, assignee string
	code            incident.ResolutionCode
}

func (r record) String() string {
	if r.version == 0 {
		return "–"
	}
	text := fmt.Sprintf("v%d %s %d", r.version, r.state, r.count)
	for _, part := range []string{r.category, r.group, r.assignee, string(r.code)} {
		if part != "" {
			text += " " + part
		}
	}
	if r.reopens > 0 {
		text += fmt.Sprintf(" reopened %d", r.reopens)
	}
	return text
}

// cell is a record with the idempotency keys that its commands used, each with the input that it came with.
type cell struct {
	record
	keys string
}

// world is everything; states of the model are compared with ==.
type world [len(slipNames) + len(incidentNames)]cell

// command is what a client gives.
type command struct {
	verb     string
	on       string // a record's name; empty for what looks at all slips
	other    string // the second record, where there is one
	by       int
	category string // that an edit sets, or that comes with the command
	expect   int64  // IfVersion
	key      string // Once
	typed    bool   // given by its typed door; no part of what it means
}

// input is what an idempotency key is bound to.
func (c command) input() string {
	return strings.Join([]string{c.verb, c.on, c.other, fmt.Sprint(c.by), c.category}, " ")
}

func (c command) String() string {
	text := strings.Join(strings.Fields(strings.Join([]string{c.verb, c.on, c.other}, " ")), " ")
	switch c.verb {
	case "open", "add", "move", "bulk":
		text += fmt.Sprintf(" %+d", c.by)
	}
	if c.category != "" {
		text += " category " + c.category
	}
	if c.expect != 0 {
		text += fmt.Sprintf(" if v%d", c.expect)
	}
	if c.key != "" {
		text += " once " + c.key
	}
	return text
}

// answer is what a client gets: one record, all slips, or what went wrong.
type answer struct {
	failed string
	one    record
	all    [len(slipNames)]record
}

func (a answer) text(c command) string {
	switch {
	case a.failed != "":
		return a.failed
	case c.on == "":
		return fmt.Sprint(a.all)
	}
	return a.one.String()
}

// specification is what commands mean one after the other. It is exact: in a world a command has one answer and leads
// to one world.
func specification() porcupine.Model {
	return porcupine.Model{
		Partition: apart,
		Init:      func() any { return world{} },
		Step: func(state, input, output any) (bool, any) {
			c := input.(command)
			want, next := state.(world).do(c)
			if c.verb == "bulk" { // which reports no more than the version
				want.one = record{version: want.one.version}
			}
			return want == output.(answer), next
		},
		DescribeOperation: func(input, output any) string {
			c := input.(command)
			return c.String() + " → " + output.(answer).text(c)
		},
		DescribeState: func(state any) string {
			var b strings.Builder
			for i, name := range append(slipNames[:], incidentNames[:]...) {
				if cell := state.(world)[i]; cell.version > 0 {
					fmt.Fprintf(&b, "%s: %v; ", name, cell.record)
				}
			}
			return b.String()
		},
	}
}

// apart splits a history into parts that have no record in common. Each is checked by itself, which is as much as
// checking all of it, and far less work.
func apart(history []porcupine.Operation) [][]porcupine.Operation {
	var group [len(world{})]int
	for i := range group {
		group[i] = i
	}
	join := func(a, b int) {
		from, to := group[b], group[a]
		for i := range group {
			if group[i] == from {
				group[i] = to
			}
		}
	}
	for _, op := range history {
		records := op.Input.(command).touches()
		for _, r := range records[1:] {
			join(records[0], r)
		}
	}
	parts := map[int][]porcupine.Operation{}
	for _, op := range history {
		g := group[op.Input.(command).touches()[0]]
		parts[g] = append(parts[g], op)
	}
	var ordered [][]porcupine.Operation
	for g := range group {
		if len(parts[g]) > 0 {
			ordered = append(ordered, parts[g])
		}
	}
	return ordered
}

// touches are the places of the records that a command may read or write.
func (c command) touches() []int {
	switch {
	case c.on == "":
		all := make([]int, len(slipNames))
		for i := range all {
			all[i] = i
		}
		return all
	case c.other != "":
		return []int{place(c.on), place(c.other)}
	case c.verb == "close":
		return []int{place(c.on), place(neighbour(c.on))}
	}
	return []int{place(c.on)}
}

// What goes wrong, as answers say it.
const (
	notFound  = "not_found"
	exists    = "exists"
	conflict  = "conflict"
	invalid   = "invalid"
	keyReused = "key_reused"
)

func refused(trigger lifecycle.Trigger, code lifecycle.Code) string {
	return fmt.Sprintf("refused %s: %s", trigger, code)
}

// do is one command in a world: the answer, and the world after it. What fails changes nothing.
func (w world) do(c command) (answer, world) {
	if c.on == "" {
		var a answer
		for i := range a.all {
			a.all[i] = w[i].record
		}
		return a, w
	}
	at := place(c.on)
	if c.key != "" {
		if input, used := w[at].used(c.verb, c.key); used && input != c.input() {
			return answer{failed: keyReused}, w
		} else if used {
			return answer{one: w[at].record}, w
		}
	}
	next := w
	if failed := next.apply(c, at); failed != "" {
		return answer{failed: failed}, w
	}
	if c.key != "" {
		next[at].keys += c.verb + " " + c.key + "=" + c.input() + "\n"
	}
	return answer{one: next[at].record}, next
}

// used finds what a key came with before.
func (c *cell) used(verb, key string) (input string, used bool) {
	for line := range strings.Lines(c.keys) {
		if name, input, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "="); name == verb+" "+key {
			return input, true
		}
	}
	return "", false
}

func (w *world) apply(c command, at int) (failed string) {
	r := &w[at].record
	if c.verb == "open" || c.verb == "report" {
		if r.version > 0 {
			return exists
		}
		*r = record{version: 1, state: "open", count: c.by, category: c.category}
		if c.verb == "report" {
			r.state = incident.StateNew
		}
		return ""
	}
	switch {
	case r.version == 0:
		return notFound
	case c.expect != 0 && c.expect != r.version:
		return conflict
	}
	if c.verb == "get" {
		return ""
	}
	before := *r
	if isSlip(c.on) {
		failed = w.slip(c, r)
	} else {
		failed = r.incident(c)
	}
	if *r != before {
		r.version++
	}
	return failed
}

// slip is what a command does to a slip, and to another one.
func (w *world) slip(c command, r *record) (failed string) {
	if c.verb == "bulk" {
		c.verb = "add"
	}
	if (c.verb == "reopen") != (r.state == "closed") {
		return refused(lifecycle.Trigger(c.verb), lifecycle.NotFromHere)
	}
	if c.category != "" {
		r.category = c.category
	}
	switch c.verb {
	case "add":
		return r.add(c.by)
	case "close":
		r.state = "closed"
		other := &w[place(neighbour(c.on))].record
		if other.version == 0 {
			return notFound
		}
		_ = other.add(1) // a refusal is written on it
		other.version++
	case "reopen":
		r.state = "open"
	case "move":
		if r.count < c.by {
			return invalid
		}
		r.count -= c.by
		other := &w[place(c.other)].record
		if failed := other.add(c.by); failed != "" {
			return failed
		}
		other.version++
	case "copy":
		other := &w[place(c.other)].record
		if other.version == 0 {
			return notFound
		}
		r.count = other.count
	}
	return ""
}

// add changes a slip's count, or says why not and leaves it.
func (r *record) add(by int) (failed string) {
	switch {
	case r.version == 0:
		return notFound
	case r.state != "open":
		return refused("add", lifecycle.NotFromHere)
	case r.count+by < 0 || r.count+by > limit:
		return refused("add", "limit")
	}
	r.count += by
	return ""
}

// incident is what a command does to an incident: the part of its table that the clients use.
func (r *record) incident(c command) (failed string) {
	from := func(states ...lifecycle.State) bool {
		for _, s := range states {
			if r.state == s {
				return true
			}
		}
		return false
	}
	permitted := true
	switch c.verb {
	case "assign":
		if permitted = from(incident.StateNew); permitted {
			r.state, r.group = incident.StateAssigned, c.category
			return ""
		}
	case "start":
		if permitted = from(incident.StateNew, incident.StateAssigned); permitted {
			r.state, r.assignee = incident.StateInProgress, client
		}
	case "resolve":
		if permitted = !from(incident.StateResolved); permitted {
			r.state, r.code = incident.StateResolved, incident.Fixed
		}
	case "reopen":
		if permitted = from(incident.StateResolved); permitted {
			r.state, r.code = incident.StateNew, ""
			r.reopens++
			if r.assignee != "" {
				r.state = incident.StateInProgress
			} else if r.group != "" {
				r.state = incident.StateAssigned
			}
		}
	case "edit":
		r.category = c.category
	}
	if !permitted {
		return refused(lifecycle.Trigger(c.verb), lifecycle.NotFromHere)
	}
	return ""
}
