package duel

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/internal/relational"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// Store is what a desk of a duel stands on.
type Store interface {
	itsm.Store
	itsm.Getter
	itsm.Batcher
}

// Spy is a store that keeps what the kernel hands it.
type Spy struct {
	Store
	Codecs []itsm.Codec
	// Asked is the last query.
	Asked *itsm.StoreQuery
	// Sets are those that were written while Keep was set.
	Sets []*itsm.WriteSet
	Keep bool
}

// Prepare implements [itsm.Store].
func (s *Spy) Prepare(ctx context.Context, codecs []itsm.Codec) error {
	s.Codecs = append(s.Codecs, codecs...)
	return s.Store.Prepare(ctx, codecs)
}

// Apply implements [itsm.Store].
func (s *Spy) Apply(ctx context.Context, set *itsm.WriteSet) error {
	if s.Keep {
		kept := *set
		kept.Records, kept.Timers = slices.Clone(set.Records), slices.Clone(set.Timers)
		for i := range kept.Records {
			kept.Records[i].Rows = slices.Clone(kept.Records[i].Rows)
		}
		s.Sets = append(s.Sets, &kept)
	}
	return s.Store.Apply(ctx, set)
}

// Find implements [itsm.Getter].
func (s *Spy) Find(ctx context.Context, dst []itsm.Record, q *itsm.StoreQuery) ([]itsm.Record, error) {
	s.Asked = q
	return s.Store.Find(ctx, dst, q)
}

// Desk is a desk with incidents in progress, to be held and resumed: a record, an event, a comment where it is held, and a
// timer that is set or cancelled.
type Desk struct {
	*incident.Incidents
	Spy    *Spy
	Kernel *itsm.Kernel
	Clock  *itsmtest.Clock
	Ctx    context.Context
	IDs    []string
	// Kind is the incidents' in a database.
	Kind *relational.Kind
}

// NewDesk opens a desk over an empty store, with some incidents. The spy has the sets of one hold and one resumption.
func NewDesk(b *testing.B, store Store, count int) *Desk {
	b.Helper()
	d := &Desk{Spy: &Spy{Store: store}, Ctx: itsm.WithActor(context.Background(), itsm.Actor{ID: "ann", Tenant: "acme", Roles: []itsm.Role{itsm.Agent}})}
	d.Kernel, d.Clock = itsmtest.Kernel(b, itsm.Config{Store: d.Spy}, func(k *itsm.Kernel) (err error) {
		d.Incidents, err = incident.New(k, incident.Config{})
		return err
	})
	for _, c := range d.Spy.Codecs {
		if c.Kind() == incident.Kind {
			var err error
			d.Kind, err = relational.NewKind(c)
			Must(err)
		}
	}
	for i := range count {
		d.IDs = append(d.IDs, d.started(i))
	}
	d.Spy.Keep = true
	d.Turn(0, 0)
	d.Turn(0, 1)
	d.Spy.Keep = false
	return d
}

func (d *Desk) started(i int) string {
	inc, err := d.Report(d.Ctx, incident.Report{
		Caller: fmt.Sprintf("caller%d", i%500), Title: "VPN down", Description: "The client says 0x8007 since the update of last night.",
		Impact: itsm.High, Urgency: itsm.Medium, Service: "vpn", Category: "network/vpn",
	})
	Must(err)
	_, err = d.Assign(d.Ctx, inc.ID, incident.Assignment{Group: "network", Assignee: "ann"})
	Must(err)
	_, err = d.Start(d.Ctx, inc.ID)
	Must(err)
	return inc.ID
}

// Turn holds an incident, and resumes it at the next turn.
func (d *Desk) Turn(i, turn int) {
	var err error
	if turn%2 == 0 {
		_, err = d.Hold(d.Ctx, d.IDs[i], incident.Hold{Reason: itsm.HoldCaller, Message: "Which gateway?"})
	} else {
		_, err = d.Resume(d.Ctx, d.IDs[i])
	}
	Must(err)
}

// Next is what a turn after the first two writes of a record that was read: its body, event and rows as bytes, and the columns
// that change, appended to args. It is for a floor that does by hand what the desk does.
func (d *Desk) Next(body []byte, turn int, args []any) (next Bytes, _ []any) {
	rec, err := d.Kind.Codec.Decode(body)
	Must(err)
	h := rec.Header()
	w := d.Spy.Sets[turn%2].Records[0]
	to := *w.Record.(*incident.Incident)
	to.ID, to.Version = h.ID, h.Version+1
	next.Version = to.Version
	next.Body, err = d.Kind.Codec.Encode(&to)
	Must(err)
	e := *w.Event
	e.ID, e.Version = to.ID, to.Version
	next.Event, err = e.AppendBinary(nil)
	Must(err)
	for _, r := range w.Rows {
		r.Record.ID, r.Version = to.ID, to.Version
		r.ID = r.Version<<20 | r.ID&(1<<20-1)
		data, err := r.AppendBinary(nil)
		Must(err)
		next.Rows, next.RowBytes = append(next.Rows, r), append(next.RowBytes, data)
	}
	args, _, err = d.Kind.Changes(args, w.Before, w.Record)
	Must(err)
	return next, args
}

// Bytes are what a command writes.
type Bytes struct {
	Version     int64
	Body, Event []byte
	Rows        []itsm.Row
	RowBytes    [][]byte
}

// Set writes the columns that a turn changes, as SQL, with parameters from a number on.
func (d *Desk) Set(turn, from int, param func(n int) string) (text string) {
	w := d.Spy.Sets[turn%2].Records[0]
	_, changed, err := d.Kind.Changes(nil, w.Before, w.Record)
	Must(err)
	for i, col := range d.Kind.Stored {
		if changed.Has(i) {
			text += `, ` + col.Quoted() + ` = ` + param(from)
			from++
		}
	}
	return text
}

// Records is how many records a large desk has here: ITSM_RECORDS, or 20,000.
func Records(b *testing.B) int {
	b.Helper()
	text := os.Getenv("ITSM_RECORDS")
	switch {
	case OnceOnly():
		return 2000
	case text == "":
		return 20_000
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		b.Fatalf("ITSM_RECORDS: %v", err)
	}
	return n
}

// Fill writes open incidents, many in a commit, with a timer each where due says when.
func (d *Desk) Fill(b *testing.B, count int, due func(i int) time.Time) {
	b.Helper()
	hold := d.Spy.Sets[0].Records[0]
	like := hold.Before.(*incident.Incident)
	states := []lifecycle.State{"new", "assigned", "in_progress", "in_progress", "on_hold"}
	phases := []lifecycle.Phase{lifecycle.New, lifecycle.Active, lifecycle.Active, lifecycle.Active, lifecycle.Waiting}
	start := d.Clock.Now()
	for from := 0; from < count; from += 500 {
		var sets []*itsm.WriteSet
		for i := from; i < min(count, from+500); i++ {
			inc := *like
			inc.ID, inc.Version = fmt.Sprintf("INC%07d", 2_000_000+i), 1
			inc.State, inc.Phase = states[i%5], phases[i%5]
			inc.Group, inc.Assignee = fmt.Sprintf("group%02d", i*7%40), fmt.Sprintf("agent%03d", i*13%400)
			inc.Caller, inc.Service = fmt.Sprintf("caller%05d", i*31%20_000), fmt.Sprintf("service%02d", i*11%60)
			inc.UpdatedAt = start.Add(time.Duration(i*7919%count) * time.Second)
			e := *hold.Event
			e.ID, e.Version = inc.ID, 1
			set := &itsm.WriteSet{Records: []itsm.RecordWrite{{Record: &inc, Event: &e}}}
			if due != nil {
				set.Timers = []itsm.TimerWrite{{Timer: itsm.Timer{
					Key: inc.Key(), Name: "level", Generation: 1, Due: due(i), Trigger: "note", Input: `{"body":"Level 1 was reached."}`,
				}}}
			}
			sets = append(sets, set)
		}
		for _, err := range d.Spy.ApplyAll(d.Ctx, sets) {
			Must(err)
		}
	}
}

// Claims measures the claim of due timers in batches of a hundred, and the end of each batch with a commit, beside a floor
// that takes a hundred.
func (d *Desk) Claims(b *testing.B, total int, floor func(now time.Time)) {
	b.Helper()
	now := d.Clock.Now()
	per := total / Rounds / 2 / 100 * 100
	hundreds := func(take func()) func(n int) {
		return func(n int) {
			for range n / 100 {
				take()
			}
		}
	}
	var theirs, ours []time.Duration
	for range Rounds {
		theirs = append(theirs, Timed(hundreds(func() { floor(now) }), per))
		ours = append(ours, Timed(hundreds(func() {
			timers, err := d.Spy.Claim(d.Ctx, now, now.Add(time.Minute), 100)
			Must(err)
			sets := make([]*itsm.WriteSet, len(timers))
			for i := range timers {
				sets[i] = &itsm.WriteSet{Fired: &timers[i]}
			}
			for _, err := range d.Spy.ApplyAll(d.Ctx, sets) {
				Must(err)
			}
		}), per))
	}
	Report(b, theirs, ours, per)
}

// Due is due timers and then others that are far off: of total and the rest of count.
func (d *Desk) Due(total int) func(i int) time.Time {
	due, far := d.Clock.Now().Add(-time.Hour), d.Clock.Now().AddDate(1, 0, 0)
	return func(i int) time.Time {
		if i < total {
			return due.Add(time.Duration(i) * time.Millisecond)
		}
		return far.Add(time.Duration(i) * time.Second)
	}
}

// FireAll fires n timers that are due, by some runners at once, and reports how many a second that were.
func (d *Desk) FireAll(b *testing.B, n, runners int) {
	b.Helper()
	var fired atomic.Int64
	took := Timed(func(n int) {
		Callers(runners, runners, func(int, int) {
			for fired.Load() < int64(n) {
				m, err := d.Kernel.FireDue(d.Ctx)
				Must(err)
				if fired.Add(int64(m)); m == 0 {
					break // another runner has the last ones
				}
			}
		})
	}, n)
	if fired.Load() != int64(n) {
		b.Fatalf("%d of %d timers fired", fired.Load(), n)
	}
	b.ReportMetric(float64(n)/took.Seconds(), "timers/s")
	b.ReportMetric(0, "ns/op")
}

// Deliver reads the feed to its end, 256 events at a time.
func (d *Desk) Deliver() {
	for at := itsm.Position(0); ; {
		batch, err := d.Spy.Feed(d.Ctx, nil, at, 256)
		Must(err)
		if len(batch) < 256 {
			return
		}
		at = batch[len(batch)-1].Position
	}
}

// Deep is a page well into a list, and how many pages it had to turn.
func (d *Desk) Deep(q itsm.Query, pages int) itsm.Query {
	for range pages {
		page, err := d.List(d.Ctx, q)
		Must(err)
		if page.Next == "" {
			break
		}
		q.Cursor = page.Next
	}
	return q
}
