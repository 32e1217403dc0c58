package storetest

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// Same plays one random life of a desk on several stores at once, and fails the test at the first call that one of them
// answers otherwise than the reference does: a record, an event with its digests, a row, a timer, a receipt, a page, a
// count, a refusal. It names the step, the call and the store, and shows where the two answers part. The life has
// commands with and without keys, batches of timers, restored records, erasures and purges, and random queries over every
// kind of column, in pages of any size. The seed says which life it is; all stores are to be empty.
func Same(t *testing.T, seed uint64, steps int, reference itsm.Store, others map[string]itsm.Store) {
	t.Helper()
	w := &twins{T: t, draw: rand.New(rand.NewPCG(seed, 11)), Store: reference, others: others, names: slices.Sorted(maps.Keys(others)), codecs: map[string]itsm.Codec{}}
	w.step = fmt.Sprint("seed ", seed, ", opening")
	l := on(w)
	l.begin()
	for n := range steps {
		w.step = fmt.Sprint("seed ", seed, ", step ", n)
		l.do()
	}
	w.step = fmt.Sprint("seed ", seed, ", the end")
	w.feeds()
	for _, step := range []string{"erased", "swept", "restored", "repeated", "turned a page"} {
		if l.did[step] == 0 && steps >= 300 {
			t.Errorf("%s: nothing was %s: the life is worth little", w.step, step)
		}
	}
	for _, tenant := range []string{acme, umbrella, "archive"} {
		for _, ref := range l.made[tenant] {
			if err := l.kernel.Verify(l.as(tenant), ref); err != nil && itsm.CodeOf(err) != itsm.ErrNotFound.Code {
				t.Errorf("%s: Verify of %s: %v", w.step, ref, err)
			}
		}
	}
}

// errand is the record of the life.
type errand struct {
	itsm.Ticket
	Amount int64 `json:"amount" itsm:"index"`
}

type (
	ask struct {
		Title, Caller string
		Amount        int64
	}
	turn struct {
		By     int64
		Remind time.Duration
		Remove int64
	}
	sweep struct{ Away itsm.Ref }
)

const errands = "errand"

// life is a desk on all the stores.
type life struct {
	*twins
	zoo    *zoo
	clock  *itsmtest.Clock
	kernel *itsm.Kernel
	made   map[string][]itsm.Ref
	did    map[string]int // how often each kind of step came to something
	apart  bool           // nothing is restored in another tenant
	// follow is the subscriber, and fires is told of each run of a handler.
	follow func(ctx context.Context, e *itsm.Event) error
	fires  func(u *itsm.Unit, r *errand)
}

// on makes a life on a store of several.
func on(w *twins) *life {
	l := &life{
		twins: w, zoo: &zoo{Rand: w.draw, values: map[field.Kind][]field.Value{}}, did: map[string]int{},
		follow: func(context.Context, *itsm.Event) error { return nil }, fires: func(*itsm.Unit, *errand) {},
	}
	for _, v := range customValues() {
		l.zoo.values[v.Kind()] = append(l.zoo.values[v.Kind()], v)
	}
	for n := range 20 { // whose values are asked for
		l.zoo.all = append(l.zoo.all, l.zoo.animal(key(id(n))))
	}
	l.clock = itsmtest.NewClock(base)
	return l
}

// begin opens the kernel.
func (l *life) begin() {
	l.Helper()
	config := itsm.Config{Store: l.twins, Clock: l.clock, Logger: slog.New(slog.DiscardHandler)}
	l.kernel, _ = itsmtest.Kernel(l, config, l.register)
}

func (l *life) register(k *itsm.Kernel) error {
	l.made = map[string][]itsm.Ref{}
	table := taskTable()
	table.Name = errands
	table.Triggers = append(table.Triggers, lifecycle.TriggerRow{Name: "sweep", Title: "Sweep", Past: "swept"})
	for _, s := range []lifecycle.State{"open", "started"} {
		table.Rows = append(table.Rows, lifecycle.Transition{From: []lifecycle.State{s}, Trigger: "sweep", To: s})
	}
	table.Triggers = append(table.Triggers, itsm.StandardTriggers()...)
	for _, row := range itsm.StandardTriggers() {
		table.Rows = append(table.Rows, lifecycle.Transition{From: []lifecycle.State{"open", "started", "done"}, Trigger: row.Name})
	}
	spec := itsm.Spec{Kind: errands, Series: "ERR", Lifecycle: table}
	for kind := field.KindText; kind <= field.KindList; kind++ {
		spec.Custom.Fields = append(spec.Custom.Fields, field.Declaration{Name: kind.String(), Kind: kind},
			field.Declaration{Name: "indexed_" + kind.String(), Kind: kind, Indexed: true})
	}
	spec.Custom.Version = 1
	practice, err := itsm.NewPractice[errand](k, spec)
	if err != nil {
		return err
	}
	practice.Standard(nil)
	itsm.Create(practice, "report", "reported", func(u *itsm.Unit, r *errand, in ask) error {
		r.Title, r.Caller, r.Amount = in.Title, in.Caller, in.Amount
		return u.AddRow(itsm.Comments, "message", in, in.Caller, "It is "+in.Title)
	})
	itsm.Handle(practice, "start", func(u *itsm.Unit, r *errand, in turn) error {
		l.fires(u, r)
		r.Amount += in.By
		if in.Remove > 0 {
			rows, err := u.Rows(itsm.Comments, 0, 1)
			if err != nil {
				return err
			}
			for _, row := range rows {
				u.RemoveRow(row.ID)
			}
		}
		if in.Remind > 0 {
			if err := u.SetTimer("remind", u.Now().Add(in.Remind), "start", turn{By: 1}); err != nil {
				return err
			}
		}
		return u.AddRow(itsm.Comments, "message", in, u.Actor().Person(), "By "+fmt.Sprint(in.By))
	})
	itsm.Handle(practice, "finish", func(u *itsm.Unit, _ *errand, _ turn) error {
		u.CancelTimer("remind")
		return nil
	})
	itsm.Handle(practice, "sweep", func(u *itsm.Unit, _ *errand, in sweep) error { return u.Purge(in.Away) })
	k.Subscribe(itsm.Subscriber{Name: "follows", Handle: func(ctx context.Context, e *itsm.Event) error { return l.follow(ctx, e) }})
	projection := itsm.NewProjection[tally](k, tallies)
	k.Hook(itsm.Hook{Name: "tallies", Kinds: []string{errands}, Project: func(u *itsm.Unit, _, after itsm.Record) error {
		if err := projection.Put(u, string(after.(*errand).State), &tally{Count: 1}); err != nil {
			return err
		}
		return projection.Put(u, "all", &tally{Count: int(after.(*errand).Amount), Acts: len(u.Acts())})
	}})
	return nil
}

func (l *life) as(tenant string) context.Context {
	return itsm.WithActor(l.Context(), itsm.Actor{ID: "ann", Tenant: tenant, Roles: []itsm.Role{itsm.Administrator}})
}

// do is one step. What the kernel answers does not matter here: the stores' answers are compared call by call.
func (l *life) do() {
	tenant := []string{acme, acme, umbrella}[l.draw.IntN(3)]
	ctx := l.as(tenant)
	made := l.made[tenant]
	if len(made) < 3 || l.draw.IntN(6) == 0 {
		r, err := l.kernel.Do(ctx, itsm.Ref{Kind: errands}, "report", ask{fmt.Sprint(tenant, " errand ", l.draw.IntN(9)), []string{"bob", "carol", "Carol"}[l.draw.IntN(3)], l.draw.Int64N(5)})
		if err == nil {
			l.made[tenant] = append(made, r.Header().Ref())
		}
		return
	}
	on := made[l.draw.IntN(len(made))]
	switch n := l.draw.IntN(24); n {
	case 0:
		if done, err := l.kernel.Erase(ctx, []string{"bob", "carol"}[l.draw.IntN(2)], "by request"); err == nil {
			l.did["erased"] += done.Records
		}
	case 1, 2:
		if _, err := l.kernel.Do(ctx, on, "sweep", sweep{made[l.draw.IntN(len(made))]}); err == nil {
			l.did["swept"]++
		}
	case 3:
		if whole, err := l.kernel.Life(ctx, on); err == nil && !l.apart {
			const other = "archive"
			whole.Tenant = other
			for i := range whole.Events {
				whole.Events[i].Actor.Tenant = other
			}
			if done, err := l.kernel.Restore(l.as(other), whole); err == nil && !done.Unchanged {
				l.made[other] = append(l.made[other], done.Ref)
				l.did["restored"]++
			}
		}
	case 4, 5, 6, 16:
		_, _ = l.kernel.Do(ctx, on, "finish", nil)
	case 7, 8:
		_ = l.clock.Advance(ctx, time.Duration(l.draw.IntN(90))*time.Minute)
	case 9, 10:
		key := itsm.Once(fmt.Sprint(l.draw.IntN(8)))
		again := false
		in := turn{By: l.draw.Int64N(2)}
		if l.draw.IntN(2) == 0 {
			_, _ = l.kernel.Do(ctx, on, "start", in, key)
		}
		r, err := l.kernel.Do(ctx, on, "start", in, key, itsm.Repeated(&again))
		if again {
			l.did["repeated"]++
		}
		if err == nil && r.Header().Tenant != tenant {
			l.Errorf("%s: a command of %s answered a record of %s", l.step, tenant, r.Header().Key())
		}
	case 11, 12, 13, 14:
		l.queries(ctx)
	case 15:
		_, _ = l.kernel.History(ctx, on, int64(l.draw.IntN(3)), l.draw.IntN(4))
		_, _ = l.kernel.Rows(ctx, on, itsm.Comments, 0, l.draw.IntN(3))
		_, _ = l.kernel.FindRows(ctx, itsm.Comments, "message")
	default:
		patch := itsm.Patch{}
		for range l.draw.IntN(4) {
			kind := field.KindText + field.Kind(l.draw.IntN(int(field.KindList-field.KindText)+1))
			values := l.zoo.values[kind]
			patch["custom."+[]string{"", "indexed_"}[l.draw.IntN(2)]+kind.String()] = values[l.draw.IntN(len(values))]
		}
		_, _ = l.kernel.Do(ctx, on, "start", turn{l.draw.Int64N(9), time.Duration(l.draw.IntN(3)) * time.Hour, l.draw.Int64N(2)}, itsm.With(patch))
	}
}

// queries asks for one random list page by page, its count, and a count by a column.
func (l *life) queries(ctx context.Context) {
	f := l.zoo.filter(2)
	q := itsm.Query{Filter: &f, Sort: l.zoo.sort(), Limit: 1 + l.draw.IntN(7)}
	for {
		page, err := l.kernel.List(ctx, errands, q)
		if err != nil || page.Next == "" {
			break
		}
		q.Cursor = page.Next
		l.did["turned a page"]++
	}
	_, _ = l.kernel.Count(ctx, errands, q)
	columns := l.kernel.Columns(errands)
	_, _ = l.kernel.CountBy(ctx, errands, columns[l.draw.IntN(len(columns))].Name, itsm.Query{Filter: &f})
	_, _ = l.kernel.List(ctx, tallies, itsm.Query{Sort: []itsm.Sort{{Column: "count", Descending: true}}, Limit: q.Limit})
}
