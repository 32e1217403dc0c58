package export

import (
	"context"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/itsmkit/itsmkit/eventlog"
	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
)

// Objects says what beside the records becomes an object of a log.
type Objects struct {
	// People need Selection.Personal, too.
	People, Groups, Services, Items bool
}

// The types of objects beside the kinds of records.
const (
	TypePerson  = "person"
	TypeGroup   = "group"
	TypeService = "service"
	TypeItem    = "item"
)

// Qualifiers of relations. Others are the names of links, and of the fields that name an object.
const (
	QualifierRecord = "record" // the record that an event happened to
	QualifierCause  = "cause"  // the record that an event followed from
	QualifierActor  = "actor"  // the person who acted
)

// OCEL writes histories as an object-centric log in OCEL 2.0, JSON. Every kind of record is a type of objects, and every
// name of an event a type of events. A record is an object whose attributes change with its events; its links lead to
// other records, with the link's name as qualifier. An event belongs to its record, and to the one that it followed
// from. By choice people, groups, services and items are objects, too, and relations lead to them under the names of
// the fields. An attribute that was emptied can be told for text only; lists are written with commas.
//
// It goes over the records three times: for the types, the objects and the events. All three tell of the versions that
// the first one met. It keeps the names of the objects, and one record's history at a time.
func OCEL(ctx context.Context, w io.Writer, k *itsm.Kernel, s Selection, objects Objects, out eventlog.OCELOutput) error {
	if objects.People && !s.Personal {
		return itsm.Invalid("People", "people are personal: set Selection.Personal")
	}
	o := &ocel{ctx: ctx, k: k, s: &s, people: objects.People, roles: objects.roles(k), versions: map[itsm.Ref]int64{}, others: map[string]string{}, columns: map[string]map[string]field.Kind{}}
	if err := o.survey(); err != nil {
		return err
	}
	log := &eventlog.ObjectLog{
		EventTypes: types(o.eventFields), ObjectTypes: types(o.objectFields), Objects: o.objects, Events: o.events,
	}
	return eventlog.WriteOCEL(w, log, out)
}

// roles are the fields that name an object, with the object's type.
func (c Objects) roles(k *itsm.Kernel) map[string]string {
	roles := map[string]string{}
	for name, of := range map[string]string{"group": TypeGroup, "service": TypeService, "items": TypeItem} {
		if of == TypeGroup && c.Groups || of == TypeService && c.Services || of == TypeItem && c.Items {
			roles[name] = of
		}
	}
	for _, kind := range k.Kinds() {
		for _, column := range k.Columns(kind) {
			if c.People && column.Person {
				roles[column.Name] = TypePerson
			}
		}
	}
	return roles
}

type ocel struct {
	ctx context.Context
	k   *itsm.Kernel
	s   *Selection

	people bool
	roles  map[string]string // field → type of the object that it names

	order                     []itsm.Ref
	versions                  map[itsm.Ref]int64
	others                    map[string]string // id → type, of objects that are no records
	columns                   map[string]map[string]field.Kind
	eventFields, objectFields map[string]map[string]eventlog.Kind
}

// survey finds out what there is.
func (o *ocel) survey() error {
	o.eventFields, o.objectFields = map[string]map[string]eventlog.Kind{}, map[string]map[string]eventlog.Kind{}
	for rec, err := range o.s.records(o.ctx, o.k) {
		if err != nil {
			return err
		}
		ref := rec.Header().Ref()
		o.order = append(o.order, ref)
		o.versions[ref] = rec.Header().Version
		if o.columns[ref.Kind] == nil {
			o.columns[ref.Kind], o.objectFields[ref.Kind] = map[string]field.Kind{}, map[string]eventlog.Kind{}
			for _, c := range o.k.Columns(ref.Kind) {
				o.columns[ref.Kind][c.Name] = c.Kind
			}
		}
		history, err := o.history(ref)
		if err != nil {
			return err
		}
		for i := range history {
			e := &history[i]
			name := clean(e.Event)
			if o.eventFields[name] == nil {
				o.eventFields[name] = map[string]eventlog.Kind{}
			}
			for _, a := range o.changes(ref.Kind, e) {
				o.eventFields[name][a.Key], o.objectFields[ref.Kind][a.Key] = a.Kind(), a.Kind()
			}
			for _, r := range o.named(e) {
				if of, _, _ := strings.Cut(r.Object, ":"); o.objectFields[of] == nil {
					o.objectFields[of] = map[string]eventlog.Kind{}
				}
				o.others[r.Object], _, _ = strings.Cut(r.Object, ":")
			}
		}
	}
	return nil
}

// history is a record's, up to the version that the survey met.
func (o *ocel) history(ref itsm.Ref) ([]itsm.Entry, error) {
	return o.k.History(o.ctx, ref, 0, int(o.versions[ref]))
}

// changes are the attributes of an event: of declared columns and of the column's kind.
func (o *ocel) changes(kind string, e *itsm.Entry) eventlog.Attributes {
	var as eventlog.Attributes
	for i := range e.Changes {
		c := &e.Changes[i]
		want, known := o.columns[kind][c.Field]
		if !known || c.To.Kind() != want || !o.s.shown(c) {
			continue
		}
		if want == field.KindList {
			as = append(as, eventlog.String(c.Field, clean(c.To.String())))
		} else if a, ok := attribute(c.Field, c.To); ok {
			as = append(as, a)
		}
	}
	return as
}

// named are the objects beside records that an event names.
func (o *ocel) named(e *itsm.Entry) []eventlog.Relation {
	var list []eventlog.Relation
	add := func(of, id, as string) {
		if id != "" && id != itsm.Erased {
			list = append(list, eventlog.Relation{Object: of + ":" + clean(id), Qualifier: as})
		}
	}
	if e.Actor.Kind == itsm.Person && o.people {
		add(TypePerson, e.Actor.ID, QualifierActor)
	}
	for i := range e.Changes {
		c := &e.Changes[i]
		of := o.roles[c.Field]
		if of == "" || !o.s.shown(c) {
			continue
		}
		if c.To.Kind() == field.KindList {
			for j := range c.To.Len() {
				add(of, c.To.At(j), c.Field)
			}
		} else {
			add(of, c.To.Text(), c.Field)
		}
	}
	return list
}

func (o *ocel) objects(yield func(eventlog.Object, error) bool) {
	for _, id := range sorted(o.others) {
		if !yield(eventlog.Object{ID: id, Type: o.others[id]}, nil) {
			return
		}
	}
	for _, ref := range o.order {
		object, err := o.object(ref)
		if !yield(object, err) || err != nil {
			return
		}
	}
}

func (o *ocel) object(ref itsm.Ref) (eventlog.Object, error) {
	object := eventlog.Object{ID: clean(ref.String()), Type: ref.Kind}
	history, err := o.history(ref)
	if err != nil {
		return object, err
	}
	last := map[string][]eventlog.Relation{} // by field: whom the record names in the end
	for i := range history {
		e := &history[i]
		for _, a := range o.changes(ref.Kind, e) {
			object.Attributes = append(object.Attributes, eventlog.ValueFrom{Attribute: a, From: e.At})
		}
		for _, c := range e.Changes {
			delete(last, c.Field)
		}
		for _, r := range o.named(e) {
			if r.Qualifier != QualifierActor {
				last[r.Qualifier] = append(last[r.Qualifier], r)
			}
		}
	}
	links, err := o.k.Links(o.ctx, ref)
	if err != nil {
		return object, err
	}
	for _, l := range links {
		if o.versions[l.To] > 0 {
			object.Relations = append(object.Relations, eventlog.Relation{Object: clean(l.To.String()), Qualifier: clean(l.Name)})
		}
	}
	for _, name := range sorted(last) {
		object.Relations = append(object.Relations, last[name]...)
	}
	return object, nil
}

func (o *ocel) events(yield func(eventlog.ObjectEvent, error) bool) {
	for _, ref := range o.order {
		history, err := o.history(ref)
		if err != nil {
			yield(eventlog.ObjectEvent{}, err)
			return
		}
		for i := range history {
			e := &history[i]
			event := eventlog.ObjectEvent{
				ID: clean(ref.String()) + "@" + strconv.FormatInt(e.Version, 10), Type: clean(e.Event), Time: e.At, Attributes: o.changes(ref.Kind, e),
				Relations: []eventlog.Relation{{Object: clean(ref.String()), Qualifier: QualifierRecord}},
			}
			var cause itsm.Ref
			if text, _, ok := strings.Cut(e.Cause, "@"); ok && cause.UnmarshalText([]byte(text)) == nil && o.versions[cause] > 0 {
				event.Relations = append(event.Relations, eventlog.Relation{Object: clean(cause.String()), Qualifier: QualifierCause})
			}
			event.Relations = append(event.Relations, o.named(e)...)
			if !yield(event, nil) {
				return
			}
		}
	}
}

func types(fields map[string]map[string]eventlog.Kind) []eventlog.Type {
	list := make([]eventlog.Type, 0, len(fields))
	for _, name := range sorted(fields) {
		t := eventlog.Type{Name: name}
		for _, a := range sorted(fields[name]) {
			t.Attributes = append(t.Attributes, eventlog.TypeAttribute{Name: a, Kind: fields[name][a]})
		}
		list = append(list, t)
	}
	return list
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
