// Package knowledgelaw plays random lives of articles on a store and holds them against their laws: a record is the fold of
// its events at every version; what readers saw at an instant is what one who looked then remembers; nothing is published
// that was not accepted in that very wording; editions stay as they were published.
package knowledgelaw

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/itsmkit/itsmkit/approval"
	"github.com/itsmkit/itsmkit/desk"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/knowledge"
	"github.com/itsmkit/itsmkit/lifecycle"
)

const articles = 4

type world struct {
	t     testing.TB
	d     *desk.Desk
	clock *itsmtest.Clock
	rand  *rand.Rand
	ann   context.Context
	vera  context.Context
	cleo  context.Context
	root  context.Context
	seen  map[itsm.Ref]map[int64]itsm.Record // the records as they were read at each version
	looks []look
	// accepted are the wordings that vera accepted, of each article.
	accepted map[string]map[string]bool
	texts    int
	done     int
}

// look is what a reader saw of an article at an instant; nil is nothing.
type look struct {
	id   string
	at   time.Time
	text *knowledge.Text
}

// Random plays one life of so many commands. It answers how many of them were done.
func Random(t testing.TB, store itsm.Store, seed uint64, steps int) (done int) {
	as := func(a itsm.Actor) context.Context { return itsmtest.As(context.Background(), a) }
	w := &world{
		t: t, clock: itsmtest.NewClock(time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)), rand: rand.New(rand.NewPCG(seed, 17)),
		ann: as(itsmtest.Agent("ann")), vera: as(itsmtest.Agent("vera")), cleo: as(itsmtest.Requester("cleo")), root: as(itsmtest.System()),
		seen: map[itsm.Ref]map[int64]itsm.Record{}, accepted: map[string]map[string]bool{},
	}
	d, err := desk.Open(context.Background(), desk.Config{Store: store, Clock: w.clock, Articles: knowledge.Config{
		Review: []knowledge.ReviewPolicy{{Name: "all", Stages: []approval.Stage{{Name: "editor", Voters: []approval.Voter{{Person: "vera"}}}}}},
		Remind: []time.Duration{30 * time.Minute},
	}})
	if err != nil {
		t.Fatal(err)
	}
	w.d = d
	w.clock.Attach(d.Kernel)
	for range articles {
		w.must(d.Articles.Draft(w.ann, knowledge.Draft{Content: w.content()}))
	}
	for range steps {
		w.step()
		w.look()
		w.must(nil, w.clock.Advance(w.root, time.Minute))
	}
	w.judge()
	return w.done
}

func (w *world) must(_ any, err error) {
	if err != nil {
		w.t.Fatal(err)
	}
}

// content is one that never was before.
func (w *world) content() knowledge.Content {
	w.texts++
	audience := knowledge.For(knowledge.Public)
	if w.rand.IntN(4) == 0 {
		audience = knowledge.For(knowledge.Agents)
	}
	return knowledge.Content{Text: knowledge.Text{Title: "VPN", Body: fmt.Sprint("text ", w.texts)}, Audience: audience}
}

func (w *world) step() {
	r, s := w.rand, w.d.Articles
	id := fmt.Sprintf("KB%07d", 1+r.IntN(articles))
	var err error
	switch r.IntN(14) {
	case 0, 1:
		_, err = s.Write(w.ann, id, knowledge.Writing{Content: w.content()})
	case 2, 3:
		_, err = s.Submit(w.ann, id)
	case 4:
		_, err = s.Return(w.ann, id, "a typo")
	case 5, 6:
		p := knowledge.Publication{}
		if r.IntN(3) == 0 {
			p.At = w.clock.Now().Add(time.Duration(r.IntN(20)) * time.Minute)
		}
		if r.IntN(3) == 0 {
			p.ValidTo = w.clock.Now().Add(time.Hour)
		}
		_, err = s.Publish(w.ann, id, p)
	case 7, 8:
		_, err = s.Revise(w.ann, id)
	case 9:
		if r.IntN(3) == 0 {
			_, err = s.Discard(w.ann, id, "no need")
		} else {
			_, err = s.TakeUp(w.ann, id, int64(1+r.IntN(3)))
		}
	case 10:
		_, err = s.Renew(w.ann, id, knowledge.Renewal{ValidTo: w.clock.Now().Add(time.Duration(r.IntN(90)) * time.Minute)})
	case 11:
		in := knowledge.Retirement{Reason: "better"}
		if r.IntN(2) == 0 {
			in.Replacement = fmt.Sprintf("KB%07d", 1+r.IntN(articles))
		}
		_, err = s.Retire(w.ann, id, in)
	case 12:
		_, err = s.Restore(w.ann, id)
	case 13:
		err = w.vote()
	}
	if _, refused := lifecycle.AsRefusal(err); err != nil && !refused && !errors.Is(err, itsm.ErrInvalid) {
		w.t.Fatalf("a command failed: %v", err)
	}
	if err == nil {
		w.done++
	}
}

// vote has vera say what she thinks of all that waits for her, and remembers the wordings that she accepts.
func (w *world) vote() error {
	ballots, err := w.d.Approvals.Waiting(w.vera)
	if err != nil {
		return err
	}
	for _, b := range ballots {
		a, err := w.d.Articles.Get(w.root, b.Subject.ID)
		if err != nil {
			return err
		}
		choice := approval.Accept
		if w.rand.IntN(4) == 0 {
			choice = approval.Refuse
		} else {
			if w.accepted[a.ID] == nil {
				w.accepted[a.ID] = map[string]bool{}
			}
			w.accepted[a.ID][a.Next.Get().Body] = true
		}
		if _, err := w.d.Approvals.Vote(w.vera, b.ID, approval.Choose{Choice: choice, Reason: "because", Content: b.Content}); err != nil {
			return err
		}
	}
	return nil
}

// look keeps what every record is now, and what a reader sees.
func (w *world) look() {
	for n := range articles {
		ref := itsm.Ref{Kind: knowledge.Kind, ID: fmt.Sprintf("KB%07d", n+1)}
		rec, err := w.d.Get(w.root, ref)
		if err != nil {
			w.t.Fatal(err)
		}
		if w.seen[ref] == nil {
			w.seen[ref] = map[int64]itsm.Record{}
		}
		w.seen[ref][rec.Header().Version] = rec
		l := look{id: ref.ID, at: w.clock.Now()}
		switch a, err := w.d.Articles.Get(w.cleo, ref.ID); {
		case err == nil:
			text := a.Published.Get()
			l.text = &text
			if !w.accepted[ref.ID][text.Body] {
				w.t.Fatalf("%s: readers see %q, which nobody accepted", ref, text.Body)
			}
		case !errors.Is(err, itsm.ErrNotFound):
			w.t.Fatal(err)
		}
		w.looks = append(w.looks, l)
	}
}

func (w *world) judge() {
	for ref, versions := range w.seen {
		if err := w.d.Verify(w.root, ref); err != nil {
			w.t.Fatalf("%s: %v", ref, err)
		}
		for version, was := range versions {
			is, err := w.d.At(w.root, ref, version)
			if err != nil {
				w.t.Fatal(err)
			}
			if !reflect.DeepEqual(is, was) {
				w.t.Fatalf("%s at version %d is not the fold of its events:\n%+v\n%+v", ref, version, is, was)
			}
		}
		editions, err := w.d.Articles.Editions(w.root, ref.ID)
		if err != nil {
			w.t.Fatal(err)
		}
		for i, e := range editions {
			if e.Number != int64(i+1) || !w.accepted[ref.ID][e.Body] {
				w.t.Fatalf("%s: edition %d is number %d, and says %q", ref, i+1, e.Number, e.Body)
			}
		}
	}
	public := []string{knowledge.Public, knowledge.Requesters}
	for _, l := range w.looks {
		c, err := w.d.Articles.TextAt(w.root, l.id, l.at)
		saw := err == nil && c.Audience.Includes(public)
		switch {
		case err != nil && !errors.Is(err, itsm.ErrNotFound):
			w.t.Fatal(err)
		case saw != (l.text != nil) || saw && !reflect.DeepEqual(c.Text, *l.text):
			w.t.Fatalf("%s at %v: a reader saw %v, and it is said to be %+v, %v", l.id, l.at, l.text, c, err)
		}
	}
}
