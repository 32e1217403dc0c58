package relational

import (
	"strings"
	"unicode/utf8"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
)

// Dialect is what differs between databases in a condition.
type Dialect struct {
	// Param writes the n-th parameter, from 1.
	Param func(n int) string
	// HasText is a condition: the text expression contains the parameter's text, ASCII letters of either case alike.
	HasText func(text, param string) string
	// KeyText makes a text expression of a key column that holds a text, and HasBytes is a condition: the key contains the
	// parameter's bytes.
	KeyText  func(key string) string
	HasBytes func(key, param string) string
	// Float makes a floating-point expression of a parameter beside an integer column; nil where the parameter will do.
	Float func(param string) string
	// Column writes the quoted name of a column, where that tells the database which index to take; nil is the name.
	Column func(quoted string) string
}

func (d *Dialect) column(quoted string) string {
	if d.Column == nil {
		return quoted
	}
	return d.Column(quoted)
}

// Clause is a part of a SELECT with its parameters.
type Clause struct {
	Where string
	Order string
	Args  []any
}

// Condition compiles the tenant, the filter and the mark of a query. Exact tells that no record needs a second look, and
// sorted that Order is the query's; else the order is by id, without the mark.
func (k *Kind) Condition(d *Dialect, q *itsm.StoreQuery) (c Clause, exact, sorted bool, err error) {
	w := writer{kind: k, dialect: d}
	w.text(`tenant = `)
	w.param(q.Tenant)
	exact = true
	if q.Filter != nil {
		w.text(` AND `)
		exact = w.filter(q.Filter)
	}
	sorted = true
	for _, s := range q.Sort {
		if col := k.Column(s.Column); col == nil || !col.Stored {
			sorted = false
		}
	}
	switch {
	case !sorted:
		w.order = `id`
	default:
		if err := w.sort(q); err != nil {
			return c, false, false, err
		}
	}
	return Clause{Where: w.b.String(), Order: w.order, Args: w.args}, exact, sorted, nil
}

// writer writes SQL and gathers its parameters.
type writer struct {
	kind    *Kind
	dialect *Dialect
	b       strings.Builder
	args    []any
	order   string
}

func (w *writer) text(s string) { w.b.WriteString(s) }

func (w *writer) param(v any) { w.b.WriteString(w.arg(v)) }

func (w *writer) arg(v any) string {
	w.args = append(w.args, v)
	return w.dialect.Param(len(w.args))
}

const (
	always = `1=1`
	never  = `1=0`
)

// filter writes a condition that holds wherever the filter does, and reports whether it holds nowhere else.
func (w *writer) filter(f *itsm.Filter) (exact bool) {
	switch f.Op {
	case itsm.OpAll:
		return w.parts(f.Parts, ` AND `, always)
	case itsm.OpAny:
		return w.parts(f.Parts, ` OR `, never)
	case itsm.OpNot:
		return w.not(&f.Parts[0])
	}
	col := w.kind.Column(f.Column)
	switch {
	case col == nil: // nothing is ever filled in
		if f.Op == itsm.OpEmpty {
			w.text(always)
		} else {
			w.text(never)
		}
		return true
	case !col.Stored:
		w.text(always)
		return false
	case col.Class == Key:
		return w.onKey(col, f)
	case col.Class == Text:
		return w.onText(col, f)
	default:
		w.onInteger(col, f)
		return true
	}
}

func (w *writer) parts(parts []itsm.Filter, between, none string) (exact bool) {
	if len(parts) == 0 {
		w.text(none)
		return true
	}
	exact = true
	w.text(`(`)
	for i := range parts {
		if i > 0 {
			w.text(between)
		}
		exact = w.filter(&parts[i]) && exact
	}
	w.text(`)`)
	return exact
}

// not can negate only what is exact: of all else it knows nothing.
func (w *writer) not(part *itsm.Filter) bool {
	inner := writer{kind: w.kind, dialect: w.dialect, args: w.args}
	if !inner.filter(part) {
		w.text(always)
		return false
	}
	w.text(`NOT (` + inner.b.String() + `)`)
	w.args = inner.args
	return true
}

var comparisons = map[itsm.Op]string{itsm.OpLess: ` < `, itsm.OpMost: ` <= `, itsm.OpMore: ` > `, itsm.OpLeast: ` >= `}

func (w *writer) onText(col *Column, f *itsm.Filter) (exact bool) {
	name := w.dialect.column(col.Quoted())
	switch f.Op {
	case itsm.OpEmpty:
		w.text(name + ` = ''`)
	case itsm.OpIn:
		var texts []any
		for _, v := range f.Values {
			if v.Kind() == field.KindText && !v.IsZero() && clean(v.Text()) {
				texts = append(texts, v.Text())
			}
		}
		w.in(name, texts)
	case itsm.OpPrefix:
		prefix := f.Values[0].Text()
		switch {
		case !clean(prefix):
			w.text(name + ` > ''`)
			return false
		case prefix == "":
			w.text(name + ` > ''`)
		default:
			w.text(name + ` >= ` + w.arg(prefix))
			if end := after(prefix); end != "" {
				w.text(` AND ` + name + ` < ` + w.arg(end))
			}
		}
	case itsm.OpHas:
		part := f.Values[0].Text()
		if !clean(part) {
			w.text(name + ` > ''`)
			return false
		}
		w.text(name + ` > ''`)
		if part != "" {
			w.text(` AND ` + w.dialect.HasText(name, w.arg(part)))
		}
	default:
		v := f.Values[0]
		switch {
		case v.Kind() != field.KindText:
			w.text(never)
		case !clean(v.Text()):
			w.text(name + ` > ''`)
			return false
		default:
			w.text(name + comparisons[f.Op] + w.arg(v.Text()) + ` AND ` + name + ` > ''`)
		}
	}
	return true
}

func (w *writer) onInteger(col *Column, f *itsm.Filter) {
	name := w.dialect.column(col.Quoted())
	number := func(v field.Value) (int64, bool) {
		if col.Class == Instant {
			return instant(v), v.Kind() == field.KindInstant
		}
		return v.Int(), v.Kind() == field.KindInt
	}
	filled := always
	if col.Class == Instant {
		filled = name + ` > ` + lowest
	}
	switch f.Op {
	case itsm.OpEmpty:
		if col.Class == Instant {
			w.text(name + ` = ` + lowest)
		} else {
			w.text(never)
		}
	case itsm.OpIn:
		var numbers []any
		for _, v := range f.Values {
			if n, ok := number(v); ok {
				numbers = append(numbers, n)
			}
		}
		w.in(name, numbers)
		w.text(` AND ` + filled)
	case itsm.OpPrefix, itsm.OpHas:
		w.text(never)
	default:
		v := f.Values[0]
		if n, ok := number(v); ok {
			w.text(name + comparisons[f.Op] + w.arg(n) + ` AND ` + filled)
		} else if col.Class == Whole && v.Kind() == field.KindNumber {
			param := w.arg(v.Number())
			if w.dialect.Float != nil {
				param = w.dialect.Float(param)
			}
			w.text(name + comparisons[f.Op] + param)
		} else {
			w.text(never)
		}
	}
}

// lowest is what an instant column holds where nothing is filled in. SQL has no literal for it.
const lowest = `(-9223372036854775807 - 1)`

func (w *writer) onKey(col *Column, f *itsm.Filter) (exact bool) {
	name := w.dialect.column(col.Quoted())
	// between holds the keys of a kind: nothing but the first byte tells.
	between := func(first byte) string {
		return name + ` >= ` + w.arg([]byte{first}) + ` AND ` + name + ` < ` + w.arg([]byte{first + 1})
	}
	switch f.Op {
	case itsm.OpEmpty:
		w.text(name + ` = ` + w.arg([]byte{}))
		return true
	case itsm.OpIn:
		return w.keyIn(col, f.Values)
	case itsm.OpPrefix:
		prefix := []byte(f.Values[0].Text())
		w.text(name + ` >= ` + w.arg(append([]byte{keyText}, prefix...)))
		w.text(` AND ` + name + ` < ` + w.arg(afterBytes(append([]byte{keyText}, prefix...))))
		return true
	case itsm.OpHas:
		part := f.Values[0].Text()
		w.text(between(keyText))
		if !clean(part) {
			return false
		}
		if part != "" {
			w.text(` AND ` + w.dialect.HasText(w.dialect.KeyText(name), w.arg(part)))
		}
		return true
	}
	v := f.Values[0]
	if v.IsZero() { // texts and lists have an order with those that are filled in only
		switch {
		case v.Kind() == field.KindNone:
			w.text(never)
			return true
		case f.Op == itsm.OpMore || f.Op == itsm.OpLeast:
			first := byte(keyText)
			if v.Kind() == field.KindList {
				first = keyList
			}
			w.text(between(first))
			return true
		}
		w.text(never)
		return true
	}
	key := AppendKey(nil, v)
	w.text(`(` + name + comparisons[f.Op] + w.arg(key) + ` AND ` + between(key[0]) + `)`)
	return true
}

// keyIn holds where a key is that of one of the values, or that of a list which has one of them.
func (w *writer) keyIn(col *Column, values []field.Value) (exact bool) {
	exact = true
	name := w.dialect.column(col.Quoted())
	var keys []any
	var members []string
	for _, v := range values {
		switch {
		case v.IsZero():
			if v.Kind() == field.KindText && col.custom {
				members = append(members, "") // a list may have it
			}
			continue
		case v.Kind() == field.KindText && col.custom:
			members = append(members, v.Text())
		case v.Kind() == field.KindInt, v.Kind() == field.KindNumber:
			if !col.custom && v.Kind() != col.Kind {
				continue
			}
			exact = exact && !col.custom // 5 and 5.0 have one key, and are not equal
		}
		keys = append(keys, AppendKey(nil, v))
	}
	if len(members) == 0 {
		w.in(name, keys)
		return exact
	}
	w.text(`(`)
	w.in(name, keys)
	w.text(` OR (` + name + ` >= ` + w.arg([]byte{keyList}) + ` AND (`)
	for i, m := range members {
		if i > 0 {
			w.text(` OR `)
		}
		first := append(append([]byte{keyList}, m...), 0)
		w.text(name + ` >= ` + w.arg(first) + ` AND ` + name + ` < ` + w.arg(afterBytes(first)))
		w.text(` OR ` + w.dialect.HasBytes(name, w.arg(append(append([]byte{0}, m...), 0))))
	}
	w.text(`)))`)
	return exact
}

func (w *writer) in(name string, values []any) {
	switch len(values) {
	case 0:
		w.text(never)
	case 1:
		w.text(name + ` = ` + w.arg(values[0]))
	default:
		w.text(name + ` IN (`)
		for i, v := range values {
			if i > 0 {
				w.text(`, `)
			}
			w.param(v)
		}
		w.text(`)`)
	}
}

// sort writes the mark as a condition, and the order.
func (w *writer) sort(q *itsm.StoreQuery) error {
	type place struct {
		name string
		down bool
		mark any
	}
	places := make([]place, 0, len(q.Sort)+1)
	down, unique := false, false
	if q.After != nil && !clean(q.After.ID) {
		return itsm.ErrCursor
	}
	for i, s := range q.Sort {
		col := w.kind.Column(s.Column)
		p := place{name: w.dialect.column(col.Quoted()), down: s.Descending}
		down = s.Descending
		if q.After != nil {
			mark, err := col.encode(q.After.Values[i])
			if text, ok := mark.(string); err != nil || ok && !clean(text) {
				return itsm.ErrCursor
			}
			p.mark = mark
		}
		places = append(places, p)
		if unique = s.Column == "id"; unique { // nothing is level with it
			break
		}
	}
	if !unique {
		p := place{name: w.dialect.column(`"id"`), down: down}
		if q.After != nil {
			p.mark = q.After.ID
		}
		places = append(places, p)
	}
	order := make([]string, len(places))
	alike := true
	for i, p := range places {
		order[i] = p.name
		if p.down {
			order[i] += ` DESC`
		}
		alike = alike && p.down == places[0].down
	}
	w.order = strings.Join(order, `, `)
	if q.After == nil {
		return nil
	}
	beyond := func(p place) string {
		if p.down {
			return ` < `
		}
		return ` > `
	}
	w.text(` AND `)
	if alike {
		names, marks := make([]string, len(places)), make([]string, len(places))
		for i, p := range places {
			names[i], marks[i] = p.name, w.arg(p.mark)
		}
		if len(places) == 1 {
			w.text(names[0] + beyond(places[0]) + marks[0])
			return nil
		}
		w.text(`(` + strings.Join(names, `, `) + `)` + beyond(places[0]) + `(` + strings.Join(marks, `, `) + `)`)
		return nil
	}
	// The first condition says nothing new, but an index can begin there.
	first := places[0]
	w.text(first.name + strings.TrimRight(beyond(first), ` `) + `= ` + w.arg(first.mark) + ` AND (`)
	for i, p := range places {
		if i > 0 {
			w.text(` OR (` + places[i-1].name + ` = ` + w.arg(places[i-1].mark) + ` AND (`)
		}
		w.text(p.name + beyond(p) + w.arg(p.mark))
	}
	w.text(strings.Repeat(`))`, len(places)-1) + `)`)
	return nil
}

// clean reports whether a database takes the text.
func clean(s string) bool { return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 }

// after is the first text behind all that begin with a prefix, in order of bytes; empty where there is none.
func after(prefix string) string {
	runes := []rune(prefix)
	for i := len(runes) - 1; i >= 0; i-- {
		if runes[i] == utf8.MaxRune {
			continue
		}
		runes[i]++
		if runes[i] == 0xd800 {
			runes[i] = 0xe000
		}
		return string(runes[:i+1])
	}
	return ""
}

// afterBytes is the same for bytes that do not all have the highest value.
func afterBytes(prefix []byte) []byte {
	end := append([]byte(nil), prefix...)
	for i := len(end) - 1; i >= 0; i-- {
		if end[i] < 0xff {
			end[i]++
			return end[:i+1]
		}
	}
	return nil
}
