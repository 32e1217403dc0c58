package field

import (
	"maps"
	"slices"
	"strings"
)

// Field is a named value.
type Field struct {
	Name  string
	Value Value
}

// Fields are the custom fields of one record: few, sorted by name, each name once, none of them empty. [FromMap],
// [Fields.Set] and JSON keep it so; [Fields.Check] says whether a slice built by hand does. nil is no fields.
//
// A copy of the slice shares its memory; [Fields.Clone] does not.
type Fields []Field

// FromMap makes fields of a map. Empty values are left out.
func FromMap(m map[string]Value) Fields {
	if len(m) == 0 {
		return nil
	}
	f := make(Fields, 0, len(m))
	for _, name := range slices.Sorted(maps.Keys(m)) {
		if v := m[name]; !v.IsZero() {
			f = append(f, Field{name, v})
		}
	}
	return f
}

// Get is the value of a field, none where it is not there.
func (f Fields) Get(name string) Value {
	for i := range f {
		if f[i].Name == name {
			return f[i].Value
		}
	}
	return Value{}
}

// Has tells whether the field is there.
func (f Fields) Has(name string) bool {
	return slices.ContainsFunc(f, func(e Field) bool { return e.Name == name })
}

// Set puts a value in its place. An empty value removes the field.
func (f *Fields) Set(name string, v Value) {
	i, found := slices.BinarySearchFunc(*f, name, func(e Field, name string) int {
		return strings.Compare(e.Name, name)
	})
	switch {
	case v.IsZero() && found:
		*f = slices.Delete(*f, i, i+1)
	case v.IsZero():
	case found:
		(*f)[i].Value = v
	default:
		*f = slices.Insert(*f, i, Field{name, v})
	}
}

// Clone is a copy that shares nothing that can be written.
func (f Fields) Clone() Fields { return slices.Clone(f) }

// Equal tells whether both hold the same fields with equal values. No fields are equal to nil.
func (f Fields) Equal(g Fields) bool {
	return slices.EqualFunc(f, g, func(a, b Field) bool { return a.Name == b.Name && a.Value.Equal(b.Value) })
}

// Check says what a store cannot keep, every fault at once: names that are no
// text, out of order or repeated, and values that are empty or that
// [Value.Check] refuses.
func (f Fields) Check() error {
	var faults Faults
	for i, e := range f {
		if e.Value.IsZero() || i > 0 && f[i-1].Name >= e.Name {
			faults.add(ErrOrder, e.Name)
		}
		if e.Name == "" || !cleanText(e.Name) {
			faults.add(ErrName, e.Name)
		}
		if err := e.Value.Check(); err != nil {
			faults.add(err.(Code), e.Name)
		}
	}
	return faults.err()
}

// Change is a field that differs between two records. A field that was not there before, or is not there after, has
// the none value there.
type Change struct {
	Name          string
	Before, After Value
}

// AppendChanges appends the changes that lead from before to after, by name, and answers the extended slice.
func AppendChanges(dst []Change, before, after Fields) []Change {
	for len(before) > 0 || len(after) > 0 {
		var c Change
		c, before, after = nextPair(before, after)
		if !c.Before.Equal(c.After) {
			dst = append(dst, c)
		}
	}
	return dst
}

// nextPair takes the first name off both lists, changed or not.
func nextPair(before, after Fields) (Change, Fields, Fields) {
	order := 0
	switch {
	case len(before) == 0:
		order = 1
	case len(after) == 0:
		order = -1
	default:
		order = strings.Compare(before[0].Name, after[0].Name)
	}
	switch {
	case order < 0:
		return Change{Name: before[0].Name, Before: before[0].Value}, before[1:], after
	case order > 0:
		return Change{Name: after[0].Name, After: after[0].Value}, before, after[1:]
	}
	return Change{before[0].Name, before[0].Value, after[0].Value}, before[1:], after[1:]
}
