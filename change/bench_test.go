package change_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/change"
	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
)

// A standard change is moved to another window, beside an edit that touches no place in the calendar.
func BenchmarkReschedule(b *testing.B) {
	for _, others := range []int{10, 2000} {
		f := open(b, change.Config{})
		f.standard("restart", change.Procedure{Title: "Restart", Plans: change.Plans{Implementation: "x"}})
		place := func(n int) change.Window {
			from := at(start).Add(time.Duration(n) * time.Hour)
			return change.Window{Start: from, End: from.Add(time.Hour)}
		}
		var id string
		for i := range others {
			c := f.draft(change.Draft{Template: "restart", Items: []string{fmt.Sprintf("item%d", i%50)}})
			_, err := f.Changes.Schedule(f.ann, c.ID, place(1+i/50))
			require.NoError(b, err)
			id = c.ID
		}
		b.Run(fmt.Sprintf("among %d", others), func(b *testing.B) {
			n := 0
			for b.Loop() {
				n++
				if _, err := f.Changes.Schedule(f.ann, id, place(1000+n%2)); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("floor: an edit among %d", others), func(b *testing.B) {
			n := 0
			for b.Loop() {
				n++
				if _, err := f.Changes.Edit(f.ann, id, itsm.Patch{"title": field.Text(fmt.Sprint("T", n%2))}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
