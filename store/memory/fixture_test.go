package memory

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
)

// note is a small record.
type note struct {
	itsm.Head
	Group string `json:"group"`
	Rank  int64  `json:"rank"`
	Text  string `json:"text"`
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
		Event: &itsm.Event{Key: n.Key(), Version: version, At: start, Kind: "note.written"},
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
