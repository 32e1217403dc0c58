// Package field holds the values of a record's fields: a closed set of types that every store keeps alike, and the
// custom fields that a desk declares for itself.
//
// A [Value] is text, a whole number, a number, a truth, an instant, a span of time or a list of texts. Its JSON tells
// its kind, so that it comes back as what it was. [Fields] are the custom fields of one record; a [Schema] says which
// there may be, and its compiled form judges them.
//
// Values and compiled schemas never change, so they may be shared between goroutines. Nothing here reads a clock.
package field

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Kind is the type of a [Value].
type Kind uint8

// The kinds. The zero Kind is that of no value at all.
const (
	KindNone    Kind = iota
	KindText         // UTF-8 without NUL
	KindInt          // a whole number of 64 bits
	KindNumber       // a finite floating point number of 64 bits
	KindBool         // true or false
	KindInstant      // a point in time, to the nanosecond, in UTC
	KindSpan         // a length of time, to the nanosecond
	KindList         // texts in order
)

// Value is one value of a closed set of types. The zero Value is none. A Value never changes; compare with
// [Value.Equal], which == cannot do.
//
// The constructors take what they are given; [Value.Check] tells whether a store may keep it.
type Value struct {
	kind Kind
	num  int64 // a whole number, the bits of a number, 0 or 1, nanoseconds since 1970, nanoseconds
	str  string
	list []string
}

// Text is a text.
func Text(s string) Value { return Value{kind: KindText, str: s} }

// Int is a whole number.
func Int(n int64) Value { return Value{kind: KindInt, num: n} }

// Number is a number that need not be whole. Negative zero becomes zero. NaN and the infinities are kept as they are,
// for [Value.Check] to refuse.
func Number(n float64) Value {
	return Value{kind: KindNumber, num: int64(math.Float64bits(n + 0))} // -0 + 0 is +0
}

// Bool is true or false.
func Bool(b bool) Value {
	v := Value{kind: KindBool}
	if b {
		v.num = 1
	}
	return v
}

// Instant is a point in time. The zero time is no instant, and gives the none Value. Times outside [MinInstant] to
// [MaxInstant] become a bound that [Value.Check] refuses.
func Instant(t time.Time) Value {
	if t.IsZero() {
		return Value{}
	}
	v := Value{kind: KindInstant}
	switch {
	case t.Before(MinInstant()):
		v.num = math.MinInt64
	case t.After(MaxInstant()):
		v.num = math.MaxInt64
	default:
		v.num = t.UnixNano()
	}
	return v
}

// MinInstant is the earliest instant that a value can hold, in the year 1677.
func MinInstant() time.Time { return time.Unix(0, math.MinInt64+1).UTC() }

// MaxInstant is the latest instant that a value can hold, in the year 2262.
func MaxInstant() time.Time { return time.Unix(0, math.MaxInt64-1).UTC() }

// Span is a length of time.
func Span(d time.Duration) Value { return Value{kind: KindSpan, num: int64(d)} }

// List is a list of texts. It keeps a copy.
func List(items ...string) Value {
	return Value{kind: KindList, list: slices.Clone(items)}
}

// Kind tells the type of v.
func (v Value) Kind() Kind { return v.kind }

// IsZero tells whether nothing was filled in: none, the empty text or the empty list. The numbers 0, the span 0 and
// false are answers, and so not empty.
func (v Value) IsZero() bool {
	switch v.kind {
	case KindNone:
		return true
	case KindText:
		return v.str == ""
	case KindList:
		return len(v.list) == 0
	}
	return false
}

// Text is the text, or "" for another kind; [Value.String] renders any kind.
func (v Value) Text() string { return v.str }

// Int is the whole number, or 0 for another kind.
func (v Value) Int() int64 { return v.numOf(KindInt) }

// Number is the number. A whole number answers the float64 nearest to it, any other kind 0.
func (v Value) Number() float64 {
	switch v.kind {
	case KindNumber:
		return math.Float64frombits(uint64(v.num))
	case KindInt:
		return float64(v.num)
	}
	return 0
}

// Bool is the truth, or false for another kind.
func (v Value) Bool() bool { return v.numOf(KindBool) == 1 }

// Instant is the point in time, in UTC, or the zero time for another kind.
func (v Value) Instant() time.Time {
	if v.kind != KindInstant {
		return time.Time{}
	}
	return time.Unix(0, v.num).UTC()
}

// Span is the length of time, or 0 for another kind.
func (v Value) Span() time.Duration { return time.Duration(v.numOf(KindSpan)) }

// List is a copy of the list, nil for another kind or an empty list. [Value.Len] and [Value.At] read without copying.
func (v Value) List() []string {
	if len(v.list) == 0 {
		return nil
	}
	return slices.Clone(v.list)
}

// Len is the number of texts in a list, 0 for another kind.
func (v Value) Len() int { return len(v.list) }

// At is the i-th text of a list, "" where there is none.
func (v Value) At(i int) string {
	if i < 0 || i >= len(v.list) {
		return ""
	}
	return v.list[i]
}

func (v Value) numOf(k Kind) int64 {
	if v.kind != k {
		return 0
	}
	return v.num
}

// String renders the value for people: instants in RFC 3339, spans as in 1h30m0s, lists with commas, none as "".
func (v Value) String() string {
	switch v.kind {
	case KindText:
		return v.str
	case KindInt:
		return strconv.FormatInt(v.num, 10)
	case KindNumber:
		return strconv.FormatFloat(v.Number(), 'f', -1, 64)
	case KindBool:
		return strconv.FormatBool(v.Bool())
	case KindInstant:
		return v.Instant().Format(time.RFC3339Nano)
	case KindSpan:
		return v.Span().String()
	case KindList:
		return strings.Join(v.list, ", ")
	}
	return ""
}

// Equal tells whether both are the same value of the same kind. Int(5) and Number(5) are not.
func (v Value) Equal(w Value) bool {
	return v.kind == w.kind && v.num == w.num && v.str == w.str && slices.Equal(v.list, w.list)
}

// Compare orders values: none first, then by kind; texts and lists in byte order; false before true; whole and other
// numbers together, exactly, by what they amount to. It is 0 for equal values, and for a whole and another number
// that amount to the same.
func Compare(a, b Value) int {
	if a.kind != b.kind {
		switch {
		case a.kind == KindInt && b.kind == KindNumber:
			return compareMixed(a.num, b.Number())
		case a.kind == KindNumber && b.kind == KindInt:
			return -compareMixed(b.num, a.Number())
		}
		return cmp.Compare(a.kind, b.kind)
	}
	switch a.kind {
	case KindText:
		return strings.Compare(a.str, b.str)
	case KindNumber:
		return cmp.Compare(a.Number(), b.Number())
	case KindList:
		return slices.Compare(a.list, b.list)
	}
	return cmp.Compare(a.num, b.num)
}

// compareMixed compares without rounding n to a float64, which would make neighbours above 2^53 equal. NaN comes
// before every number, as in [cmp.Compare].
func compareMixed(n int64, f float64) int {
	switch {
	case math.IsNaN(f) || f < -(1<<63):
		return 1
	case f >= 1<<63:
		return -1
	}
	whole := math.Trunc(f) // fits an int64 now
	if c := cmp.Compare(n, int64(whole)); c != 0 {
		return c
	}
	return cmp.Compare(whole, f)
}

// Check tells whether a store may keep v: text is UTF-8 without NUL ([ErrText]), numbers are finite ([ErrNumber]), and
// instants lie between [MinInstant] and [MaxInstant] ([ErrInstant]).
func (v Value) Check() error {
	switch v.kind {
	case KindText:
		if !cleanText(v.str) {
			return ErrText
		}
	case KindList:
		for _, s := range v.list {
			if !cleanText(s) {
				return ErrText
			}
		}
	case KindNumber:
		if f := v.Number(); math.IsNaN(f) || math.IsInf(f, 0) {
			return ErrNumber
		}
	case KindInstant:
		if v.num == math.MinInt64 || v.num == math.MaxInt64 {
			return ErrInstant
		}
	}
	return nil
}

func cleanText(s string) bool {
	return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0
}
