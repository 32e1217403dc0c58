package itsm

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unsafe"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/internal/plan"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// box answers a pointer to the handler's input.
func (h *handler) box(in any) (any, error) {
	if in == nil {
		return h.zero(), nil
	}
	switch v := reflect.ValueOf(in); {
	case v.Type() == h.typ:
		p := reflect.New(h.typ)
		p.Elem().Set(v)
		return p.Interface(), nil
	case v.Type() == reflect.PointerTo(h.typ) && !v.IsNil():
		return in, nil
	case v.Type() == reflect.TypeFor[Patch]() && h.input != nil:
		made := h.zero()
		return made, h.fill(made, in.(Patch), false)
	}
	return nil, Invalid("input", fmt.Sprintf("%q takes %v, not %T", h.trigger, h.typ, in))
}

// fill writes values into a pointer to the handler's input by name: all of them, or those that are empty there.
func (h *handler) fill(in any, values Patch, empty bool) error {
	at := plan.Pointer(in)
	var faults []error
	for _, name := range sortedKeys(values) {
		if err := h.fillOne(at, name, values[name], empty); err != nil {
			faults = append(faults, err)
		}
	}
	if len(faults) == 1 {
		return faults[0]
	}
	if faults != nil {
		return ErrInvalid.because(errors.Join(faults...))
	}
	return nil
}

func (h *handler) fillOne(at unsafe.Pointer, name string, v field.Value, empty bool) error {
	if custom, ok := strings.CutPrefix(name, "custom."); ok && h.input.Custom() >= 0 {
		if fields := h.input.CustomFields(at); !empty || !fields.Has(custom) {
			*fields = fields.Clone() // it may be the caller's
			fields.Set(custom, v)
		}
		return nil
	}
	i := h.input.Index(name)
	if i < 0 {
		return Invalid(name, fmt.Sprintf("%q takes no such input", h.trigger))
	}
	if empty && h.input.Filled(i, at) {
		return nil
	}
	if h.input.Set(i, at, v) != nil {
		return Invalid(name, fmt.Sprintf("%q does not take %q here", h.trigger, v.String()))
	}
	return nil
}

// copied answers a pointer to a copy of an input.
func (h *handler) copied(in any) any {
	own := reflect.New(h.typ)
	own.Elem().Set(reflect.ValueOf(in).Elem())
	return own.Interface()
}

// value answers a field of an input by its name, none where it is empty or not there.
func (h *handler) value(in any, name string) field.Value {
	if p, ok := in.(*Patch); ok {
		return (*p)[name]
	}
	if h.input == nil {
		return field.Value{}
	}
	at := plan.Pointer(in)
	if custom, ok := strings.CutPrefix(name, "custom."); ok && h.input.Custom() >= 0 {
		return h.input.CustomFields(at).Get(custom)
	}
	if i := h.input.Index(name); i >= 0 && h.input.Filled(i, at) {
		return h.input.Get(i, at)
	}
	return field.Value{}
}

// Creations lists the triggers of a kind that make records, in order.
func (k *Kernel) Creations(kind string) []lifecycle.Trigger {
	kd := k.kinds[kind]
	if kd == nil {
		return nil
	}
	return slices.DeleteFunc(sortedTriggers(kd.handlers), func(t lifecycle.Trigger) bool { return !kd.handlers[t].creates })
}

// Inputs lists what a trigger takes by name, in the order of its input's type: those that have a value type. Custom
// fields are not among them; [Kernel.Schema] declares them.
func (k *Kernel) Inputs(kind string, t lifecycle.Trigger) []ColumnSpec {
	kd := k.kinds[kind]
	if kd == nil || kd.handlers[t] == nil || kd.handlers[t].input == nil {
		return nil
	}
	var inputs []ColumnSpec
	for _, f := range kd.handlers[t].input.Fields {
		if f.Kind != field.KindNone && !f.Opaque {
			inputs = append(inputs, ColumnSpec{Name: f.Name, Kind: f.Kind})
		}
	}
	return inputs
}

// Schema answers the custom fields that a kind declares.
func (k *Kernel) Schema(kind string) field.Schema {
	if kd := k.kinds[kind]; kd != nil {
		return kd.schema.Schema()
	}
	return field.Schema{}
}

// CheckValues says what is wrong with giving a trigger of a kind these inputs: the names, as [Kernel.CheckInput] does, and
// values that the input, or the schema of custom fields, does not take.
func (k *Kernel) CheckValues(kind string, t lifecycle.Trigger, values Patch) error {
	if err := k.CheckInput(kind, t, sortedKeys(values)...); err != nil {
		return err
	}
	kd := k.kinds[kind]
	h := kd.handlers[t]
	if err := h.fill(h.zero(), values, false); err != nil {
		return err
	}
	for _, name := range sortedKeys(values) {
		v := values[name]
		if err := v.Check(); err != nil {
			return invalidValue(name, err)
		}
		custom, ok := strings.CutPrefix(name, "custom.")
		if !ok || v.IsZero() {
			continue
		}
		d, _ := kd.schema.Declaration(custom)
		one := field.Schema{Fields: []field.Declaration{d}}
		if d.Name == "" {
			one.Fields = nil
		}
		schema, err := one.Compile()
		if err == nil {
			err = schema.Validate(nil, field.Fields{{Name: custom, Value: v}})
		}
		if err != nil {
			return invalidValue(name, err)
		}
	}
	return nil
}

// CheckInput says what is wrong with giving a trigger of a kind inputs of these names: that there is no such trigger, or
// that it takes no such input. Rules that are tables are checked with it when the kernel is opened ([Kernel.OnOpen]).
func (k *Kernel) CheckInput(kind string, t lifecycle.Trigger, names ...string) error {
	kd := k.kinds[kind]
	if kd == nil {
		return Invalid("kind", fmt.Sprintf("no practice registered the kind %q", kind))
	}
	h := kd.handlers[t]
	if h == nil {
		return Invalid("trigger", fmt.Sprintf("%s has no trigger %q", kind, t))
	}
	for _, name := range names {
		if custom := strings.HasPrefix(name, "custom."); h.input == nil || h.input.Index(name) < 0 && !(custom && h.input.Custom() >= 0) {
			return Invalid(name, fmt.Sprintf("%q takes no such input", t))
		}
	}
	return nil
}

// CheckColumn says that a kind, or its columns, do not have a name.
func (k *Kernel) CheckColumn(kind, column string) error {
	kd := k.kinds[kind]
	if kd == nil {
		return Invalid("kind", fmt.Sprintf("no practice registered the kind %q", kind))
	}
	if _, ok := kd.columnAt[column]; !ok {
		return Invalid("column", fmt.Sprintf("%s has no column %q", kind, column))
	}
	return nil
}

// CheckFilter says what is wrong with a filter on the columns of a kind.
func (k *Kernel) CheckFilter(kind string, f Filter) error {
	kd := k.kinds[kind]
	if kd == nil {
		return Invalid("kind", fmt.Sprintf("no practice registered the kind %q", kind))
	}
	return kd.checkFilter(&f, 0)
}
