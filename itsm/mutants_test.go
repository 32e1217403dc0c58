package itsm_test

import (
	"context"
	"fmt"
	"reflect"
	"time"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
)

// mutants calls visit with copies of v in each of which one thing is another: a byte of a text, a number by one, a
// part of a list gone or added.
func mutants[T any](v T, visit func(where string, mutant T)) {
	mutate(reflect.ValueOf(v), "", func(where string, m reflect.Value) { visit(where, m.Interface().(T)) })
}

func mutate(v reflect.Value, path string, visit func(string, reflect.Value)) {
	switch is := v.Interface().(type) {
	case time.Time:
		visit(path, reflect.ValueOf(is.Add(1)))
		return
	case field.Value:
		visit(path, reflect.ValueOf(field.Text(is.String()+"x")))
		return
	}
	// within hands on a copy of v with one part replaced.
	within := func(part func(reflect.Value) reflect.Value) func(string, reflect.Value) {
		return func(where string, m reflect.Value) {
			whole := reflect.New(v.Type()).Elem()
			whole.Set(v)
			if v.Kind() == reflect.Slice {
				whole.Set(reflect.AppendSlice(reflect.MakeSlice(v.Type(), 0, v.Len()), v))
			}
			part(whole).Set(m)
			visit(where, whole)
		}
	}
	switch v.Kind() {
	case reflect.Pointer:
		mutate(v.Elem(), path, func(where string, m reflect.Value) {
			p := reflect.New(v.Type().Elem())
			p.Elem().Set(m)
			visit(where, p)
		})
	case reflect.Struct:
		for i := range v.NumField() {
			mutate(v.Field(i), path+"."+v.Type().Field(i).Name, within(func(w reflect.Value) reflect.Value { return w.Field(i) }))
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			mutate(v.Index(i), fmt.Sprintf("%s[%d]", path, i), within(func(w reflect.Value) reflect.Value { return w.Index(i) }))
		}
		if v.Kind() == reflect.Slice {
			visit(path+" longer", reflect.Append(v.Slice3(0, v.Len(), v.Len()), reflect.Zero(v.Type().Elem())))
			if n := v.Len(); n > 0 {
				visit(path+" shorter", v.Slice3(0, n-1, n-1))
			}
		}
	case reflect.String:
		text := []byte(v.String())
		for i := range text {
			text[i] ^= 1
			visit(fmt.Sprintf("%s[%d]", path, i), reflect.ValueOf(string(text)).Convert(v.Type()))
			text[i] ^= 1
		}
		visit(path+" longer", reflect.ValueOf(v.String()+"x").Convert(v.Type()))
	case reflect.Bool:
		visit(path, reflect.ValueOf(!v.Bool()).Convert(v.Type()))
	case reflect.Float64:
		visit(path, reflect.ValueOf(v.Float()+1).Convert(v.Type()))
	case reflect.Int, reflect.Int64:
		visit(path, reflect.ValueOf(v.Int()+1).Convert(v.Type()))
	case reflect.Uint8:
		visit(path, reflect.ValueOf(v.Uint()^1).Convert(v.Type()))
	default:
		panic("no mutants of " + v.Type().String())
	}
}

// forged is a store whose reader sees a record as somebody altered it.
type forged struct {
	itsm.Store
	key    itsm.Key
	record itsm.Record
	events []*itsm.Event
	rows   []itsm.Row
}

// genuine is a record as it is stored.
func genuine(s itsm.Store, key itsm.Key) (*forged, error) {
	ctx := context.Background()
	snap, err := s.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	defer snap.Close()
	f := &forged{Store: s, key: key}
	if f.record, err = snap.Get(ctx, key); err != nil {
		return nil, err
	}
	if f.events, err = snap.Events(ctx, nil, key, 0, 0); err != nil {
		return nil, err
	}
	f.rows, err = snap.Rows(ctx, nil, key, "", 0, 0)
	return f, err
}

func (f *forged) Snapshot(ctx context.Context) (itsm.Snapshot, error) {
	snap, err := f.Store.Snapshot(ctx)
	return forgedSnapshot{snap, f}, err
}

type forgedSnapshot struct {
	itsm.Snapshot
	f *forged
}

func (s forgedSnapshot) Get(ctx context.Context, key itsm.Key) (itsm.Record, error) {
	if s.f.record == nil || key != s.f.key {
		return s.Snapshot.Get(ctx, key)
	}
	return s.f.record, nil
}

func (s forgedSnapshot) Events(_ context.Context, dst []*itsm.Event, _ itsm.Key, _ int64, _ int) ([]*itsm.Event, error) {
	return append(dst, s.f.events...), nil
}

func (s forgedSnapshot) Rows(_ context.Context, dst []itsm.Row, _ itsm.Key, _ itsm.RowKind, _ int64, _ int) ([]itsm.Row, error) {
	return append(dst, s.f.rows...), nil
}
