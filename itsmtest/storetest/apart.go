package storetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/itsmkit/itsmkit/itsm"
)

// Apart gives random commands in two tenants to one kernel on a store, with the same numbers, the same people and the same
// keys, and fails the test where anything crosses: a record, a list, a count, a row that is found, a receipt, a timer, the
// context of a subscriber. The store is to be empty.
func Apart(t *testing.T, seed uint64, steps int, store itsm.Store) {
	t.Helper()
	w := &twins{T: t, Store: store, draw: rand.New(rand.NewPCG(seed, 12)), codecs: map[string]itsm.Codec{}}
	l := on(w)
	l.apart = true
	fired, followed := map[string]int{}, map[string]int{}
	l.fires = func(u *itsm.Unit, r *errand) {
		if u.Fired() != nil {
			fired[r.Tenant]++
			if u.Actor().Tenant != r.Tenant || u.Fired().Key != r.Key() || !strings.HasPrefix(r.Title, r.Tenant) && r.Title != itsm.Erased {
				t.Errorf("%s: a timer of %s fired on %s %q, by an actor of %s", w.step, u.Fired().Key, r.Key(), r.Title, u.Actor().Tenant)
			}
		}
	}
	l.follow = func(ctx context.Context, e *itsm.Event) error {
		followed[e.Tenant]++
		r, err := l.kernel.Get(ctx, e.Key.Ref())
		if err == nil && r.Header().Tenant != e.Tenant {
			t.Errorf("%s: a subscriber of an event of %s got a record of %s", w.step, e.Key, r.Header().Key())
		}
		return nil
	}
	l.begin()
	for n := range steps {
		w.step = fmt.Sprint("seed ", seed, ", step ", n)
		l.do()
		if n%25 == 24 {
			l.look(acme, umbrella)
			l.look(umbrella, acme)
		}
		if t.Failed() {
			return
		}
	}
	if l.did["linked"] == 0 && steps >= 300 {
		t.Errorf("seed %d: no link was made: the check is worth little", seed)
	}
	for _, tenant := range []string{acme, umbrella} {
		if steps >= 300 && (fired[tenant] == 0 || followed[tenant] == 0) {
			t.Errorf("seed %d: %d timers fired in %s, and %d events were followed: the check is worth little", seed, fired[tenant], tenant, followed[tenant])
		}
	}
}

// look reads all that a tenant may see, and some that it may not.
func (l *life) look(tenant, other string) {
	l.Helper()
	ctx := l.as(tenant)
	mine := map[itsm.Ref]bool{}
	check := func(what string, k itsm.Key, text string) {
		l.Helper()
		if k.Tenant != tenant || strings.Contains(text, other) {
			l.Errorf("%s: %s of %s shows %s: %s", l.step, what, tenant, k, text)
		}
	}
	for _, kind := range []string{errands, tallies} {
		listed := int64(0)
		either := itsm.Any(itsm.Where("id").IsNot("nobody"), itsm.Where("id").Is(other))
		for q := (itsm.Query{Filter: &either, Limit: 1 + l.draw.IntN(9)}); ; {
			page, err := l.kernel.List(ctx, kind, q)
			if err != nil {
				l.Fatalf("%s: List of %s: %v", l.step, kind, err)
			}
			for _, r := range page.Records {
				mine[r.Header().Ref()] = true
				listed++
				check("List", r.Header().Key(), l.show(r))
			}
			if q.Cursor = page.Next; q.Cursor == "" {
				break
			}
		}
		if n, err := l.kernel.Count(ctx, kind, itsm.Query{}); err != nil || n != listed {
			l.Errorf("%s: Count of %s in %s: %d (%v), and the list has %d", l.step, kind, tenant, n, err, listed)
		}
	}
	buckets, err := l.kernel.CountBy(ctx, errands, "title", itsm.Query{})
	if err != nil {
		l.Fatalf("%s: CountBy: %v", l.step, err)
	}
	for _, b := range buckets {
		check("CountBy", itsm.Key{Tenant: tenant}, b.Value.Text())
	}
	rows, err := l.kernel.FindRows(ctx, itsm.Comments, "message")
	if err != nil {
		l.Fatalf("%s: FindRows: %v", l.step, err)
	}
	for _, r := range rows {
		check("FindRows", r.Record, string(r.Facts)+string(r.Sealed.Value))
	}
	for ref := range mine {
		if ref.Kind != errands {
			continue
		}
		entries, err := l.kernel.History(ctx, ref, 0, 0)
		if err != nil {
			l.Fatalf("%s: History of %s: %v", l.step, ref, err)
		}
		check("History", itsm.Key{Tenant: tenant, Kind: ref.Kind, ID: ref.ID}, asJSON(entries))
	}
	for _, ref := range l.made[other] {
		if mine[ref] {
			continue // a number that both have
		}
		_, get := l.kernel.Get(ctx, ref)
		_, do := l.kernel.Do(ctx, ref, "start", turn{By: 1})
		_, history := l.kernel.History(ctx, ref, 0, 0)
		_, rows := l.kernel.Rows(ctx, ref, itsm.Comments, 0, 0)
		_, links := l.kernel.Links(ctx, ref)
		_, whole := l.kernel.Life(ctx, ref)
		for call, err := range map[string]error{"Get": get, "Do": do, "History": history, "Rows": rows, "Links": links, "Life": whole} {
			if itsm.CodeOf(err) != itsm.ErrNotFound.Code {
				l.Errorf("%s: %s of %s of %s by %s: got error %v, want %v", l.step, call, ref, other, tenant, err, itsm.ErrNotFound)
			}
		}
		if own := l.made[tenant][0]; mine[own] {
			link := func(to itsm.Ref) error {
				_, err := l.kernel.Do(ctx, own, itsm.TriggerLink, itsm.NewLink{Type: itsm.RelatedTo, To: to})
				return err
			}
			if link(ref) == nil {
				l.Errorf("%s: %s of %s was linked to %s of %s", l.step, own, tenant, ref, other)
			}
			if last := l.made[tenant][len(l.made[tenant])-1]; last != own {
				if link(last) == nil {
					l.did["linked"]++
				}
			}
		}
	}
}
