// Package relational is what stores on SQL share: how a column of a kind becomes a column of a table, how a query becomes
// SQL, and how the schema goes from one version to the next.
//
// A column never holds NULL, so that every condition is true or false and lists page by plain comparison: what is empty is
// the lowest value of its class. Only indexed columns are columns of the table; a filter on another one is judged in Go, by
// [itsm.Filter.Match], on the records that the rest of the filter leaves.
package relational

import (
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
)

// Class is how a column is kept.
type Class uint8

// The classes. Header fields of text and instants are kept as people read them; all else, and every custom field, as bytes
// whose order is that of [field.Compare], because a custom field may still hold what an earlier schema allowed.
const (
	Text    Class = iota + 1 // the text; empty where nothing is filled in
	Instant                  // nanoseconds since 1970; the lowest integer where nothing is filled in
	Whole                    // the version, which is always there
	Key                      // ordered bytes; none where nothing is filled in
)

// Column is a column of a kind.
type Column struct {
	itsm.ColumnSpec
	Class Class
	// Stored tells that the table has it.
	Stored bool

	codec  itsm.Codec
	custom bool
}

func columnOf(c itsm.Codec, spec itsm.ColumnSpec) Column {
	col := Column{ColumnSpec: spec, codec: c, custom: strings.HasPrefix(spec.Name, "custom.")}
	switch {
	case spec.Name == "version":
		col.Class = Whole
	case spec.Name == "id":
		col.Class = Text
	case col.custom:
		col.Class = Key
	case spec.Kind == field.KindText:
		col.Class = Text
	case spec.Kind == field.KindInstant:
		col.Class = Instant
	default:
		col.Class = Key
	}
	col.Stored = spec.Indexed && spec.Kind != field.KindList || spec.Name == "id" || spec.Name == "version"
	return col
}

// fixed reports whether every table has the column anyway.
func (c *Column) fixed() bool { return c.Name == "id" || c.Name == "version" }

// Quoted is the name in SQL. Names that begin with an underscore are the store's own.
func (c *Column) Quoted() string { return Quote(c.SQLName()) }

// SQLName is the name of the column in the table.
func (c *Column) SQLName() string {
	if strings.HasPrefix(c.Name, "_") {
		return "_" + c.Name
	}
	return shorten(c.Name)
}

// Value is what the table holds for a record.
func (c *Column) Value(r itsm.Record) (any, error) { return c.encode(c.codec.Value(r, c.Name)) }

// encode is what the table holds for a value.
func (c *Column) encode(v field.Value) (any, error) {
	if c.Class == Key {
		return AppendKey(nil, v), nil
	}
	if v.Kind() != c.Kind && !v.IsZero() {
		return nil, itsm.Invalid(c.Name, fmt.Sprintf("the column holds a %s and is declared as %s", v.Kind(), c.Kind))
	}
	switch c.Class {
	case Text:
		return v.Text(), nil
	case Instant:
		return instant(v), nil
	default:
		return v.Int(), nil
	}
}

// decode is the value of what the table holds. It is for columns of which the kind tells all.
func (c *Column) decode(stored any) field.Value {
	switch v := stored.(type) {
	case string:
		if c.Class == Text && v != "" {
			return field.Text(v)
		}
		if c.Class == Key {
			return keyValue([]byte(v), c.Kind)
		}
	case int64:
		switch {
		case c.Class == Whole:
			return field.Int(v)
		case v != math.MinInt64:
			return field.Instant(InstantOf(v))
		}
	case []byte:
		if c.Class == Text {
			return c.decode(string(v))
		}
		return keyValue(v, c.Kind)
	}
	return field.Value{}
}

func instant(v field.Value) int64 {
	if v.Kind() != field.KindInstant {
		return math.MinInt64
	}
	return v.Instant().UnixNano()
}

// The first byte of a key is the kind of its value; whole and other numbers are one, because they are ordered together.
const (
	keyText    = 1
	keyNumber  = 2
	keyBool    = 4
	keyInstant = 5
	keySpan    = 6
	keyList    = 7
)

// AppendKey writes a value as bytes that compare as [field.Compare] compares values; what is empty is no bytes.
func AppendKey(b []byte, v field.Value) []byte {
	if v.IsZero() {
		if b == nil {
			return []byte{}
		}
		return b
	}
	switch v.Kind() {
	case field.KindText:
		b = append(b, keyText)
		return append(b, v.Text()...)
	case field.KindInt:
		return appendNumber(append(b, keyNumber), v.Int(), 0)
	case field.KindNumber:
		return appendFloat(append(b, keyNumber), v.Number())
	case field.KindBool:
		if v.Bool() {
			return append(b, keyBool, 1)
		}
		return append(b, keyBool, 0)
	case field.KindInstant:
		return appendInt(append(b, keyInstant), v.Instant().UnixNano())
	case field.KindSpan:
		return appendInt(append(b, keySpan), int64(v.Span()))
	default:
		b = append(b, keyList)
		for i := range v.Len() {
			b = append(b, v.At(i)...)
			b = append(b, 0) // no text has one, and nothing comes before it
		}
		return b
	}
}

// appendNumber orders exactly: by the whole part, then by what is behind it, which has the sign of the number.
func appendNumber(b []byte, whole int64, fraction float64) []byte {
	b = appendInt(append(b, 1), whole)
	switch {
	case fraction < 0:
		return appendBits(append(b, 0), fraction)
	case fraction > 0:
		return appendBits(append(b, 0xff), fraction)
	}
	return append(b, 0x80)
}

func appendFloat(b []byte, f float64) []byte {
	switch {
	case math.IsNaN(f): // before every number
		return b
	case f < -(1 << 63):
		return appendBits(append(b, 0), f)
	case f >= 1<<63:
		return appendBits(append(b, 2), f)
	}
	whole := math.Trunc(f)
	return appendNumber(b, int64(whole), f-whole)
}

func appendInt(b []byte, n int64) []byte {
	return binary.BigEndian.AppendUint64(b, uint64(n)^1<<63)
}

// appendBits writes a float so that bytes compare as floats do.
func appendBits(b []byte, f float64) []byte {
	bits := math.Float64bits(f)
	if bits>>63 == 1 {
		bits = ^bits
	} else {
		bits |= 1 << 63
	}
	return binary.BigEndian.AppendUint64(b, bits)
}

// keyValue reads a key of a declared kind back.
func keyValue(key []byte, kind field.Kind) field.Value {
	if len(key) == 0 {
		return field.Value{}
	}
	number := func(at int) int64 { return int64(binary.BigEndian.Uint64(key[at:]) ^ 1<<63) }
	switch kind {
	case field.KindText:
		return field.Text(string(key[1:]))
	case field.KindBool:
		return field.Bool(key[1] == 1)
	case field.KindInstant:
		return field.Instant(InstantOf(number(1)))
	case field.KindSpan:
		return field.Span(time.Duration(number(1)))
	case field.KindInt:
		return field.Int(number(2))
	case field.KindNumber:
		float := func(at int) float64 {
			bits := binary.BigEndian.Uint64(key[at:])
			if bits>>63 == 1 {
				return math.Float64frombits(bits &^ (1 << 63))
			}
			return math.Float64frombits(^bits)
		}
		if key[1] != 1 {
			return field.Number(float(2))
		}
		whole := float64(number(2))
		if key[10] == 0x80 {
			return field.Number(whole)
		}
		return field.Number(whole + float(11))
	}
	return field.Value{}
}
