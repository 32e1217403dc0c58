package field

import (
	"bytes"
	"encoding/json"
)

// Packed keeps a value of several parts, such as a list of criteria, in one field of a record: as the text of its JSON.
// It never changes: make another one with [Pack]. The zero value holds the zero T and takes no room.
//
// Stores see one text, so parts of it are no columns. In JSON it is the value itself.
type Packed[T any] struct{ text string }

// Pack keeps a value. Two that were made of equal values are equal. A zero value that marshals as null, such as a nil
// slice, makes the zero Packed. What JSON cannot hold (a channel, a NaN) is an error.
func Pack[T any](v T) (Packed[T], error) {
	text, err := json.Marshal(v)
	if err != nil {
		return Packed[T]{}, err
	}
	return packed[T](text), nil
}

func packed[T any](text []byte) Packed[T] {
	if string(text) == "null" {
		return Packed[T]{}
	}
	return Packed[T]{string(text)}
}

// Get answers a value of the caller's own. It costs reading JSON.
func (p Packed[T]) Get() T {
	var v T
	if p.text != "" {
		_ = json.Unmarshal([]byte(p.text), &v) // what is held was read or written by the same type
	}
	return v
}

// IsZero reports whether nothing is held.
func (p Packed[T]) IsZero() bool { return p.text == "" }

// MarshalText writes what is held as JSON, and nothing where nothing is.
func (p Packed[T]) MarshalText() ([]byte, error) { return []byte(p.text), nil }

// UnmarshalText reads what MarshalText wrote. It refuses what is no T.
func (p *Packed[T]) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*p = Packed[T]{}
		return nil
	}
	return p.UnmarshalJSON(text)
}

// MarshalJSON writes the value itself.
func (p Packed[T]) MarshalJSON() ([]byte, error) {
	if p.text == "" {
		return []byte("null"), nil
	}
	return []byte(p.text), nil
}

// UnmarshalJSON reads a value, and writes it anew, so that equal values are equal texts.
func (p *Packed[T]) UnmarshalJSON(data []byte) error {
	var v T
	if err := json.Unmarshal(bytes.TrimSpace(data), &v); err != nil {
		return err
	}
	made, err := Pack(v)
	if err == nil {
		*p = made
	}
	return err
}
