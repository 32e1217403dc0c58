package itsm

import (
	"crypto/sha256"
	"encoding/binary"
	"time"
)

// RowKind tells the rows of a record apart.
type RowKind string

// The rows that the kernel knows. A practice may have kinds of its own.
const (
	Comments    RowKind = "comment"
	WorkNotes   RowKind = "work_note"
	TimeEntries RowKind = "time_entry"
	Attachments RowKind = "attachment"
	Links       RowKind = "link"
	Watchers    RowKind = "watcher"
)

// Row is something that hangs on a record and stays out of it, so that a long ticket stays cheap: a comment, a link, a
// time entry. It is written once, under the record's version; it can be removed, and its personal part erased.
type Row struct {
	Record Key
	// ID is unique and ascending in the record.
	ID      int64
	Kind    RowKind
	Version int64
	At      time.Time
	// Key finds the row: a comment's message id, a link's type and other end. It may be empty.
	Key string
	// Facts is the JSON of what is not personal.
	Facts []byte
	// Sealed holds the JSON of what is personal, such as a comment's text; its Subject is the author or the watcher.
	Sealed Sealed
}

// Redact answers the row without its personal part.
func (r Row) Redact() Row {
	r.Sealed = r.Sealed.redact()
	return r
}

// digest binds everything of a row but what can be erased, which is bound by its own digest.
func (r *Row) digest(scratch []byte) (Digest, []byte) {
	b := binary.BigEndian.AppendUint64(scratch[:0], uint64(r.ID))
	b = appendText(b, string(r.Kind))
	b = binary.BigEndian.AppendUint64(b, uint64(r.Version))
	b = binary.BigEndian.AppendUint64(b, uint64(r.At.UnixNano()))
	b = appendText(b, r.Key)
	b = append(b, r.Facts...)
	b = append(b, r.Sealed.Digest[:]...)
	return sha256.Sum256(b), b
}
