package itsm

import (
	"context"
	"fmt"
	mathrand "math/rand/v2"
	"slices"
	"strconv"
	"time"

	"github.com/itsmkit/itsmkit/lifecycle"
)

// maxDepth bounds how far hooks may answer hooks.
const maxDepth = 8

// maxRows bounds the rows of one event: their ids are made of its version and a count.
const maxRows = 1 << 16

// maxSpare bounds what a transaction keeps for the next one.
const maxSpare = 2048

// tx is one command under way: a snapshot, what it touched, and what it will write. It is pooled.
type tx struct {
	k     *Kernel
	ctx   context.Context
	store Store // the kernel's, or the host's transaction on it
	actor *Actor
	call  call
	snap  Snapshot
	// instant is fixed per command, not per try; clocked is the clock's, which differs for historic commands. Both are
	// zero until somebody asks.
	instant, clocked time.Time
	historic, dry    bool
	joined           bool           // the store is a transaction of the host's
	fetched          map[Key]Record // what was read before it began, as it stood
	held             bool           // the write set is kept for who applies many
	ranged           bool           // it looked for records by what they are, which no version guards
	cause            string
	fired            *Timer
	numbers          []string // taken once per command, not per try
	created          int

	touched   []*touch
	index     map[Key]*touch
	spare     []*touch
	undos     []undo
	marks     []int // how many saves there had been when each Try that runs now began
	saves     int
	later     []later // in the order in which they are done
	working   *later  // which is done now
	begun     map[laterKey]struct{}
	hops      int   // how often the propagation that is done now was cut before
	failed    error // of an act in the transaction that nobody undid
	taken     bool  // the store said that a number is
	ensured   bool  // one of the numbers is a name that somebody else may have taken since
	judged    bool  // the store was given the set
	loose     int   // how often records were read past a snapshot
	overtaken bool  // rows of a projection are newer than their record was when it was read
	twin      bool  // the command was tried again because its key may have taken its number
	deputy    Actor
	hand      Unit     // of the hooks that project
	merged    []Record // the rows of a record, those over them that were put

	attempts [maxDepth + 2]attempt
	deepest  int
	triggers []lifecycle.Trigger
	salts    *mathrand.ChaCha8
	pen
	set WriteSet
}

// touch is a record that the transaction read or wrote.
type touch struct {
	kind   *kind
	key    Key
	before Record // nil where it is new
	after  Record // nil until it is written

	begun  bool
	purged bool
	saved  int // which save kept it last
	actor  Actor
	cause  string
	acts   []lifecycle.Trigger
	// events are the names of what happened, the first of which names the event
	events []string

	facts   []fact
	people  []string
	rows    []Row
	removed []int64
	timers  []TimerWrite
	owned   []storedRows // one for each projection that was asked for
	puts    []put
}

type fact struct {
	name string
	json []byte
}

// The facts that Verify trusts.
const (
	factErased  = "erased"
	factRemoved = "removed_row"
)

// factSuppressed names timers that had passed before they were set.
const factSuppressed = "suppressed"

// undo restores a touch to where it was when a Try began. The record keeps its place, because the handler that tries
// may hold it.
type undo struct {
	t     *touch
	state touch
	after Record // a copy of what state.after pointed to
}

func (t *touch) current() Record {
	if t.after != nil {
		return t.after
	}
	return t.before
}

func (t *touch) version() int64 {
	if t.before == nil {
		return 0
	}
	return t.before.Header().Version
}

// happened copies what was done to the record so far, for a hook that may keep it.
func (t *touch) happened() ([]lifecycle.Trigger, []string) {
	return slices.Clone(t.acts), slices.Clone(t.events)
}

// event names what happened first, empty where nothing did.
func (t *touch) event() string {
	if len(t.events) == 0 {
		return ""
	}
	return t.events[0]
}

// begin prepares the record for a change by the unit.
func (t *touch) begin(u *Unit) { u.tx.open(t, u.actor, nil) }

func (t *touch) timer(timer Timer, cancel bool) {
	t.timers = append(t.timers, TimerWrite{Timer: timer, Cancel: cancel})
}

// addRow numbers, seals and keeps a row.
func (t *touch) addRow(x *tx, r Row, subject string, value []byte) int64 {
	r.Record = t.key
	r.Version = t.version() + 1
	r.ID = r.Version*maxRows + int64(len(t.rows))
	r.At = x.eventTime(t)
	r.Sealed = Sealed{Field: string(r.Kind), Subject: subject, Salt: x.salt(make([]byte, 0, saltSize)), Value: value}
	r.Sealed.Digest, x.scratch = sealDigest(x.scratch, &r.Sealed)
	t.rows = append(t.rows, r)
	return r.ID
}

// open makes the record writable and names who wrote its event: the first who touched it.
func (x *tx) open(t *touch, actor *Actor, from *touch) {
	if len(x.marks) > 0 {
		x.save(t)
	}
	if t.after == nil {
		t.after = t.kind.clone(t.before)
	}
	if !t.begun {
		t.begun = true
		t.actor = *actor
		t.cause = x.cause
		if from != nil && from != t {
			t.cause = from.key.Ref().String() + "@" + strconv.FormatInt(from.version()+1, 10)
		}
	}
}

// eventTime is when the record's event happens: the later of now and its last event.
func (x *tx) eventTime(t *touch) time.Time {
	now := x.now()
	if t.before != nil {
		if last := t.before.Header().UpdatedAt; last.After(now) {
			return last
		}
	}
	return now
}

// reach finds a record in the transaction or in the store.
func (x *tx) reach(key Key) (*touch, error) {
	if t := x.find(key); t != nil {
		return t, nil
	}
	kd, err := x.k.livingKind(key.Kind)
	if err != nil {
		return nil, err
	}
	rec, err := x.stored(key)
	if err != nil {
		return nil, err
	}
	t := x.newTouch(kd, key)
	t.before = rec
	return t, nil
}

// stored reads a record: from the snapshot where one is open, else as it stands. What a transaction read is checked by
// version when it commits, so it needs no snapshot for records alone.
func (x *tx) stored(key Key) (Record, error) {
	if rec, ok := x.fetched[key]; ok && x.snap == nil {
		x.loose++
		return rec, nil
	}
	if getter, ok := x.store.(Getter); ok && x.snap == nil {
		x.loose++
		return getter.Get(x.ctx, key)
	}
	snap, err := x.snapshot()
	if err != nil {
		return nil, err
	}
	return snap.Get(x.ctx, key)
}

// snapshot opens the snapshot of this try when it is first asked for.
func (x *tx) snapshot() (Snapshot, error) {
	if x.snap == nil {
		snap, err := x.store.Snapshot(x.ctx)
		if err != nil {
			return nil, err
		}
		x.snap = snap
	}
	return x.snap, nil
}

func (x *tx) closeSnapshot() {
	if x.snap != nil {
		x.snap.Close()
		x.snap = nil
	}
}

// find looks among what the transaction touched: a few in a row, many by a map.
func (x *tx) find(key Key) *touch {
	if len(x.touched) <= 8 {
		for _, t := range x.touched {
			if t.key == key {
				return t
			}
		}
		return nil
	}
	if x.index == nil {
		x.index = make(map[Key]*touch, 2*len(x.touched))
	}
	for _, t := range x.touched[len(x.index):] {
		x.index[t.key] = t
	}
	return x.index[key]
}

func (x *tx) newTouch(kd *kind, key Key) *touch {
	var t *touch
	if n := len(x.spare); n > 0 {
		t, x.spare = x.spare[n-1], x.spare[:n-1]
	} else {
		t = new(touch)
	}
	t.kind, t.key = kd, key
	x.touched = append(x.touched, t)
	return t
}

// deputyOf is the system on behalf of an actor.
func (x *tx) deputyOf(a *Actor) *Actor {
	if a.Kind == System {
		return a
	}
	behalf := a.ID
	if a.Kind != Person {
		behalf = a.OnBehalfOf
	}
	x.deputy = Actor{ID: SystemID, Tenant: a.Tenant, Kind: System, OnBehalfOf: behalf}
	return &x.deputy
}

// note keeps the first error of an act: the transaction changes nothing then.
func (x *tx) note(err error) error {
	if err != nil && x.failed == nil {
		x.failed = err
	}
	return err
}

// mark begins a Try; what it changes can be undone.
func (x *tx) mark() int {
	x.marks = append(x.marks, x.saves)
	return len(x.undos)
}

func (x *tx) unmark() { x.marks = x.marks[:len(x.marks)-1] }

// settle lets go of what nothing will undo any more.
func (x *tx) settle() {
	if len(x.marks) == 0 {
		clear(x.undos)
		x.undos = x.undos[:0]
	}
}

// save keeps what a touch is, once in each Try.
func (x *tx) save(t *touch) {
	if t.saved > x.marks[len(x.marks)-1] {
		return
	}
	u := undo{t: t, state: *t}
	if t.after != nil {
		u.after = t.kind.clone(t.after)
	}
	x.undos = append(x.undos, u)
	x.saves++
	t.saved = x.saves
}

func (x *tx) undoTo(mark int) {
	for i := len(x.undos) - 1; i >= mark; i-- {
		u := &x.undos[i]
		*u.t = u.state
		if u.after != nil {
			u.t.kind.restore(u.t.after, u.after)
		}
	}
	x.undos = x.undos[:mark]
}

// later is work that waits until the acts before it have ended.
type later struct {
	laterKey
	do func(u *Unit) error
}

// laterKey tells work apart: root is the place of the first work that led to it.
type laterKey struct {
	t    *touch
	key  string
	root int
}

// maxLater bounds how much work may make work in one transaction.
const maxLater = 1 << 16

// catchUp does what was left for later, and what that leaves.
func (x *tx) catchUp() error {
	defer func() { x.working = nil }()
	for i := 0; i < len(x.later); i++ {
		if i == maxLater {
			return ErrDepth.with("record", x.later[i].t.key.Ref().String(), "")
		}
		l := x.later[i]
		x.working = &l
		if err := l.do(&Unit{tx: x, touch: l.t, actor: x.deputyOf(x.actor)}); err != nil {
			return err
		}
	}
	return nil
}

// conclude does what was left for later, and runs the hooks that see a record's whole change.
func (x *tx) conclude() error {
	if err := x.catchUp(); err != nil {
		return err
	}
	for i := 0; i < len(x.touched); i++ {
		t := x.touched[i]
		if !t.begun {
			continue
		}
		for j := range t.kind.hooks {
			hook := &t.kind.hooks[j]
			if hook.BeforeCommit == nil || !hook.concerns(t.before, t.after) {
				continue
			}
			u := Unit{tx: x, touch: t, actor: x.deputyOf(x.actor), depth: maxDepth}
			c := Change{Event: t.event(), Actor: t.actor, After: t.kind.clone(t.after)}
			c.Acts, c.events = t.happened()
			if t.before != nil {
				c.Before = t.kind.clone(t.before)
			}
			if len(t.acts) > 0 {
				c.Trigger = t.acts[0]
			}
			if err := hook.BeforeCommit(&u, c); err != nil {
				return hook.failed(err)
			}
		}
	}
	return x.projectAll()
}

// reset forgets a try, so that the next begins anew.
func (x *tx) reset() {
	for _, t := range x.touched {
		clear(t.rows) // they hold personal values
		t.forgetOwned()
		*t = touch{
			acts: t.acts[:0], events: t.events[:0], facts: t.facts[:0], people: t.people[:0], rows: t.rows[:0], timers: t.timers[:0], removed: t.removed[:0],
			owned: t.owned[:0], puts: t.puts[:0],
		}
		if len(x.spare) < maxSpare {
			x.spare = append(x.spare, t)
		}
	}
	clear(x.touched)
	x.touched, x.index = x.touched[:0], nil
	clear(x.undos)
	clear(x.later)
	clear(x.begun)
	x.later, x.hops = x.later[:0], 0
	x.marks, x.saves = x.marks[:0], 0
	x.undos, x.created, x.failed = x.undos[:0], 0, nil
	clear(x.merged)
	x.taken, x.ensured, x.judged, x.overtaken, x.ranged, x.loose = false, false, false, false, false, 0
}

// end closes the snapshot and gives the transaction back.
func (x *tx) end() {
	x.closeSnapshot()
	x.reset()
	clear(x.attempts[:x.deepest+1])
	x.deepest, x.hand = 0, Unit{}
	x.set.empty()
	x.store, x.joined, x.fetched = nil, false, nil
	x.ctx, x.actor, x.fired, x.cause, x.numbers = nil, nil, nil, "", x.numbers[:0]
	x.call, x.historic, x.dry, x.twin, x.held = call{}, false, false, false, false
	x.instant, x.clocked = time.Time{}, time.Time{}
	x.k.pool.Put(x)
}

// begin takes a transaction for an actor at an instant.
func (k *Kernel) begin(ctx context.Context, actor *Actor) (*tx, error) {
	pooled := k.pool.Get()
	x, ok := pooled.(*tx)
	if !ok {
		err, _ := pooled.(error)
		return nil, fmt.Errorf("no salts: %w", err)
	}
	var err error
	if x.store, err = k.storeFor(ctx); err != nil {
		x.store = nil
		k.pool.Put(x)
		return nil, err
	}
	x.joined = x.store != k.store
	x.ctx, x.actor = ctx, actor
	return x, nil
}

// clockNow is the clock's time when it was first asked for.
func (x *tx) clockNow() time.Time {
	if x.clocked.IsZero() {
		x.clocked = x.k.clock.Now().UTC()
	}
	return x.clocked
}

// now is the instant of the command.
func (x *tx) now() time.Time {
	if x.instant.IsZero() {
		x.instant = x.clockNow()
	}
	return x.instant
}
