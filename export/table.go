package export

import (
	"context"
	"encoding/csv"
	"io"
	"strings"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
)

// Table writes records as CSV, one row a record, with the names of the columns in the first one. Without columns it has
// all that are not personal. A personal column has to be named, and Selection.Personal set; what is hidden from the
// actor is empty. Instants are in UTC as RFC 3339 writes them, lists have commas. Text is guarded, see [Guard]. The
// selection is of one kind.
func Table(ctx context.Context, w io.Writer, k *itsm.Kernel, s Selection, columns ...string) error {
	if len(s.Kinds) != 1 {
		return itsm.Invalid("Kinds", "a table is of one kind of records")
	}
	declared := k.Columns(s.Kinds[0])
	if declared == nil {
		return itsm.Invalid("Kinds", "no practice registered the kind "+s.Kinds[0])
	}
	personal := map[string]bool{}
	for _, c := range declared {
		personal[c.Name] = c.Personal
	}
	for _, name := range columns {
		if hidden, known := personal[name]; !known {
			return itsm.Invalid("columns", s.Kinds[0]+" has no column "+name)
		} else if hidden && !s.Personal {
			return itsm.Invalid("columns", name+" is personal: set Selection.Personal")
		}
	}
	if len(columns) == 0 {
		for _, c := range declared {
			if !c.Personal {
				columns = append(columns, c.Name)
			}
		}
	}
	out := csv.NewWriter(w)
	row := make([]string, len(columns))
	for i, name := range columns {
		row[i] = Guard(name)
	}
	if err := out.Write(row); err != nil {
		return err
	}
	for rec, err := range s.records(ctx, k) {
		if err != nil {
			return err
		}
		for i, name := range columns {
			v := k.Value(rec, name)
			if row[i] = v.String(); v.Kind() == field.KindText || v.Kind() == field.KindList {
				row[i] = Guard(row[i])
			}
		}
		if err := out.Write(row); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// Guard keeps a spreadsheet from taking a text for a formula: one that begins with = + - @, a tab or a line end gets an
// apostrophe in front. So does one that begins with an apostrophe, so that [Unguard] gives every text back.
func Guard(text string) string {
	if text != "" && strings.IndexByte("=+-@\t\r\n'", text[0]) >= 0 {
		return "'" + text
	}
	return text
}

// Unguard takes the apostrophe away that [Guard] put in front.
func Unguard(cell string) string { return strings.TrimPrefix(cell, "'") }
