package storetest

import "github.com/itsmkit/itsmkit/itsm"

// receipts: what an idempotency key did.
var receipts = []promise{
	{"none for a key that was not used", func(t *trial) {
		t.same(t.receipt(newJob(key(id(1))).receipt("once").ReceiptKey), (*itsm.Receipt)(nil), "Receipt of an unused key")
	}},
	{"as it was written, each part of the key counts", func(t *trial) {
		j := newJob(key(id(1)))
		var all []*itsm.Receipt
		for _, k := range []itsm.ReceiptKey{
			{Tenant: acme, Actor: "alice", Command: "report", Key: "1"}, {Tenant: umbrella, Actor: "alice", Command: "report", Key: "1"},
			{Tenant: acme, Actor: "bob", Command: "report", Key: "1"}, {Tenant: acme, Actor: "alice", Command: "close", Key: "1"},
			{Tenant: acme, Actor: "alice", Command: "report", Key: "2"}, {Tenant: acme, Actor: "Alice", Command: "report", Key: "1"},
		} {
			r := j.receipt(k.Tenant + k.Actor + k.Command + k.Key)
			r.ReceiptKey, r.Version = k, int64(len(all))
			all = append(all, r)
			t.apply(&itsm.WriteSet{Receipt: r})
		}
		for _, r := range all {
			t.same(t.receipt(r.ReceiptKey), r, "Receipt")
		}
	}},
	{"without an expiry stays", func(t *trial) {
		r := newJob(key(id(1))).receipt("once")
		r.Expires = itsm.Receipt{}.Expires
		t.apply(&itsm.WriteSet{Receipt: r})
		later := newJob(key(id(2))).receipt("twice")
		later.At, later.Expires = base.AddDate(100, 0, 0), base.AddDate(101, 0, 0)
		t.apply(&itsm.WriteSet{Receipt: later})
		t.same(t.receipt(r.ReceiptKey), r, "Receipt that never expires, a century later")
	}},
	{"stays until it expires", func(t *trial) {
		r := newJob(key(id(1))).receipt("once")
		t.apply(&itsm.WriteSet{Receipt: r})
		later := newJob(key(id(2))).receipt("twice")
		later.At = r.Expires.Add(-1)
		later.Expires = later.At.AddDate(1, 0, 0)
		t.apply(&itsm.WriteSet{Receipt: later})
		t.same(t.receipt(r.ReceiptKey), r, "Receipt a nanosecond before it expires")
	}},
	{"a used key is ErrConflict and changes nothing", func(t *trial) {
		j := t.furnished()
		for _, r := range []*itsm.Receipt{j.receipt("once"), newJob(key(id(3))).receipt("once")} {
			set := put(newJob(key(id(3))))
			set.Receipt = r
			t.refused(set, itsm.ErrConflict, "a receipt whose key is used")
		}
	}},
	{"of a refused set is not kept", func(t *trial) {
		j := t.furnished()
		set := put(newJob(j.Key()))
		set.Receipt = j.receipt("twice")
		t.refused(set, itsm.ErrExists, "a new record whose id is taken, and a receipt")
		t.same(t.receipt(set.Receipt.ReceiptKey), (*itsm.Receipt)(nil), "Receipt of a refused set")
	}},
	{"one of many with the same key", func(t *trial) {
		for n := range rounds(20) {
			errs := together(6, func(i int) error {
				j := newJob(key(id(n*10 + i)))
				set := put(j)
				set.Receipt = j.receipt(id(n))
				return t.store.Apply(t.Context(), set)
			})
			if won, _ := t.tally(errs, itsm.ErrConflict, "Apply with one receipt by many at once"); won != 1 {
				t.Errorf("Apply with one receipt by many at once: %d went through, want 1", won)
			}
		}
		if got := t.query(&itsm.StoreQuery{Tenant: acme, Kind: jobs, Limit: 1000}); len(got) != rounds(20) {
			t.Errorf("Apply with one receipt by many at once: %d records of %d keys", len(got), rounds(20))
		}
	}},
}

func (t *trial) receipt(k itsm.ReceiptKey) (r *itsm.Receipt) {
	t.Helper()
	t.view(func(v itsm.Snapshot) {
		var err error
		r, err = v.Receipt(t.Context(), k)
		t.ok(err, "Receipt")
	})
	return r
}

// erasure: personal values go, digests stay.
var erasure = []promise{
	{"an event keeps its digests and the values of other fields", func(t *trial) {
		j := t.furnished()
		n := j.next(nil)
		t.put(n)
		t.apply(&itsm.WriteSet{Redactions: []itsm.Redaction{{Key: j.Key(), Version: 1, Fields: []string{"@actor", "title", "unknown"}}}})
		want := []*itsm.Event{j.event().Redact([]string{"@actor", "title"}), n.event()}
		t.view(func(v itsm.Snapshot) {
			got, err := v.Events(t.Context(), nil, j.Key(), 0, 0)
			t.ok(err, "Events")
			t.same(got, want, "Events after fields of version 1 were erased")
			if !got[0].Sealed[0].Erased() || !got[0].Sealed[1].Erased() || got[0].Sealed[2].Erased() {
				t.Errorf("Events after fields were erased: salts must be gone of those fields, and of no other")
			}
			rows, err := v.Rows(t.Context(), nil, j.Key(), "", 0, 0)
			t.ok(err, "Rows")
			t.same(rows, []itsm.Row{j.row(1, "message"), j.row(2, "message"), j.row(3, "")}, "Rows, none of which was erased")
		})
		for _, d := range t.feed(0) {
			if d.Event.Key == j.Key() {
				t.same(d.Event, want[d.Event.Version-1], "Feed after fields of version 1 were erased")
			}
		}
		t.same(t.get(n.Key()), n, "Get after an event was redacted")
	}},
	{"rows keep their digests", func(t *trial) {
		j := t.furnished()
		t.apply(&itsm.WriteSet{Redactions: []itsm.Redaction{{Key: j.Key(), Version: 1, RowIDs: []int64{1, 3}}}})
		want := []itsm.Row{j.row(1, "message").Redact(), j.row(2, "message"), j.row(3, "").Redact()}
		t.view(func(v itsm.Snapshot) {
			got, err := v.Rows(t.Context(), nil, j.Key(), "", 0, 0)
			t.ok(err, "Rows")
			t.same(got, want, "Rows after rows 1 and 3 were erased")
			found, err := v.FindRows(t.Context(), nil, acme, itsm.Comments, "message", 2)
			t.ok(err, "FindRows")
			t.same(found, want[:2], "FindRows after rows 1 and 3 were erased")
			events, err := v.Events(t.Context(), nil, j.Key(), 0, 0)
			t.ok(err, "Events")
			t.same(events, []*itsm.Event{j.event()}, "Events, none of which was erased")
		})
	}},
	{"twice is once, and many at a time", func(t *trial) {
		j := t.furnished()
		other := newJob(key(id(2)))
		set := func() *itsm.WriteSet {
			return &itsm.WriteSet{Redactions: []itsm.Redaction{
				{Key: j.Key(), Version: 1, Fields: []string{"caller"}, RowIDs: []int64{2}},
				{Key: j.Key(), Version: 1, Fields: []string{"title"}},
				{Key: other.Key(), Version: 1, Fields: []string{"caller"}, RowIDs: []int64{1}},
			}}
		}
		t.apply(set())
		once := t.dump()
		t.apply(set())
		t.unchanged(once, "the same was erased again")
		t.view(func(v itsm.Snapshot) {
			got, err := v.Events(t.Context(), nil, j.Key(), 0, 0)
			t.ok(err, "Events")
			t.same(got, []*itsm.Event{j.event().Redact([]string{"caller", "title"})}, "Events after two redactions of one version")
			got, err = v.Events(t.Context(), nil, other.Key(), 0, 0)
			t.ok(err, "Events")
			t.same(got, []*itsm.Event{other.event().Redact([]string{"caller"})}, "Events of another record in the same set")
		})
	}},
	{"does not touch what the writer still holds", func(t *trial) {
		j := newJob(key(id(1)))
		set := put(j)
		set.Records[0].Rows = []itsm.Row{j.row(1, "message")}
		event, row := set.Records[0].Event, set.Records[0].Rows[0]
		t.apply(set)
		t.apply(&itsm.WriteSet{Redactions: []itsm.Redaction{{Key: j.Key(), Version: 1, Fields: []string{"title"}, RowIDs: []int64{1}}}})
		t.same(event, j.event(), "an event that was handed to Apply has been changed by a redaction")
		t.same(row, j.row(1, "message"), "a row that was handed to Apply has been changed by a redaction")
	}},
	{"comes with the record's own event or not at all", func(t *trial) {
		j := t.furnished()
		n := j.next(nil)
		set := put(n)
		set.Redactions = []itsm.Redaction{{Key: j.Key(), Version: 1, Fields: []string{"title"}, RowIDs: []int64{1}}}
		set.Reads = []itsm.VersionCheck{{Key: key(id(2)), Expect: 9}}
		t.refused(set, itsm.ErrConflict, "redactions and a read that does not hold")
		set.Reads = nil
		t.apply(set)
		t.view(func(v itsm.Snapshot) {
			got, err := v.Events(t.Context(), nil, j.Key(), 0, 0)
			t.ok(err, "Events")
			t.same(got, []*itsm.Event{j.event().Redact([]string{"title"}), n.event()}, "Events after an erasure with an event of its own")
		})
	}},
	{"forgets the receipts of one actor of one tenant", func(t *trial) {
		for _, tenant := range []string{acme, umbrella} {
			for _, actor := range []string{"alice", "bob", "Alice"} {
				for _, key := range []string{"once", "twice"} {
					r := newJob(itsm.Key{Tenant: tenant, Kind: jobs, ID: id(1)}).receipt(key)
					r.Actor = actor
					t.apply(&itsm.WriteSet{Receipt: r})
				}
			}
		}
		t.apply(&itsm.WriteSet{Forget: &itsm.ActorKey{Tenant: acme, Actor: "alice"}})
		for _, k := range append(probes(), itsm.ReceiptKey{Tenant: acme, Actor: "Alice", Command: jobs + ".report", Key: "once"}) {
			gone := k.Tenant == acme && k.Actor == "alice"
			if got := t.receipt(k); (got == nil) != gone {
				t.Errorf("Receipt of %q: %s, after the receipts of alice of acme were forgotten", k, text(got))
			}
		}
		again := newJob(key(id(1))).receipt("once")
		t.apply(&itsm.WriteSet{Receipt: again})
		t.same(t.receipt(again.ReceiptKey), again, "Receipt of a key that was forgotten and used again")
	}},
}
