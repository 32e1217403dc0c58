// Package storetest judges stores: one suite for every [itsm.Store], whoever wrote it.
//
// A store's own test hands the suite a way to open the store, and that is all:
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, storetest.Harness{
//			Open: func(t *testing.T) itsm.Store { return mystore.New(t.TempDir()) },
//		})
//	}
//
// Each subtest is one promise of the contract and has an empty store of its own, so a failing promise can be run
// alone: go test -run 'TestStore/Timers/a_moved_timer'. A message names the method, what was promised, and what came
// instead. Nothing is skipped because of a store's type; what a store cannot do by its nature, such as outliving its
// handle, its [Harness] says: the suite checks that it is so, and skips by name what the harness rules out.
//
// The suite brings a record type and codecs of its own, because stores must not know kinds. It never sleeps and never
// reads a clock. Its random data is the same in every run; only the interleaving of goroutines is not, so run it with
// -race and now and then with -count. With -short it draws less.
package storetest

import (
	"errors"
	"testing"

	"github.com/itsmkit/itsmkit/itsm"
)

// Harness tells the suite how to get a store.
type Harness struct {
	// Open answers a new, empty store on which Prepare was not called. It is called once or more for each subtest,
	// never by two goroutines at once; what is to be closed goes to t.Cleanup. A store must allow three open snapshots
	// beside a writer.
	Open func(t *testing.T) itsm.Store

	// Reopen answers a second handle on the data of a store that Open gave, as another process would get one. It
	// leaves the first handle open: both are then used at once. Nil says that a store does not outlive its handle.
	Reopen func(t *testing.T, s itsm.Store) itsm.Store

	// Getter says that the store is an [itsm.Getter] too. The kernel then reads single records and what they own that way,
	// and the suite reads each one both ways. A store that is one without saying so fails, as one does that says so and is none: a
	// wrapper loses it easily.
	Getter bool

	// ColumnCounter says that the store's snapshots are [itsm.ColumnCounter] too. The kernel then counts by a column that
	// way, and else from the records that it is handed. A store whose snapshots are not what is said here fails.
	ColumnCounter bool

	// Batcher says that the store is an [itsm.Batcher] too. The runner then fires many timers in one commit. A store that is
	// one without saying so fails, as one does that says so and is none.
	Batcher bool
}

// Run judges the store in subtests, one for each promise, grouped by what they are about. In most of the subtests about
// concurrency up to 16 goroutines work on one store at once, in one of them a hundred. A store in memory takes about a
// second, and some more under the race detector.
func Run(t *testing.T, h Harness) {
	if h.Open == nil {
		t.Fatal("storetest: the harness needs Open")
	}
	for _, g := range []struct {
		about    string
		promises []promise
	}{
		{"Prepare", prepare},
		{"Get", get},
		{"Getter", getters},
		{"Owned", ownership},
		{"Events", events},
		{"Rows", rows},
		{"Apply", apply},
		{"Batcher", batchers},
		{"Filter", filters},
		{"Query", queries},
		{"ColumnCounter", counters},
		{"Snapshot", snapshots},
		{"Number", numbers},
		{"Timers", timers},
		{"Feed", feed},
		{"Receipts", receipts},
		{"Subscriptions", subscriptions},
		{"Erasure", erasure},
		{"Purge", purges},
		{"Tenants", tenants},
		{"Names", names},
		{"Cancel", cancellation},
		{"Race", races},
		{"Reopen", reopened},
		{"Kernel", kernels},
	} {
		t.Run(g.about, func(t *testing.T) {
			for _, p := range g.promises {
				t.Run(p.name, func(t *testing.T) {
					p.check(&trial{T: t, harness: h, store: open(t, h)})
				})
			}
		})
	}
}

// A promise is one sentence of the contract and the check that a store keeps it.
type promise struct {
	name  string
	check func(t *trial)
}

// trial is a test with the store that it judges.
type trial struct {
	*testing.T
	harness Harness
	store   itsm.Store
}

func open(t *testing.T, h Harness) itsm.Store {
	t.Helper()
	s := h.Open(t)
	if err := s.Prepare(t.Context(), kinds()); err != nil {
		t.Fatalf("Prepare on an empty store: %v", err)
	}
	return s
}

// apply writes a set that nothing speaks against.
func (t *trial) apply(set *itsm.WriteSet) {
	t.Helper()
	if err := t.store.Apply(t.Context(), set); err != nil {
		t.Fatalf("Apply of a set that nothing speaks against: %v", err)
	}
}

// put writes records and nothing else.
func (t *trial) put(jobs ...*job) {
	t.Helper()
	t.apply(put(jobs...))
}

// refused applies a set that must fail with the error and change nothing at all.
func (t *trial) refused(set *itsm.WriteSet, want error, because string) {
	t.Helper()
	before := t.dump()
	err := t.store.Apply(t.Context(), set)
	if !errors.Is(err, want) {
		t.Errorf("Apply of a set with %s: got error %v, want %v", because, err, want)
	}
	t.unchanged(before, "Apply refused a set with "+because)
}

// view runs a function on a snapshot of now.
func (t *trial) view(read func(v itsm.Snapshot)) {
	t.Helper()
	v := t.snapshot()
	defer v.Close()
	read(v)
}

// snapshot opens a view that the caller closes.
func (t *trial) snapshot() itsm.Snapshot {
	t.Helper()
	v, err := t.store.Snapshot(t.Context())
	if err != nil {
		t.Fatalf("Snapshot: %v", err)
	}
	return v
}

// rounds scales how much is drawn or repeated.
func rounds(n int) int {
	if testing.Short() {
		return max(n/4, 1)
	}
	return n
}
