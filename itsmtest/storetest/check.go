package storetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/itsmkit/itsmkit/itsm"
)

// same checks that two things read alike, to the last byte and nanosecond.
func (t *trial) same(got, want any, promise string, args ...any) {
	t.Helper()
	if g, w := text(got), text(want); g != w {
		g, w = around(g, w)
		t.Errorf("%s:\n got %s\nwant %s", fmt.Sprintf(promise, args...), g, w)
	}
}

// ok checks that a call that nothing speaks against answers no error, and ends the trial otherwise.
func (t *trial) ok(err error, call string, args ...any) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: unexpected error %v", fmt.Sprintf(call, args...), err)
	}
}

// fails checks that an error is the promised one.
func (t *trial) fails(err, want error, call string, args ...any) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: got error %v, want %v", fmt.Sprintf(call, args...), err, want)
	}
}

// unchanged checks that the store reads as it did before.
func (t *trial) unchanged(before, since string) {
	t.Helper()
	t.same(t.dump(), before, "%s, and yet something changed", since)
}

// get reads one record as it is now, also without a snapshot where the store can.
func (t *trial) get(k itsm.Key) (j *job) {
	t.Helper()
	if g := t.getter(); g != nil {
		r, err := g.Get(t.Context(), k)
		t.ok(err, "Getter.Get %s", quoted(k))
		defer func() { t.same(r, j, "Getter.Get %s, beside Get of a view", quoted(k)) }()
	}
	t.view(func(v itsm.Snapshot) {
		r, err := v.Get(t.Context(), k)
		t.ok(err, "Get %q", k)
		var is bool
		if j, is = r.(*job); !is {
			t.Fatalf("Get %q: got a %T, want what was written or what the codec decoded", k, r)
		}
	})
	return j
}

// probes are the receipts that a dump looks for; records, rows and timers it finds by itself.
func probes() (keys []itsm.ReceiptKey) {
	for _, tenant := range []string{acme, umbrella} {
		for _, actor := range []string{"alice", "bob"} {
			for _, key := range []string{"once", "twice"} {
				keys = append(keys, itsm.ReceiptKey{Tenant: tenant, Actor: actor, Command: jobs + ".report", Key: key})
			}
		}
	}
	return keys
}

// dump is everything that the store shows of the suite's tenants, as text.
func (t *trial) dump() (all string) {
	t.Helper()
	t.view(func(v itsm.Snapshot) { all = t.look(v) })
	due, pending, err := t.store.NextDue(t.Context())
	t.ok(err, "NextDue")
	fed := t.feed(0)
	return all + fmt.Sprintln("next due", instant(due), pending) + text(fed) + t.gotten(fed)
}

// gotten is what the store shows without a snapshot: of records with events, and of some that may not be there.
func (t *trial) gotten(fed []itsm.Delivery) string {
	t.Helper()
	g := t.getter()
	if g == nil {
		return ""
	}
	var keys []itsm.Key
	for n := range 8 {
		keys = append(keys, key(id(n)))
	}
	for _, d := range fed {
		keys = append(keys, d.Event.Key)
	}
	var b strings.Builder
	for _, k := range keys {
		r, err := g.Get(t.Context(), k)
		if err != nil && !errors.Is(err, itsm.ErrNotFound) {
			t.ok(err, "Getter.Get %s", quoted(k))
		}
		owned, err := g.Owned(t.Context(), nil, k, steps)
		t.ok(err, "Getter.Owned %s", quoted(k))
		fmt.Fprintln(&b, "gotten", text(r), text(owned))
	}
	return b.String()
}

// look is everything that a view shows, as text.
func (t *trial) look(v itsm.Snapshot) string {
	t.Helper()
	ctx := t.Context()
	var b strings.Builder
	for _, tenant := range []string{acme, umbrella} {
		for _, kind := range []string{jobs, chores, steps} {
			q := &itsm.StoreQuery{Tenant: tenant, Kind: kind, Limit: 1000, Sort: []itsm.Sort{{Column: "amount", Descending: true}}}
			found, err := v.Query(ctx, nil, q)
			t.ok(err, "Query")
			count, err := v.Count(ctx, q)
			t.ok(err, "Count")
			fmt.Fprintln(&b, tenant, kind, count)
			// Numbers 0 to 7 are probed as well: a refused creation must not leave parts of a record that is not there.
			keys := make([]itsm.Key, 0, len(found)+8)
			for n := range 8 {
				keys = append(keys, itsm.Key{Tenant: tenant, Kind: kind, ID: id(n)})
			}
			for _, r := range found {
				keys = append(keys, r.Header().Key())
			}
			for _, k := range keys {
				t.lookAt(v, &b, k)
			}
		}
		rows, err := v.FindRows(ctx, nil, tenant, itsm.Comments, "message", 1000)
		t.ok(err, "FindRows")
		fmt.Fprintln(&b, "found", text(rows))
	}
	for _, k := range probes() {
		r, err := v.Receipt(ctx, k)
		t.ok(err, "Receipt")
		fmt.Fprintln(&b, text(r))
	}
	for _, name := range []string{"mail", "search"} {
		s, err := v.Subscription(ctx, name)
		t.ok(err, "Subscription")
		fmt.Fprintln(&b, name, text(s))
	}
	return b.String()
}

func (t *trial) lookAt(v itsm.Snapshot, b *strings.Builder, k itsm.Key) {
	t.Helper()
	r, err := v.Get(t.Context(), k)
	if err != nil && !errors.Is(err, itsm.ErrNotFound) {
		t.ok(err, "Get")
	}
	events, err := v.Events(t.Context(), nil, k, 0, 0)
	t.ok(err, "Events")
	rows, err := v.Rows(t.Context(), nil, k, "", 0, 0)
	t.ok(err, "Rows")
	timers, err := v.Timers(t.Context(), nil, k)
	t.ok(err, "Timers")
	owned, err := v.Owned(t.Context(), nil, k, steps)
	t.ok(err, "Owned")
	if r != nil || len(events)+len(rows)+len(timers)+len(owned) > 0 {
		fmt.Fprintln(b, text(r), text(events), text(rows), text(timers), text(owned))
	}
}

// feed reads everything after a position, in small bites.
func (t *trial) feed(from itsm.Position) (all []itsm.Delivery) {
	t.Helper()
	for {
		n := len(all)
		var err error
		all, err = t.store.Feed(t.Context(), all, from, 50)
		t.ok(err, "Feed after %d", from)
		if len(all) <= n {
			return all
		}
		from = all[len(all)-1].Position
	}
}

// together runs a function many times at once and answers what each run answered.
func together(n int, run func(i int) error) []error {
	errs := make([]error, n)
	var all sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		all.Go(func() {
			<-start
			errs[i] = run(i)
		})
	}
	close(start)
	all.Wait()
	return errs
}

// tally counts how often runs ended without an error and with the one that the losers of a race get. Any other error
// fails the trial.
func (t *trial) tally(errs []error, loses error, call string) (won, lost int) {
	t.Helper()
	for _, err := range errs {
		switch {
		case err == nil:
			won++
		case errors.Is(err, loses):
			lost++
		default:
			t.Errorf("%s: got error %v, want none or %v", call, err, loses)
		}
	}
	return won, lost
}

// text writes a value so that two of them read alike exactly where a store must not tell them apart: nil and empty
// slices are one, everything else counts.
func text(x any) string {
	switch x := x.(type) {
	case nil:
		return "nothing"
	case itsm.Record:
		data, err := codec{kind: x.Header().Kind}.Encode(x)
		if err != nil {
			return err.Error()
		}
		return string(data)
	case []itsm.Record:
		return lines(x)
	case *itsm.Event:
		return eventText(x)
	case []*itsm.Event:
		return lines(x)
	case itsm.Row:
		return fmt.Sprintf("row %s #%d %q v%d at %s key %q facts %s sealed %s",
			quoted(x.Record), x.ID, x.Kind, x.Version, instant(x.At), x.Key, x.Facts, sealedText(&x.Sealed))
	case []itsm.Row:
		return lines(x)
	case itsm.Timer:
		return fmt.Sprintf("timer %s %q generation %d due %s trigger %q input %q", quoted(x.Key), x.Name, x.Generation, instant(x.Due), x.Trigger, x.Input)
	case []itsm.Timer:
		return lines(x)
	case *itsm.Receipt:
		if x == nil {
			return "no receipt"
		}
		return fmt.Sprintf("receipt %q input %s made %q %q v%d at %s until %s",
			x.ReceiptKey, x.Input, x.Ref.Kind, x.Ref.ID, x.Version, instant(x.At), instant(x.Expires))
	case itsm.Subscription:
		var parked strings.Builder
		for _, p := range x.Parked {
			fmt.Fprintf(&parked, "\n\tparked %d %s v%d tries %d error %q at %s", p.Position, quoted(p.Key), p.Version, p.Tries, p.Error, instant(p.At))
		}
		return fmt.Sprintf("subscription revision %d at %d tries %d again %s claimed until %s%s", x.Revision, x.Position, x.Tries, instant(x.RetryAt), instant(x.ClaimedUntil), parked.String())
	case itsm.Delivery:
		return fmt.Sprintf("%d: %s", x.Position, eventText(x.Event))
	case []itsm.Delivery:
		return lines(x)
	case string:
		return x
	}
	return fmt.Sprintf("%+v", x)
}

func lines[T any](xs []T) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d of them", len(xs))
	for _, x := range xs {
		b.WriteString("\n\t" + text(x))
	}
	return b.String()
}

func eventText(e *itsm.Event) string {
	if e == nil {
		return "no event"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "event %s v%d at %s kind %q also %q actor %q %q %s %q for %q cause %q facts %s", quoted(e.Key), e.Version, instant(e.At),
		e.Name, e.Also, e.Actor.ID, e.Actor.Tenant, e.Actor.Kind, e.Actor.Roles, e.Actor.OnBehalfOf, e.Cause, e.Facts)
	for i := range e.Sealed {
		b.WriteString(" sealed " + sealedText(&e.Sealed[i]))
	}
	for _, r := range e.Rows {
		fmt.Fprintf(&b, " row #%d %q %s", r.ID, r.Kind, r.Digest)
	}
	return b.String() + " digest " + e.Digest.String()
}

func sealedText(s *itsm.Sealed) string {
	return fmt.Sprintf("%q of %q erased %t salt %x value %s digest %s", s.Field, s.Subject, s.Erased(), s.Salt, s.Value, s.Digest)
}

// quoted keeps keys apart that [itsm.Key.String] would write alike.
func quoted(k itsm.Key) string { return fmt.Sprintf("(%q %q %q)", k.Tenant, k.Kind, k.ID) }

func instant(t time.Time) string { return t.Format(time.RFC3339Nano) }

func asJSON(x any) string {
	data, err := json.Marshal(x)
	if err != nil {
		return err.Error()
	}
	return string(data)
}

// around cuts two long texts to the surroundings of their first difference.
func around(a, b string) (string, string) {
	const room = 400
	first := sort.Search(min(len(a), len(b)), func(n int) bool { return a[:n+1] != b[:n+1] })
	cut := func(s string) string {
		from, to := max(0, first-room/2), min(len(s), first+room)
		out := s[from:to]
		if from > 0 {
			out = "… " + out
		}
		if to < len(s) {
			out += " …"
		}
		return out
	}
	return cut(a), cut(b)
}

// ids are the ids of records, in their order.
func ids(records []itsm.Record) []string {
	all := make([]string, len(records))
	for i, r := range records {
		all[i] = r.Header().ID
	}
	return all
}

// serial is a list of the numbers from, from+1 … to.
func serial(from, to int64) (all []int64) {
	for n := from; n <= to; n++ {
		all = append(all, n)
	}
	return all
}

// versions are those of events, in their order.
func versions(events []*itsm.Event) (all []int64) {
	for _, e := range events {
		all = append(all, e.Version)
	}
	return all
}
