package linear

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/store/memory"
)

// broken is a store in memory with a fault.
type broken struct {
	*memory.Store
	apply func(ctx context.Context, set *itsm.WriteSet) error
	get   func(ctx context.Context, key itsm.Key) (itsm.Record, error)
	list  func(found []itsm.Record) []itsm.Record
}

func (b *broken) Apply(ctx context.Context, set *itsm.WriteSet) error {
	if b.apply != nil {
		return b.apply(ctx, set)
	}
	return b.Store.Apply(ctx, set)
}

func (b *broken) Get(ctx context.Context, key itsm.Key) (itsm.Record, error) {
	if b.get != nil {
		return b.get(ctx, key)
	}
	return b.Store.Get(ctx, key)
}

func (b *broken) Snapshot(ctx context.Context) (itsm.Snapshot, error) {
	v, err := b.Store.Snapshot(ctx)
	return &brokenView{v, b}, err
}

// Find is as views are.
func (b *broken) Find(ctx context.Context, dst []itsm.Record, q *itsm.StoreQuery) ([]itsm.Record, error) {
	v, err := b.Snapshot(ctx)
	if err != nil {
		return dst, err
	}
	defer v.Close()
	return v.Query(ctx, dst, q)
}

type brokenView struct {
	itsm.Snapshot
	b *broken
}

func (v *brokenView) Get(ctx context.Context, key itsm.Key) (itsm.Record, error) {
	if v.b.get != nil {
		return v.b.get(ctx, key)
	}
	return v.Snapshot.Get(ctx, key)
}

func (v *brokenView) Query(ctx context.Context, dst []itsm.Record, q *itsm.StoreQuery) ([]itsm.Record, error) {
	found, err := v.Snapshot.Query(ctx, dst, q)
	if v.b.list != nil {
		found = v.b.list(found)
	}
	return found, err
}

// faults are built into the store in memory; none of them breaks a command that nobody else meets.
var faults = map[string]func(s *memory.Store) *broken{
	"a read is now and then one version old": func(s *memory.Store) *broken {
		var before sync.Map
		var reads atomic.Int64
		b := &broken{Store: s}
		b.apply = func(ctx context.Context, set *itsm.WriteSet) error {
			var old []itsm.Record
			for _, w := range set.Records {
				if r, err := s.Get(ctx, w.Record.Header().Key()); err == nil {
					old = append(old, r)
				}
			}
			err := s.Apply(ctx, set)
			if err == nil {
				for _, r := range old {
					before.Store(r.Header().Key(), r)
				}
			}
			return err
		}
		b.get = func(ctx context.Context, key itsm.Key) (itsm.Record, error) {
			if r, ok := before.Load(key); ok && reads.Add(1)%7 == 0 {
				return r.(itsm.Record), nil
			}
			return s.Get(ctx, key)
		}
		return b
	},
	"the loser of a race writes over the winner": func(s *memory.Store) *broken {
		var over sync.Map // what the losers wrote, until somebody goes on from there
		b := &broken{Store: s}
		b.apply = func(ctx context.Context, set *itsm.WriteSet) error {
			err := s.Apply(ctx, set)
			for _, w := range set.Records {
				switch key := w.Record.Header().Key(); {
				case err == nil:
					over.Delete(key)
				case errors.Is(err, itsm.ErrConflict):
					over.Store(key, w.Record)
				}
			}
			if errors.Is(err, itsm.ErrConflict) && len(set.Records) > 0 {
				return nil
			}
			return err
		}
		b.get = func(ctx context.Context, key itsm.Key) (itsm.Record, error) {
			if r, ok := over.Load(key); ok {
				return r.(itsm.Record), nil
			}
			return s.Get(ctx, key)
		}
		return b
	},
	"the loser of a race is told that it won": func(s *memory.Store) *broken {
		return &broken{Store: s, apply: func(ctx context.Context, set *itsm.WriteSet) error {
			if err := s.Apply(ctx, set); !errors.Is(err, itsm.ErrConflict) {
				return err
			}
			return nil
		}}
	},
	"the winner of a race is told that it lost": func(s *memory.Store) *broken {
		var sets atomic.Int64
		return &broken{Store: s, apply: func(ctx context.Context, set *itsm.WriteSet) error {
			if err := s.Apply(ctx, set); err != nil || len(set.Records) == 0 || sets.Add(1)%16 > 0 {
				return err
			}
			return itsm.ErrConflict
		}}
	},
	"half a set is written": func(s *memory.Store) *broken {
		return &broken{Store: s, apply: func(ctx context.Context, set *itsm.WriteSet) error {
			half := *set
			half.Records = set.Records[:min(1, len(set.Records))]
			return s.Apply(ctx, &half)
		}}
	},
	"a set is written in two parts": func(s *memory.Store) *broken {
		return &broken{Store: s, apply: func(ctx context.Context, set *itsm.WriteSet) error {
			if len(set.Records) < 2 {
				return s.Apply(ctx, set)
			}
			first, rest := *set, itsm.WriteSet{Records: set.Records[1:]}
			first.Records = set.Records[:1]
			if err := s.Apply(ctx, &first); err != nil {
				return err
			}
			for {
				runtime.Gosched()
				if err := s.Apply(ctx, &rest); !errors.Is(err, itsm.ErrConflict) {
					return err
				}
				now, err := s.Get(ctx, rest.Records[0].Record.Header().Key())
				if err != nil || now.Header().Version >= rest.Records[0].Record.Header().Version {
					return err // somebody wrote in between: the second part is lost
				}
			}
		}}
	},
	"versions of records that were only read are not checked": func(s *memory.Store) *broken {
		return &broken{Store: s, apply: func(ctx context.Context, set *itsm.WriteSet) error {
			blind := *set
			blind.Reads = nil
			return s.Apply(ctx, &blind)
		}}
	},
	"receipts are not kept": func(s *memory.Store) *broken {
		return &broken{Store: s, apply: func(ctx context.Context, set *itsm.WriteSet) error {
			bare := *set
			bare.Receipt = nil
			return s.Apply(ctx, &bare)
		}}
	},
	"a list leaves out what was just written": func(s *memory.Store) *broken {
		var lists atomic.Int64
		return &broken{Store: s, list: func(found []itsm.Record) []itsm.Record {
			if n := len(found); n > 0 && lists.Add(1)%5 == 0 {
				return found[:n-1]
			}
			return found
		}}
	},
}

// found runs the check on stores with a fault and answers what it says.
func found(t *testing.T, open func(*testing.T) itsm.Store, options ...Option) string {
	t.Helper()
	p, err := planned(append([]Option{Rounds(2000)}, options...))
	if err != nil {
		t.Fatal(err)
	}
	if fault := p.search(t, open); fault != nil {
		return fault.String()
	}
	return ""
}

func TestTheCheckFindsFaults(t *testing.T) {
	for name, spoil := range faults {
		t.Run(name, func(t *testing.T) {
			said := found(t, func(*testing.T) itsm.Store { return spoil(memory.New()) })
			if !strings.Contains(said, "no order of these commands") {
				t.Error("nothing was found")
			}
			t.Log(said)
		})
	}
}

// TestTheCheckFindsWhatCrossesNodes has a node remember what it wrote and read: nobody on that node notices.
func TestTheCheckFindsWhatCrossesNodes(t *testing.T) {
	remembering := func(s *memory.Store) *broken {
		var known sync.Map
		b := &broken{Store: s}
		b.apply = func(ctx context.Context, set *itsm.WriteSet) error {
			err := s.Apply(ctx, set)
			for _, w := range set.Records {
				if err == nil {
					known.Store(w.Record.Header().Key(), w.Record)
				} else {
					known.Delete(w.Record.Header().Key())
				}
			}
			return err
		}
		b.get = func(ctx context.Context, key itsm.Key) (itsm.Record, error) {
			if r, ok := known.Load(key); ok {
				return r.(itsm.Record), nil
			}
			return s.Get(ctx, key)
		}
		return b
	}
	open := func(*testing.T) itsm.Store { return remembering(memory.New()) }
	if said := found(t, open, Reopen(func(_ *testing.T, s itsm.Store) itsm.Store { return remembering(s.(*broken).Store) })); said == "" {
		t.Error("nodes that do not hear of each other were not found")
	}
	if said := found(t, open, Clients(1), Nodes(1), Rounds(20)); said != "" {
		t.Error(said)
	}
}
