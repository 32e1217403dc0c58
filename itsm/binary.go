package itsm

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"time"
)

// binaryFormat is the first byte of every stored event and row. A program reads all formats up to its own.
const binaryFormat = 1

// AppendBinary writes the event for a store that keeps bytes: compact, without loss, and in a format that later programs
// read too. It implements [encoding.BinaryAppender] and never fails.
func (e *Event) AppendBinary(b []byte) ([]byte, error) {
	b = append(b, binaryFormat)
	b = appendText(b, e.Tenant)
	b = appendText(b, e.Key.Kind)
	b = appendText(b, e.ID)
	b = binary.AppendVarint(b, e.Version)
	b = appendInstant(b, e.At)
	b = appendText(b, e.Name)
	b = appendTexts(b, e.Also)
	b = append(b, byte(e.Actor.Kind))
	b = appendText(b, e.Actor.ID)
	b = appendText(b, e.Actor.Tenant)
	b = appendText(b, e.Actor.OnBehalfOf)
	b = binary.AppendUvarint(b, uint64(len(e.Actor.Roles)))
	for _, role := range e.Actor.Roles {
		b = appendText(b, string(role))
	}
	b = appendText(b, e.Cause)
	b = appendBytes(b, e.Facts)
	b = binary.AppendUvarint(b, uint64(len(e.Sealed)))
	for i := range e.Sealed {
		b = e.Sealed[i].append(b)
	}
	b = binary.AppendUvarint(b, uint64(len(e.Rows)))
	for i := range e.Rows {
		b = binary.AppendVarint(b, e.Rows[i].ID)
		b = appendText(b, string(e.Rows[i].Kind))
		b = append(b, e.Rows[i].Digest[:]...)
	}
	return append(b, e.Digest[:]...), nil
}

// UnmarshalBinary reads what AppendBinary wrote, now or in an earlier program. It keeps nothing of data. ErrCorrupt says
// that it is damaged, ErrSchema that a newer program wrote it.
func (e *Event) UnmarshalBinary(data []byte) error {
	r := newReader(data)
	*e = Event{}
	e.Tenant, e.Key.Kind, e.ID = r.text(), r.text(), r.text()
	e.Version, e.At, e.Name = r.int(), r.instant(), r.text()
	e.Also = readMany(r, 1, r.text)
	e.Actor.Kind = ActorKind(r.byte())
	e.Actor.ID, e.Actor.Tenant, e.Actor.OnBehalfOf = r.text(), r.text(), r.text()
	e.Actor.Roles = readMany(r, 1, func() Role { return Role(r.text()) })
	e.Cause, e.Facts = r.text(), r.bytes()
	e.Sealed = readMany(r, 4+len(Digest{}), r.sealed)
	e.Rows = readMany(r, 2+len(Digest{}), func() RowStamp { return RowStamp{ID: r.int(), Kind: RowKind(r.text()), Digest: r.digest()} })
	e.Digest = r.digest()
	return r.end("event")
}

// AppendBinary writes the row as [Event.AppendBinary] does an event.
func (r *Row) AppendBinary(b []byte) ([]byte, error) {
	b = append(b, binaryFormat)
	b = appendText(b, r.Record.Tenant)
	b = appendText(b, r.Record.Kind)
	b = appendText(b, r.Record.ID)
	b = binary.AppendVarint(b, r.ID)
	b = appendText(b, string(r.Kind))
	b = binary.AppendVarint(b, r.Version)
	b = appendInstant(b, r.At)
	b = appendText(b, r.Key)
	b = appendBytes(b, r.Facts)
	return r.Sealed.append(b), nil
}

// UnmarshalBinary reads what AppendBinary wrote, with the errors of [Event.UnmarshalBinary].
func (r *Row) UnmarshalBinary(data []byte) error {
	from := newReader(data)
	*r = Row{}
	r.Record.Tenant, r.Record.Kind, r.Record.ID = from.text(), from.text(), from.text()
	r.ID, r.Kind, r.Version, r.At = from.int(), RowKind(from.text()), from.int(), from.instant()
	r.Key, r.Facts, r.Sealed = from.text(), from.bytes(), from.sealed()
	return from.end("row")
}

func (s *Sealed) append(b []byte) []byte {
	b = appendText(b, s.Field)
	b = appendText(b, s.Subject)
	b = appendBytes(b, s.Salt)
	b = appendBytes(b, s.Value)
	return append(b, s.Digest[:]...)
}

func appendInstant(b []byte, t time.Time) []byte {
	b = binary.AppendVarint(b, t.Unix())
	return binary.AppendUvarint(b, uint64(t.Nanosecond()))
}

func appendTexts(b []byte, texts []string) []byte {
	b = binary.AppendUvarint(b, uint64(len(texts)))
	for _, s := range texts {
		b = appendText(b, s)
	}
	return b
}

// appendBytes tells nil from empty: an erased salt is nil.
func appendBytes(b, data []byte) []byte {
	if data == nil {
		return append(b, 0)
	}
	b = binary.AppendUvarint(b, uint64(len(data))+1)
	return append(b, data...)
}

// reader takes bytes apart. After the first fault it answers zeros.
type reader struct {
	data  []byte
	all   string // the same, for texts
	at    int
	fault error
}

func newReader(data []byte) *reader {
	r := &reader{data: bytes.Clone(data), all: string(data)}
	switch format := r.byte(); {
	case r.fault != nil:
	case format == 0:
		r.fail("there is no format 0")
	case format > binaryFormat:
		r.fault = ErrSchema.with("format", fmt.Sprint(format), "written by a newer program: update this one")
	}
	return r
}

func (r *reader) fail(what string) {
	if r.fault == nil {
		r.fault = ErrCorrupt.because(fmt.Errorf("byte %d: %s", r.at, what))
	}
	r.at = len(r.data)
}

func (r *reader) end(what string) error {
	if r.fault == nil && r.at < len(r.data) {
		r.fail(fmt.Sprintf("%d bytes behind the end of the %s", len(r.data)-r.at, what))
	}
	return r.fault
}

// take answers where the next n bytes begin.
func (r *reader) take(n uint64) (from int, ok bool) {
	if n > uint64(len(r.data)-r.at) {
		r.fail("it ends too early")
		return 0, false
	}
	from = r.at
	r.at += int(n)
	return from, true
}

func (r *reader) byte() byte {
	if from, ok := r.take(1); ok {
		return r.data[from]
	}
	return 0
}

func (r *reader) uint() uint64 {
	v, n := binary.Uvarint(r.data[r.at:])
	if n <= 0 {
		r.fail("a number is broken")
		return 0
	}
	r.at += n
	return v
}

func (r *reader) int() int64 {
	v, n := binary.Varint(r.data[r.at:])
	if n <= 0 {
		r.fail("a number is broken")
		return 0
	}
	r.at += n
	return v
}

func (r *reader) text() string {
	n := r.uint()
	if from, ok := r.take(n); ok {
		return r.all[from:r.at]
	}
	return ""
}

func (r *reader) bytes() []byte {
	n := r.uint()
	if n == 0 {
		return nil
	}
	if from, ok := r.take(n - 1); ok {
		return r.data[from:r.at:r.at]
	}
	return nil
}

func (r *reader) digest() (d Digest) {
	if from, ok := r.take(uint64(len(d))); ok {
		copy(d[:], r.data[from:])
	}
	return d
}

func (r *reader) instant() time.Time {
	seconds, nanoseconds := r.int(), r.uint()
	if nanoseconds >= uint64(time.Second) {
		r.fail("an instant is broken")
		return time.Time{}
	}
	return time.Unix(seconds, int64(nanoseconds)).UTC()
}

func (r *reader) sealed() Sealed {
	return Sealed{Field: r.text(), Subject: r.text(), Salt: r.bytes(), Value: r.bytes(), Digest: r.digest()}
}

// readMany reads a list whose items take least bytes each, so that a broken count makes no room for what is not there.
func readMany[T any](r *reader, least int, one func() T) []T {
	n := r.uint()
	if n > uint64((len(r.data)-r.at)/least) {
		r.fail("a list is longer than what is left")
		return nil
	}
	if n == 0 {
		return nil
	}
	items := make([]T, n)
	for i := range items {
		items[i] = one()
	}
	return items
}
