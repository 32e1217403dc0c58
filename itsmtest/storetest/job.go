package storetest

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
)

// job is the record that the suite writes: a ticket with fields of its own.
type job struct {
	itsm.Ticket

	Amount int64  `json:"amount"`
	Note   string `json:"note"`
	Data   []byte `json:"data"`
}

// The kinds and tenants of the suite. Chores are jobs by another name: the same ids must not meet. Steps are owned by jobs.
const (
	jobs   = "job"
	chores = "chore"
	steps  = "step"

	acme     = "acme"
	umbrella = "umbrella"
)

// base is the instant that the suite lives around.
var base = time.Date(2026, 3, 29, 0, 59, 59, 999999999, time.UTC)

// after is some seconds later than base.
func after(seconds int) time.Time { return base.Add(time.Duration(seconds) * time.Second) }

// id is a number that sorts as it counts.
func id(n int) string { return fmt.Sprintf("JOB%06d", n) }

// key names a job of acme.
func key(id string) itsm.Key { return itsm.Key{Tenant: acme, Kind: jobs, ID: id} }

// newJob is the first version of a record.
func newJob(k itsm.Key) *job {
	j := &job{Note: "of " + k.Tenant}
	j.Tenant, j.Kind, j.ID = k.Tenant, k.Kind, k.ID
	j.Version = 1
	j.CreatedAt, j.UpdatedAt = base, base
	j.State, j.Phase = "new", 1
	j.Title = "Printer on fire"
	j.Digest = sha256.Sum256([]byte(k.String()))
	return j
}

// next is the version after j, changed.
func (j *job) next(change func(*job)) *job {
	n := *j
	n.Custom = j.Custom.Clone()
	n.Items = slices.Clone(j.Items)
	n.Version++
	n.UpdatedAt = j.UpdatedAt.Add(time.Second)
	n.Digest = sha256.Sum256(n.Digest[:])
	if change != nil {
		change(&n)
	}
	return &n
}

// event is what brought j to its version, with something in every part.
func (j *job) event() *itsm.Event {
	seal := func(name, subject, value string) itsm.Sealed {
		salt := sha256.Sum256([]byte(name + j.ID))
		return itsm.Sealed{Field: name, Subject: subject, Salt: salt[:16], Value: []byte(value), Digest: sha256.Sum256([]byte(value))}
	}
	return &itsm.Event{
		Key: j.Key(), Version: j.Version, At: j.UpdatedAt,
		Name: j.Kind + ".changed", Also: []string{j.Kind + ".resumed", j.Kind + ".noted"},
		Actor: itsm.Actor{ID: "alice", Tenant: j.Tenant, OnBehalfOf: "bob"},
		Cause: "timer/close",
		Facts: fmt.Appendf(nil, `{"note": ["<b>\u00e9", %q],"amount":[%d,1e2]}`, j.Tenant, j.Amount),
		Sealed: []itsm.Sealed{
			seal("@actor", "alice", `"alice"`), seal("title", "carol", `["Printer on fire"]`), seal("caller", "carol", `["carol"]`),
		},
		Rows:   []itsm.RowStamp{{ID: j.Version, Kind: itsm.Comments, Digest: sha256.Sum256([]byte(j.ID))}},
		Digest: j.Digest,
	}
}

// row is a comment under j's version.
func (j *job) row(id int64, find string) itsm.Row {
	return itsm.Row{
		Record: j.Key(), ID: id, Kind: itsm.Comments, Version: j.Version, At: j.UpdatedAt, Key: find,
		Facts: fmt.Appendf(nil, `{"z": %d, "a":[ ]}`, id),
		Sealed: itsm.Sealed{Field: "text", Subject: "carol", Salt: []byte{0, 1, 255, byte(id)}, Value: []byte(`"It burns \u0001"`),
			Digest: sha256.Sum256(fmt.Append(nil, j.Tenant, j.ID, id))},
	}
}

// timer is a timer that j's version set.
func (j *job) timer(name string, due time.Time) itsm.Timer {
	return itsm.Timer{Key: j.Key(), Name: name, Generation: j.Version, Due: due, Trigger: "do " + name, Input: `{"name":"` + name + `"}`}
}

// receipt is what a key of alice's remembers of making j.
func (j *job) receipt(key string) *itsm.Receipt {
	return &itsm.Receipt{
		ReceiptKey: itsm.ReceiptKey{Tenant: j.Tenant, Actor: "alice", Command: jobs + ".report", Key: key},
		Input:      sha256.Sum256([]byte(key)), Ref: j.Ref(), Version: j.Version, At: j.UpdatedAt, Expires: base.AddDate(1, 0, 0),
	}
}

// write puts j in place of the version before it.
func (j *job) write(rows ...itsm.Row) itsm.RecordWrite {
	return itsm.RecordWrite{Record: j, Expect: j.Version - 1, Event: j.event(), Rows: rows}
}

// step is a row that j's version puts beside it.
func (j *job) step(name string, change func(*job)) *job {
	s := newJob(itsm.Key{Tenant: j.Tenant, Kind: steps, ID: j.Kind + "/" + j.ID + "/" + name})
	s.Version, s.UpdatedAt, s.Note = j.Version, j.UpdatedAt, name
	if change != nil {
		change(s)
	}
	return s
}

// owns puts a row beside j, in place of the version that it had.
func (j *job) owns(s *job, expect int64) itsm.RecordWrite {
	return itsm.RecordWrite{Record: s, Expect: expect, Owner: j.Key()}
}

// put is a set that writes records and nothing else.
func put(jobs ...*job) *itsm.WriteSet {
	set := &itsm.WriteSet{}
	for _, j := range jobs {
		set.Records = append(set.Records, j.write())
	}
	return set
}

// codec is what a store gets to know of a kind. Some columns are there only for a later Prepare.
type codec struct {
	kind string
	late bool
}

// kinds are the codecs that every store starts with.
func kinds() []itsm.Codec {
	return []itsm.Codec{codec{kind: jobs}, codec{kind: chores}, codec{kind: steps}}
}

func (c codec) Kind() string { return c.kind }

// Columns has every kind of value both indexed and not.
func (c codec) Columns() []itsm.ColumnSpec {
	specs := []itsm.ColumnSpec{
		{Name: "id", Kind: field.KindText}, {Name: "version", Kind: field.KindInt},
		{Name: "created_at", Kind: field.KindInstant}, {Name: "updated_at", Kind: field.KindInstant, Indexed: true},
		{Name: "state", Kind: field.KindText, Indexed: true}, {Name: "title", Kind: field.KindText},
		{Name: "assignee", Kind: field.KindText, Indexed: true}, {Name: "items", Kind: field.KindList},
		{Name: "amount", Kind: field.KindInt, Indexed: true},
		{Name: "owner", Kind: field.KindText, Indexed: true}, // which a store may call something of its own
	}
	for k := field.KindText; k <= field.KindList; k++ {
		specs = append(specs,
			itsm.ColumnSpec{Name: "custom." + k.String(), Kind: k},
			itsm.ColumnSpec{Name: "custom.indexed_" + k.String(), Kind: k, Indexed: true})
	}
	if c.late {
		specs = append(specs, itsm.ColumnSpec{Name: "note", Kind: field.KindText, Indexed: true})
	}
	return specs
}

func (c codec) Value(r itsm.Record, column string) field.Value {
	j, ok := r.(*job)
	if !ok {
		return field.Value{}
	}
	if name, ok := strings.CutPrefix(column, "custom."); ok {
		return j.Custom.Get(name)
	}
	switch column {
	case "id":
		return field.Text(j.ID)
	case "version":
		return field.Int(j.Version)
	case "created_at":
		return field.Instant(j.CreatedAt)
	case "updated_at":
		return field.Instant(j.UpdatedAt)
	case "state":
		return field.Text(string(j.State))
	case "title":
		return field.Text(j.Title)
	case "assignee", "owner":
		return field.Text(j.Assignee)
	case "items":
		return field.List(j.Items...)
	case "amount":
		return field.Int(j.Amount)
	case "note":
		if c.late {
			return field.Text(j.Note)
		}
	}
	return field.Value{}
}

// wire is a job as JSON. The digest is written as bytes.
type wire struct {
	*job
	Digest []byte `json:"digest"`
}

func (c codec) Encode(r itsm.Record) ([]byte, error) {
	j, ok := r.(*job)
	if !ok {
		return nil, fmt.Errorf("storetest: the codec of %q was given a %T", c.kind, r)
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(wire{j, j.Digest[:]}); err != nil {
		return nil, fmt.Errorf("storetest: %w", err)
	}
	return bytes.TrimSpace(b.Bytes()), nil
}

func (c codec) Decode(data []byte) (itsm.Record, error) {
	w := wire{job: &job{}}
	if err := json.Unmarshal(data, &w); err != nil {
		return nil, fmt.Errorf("storetest: a store gave the codec of %q other bytes than it was given: %w", c.kind, err)
	}
	if w.Kind != c.kind {
		return nil, fmt.Errorf("storetest: a store gave the codec of %q the bytes of a %q", c.kind, w.Kind)
	}
	copy(w.job.Digest[:], w.Digest)
	return w.job, nil
}
