// Package plan compiles the type of a record, or of a command's input, into a table of its fields, so that one piece
// of code can compare, read, write and detach records of every practice.
//
// A plan works on memory through offsets: it is handed pointers to values of exactly the type it was made of
// ([Pointer]), and trusts that. A plan never changes after [Of], so goroutines share it; the records behind the
// pointers are the caller's to guard.
//
// # Tags
//
// A field is named by its json tag. A struct within a struct is flattened: an embedded one without a prefix, a named
// one as in "resolution.code". The itsm tag says more, separated by commas:
//
//   - the field is no part of the plan: no method looks at it, Detach neither
//     personal         the value is the id of a person, or a list of such ids
//     personal=caller  the value is data of the person that the text field "caller" names
//     index            the field is one to search and sort by
//
// What is personal may have to give way to any text at all, so text that a type of its own reads and writes cannot
// be. A bare "personal" is for texts and lists; custom fields declare it one by one, in their schema.
package plan

import (
	"reflect"
	"unsafe"

	"github.com/itsmkit/itsmkit/field"
)

// Plan is the table of a type.
type Plan struct {
	Type   reflect.Type
	Fields []Field // in declaration order, which is the order of offsets

	byName map[string]int
	runs   []run
	cells  []cell // what Diff needs of Fields, close together
	shared []int  // the fields that hold slices
	custom int
}

// Field is one row of a plan.
type Field struct {
	Name     string // its name in JSON, with dots for structs within
	Path     string // its name in Go, for messages
	Type     reflect.Type
	Kind     field.Kind // KindNone for custom and opaque fields
	Personal bool
	Subject  string // the field that names the person; "" with Personal means that the value itself does
	Index    bool
	Opaque   bool // of an input, and of a type that only Filled can tell about

	offset uintptr
	op     op
}

// op is how a field's memory is read and written.
type op uint8

const (
	opOpaque op = iota
	opText
	opBool
	opInt8
	opInt16
	opInt32
	opInt64
	opUint8
	opUint16
	opUint32
	opFloat
	opSpan
	opTime
	opList
	opCustom
	opMarshal // a type that writes itself as text
)

type cell struct {
	offset uintptr
	op     op
}

// run is a stretch of memory without anything in it but the fields from first to before last.
type run struct {
	offset, size uintptr
	first, last  int
}

// runSize bounds a run: long enough to skip much at once, short enough to look at little where something differs.
const runSize = 96

// Of compiles the type of a record, which must be a struct. It names every field that it cannot keep, at once, in an
// error whose parts are [Fault].
func Of(t reflect.Type) (*Plan, error) { return compile(t, false) }

// OfInput compiles the type of a command's input. It takes any field: of an unsupported type it only tells whether it
// is filled, a field without a json tag is named after the Go name in snake case, and unexported fields are passed
// over.
func OfInput(t reflect.Type) (*Plan, error) { return compile(t, true) }

// Index is the place of a name in Fields, -1 where there is none.
func (p *Plan) Index(name string) int {
	if i, ok := p.byName[name]; ok {
		return i
	}
	return -1
}

// Custom is the place of the field of type [field.Fields], -1 where there is none.
func (p *Plan) Custom() int { return p.custom }

// CustomFields points to the custom fields within rec, nil where the type has none.
func (p *Plan) CustomFields(rec unsafe.Pointer) *field.Fields {
	if p.custom < 0 {
		return nil
	}
	return (*field.Fields)(p.Fields[p.custom].at(rec))
}

// Pointer is the data pointer of a *struct in an interface, nil of anything else.
func Pointer(rec any) unsafe.Pointer {
	v := reflect.ValueOf(rec)
	if v.Kind() != reflect.Pointer {
		return nil
	}
	return v.UnsafePointer()
}

func (f *Field) at(rec unsafe.Pointer) unsafe.Pointer { return unsafe.Add(rec, f.offset) }

// value is the field within rec by reflection: the slow path. A pointer in it has the method set of both T and *T.
func (f *Field) value(rec unsafe.Pointer) reflect.Value { return reflect.NewAt(f.Type, f.at(rec)) }
