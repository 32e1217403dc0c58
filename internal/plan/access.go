package plan

import (
	"encoding"
	"fmt"
	"math"
	"reflect"
	"time"
	"unsafe"

	"github.com/itsmkit/itsmkit/field"
)

// Get is the value of field i. A zero time is none, and so are custom and opaque fields and a value that fails to
// write itself as text; every other field answers a value of its Kind, which may be empty or 0.
func (p *Plan) Get(i int, rec unsafe.Pointer) field.Value {
	f := &p.Fields[i]
	at := f.at(rec)
	switch f.op {
	case opText:
		return field.Text(*(*string)(at))
	case opBool:
		return field.Bool(*(*bool)(at))
	case opFloat:
		return field.Number(*(*float64)(at))
	case opSpan:
		return field.Span(*(*time.Duration)(at))
	case opTime:
		return field.Instant(*(*time.Time)(at))
	case opList:
		return field.List(*(*[]string)(at)...)
	case opMarshal:
		text, err := f.text(rec)
		if err != nil {
			return field.Value{}
		}
		return field.Text(text)
	case opOpaque, opCustom:
		return field.Value{}
	}
	return field.Int(readInt(f.op, at))
}

// Set writes field i. None makes it the zero value. An error, for a value of another kind or one that the field's type
// cannot hold, leaves it as it was. Custom fields are set through [Plan.CustomFields].
func (p *Plan) Set(i int, rec unsafe.Pointer, v field.Value) error {
	f := &p.Fields[i]
	at := f.at(rec)
	if v.Kind() != f.Kind || f.op == opCustom || f.op == opOpaque {
		if v.Kind() != field.KindNone || f.op == opCustom || f.op == opOpaque {
			return f.cannot(v)
		}
		f.value(rec).Elem().SetZero()
		return nil
	}
	switch f.op {
	case opText:
		*(*string)(at) = v.Text()
	case opBool:
		*(*bool)(at) = v.Bool()
	case opFloat:
		*(*float64)(at) = v.Number()
	case opSpan:
		*(*time.Duration)(at) = v.Span()
	case opTime:
		*(*time.Time)(at) = v.Instant()
	case opList:
		*(*[]string)(at) = v.List()
	case opMarshal:
		return f.setText(rec, v.Text())
	default:
		if !writeInt(f.op, at, v.Int()) {
			return f.cannot(v)
		}
	}
	return nil
}

// Filled tells whether field i has anything but its zero value: text and lists that are not empty, true, a time, a
// number that is not 0. In records and commands alike a 0 means that nothing was given. A field of another type may
// say it itself, with a method IsZero() bool; slices and maps are filled when they hold something.
func (p *Plan) Filled(i int, rec unsafe.Pointer) bool {
	f := &p.Fields[i]
	at := f.at(rec)
	switch f.op {
	case opText:
		return *(*string)(at) != ""
	case opBool:
		return *(*bool)(at)
	case opFloat:
		return *(*float64)(at) != 0
	case opSpan:
		return *(*time.Duration)(at) != 0
	case opTime:
		return !(*time.Time)(at).IsZero()
	case opList:
		return len(*(*[]string)(at)) > 0
	case opCustom:
		return len(*(*field.Fields)(at)) > 0
	case opOpaque, opMarshal:
		return filled(f.value(rec))
	}
	return readInt(f.op, at) != 0
}

// Check says what a store cannot keep of rec, every fault at once, as [field.Faults]: text that is no UTF-8 or has a
// NUL, numbers that are not finite, instants out of range, a value that fails to write itself as text.
func (p *Plan) Check(rec unsafe.Pointer) error {
	var faults field.Faults
	for i := range p.Fields {
		faults = p.check(faults, i, rec)
	}
	return orNone(faults)
}

// CheckOnly is Check of some fields, as for a record that differs in them from one that was checked.
func (p *Plan) CheckOnly(fields []int, rec unsafe.Pointer) error {
	var faults field.Faults
	for _, i := range fields {
		faults = p.check(faults, i, rec)
	}
	return orNone(faults)
}

func (p *Plan) check(faults field.Faults, i int, rec unsafe.Pointer) field.Faults {
	f := &p.Fields[i]
	var err error
	switch f.op {
	case opCustom:
		err = (*field.Fields)(f.at(rec)).Check()
	case opMarshal:
		err = f.checkText(rec)
	case opText, opFloat, opTime:
		err = p.Get(i, rec).Check()
	case opList:
		err = checkList(*(*[]string)(f.at(rec)))
	}
	if err == nil {
		return faults
	}
	return appendFaults(faults, f.Name, err)
}

// orNone is no error where there is no fault.
func orNone(faults field.Faults) error {
	if len(faults) == 0 {
		return nil
	}
	return faults
}

func appendFaults(dst field.Faults, name string, err error) field.Faults {
	switch err := err.(type) {
	case nil:
		return dst
	case field.Faults:
		return append(dst, err...)
	case field.Code:
		return append(dst, field.Fault{Code: err, Field: name})
	default:
		return append(dst, field.Fault{Code: field.ErrText, Field: name, Args: map[string]string{"cause": err.Error()}})
	}
}

func (f *Field) checkText(rec unsafe.Pointer) error {
	if !filled(f.value(rec)) {
		return nil
	}
	text, err := f.text(rec)
	if err != nil {
		return err
	}
	return field.Text(text).Check()
}

func checkList(items []string) error {
	for _, s := range items {
		if err := field.Text(s).Check(); err != nil {
			return err
		}
	}
	return nil
}

// filled is given a pointer to the field.
func filled(ptr reflect.Value) bool {
	v := ptr.Elem()
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		return !v.IsNil()
	case reflect.Slice, reflect.Map:
		return v.Len() > 0
	}
	if z, ok := ptr.Interface().(interface{ IsZero() bool }); ok {
		return !z.IsZero()
	}
	return !v.IsZero()
}

// text is the text of a field whose type writes itself. An empty string need not: most such types refuse one.
func (f *Field) text(rec unsafe.Pointer) (string, error) {
	if f.Type.Kind() == reflect.String && *(*string)(f.at(rec)) == "" {
		return "", nil
	}
	text, err := f.value(rec).Interface().(encoding.TextMarshaler).MarshalText()
	return string(text), err
}

// setText reads into a fresh value first, so that one that refuses halfway changes nothing.
func (f *Field) setText(rec unsafe.Pointer, text string) error {
	fresh := reflect.New(f.Type)
	if text != "" {
		if err := fresh.Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(text)); err != nil {
			return fmt.Errorf("plan: %s: %w", f.Name, err)
		}
	}
	f.value(rec).Elem().Set(fresh.Elem())
	return nil
}

func (f *Field) cannot(v field.Value) error {
	return fmt.Errorf("plan: %s: %w: a %v cannot be set to a value of kind %v", f.Name, field.ErrKind, f.Type, v.Kind())
}

func readInt(o op, at unsafe.Pointer) int64 {
	switch o {
	case opInt8:
		return int64(*(*int8)(at))
	case opInt16:
		return int64(*(*int16)(at))
	case opInt32:
		return int64(*(*int32)(at))
	case opUint8:
		return int64(*(*uint8)(at))
	case opUint16:
		return int64(*(*uint16)(at))
	case opUint32:
		return int64(*(*uint32)(at))
	}
	return *(*int64)(at)
}

// writeInt writes nothing, and answers false, where n does not fit.
func writeInt(o op, at unsafe.Pointer, n int64) bool {
	switch o {
	case opInt8:
		if n != int64(int8(n)) {
			return false
		}
		*(*int8)(at) = int8(n)
	case opInt16:
		if n != int64(int16(n)) {
			return false
		}
		*(*int16)(at) = int16(n)
	case opInt32:
		if n < math.MinInt32 || n > math.MaxInt32 {
			return false
		}
		*(*int32)(at) = int32(n)
	case opUint8:
		if n != int64(uint8(n)) {
			return false
		}
		*(*uint8)(at) = uint8(n)
	case opUint16:
		if n != int64(uint16(n)) {
			return false
		}
		*(*uint16)(at) = uint16(n)
	case opUint32:
		if n != int64(uint32(n)) {
			return false
		}
		*(*uint32)(at) = uint32(n)
	default:
		*(*int64)(at) = n
	}
	return true
}
