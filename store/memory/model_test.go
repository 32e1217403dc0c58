package memory

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
)

// model is what a store should hold, kept in the plainest way: a snapshot is a copy of all of it.
type model struct {
	notes    map[string]*note
	owned    map[string][]string // the ids of the notes that a note owns, in order
	events   map[string][]*itsm.Event
	rows     map[string][]itsm.Row
	timers   map[string]map[string]itsm.Timer
	receipts map[itsm.ReceiptKey]itsm.Receipt
	position itsm.Position
}

func (m *model) clone() *model {
	c := &model{
		notes: maps.Clone(m.notes), receipts: maps.Clone(m.receipts), position: m.position,
		owned: map[string][]string{}, events: map[string][]*itsm.Event{}, rows: map[string][]itsm.Row{}, timers: map[string]map[string]itsm.Timer{},
	}
	for id, list := range m.owned {
		c.owned[id] = slices.Clone(list)
	}
	for id, list := range m.events {
		c.events[id] = slices.Clone(list)
	}
	for id, list := range m.rows {
		c.rows[id] = slices.Clone(list)
	}
	for id, byName := range m.timers {
		c.timers[id] = maps.Clone(byName)
	}
	return c
}

// query answers a page in the plainest way.
func (m *model) query(q *itsm.StoreQuery) []string {
	codec := noteCodec{}
	compare := func(a, b *note) int {
		for _, s := range q.Sort {
			if c := field.Compare(codec.Value(a, s.Column), codec.Value(b, s.Column)); c != 0 {
				if s.Descending {
					return -c
				}
				return c
			}
		}
		if len(q.Sort) > 0 && q.Sort[len(q.Sort)-1].Descending {
			return strings.Compare(b.ID, a.ID)
		}
		return strings.Compare(a.ID, b.ID)
	}
	found := slices.SortedFunc(maps.Values(m.notes), compare)
	var ids []string
	passed := q.After == nil
	for _, n := range found {
		if passed && (q.Filter == nil || q.Filter.Match(func(c string) field.Value { return codec.Value(n, c) })) {
			ids = append(ids, n.ID)
		}
		passed = passed || n.ID == q.After.ID
	}
	if q.Limit > 0 && len(ids) > q.Limit {
		ids = ids[:q.Limit]
	}
	return ids
}

var modelActors = []string{"ada", "bob"}

// step writes one random set to both.
func (m *model) step(t *rapid.T, s *Store, now time.Time) {
	set := &itsm.WriteSet{}
	for _, i := range rapid.SliceOfNDistinct(rapid.IntRange(0, 149), 0, 12, rapid.ID[int]).Draw(t, "notes") {
		id := name(i)
		version := int64(1)
		if n := m.notes[id]; n != nil {
			version = n.Version + 1
		}
		w := written(id, version, func(n *note) {
			n.CreatedAt = start.Add(time.Duration(i%40) * time.Hour)
			n.Group = rapid.SampledFrom([]string{"", "a", "b", "ba", "\xffz", "long name"}).Draw(t, "group")
			n.Rank = rapid.Int64Range(0, 9).Draw(t, "rank")
			n.Text = rapid.SampledFrom([]string{"", "x", "y"}).Draw(t, "text")
		})
		w.Event.Sealed = []itsm.Sealed{{Field: "text", Subject: "ada", Salt: []byte("salt"), Value: []byte(`"x"`)}}
		for _, row := range m.rows[id] {
			if rapid.IntRange(0, 3).Draw(t, "remove") == 0 {
				w.Removed = append(w.Removed, row.ID)
			}
		}
		m.rows[id] = slices.DeleteFunc(m.rows[id], func(r itsm.Row) bool { return slices.Contains(w.Removed, r.ID) })
		for j := range rapid.IntRange(0, 2).Draw(t, "rows") {
			row := itsm.Row{
				Record: keyOf(id), ID: version*10 + int64(j), Version: version, At: now,
				Kind:   rapid.SampledFrom([]itsm.RowKind{itsm.Comments, itsm.Links, itsm.Watchers}).Draw(t, "kind"),
				Key:    rapid.SampledFrom([]string{"", "one", "two"}).Draw(t, "key"),
				Sealed: itsm.Sealed{Field: "text", Subject: "ada", Salt: []byte("salt"), Value: []byte(`"x"`)},
			}
			w.Rows = append(w.Rows, row)
			m.rows[id] = append(m.rows[id], row)
		}
		m.notes[id] = w.Record.(*note)
		m.events[id] = append(m.events[id], w.Event)
		set.Records = append(set.Records, w)
		for _, row := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "B"}), 0, 2, rapid.ID[string]).Draw(t, "owned") {
			set.Records = append(set.Records, m.own(t, id, row, version))
		}
	}
	for range rapid.IntRange(0, 4).Draw(t, "timers") {
		id := name(rapid.IntRange(0, 149).Draw(t, "timer of"))
		w := alarmOf(id, now.Add(time.Duration(rapid.IntRange(0, 100).Draw(t, "delay"))*time.Second))
		w.Timer.Name = rapid.SampledFrom([]string{"close", "remind", "a"}).Draw(t, "timer")
		if w.Cancel = rapid.Bool().Draw(t, "cancel"); w.Cancel {
			delete(m.timers[id], w.Timer.Name)
		} else {
			if m.timers[id] == nil {
				m.timers[id] = map[string]itsm.Timer{}
			}
			m.timers[id][w.Timer.Name] = w.Timer
		}
		set.Timers = append(set.Timers, w)
	}
	if rapid.IntRange(0, 5).Draw(t, "forget") == 0 {
		actor := rapid.SampledFrom(modelActors).Draw(t, "whom")
		set.Forget = &itsm.ActorKey{Tenant: "acme", Actor: actor}
		maps.DeleteFunc(m.receipts, func(k itsm.ReceiptKey, _ itsm.Receipt) bool { return k.Actor == actor })
	} else if rapid.Bool().Draw(t, "receipt") {
		key := itsm.ReceiptKey{Tenant: "acme", Actor: rapid.SampledFrom(modelActors).Draw(t, "who"), Command: "write", Key: rapid.SampledFrom([]string{"1", "2", "3"}).Draw(t, "key")}
		if _, there := m.receipts[key]; !there {
			r := itsm.Receipt{ReceiptKey: key, Version: int64(now.Unix()), At: now}
			set.Receipt, m.receipts[key] = &r, r
		}
	}
	if rapid.Bool().Draw(t, "subscription") {
		set.Subscription = &itsm.Subscription{Name: "mail", Revision: int64(m.position) + 1, Position: m.position + 1}
		m.position++
	}
	if id := name(rapid.IntRange(0, 149).Draw(t, "redact")); len(m.events[id]) > 0 {
		r := itsm.Redaction{Key: keyOf(id), Version: rapid.Int64Range(1, int64(len(m.events[id]))).Draw(t, "version"), Fields: []string{"text"}}
		m.events[id] = slices.Clone(m.events[id])
		m.events[id][r.Version-1] = m.events[id][r.Version-1].Redact(r.Fields)
		for i := range m.rows[id] {
			if row := &m.rows[id][i]; row.Version == r.Version {
				r.RowIDs = append(r.RowIDs, row.ID)
				*row = row.Redact()
			}
		}
		set.Redactions = append(set.Redactions, r)
	}
	for _, i := range rapid.SliceOfNDistinct(rapid.IntRange(0, 149), 0, 3, rapid.ID[int]).Draw(t, "purge") {
		id := name(i)
		n := m.notes[id]
		if n == nil || slices.ContainsFunc(set.Records, func(w itsm.RecordWrite) bool { return w.Record.Header().ID == id }) {
			continue
		}
		set.Purges = append(set.Purges, itsm.VersionCheck{Key: keyOf(id), Expect: n.Version})
		m.purge(id)
	}
	require.NoError(t, s.Apply(context.Background(), set))
}

func (m *model) purge(id string) {
	for _, gone := range append(m.owned[id], id) {
		delete(m.notes, gone)
	}
	delete(m.owned, id)
	delete(m.events, id)
	delete(m.rows, id)
	delete(m.timers, id)
}

// own puts a note beside another one.
func (m *model) own(t *rapid.T, owner, row string, version int64) itsm.RecordWrite {
	id := owner + "/" + row
	w := written(id, version, func(n *note) {
		n.Group = rapid.SampledFrom([]string{"", "a", "b"}).Draw(t, "group")
		n.Rank = rapid.Int64Range(0, 9).Draw(t, "rank")
	})
	w.Event, w.Owner, w.Expect = nil, keyOf(owner), 0
	if before := m.notes[id]; before != nil {
		w.Expect = before.Version
	} else {
		list := append(m.owned[owner], id)
		slices.Sort(list)
		m.owned[owner] = list
	}
	m.notes[id] = w.Record.(*note)
	return w
}

func drawFilter(t *rapid.T) *itsm.Filter {
	group, rank, id, odd := itsm.Where("group"), itsm.Where("rank"), itsm.Where("id"), itsm.Where("odd")
	parts := rapid.SliceOfN(rapid.SampledFrom([]itsm.Filter{
		group.Is("a"), group.Is(""), group.In("b", "a", "b"), group.IsNot("a"), group.Prefix("b"), group.Prefix("\xff"), group.Empty(),
		rank.Equals(field.Int(3)), rank.Before(field.Int(2)), rank.AtMost(field.Int(2)), rank.After(field.Int(7)), rank.AtLeast(field.Number(6.5)),
		id.In(name(3), name(5), name(3), name(77), "none"), id.AtLeast(field.Text(name(120))), itsm.Where("text").Is("x"),
		itsm.Any(group.Is("a"), rank.Equals(field.Int(1))), itsm.Any(group.Is("b"), itsm.Where("text").Is("y")), itsm.Any(), itsm.All(),
		itsm.Not(itsm.Any(group.In("a", "ba"), rank.Before(field.Int(4)))), itsm.Not(itsm.All(group.Is("b"), itsm.Where("text").Empty())),
		group.Contains("A"), group.After(field.Text("a")), group.Before(field.Text("ba")), rank.Empty(), itsm.Not(rank.Empty()),
		odd.Equals(field.Int(5)), odd.Equals(field.Number(5)), odd.After(field.Int(4)), odd.AtMost(field.Number(5)), odd.Is("a"), odd.Empty(), odd.After(field.Text("")),
		itsm.Where("created_at").AtLeast(field.Instant(start.Add(20 * time.Hour))), itsm.Where("created_at").Before(field.Instant(start.Add(5 * time.Hour))),
		itsm.All(itsm.Where("created_at").After(field.Instant(start.Add(7*time.Hour))), itsm.Where("created_at").AtMost(field.Instant(start.Add(9*time.Hour)))),
	}), 0, 3).Draw(t, "filter")
	if len(parts) == 0 {
		return nil
	}
	f := itsm.All(parts...)
	return &f
}

// check compares what a snapshot answers with what it should.
func (m *model) check(t *rapid.T, v itsm.Snapshot) {
	ctx := context.Background()
	i := rapid.IntRange(0, 149).Draw(t, "look at")
	id := name(i)
	got, err := v.Get(ctx, keyOf(id))
	if want := m.notes[id]; want == nil {
		require.ErrorIs(t, err, itsm.ErrNotFound)
	} else {
		require.NoError(t, err)
		require.Same(t, want, got)
	}
	owned, err := v.Owned(ctx, nil, keyOf(id), "note")
	require.NoError(t, err)
	require.Len(t, owned, len(m.owned[id]))
	for i, r := range owned {
		require.Same(t, m.notes[m.owned[id][i]], r)
	}
	events, err := v.Events(ctx, nil, keyOf(id), 0, 0)
	require.NoError(t, err)
	require.Equal(t, len(m.events[id]), len(events))
	for i, e := range events {
		require.Equal(t, *m.events[id][i], *e)
	}
	rows, err := v.Rows(ctx, nil, keyOf(id), "", 0, 0)
	require.NoError(t, err)
	require.True(t, len(rows) == 0 && len(m.rows[id]) == 0 || fmt.Sprint(m.rows[id]) == fmt.Sprint(rows), "rows of %s", id)

	kind := rapid.SampledFrom([]itsm.RowKind{"", itsm.Comments, itsm.Links, itsm.Watchers}).Draw(t, "rows of kind")
	beyond, most := rapid.Int64Range(0, 40).Draw(t, "after"), rapid.IntRange(0, 3).Draw(t, "most")
	var some []itsm.Row
	for _, row := range m.rows[id] {
		if (kind == "" || row.Kind == kind) && row.ID > beyond && (most == 0 || len(some) < most) {
			some = append(some, row)
		}
	}
	rows, err = v.Rows(ctx, nil, keyOf(id), kind, beyond, most)
	require.NoError(t, err)
	require.True(t, len(rows) == 0 && len(some) == 0 || fmt.Sprint(some) == fmt.Sprint(rows), "rows of %s of kind %q after %d", id, kind, beyond)

	var keyed []itsm.Row
	for _, other := range slices.Sorted(maps.Keys(m.rows)) {
		for _, row := range m.rows[other] {
			if row.Kind == itsm.Links && row.Key == "one" {
				keyed = append(keyed, row)
			}
		}
	}
	rows, err = v.FindRows(ctx, nil, "acme", itsm.Links, "one", 0)
	require.NoError(t, err)
	require.True(t, len(rows) == 0 && len(keyed) == 0 || fmt.Sprint(keyed) == fmt.Sprint(rows), "rows of key one")

	timers, err := v.Timers(ctx, nil, keyOf(id))
	require.NoError(t, err)
	var want []itsm.Timer
	for _, timer := range slices.Sorted(maps.Keys(m.timers[id])) {
		want = append(want, m.timers[id][timer])
	}
	require.Equal(t, want, timers)

	for _, actor := range modelActors {
		for _, k := range []string{"1", "2", "3"} {
			key := itsm.ReceiptKey{Tenant: "acme", Actor: actor, Command: "write", Key: k}
			got, err := v.Receipt(ctx, key)
			require.NoError(t, err)
			if want, there := m.receipts[key]; !there {
				require.Nil(t, got)
			} else {
				require.Equal(t, &want, got)
			}
		}
	}
	sub, err := v.Subscription(ctx, "mail")
	require.NoError(t, err)
	require.Equal(t, m.position, sub.Position)
	m.checkQuery(t, v)
}

// checkQuery compares a random page and its count.
func (m *model) checkQuery(t *rapid.T, v itsm.Snapshot) {
	ctx := context.Background()
	q := &itsm.StoreQuery{Tenant: "acme", Kind: "note", Filter: drawFilter(t), Limit: rapid.SampledFrom([]int{0, 1, 3, 20, 500}).Draw(t, "limit")}
	columns := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"id", "group", "rank", "text", "created_at", "odd"}), 0, 2, rapid.ID[string]).Draw(t, "sort")
	for _, c := range columns {
		q.Sort = append(q.Sort, itsm.Sort{Column: c, Descending: rapid.Bool().Draw(t, "descending")})
	}
	if after := m.notes[name(rapid.IntRange(0, max(149, len(m.notes)-1)).Draw(t, "after"))]; after != nil && rapid.Bool().Draw(t, "page") {
		q.After = &itsm.Mark{ID: after.ID}
		for _, c := range columns {
			q.After.Values = append(q.After.Values, noteCodec{}.Value(after, c))
		}
	}
	found, err := v.Query(ctx, nil, q)
	require.NoError(t, err)
	var ids []string
	for _, r := range found {
		ids = append(ids, r.Header().ID)
		require.Same(t, m.notes[r.Header().ID], r)
	}
	require.Equal(t, m.query(q), ids, "%+v", q)
	count, err := v.Count(ctx, q)
	require.NoError(t, err)
	all := m.query(&itsm.StoreQuery{Filter: q.Filter})
	require.Len(t, all, int(count), "%+v", q.Filter)
	m.checkCountBy(t, v, q, all)
}

// checkCountBy compares the counts of a random column's values.
func (m *model) checkCountBy(t *rapid.T, v itsm.Snapshot, q *itsm.StoreQuery, found []string) {
	column := rapid.SampledFrom([]string{"id", "group", "rank", "text", "created_at", "odd"}).Draw(t, "count by")
	key := func(v field.Value) string {
		if v.IsZero() {
			v = field.Value{}
		}
		return string(v.AppendJSON(nil))
	}
	want := map[string]int64{}
	for _, id := range found {
		v := noteCodec{}.Value(m.notes[id], column)
		if v.Len() == 0 {
			want[key(v)]++
			continue
		}
		for _, member := range slices.Compact(slices.Sorted(slices.Values(v.List()))) {
			want[key(field.Text(member))]++
		}
	}
	buckets, err := v.(itsm.ColumnCounter).CountBy(context.Background(), q, column, 10_000)
	require.NoError(t, err)
	got := map[string]int64{}
	for _, b := range buckets {
		got[key(b.Value)] += b.Count
	}
	require.Equal(t, want, got, "%s of %+v", column, q.Filter)
	require.Len(t, buckets, len(want))
	require.True(t, slices.IsSortedFunc(buckets, func(a, b itsm.Bucket) int { return field.Compare(a.Value, b.Value) }))
}

func TestEveryPlanAnswersAsAPlainScan(t *testing.T) {
	s := prepared(t)
	m := &model{notes: map[string]*note{}}
	draw := rand.New(rand.NewPCG(1, 2))
	for version := int64(1); version <= 3; version++ {
		for i := range 150 {
			w := written(name(i), version, func(n *note) {
				n.CreatedAt = start.Add(time.Duration(draw.IntN(40)) * time.Hour)
				n.Group = []string{"", "a", "b", "ba", "\xffz", "long name"}[draw.IntN(6)]
				n.Rank, n.Text = draw.Int64N(10), []string{"", "x", "y"}[draw.IntN(3)]
			})
			m.notes[name(i)] = w.Record.(*note)
			put(t, s, w)
		}
	}
	v := look(t, s)
	defer v.Close()
	rapid.Check(t, func(t *rapid.T) {
		for range 30 {
			m.checkQuery(t, v)
		}
	})
}

// TestPlansAmongManyAnswerAsAPlainScan is the same among so many records that sets of them are kept as bits, ranks have
// too many values to be sets at all, and orders are walked; with a view that is older than a good part of them.
func TestPlansAmongManyAnswerAsAPlainScan(t *testing.T) {
	const notes = 2500
	s := prepared(t)
	m := &model{notes: map[string]*note{}}
	draw := rand.New(rand.NewPCG(3, 4))
	oddities := []field.Value{{}, field.Int(5), field.Number(5), field.Int(6), field.Number(4.5), field.Text(""), field.Text("a"), field.Bool(true), field.Instant(start)}
	change := func(n *note) {
		n.Odd = oddities[draw.IntN(len(oddities))]
		n.CreatedAt = start.Add(time.Duration(draw.IntN(400)) * time.Hour)
		n.Group = []string{"", "a", "b", "ba", "\xffz", fmt.Sprint("long name ", draw.IntN(30))}[draw.IntN(6)]
		n.Rank, n.Text = draw.Int64N(3000), []string{"", "x", "y"}[draw.IntN(3)]
	}
	write := func(i int) {
		id, version := name(i), int64(1)
		if n := m.notes[id]; n != nil {
			version = n.Version + 1
		}
		w := written(id, version, change)
		m.notes[id] = w.Record.(*note)
		put(t, s, w)
	}
	for i := range notes {
		write(i * 7919 % notes)
	}
	type open struct {
		*snapshot
		want *model
	}
	var views []open
	// The indexes are made for the first, and brought up to date for the others. At last there are lists in a column.
	for _, more := range []field.Value{{}, field.List("a", "b", "a"), {}, {}} {
		views = append(views, open{look(t, s), m.clone()})
		rapid.Check(t, func(t *rapid.T) {
			for _, v := range views {
				v.want.checkQuery(t, v)
			}
		})
		for range 200 {
			write(draw.IntN(notes + 200))
		}
		for range 50 {
			if n := m.notes[name(draw.IntN(notes))]; n != nil {
				apply(t, s, &itsm.WriteSet{Purges: []itsm.VersionCheck{{Key: n.Key(), Expect: n.Version}}})
				delete(m.notes, n.ID)
			}
		}
		oddities = append(oddities, more)
	}
	require.IsType(t, &ordered{}, s.tables[tableKey{"acme", "note"}].columns["rank"])
	require.NotNil(t, s.tables[tableKey{"acme", "note"}].columns["group"].(*grouped).groups[0].members.many)
	for _, v := range views {
		v.Close()
	}
}

func TestSnapshotsAnswerAsOfTheirInstant(t *testing.T) {
	type open struct {
		*snapshot
		want *model
	}
	rapid.Check(t, func(t *rapid.T) {
		s := New()
		require.NoError(t, s.Prepare(context.Background(), []itsm.Codec{noteCodec{}}))
		m := (&model{notes: map[string]*note{}, receipts: map[itsm.ReceiptKey]itsm.Receipt{}}).clone()
		var views []open
		for i := range rapid.IntRange(20, 60).Draw(t, "steps") {
			switch rapid.IntRange(0, 5).Draw(t, "step") {
			case 0:
				v, err := s.Snapshot(context.Background())
				require.NoError(t, err)
				views = append(views, open{v.(*snapshot), m.clone()})
			case 1:
				if len(views) > 0 {
					at := rapid.IntRange(0, len(views)-1).Draw(t, "close")
					views[at].Close()
					views = slices.Delete(views, at, at+1)
				}
			case 2, 3:
				m.step(t, s, start.Add(time.Duration(i)*time.Second))
			default:
				if len(views) > 0 {
					v := views[rapid.IntRange(0, len(views)-1).Draw(t, "view")]
					v.want.check(t, v)
				}
			}
		}
		for _, v := range views {
			v.want.check(t, v)
			v.Close()
		}
		for range 100 {
			require.NoError(t, s.Apply(context.Background(), &itsm.WriteSet{}))
		}
		requireNothingKept(t, s)
	})
}

// note is a small record.
type note struct {
	itsm.Head
	Group string `json:"group"`
	Rank  int64  `json:"rank"`
	Text  string `json:"text"`
	// Odd holds any kind of value, as a schema that changed may leave it.
	Odd field.Value `json:"odd"`
}

type noteCodec struct{}

func (noteCodec) Kind() string { return "note" }

func (noteCodec) Columns() []itsm.ColumnSpec {
	return []itsm.ColumnSpec{
		{Name: "id", Kind: field.KindText, Indexed: true},
		{Name: "version", Kind: field.KindInt},
		{Name: "created_at", Kind: field.KindInstant, Indexed: true},
		{Name: "group", Kind: field.KindText, Indexed: true},
		{Name: "rank", Kind: field.KindInt, Indexed: true},
		{Name: "text", Kind: field.KindText},
		{Name: "odd", Kind: field.KindInt, Indexed: true},
	}
}

func (noteCodec) Value(r itsm.Record, column string) field.Value {
	n := r.(*note)
	switch column {
	case "id":
		return field.Text(n.ID)
	case "version":
		return field.Int(n.Version)
	case "created_at":
		return field.Instant(n.CreatedAt)
	case "group":
		return field.Text(n.Group)
	case "rank":
		if n.Rank != 0 {
			return field.Int(n.Rank)
		}
	case "text":
		return field.Text(n.Text)
	case "odd":
		return n.Odd
	}
	return field.Value{}
}

func (noteCodec) Encode(r itsm.Record) ([]byte, error) { return json.Marshal(r) }

func (noteCodec) Decode(data []byte) (itsm.Record, error) {
	n := new(note)
	return n, json.Unmarshal(data, n)
}

var start = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

func prepared(t testing.TB) *Store {
	s := New()
	require.NoError(t, s.Prepare(context.Background(), []itsm.Codec{noteCodec{}}))
	return s
}

func keyOf(id string) itsm.Key { return itsm.Key{Tenant: "acme", Kind: "note", ID: id} }

func name(i int) string { return fmt.Sprintf("N%07d", i) }

// written makes a note of a version, with its event.
func written(id string, version int64, change func(*note)) itsm.RecordWrite {
	n := &note{Head: itsm.Head{Tenant: "acme", Kind: "note", ID: id, Version: version, CreatedAt: start}}
	if change != nil {
		change(n)
	}
	return itsm.RecordWrite{
		Record: n, Expect: version - 1,
		Event: &itsm.Event{Key: n.Key(), Version: version, At: start, Name: "note.written"},
	}
}

func alarmOf(id string, due time.Time) itsm.TimerWrite {
	return itsm.TimerWrite{Timer: itsm.Timer{Key: keyOf(id), Name: "close", Trigger: "close", Generation: 1, Due: due}}
}

func apply(t testing.TB, s *Store, set *itsm.WriteSet) {
	t.Helper()
	require.NoError(t, s.Apply(context.Background(), set))
}

func put(t testing.TB, s *Store, writes ...itsm.RecordWrite) {
	t.Helper()
	apply(t, s, &itsm.WriteSet{Records: writes})
}

func look(t testing.TB, s *Store) *snapshot {
	t.Helper()
	v, err := s.Snapshot(context.Background())
	require.NoError(t, err)
	return v.(*snapshot)
}

// filled is a store of n notes of 100 groups, each with a timer due one second after the one before.
func filled(t testing.TB, n int) *Store {
	s := prepared(t)
	for i := range n {
		apply(t, s, &itsm.WriteSet{
			Records: []itsm.RecordWrite{written(name(i), 1, func(r *note) {
				r.CreatedAt = start.Add(time.Duration(i) * time.Second)
				r.Group, r.Rank = fmt.Sprintf("group %d", i%100), int64(1+i*7919%n)
			})},
			Timers: []itsm.TimerWrite{alarmOf(name(i), start.Add(time.Duration(i)*time.Second))},
		})
	}
	return s
}
