// Package memory is a store that keeps everything in memory: the default of tests and small programs, and the
// reference for every other store.
//
// Nothing survives the process. Records, events and rows are kept as the pointers that were handed in, so a read costs
// a look-up and no copy.
//
// # Concurrency
//
// One writer works at a time. Readers share a lock that is held for a look-up or a short stretch of a scan, never for
// as long as a snapshot is open and never while a filter is evaluated. A snapshot costs one small allocation: it is the
// number of the last commit, and what later commits replace is kept for as long as an open snapshot can see it. So
// close snapshots; the commits after that let go of what was kept.
//
// # Cost
//
// Get is two look-ups, and so is finding what a record owns. Apply costs what the set touches, and the logarithm of the pending timers for each timer that
// moves. Rows of one kind cost what they are, whatever else hangs on the record. Claim and NextDue do not depend on how
// many timers are pending.
//
// Indexes of a kind's indexed columns are made by the first query that names them, and brought up to date by the next
// one: commands pay nothing for them, and a query pays once for each record that was written since the last. A filter on
// them is a matter of sets of numbers, so that a count or a page among a million records takes less than a few
// milliseconds; see docs/store.md. What is not indexed is looked at record by record.
//
// A purged record leaves an empty entry behind, about a quarter of a kilobyte, as long as the store lives, and a place in
// the feed for each of its events.
//
// # Time
//
// The store reads no clock. Timers and claims are kept as nanoseconds, which end in the years 1677 and 2262. A receipt
// that expires is forgotten when a receipt written after that instant is applied, a few at a time.
package memory

import (
	"context"
	"fmt"
	"sync"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
)

// Store is an [itsm.Store] in memory. Make it with [New].
type Store struct {
	// mu guards everything below. It is taken after a table's index lock, where both are needed.
	mu     sync.RWMutex
	kinds  map[string]*kind
	tables map[tableKey]*table
	last   *entry // the writer's latest
	// found are the entries of the set that is applied, nil for new records.
	found  []*entry
	feed   feed
	timers timers
	keyed  tree[keyedRow]

	receipts      map[itsm.ActorKey]map[receiptName]*receipt
	expiring      tree[expiry]
	subscriptions map[string]*subscription

	views   views
	retired retired

	numbersMu sync.Mutex
	numbers   map[series]int64
}

var (
	_ itsm.Store   = (*Store)(nil)
	_ itsm.Batcher = (*Store)(nil)
)

// New makes an empty store.
func New() *Store {
	return &Store{
		kinds:         map[string]*kind{},
		tables:        map[tableKey]*table{},
		receipts:      map[itsm.ActorKey]map[receiptName]*receipt{},
		subscriptions: map[string]*subscription{},
		numbers:       map[series]int64{},
		views:         views{current: &view{}},
	}
}

// kind is what was prepared for a kind of record: who answers for each column.
type kind struct {
	columns map[string]column
}

type column struct {
	codec   itsm.Codec
	kind    field.Kind
	indexed bool
}

// value answers a column of a record, none where the kind has no such column.
func (k *kind) value(r itsm.Record, name string) field.Value {
	if c, ok := k.columns[name]; ok {
		return c.codec.Value(r, name)
	}
	return field.Value{}
}

// Prepare implements [itsm.Store]. Where two kernels know different columns of a kind, queries may name those of both.
func (s *Store) Prepare(ctx context.Context, codecs []itsm.Codec) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	for i, c := range codecs {
		if c == nil || c.Kind() == "" {
			return itsm.Invalid("kinds", fmt.Sprintf("codec %d names no kind", i))
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range codecs {
		next := &kind{columns: map[string]column{}}
		if before := s.kinds[c.Kind()]; before != nil {
			for name, col := range before.columns {
				next.columns[name] = col
			}
		}
		for _, spec := range c.Columns() {
			// A list is found by what is in it, which an order of whole lists does not help.
			next.columns[spec.Name] = column{codec: c, kind: spec.Kind, indexed: spec.Indexed && spec.Kind != field.KindList}
		}
		s.kinds[c.Kind()] = next
	}
	return nil
}

type series struct{ tenant, name string }

// Number implements [itsm.Store]. There are no gaps but those that callers leave.
func (s *Store) Number(ctx context.Context, tenant, name string, above int64) (int64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if tenant == "" || name == "" {
		return 0, itsm.Invalid("series", "a series has a tenant and a name")
	}
	s.numbersMu.Lock()
	defer s.numbersMu.Unlock()
	key := series{tenant, name}
	s.numbers[key] = max(s.numbers[key], above) + 1
	return s.numbers[key], nil
}

// Feed implements [itsm.Store]. A position is the number of the event in the order of commits.
func (s *Store) Feed(ctx context.Context, dst []itsm.Delivery, after itsm.Position, limit int) ([]itsm.Delivery, error) {
	if err := ctx.Err(); err != nil {
		return dst, err
	}
	if after < 0 {
		return dst, itsm.Invalid("after", "a position is not negative")
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	for at := int64(after); at < s.feed.len && limit > 0; at++ {
		p := s.feed.at(at)
		if p.event < p.entry.purged {
			continue
		}
		dst = append(dst, itsm.Delivery{Position: itsm.Position(at + 1), Event: p.entry.events[p.event-p.entry.purged]})
		limit--
	}
	return dst, nil
}

// feed lists all events in the order of commits. It names an event by its place in its record, so that a redaction
// has one place to change, and grows by whole chunks, so that no commit copies it.
type feed struct {
	chunks []*[feedChunk]place
	len    int64
}

const feedChunk = 1024

type place struct {
	entry *entry
	event int // counts those that were purged
}

func (f *feed) at(i int64) place { return f.chunks[i/feedChunk][i%feedChunk] }

func (f *feed) add(p place) {
	if f.len%feedChunk == 0 {
		f.chunks = append(f.chunks, new([feedChunk]place))
	}
	f.chunks[f.len/feedChunk][f.len%feedChunk] = p
	f.len++
}
