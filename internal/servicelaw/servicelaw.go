// Package servicelaw plays random lives of services, items and relations on a store and holds them against their laws: a
// record is the fold of its events at every version, and two desks over the store answer alike at once.
package servicelaw

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/itsmkit/itsmkit/desk"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/service"
)

type world struct {
	t     testing.TB
	desks [2]*desk.Desk
	clock *itsmtest.Clock
	rand  *rand.Rand
	ann   context.Context
	root  context.Context
	refs  []itsm.Ref // of services and items
	rels  []string
	seen  map[itsm.Ref]map[int64]itsm.Record // the records as they were read at each version
	done  int
}

// Random plays one life of so many commands, given to two desks by turns. It answers how many of them were done.
func Random(t testing.TB, store itsm.Store, seed uint64, steps int) (done int) {
	w := &world{
		t: t, clock: itsmtest.NewClock(time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)), rand: rand.New(rand.NewPCG(seed, 13)),
		ann:  itsmtest.As(context.Background(), itsmtest.Agent("ann")),
		root: itsmtest.As(context.Background(), itsmtest.System()), seen: map[itsm.Ref]map[int64]itsm.Record{},
	}
	for i := range w.desks {
		d, err := desk.Open(context.Background(), desk.Config{Store: store, Clock: w.clock})
		if err != nil {
			t.Fatal(err)
		}
		w.desks[i] = d
	}
	w.clock.Attach(w.desks[0].Kernel)
	for range steps {
		w.step()
		w.look()
		w.compare()
		if err := w.clock.Advance(w.root, time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	w.judge()
	return w.done
}

func (w *world) step() {
	r := w.rand
	s := w.desks[r.IntN(2)].Services
	var one, other itsm.Ref
	if len(w.refs) > 0 {
		one, other = w.refs[r.IntN(len(w.refs))], w.refs[r.IntN(len(w.refs))]
	}
	var err error
	switch r.IntN(12) {
	case 0:
		var made service.Service
		if made, err = s.Plan(w.ann, service.NewService{Name: fmt.Sprint("service ", r.IntN(6)), Users: r.IntN(100), Live: r.IntN(3) > 0}); err == nil {
			w.refs = append(w.refs, made.Ref())
		}
	case 1, 2:
		var made service.Item
		if made, err = s.Register(w.ann, service.NewItem{Class: "host", Name: fmt.Sprint("host", r.IntN(20)), InUse: r.IntN(3) > 0}); err == nil {
			w.refs = append(w.refs, made.Ref())
		}
	case 3, 4, 5:
		group := []string{"", "a", "b"}[r.IntN(3)]
		gate := ""
		if group != "" {
			gate = []string{"", "any", "2"}[r.IntN(3)]
		}
		var made service.Relation
		if made, err = s.Relate(w.ann, service.NewRelation{Type: "depends_on", From: one, To: other, Group: group, Gate: gate}); err == nil {
			w.rels = append(w.rels, made.ID)
		}
	case 6:
		if len(w.rels) > 0 {
			_, err = s.End(w.ann, w.rels[r.IntN(len(w.rels))], time.Time{})
		}
	case 7:
		if len(w.rels) > 0 {
			_, err = s.Regate(w.ann, w.rels[r.IntN(len(w.rels))], []string{"any", "all", "2"}[r.IntN(3)])
		}
	case 8:
		if one.Kind == service.ItemKind {
			if r.IntN(2) == 0 {
				_, err = s.BeginMaintenance(w.ann, one.ID, "a new disk")
			} else {
				_, err = s.EndMaintenance(w.ann, one.ID)
			}
		}
	case 9:
		switch one.Kind {
		case service.ItemKind:
			_, err = s.PutInUse(w.ann, one.ID)
		case service.Kind:
			_, err = s.GoLive(w.ann, one.ID)
		}
	case 10:
		if r.IntN(3) > 0 {
			break
		}
		switch one.Kind {
		case service.ItemKind:
			_, err = s.RetireItem(w.ann, one.ID, "old")
		case service.Kind:
			_, err = s.Retire(w.ann, one.ID, "old")
		}
	case 11:
		if one.ID != "" {
			_, err = w.desks[0].Incidents.Report(w.ann, incident.Report{Title: "No answer", Items: []string{one.ID}})
		}
	}
	if _, refused := lifecycle.AsRefusal(err); err != nil && !refused && !errors.Is(err, itsm.ErrInvalid) && !errors.Is(err, itsm.ErrNotFound) {
		w.t.Fatalf("a command failed: %v", err)
	}
	if err == nil {
		w.done++
	}
}

// look keeps what every record is now.
func (w *world) look() {
	for _, ref := range w.all() {
		rec, err := w.desks[0].Get(w.root, ref)
		if err != nil {
			w.t.Fatal(err)
		}
		if w.seen[ref] == nil {
			w.seen[ref] = map[int64]itsm.Record{}
		}
		w.seen[ref][rec.Header().Version] = rec
	}
}

func (w *world) all() []itsm.Ref {
	refs := append([]itsm.Ref(nil), w.refs...)
	for _, id := range w.rels {
		refs = append(refs, itsm.Ref{Kind: service.RelationKind, ID: id})
	}
	return refs
}

// compare asks both desks who suffers from a loss.
func (w *world) compare() {
	if len(w.refs) == 0 {
		return
	}
	q := service.Question{Items: []string{w.refs[w.rand.IntN(len(w.refs))].String()}, Maintenance: w.rand.IntN(2) == 0}
	if w.rand.IntN(3) == 0 {
		q.Start, q.End = w.clock.Now(), w.clock.Now().Add(time.Hour)
	}
	var told [2]string
	for i, d := range w.desks {
		a, err := d.Services.Impact(w.ann, q)
		told[i] = fmt.Sprintf("%v %v", a.Affected, err)
	}
	if told[0] != told[1] {
		w.t.Fatalf("two desks on one store differ:\n%s\n%s", told[0], told[1])
	}
}

func (w *world) judge() {
	for _, ref := range w.all() {
		if err := w.desks[1].Verify(w.root, ref); err != nil {
			w.t.Fatalf("%s: %v", ref, err)
		}
		for version, was := range w.seen[ref] {
			is, err := w.desks[1].At(w.root, ref, version)
			if err != nil {
				w.t.Fatal(err)
			}
			if !reflect.DeepEqual(is, was) {
				w.t.Fatalf("%s at version %d is not the fold of its events:\n%+v\n%+v", ref, version, is, was)
			}
		}
	}
}
