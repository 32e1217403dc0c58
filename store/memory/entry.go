package memory

import (
	"slices"
	"strings"
	"sync/atomic"

	"github.com/itsmkit/itsmkit/itsm"
)

// tableKey names the records of one kind in one tenant.
type tableKey struct{ tenant, kind string }

// table holds the records of one kind in one tenant.
type table struct {
	tableKey
	entries map[string]*entry
	// dirty lists the entries whose record the indexes do not know yet, each once.
	dirty []*entry
	indexes
}

// entry is one record with all that hangs on it.
type entry struct {
	state
	table *table
	id    string
	// owned lists the records that this one owns. It only grows, and snapshots see of each what they see of any record.
	owned owned
	// purged is how many events were purged. The feed counts them, so that it never takes a later one for one of them.
	purged int
	dirty  bool
	// place is one more than the entry's ordinal, 0 while the table's indexes do not know it. Their lock guards it.
	place uint32
}

// state is an entry as of a commit. Its slices are only appended to while an older state may share them; what changes
// otherwise is a new slice.
type state struct {
	commit int64
	// record is nil where the entry has only timers, or was purged.
	record itsm.Record
	events []*itsm.Event
	rows   rows
	timers []timer // in order of name
	// before is the state that open snapshots may still see.
	before *state
}

func (e *entry) key() itsm.Key {
	return itsm.Key{Tenant: e.table.tenant, Kind: e.table.kind, ID: e.id}
}

// compareEntries orders by key. nil is before every entry, and one without a table after.
func compareEntries(a, b *entry) int {
	switch {
	case a == b:
		return 0
	case a == nil || b != nil && b.table == nil:
		return -1
	case b == nil || a.table == nil:
		return 1
	case a.table == b.table:
		return strings.Compare(a.id, b.id)
	}
	if c := strings.Compare(a.table.tenant, b.table.tenant); c != 0 {
		return c
	}
	if c := strings.Compare(a.table.kind, b.table.kind); c != 0 {
		return c
	}
	return strings.Compare(a.id, b.id)
}

// version answers the record's version, 0 where there is no record.
func (st *state) version() int64 {
	if st == nil || st.record == nil {
		return 0
	}
	return st.record.Header().Version
}

// at answers the state that a snapshot of a commit sees, nil where there was none.
func (e *entry) at(commit int64) *state {
	for st := &e.state; st != nil; st = st.before {
		if st.commit <= commit {
			return st
		}
	}
	return nil
}

// eventAfter answers the place of the first event with a version above one.
func eventAfter(events []*itsm.Event, version int64) int {
	i, _ := slices.BinarySearchFunc(events, version, func(e *itsm.Event, version int64) int {
		if e.Version <= version {
			return -1
		}
		return 1
	})
	return i
}

// begin makes the entry's state the one of this commit, and keeps the one before where an open snapshot sees it.
func (s *Store) begin(e *entry) {
	if e.commit == s.views.next {
		return
	}
	if e.commit != 0 && e.commit <= s.views.newest {
		kept := e.state
		e.before = &kept
		s.retired.add(s.views.next, e)
	}
	e.commit = s.views.next
}

// release lets go of the states that no snapshot from a commit on sees.
func (e *entry) release(_ *Store, oldest int64) {
	if st := e.at(oldest); st != nil {
		st.before = nil
	}
	if e.before == nil && e.record == nil {
		e.owned = owned{}
	}
}

// view is a commit that snapshots look at.
type view struct {
	commit int64
	open   atomic.Int64 // snapshots; it grows only under the store's lock, and shrinks at any time
}

// views knows what open snapshots see. Snapshots of the same commit share a view.
type views struct {
	current *view
	held    []*view // older ones, in order; those at both ends had snapshots when last looked at

	// While a set is applied: its commit, and the newest and oldest commit that an open snapshot sees. Without any,
	// newest is -1 and oldest is the commit before this one.
	next, newest, oldest int64
}

// begin looks at what is open before a commit.
func (v *views) begin() {
	closed := 0
	for closed < len(v.held) && v.held[closed].open.Load() == 0 {
		closed++
	}
	if closed > 0 {
		v.held = slices.Delete(v.held, 0, closed)
	}
	for n := len(v.held); n > 0 && v.held[n-1].open.Load() == 0; n-- {
		v.held = slices.Delete(v.held, n-1, n)
	}
	v.next, v.newest, v.oldest = v.current.commit+1, -1, v.current.commit
	if len(v.held) > 0 {
		v.oldest, v.newest = v.held[0].commit, v.held[len(v.held)-1].commit
	}
	if v.current.open.Load() > 0 {
		v.newest = v.current.commit
	}
}

// end makes the commit the one that new snapshots see.
func (v *views) end() {
	if v.newest < v.current.commit { // nobody looks at it
		v.current.commit = v.next
		return
	}
	v.held = append(v.held, v.current)
	v.current = &view{commit: v.next}
}

// retired lists what commits replaced while a snapshot could see it, in the order of commits.
type retired struct {
	list  []retirement
	first int
}

type retirement struct {
	commit int64
	what   releaser
}

// releaser lets go of what no snapshot from a commit on sees.
type releaser interface {
	release(s *Store, oldest int64)
}

func (r *retired) add(commit int64, what releaser) {
	r.list = append(r.list, retirement{commit, what})
}

// since answers what was replaced after a commit.
func (r *retired) since(commit int64) []retirement {
	live := r.list[r.first:]
	i, _ := slices.BinarySearchFunc(live, commit, func(it retirement, commit int64) int {
		if it.commit <= commit {
			return -1
		}
		return 1
	})
	return live[i:]
}

// releaseAtLeast is how many retirements a commit works off beside twice what it may add.
const releaseAtLeast = 64

// collect works off retirements that no snapshot needs, not many at a time.
func (s *Store) collect(most int) {
	r := &s.retired
	for ; most > 0 && r.first < len(r.list) && r.list[r.first].commit <= s.views.oldest; most-- {
		r.list[r.first].what.release(s, s.views.oldest)
		r.list[r.first] = retirement{}
		r.first++
	}
	switch {
	case r.first == len(r.list) && cap(r.list) > 1024:
		*r = retired{}
	case r.first >= len(r.list)/2:
		r.list = slices.Delete(r.list, 0, r.first)
		r.first = 0
	}
}
