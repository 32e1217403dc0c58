package service

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// fixed are the columns of each kind, beside the attributes of items.
var fixed = map[string]map[string]field.Kind{
	Kind: {
		"name": field.KindText, "owner": field.KindText, "group": field.KindText, "criticality": field.KindText, "scope": field.KindText,
		"measures": field.KindList, "stakeholders": field.KindList, "users": field.KindInt, "since": field.KindInstant, "state": field.KindText,
	},
	ItemKind: {
		"class": field.KindText, "name": field.KindText, "key": field.KindText, "owner": field.KindText, "location": field.KindText,
		"seen_at": field.KindInstant, "since": field.KindInstant, "state": field.KindText,
	},
	RelationKind: {
		"type": field.KindText, "from": field.KindText, "to": field.KindText, "group": field.KindText, "gate": field.KindText,
		"since": field.KindInstant, "until": field.KindInstant,
	},
}

// neverEmpty are fields that a row cannot empty: what it is known by, and what commands keep.
var neverEmpty = []string{"name", "class", "type", "from", "to", "state", "gate", "since", "until"}

// column answers the name under which the kernel knows a column, and its kind of value; false for one that there is not.
func (s *Services) column(kind, name string) (string, field.Kind, bool) {
	if k, ok := fixed[kind][name]; ok {
		return name, k, true
	}
	if kind != ItemKind {
		return "", 0, false
	}
	attribute := strings.TrimPrefix(name, "custom.")
	d, ok := s.attributes[attribute]
	return "custom." + attribute, d, ok
}

// columns lists what a kind may have, for messages.
func (s *Services) columns(kind string) string {
	names := slices.Collect(maps.Keys(fixed[kind]))
	if kind == ItemKind {
		names = slices.AppendSeq(names, maps.Keys(s.attributes))
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// rawRow is a row as it was written.
type rawRow struct {
	line   int
	cells  []cell
	faults []Fault
	apart  bool // it is no row, but what is wrong around them
}

// cell is a field of a row. A list has its texts by itself.
type cell struct {
	name   string
	text   string
	list   []string
	isList bool
	null   bool
	place
}

// parse reads the values of a row, and finds what it is known by. It lists every fault.
func (im *importer) parse(raw rawRow) (r row, faults []Fault, err error) {
	r = row{Line: raw.line, Values: itsm.Patch{}, at: map[string]place{}}
	faults = raw.faults
	fault := func(c cell, format string, args ...any) {
		faults = append(faults, Fault{Line: c.line, Column: c.column, Field: c.name, Message: fmt.Sprintf(format, args...)})
	}
	kind := im.options.Kind
	for _, c := range raw.cells {
		if !c.null && !c.isList && strings.TrimSpace(c.text) == "" {
			continue
		}
		name, want, ok := im.services.column(kind, c.name)
		if !ok {
			fault(c, "there is no such field: there are %s", im.services.columns(kind))
			continue
		}
		if _, twice := r.at[name]; twice {
			fault(c, "it is given twice")
			continue
		}
		r.at[name] = c.place
		if c.null {
			if slices.Contains(neverEmpty, name) {
				fault(c, "it cannot be emptied")
			}
			r.Values[name] = field.Value{}
			continue
		}
		v, err := c.value(want)
		if err == nil {
			err = v.Check()
		}
		if err != nil {
			fault(c, "%s", messageOf(err))
			continue
		}
		r.Values[name] = v
	}
	if state := r.Values["state"].Text(); state != "" {
		if _, err := path(kind, StatePlanned, lifecycle.State(state)); err != nil {
			faults = append(faults, r.fault("state", messageOf(err)))
		}
		r.State = lifecycle.State(state)
	}
	delete(r.Values, "state")
	if len(faults) > 0 {
		return r, faults, nil
	}
	switch kind {
	case Kind:
		faults = im.parseService(&r)
	case ItemKind:
		faults = im.parseItem(&r)
	default:
		faults, err = im.parseRelation(&r)
	}
	return r, faults, err
}

// fault is one of a field, where it was given, or else of the row.
func (r *row) fault(name, message string) Fault {
	at, ok := r.at[name]
	if !ok {
		at = place{line: r.Line}
	}
	return Fault{Line: at.line, Column: at.column, Field: name, Message: message}
}

func (im *importer) parseService(r *row) (faults []Fault) {
	if r.Identity = normal(r.Values["name"].Text()); r.Identity == "" {
		faults = append(faults, r.fault("name", "a service is known by its name: give it"))
	}
	if v := r.Values["criticality"]; !v.IsZero() {
		var l itsm.Level
		if err := l.UnmarshalText([]byte(strings.ToLower(v.Text()))); err != nil || l == 0 {
			return append(faults, r.fault("criticality", "it is critical, high, medium or low"))
		}
		r.Values["criticality"] = field.Text(l.String())
	}
	if r.Values["users"].Int() < 0 {
		faults = append(faults, r.fault("users", "how many people use it is 0 or more"))
	}
	return faults
}

func (im *importer) parseItem(r *row) []Fault {
	cl, err := im.services.classOf(r.Values["class"].Text())
	if err != nil {
		return []Fault{r.fault("class", messageOf(err))}
	}
	var faults []Fault
	if len(cl.Key) > 0 && !r.Values["key"].IsZero() {
		faults = append(faults, r.fault("key", fmt.Sprintf("class %s makes its key of %s: leave it out", cl.Name, strings.Join(cl.Key, ", "))))
	}
	i := Item{Name: r.Values["name"].Text(), Key: r.Values["key"].Text()}
	for name, v := range r.Values {
		if custom, ok := strings.CutPrefix(name, "custom."); ok {
			if _, declared := cl.schema.Declaration(custom); !declared {
				faults = append(faults, r.fault(name, fmt.Sprintf("class %s has no attribute %q", cl.Name, custom)))
			}
			i.Custom.Set(custom, v)
		}
	}
	if err := i.name(cl); err != nil {
		faults = append(faults, r.fault(fieldOf(err), messageOf(err)))
	}
	r.Identity = i.Identity
	if at := r.Values["seen_at"].Instant(); at.After(im.services.Kernel().Clock().Now()) {
		faults = append(faults, r.fault("seen_at", "nobody has seen it in the future"))
	}
	return faults
}

// parseRelation looks up the ends in the map.
func (im *importer) parseRelation(r *row) (faults []Fault, err error) {
	t, err := im.services.typeOf(r.Values["type"].Text())
	if err != nil {
		faults = append(faults, r.fault("type", messageOf(err)))
	} else if (t.Suffers == Neither || t.Weak) && !(r.Values["gate"].IsZero() && r.Values["group"].IsZero()) {
		faults = append(faults, r.fault("group", fmt.Sprintf("relations of type %q count for no gate: give neither group nor gate", t.Name)))
	}
	if v := r.Values["gate"]; !v.IsZero() {
		if gate, err := gateOf(v.Text()); err != nil {
			faults = append(faults, r.fault("gate", messageOf(err)))
		} else {
			r.Values["gate"] = field.Text(gate.String())
		}
	}
	if since, until := r.Values["since"].Instant(), r.Values["until"].Instant(); !until.IsZero() && !since.Before(until) {
		faults = append(faults, r.fault("until", "a relation ends after it begins: give both instants"))
	}
	var ends [2]itsm.Ref
	err = im.services.maps.look(im.ctx, im.tenant, func(n *tenantMap) error {
		for i, name := range [...]string{"from", "to"} {
			text := r.Values[name].Text()
			if text == "" {
				faults = append(faults, r.fault(name, "name an item or service"))
				continue
			}
			id, several := n.find(text)
			switch {
			case len(several) > 0:
				faults = append(faults, r.fault(name, fmt.Sprintf("%q is the name of several, %s: give the number", text, strings.Join(several, ", "))))
			case id == "":
				faults = append(faults, r.fault(name, fmt.Sprintf("there is no item or service %q", text)))
			default:
				ends[i] = itsm.Ref{Kind: n.known[id].kind, ID: id}
				r.Values[name] = field.Text(ends[i].String())
			}
		}
		return nil
	})
	if len(faults) == 0 && ends[0] == ends[1] {
		faults = append(faults, r.fault("to", "nothing is related to itself"))
	}
	r.Values["group"] = field.Text(strings.TrimSpace(r.Values["group"].Text()))
	r.Identity = identityOf(r.Values["type"].Text(), ends[0], ends[1], r.Values["group"].Text())
	return faults, err
}

// fieldOf is the field that an error of the kernel is about.
func fieldOf(err error) string {
	if e, ok := err.(*itsm.Error); ok {
		return e.Args["field"]
	}
	return ""
}

// value reads a cell as a kind of value.
func (c cell) value(want field.Kind) (field.Value, error) {
	text := strings.TrimSpace(c.text)
	wrong := func(what string) (field.Value, error) {
		return field.Value{}, itsm.Invalid(c.name, fmt.Sprintf("%q is no %s", text, what))
	}
	if c.isList && want != field.KindList {
		return field.Value{}, itsm.Invalid(c.name, "it takes one value, not a list")
	}
	switch want {
	case field.KindList:
		list := c.list
		if !c.isList {
			list = strings.Split(text, ";")
		}
		var texts []string
		for _, t := range list {
			if t = strings.TrimSpace(t); t != "" {
				texts = append(texts, t)
			}
		}
		return field.List(texts...), nil
	case field.KindInt:
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return wrong("whole number")
		}
		return field.Int(n), nil
	case field.KindNumber:
		n, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return wrong("number")
		}
		return field.Number(n), nil
	case field.KindBool:
		switch strings.ToLower(text) {
		case "true", "yes", "1":
			return field.Bool(true), nil
		case "false", "no", "0":
			return field.Bool(false), nil
		}
		return wrong("truth: write true or false")
	case field.KindInstant:
		for _, layout := range [...]string{time.RFC3339Nano, time.DateOnly} {
			if t, err := time.Parse(layout, text); err == nil {
				return field.Instant(t), nil
			}
		}
		return wrong("instant: write it as 2026-03-02T08:00:00Z, or as a date")
	case field.KindSpan:
		d, err := time.ParseDuration(text)
		if err != nil {
			return wrong("span of time: write it as 1h30m")
		}
		return field.Span(d), nil
	}
	return field.Text(text), nil
}
