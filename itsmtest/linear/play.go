package linear

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/anishathalye/porcupine"

	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// client is who all commands are given by: one actor, so that idempotency keys are shared.
const client = "ann"

// player is one client of a round: what it draws, what it last saw of each record, and what it was answered.
type player struct {
	*node
	ctx     context.Context
	id      int
	draw    *rand.Rand
	alone   bool // no command of this round touches two slips
	clock   *atomic.Int64
	seen    [len(world{})]int64
	history []porcupine.Operation
	faults  []error
}

// play lets the clients of a round give their commands, and answers the history.
func (p *plan) play(t *testing.T, round int, store itsm.Store) []porcupine.Operation {
	t.Helper()
	clock := itsmtest.NewClock(start)
	nodes := make([]*node, p.nodes)
	for i := range nodes {
		handle := store
		if i > 0 && p.reopen != nil {
			handle = p.reopen(t, store)
		}
		nodes[i] = p.node(t, handle, clock)
	}
	var ticks atomic.Int64
	players := make([]*player, p.clients)
	for i := range players {
		players[i] = &player{
			node: nodes[i%p.nodes], ctx: itsmtest.As(t.Context(), itsmtest.Administrator(client)), id: i, clock: &ticks,
			draw: rand.New(rand.NewPCG(p.seed, uint64(round)<<16|uint64(i))), alone: round%4 == 3,
		}
	}
	var all sync.WaitGroup
	begin := make(chan struct{})
	for _, c := range players {
		all.Go(func() {
			<-begin
			first := slipNames[round%len(slipNames)] // all begin with the same command under the same key
			c.give(command{verb: "open", on: first, by: 2, key: "k0 " + first})
			for range p.commands {
				c.turn()
			}
		})
	}
	close(begin)
	all.Wait()
	var history []porcupine.Operation
	for _, c := range players {
		history = append(history, c.history...)
		for _, err := range c.faults {
			t.Errorf("linear: seed %d, round %d: %v", p.seed, round, err)
		}
	}
	return history
}

// turn draws a command and gives it. A key comes again at once, now and then with another input.
func (c *player) turn() {
	cmd := c.next()
	if cmd.verb == "bulk" {
		c.bulk(cmd)
		return
	}
	c.give(cmd)
	if cmd.key == "" || c.draw.IntN(2) == 0 {
		return
	}
	if cmd.by > 0 && c.draw.IntN(4) == 0 {
		cmd.by++
	}
	c.give(cmd)
}

func (c *player) next() command {
	if c.draw.IntN(3) == 0 {
		return c.onIncident()
	}
	names := slipNames[:]
	i := c.draw.IntN(len(names))
	cmd := command{on: names[i], typed: c.draw.IntN(2) == 0}
	other := names[(i+1+c.draw.IntN(len(names)-1))%len(names)]
	verbs := []string{"open", "add", "add", "add", "edit", "get", "get", "reopen", "bulk", "move", "move", "copy", "copy", "close", "list"}
	if c.alone {
		verbs = verbs[:8]
	}
	cmd.verb = verbs[c.draw.IntN(len(verbs))]
	switch cmd.verb {
	case "open", "bulk":
		cmd.by = 1 + c.draw.IntN(3)
	case "add":
		cmd.by = (1 + c.draw.IntN(3)) * (1 - 2*c.draw.IntN(2))
		if c.draw.IntN(4) == 0 {
			cmd.category = c.word()
		}
	case "edit":
		cmd.category = c.word()
	case "move":
		cmd.other, cmd.by = other, 1+c.draw.IntN(3)
	case "copy":
		cmd.other = other
	case "list":
		return command{verb: "list"}
	}
	return c.optional(cmd)
}

func (c *player) onIncident() command {
	verbs := []string{"report", "start", "assign", "resolve", "reopen", "edit", "edit", "get"}
	cmd := command{on: incidentNames[c.draw.IntN(len(incidentNames))], verb: verbs[c.draw.IntN(len(verbs))], typed: c.draw.IntN(2) == 0}
	if cmd.verb == "edit" || cmd.verb == "assign" {
		cmd.category = c.word()
	}
	return c.optional(cmd)
}

func (c *player) word() string { return string(rune('a' + c.draw.IntN(5))) }

// optional adds a version to expect, and an idempotency key.
func (c *player) optional(cmd command) command {
	makes := cmd.verb == "open" || cmd.verb == "report"
	if version := c.seen[place(cmd.on)]; version > 0 && !makes && cmd.verb != "get" && cmd.verb != "bulk" && c.draw.IntN(4) == 0 {
		cmd.expect = version
	}
	if cmd.verb != "get" && cmd.verb != "bulk" && c.draw.IntN(4) == 0 {
		cmd.key = fmt.Sprint("k", c.draw.IntN(3), " ", cmd.on)
	}
	return cmd
}

// give gives a command and keeps its answer.
func (c *player) give(cmd command) {
	call := c.clock.Add(1)
	out, err := c.do(cmd)
	c.keep(c.id, cmd, call, out, err)
}

func (c *player) keep(lane int, cmd command, call int64, out answer, err error) {
	done := c.clock.Add(1)
	if err != nil {
		if out.failed = failure(err); out.failed == "" {
			c.faults = append(c.faults, fmt.Errorf("%v: an error that no command should meet: %w", cmd, err))
			return
		}
	}
	if cmd.on != "" && out.failed == "" {
		c.seen[place(cmd.on)] = out.one.version
	}
	c.history = append(c.history, porcupine.Operation{ClientId: lane, Input: cmd, Call: call, Output: out, Return: done})
}

// bulk adds to two slips with one call: each is a command of its own, somewhere in the time of the call.
func (c *player) bulk(cmd command) {
	both := []string{cmd.on, neighbour(cmd.on)}
	call := c.clock.Add(1)
	for i, done := range c.Bulk(c.ctx, []itsm.Ref{ref(both[0]), ref(both[1])}, "add", addition{By: cmd.by}) {
		if done.Err == nil && done.Version == 0 {
			c.faults = append(c.faults, fmt.Errorf("bulk: %v is done without a version", done.Ref))
		}
		c.keep(c.id+(1+i)*bulkLane, command{verb: "bulk", on: both[i], by: cmd.by}, call, answer{one: record{version: done.Version}}, done.Err)
	}
}

// bulkLane is where the drawing shows the parts of bulk commands.
const bulkLane = 100

// do gives a command by its typed or named door.
func (c *player) do(cmd command) (answer, error) {
	on := ref(cmd.on)
	with := []itsm.Option{}
	if cmd.expect > 0 {
		with = append(with, itsm.IfVersion(cmd.expect))
	}
	if cmd.key != "" {
		with = append(with, itsm.Once(cmd.key))
	}
	switch cmd.verb {
	case "get":
		return one(c.Get(c.ctx, on))
	case "list":
		return c.list()
	case "open":
		return one(c.Do(c.ctx, itsm.Ref{Kind: slips}, "open", opening{Count: cmd.by}, append(with, itsm.WithNumber(cmd.on))...))
	case "move":
		return one(c.Do(c.ctx, on, "move", transfer{To: ref(cmd.other), By: cmd.by}, with...))
	case "copy":
		return one(c.Do(c.ctx, on, "copy", source{From: ref(cmd.other)}, with...))
	case "edit":
		return one(c.Do(c.ctx, on, itsm.TriggerEdit, category(cmd.category), with...))
	case "add":
		if cmd.category != "" {
			with = append(with, itsm.With(category(cmd.category)))
		}
		if cmd.typed {
			r, err := c.add.Do(c.ctx, cmd.on, addition{By: cmd.by}, with...)
			return one(&r, err)
		}
		return one(c.Do(c.ctx, on, "add", &addition{By: cmd.by}, with...))
	}
	if isSlip(cmd.on) {
		return one(c.Do(c.ctx, on, lifecycle.Trigger(cmd.verb), nil, with...))
	}
	return c.incident(cmd, with)
}

func (c *player) incident(cmd command, with []itsm.Option) (answer, error) {
	fixed, again := incident.Resolution{Code: incident.Fixed, Notes: "Restarted."}, incident.Reopen{Reason: "Not yet."}
	group := incident.Assignment{Group: cmd.category}
	if cmd.verb == "report" {
		r, err := c.incidents.Report(c.ctx, incident.Report{Title: "VPN down"}, append(with, itsm.WithNumber(cmd.on))...)
		return one(&r, err)
	}
	if !cmd.typed {
		in := map[string]any{"assign": group, "resolve": fixed, "reopen": again}[cmd.verb]
		return one(c.Do(c.ctx, ref(cmd.on), lifecycle.Trigger(cmd.verb), in, with...))
	}
	var r incident.Incident
	var err error
	switch cmd.verb {
	case "assign":
		r, err = c.incidents.Assign(c.ctx, cmd.on, group, with...)
	case "start":
		r, err = c.incidents.Start(c.ctx, cmd.on, with...)
	case "resolve":
		r, err = c.incidents.Resolve(c.ctx, cmd.on, fixed, with...)
	default:
		r, err = c.incidents.Reopen(c.ctx, cmd.on, again, with...)
	}
	return one(&r, err)
}

func one(r itsm.Record, err error) (answer, error) {
	if err != nil {
		return answer{}, err
	}
	return answer{one: seen(r)}, nil
}

// list reads all slips in one view.
func (c *player) list() (answer, error) {
	page, err := c.List(c.ctx, slips, itsm.Query{})
	if err != nil {
		return answer{}, err
	}
	var a answer
	for _, r := range page.Records {
		at := place(r.Header().ID)
		if at < 0 || a.all[at].version > 0 {
			return answer{}, fmt.Errorf("the list has %s more than once, or it is none of the round's", r.Header().ID)
		}
		a.all[at] = seen(r)
	}
	return a, nil
}

// failure is an error as the specification says it; empty for one that it does not know.
func failure(err error) string {
	if refusal, ok := lifecycle.AsRefusal(err); ok {
		codes := make([]string, len(refusal.Reasons))
		for i, r := range refusal.Reasons {
			codes[i] = string(r.Code)
		}
		return refused(refusal.Trigger, lifecycle.Code(strings.Join(codes, ", ")))
	}
	for code, known := range map[string]error{
		notFound: itsm.ErrNotFound, exists: itsm.ErrExists, conflict: itsm.ErrConflict, invalid: itsm.ErrInvalid, keyReused: itsm.ErrKeyReused,
	} {
		if errors.Is(err, known) {
			return code
		}
	}
	return ""
}

// String tells what no order explains: the longest order that was found in each part, and what it leaves out first.
func (f *fault) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "linear: seed %d, round %d: no order of these commands explains their answers", f.plan.seed, f.round)
	longest := f.info.PartialLinearizationsOperations()
	for i, part := range apart(f.history) {
		var best []porcupine.Operation
		if i < len(longest) {
			for _, order := range longest[i] {
				if len(order) > len(best) {
					best = order
				}
			}
		}
		if len(best) == len(part) {
			continue
		}
		fmt.Fprintf(&b, "\n%d of %d commands have an order that ends with", len(best), len(part))
		for _, op := range best[max(0, len(best)-3):] {
			f.line(&b, op)
		}
		b.WriteString("\nand after which none of these comes next")
		for _, op := range open(part, best) {
			f.line(&b, op)
		}
	}
	return b.String()
}

func (f *fault) line(b *strings.Builder, op porcupine.Operation) {
	fmt.Fprintf(b, "\n\tclient %d [%d, %d]: %s", op.ClientId, op.Call, op.Return, f.model.DescribeOperation(op.Input, op.Output))
}

// open are the commands outside an order that may come next: those that were called before any other had ended.
func open(part, order []porcupine.Operation) []porcupine.Operation {
	left := slices.DeleteFunc(slices.Clone(part), func(op porcupine.Operation) bool {
		return slices.ContainsFunc(order, func(o porcupine.Operation) bool { return o.Call == op.Call && o.ClientId == op.ClientId })
	})
	if len(left) == 0 {
		return nil
	}
	first := slices.MinFunc(left, func(a, b porcupine.Operation) int { return int(a.Return - b.Return) }).Return
	return slices.DeleteFunc(left, func(op porcupine.Operation) bool { return op.Call > first })
}
