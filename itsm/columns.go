package itsm

import (
	"slices"

	"github.com/itsmkit/itsmkit/field"
)

// Columns lists what queries of a kind may name, in a fixed order; nil for a kind that nobody registered.
func (k *Kernel) Columns(kind string) []ColumnSpec {
	if kd := k.kinds[kind]; kd != nil {
		return slices.Clone(kd.columns)
	}
	return nil
}

// CheckQuery answers what is wrong with a query of a kind, or nil. It asks the kind's columns, and nothing of an actor;
// before [Kernel.Open] it is for checks at its opening ([Kernel.OnOpen]).
func (k *Kernel) CheckQuery(kind string, q Query) error {
	kd := k.kinds[kind]
	if kd == nil {
		return Invalid("kind", "no practice registered the kind \""+kind+"\"")
	}
	_, err := kd.storeQuery("", &q)
	return err
}

// Value answers a column of a record that the kernel gave; none where it is empty or hidden, or the kind has no such
// column.
func (k *Kernel) Value(r Record, column string) field.Value {
	if kd := k.kinds[r.Header().Kind]; kd != nil {
		return kd.Value(r, column)
	}
	return field.Value{}
}
