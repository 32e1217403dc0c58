package export

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
)

// The columns of a file of lives. A row is an event, a row of the record (a comment, a link, a time entry), or a timer.
const (
	colRow       = "row"
	colTenant    = "tenant"
	colRecord    = "record"
	colVersion   = "version"
	colAt        = "at"
	colEvent     = "event"
	colAlso      = "also"
	colActorKind = "actor_kind"
	colActor     = "actor"
	colBehalf    = "on_behalf_of"
	colCause     = "cause"
	colChanges   = "changes"
	colFacts     = "facts"
	colPeople    = "people"
	colKind      = "kind"
	colKey       = "key"
	colSubject   = "subject"
	colText      = "text"
	colGone      = "gone"
)

var lifeColumns = [...]string{
	colRow, colTenant, colRecord, colVersion, colAt, colEvent, colAlso, colActorKind, colActor, colBehalf, colCause,
	colChanges, colFacts, colPeople, colKind, colKey, colSubject, colText, colGone,
}

// What a row of the file is.
const (
	rowEvent = "event"
	rowRow   = "row"
	rowTimer = "timer"
)

const erasedJSON = `{"erased":true}`

// Lives writes whole records as CSV, so that [Restore] makes the same ones of it: every event, with its instant to the
// nanosecond, its actor, what changed and what else it says; every comment, note, time entry, attachment, link and
// watcher; every pending timer. It answers how many records it wrote. The file has personal values, in any case.
//
// The rows of a record stand together, events in order, each followed by the rows that it added, timers last. Cells are
// guarded as [Guard] does; in them a carriage return is \r and a backslash \\, because many programs lose the former.
// The same records give the same bytes.
func Lives(ctx context.Context, w io.Writer, k *itsm.Kernel, s Selection) (records int, err error) {
	out := csv.NewWriter(w)
	if err := out.Write(lifeColumns[:]); err != nil {
		return 0, err
	}
	l := lifeWriter{out: out, row: make([]string, len(lifeColumns))}
	for rec, err := range s.records(ctx, k) {
		if err != nil {
			return records, err
		}
		life, err := k.Life(ctx, rec.Header().Ref())
		if err != nil {
			return records, err
		}
		if err := l.write(life); err != nil {
			return records, err
		}
		records++
	}
	out.Flush()
	return records, out.Error()
}

type lifeWriter struct {
	out *csv.Writer
	row []string
}

// put writes a row of the cells that are named.
func (l *lifeWriter) put(cells map[string]string) error {
	for i, name := range lifeColumns {
		l.row[i] = toCell(cells[name])
	}
	return l.out.Write(l.row)
}

func (l *lifeWriter) write(life *itsm.Life) error {
	rows := life.Rows
	for i := range life.Events {
		e := &life.Events[i]
		err := l.put(map[string]string{
			colRow: rowEvent, colTenant: life.Tenant, colRecord: life.Ref.String(), colVersion: strconv.FormatInt(e.Version, 10), colAt: instant(e.At),
			colEvent: e.Event, colAlso: listText(e.Also), colActorKind: e.Actor.Kind.String(), colActor: e.Actor.ID, colBehalf: e.Actor.OnBehalfOf,
			colCause: e.Cause, colChanges: changesText(e.Changes), colFacts: factsText(e.Facts), colPeople: listText(e.People),
		})
		if err != nil {
			return err
		}
		for len(rows) > 0 && rows[0].Version == e.Version {
			r := &rows[0]
			gone := ""
			switch {
			case r.Removed:
				gone = "removed"
			case r.Erased:
				gone = "erased"
			}
			err := l.put(map[string]string{
				colRow: rowRow, colRecord: life.Ref.String(), colVersion: strconv.FormatInt(r.Version, 10), colKind: string(r.Kind), colKey: r.Key,
				colFacts: string(r.Facts), colSubject: r.Subject, colText: r.Text, colGone: gone,
			})
			if err != nil {
				return err
			}
			rows = rows[1:]
		}
	}
	for _, t := range life.Timers {
		err := l.put(map[string]string{
			colRow: rowTimer, colRecord: life.Ref.String(), colVersion: strconv.FormatInt(t.Generation, 10), colAt: instant(t.Due),
			colKey: t.Name, colEvent: t.Trigger, colText: t.Input,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func instant(at time.Time) string { return at.UTC().Format(time.RFC3339Nano) }

var (
	toCellText   = strings.NewReplacer(`\`, `\\`, "\r", `\r`)
	fromCellText = strings.NewReplacer(`\\`, `\`, `\r`, "\r")
)

func toCell(text string) string { return Guard(toCellText.Replace(text)) }

func fromCell(cell string) string { return fromCellText.Replace(Unguard(cell)) }

// listText writes a list of texts as JSON, and nothing for none.
func listText(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return string(field.List(list...).AppendJSON(nil))
}

func changesText(changes []itsm.FieldChange) string {
	if len(changes) == 0 {
		return ""
	}
	b := []byte{'{'}
	for i := range changes {
		c := &changes[i]
		if i > 0 {
			b = append(b, ',')
		}
		b = append(field.Text(c.Field).AppendJSON(b), ':')
		if c.Erased {
			b = append(b, erasedJSON...)
		} else {
			b = c.To.AppendJSON(b)
		}
	}
	return string(append(b, '}'))
}

// factsText keeps the JSON of each fact byte by byte.
func factsText(facts map[string]json.RawMessage) string {
	if len(facts) == 0 {
		return ""
	}
	b := []byte{'{'}
	for i, name := range sorted(facts) {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(field.Text(name).AppendJSON(b), ':')
		b = append(b, facts[name]...)
	}
	return string(append(b, '}'))
}
