package service

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// ImportKind is the kind of the records that tell what an import wrote: one a transaction, of [ImportBatch] rows at most.
const (
	ImportKind   = "service_import"
	ImportSeries = "IMP"
	ImportBatch  = 200
)

// ImportRecord tells what one transaction of an import wrote.
type ImportRecord struct {
	itsm.Head
	// Of is the kind of the rows: service, item or relation.
	Of string `json:"of" itsm:"index"`
	// FirstLine and LastLine are the lines in which the first and the last row began.
	FirstLine int `json:"first_line"`
	LastLine  int `json:"last_line"`
	Created   int `json:"created,omitempty"`
	Updated   int `json:"updated,omitempty"`
	Unchanged int `json:"unchanged,omitempty"`
}

// Format is how an import is written.
type Format string

// The formats. CSV has a header with the names of its columns, in any order; lists are texts with semicolons between. JSON is an
// array of objects, or one object after the other.
const (
	CSV  Format = "csv"
	JSON Format = "json"
)

// ImportOptions say what is read, and what is done with it.
type ImportOptions struct {
	// Format is CSV where it is empty, and Comma what is between its cells; a comma where it is 0.
	Format Format
	Comma  rune
	// Kind is the kind of the rows: service, item or relation.
	Kind string
	// DryRun writes nothing, and reports what would be written.
	DryRun bool
	// Partial leaves out rows that have faults, and writes the others of their batch. Else nothing of such a batch is written;
	// batches without faults are.
	Partial bool
}

// Report says what an import did, or would do.
type Report struct {
	Rows      int `json:"rows"`
	Created   int `json:"created"`
	Updated   int `json:"updated"`
	Unchanged int `json:"unchanged"`
	// Skipped are rows with faults, and those of batches that were not written because of others.
	Skipped int     `json:"skipped"`
	Faults  []Fault `json:"faults,omitempty"`
}

// Fault is one thing that is wrong in an import.
type Fault struct {
	// Line counts from 1. Column is the place in the line, in bytes from 1; 0 where the whole row is meant, and in JSON.
	Line   int `json:"line"`
	Column int `json:"column,omitempty"`
	// Field is the name of the column or member, where it is one that is wrong.
	Field   string `json:"field,omitempty"`
	Message string `json:"message"`
}

// String is such as "line 3, column 7 (state): there is no state …".
func (f Fault) String() string {
	where := fmt.Sprintf("line %d", f.Line)
	if f.Column > 0 {
		where += fmt.Sprintf(", column %d", f.Column)
	}
	if f.Field != "" {
		where += " (" + f.Field + ")"
	}
	return where + ": " + f.Message
}

// Import reads services, items or relations, and makes or updates them: services are known by name, items by class and key,
// relations by their type, ends and group while they hold. Importing the same again changes nothing. Everything that is wrong
// is in the report, by line; the error is for what ends the import, such as a store or a reader that fails, and comes
// with the report of what was done before. What was written stays.
//
// The columns have the names of the fields. Services: name, owner, group, criticality, scope, measures, stakeholders, users,
// since, state. Items: class, name, key, owner, location, seen_at, since, state, and attributes by their names, or as
// "custom.name". Relations: type, from, to, group, gate, since, until; ends are named as in a [Question], and services also as
// "service/name". An empty cell leaves a field as it is; null, in JSON, empties it. Instants are in RFC 3339, or dates in UTC.
// New services are live and new items in use, unless a state says otherwise, or a since that is to come: they are planned then.
//
// The actor needs the verb import on the kind [ImportKind]. Each batch of rows is a transaction, which writes the map once. An
// import holds a batch in memory, and the identity of each row.
func (s *Services) Import(ctx context.Context, r io.Reader, o ImportOptions) (report Report, err error) {
	if _, ok := fixed[o.Kind]; !ok {
		return report, itsm.Invalid("kind", fmt.Sprintf("import rows of kind %s, %s or %s", Kind, ItemKind, RelationKind))
	}
	if err := s.Kernel().May(ctx, itsm.Ref{Kind: ImportKind}, itsm.Import); err != nil {
		return report, err
	}
	actor, err := itsm.ActorFrom(ctx)
	if err != nil {
		return report, err
	}
	source, err := s.source(r, o)
	if err != nil {
		return report, err
	}
	defer func() {
		slices.SortStableFunc(report.Faults, func(a, b Fault) int { return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column)) })
	}()
	im := importer{services: s, ctx: ctx, tenant: actor.Tenant, options: o, report: &report, seen: map[string]int{}}
	for {
		raw, err := source.next()
		if errors.Is(err, io.EOF) {
			return report, im.flush()
		}
		if err != nil {
			return report, err
		}
		if err := im.add(raw); err != nil {
			return report, err
		}
	}
}

// importer collects rows, and writes them batch by batch.
type importer struct {
	services *Services
	ctx      context.Context
	tenant   string
	options  ImportOptions
	report   *Report
	seen     map[string]int // the line of each identity
	rows     []row
	count    int // of the batch, those with faults too
	faulty   bool
}

// row is one row that was read: what it is known by, and the fields that it gives.
type row struct {
	Line     int
	Identity string
	Values   itsm.Patch
	State    lifecycle.State
	at       map[string]place
}

type place struct{ line, column int }

// batch is what one command of an import brings.
type batch struct {
	Of   string
	Rows []row
}

func (im *importer) fault(f Fault) {
	im.report.Faults = append(im.report.Faults, f)
	im.faulty = true
}

func (im *importer) add(raw rawRow) error {
	if raw.apart {
		im.report.Faults = append(im.report.Faults, raw.faults...)
		return nil
	}
	im.report.Rows++
	im.count++
	r, faults, err := im.parse(raw)
	if err != nil {
		return err
	}
	if len(faults) == 0 {
		once := r.Identity
		if im.options.Kind == RelationKind { // it may hold, end, and hold again
			once += " " + r.Values["since"].String()
		}
		if line, twice := im.seen[once]; twice {
			faults = append(faults, Fault{Line: r.Line, Message: fmt.Sprintf("line %d is the same (%s): leave one of them out", line, r.Identity)})
		} else {
			im.seen[once] = r.Line
		}
	}
	for _, f := range faults {
		im.fault(f)
	}
	if len(faults) > 0 {
		im.report.Skipped++
	} else {
		im.rows = append(im.rows, r)
	}
	if im.count < ImportBatch {
		return nil
	}
	return im.flush()
}

// flush writes the batch, where nothing is wrong with it.
func (im *importer) flush() error {
	rows := im.rows
	defer func() { im.rows, im.count, im.faulty = nil, 0, false }()
	for len(rows) > 0 {
		known, err := im.known(rows)
		if err != nil {
			return err
		}
		steps, faults := im.services.decide(im.options.Kind, rows, known)
		for _, f := range faults {
			im.fault(f.Fault)
			im.report.Skipped++
		}
		rows, steps = without(rows, steps, faults)
		if im.faulty && !im.options.Partial {
			break
		}
		if !slices.ContainsFunc(steps, step.changes) {
			im.report.Unchanged += len(rows)
			return nil
		}
		done, err := im.write(batch{Of: im.options.Kind, Rows: rows}, steps)
		if err == nil {
			im.report.Created += done.Created
			im.report.Updated += done.Updated
			im.report.Unchanged += done.Unchanged
			return nil
		}
		wrong, ok := errors.AsType[*rowError](err)
		if !ok {
			return err
		}
		im.fault(wrong.Fault)
		if !im.options.Partial {
			break
		}
		im.report.Skipped++
		rows = slices.Delete(rows, wrong.row, wrong.row+1) // by place: several rows may stand on one line
	}
	im.report.Skipped += len(rows)
	return nil
}

func without(rows []row, steps []step, faults []rowFault) ([]row, []step) {
	bad := map[int]bool{}
	for _, f := range faults {
		bad[f.row] = true
	}
	var goodRows []row
	var goodSteps []step
	for i := range rows {
		if !bad[i] {
			goodRows, goodSteps = append(goodRows, rows[i]), append(goodSteps, steps[i])
		}
	}
	return goodRows, goodSteps
}

// write gives the command, or only asks what it would say.
func (im *importer) write(b batch, steps []step) (ImportRecord, error) {
	if !im.options.DryRun {
		return im.services.load.Do(im.ctx, b)
	}
	var would ImportRecord
	would.count(steps)
	return would, im.services.load.Explain(im.ctx, b)
}

func (r *ImportRecord) count(steps []step) {
	for _, s := range steps {
		switch {
		case s.record == nil:
			r.Created++
		case s.changes():
			r.Updated++
		default:
			r.Unchanged++
		}
	}
}

// known reads what the store has of the rows' identities.
func (im *importer) known(rows []row) ([]itsm.Record, error) {
	var found []itsm.Record
	same := identified(rows)
	q := itsm.Query{Filter: &same, Limit: 1000}
	for {
		page, err := im.services.Kernel().List(asSystem(im.ctx, im.tenant), im.options.Kind, q)
		found = append(found, page.Records...)
		if q.Cursor = page.Next; err != nil || page.Next == "" {
			return found, err
		}
	}
}

func identified(rows []row) itsm.Filter {
	names := make([]string, len(rows))
	for i := range rows {
		names[i] = rows[i].Identity
	}
	return itsm.Where("identity").In(names...)
}

// rowError is what the desk has against one row.
type rowError struct {
	rowFault
	err error
}

func (e *rowError) Error() string { return e.Fault.String() }

func (e *rowError) Unwrap() error { return e.err }

func (s *Services) registerImports(k *itsm.Kernel) error {
	table := lifecycle.Definition{
		Name: ImportKind, Version: 1, Initial: "done",
		States: []lifecycle.StateRow{
			{Name: "done", Title: "Done", Phase: lifecycle.Active}, {Name: "closed", Title: "Closed", Phase: lifecycle.Closed},
		},
		Triggers: []lifecycle.TriggerRow{{Name: "close_import", Title: "Close", Past: "closed"}},
		Rows: []lifecycle.Transition{
			{From: []lifecycle.State{"done"}, Trigger: "close_import", To: "closed", Roles: []itsm.Role{itsm.Machinery}},
		},
	}
	p, err := itsm.NewPractice[ImportRecord](k, itsm.Spec{Kind: ImportKind, Series: ImportSeries, Lifecycle: table})
	if err != nil {
		return err
	}
	s.imports = p.Records
	s.load = itsm.Create(p, lifecycle.Trigger(itsm.Import), "imported", s.imported)
	itsm.Handle(p, "close_import", func(*itsm.Unit, *ImportRecord, Nothing) error { return nil })
	return nil
}

// Imports answers the records of imports.
func (s *Services) Imports() *itsm.Records[ImportRecord] { return s.imports }

// imported writes a batch: what it was decided to do is decided again, by what the store says now.
func (s *Services) imported(u *itsm.Unit, r *ImportRecord, b batch) error {
	known, err := all(u, b.Of, identified(b.Rows))
	if err != nil {
		return err
	}
	steps, faults := s.decide(b.Of, b.Rows, known)
	if len(faults) > 0 {
		return &rowError{faults[0], itsm.ErrInvalid}
	}
	for i := range steps {
		if err := steps[i].take(u, b.Of); err != nil {
			return ofRow(b.Rows, i, err)
		}
	}
	r.Of, r.FirstLine, r.LastLine = b.Of, b.Rows[0].Line, b.Rows[len(b.Rows)-1].Line
	r.count(steps)
	return nil
}

// ofRow tells which row was refused; what is no refusal is no row's.
func ofRow(rows []row, i int, err error) error {
	for _, refusal := range [...]error{itsm.ErrInvalid, itsm.ErrRefused, itsm.ErrNotFound, itsm.ErrDenied, itsm.ErrHook} {
		if errors.Is(err, refusal) {
			return &rowError{rowFault{i, Fault{Line: rows[i].Line, Message: err.Error()}}, err}
		}
	}
	return err
}
