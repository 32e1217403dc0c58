// Package problemlaw plays random lives of problems and their incidents on a store and holds them against their laws: a
// record is the fold of its events at every version, a workaround is told once for each edition, and only to the open
// incidents of its problem; nothing is resolved by a fix but what waits for it.
package problemlaw

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/itsmkit/itsmkit/change"
	"github.com/itsmkit/itsmkit/desk"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/problem"
)

type world struct {
	t     testing.TB
	d     *desk.Desk
	clock *itsmtest.Clock
	rand  *rand.Rand
	who   []context.Context
	root  context.Context
	seen  map[itsm.Ref]map[int64]itsm.Record // the records as they were read at each version
	done  int
}

const (
	problems  = 3
	incidents = 5
)

// Random plays one life of so many commands. It answers how many of them were done.
func Random(t testing.TB, store itsm.Store, seed uint64, steps int) (done int) {
	w := &world{
		t: t, clock: itsmtest.NewClock(time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)), rand: rand.New(rand.NewPCG(seed, 11)),
		root: itsmtest.As(context.Background(), itsmtest.System()), seen: map[itsm.Ref]map[int64]itsm.Record{},
	}
	for _, a := range []itsm.Actor{itsmtest.Agent("ann"), itsmtest.Agent("bob"), itsmtest.Manager("mary")} {
		w.who = append(w.who, itsmtest.As(context.Background(), a))
	}
	d, err := desk.Open(context.Background(), desk.Config{Store: store, Clock: w.clock})
	if err != nil {
		t.Fatal(err)
	}
	w.d = d
	w.clock.Attach(d.Kernel)
	for range problems {
		w.must(d.Problems.Report(w.who[0], problem.Report{Title: "Mail is slow"}))
	}
	for range incidents {
		w.must(d.Incidents.Report(w.who[0], incident.Report{Title: "Mail is slow", Assignee: "ann"}))
	}
	w.must(d.Changes.Draft(w.who[0], change.Draft{Title: "Larger disk"}))
	for range steps {
		w.step()
		w.look()
	}
	w.judge()
	return w.done
}

func (w *world) must(_ any, err error) {
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) step() {
	r, who := w.rand, w.who[w.rand.IntN(len(w.who))]
	id := fmt.Sprintf("PRB%07d", 1+r.IntN(problems))
	inc := itsm.Ref{Kind: incident.Kind, ID: fmt.Sprintf("INC%07d", 1+r.IntN(incidents))}
	chg := itsm.Ref{Kind: change.Kind, ID: "CHG0000001"}
	p := w.d.Problems
	outcomes := []problem.Outcome{problem.FixApplied, problem.RiskAccepted, problem.NoCauseFound}
	var err error
	switch r.IntN(18) {
	case 0:
		_, err = p.Assess(who, id, problem.Owning{})
	case 1, 2:
		_, err = p.StartAnalysis(who, id, problem.Owning{})
	case 3:
		_, err = p.RecordCause(who, id, problem.Finding{Cause: "the disk"})
	case 4:
		_, err = p.Hold(who, id, "wait")
	case 5:
		_, err = p.Resume(who, id)
	case 6:
		_, err = p.Reassign(who, id, problem.Owning{Owner: "bob"})
	case 7:
		_, err = p.Fix(who, id, problem.Fixing{Cause: "the disk", Unchanged: "a setting"})
	case 8:
		_, err = p.Resolve(who, id, problem.Resolution{Outcome: outcomes[r.IntN(3)], Notes: "n", ReviewAt: w.clock.Now().Add(time.Hour)})
	case 9:
		_, err = p.Complete(who, id, problem.Completion{})
	case 10:
		_, err = p.Reanalyse(who, id, "again")
	case 11, 12:
		_, err = p.PublishWorkaround(who, id, fmt.Sprint("restart it, ", r.IntN(3)))
	case 13, 14:
		_, err = p.Link(who, id, problem.Underlies, inc)
	case 15:
		_, err = p.Link(who, id, problem.FixedBy, chg)
	case 16:
		if r.IntN(2) == 0 {
			_, err = w.d.Incidents.Hold(who, inc.ID, incident.Hold{Reason: itsm.HoldProblem})
		} else {
			_, err = w.d.Incidents.Resume(who, inc.ID)
		}
	case 17:
		if r.IntN(8) == 0 {
			_, err = p.MarkDuplicate(who, id, problem.Duplicate{Original: p.Ref("PRB0000001")})
		} else {
			err = w.clock.Advance(w.root, time.Duration(r.IntN(90))*time.Minute)
		}
	}
	if _, refused := lifecycle.AsRefusal(err); err != nil && !refused && !errors.Is(err, itsm.ErrInvalid) && !errors.Is(err, itsm.ErrDenied) {
		w.t.Fatalf("a command failed: %v", err)
	}
	if err == nil {
		w.done++
	}
}

// look keeps what every record is now.
func (w *world) look() {
	for _, ref := range w.refs() {
		rec, err := w.d.Get(w.root, ref)
		if err != nil {
			w.t.Fatal(err)
		}
		if w.seen[ref] == nil {
			w.seen[ref] = map[int64]itsm.Record{}
		}
		w.seen[ref][rec.Header().Version] = rec
	}
}

func (w *world) refs() (refs []itsm.Ref) {
	for n := range problems {
		refs = append(refs, itsm.Ref{Kind: problem.Kind, ID: fmt.Sprintf("PRB%07d", n+1)})
	}
	for n := range incidents {
		refs = append(refs, itsm.Ref{Kind: incident.Kind, ID: fmt.Sprintf("INC%07d", n+1)})
	}
	return refs
}

func (w *world) judge() {
	for _, ref := range w.refs() {
		if err := w.d.Verify(w.root, ref); err != nil {
			w.t.Fatalf("%s: %v", ref, err)
		}
		for version, was := range w.seen[ref] {
			is, err := w.d.At(w.root, ref, version)
			if err != nil {
				w.t.Fatal(err)
			}
			if !reflect.DeepEqual(is, was) {
				w.t.Fatalf("%s at version %d is not the fold of its events:\n%+v\n%+v", ref, version, is, was)
			}
		}
		if ref.Kind == incident.Kind {
			w.judgeWorkarounds(ref)
		}
	}
}

// judgeWorkarounds counts what an incident was told: no edition of a problem twice.
func (w *world) judgeWorkarounds(ref itsm.Ref) {
	history, err := w.d.History(w.root, ref, 0, 10_000)
	if err != nil {
		w.t.Fatal(err)
	}
	told := map[string]int{}
	var last string
	for _, e := range history {
		at, err := w.d.At(w.root, ref, e.Version)
		if err != nil {
			w.t.Fatal(err)
		}
		k := at.(*incident.Incident).Workaround
		name := fmt.Sprintf("%s, edition %d", k.Problem, k.Edition)
		if k.Problem != "" && name != last {
			if told[name]++; told[name] > 1 {
				w.t.Fatalf("%s was told %s twice", ref, name)
			}
		}
		last = name
	}
}
