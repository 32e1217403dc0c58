package itsm

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"

	"github.com/itsmkit/itsmkit/field"
)

// Filter is a condition on the columns of a kind: header fields by their JSON names ("state", "assignee"), fields of
// the record, custom fields as "custom.name", and "id", "version", "created_at", "updated_at". On tickets "open_assignee"
// is the assignee while the ticket is open: an index of what people have to do. It is data: the memory
// store evaluates it, SQL stores compile it. Build it with [Where], [All], [Any] and [Not].
//
// A column that is empty matches only [Column.Empty], [Column.IsNot], [Column.NotIn] and what Not negates.
type Filter struct {
	Op     Op            `json:"op"`
	Column string        `json:"column,omitempty"`
	Values []field.Value `json:"values,omitempty"`
	Parts  []Filter      `json:"parts,omitempty"`
}

// Op is what a filter does.
type Op string

// The operators.
const (
	OpAll    Op = "all"    // every part holds; true without parts
	OpAny    Op = "any"    // one part holds; false without parts
	OpNot    Op = "not"    // its one part does not hold
	OpIn     Op = "in"     // the column equals one of the values; a list column has one of them
	OpLess   Op = "lt"     // before the value, both filled and of comparable kinds
	OpMost   Op = "le"     // before or equal
	OpMore   Op = "gt"     // after
	OpLeast  Op = "ge"     // after or equal
	OpPrefix Op = "prefix" // text that begins with the value, byte by byte
	OpHas    Op = "has"    // text that contains the value, ASCII letters of either case alike
	OpEmpty  Op = "empty"  // nothing filled in
)

// Column names a column in a filter.
type Column string

// Where begins a condition on a column.
func Where(column string) Column { return Column(column) }

func (c Column) op(op Op, values ...field.Value) Filter {
	return Filter{Op: op, Column: string(c), Values: values}
}

// Is matches a text.
func (c Column) Is(text string) Filter { return c.op(OpIn, field.Text(text)) }

// IsNot matches every other text and no text at all.
func (c Column) IsNot(text string) Filter { return Not(c.Is(text)) }

// In matches one of the texts.
func (c Column) In(texts ...string) Filter {
	values := make([]field.Value, len(texts))
	for i, t := range texts {
		values[i] = field.Text(t)
	}
	return c.op(OpIn, values...)
}

// NotIn matches every other text and no text at all.
func (c Column) NotIn(texts ...string) Filter { return Not(c.In(texts...)) }

// Equals matches a value of any kind.
func (c Column) Equals(v field.Value) Filter { return c.op(OpIn, v) }

// Before matches less than v.
func (c Column) Before(v field.Value) Filter { return c.op(OpLess, v) }

// AtMost matches v and less.
func (c Column) AtMost(v field.Value) Filter { return c.op(OpMost, v) }

// After matches more than v.
func (c Column) After(v field.Value) Filter { return c.op(OpMore, v) }

// AtLeast matches v and more.
func (c Column) AtLeast(v field.Value) Filter { return c.op(OpLeast, v) }

// Prefix matches text that begins so.
func (c Column) Prefix(text string) Filter { return c.op(OpPrefix, field.Text(text)) }

// Contains matches text that contains it; ASCII letters of either case are alike.
func (c Column) Contains(text string) Filter { return c.op(OpHas, field.Text(text)) }

// Empty matches where nothing is filled in.
func (c Column) Empty() Filter { return c.op(OpEmpty) }

// All holds where every part holds.
func All(parts ...Filter) Filter { return Filter{Op: OpAll, Parts: parts} }

// Any holds where one part holds.
func Any(parts ...Filter) Filter { return Filter{Op: OpAny, Parts: parts} }

// Not holds where the part does not.
func Not(part Filter) Filter { return Filter{Op: OpNot, Parts: []Filter{part}} }

// Match evaluates the filter, the reference for every store.
func (f *Filter) Match(column func(name string) field.Value) bool {
	switch f.Op {
	case OpAll:
		for i := range f.Parts {
			if !f.Parts[i].Match(column) {
				return false
			}
		}
		return true
	case OpAny:
		for i := range f.Parts {
			if f.Parts[i].Match(column) {
				return true
			}
		}
		return false
	case OpNot:
		return !f.Parts[0].Match(column)
	}
	have := column(f.Column)
	if f.Op == OpEmpty {
		return have.IsZero()
	}
	if have.IsZero() {
		return false
	}
	if f.Op == OpIn {
		for _, want := range f.Values {
			if have.Equal(want) || have.Kind() == field.KindList && want.Kind() == field.KindText && has(have, want.Text()) {
				return true
			}
		}
		return false
	}
	want := f.Values[0]
	switch f.Op {
	case OpPrefix:
		return have.Kind() == field.KindText && strings.HasPrefix(have.Text(), want.Text())
	case OpHas:
		return have.Kind() == field.KindText && containsFold(have.Text(), want.Text())
	}
	if !alike(have, want) {
		return false
	}
	switch c := field.Compare(have, want); f.Op {
	case OpLess:
		return c < 0
	case OpMost:
		return c <= 0
	case OpMore:
		return c > 0
	default:
		return c >= 0
	}
}

// alike reports whether two values have an order that means something.
func alike(a, b field.Value) bool {
	number := func(k field.Kind) bool { return k == field.KindInt || k == field.KindNumber }
	return a.Kind() == b.Kind() || number(a.Kind()) && number(b.Kind())
}

func has(list field.Value, text string) bool {
	for i := range list.Len() {
		if list.At(i) == text {
			return true
		}
	}
	return false
}

func containsFold(text, part string) bool {
	return strings.Contains(lowerASCII(text), lowerASCII(part))
}

// lowerASCII folds only ASCII, so that every store can do the same.
func lowerASCII(s string) string {
	for i := range len(s) {
		if c := s[i]; 'A' <= c && c <= 'Z' {
			b := []byte(s)
			for ; i < len(b); i++ {
				if c := b[i]; 'A' <= c && c <= 'Z' {
					b[i] = c + 'a' - 'A'
				}
			}
			return string(b)
		}
	}
	return s
}

// Sort orders by a column. Empty values come first, and last where Descending is set; ties are broken by id, in the
// direction of the last column.
type Sort struct {
	Column     string `json:"column"`
	Descending bool   `json:"descending,omitempty"`
}

// Query asks for the records of one kind in the actor's tenant. The zero Query is the first page of all of them by id.
type Query struct {
	// Filter limits the records; nil takes all.
	Filter *Filter
	// Sort orders them; empty orders by id.
	Sort []Sort
	// Limit is the size of a page, 50 where it is 0 and 1,000 at most.
	Limit int
	// Cursor continues after a page: what [Page].Next said. It is refused with ErrCursor under another sort.
	Cursor string
}

// The sizes of pages.
const (
	defaultLimit = 50
	maxLimit     = 1000
)

// Page is one page of an answer.
type Page[T any] struct {
	Records []T
	// Next is the cursor of the next page, empty on the last one.
	Next string
}

// cursor is what a page's Next says: the sort that it belongs to, and the last record's values and id.
type cursor struct {
	Sort   []Sort        `json:"s,omitempty"`
	Values []field.Value `json:"v,omitempty"`
	ID     string        `json:"i"`
}

func (c *cursor) encode() string {
	text, err := json.Marshal(c)
	if err != nil {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

func decodeCursor(text string, sort []Sort) (*Mark, error) {
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return nil, ErrCursor.because(err)
	}
	var c cursor
	if err := json.Unmarshal(raw, &c); err != nil {
		return nil, ErrCursor.because(err)
	}
	if !slices.Equal(c.Sort, sort) || len(c.Values) != len(sort) || c.ID == "" {
		return nil, ErrCursor
	}
	return &Mark{Values: c.Values, ID: c.ID}, nil
}
