package plan

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"
	"unicode"

	"github.com/itsmkit/itsmkit/field"
)

// Fault is one field that a plan cannot keep.
type Fault struct {
	Type    reflect.Type // of the struct that was compiled
	Path    string       // Go names from there, such as "Resolution.At"
	Problem string
}

// Error names the field and tells what to do about it.
func (f Fault) Error() string {
	if f.Path == "" {
		return fmt.Sprintf("plan: %v: %s", f.Type, f.Problem)
	}
	return fmt.Sprintf("plan: %v.%s: %s", f.Type, f.Path, f.Problem)
}

// compiler walks one type.
type compiler struct {
	plan   *Plan
	input  bool
	faults []error
}

func compile(t reflect.Type, input bool) (*Plan, error) {
	if t == nil || t.Kind() != reflect.Struct {
		return nil, Fault{Type: t, Problem: "only a struct has a plan"}
	}
	c := compiler{plan: &Plan{Type: t, byName: map[string]int{}, custom: -1}, input: input}
	c.walk(t, 0, "", "")
	c.subjects()
	if len(c.faults) > 0 {
		return nil, errors.Join(c.faults...)
	}
	c.plan.runs = runsOf(c.plan.Fields)
	return c.plan, nil
}

func (c *compiler) fault(path, problem string, args ...any) {
	c.faults = append(c.faults, Fault{c.plan.Type, path, fmt.Sprintf(problem, args...)})
}

// walk adds the fields of a struct that lies at an offset of the whole.
func (c *compiler) walk(t reflect.Type, offset uintptr, prefix, path string) {
	for sf := range t.Fields() {
		at, where := offset+sf.Offset, path+sf.Name
		tag, excluded := c.tag(sf, where)
		if excluded {
			continue
		}
		name, _, _ := strings.Cut(sf.Tag.Get("json"), ",")
		named := name != "" && name != "-"
		if sf.Anonymous && !named && c.nested(sf.Type) {
			c.walk(sf.Type, at, prefix, where+".")
			continue
		}
		if !sf.IsExported() {
			if !c.input {
				c.fault(where, `unexported; tag it itsm:"-" or export it`)
			}
			continue
		}
		if !named {
			if !c.input {
				c.fault(where, `needs a json name, or the tag itsm:"-"`)
				continue
			}
			name = snake(sf.Name)
		}
		if c.nested(sf.Type) {
			c.walk(sf.Type, at, prefix+name+".", where+".")
			continue
		}
		c.leaf(sf.Type, at, prefix+name, where, tag)
	}
}

// options is what an itsm tag says.
type options struct {
	personal, index bool
	subject         string
}

func (c *compiler) tag(sf reflect.StructField, path string) (o options, excluded bool) {
	text, ok := sf.Tag.Lookup("itsm")
	if !ok {
		return o, false
	}
	if text == "-" {
		return o, true
	}
	for option := range strings.SplitSeq(text, ",") {
		key, subject, hasSubject := strings.Cut(option, "=")
		switch {
		case key == "personal" && !hasSubject:
			o.personal = true
		case key == "personal" && subject != "":
			o.personal, o.subject = true, subject
		case option == "index":
			o.index = true
		default:
			c.fault(path, "unknown option %q in the itsm tag; there are -, personal, personal=<field> and index", option)
		}
	}
	if (o.personal || o.index) && c.nested(sf.Type) {
		c.fault(path, "a struct is flattened; tag the fields within instead")
	}
	return o, false
}

func (c *compiler) leaf(t reflect.Type, offset uintptr, name, path string, tag options) {
	f := Field{
		Name: name, Path: path, Type: t,
		Personal: tag.personal, Subject: tag.subject, Index: tag.index,
		offset: offset,
	}
	var problem string
	f.op, f.Kind, problem = opOf(t)
	if problem != "" && c.input {
		f.Opaque, problem = true, ""
	}
	i := len(c.plan.Fields)
	switch {
	case problem != "":
		c.fault(path, "%v: %s", t, problem)
	case f.op == opCustom && (f.Personal || f.Index):
		c.fault(path, "custom fields declare what is personal and indexed in their schema")
	case f.op == opCustom && c.plan.custom >= 0:
		c.fault(path, "a record has its custom fields in one place, and has them in %s", c.plan.Fields[c.plan.custom].Path)
	case f.op == opCustom:
		c.plan.custom = i
	case f.Personal && (f.op == opMarshal || f.Opaque):
		c.fault(path, "%v cannot be personal: it cannot give way to any text; use a string", t)
	case f.Personal && f.Subject == "" && f.Kind != field.KindText && f.Kind != field.KindList:
		c.fault(path, "%v is no id of a person; name the person's field, as in personal=caller", t)
	}
	if other, taken := c.plan.byName[name]; taken {
		c.fault(path, "the name %q is that of %s already", name, c.plan.Fields[other].Path)
	} else {
		c.plan.byName[name] = i
	}
	if f.op == opList || f.op == opCustom {
		c.plan.shared = append(c.plan.shared, i)
	}
	c.plan.Fields = append(c.plan.Fields, f)
	c.plan.cells = append(c.plan.cells, cell{f.offset, f.op})
}

// subjects checks what personal=... refers to, once all names are known.
func (c *compiler) subjects() {
	for _, f := range c.plan.Fields {
		if f.Subject == "" {
			continue
		}
		i, ok := c.plan.byName[f.Subject]
		if !ok {
			c.fault(f.Path, "personal=%s: there is no such field", f.Subject)
			continue
		}
		if s := c.plan.Fields[i]; s.Kind != field.KindText || !s.Personal || s.Subject != "" {
			c.fault(f.Path, "personal=%s: that field must be a text tagged personal itself", f.Subject)
		}
	}
}

var (
	timeType      = reflect.TypeFor[time.Time]()
	spanType      = reflect.TypeFor[time.Duration]()
	customType    = reflect.TypeFor[field.Fields]()
	valueType     = reflect.TypeFor[field.Value]()
	marshalType   = reflect.TypeFor[encoding.TextMarshaler]()
	unmarshalType = reflect.TypeFor[encoding.TextUnmarshaler]()
	zeroType      = reflect.TypeFor[interface{ IsZero() bool }]()
)

// nested tells whether a type is flattened rather than kept as one field. An input's struct stays whole where it can
// say itself whether it is filled, or has nothing to flatten.
func (c *compiler) nested(t reflect.Type) bool {
	if t.Kind() != reflect.Struct || t == timeType || t == valueType || writesText(t) {
		return false
	}
	if !c.input {
		return true
	}
	if t.Implements(zeroType) || reflect.PointerTo(t).Implements(zeroType) {
		return false
	}
	for sf := range t.Fields() {
		if sf.IsExported() || sf.Anonymous {
			return true
		}
	}
	return false
}

func writesText(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	return t.Kind() != reflect.Pointer && t.Kind() != reflect.Interface && p.Implements(marshalType) && p.Implements(unmarshalType)
}

// simple tells whether == compares values without a panic. Such a type has no slice or map to share with a copy;
// a pointer within is taken to be a handle to what never changes.
func simple(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Interface:
		return false
	case reflect.Array:
		return simple(t.Elem())
	case reflect.Struct:
		for sf := range t.Fields() {
			if !simple(sf.Type) {
				return false
			}
		}
	}
	return t.Comparable()
}

// opOf says how to handle a type, or what is wrong with it.
func opOf(t reflect.Type) (op, field.Kind, string) {
	switch {
	case t == timeType:
		return opTime, field.KindInstant, ""
	case t == spanType:
		return opSpan, field.KindSpan, ""
	case t == customType:
		return opCustom, field.KindNone, ""
	case t == valueType:
		return opOpaque, 0, "a value of any kind cannot be stored in a column; use the type it has, or custom fields"
	case writesText(t) && !simple(t):
		return opOpaque, 0, "a copy of it would share memory; use a type without slices, maps and interfaces"
	case writesText(t):
		return opMarshal, field.KindText, ""
	}
	switch t.Kind() {
	case reflect.String:
		return opText, field.KindText, ""
	case reflect.Bool:
		return opBool, field.KindBool, ""
	case reflect.Int8:
		return opInt8, field.KindInt, ""
	case reflect.Int16:
		return opInt16, field.KindInt, ""
	case reflect.Int32:
		return opInt32, field.KindInt, ""
	case reflect.Int64:
		return opInt64, field.KindInt, ""
	case reflect.Int:
		if t.Size() == 4 {
			return opInt32, field.KindInt, ""
		}
		return opInt64, field.KindInt, ""
	case reflect.Uint8:
		return opUint8, field.KindInt, ""
	case reflect.Uint16:
		return opUint16, field.KindInt, ""
	case reflect.Uint32:
		return opUint32, field.KindInt, ""
	case reflect.Uint, reflect.Uint64, reflect.Uintptr:
		return opOpaque, 0, "it may exceed an int64; use int64 or uint32"
	case reflect.Float64:
		return opFloat, field.KindNumber, ""
	case reflect.Slice:
		if t.Elem().Kind() == reflect.String {
			return opList, field.KindList, ""
		}
	}
	return opOpaque, 0, fmt.Sprintf("a %s is not supported; use text, whole numbers up to int64, float64, bool, "+
		"time.Time, time.Duration, []string, field.Fields, a struct of these, or a type that marshals itself as text", t.Kind())
}

// runsOf groups fields that lie side by side, with no more than padding between them.
func runsOf(fields []Field) []run {
	var runs []run
	for i, f := range fields {
		if f.Opaque || f.Type.Size() == 0 {
			continue
		}
		end := f.offset + f.Type.Size()
		if n := len(runs); n > 0 {
			r := &runs[n-1]
			gap := f.offset - (r.offset + r.size)
			if r.last == i && gap < uintptr(f.Type.Align()) && end-r.offset <= runSize {
				r.size, r.last = end-r.offset, i+1
				continue
			}
		}
		runs = append(runs, run{f.offset, f.Type.Size(), i, i + 1})
	}
	return runs
}

// snake is a Go name in lower case with underscores: DueAt is due_at, URLPath is url_path.
func snake(name string) string {
	var b strings.Builder
	runes := []rune(name)
	for i, r := range runes {
		if unicode.IsUpper(r) && i > 0 &&
			(!unicode.IsUpper(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1])) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
