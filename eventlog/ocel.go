package eventlog

import (
	"iter"
	"time"
)

// ObjectLog is an object-centric event log, as OCEL 2.0 has it: its types, and its objects and events as streams.
type ObjectLog struct {
	EventTypes, ObjectTypes []Type
	// Objects and Events give all of them, each time they are ranged over anew.
	Objects iter.Seq2[Object, error]
	Events  iter.Seq2[ObjectEvent, error]
}

// Type is a type of events or of objects, with the attributes that they may have.
type Type struct {
	Name       string
	Attributes []TypeAttribute
}

// TypeAttribute is an attribute of a type. Its kind is string, date, int, float or boolean; in a file these are string,
// time, integer, float and boolean.
type TypeAttribute struct {
	Name string
	Kind Kind
}

// Object is something that events happen to.
type Object struct {
	ID, Type string
	// Attributes have a value from an instant on, until the same attribute has another. What always held begins at
	// [Always].
	Attributes []ValueFrom
	Relations  []Relation
}

// ValueFrom is the value that an attribute has from an instant on.
type ValueFrom struct {
	Attribute
	From time.Time
}

// Always is from when an attribute holds that never changed: 1970, as the standard says.
var Always = time.Unix(0, 0).UTC()

// ObjectEvent is something that happened to objects.
type ObjectEvent struct {
	ID, Type   string
	Time       time.Time
	Attributes Attributes
	Relations  []Relation
}

// Relation leads to an object. The qualifier says what that is to the event or object that has the relation.
type Relation struct{ Object, Qualifier string }

var ocelKinds = [...]string{KindString: "string", KindDate: "time", KindInt: "integer", KindFloat: "float", KindBoolean: "boolean"}

// ocelKind reads the name of a kind.
func ocelKind(name string) (Kind, bool) {
	for k, known := range ocelKinds {
		if known == name {
			return Kind(k), true
		}
	}
	return 0, false
}

// typeIndex finds the kinds of attributes by type and name.
type typeIndex map[string]map[string]Kind

func indexTypes(what string, types []Type) (typeIndex, *Error) {
	index := typeIndex{}
	for _, t := range types {
		if index[t.Name] != nil {
			return nil, fault(CodeDuplicate, "the %s type %q is declared twice", what, shorten(t.Name))
		}
		if t.Name == "" {
			return nil, fault(CodeType, "an %s type has no name", what)
		}
		kinds := make(map[string]Kind, len(t.Attributes))
		for _, a := range t.Attributes {
			if _, twice := kinds[a.Name]; twice {
				return nil, fault(CodeDuplicate, "the %s type %q declares the attribute %q twice", what, shorten(t.Name), shorten(a.Name))
			}
			if a.Name == "" || int(a.Kind) >= len(ocelKinds) {
				return nil, fault(CodeType, "the %s type %q has an attribute %q of the kind %s; OCEL has string, date, int, float and boolean", what, shorten(t.Name), shorten(a.Name), a.Kind)
			}
			kinds[a.Name] = a.Kind
		}
		index[t.Name] = kinds
	}
	return index, nil
}
