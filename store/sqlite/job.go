package sqlite

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/itsmkit/itsmkit/internal/relational"
	"github.com/itsmkit/itsmkit/itsm"
)

// format is the version of the bytes in every body. A store reads all up to its own.
const format = 1

// job is a write set as SQL: all that can be done before the turn to write.
type job struct {
	set     *itsm.WriteSet
	records []recordJob
	checks  []check
	bytes   []byte // of all bodies
	err     error  // the answer
	torn    bool   // it was written in part, in a transaction that must be rolled back
}

// recordJob is one record's write.
type recordJob struct {
	table  *table
	kind   *relational.Kind
	key    itsm.Key
	sql    string
	args   []any
	events []eventJob
	rows   [][]byte
}

// check is a version to compare, with the SQL that looks it up; empty for an unknown kind.
type check struct {
	itsm.VersionCheck
	sql string
}

type eventJob struct {
	version int64
	body    []byte
}

// table is the SQL of a kind that is always the same.
type table struct {
	name                      string
	insert, get, owned, check string
	updates                   sync.Map // of a relational.Set, to SQL
}

// table answers the SQL of a kind.
func (s *Store) table(k *relational.Kind) *table {
	if t, ok := s.tables.Load(k); ok {
		return t.(*table)
	}
	t, _ := s.tables.LoadOrStore(k, newTable(k))
	return t.(*table)
}

func newTable(k *relational.Kind) *table {
	name := relational.Quote(k.Table())
	var columns, params strings.Builder
	for i, c := range k.Stored {
		columns.WriteString(`, ` + c.Quoted())
		params.WriteString(`, ` + param(ownColumns+1+i))
	}
	return &table{
		name: name,
		insert: `INSERT INTO ` + name + ` (tenant, id, version, _format, _owner_kind, _owner_id, _last_row, _body` + columns.String() + `)` +
			` VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8` + params.String() + `) ON CONFLICT (tenant, id) DO NOTHING`,
		get:   `SELECT _format, _body FROM ` + name + ` WHERE tenant = ?1 AND id = ?2`,
		owned: `SELECT _format, _body FROM ` + name + ` WHERE tenant = ?1 AND _owner_kind = ?2 AND _owner_id = ?3 AND _owner_id <> '' ORDER BY id`,
		check: `SELECT version, _last_row FROM ` + name + ` WHERE tenant = ?1 AND id = ?2`,
	}
}

// ownColumns is how many columns every table has.
const ownColumns = 8

// update is the SQL that changes some columns of a record.
func (t *table) update(k *relational.Kind, changed relational.Set) string {
	if text, ok := t.updates.Load(changed); ok {
		return text.(string)
	}
	var b strings.Builder
	b.WriteString(`UPDATE ` + t.name + ` SET version = ?3, _format = ?4, _last_row = max(_last_row, ?6), _body = ?8`)
	n := ownColumns
	for i, c := range k.Stored {
		if changed.Has(i) {
			n++
			b.WriteString(`, ` + c.Quoted() + ` = ` + param(n))
		}
	}
	b.WriteString(` WHERE tenant = ?1 AND id = ?2 AND version = ?5 AND _last_row < ?7`)
	t.updates.Store(changed, b.String())
	return b.String()
}

// encode makes a job of a set that was checked.
func (s *Store) encode(set *itsm.WriteSet) (*job, error) {
	j := &job{set: set}
	if n := len(set.Records); n > 0 {
		j.records = make([]recordJob, n)
		j.bytes = make([]byte, 0, 1024*n)
	}
	for i := range set.Records {
		if err := s.encodeRecord(j, &j.records[i], &set.Records[i]); err != nil {
			return nil, err
		}
	}
	for _, checks := range [...][]itsm.VersionCheck{set.Reads, set.Purges} {
		for _, r := range checks {
			text := ""
			if k, err := s.kind(r.Key.Kind); err == nil {
				text = s.table(k).check
			}
			j.checks = append(j.checks, check{r, text})
		}
	}
	for i := range set.Timers {
		if _, err := s.kind(set.Timers[i].Timer.Key.Kind); err != nil {
			return nil, err
		}
	}
	return j, nil
}

func (s *Store) encodeRecord(j *job, r *recordJob, w *itsm.RecordWrite) (err error) {
	h := w.Record.Header()
	if r.kind, err = s.kind(h.Kind); err != nil {
		return err
	}
	r.key, r.table = h.Key(), s.table(r.kind)
	body, err := r.kind.Codec.Encode(w.Record)
	if err != nil {
		return err
	}
	lastRow := int64(0)
	firstRow := int64(math.MaxInt64)
	if n := len(w.Rows); n > 0 {
		firstRow, lastRow = w.Rows[0].ID, w.Rows[n-1].ID
	}
	if w.Expect == 0 {
		r.sql = r.table.insert
		r.args = append(make([]any, 0, ownColumns+len(r.kind.Stored)), h.Tenant, h.ID, h.Version, format, w.Owner.Kind, w.Owner.ID, lastRow, body)
		if r.args, err = r.kind.Values(r.args, w.Record); err != nil {
			return err
		}
	} else {
		r.args = append(make([]any, 0, ownColumns+8), h.Tenant, h.ID, h.Version, format, w.Expect, lastRow, firstRow, body)
		var changed relational.Set
		if r.args, changed, err = r.kind.Changes(r.args, w.Before, w.Record); err != nil {
			return err
		}
		r.sql = r.table.update(r.kind, changed)
	}
	if n := len(w.Earlier); n > 0 || w.Event != nil {
		r.events = make([]eventJob, 0, n+1)
		for _, e := range w.Earlier {
			r.events = append(r.events, j.event(e))
		}
		if w.Event != nil {
			r.events = append(r.events, j.event(w.Event))
		}
	}
	for i := range w.Rows {
		r.rows = append(r.rows, j.appended(func(b []byte) []byte { b, _ = w.Rows[i].AppendBinary(b); return b }))
	}
	return nil
}

func (j *job) event(e *itsm.Event) eventJob {
	return eventJob{e.Version, j.appended(func(b []byte) []byte { b, _ = e.AppendBinary(b); return b })}
}

// appended writes to the job's bytes, and answers what was written.
func (j *job) appended(write func([]byte) []byte) []byte {
	from := len(j.bytes)
	j.bytes = write(j.bytes)
	return j.bytes[from:len(j.bytes):len(j.bytes)]
}

// receiptBody is what a receipt's row keeps beside its key.
type receiptBody struct {
	Input   itsm.Digest `json:"input"`
	Ref     itsm.Ref    `json:"ref"`
	Version int64       `json:"version"`
	At      time.Time   `json:"at"`
	Expires time.Time   `json:"expires,omitzero"`
}

func encodeReceipt(r *itsm.Receipt) ([]byte, error) {
	return json.Marshal(receiptBody{r.Input, r.Ref, r.Version, r.At, r.Expires})
}

func decodeReceipt(key itsm.ReceiptKey, data []byte) (*itsm.Receipt, error) {
	var b receiptBody
	if err := json.Unmarshal(data, &b); err != nil {
		return nil, damaged("receipt "+strconv.Quote(key.Key), err)
	}
	return &itsm.Receipt{ReceiptKey: key, Input: b.Input, Ref: b.Ref, Version: b.Version, At: b.At, Expires: b.Expires}, nil
}

func damaged(what string, cause error) error {
	return &itsm.Error{Code: itsm.ErrCorrupt.Code, Message: itsm.ErrCorrupt.Message, Args: map[string]string{"what": what}, Cause: cause}
}

// readable refuses the bytes of a newer program.
func readable(of int64) error {
	if of > format {
		return &itsm.Error{Code: itsm.ErrSchema.Code, Message: "a newer program wrote this record: update this one", Args: map[string]string{"format": strconv.FormatInt(of, 10)}}
	}
	return nil
}
