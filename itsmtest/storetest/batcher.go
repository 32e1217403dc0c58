package storetest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/itsmkit/itsmkit/itsm"
)

// batchers: a store that commits many sets at once answers each as Apply would, one after the other, and leaves what
// that would leave.
var batchers = []promise{
	{"is there where the harness says so, and only there", func(t *trial) {
		stores := []itsm.Store{t.store}
		if t.harness.Reopen != nil {
			stores = append(stores, t.second())
		}
		for _, s := range stores {
			if _, is := s.(itsm.Batcher); is != t.harness.Batcher {
				t.Errorf("the harness says Batcher: %t, and a %T is an itsm.Batcher: %t", t.harness.Batcher, s, is)
			}
		}
	}},
	{"an empty batch changes nothing", func(t *trial) {
		t.mustBatcher()
		t.furnished()
		before := t.dump()
		t.batch(nil)
		t.batch([]*itsm.WriteSet{})
		t.batch([]*itsm.WriteSet{{}}, nil)
		t.unchanged(before, "ApplyAll of nothing")
	}},
	{"every part of each set", func(t *trial) {
		t.mustBatcher()
		t.furnished()
		j := newJob(key(id(6)))
		j.State = "batched"
		set := put(j)
		set.Records[0].Rows = []itsm.Row{j.row(1, "message")}
		t.batch([]*itsm.WriteSet{crowded(), set}, nil, nil)
		batched := t.dump()
		t.store = open(t.T, t.harness)
		t.furnished()
		t.apply(crowded())
		t.apply(set)
		t.unchanged(batched, "the same sets went through ApplyAll and Apply")
	}},
	{"later sets see the earlier ones of the batch", func(t *trial) {
		t.mustBatcher()
		j := newJob(key(id(1)))
		second := j.next(func(j *job) { j.Amount = 2 })
		third := second.next(func(j *job) { j.Amount = 3 })
		read := put(newJob(key(id(2))))
		read.Reads = []itsm.VersionCheck{{Key: j.Key(), Expect: 3}}
		t.batch([]*itsm.WriteSet{put(j), put(second), put(third), read}, nil, nil, nil, nil)
		t.same(t.get(j.Key()), third, "Get of a record that three sets of a batch wrote")
		t.view(func(v itsm.Snapshot) {
			got, err := v.Events(t.Context(), nil, j.Key(), 0, 0)
			t.ok(err, "Events")
			t.same(versions(got), serial(1, 3), "the events of a record that three sets of a batch wrote")
		})
	}},
	{"a refused set leaves the others", func(t *trial) {
		t.mustBatcher()
		there := t.furnished()
		a, b, c := newJob(key(id(4))), newJob(key(id(5))), newJob(key(id(6)))
		taken, stale := crowded(newJob(there.Key()).write()), crowded(there.next(nil).next(nil).write())
		t.batch([]*itsm.WriteSet{put(a), taken, put(b), stale, put(c)}, nil, itsm.ErrExists, nil, itsm.ErrConflict, nil)
		got := t.dump()
		t.store = open(t.T, t.harness)
		t.furnished()
		for _, j := range []*job{a, b, c} {
			t.put(j)
		}
		t.unchanged(got, "two sets of a batch were refused")
	}},
	{"the first of two writes of one record wins", func(t *trial) {
		t.mustBatcher()
		j := t.furnished()
		first, second := j.next(func(j *job) { j.Amount = 1 }), j.next(func(j *job) { j.Amount = 2 })
		made, again := newJob(key(id(5))), newJob(key(id(5)))
		again.Note = "again"
		t.batch([]*itsm.WriteSet{put(first), put(second), put(made), put(again)}, nil, itsm.ErrConflict, nil, itsm.ErrExists)
		t.same(t.get(j.Key()), first, "Get of a record that two sets of a batch wrote to from one version")
		t.same(t.get(made.Key()), made, "Get of a record that two sets of a batch made")
	}},
	{"an invalid set is ErrInvalid and leaves the others", func(t *trial) {
		t.mustBatcher()
		t.put(newJob(key(id(1))))
		a, b := newJob(key(id(2))), newJob(key(id(3)))
		nowhere := put(newJob(key("")))
		unknown := put(newJob(itsm.Key{Tenant: acme, Kind: "stranger", ID: id(1)}))
		t.batch([]*itsm.WriteSet{nowhere, put(a), unknown, put(b)}, itsm.ErrInvalid, nil, itsm.ErrInvalid, nil)
		t.batch([]*itsm.WriteSet{nowhere, unknown}, itsm.ErrInvalid, itsm.ErrInvalid)
		t.same(t.query(&itsm.StoreQuery{Tenant: acme, Kind: jobs, Limit: 10}), []string{id(1), id(2), id(3)}, "Query after invalid sets among good ones")
	}},
	{"each fires a timer, and a stale one fires nothing", func(t *trial) {
		t.mustBatcher()
		var sets []*itsm.WriteSet
		for n := range 6 {
			j := newJob(key(id(n)))
			timer := j.timer("close", after(n))
			t.set(j, timer)
			set := put(j.next(nil))
			set.Fired = &timer
			sets = append(sets, set)
		}
		sets[2].Fired = new(*sets[2].Fired)
		sets[2].Fired.Generation++
		sets[4].Fired = new(*sets[3].Fired) // the one that a set before it takes away
		t.claim(after(9), after(100), 6, *sets[0].Fired, *sets[1].Fired, newJob(key(id(2))).timer("close", after(2)), *sets[3].Fired,
			newJob(key(id(4))).timer("close", after(4)), *sets[5].Fired)
		t.batch(sets, nil, nil, itsm.ErrTimerGone, nil, itsm.ErrTimerGone, nil)
		for n := range 6 {
			fired := n != 2 && n != 4
			want := map[bool]int64{true: 2, false: 1}[fired]
			if got := t.get(key(id(n))).Version; got != want {
				t.Errorf("Get of %s after a batch of timers: version %d, want %d", id(n), got, want)
			}
			if fired {
				t.pending(key(id(n)))
			} else {
				t.pending(key(id(n)), "close")
			}
		}
	}},
	{"a timer that an earlier set makes may fire", func(t *trial) {
		t.mustBatcher()
		j := newJob(key(id(1)))
		timer := j.timer("close", after(1))
		made := put(j)
		made.Timers = []itsm.TimerWrite{{Timer: timer}}
		fires := put(j.next(nil))
		fires.Fired = &timer
		t.batch([]*itsm.WriteSet{made, fires}, nil, nil)
		t.pending(j.Key())
	}},
	{"a receipt is used once", func(t *trial) {
		t.mustBatcher()
		a, b := newJob(key(id(1))), newJob(key(id(2)))
		first, second := put(a), put(b)
		first.Receipt, second.Receipt = a.receipt("once"), b.receipt("once")
		t.batch([]*itsm.WriteSet{first, second}, nil, itsm.ErrConflict)
		t.same(t.receipt(first.Receipt.ReceiptKey), first.Receipt, "Receipt of a key that two sets of a batch used")
		t.same(t.query(&itsm.StoreQuery{Tenant: acme, Kind: jobs, Limit: 10}), []string{id(1)}, "Query after a batch with a key used twice")
	}},
	{"a cancelled context changes nothing, and is the answer to each", func(t *trial) {
		t.mustBatcher()
		j := t.furnished()
		before := t.dump()
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		faults := t.mustBatcher().ApplyAll(gone, []*itsm.WriteSet{put(j.next(nil)), put(newJob(key(id(6))))})
		if len(faults) != 2 {
			t.Fatalf("ApplyAll of 2 sets: %d answers", len(faults))
		}
		for _, err := range faults {
			t.fails(err, context.Canceled, "ApplyAll with a cancelled context")
		}
		t.unchanged(before, "ApplyAll was given a cancelled context")
		t.batch([]*itsm.WriteSet{put(j.next(nil))}, nil)
	}},
	{"the sets belong to the caller again", func(t *trial) {
		t.mustBatcher()
		a, b := newJob(key(id(1))), newJob(key(id(2)))
		sets := []*itsm.WriteSet{put(a), put(b)}
		sets[0].Timers = []itsm.TimerWrite{{Timer: a.timer("close", after(1))}}
		t.batch(sets, nil, nil)
		before := t.dump()
		for _, set := range sets {
			clear(set.Records)
			clear(set.Timers)
			*set = itsm.WriteSet{}
		}
		t.unchanged(before, "the caller used the sets of a batch again")
	}},
	{"as of a view that was opened before, nothing", func(t *trial) {
		t.mustBatcher()
		j := t.furnished()
		v := t.snapshot()
		defer v.Close()
		before := t.look(v)
		t.batch([]*itsm.WriteSet{crowded(), put(j.next(nil))}, nil, nil)
		t.same(t.look(v), before, "a view that was opened before a batch shows it")
	}},
	{"any sets as one after the other through Apply", (*trial).likeOneByOne},
	{"each set once beside others who write the same", (*trial).batchBesideWriters},
}

// likeOneByOne draws sets that meet, many of which must be refused, for two stores: through ApplyAll, and through Apply.
func (t *trial) likeOneByOne() {
	t.mustBatcher()
	for seed := range uint64(rounds(12)) {
		draw := rand.New(rand.NewPCG(seed, 7))
		sets := drawnSets(draw, 40)
		t.store = open(t.T, t.harness)
		var want []string
		for _, set := range sets {
			want = append(want, string(itsm.CodeOf(answered(t.store.Apply(t.Context(), set)))))
		}
		left := t.dump()
		t.store = open(t.T, t.harness)
		var got []string
		for rest := sets; len(rest) > 0; {
			n := min(1+draw.IntN(12), len(rest))
			for _, err := range t.batcher().ApplyAll(t.Context(), rest[:n]) {
				got = append(got, string(itsm.CodeOf(answered(err))))
			}
			rest = rest[n:]
		}
		t.same(fmt.Sprint(got), fmt.Sprint(want), "seed %d: the answers of ApplyAll, beside those of Apply", seed)
		t.unchanged(left, fmt.Sprintf("seed %d: the same sets went through Apply and ApplyAll", seed))
		if t.Failed() {
			return
		}
	}
}

// answered makes "applied" of no error, so that codes tell all answers apart.
func answered(err error) error {
	if err == nil {
		return &itsm.Error{Code: "applied"}
	}
	return err
}

// drawnSets are sets on a handful of records that were drawn without looking at what is there.
func drawnSets(draw *rand.Rand, n int) (sets []*itsm.WriteSet) {
	guess := map[string]*job{}
	for range n {
		set := &itsm.WriteSet{}
		for _, at := range draw.Perm(5)[:1+draw.IntN(2)] {
			j := guess[id(at)]
			switch {
			case j == nil:
				j = newJob(key(id(at)))
			case draw.IntN(4) > 0:
				j = j.next(func(j *job) { j.Amount = draw.Int64N(9) })
			}
			guess[id(at)] = j
			set.Records = append(set.Records, j.write(j.row(j.Version*10, "message")))
			if draw.IntN(2) == 0 {
				set.Timers = append(set.Timers, itsm.TimerWrite{Timer: j.timer("close", after(draw.IntN(60))), Cancel: draw.IntN(4) == 0})
			}
			if draw.IntN(4) == 0 && set.Fired == nil {
				set.Fired = new(j.timer("close", after(0)))
				set.Fired.Generation -= draw.Int64N(2)
			}
			if draw.IntN(4) == 0 && set.Receipt == nil {
				set.Receipt = j.receipt([]string{"once", "twice"}[draw.IntN(2)])
			}
		}
		if draw.IntN(4) == 0 {
			set.Reads = []itsm.VersionCheck{{Key: key(id(5 + draw.IntN(2))), Expect: draw.Int64N(2)}}
		}
		if draw.IntN(8) == 0 {
			set.Records[0].Event = set.Records[0].Record.(*job).next(nil).event() // of another version: invalid
		}
		sets = append(sets, set)
	}
	return sets
}

// batchBesideWriters adds one to a few records, by batches and by single sets at once. What was applied must be in them.
func (t *trial) batchBesideWriters() {
	batch := t.mustBatcher()
	const records = 4
	for n := range records {
		t.put(newJob(key(id(n))))
	}
	counts := make([]int64, 8)
	errs := together(len(counts), func(i int) error {
		draw := rand.New(rand.NewPCG(uint64(i), 8))
		for range rounds(40) {
			var sets []*itsm.WriteSet
			v, err := t.store.Snapshot(t.Context())
			if err != nil {
				return err
			}
			for n := range records {
				r, err := v.Get(t.Context(), key(id(n)))
				if err != nil {
					v.Close()
					return err
				}
				sets = append(sets, put(r.(*job).next(func(j *job) { j.Amount++ })))
			}
			v.Close()
			var answers []error
			if draw.IntN(2) == 0 {
				answers = batch.ApplyAll(t.Context(), sets)
			} else {
				for _, set := range sets {
					answers = append(answers, t.store.Apply(t.Context(), set))
				}
			}
			for _, err := range answers {
				switch {
				case err == nil:
					counts[i]++
				case !errors.Is(err, itsm.ErrConflict):
					return err
				}
			}
		}
		return nil
	})
	for _, err := range errs {
		t.ok(err, "ApplyAll beside Apply")
	}
	var want, got int64
	for _, n := range counts {
		want += n
	}
	for n := range records {
		j := t.get(key(id(n)))
		got += j.Amount
		if j.Amount != j.Version-1 {
			t.Errorf("Get of %s: amount %d at version %d", id(n), j.Amount, j.Version)
		}
	}
	if got != want {
		t.Errorf("ApplyAll and Apply answered that %d sets were applied, and %d were", want, got)
	}
}

// batch applies sets together, and checks the answer to each.
func (t *trial) batch(sets []*itsm.WriteSet, want ...error) {
	t.Helper()
	faults := t.batcher().ApplyAll(t.Context(), sets)
	if len(faults) != len(sets) {
		t.Fatalf("ApplyAll of %d sets: %d answers", len(sets), len(faults))
	}
	for i, err := range faults {
		if !errors.Is(err, want[i]) || want[i] == nil && err != nil {
			t.Errorf("ApplyAll of %d sets, set %d: got error %v, want %v", len(sets), i+1, err, want[i])
		}
	}
	if t.Failed() {
		t.FailNow()
	}
}

// batcher is the store's way to commit many sets at once; nil where the harness says that there is none.
func (t *trial) batcher() itsm.Batcher {
	t.Helper()
	if !t.harness.Batcher {
		return nil
	}
	b, is := t.store.(itsm.Batcher)
	if !is {
		t.Fatalf("the harness says Batcher: true, and a %T is no itsm.Batcher", t.store)
	}
	return b
}

func (t *trial) mustBatcher() itsm.Batcher {
	t.Helper()
	b := t.batcher()
	if b == nil {
		t.Skip("the harness says Batcher: false: the kernel gives the store one set at a time")
	}
	return b
}
