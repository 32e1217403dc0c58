package task_test

import (
	"testing"

	"github.com/itsmkit/itsmkit/task"
)

// BenchmarkLife adds a mandatory task to an incident and completes it: two commands, each of which writes the incident
// too. The incident has up to a hundred tasks that are done.
func BenchmarkLife(b *testing.B) {
	d := newDesk(b, task.Config{})
	work := task.Work{Title: "Look at the gateway", Mandatory: true}
	inc, n := d.reported(), 0
	b.ReportAllocs()
	for b.Loop() {
		if n++; n%100 == 0 {
			inc = d.reported()
		}
		made, err := d.Add(d.ann, inc.Ref(), work)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := d.Complete(d.ann, made[0].ID, task.Completion{}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkList adds ten tasks that follow each other, in one command.
func BenchmarkList(b *testing.B) {
	list := task.List{Name: "ten"}
	for i := range 10 {
		w := task.Work{Name: string(rune('a' + i)), Title: "Part", Mandatory: true}
		if i > 0 {
			w.After = []string{string(rune('a' + i - 1))}
		}
		list.Tasks = append(list.Tasks, w)
	}
	d := newDesk(b, task.Config{Lists: []task.List{list}})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := d.AddList(d.ann, d.reported().Ref(), "ten"); err != nil {
			b.Fatal(err)
		}
	}
}
