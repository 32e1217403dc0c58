package plan

import (
	"encoding"
	"reflect"
	"slices"
	"time"
	"unsafe"

	"github.com/itsmkit/itsmkit/field"
)

// Diff appends the places of the fields that differ between two records, in order. Times differ by instant, not by
// zone; a nil list is an empty list; custom fields count as one field; opaque fields are not compared.
func (p *Plan) Diff(dst []int, before, after unsafe.Pointer) []int {
	for _, r := range p.runs {
		// Where the memory is the same the fields are; mostly it is, for a record and its changed copy.
		if sameMemory(unsafe.Add(before, r.offset), unsafe.Add(after, r.offset), r.size) {
			continue
		}
		for i := r.first; i < r.last; i++ {
			c := p.cells[i]
			a, b := unsafe.Add(before, c.offset), unsafe.Add(after, c.offset)
			if c.op == opText { // most fields are
				if *(*string)(a) != *(*string)(b) {
					dst = append(dst, i)
				}
			} else if !p.equal(i, c.op, a, b) {
				dst = append(dst, i)
			}
		}
	}
	return dst
}

// Detach gives rec slices of its own, after rec was made by a plain copy of another record, so that nothing that can
// be written is shared between the two.
func (p *Plan) Detach(rec unsafe.Pointer) {
	for _, i := range p.shared {
		f := &p.Fields[i]
		at := f.at(rec)
		if f.op == opCustom {
			c := (*field.Fields)(at)
			*c = c.Clone()
			continue
		}
		s := (*[]string)(at)
		*s = slices.Clone(*s)
	}
}

func sameMemory(a, b unsafe.Pointer, size uintptr) bool {
	return unsafe.String((*byte)(a), size) == unsafe.String((*byte)(b), size)
}

func (p *Plan) equal(i int, o op, a, b unsafe.Pointer) bool {
	switch o {
	case opBool:
		return *(*bool)(a) == *(*bool)(b)
	case opFloat:
		x, y := *(*float64)(a), *(*float64)(b)
		return x == y || x != x && y != y
	case opTime:
		return sameInstant((*time.Time)(a), (*time.Time)(b))
	case opList:
		return slices.Equal(*(*[]string)(a), *(*[]string)(b))
	case opCustom:
		return (*(*field.Fields)(a)).Equal(*(*field.Fields)(b))
	case opMarshal:
		return p.Fields[i].sameText(a, b)
	case opOpaque:
		return true
	}
	return readInt(o, a) == readInt(o, b)
}

// sameInstant leaves monotonic readings out, which Time.Equal would not.
func sameInstant(a, b *time.Time) bool {
	return a.Unix() == b.Unix() && a.Nanosecond() == b.Nanosecond()
}

// sameText compares what is stored, which is the text; equal values have equal texts, and need not be asked.
func (f *Field) sameText(a, b unsafe.Pointer) bool {
	if sameMemory(a, b, f.Type.Size()) {
		return true
	}
	v, w := reflect.NewAt(f.Type, a), reflect.NewAt(f.Type, b)
	if v.Elem().Equal(w.Elem()) {
		return true
	}
	switch f.Type.Kind() {
	case reflect.Struct, reflect.Array, reflect.Float32, reflect.Float64, reflect.Chan:
	default:
		return false
	}
	x, errX := v.Interface().(encoding.TextMarshaler).MarshalText()
	y, errY := w.Interface().(encoding.TextMarshaler).MarshalText()
	return errX == nil && errY == nil && string(x) == string(y)
}
