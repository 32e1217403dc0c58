// Package export gives what a desk knows to other programs: histories as event logs ([XES], [OCEL]), records as tables
// ([Table]), and whole records as a file that another desk takes in without loss ([Lives], [Restore]).
//
// Everything is read through the kernel, for the actor of the context: what the authorizer does not let the actor see is
// left out, and what was erased stays erased. Personal values, people's names among them, are written only where that is
// asked for; [Lives] is a whole record and always has them, and is given only to actors from whom nothing is hidden.
//
// # Cost
//
// Records are read in pages, and written one at a time. Each page is a view of its own: what is written while an export
// runs may be in it or not. [OCEL] keeps the names of the records, because its file says first what there is.
package export

import (
	"context"
	"iter"
	"strings"

	"github.com/itsmkit/itsmkit/eventlog"
	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
)

// Selection says what is exported. The zero value is every record of every kind that the actor sees, without personal
// values.
type Selection struct {
	// Kinds are the kinds of records; empty is all.
	Kinds []string
	// Filter narrows the records; it names columns that each of the kinds has.
	Filter *itsm.Filter
	// Personal adds values that are data of people, and who acted.
	Personal bool
}

const pageSize = 200

func (s *Selection) kinds(k *itsm.Kernel) ([]string, error) {
	if len(s.Kinds) == 0 {
		return k.Kinds(), nil
	}
	for _, kind := range s.Kinds {
		if k.Columns(kind) == nil {
			return nil, itsm.Invalid("Kinds", "no practice registered the kind "+kind)
		}
	}
	return s.Kinds, nil
}

// records goes through the records of the selection, by kind and number.
func (s *Selection) records(ctx context.Context, k *itsm.Kernel) iter.Seq2[itsm.Record, error] {
	return func(yield func(itsm.Record, error) bool) {
		kinds, err := s.kinds(k)
		if err != nil {
			yield(nil, err)
			return
		}
		for _, kind := range kinds {
			q := itsm.Query{Filter: s.Filter, Limit: pageSize}
			for {
				page, err := k.List(ctx, kind, q)
				if err != nil {
					yield(nil, err)
					return
				}
				for _, rec := range page.Records {
					if !yield(rec, nil) {
						return
					}
				}
				if page.Next == "" {
					break
				}
				q.Cursor = page.Next
			}
		}
	}
}

// shown reports whether a change may be written. Erased values have nothing to tell.
func (s *Selection) shown(c *itsm.FieldChange) bool {
	return !c.Erased && (s.Personal || !c.Personal)
}

// resource is who acted, where that may be said: programs always, people where they are asked for and not erased.
func (s *Selection) resource(a *itsm.Actor) string {
	if a.ID == itsm.Erased || a.Kind == itsm.Person && !s.Personal {
		return ""
	}
	return clean(a.ID)
}

// attribute turns a value into one of a log; false where a log has none for it. Spans are seconds.
func attribute(key string, v field.Value) (eventlog.Attribute, bool) {
	switch v.Kind() {
	case field.KindText:
		return eventlog.String(key, clean(v.Text())), true
	case field.KindInt:
		return eventlog.Int(key, v.Int()), true
	case field.KindNumber:
		return eventlog.Float(key, v.Number()), true
	case field.KindBool:
		return eventlog.Boolean(key, v.Bool()), true
	case field.KindInstant:
		return eventlog.Date(key, v.Instant()), true
	case field.KindSpan:
		return eventlog.Float(key, v.Span().Seconds()), true
	case field.KindList:
		list := eventlog.List(key)
		for i := range v.Len() {
			list.Children = append(list.Children, eventlog.String("item", clean(v.At(i))))
		}
		return list, true
	}
	return eventlog.Attribute{}, false
}

// clean puts U+FFFD for what a log cannot hold: control characters that somebody once pasted must not spoil a log.
func clean(s string) string {
	return strings.Map(func(c rune) rune {
		if c < ' ' && c != '\t' && c != '\n' && c != '\r' || c == 0xFFFE || c == 0xFFFF {
			return 0xFFFD
		}
		return c
	}, s)
}
