package relational

import (
	"fmt"
	"math/bits"
	"slices"
	"strings"

	"github.com/itsmkit/itsmkit/itsm"
)

// Kind is a kind of records with its table. It never changes; [Kind.With] makes another one.
type Kind struct {
	Name    string
	Codec   itsm.Codec
	Columns map[string]*Column
	// Stored are the columns of the table beyond the fixed ones, in order of name.
	Stored []*Column
}

// NewKind describes a kind by its codec.
func NewKind(c itsm.Codec) (*Kind, error) { return (&Kind{}).With(c) }

// With adds the columns of a later codec of the kind. Where both know a column, the later one answers for it.
func (k *Kind) With(c itsm.Codec) (*Kind, error) {
	if c == nil || c.Kind() == "" {
		return nil, itsm.Invalid("kinds", "a codec names no kind")
	}
	next := &Kind{Name: c.Kind(), Codec: c, Columns: map[string]*Column{}}
	for name, col := range k.Columns {
		next.Columns[name] = col
	}
	for _, spec := range c.Columns() {
		col := columnOf(c, spec)
		next.Columns[spec.Name] = &col
	}
	for _, col := range next.Columns {
		if col.Stored && !col.fixed() {
			next.Stored = append(next.Stored, col)
		}
	}
	slices.SortFunc(next.Stored, func(a, b *Column) int { return strings.Compare(a.Name, b.Name) })
	if len(next.Stored) > maxStored {
		return nil, itsm.Invalid("kinds", fmt.Sprintf("%s has %d indexed columns; a store on SQL takes %d", next.Name, len(next.Stored), maxStored))
	}
	return next, nil
}

// maxStored bounds the indexed columns of a kind.
const maxStored = 256

// Table is the name of the kind's table.
func (k *Kind) Table() string { return shorten("record_" + k.Name) }

// Index is the name of a column's index.
func (k *Kind) Index(c *Column) string { return shorten("record_" + k.Name + "__" + c.Name) }

// Values appends what the table holds of a record, in the order of Stored.
func (k *Kind) Values(dst []any, r itsm.Record) ([]any, error) {
	for _, c := range k.Stored {
		v, err := c.Value(r)
		if err != nil {
			return dst, err
		}
		dst = append(dst, v)
	}
	return dst, nil
}

// Set is some of the stored columns of a kind.
type Set [maxStored / 64]uint64

// Has reports whether the column at a place in Stored is in the set.
func (s *Set) Has(i int) bool { return s[i/64]>>(i%64)&1 == 1 }

// Len is how many columns are in the set.
func (s *Set) Len() (n int) {
	for _, w := range s {
		n += bits.OnesCount64(w)
	}
	return n
}

// Changes appends what the table must hold now where it differs between two versions of a record, and says which columns
// those are. Without a before, all differ.
func (k *Kind) Changes(dst []any, before, after itsm.Record) (_ []any, changed Set, _ error) {
	for i, c := range k.Stored {
		v := c.codec.Value(after, c.Name)
		if before != nil && c.codec.Value(before, c.Name).Equal(v) {
			continue
		}
		encoded, err := c.encode(v)
		if err != nil {
			return dst, changed, err
		}
		dst = append(dst, encoded)
		changed[i/64] |= 1 << (i % 64)
	}
	return dst, changed, nil
}

// Column answers a column by name, nil where the kind has none of it.
func (k *Kind) Column(name string) *Column { return k.Columns[name] }

// Fingerprint names the stored columns, a line each, for a store that remembers what the programs knew that wrote a kind.
func (k *Kind) Fingerprint() string {
	lines := make([]string, len(k.Stored))
	for i, c := range k.Stored {
		lines[i] = c.Line()
	}
	return strings.Join(lines, "\n")
}

// Line is the column's line in a fingerprint.
func (c *Column) Line() string { return fmt.Sprintf("%q:%d", c.Name, c.Class) }
