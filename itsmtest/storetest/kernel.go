package storetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// kernels: commands through a kernel on the store. The kernel runs a command again where its set conflicts, so a set
// that was refused must have left nothing, or the second run finds what the first one did.
var kernels = []promise{
	{"commands that run again and again leave what those that run once leave", func(t *trial) {
		for seed := range uint64(rounds(4)) {
			t.store = open(t.T, t.harness)
			once := t.play(seed, 0)
			t.store = open(t.T, t.harness)
			again := t.play(seed, 3)
			if once.store.refused > 0 || again.runs <= once.runs {
				t.Fatalf("seed %d: handlers ran %d times beside nobody and %d times in a crowd: the check is worth nothing", seed, once.runs, again.runs)
			}
			t.same(again.answers, once.answers, "seed %d: the answers to commands that ran again", seed)
			t.same(again.traces, once.traces, "seed %d: what commands left that ran again", seed)
			t.same(again.store.numbers, once.store.numbers, "seed %d: how many numbers were taken by commands that ran again", seed)
		}
	}},
}

// task is the record of a small practice: work on it is counted and noted, a new one gets a task below it, and one that
// is done puts work on the one above it.
type task struct {
	itsm.Ticket
	Count int `json:"count,omitempty"`
}

type (
	report struct {
		Title string
		Above itsm.Ref
	}
	work struct{ By int }
)

// tally is a row beside a task: what its commands came to.
type tally struct {
	itsm.Head
	Count int `json:"count" itsm:"index"`
	Acts  int `json:"acts"`
}

const (
	tasks   = "task"
	tallies = "tally"
)

func taskTable() lifecycle.Definition {
	return lifecycle.Definition{
		Name: tasks, Version: 1, Initial: "open",
		States: []lifecycle.StateRow{
			{Name: "open", Title: "Open", Phase: lifecycle.New},
			{Name: "started", Title: "Started", Phase: lifecycle.Active},
			{Name: "done", Title: "Done", Phase: lifecycle.Closed},
		},
		Triggers: []lifecycle.TriggerRow{
			{Name: "start", Title: "Start", Past: "started"},
			{Name: "finish", Title: "Finish", Past: "finished"},
		},
		Rows: []lifecycle.Transition{
			{From: []lifecycle.State{"open", "started"}, Trigger: "start", To: "started"},
			{From: []lifecycle.State{"started"}, Trigger: "finish", To: "done"},
		},
	}
}

// play is what came of commands that were drawn from a seed.
type play struct {
	store           *crowdedStore
	runs            int
	answers, traces string
}

// practice registers tasks. Their handlers count their runs, and change nothing else but what they are given.
func (p *play) practice(k *itsm.Kernel) error {
	practice, err := itsm.NewPractice[task](k, itsm.Spec{Kind: tasks, Series: "TASK", Lifecycle: taskTable()})
	if err != nil {
		return err
	}
	itsm.Create(practice, "report", "reported", func(u *itsm.Unit, r *task, in report) error {
		p.runs++
		r.Title, r.Parent, r.Caller = in.Title, in.Above, u.Actor().Person()
		return nil
	})
	itsm.Handle(practice, "start", func(u *itsm.Unit, r *task, in work) error {
		p.runs++
		r.Count += in.By
		if err := u.AddRow(itsm.WorkNotes, "", in, u.Actor().Person(), "Work began."); err != nil || in.By == 0 {
			return err
		}
		return u.SetTimer("remind", u.Now().Add(time.Duration(in.By)*time.Minute), "start", work{By: in.By - 1})
	})
	itsm.Handle(practice, "finish", func(u *itsm.Unit, _ *task, _ work) error {
		p.runs++
		u.CancelTimer("remind")
		return nil
	})
	k.Hook(itsm.Hook{
		Name: "above and below", Triggers: []lifecycle.Trigger{"report", "finish"},
		AfterAct: func(u *itsm.Unit, c itsm.Change) error {
			above := itsm.TicketOf(c.After).Parent
			if above != (itsm.Ref{}) {
				if c.Trigger == "finish" {
					_, err := u.Try(above, "start", work{By: 1})
					return err
				}
				return nil
			}
			if c.Trigger == "report" {
				_, err := u.Create(tasks, "report", report{Title: "Below", Above: u.Ref()})
				return err
			}
			return nil
		},
		BeforeCommit: func(u *itsm.Unit, c itsm.Change) error { return u.Fact("acts", len(c.Acts)) },
	})
	projection := itsm.NewProjection[tally](k, tallies)
	k.Hook(itsm.Hook{Name: "tallies", Kinds: []string{tasks}, Project: func(u *itsm.Unit, _, after itsm.Record) error {
		rows, err := projection.In(u)
		if err != nil {
			return err
		}
		all := tally{Count: after.(*task).Count, Acts: len(u.Acts())}
		for _, row := range rows {
			if strings.HasSuffix(row.ID, "/all") {
				all.Acts += row.Acts
			}
		}
		if err := projection.Put(u, "all", &all); err != nil {
			return err
		}
		return projection.Put(u, string(after.(*task).State), &tally{Count: all.Count})
	}})
	return nil
}

// play gives a kernel on the trial's store the same commands for the same seed, while that many of four sets conflict.
func (t *trial) play(seed uint64, odds int) *play {
	t.Helper()
	p := &play{store: &crowdedStore{Store: t.store, draw: rand.New(rand.NewPCG(seed, 1)), odds: odds}}
	clock := itsmtest.NewClock(base)
	config := itsm.Config{Store: p.store, Clock: clock, Authorizer: itsm.DefaultGrants(), Tries: 1000}
	if get := t.getter(); get != nil { // the kernel is to read as it does on the bare store
		config.Store = struct {
			itsm.Store
			itsm.Getter
		}{p.store, get}
	}
	k, err := itsm.New(config)
	t.ok(err, "New of a kernel on the store")
	t.ok(p.practice(k), "NewPractice")
	t.ok(k.Open(t.Context()), "Open of a kernel on the store")
	clock.Attach(k)

	ctx := itsm.WithActor(t.Context(), itsm.Actor{ID: "ann", Tenant: acme, Roles: []itsm.Role{itsm.Administrator}})
	draw := rand.New(rand.NewPCG(seed, 2))
	var made, answers []string
	command := func(on itsm.Ref, trigger lifecycle.Trigger, in any, with ...itsm.Option) {
		r, err := k.Do(ctx, on, trigger, in, with...)
		if err != nil {
			answers = append(answers, err.Error())
			return
		}
		answers = append(answers, t.taskText(r))
	}
	for n := range 60 {
		if n%10 == 0 {
			command(itsm.Ref{Kind: tasks}, "report", report{Title: fmt.Sprint("Task ", n)})
			made = t.query(&itsm.StoreQuery{Tenant: acme, Kind: tasks, Limit: 100})
			if len(made) == 0 {
				t.Fatalf("no task was made: %s", answers)
			}
		}
		on := itsm.Ref{Kind: tasks, ID: made[draw.IntN(len(made))]}
		switch by := draw.IntN(4); draw.IntN(6) {
		case 0:
			command(on, "finish", nil)
		case 1, 2:
			command(on, "start", work{By: by})
		case 3, 4: // a key comes twice with the same input, and later perhaps with another
			key := itsm.Once(fmt.Sprint(draw.IntN(10)))
			command(on, "start", work{By: by}, key)
			command(on, "start", work{By: by}, key)
		default:
			t.ok(clock.Advance(ctx, time.Duration(by)*time.Minute), "Work of a kernel on the store")
		}
	}
	for _, id := range made {
		t.ok(k.Verify(ctx, itsm.Ref{Kind: tasks, ID: id}), "Verify of what commands left")
	}
	p.answers, p.traces = strings.Join(answers, "\n"), t.traces(made)
	for n, id := range made { // numbers may have gaps, so that only their order is the same
		alias := strings.NewReplacer(id, fmt.Sprint("task ", n+1))
		p.answers, p.traces = alias.Replace(p.answers), alias.Replace(p.traces)
	}
	return p
}

// traces is all that commands left, but for what is drawn anew in each run: salts, and the digests over them.
func (t *trial) traces(made []string) string {
	t.Helper()
	var b strings.Builder
	seal := func(s itsm.Sealed) itsm.Sealed {
		s.Salt, s.Digest = nil, itsm.Digest{}
		return s
	}
	t.view(func(v itsm.Snapshot) {
		ctx := t.Context()
		for _, id := range made {
			k := itsm.Key{Tenant: acme, Kind: tasks, ID: id}
			r, err := v.Get(ctx, k)
			t.ok(err, "Get")
			events, err := v.Events(ctx, nil, k, 0, 0)
			t.ok(err, "Events")
			rows, err := v.Rows(ctx, nil, k, "", 0, 0)
			t.ok(err, "Rows")
			timers, err := v.Timers(ctx, nil, k)
			t.ok(err, "Timers")
			owned, err := v.Owned(ctx, nil, k, tallies)
			t.ok(err, "Owned")
			fmt.Fprintf(&b, "%s\n%s\n%s\n", t.taskText(r), text(timers), asJSON(owned))
			for _, e := range events {
				bare := *e
				bare.Sealed, bare.Rows, bare.Digest = slices.Clone(e.Sealed), slices.Clone(e.Rows), itsm.Digest{}
				for i := range bare.Sealed {
					bare.Sealed[i] = seal(bare.Sealed[i])
				}
				for i := range bare.Rows {
					bare.Rows[i].Digest = itsm.Digest{}
				}
				fmt.Fprintln(&b, text(&bare))
			}
			for _, row := range rows {
				row.Sealed = seal(row.Sealed)
				fmt.Fprintln(&b, text(row))
			}
		}
		for n := range 10 {
			r, err := v.Receipt(ctx, itsm.ReceiptKey{Tenant: acme, Actor: "ann", Command: tasks + ".start", Key: fmt.Sprint(n)})
			t.ok(err, "Receipt")
			if r != nil {
				bare := *r
				bare.Input = itsm.Digest{} // it is over the record's id
				r = &bare
			}
			fmt.Fprintln(&b, text(r))
		}
	})
	// The feed may mix records as it likes.
	fed := map[string][]int64{}
	for _, d := range t.feed(0) {
		fed[d.Event.ID] = append(fed[d.Event.ID], d.Event.Version)
	}
	for _, id := range made {
		fmt.Fprintln(&b, "fed", id, fed[id])
	}
	return b.String()
}

// taskText is a task without its digest.
func (t *trial) taskText(r itsm.Record) string {
	t.Helper()
	old, is := r.(*task)
	if !is {
		t.Fatalf("Get: got a %T, want what was written or what the codec decoded", r)
	}
	bare := *old
	bare.Digest = itsm.Digest{}
	return asJSON(bare)
}

// crowdedStore is a store on which others seem to be faster: it refuses some sets itself, and has the store refuse others
// by one more version that is not there.
type crowdedStore struct {
	itsm.Store
	draw             *rand.Rand
	odds             int // of four sets
	refused, numbers int
}

func (s *crowdedStore) Apply(ctx context.Context, set *itsm.WriteSet) error {
	if s.draw.IntN(4) >= s.odds {
		return s.Store.Apply(ctx, set)
	}
	s.refused++
	if s.draw.IntN(2) == 0 {
		return itsm.ErrConflict
	}
	spoiled := *set
	spoiled.Reads = append(slices.Clone(set.Reads), itsm.VersionCheck{Key: itsm.Key{Tenant: acme, Kind: tasks, ID: "nowhere"}, Expect: 1})
	err := s.Store.Apply(ctx, &spoiled)
	if err == nil {
		err = fmt.Errorf("Apply of a set that expects a version that is not there: got no error, want %v", itsm.ErrConflict)
	}
	return err
}

func (s *crowdedStore) Number(ctx context.Context, tenant, series string, above int64) (int64, error) {
	s.numbers++
	return s.Store.Number(ctx, tenant, series, above)
}
