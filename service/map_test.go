package service_test

import (
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/service"
	"github.com/itsmkit/itsmkit/service/impact"
)

// TestTheCopyIsWhatTheStoreSays gives random commands at two desks on one store. Whatever they are, both desks, and a third one
// that loads everything anew, answer the same.
func TestTheCopyIsWhatTheStoreSays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		store, clock := newStore(), itsmtest.NewClock(at(start))
		desks := []*fixture{openOn(t, store, clock, service.Config{}), openOn(t, store, clock, service.Config{})}
		var ends []itsm.Ref
		var items, services, relations []string
		for range rapid.IntRange(1, 25).Draw(t, "commands") {
			f := desks[rapid.IntRange(0, 1).Draw(t, "desk")]
			if rapid.Bool().Draw(t, "later") {
				clock.Set(clock.Now().Add(time.Hour))
			}
			moment := func(name string) time.Time {
				if hours := rapid.IntRange(-3, 12).Draw(t, name); hours >= 0 {
					return at(start).Add(time.Duration(hours) * time.Hour)
				}
				return time.Time{}
			}
			pick := func(of []string) string {
				if len(of) == 0 {
					return "none"
				}
				return rapid.SampledFrom(of).Draw(t, "which")
			}
			gate := rapid.SampledFrom([]string{"", "any", "all", "2", "50%"}).Draw(t, "gate")
			switch rapid.IntRange(0, 11).Draw(t, "command") {
			case 0, 1:
				r, err := f.s.Register(f.ann, service.NewItem{
					Class: "host", Name: fmt.Sprintf("n%d", rapid.IntRange(0, 9).Draw(t, "name")), Since: moment("since"), InUse: rapid.Bool().Draw(t, "in use"),
				})
				if err == nil {
					ends, items = append(ends, r.Ref()), append(items, r.ID)
				}
			case 2:
				r, err := f.s.Plan(f.ann, service.NewService{Name: fmt.Sprintf("s%d", rapid.IntRange(0, 5).Draw(t, "name")), Users: 3, Live: rapid.Bool().Draw(t, "live"), Since: moment("since")})
				if err == nil {
					ends, services = append(ends, r.Ref()), append(services, r.ID)
				}
			case 3, 4, 5, 6:
				if len(ends) == 0 {
					continue
				}
				r, err := f.s.Relate(f.ann, service.NewRelation{
					Type: rapid.SampledFrom([]string{"depends_on", "member_of", "connects_to"}).Draw(t, "type"),
					From: rapid.SampledFrom(ends).Draw(t, "from"), To: rapid.SampledFrom(ends).Draw(t, "to"),
					Group: rapid.SampledFrom([]string{"", "g"}).Draw(t, "group"), Gate: gate, Since: moment("since"), Until: moment("until"),
				})
				if err == nil {
					relations = append(relations, r.ID)
				}
			case 7:
				_, _ = f.s.Regate(f.ann, pick(relations), gate)
			case 8:
				_, _ = f.s.End(f.ann, pick(relations), moment("end"))
			case 9:
				_, _ = f.s.RetireItem(f.ann, pick(items), "x")
				_, _ = f.s.PutInUse(f.ann, pick(items))
			case 10:
				_, _ = f.s.BeginMaintenance(f.ann, pick(items), "x")
				_, _ = f.s.Items().Edit(f.ann, pick(items), itsm.Patch{"name": field.Text(fmt.Sprintf("m%d", rapid.IntRange(0, 3).Draw(t, "new name")))})
			case 11:
				_, _ = f.s.Retire(f.ann, pick(services), "x")
				_, _ = f.s.GoLive(f.ann, pick(services))
			}
			if rapid.Bool().Draw(t, "ask between") {
				_, err := f.s.AsOf(f.ann, clock.Now())
				require.NoError(t, err)
			}
		}
		anew := openOn(t, store, clock, service.Config{})
		want := answers(t, anew, append(items, services...))
		for _, f := range desks {
			for i, got := range answers(t, f, append(items, services...)) {
				require.Equal(t, want[i], got)
			}
		}
	})
}

// answers asks a desk many things.
func answers(t rapid.TB, f *fixture, ids []string) (all []string) {
	t.Helper()
	note := func(v ...any) {
		text, err := json.Marshal(v)
		require.NoError(t, err)
		all = append(all, string(text))
	}
	for hour := -1; hour < 14; hour += 2 {
		cut, err := f.s.AsOf(f.ann, at(start).Add(time.Duration(hour)*time.Hour))
		require.NoError(t, err)
		note(cut)
	}
	cut, err := f.s.During(f.ann, time.Time{}, time.Time{})
	require.NoError(t, err)
	faults, err := f.s.Health(f.ann, service.HealthRules{StaleAfter: 2 * time.Hour})
	require.NoError(t, err)
	note(cut, faults)
	for _, id := range ids {
		for _, maintenance := range []bool{false, true} {
			a, err := f.s.Impact(f.ann, service.Question{Items: []string{id}, Maintenance: maintenance})
			if err != nil {
				require.ErrorIs(t, err, impact.ErrUnknown)
			}
			note(a.Affected, a.Names, a.Version)
		}
		names, err := f.s.Dependents(f.ann, itsmtest.Tenant, []string{id}, at(start), at(start).Add(24*time.Hour))
		require.NoError(t, err)
		note(names)
	}
	return all
}

func TestTwoDesksOnOneStoreSeeEachOther(t *testing.T) {
	store, clock := newStore(), itsmtest.NewClock(at(start))
	a, b := openOn(t, store, clock, service.Config{}), openOn(t, store, clock, service.Config{})
	svc, db := a.service("Shop", 1), a.item("db")
	r := a.depends(svc.Ref(), db.Ref())
	assert.Equal(t, "Shop down, db down", b.impact(lost("db")))
	clock.Set(clock.Now().Add(time.Hour))
	b.do(b.s.End(b.ann, r.ID, time.Time{}))
	assert.Equal(t, "db down", a.impact(lost("db")))
	a.do(a.s.Relate(a.ann, service.NewRelation{Type: "runs_on", From: svc.Ref(), To: db.Ref()}))
	assert.Equal(t, "Shop down, db down", b.impact(lost("db")))
	inc := b.report("x", "db")
	assert.Equal(t, "Shop down", a.affected(inc.Ref()))
}

func TestTenantsAreApart(t *testing.T) {
	f := open(t, service.Config{})
	svc, db := f.service("Shop", 1), f.item("db")
	f.depends(svc.Ref(), db.Ref())
	_, err := f.s.Relate(f.zoe, service.NewRelation{Type: "depends_on", From: svc.Ref(), To: db.Ref()})
	require.ErrorIs(t, err, itsm.ErrNotFound)
	other, err := f.s.Register(f.zoe, service.NewItem{Class: "host", Name: "db", InUse: true})
	require.NoError(t, err)
	assert.Equal(t, "CI0000001", other.ID)
	a, err := f.s.Impact(f.zoe, lost("db"))
	require.NoError(t, err)
	assert.Len(t, a.Affected, 1)
	cut, err := f.s.AsOf(f.zoe, f.clock.Now())
	require.NoError(t, err)
	assert.Len(t, cut.Nodes, 1)
}

// TestManyAskWhileOthersWrite is for the race detector, and for keys that are taken at once.
func TestManyAskWhileOthersWrite(t *testing.T) {
	f := open(t, service.Config{})
	svc := f.service("Shop", 1)
	var all sync.WaitGroup
	made := make([]int, 4)
	for w := range made {
		all.Go(func() {
			for i := range 15 {
				r, err := f.s.Register(f.ann, service.NewItem{Class: "host", Name: fmt.Sprintf("n%d", i), InUse: true})
				if err != nil {
					assert.ErrorIs(t, err, itsm.ErrInvalid)
					continue
				}
				made[w]++
				_, err = f.s.Relate(f.ann, service.NewRelation{Type: "depends_on", From: svc.Ref(), To: r.Ref(), Group: "g", Gate: "any"})
				assert.NoError(t, err)
				_, err = f.s.Impact(f.ann, lost(r.ID))
				assert.NoError(t, err)
			}
		})
	}
	all.Wait()
	assert.Equal(t, 15, made[0]+made[1]+made[2]+made[3], "each key is taken once")
	a, err := f.s.Impact(f.ann, lost("n0"))
	require.NoError(t, err)
	assert.Len(t, a.Affected, 2)
}

func TestNumbersTellItemsAndServicesApart(t *testing.T) {
	f := open(t, service.Config{})
	_, err := f.s.Plan(f.adm, service.NewService{Name: "A", Live: true}, itsm.WithNumber("X1"))
	require.NoError(t, err)
	_, err = f.s.Register(f.adm, service.NewItem{Class: "host", Name: "B"}, itsm.WithNumber("X1"))
	require.ErrorIs(t, err, itsm.ErrInvalid)
}
