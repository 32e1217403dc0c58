package itsm_test

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/itsm"
)

// witness stands between a kernel and its store and remembers every version of every record that was committed, and
// whose data each personal value in it is. It is the model that the kernel's history is compared with.
type witness struct {
	itsm.Store
	mu      sync.Mutex
	records map[itsm.Key][]version
	gaps    []string
	applied int
}

// version is one committed state of a record: its JSON, flattened, and the subjects of the personal values that were
// written with it.
type version struct {
	fields   map[string]any
	subjects map[string]string
	erased   map[string]bool
}

func newWitness(s itsm.Store) *witness {
	return &witness{Store: s, records: map[itsm.Key][]version{}}
}

func (w *witness) Apply(ctx context.Context, set *itsm.WriteSet) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.Store.Apply(ctx, set); err != nil {
		return err
	}
	w.applied++
	for _, r := range set.Records {
		if r.Owner != (itsm.Key{}) {
			continue // it has no events
		}
		w.see(r)
	}
	return nil
}

func (w *witness) see(r itsm.RecordWrite) {
	head := r.Record.Header()
	seen := w.records[head.Key()]
	if int(head.Version) != len(seen)+1 || int(r.Expect) != len(seen) {
		w.gaps = append(w.gaps, head.Key().String())
		return
	}
	v := version{fields: flat(r.Record), subjects: map[string]string{}, erased: map[string]bool{}}
	was := map[string]any{}
	if len(seen) > 0 {
		was = seen[len(seen)-1].fields
	}
	for name, subject := range personal {
		if equalJSON(was[name], v.fields[name]) {
			continue
		}
		person, _ := v.fields[subject].(string)
		if person == "" && subject != name {
			person, _ = was[subject].(string)
		}
		v.subjects[name] = person
	}
	w.records[head.Key()] = append(seen, v)
}

// personal names the personal fields of repairs and incidents, each with the field that says whose it is.
var personal = map[string]string{
	"caller": "caller", "opened_by": "opened_by", "assignee": "assignee", "visitor": "visitor",
	"resolved_by": "resolved_by", "first_assignee": "first_assignee", "reopened_by": "reopened_by",
	"title": "caller", "description": "caller", "custom.phone": "caller", "custom.birthday": "caller",
	"major.manager": "major.manager", "major.communications": "major.communications",
	"major.technical": "major.technical", "major.scribe": "major.scribe",
}

// erase marks what an erasure of a person has to take out.
func (w *witness) erase(tenant, person string) {
	for key, versions := range w.records {
		for _, v := range versions {
			for name, subject := range v.subjects {
				if key.Tenant == tenant && subject == person {
					v.erased[name] = true
				}
			}
		}
	}
}

// at answers what a record must read as at a version: as it was committed then, but for what was erased since.
func (w *witness) at(key itsm.Key, n int64) map[string]any {
	versions := w.records[key]
	want := maps.Clone(versions[n-1].fields)
	for name := range personal {
		for i := n - 1; i >= 0; i-- {
			if _, written := versions[i].subjects[name]; !written {
				continue
			}
			switch {
			case !versions[i].erased[name]:
			case name == "custom.birthday":
				delete(want, name) // an instant holds no marker
			default:
				want[name] = itsm.Erased
			}
			break
		}
	}
	return want
}

func (w *witness) keys() []itsm.Key {
	return slices.SortedFunc(maps.Keys(w.records), func(a, b itsm.Key) int { return strings.Compare(a.String(), b.String()) })
}

// flat is a record as its JSON says it, with dots for what is within.
func flat(r any) map[string]any {
	text, err := json.Marshal(r)
	if err != nil {
		panic(err)
	}
	var fields map[string]any
	if err := json.Unmarshal(text, &fields); err != nil {
		panic(err)
	}
	if custom, ok := fields["custom"].(map[string]any); ok {
		for name, v := range custom {
			fields["custom."+name] = v
		}
	}
	delete(fields, "custom")
	maps.DeleteFunc(fields, func(_ string, v any) bool { return v == "" })
	return fields
}

func equalJSON(a, b any) bool {
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	return string(x) == string(y)
}

// dump is everything that a store holds, as text: what is not in it is nowhere.
func dump(t testing.TB, s itsm.Store, receipts ...itsm.ReceiptKey) string {
	t.Helper()
	ctx := context.Background()
	var b strings.Builder
	write := func(v any) {
		text, err := json.Marshal(v)
		require.NoError(t, err)
		b.Write(text)
		b.WriteByte('\n')
	}
	bytes := func(sealed ...itsm.Sealed) {
		for _, s := range sealed { // JSON would show bytes in base64
			b.Write(s.Value)
			b.WriteByte('\n')
		}
	}
	snap, err := s.Snapshot(ctx)
	require.NoError(t, err)
	defer snap.Close()
	feed, err := s.Feed(ctx, nil, 0, 1<<20)
	require.NoError(t, err)
	seen := map[itsm.Key]bool{}
	event := func(e *itsm.Event) {
		write(e)
		b.Write(e.Facts)
		bytes(e.Sealed...)
	}
	for _, d := range feed {
		event(d.Event)
		key := d.Event.Key
		if seen[key] {
			continue
		}
		seen[key] = true
		rec, err := snap.Get(ctx, key)
		require.NoError(t, err)
		write(rec)
		events, err := snap.Events(ctx, nil, key, 0, 0)
		require.NoError(t, err)
		for _, e := range events {
			event(e)
		}
		rows, err := snap.Rows(ctx, nil, key, "", 0, 0)
		require.NoError(t, err)
		for _, row := range rows {
			write(row)
			b.Write(row.Facts)
			bytes(row.Sealed)
		}
		timers, err := snap.Timers(ctx, nil, key)
		require.NoError(t, err)
		write(timers)
	}
	for _, key := range receipts {
		r, err := snap.Receipt(ctx, key)
		require.NoError(t, err)
		write(r)
	}
	return b.String()
}
