package itsm

import (
	"context"
	"time"

	"github.com/itsmkit/itsmkit/field"
)

// Store keeps records, events, rows, timers, receipts and positions. The core below is the same for all kinds; package
// itsmtest/storetest judges every implementation by one suite.
//
// Every method may be called by many goroutines. A method that is given a cancelled context returns its error and has
// changed nothing, or has done all. Tenants never mix: a tenant is part of every key. Identifiers are compared byte by
// byte, so that case counts; instants keep their nanoseconds.
//
// Stores hold typed values. A Record, Event or Row that was handed to [Store.Apply] is never changed afterwards by
// anybody, and one that a store hands out must not be changed by who gets it, so a store in memory may pass pointers.
// A store that needs bytes encodes with the kind's [Codec].
type Store interface {
	// Prepare is called once by [Kernel.Open], before any other call, with the codec of each kind. A store may make tables
	// and indexes for their columns. A later Prepare, by another kernel on the same store, adds to it.
	Prepare(ctx context.Context, kinds []Codec) error

	// Snapshot opens a view of one instant of the store: what is applied later is not seen through it. It costs little
	// and must be closed.
	Snapshot(ctx context.Context) (Snapshot, error)

	// Apply writes a set: all of it or nothing. It answers
	//   - ErrExists where a record that must be new is there and has no owner,
	//   - ErrConflict where another record, or a record that was only read or is to be purged, has not the version that
	//     the set expects,
	//   - ErrTimerGone where the set's Fired timer is not there with that generation,
	//   - ErrConflict where the set's Receipt is there already and does not expire at or before the new one's At, or a
	//     subscriber's row has not the revision one below the new one's.
	// The set's slices belong to the caller again when Apply returns.
	Apply(ctx context.Context, set *WriteSet) error

	// Number answers the next number of a series in a tenant that is greater than above: ascending from 1, never twice.
	// Gaps are allowed.
	Number(ctx context.Context, tenant, series string, above int64) (int64, error)

	// Claim takes up to limit timers due at or before now that nobody has claimed until later than now, in the order of
	// (due, key), and claims them until the given instant. Claims keep nodes out of each other's way, no more: that a
	// timer fires once is up to Apply. Its cost depends on what is due, not on what is pending.
	Claim(ctx context.Context, now, until time.Time, limit int) ([]Timer, error)

	// NextDue answers the earliest instant at which Claim would find something, and false where no timer is pending.
	NextDue(ctx context.Context) (time.Time, bool, error)

	// Feed appends up to limit events after a position to dst, over all tenants. No committed event is ever left out but
	// those of purged records, and the events of a record come in the order of their versions. The zero position is the
	// beginning.
	Feed(ctx context.Context, dst []Delivery, after Position, limit int) ([]Delivery, error)
}

// Getter is what a store may also be: it reads what is committed, as it stands, without a snapshot.
type Getter interface {
	// Get answers a record, or ErrNotFound.
	Get(ctx context.Context, key Key) (Record, error)
	// Fetch appends the records of keys that are there to dst, in any order, each as Get would answer it, as often as its
	// key is named. The runner reads the records of many timers so.
	Fetch(ctx context.Context, dst []Record, keys []Key) ([]Record, error)
	// Owned appends the records of a kind that a record owns to dst, in order of id, all as of one instant.
	Owned(ctx context.Context, dst []Record, owner Key, kind string) ([]Record, error)
	// Find answers what [Snapshot.Query] of a snapshot of now would.
	Find(ctx context.Context, dst []Record, q *StoreQuery) ([]Record, error)
}

// Batcher is what a store may also be: it commits many sets at once. The runner then fires a batch of timers in one commit.
type Batcher interface {
	// ApplyAll applies each set as Apply would, one after the other, and answers an error for each: nil where it was
	// applied. A set that is refused leaves the others. What was applied is committed together; where the commit fails, all
	// answer that, and nothing was changed.
	ApplyAll(ctx context.Context, sets []*WriteSet) []error
}

// Notifier is what a store may also be: it tells that others wrote, so that a runner need not look.
type Notifier interface {
	// Listen answers a channel that gets a value soon after another process, or a transaction of the host's, committed
	// something, until ctx ends. Values may be missed, and come without a cause: they are hints.
	Listen(ctx context.Context) (<-chan struct{}, error)
}

// ColumnCounter is what a store's snapshots may also be: they count by the values of a column without handing records
// out. It must answer what counting the records of [Snapshot.Query] would.
type ColumnCounter interface {
	// CountBy answers for each value of a column how many of the records that match have it, in the order of
	// [field.Compare], a whole number before another one that amounts to the same. All empty values are one, the zero
	// Value. The query's sort, mark and limit do not matter. The column is one of the kind's, and holds no lists. Where
	// there are more values than limit, it answers as many buckets, whichever.
	CountBy(ctx context.Context, q *StoreQuery, column string, limit int) ([]Bucket, error)
}

// Codec is what a store needs to know of a kind. The kernel makes it.
type Codec interface {
	// Kind is the kind's name.
	Kind() string
	// Columns lists what queries may name, the indexed ones marked. "id", "version", "created_at" and "updated_at" are
	// among them; custom fields are "custom.name".
	Columns() []ColumnSpec
	// Value answers a column of a record; none for a column that the kind does not have.
	Value(r Record, column string) field.Value
	// Encode and Decode turn a record into bytes and back, without loss.
	Encode(r Record) ([]byte, error)
	Decode(data []byte) (Record, error)
}

// ColumnSpec declares a column of a kind.
type ColumnSpec struct {
	Name    string
	Kind    field.Kind
	Indexed bool
	// Personal marks what is data of a person, and Person what is the person's own name.
	Personal, Person bool
}

// Snapshot is a view of a store at one instant. It is used by one goroutine at a time.
type Snapshot interface {
	// Get answers a record, or ErrNotFound.
	Get(ctx context.Context, key Key) (Record, error)
	// Query appends the records that match to dst, in order. Sort has the semantics of [field.Compare] on the columns,
	// reversed where Descending, and at last the id byte by byte, reversed where the last Sort is Descending.
	Query(ctx context.Context, dst []Record, q *StoreQuery) ([]Record, error)
	// Count answers how many records match; sort, mark and limit do not matter.
	Count(ctx context.Context, q *StoreQuery) (int64, error)
	// Owned appends the records of a kind that a record owns to dst, in order of id byte by byte. Its cost depends on what
	// the record owns, not on how many records there are.
	Owned(ctx context.Context, dst []Record, owner Key, kind string) ([]Record, error)
	// Events appends up to limit events of a record with a version above after, in order. Limit 0 means all.
	Events(ctx context.Context, dst []*Event, key Key, after int64, limit int) ([]*Event, error)
	// Rows appends up to limit rows of a record with an id above after, in order of id. An empty kind means every kind. Limit 0 means all.
	Rows(ctx context.Context, dst []Row, key Key, kind RowKind, after int64, limit int) ([]Row, error)
	// FindRows appends up to limit rows of a tenant that have that kind and that non-empty Key, in order of record
	// key and id.
	FindRows(ctx context.Context, dst []Row, tenant string, kind RowKind, key string, limit int) ([]Row, error)
	// Timers appends the pending timers of a record in order of name.
	Timers(ctx context.Context, dst []Timer, key Key) ([]Timer, error)
	// Receipt answers what an idempotency key did before; nil where it was not used.
	Receipt(ctx context.Context, key ReceiptKey) (*Receipt, error)
	// Subscription answers a subscriber's position and its parked events; the zero value for an unknown name.
	Subscription(ctx context.Context, name string) (Subscription, error)
	// Close ends the view. It is called once.
	Close()
}

// StoreQuery is a query as a store sees it: complete, checked, and with the actor's scope in the filter.
type StoreQuery struct {
	Tenant string
	Kind   string
	Filter *Filter
	Sort   []Sort
	// After is the last record of the page before; nil for the first page.
	After *Mark
	Limit int
}

// Mark is a place in a sorted list: a record's values of the sorted columns, and its id.
type Mark struct {
	Values []field.Value
	ID     string
}

// WriteSet is what one command changes. The zero value of each part changes nothing.
type WriteSet struct {
	Records []RecordWrite
	// Reads names the versions of records that were only read; 0 expects that there is none.
	Reads []VersionCheck
	// Timers are set or cancelled after Fired was taken away.
	Timers []TimerWrite
	// Fired is the timer that made this set; it must be there with this generation and is deleted.
	Fired *Timer
	// Receipt is written with the set.
	Receipt *Receipt
	// Subscription replaces a subscriber's row. It must have the revision that is one below; the first revision is 1.
	Subscription *Subscription
	// Redactions take personal values out of stored events and rows.
	Redactions []Redaction
	// Forget deletes the receipts of a tenant's actor.
	Forget *ActorKey
	// Purges delete records wholly, after all else that the set does: the record, its events, also from the feed, its
	// rows and timers, and the records that it owns. Expect is the version that the record must have, never 0. A purged
	// record is none that Records write or name as Owner, and has no owner itself: what is owned goes with its owner.
	//
	// Afterwards all reads are as if the record had never been, but for the views that were open before, which see it as
	// it was; a key that is written again begins with nothing. Everything else stays, whatever it says of the record:
	// rows and columns of other records, receipts, parked events, the series of its number. The positions of its events in
	// the feed are not used again, and who has not read them by then never will.
	Purges []VersionCheck
}

// RecordWrite puts a record in place of version Expect; 0 expects that there is none.
type RecordWrite struct {
	Record Record
	Expect int64
	// Before is the record at version Expect, nil where it is new or not at hand. A store may compare the two to write less;
	// it need not.
	Before Record
	// Owner is set for a row of a projection: the record that it is computed from, of the same tenant, once and for all.
	// Such a record is found by [Snapshot.Owned] beside all that finds others. It has no Event, Earlier, Rows or Removed. Its
	// version is the owner's new one, and Expect the one that it had, 0 where it is new: they need not be neighbours. The
	// owner's own write is in the same set, before it.
	Owner Key
	// Event has the record's new version.
	Event *Event
	// Earlier are events to be written before Event, in the order of their versions: a record that is restored brings its
	// whole history at once. Empty for all else.
	Earlier []*Event
	// Rows are added; the rows with the ids in Removed are deleted.
	Rows    []Row
	Removed []int64
}

// VersionCheck expects a record to have a version.
type VersionCheck struct {
	Key    Key
	Expect int64
}

// Timer fires a trigger on a record at an instant. A record has one timer of a name.
type Timer struct {
	Key  Key
	Name string
	// Generation is the record's version that set the timer: moving a timer raises it, so that a stale claim fires
	// into nothing.
	Generation int64
	Due        time.Time
	// Trigger is what fires, and Input what it brings, as JSON; empty for the zero value.
	Trigger string
	Input   string
}

// TimerWrite sets a timer, or cancels the one of that key and name.
type TimerWrite struct {
	Timer  Timer
	Cancel bool
}

// ReceiptKey is an idempotency key.
type ReceiptKey struct {
	Tenant, Actor, Command, Key string
}

// ActorKey names an actor in a tenant.
type ActorKey struct{ Tenant, Actor string }

// Receipt remembers what a command with an idempotency key did.
type Receipt struct {
	ReceiptKey
	// Input is the digest of the command's input.
	Input Digest
	// Ref and Version are the result.
	Ref     Ref
	Version int64
	At      time.Time
	// Expires is when a store may forget it; zero means never.
	Expires time.Time
}

// Position is a place in the feed. Positions of one store can be compared; zero is the beginning.
type Position int64

// Delivery is an event with its place in the feed.
type Delivery struct {
	Position Position
	Event    *Event
}

// Subscription is how far a subscriber came, and what it could not do.
type Subscription struct {
	Name string
	// Revision counts the writes of this row.
	Revision int64
	Position Position
	// Tries and RetryAt tell of the event after Position: how often it failed, and when it is tried again.
	Tries   int
	RetryAt time.Time
	// ClaimedUntil keeps other nodes away while one hands events over.
	ClaimedUntil time.Time
	Parked       []Parked
}

// Parked is an event that a subscriber gave up, with its last error.
type Parked struct {
	Position Position
	Key      Key
	Version  int64
	Tries    int
	Error    string
	At       time.Time
}

// Redaction drops salt and value of sealed values whose subject is the person, from the event of that version and
// from the rows with those ids. A row whose value is dropped keeps its digest.
type Redaction struct {
	Key     Key
	Version int64
	Fields  []string
	RowIDs  []int64
}
