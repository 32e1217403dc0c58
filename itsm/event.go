package itsm

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"time"

	"github.com/itsmkit/itsmkit/field"
)

// Digest is a SHA-256 sum.
type Digest [sha256.Size]byte

// String is the digest in hexadecimal.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// MarshalText writes the digest in hexadecimal.
func (d Digest) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (d *Digest) UnmarshalText(text []byte) error {
	n, err := hex.Decode(d[:], text)
	if err != nil || n != len(d) {
		return ErrInvalid.with("digest", string(text), "a digest is 64 hexadecimal digits")
	}
	return nil
}

// Event is what one command did to one record. Its Version is the version that the record then had, so that a record's
// events are numbered without a gap, and their order is the version, never the time. A stored event is never changed,
// but for the erasure of personal values.
type Event struct {
	Key
	Version int64
	// At is the instant of the command, or of the record's event before it where the clock had gone back. UTC.
	At time.Time
	// Name is the record's kind and what happened, such as "incident.resolved".
	Name string
	// Also lists what else happened to the record in the same command, such as a resume by a hook.
	Also []string
	// Actor acted; for a person the ID is sealed, and is [Erased] after the person was.
	Actor Actor
	// Cause is what made the command: empty for a call, else a timer or the record and version that it followed from.
	Cause string
	// Facts is a JSON object. A field that changed is "name":[before,after], or "name":[after] where it was empty; what
	// else happened is "@name":[...].
	Facts []byte
	// Sealed are the values of personal fields, each salted by itself.
	Sealed []Sealed
	// Rows stamps the comments, links and other rows that the command added.
	Rows []RowStamp
	// Digest chains the event to the one before it.
	Digest Digest
}

// Sealed is a personal value: it can be erased without breaking the chain, because only its digest is chained.
type Sealed struct {
	Field string
	// Subject is the person whose data it is.
	Subject string
	// Salt and Value are nil after erasure. Value is JSON.
	Salt   []byte
	Value  []byte
	Digest Digest
}

// Erased reports whether the value is gone.
func (s *Sealed) Erased() bool { return s.Salt == nil }

func (s Sealed) redact() Sealed {
	return Sealed{Field: s.Field, Subject: Erased, Digest: s.Digest}
}

// Redact answers a copy of the event without the sealed values of the named fields. Stores use it.
func (e *Event) Redact(fields []string) *Event {
	redacted := *e
	redacted.Sealed = slices.Clone(e.Sealed)
	for i := range redacted.Sealed {
		s := &redacted.Sealed[i]
		if !slices.Contains(fields, s.Field) {
			continue
		}
		*s = s.redact()
		switch s.Field {
		case sealedActor:
			redacted.Actor.ID = Erased
		case sealedOnBehalf:
			redacted.Actor.OnBehalfOf = Erased
		}
	}
	return &redacted
}

// copied shares nothing with the event.
func (e *Event) copied() *Event {
	c := *e
	c.Also, c.Facts, c.Sealed, c.Rows = slices.Clone(e.Also), slices.Clone(e.Facts), slices.Clone(e.Sealed), slices.Clone(e.Rows)
	for i := range c.Sealed {
		c.Sealed[i].Salt, c.Sealed[i].Value = slices.Clone(c.Sealed[i].Salt), slices.Clone(c.Sealed[i].Value)
	}
	return &c
}

// RowStamp binds a row to the event that added it.
type RowStamp struct {
	ID     int64
	Kind   RowKind
	Digest Digest
}

// FieldChange is one field of an event, for people and programs. A personal value that was erased is [Erased] here; in a
// record it is that text where the field holds text, and else nothing.
type FieldChange struct {
	Field            string
	From, To         field.Value
	Personal, Erased bool
}

// The sealed fields that hold the event's people.
const (
	sealedActor    = "@actor"
	sealedOnBehalf = "@on_behalf_of"
	sealedPeople   = "@person." // and a number: each can be erased alone
)

const saltSize = 16

// seal computes the digest of a personal value from its salt.
func sealDigest(scratch []byte, s *Sealed) (Digest, []byte) {
	b := append(scratch[:0], s.Salt...)
	b = appendText(b, s.Field)
	b = appendText(b, s.Subject)
	b = append(b, s.Value...)
	return sha256.Sum256(b), b
}

// chain computes the digest of an event: the one before it, the header, the facts, and the digests of what can be erased.
func (e *Event) chain(scratch []byte, before Digest) (Digest, []byte) {
	facts := sha256.Sum256(e.Facts)
	b := append(scratch[:0], before[:]...)
	b = appendText(b, e.Tenant)
	b = appendText(b, e.Key.Kind)
	b = appendText(b, e.ID)
	b = binary.BigEndian.AppendUint64(b, uint64(e.Version))
	b = binary.BigEndian.AppendUint64(b, uint64(e.At.UnixNano()))
	b = appendText(b, e.Name)
	b = binary.AppendUvarint(b, uint64(len(e.Also)))
	for _, also := range e.Also {
		b = appendText(b, also)
	}
	b = append(b, byte(e.Actor.Kind))
	if e.Actor.Kind != Person {
		b = appendText(b, e.Actor.ID)
	}
	b = appendText(b, e.Cause)
	b = append(b, facts[:]...)
	b = binary.AppendUvarint(b, uint64(len(e.Sealed)))
	for i := range e.Sealed {
		b = appendText(b, e.Sealed[i].Field)
		b = append(b, e.Sealed[i].Digest[:]...)
	}
	b = binary.AppendUvarint(b, uint64(len(e.Rows)))
	for i := range e.Rows {
		b = binary.BigEndian.AppendUint64(b, uint64(e.Rows[i].ID))
		b = appendText(b, string(e.Rows[i].Kind))
		b = append(b, e.Rows[i].Digest[:]...)
	}
	return sha256.Sum256(b), b
}

// appendText is length-prefixed, so that no two headers read alike.
func appendText(b []byte, s string) []byte {
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}
