package field

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// AppendJSON appends the value in the one form that its kind has:
//
//	none     null
//	Text     "x"
//	Int      5
//	Number   5.0 or 1e+21: always with a point or an exponent
//	Bool     true
//	Instant  {"t":"2026-01-02T03:04:05.123456789Z"}
//	Span     {"d":5400000000000}, in nanoseconds
//	List     ["a","b"]
//
// [ParseJSON] gives an equal value for every value that passes [Value.Check]. For another one the JSON is valid all the
// same, with U+FFFD for bytes that are no text and null for a number that is not finite.
// It allocates nothing where dst has room.
func (v Value) AppendJSON(dst []byte) []byte {
	switch v.kind {
	case KindText:
		return appendString(dst, v.str)
	case KindInt:
		return strconv.AppendInt(dst, v.num, 10)
	case KindNumber:
		return appendNumber(dst, v.Number())
	case KindBool:
		return strconv.AppendBool(dst, v.num == 1)
	case KindInstant:
		dst = append(dst, `{"t":"`...)
		dst = v.Instant().AppendFormat(dst, time.RFC3339Nano)
		return append(dst, `"}`...)
	case KindSpan:
		dst = append(dst, `{"d":`...)
		dst = strconv.AppendInt(dst, v.num, 10)
		return append(dst, '}')
	case KindList:
		dst = append(dst, '[')
		for i, s := range v.list {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendString(dst, s)
		}
		return append(dst, ']')
	}
	return append(dst, "null"...)
}

// MarshalJSON is [Value.AppendJSON] of a value that passes [Value.Check], and that error for another.
func (v Value) MarshalJSON() ([]byte, error) {
	if err := v.Check(); err != nil {
		return nil, err
	}
	return v.AppendJSON(nil), nil
}

// ParseJSON reads what [Value.AppendJSON] wrote, white space between tokens allowed. What it accepts passes
// [Value.Check]; anything else is an error that matches [ErrSyntax], [ErrText], [ErrNumber] or [ErrInstant].
func ParseJSON(data []byte) (Value, error) {
	p := parser{data: data}
	v, err := p.value()
	if err == nil {
		err = p.end()
	}
	if err != nil {
		return Value{}, fmt.Errorf("field: %w, at byte %d", err, p.at)
	}
	return v, nil
}

// UnmarshalJSON is [ParseJSON].
func (v *Value) UnmarshalJSON(data []byte) error {
	read, err := ParseJSON(data)
	if err != nil {
		return err
	}
	*v = read
	return nil
}

// AppendJSON appends the fields as an object, {"name":value}, in their order.
func (f Fields) AppendJSON(dst []byte) []byte {
	dst = append(dst, '{')
	for i, e := range f {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendString(dst, e.Name)
		dst = append(dst, ':')
		dst = e.Value.AppendJSON(dst)
	}
	return append(dst, '}')
}

// MarshalJSON is [Fields.AppendJSON] of fields that pass [Fields.Check], and that error for others.
func (f Fields) MarshalJSON() ([]byte, error) {
	if err := f.Check(); err != nil {
		return nil, err
	}
	return f.AppendJSON(nil), nil
}

// UnmarshalJSON reads an object of values, its members in any order. A member named twice is an error, and an empty
// value is left out. null is no fields.
func (f *Fields) UnmarshalJSON(data []byte) error {
	p := parser{data: data}
	read, err := p.fields()
	if err == nil {
		err = p.end()
	}
	if err != nil {
		return fmt.Errorf("field: %w, at byte %d", err, p.at)
	}
	*f = read
	return nil
}

func appendNumber(dst []byte, f float64) []byte {
	size := math.Abs(f)
	switch {
	case math.IsNaN(f) || math.IsInf(f, 0):
		return append(dst, "null"...)
	case size != 0 && size < 1e-6 || size >= 1e21:
		return strconv.AppendFloat(dst, f, 'e', -1, 64)
	}
	dst = strconv.AppendFloat(dst, f, 'f', -1, 64)
	if f == math.Trunc(f) {
		dst = append(dst, ".0"...)
	}
	return dst
}
