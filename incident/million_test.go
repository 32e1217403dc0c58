package incident_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

const million = 1_000_000

// archive is a desk of two years and a million incidents, of which a share is open.
type archive struct {
	*desk
	now   time.Time
	draw  *rand.Rand
	share float64
	// empty and stored are bytes: of all else, and of records and events alone.
	empty, stored uint64
}

func newArchive(b *testing.B, share float64) *archive {
	a := &archive{
		desk: newDesk(b, incident.Config{Custom: field.Schema{Version: 1, Fields: []field.Declaration{
			{Name: "site", Kind: field.KindText, Indexed: true},
		}}}),
		now: time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC), draw: rand.New(rand.NewPCG(1, 2)), share: share,
	}
	a.empty = heap()
	for from := 0; from < million; from += 1000 {
		set := &itsm.WriteSet{}
		for i := from; i < from+1000; i++ {
			set.Records = append(set.Records, inPlace(a.incident(i)))
		}
		a.must(a.store.Apply(a.root, set))
	}
	a.stored = heap() - a.empty
	return a
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// incident is the next one in two years; the later it came in, the likelier it is open.
func (a *archive) incident(i int) *incident.Incident {
	const years = 2 * 365 * 24 * time.Hour
	inc := &incident.Incident{}
	inc.Tenant, inc.Kind, inc.ID, inc.Version = "acme", incident.Kind, fmt.Sprintf("INC%07d", i+1), 1
	inc.CreatedAt = a.now.Add(-years + years/million*time.Duration(i))
	inc.Title, inc.Channel = fmt.Sprintf("Printer %d is out of paper", i), "portal"
	inc.Caller = fmt.Sprintf("caller %05d", a.draw.IntN(20_000))
	inc.OpenedBy = inc.Caller
	inc.Impact, inc.Urgency = itsm.Medium, itsm.Medium
	inc.Priority = []itsm.Priority{1, 2, 2, 3, 3, 3, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4, 5, 5, 5, 5}[a.draw.IntN(20)]
	inc.Category = fmt.Sprintf("category %d", a.draw.IntN(4))
	inc.Service = fmt.Sprintf("service %02d", a.draw.IntN(40))
	group := a.draw.IntN(30)
	inc.Group = fmt.Sprintf("group %02d", group)
	inc.Custom.Set("site", field.Text(fmt.Sprintf("site %02d", a.draw.IntN(50))))
	inc.State, inc.Phase = incident.StateAssigned, lifecycle.New
	age := a.now.Sub(inc.CreatedAt)
	chance := 0.5 * a.share
	if float64(i) > million*(1-a.share) {
		chance = 0.5
	}
	open := a.draw.Float64() < chance
	if a.draw.IntN(10) > 0 || !open {
		inc.Assignee = fmt.Sprintf("agent %03d", group*10+a.draw.IntN(10))
		inc.State, inc.Phase = incident.StateInProgress, lifecycle.Active
	}
	inc.UpdatedAt = inc.CreatedAt.Add(time.Duration(a.draw.Int64N(int64(age) + 1)))
	switch end := a.draw.IntN(100); {
	case open && end < 15:
		inc.State, inc.Phase, inc.Hold = incident.StateOnHold, lifecycle.Waiting, []itsm.HoldReason{itsm.HoldCaller, itsm.HoldVendor}[end%2]
	case open:
	case end < 4:
		inc.State, inc.Phase = incident.StateCancelled, lifecycle.Cancelled
	default:
		inc.State, inc.Phase = incident.StateClosed, lifecycle.Closed
		inc.ResolvedAt = inc.CreatedAt.Add(min(age, time.Duration(a.draw.ExpFloat64()*float64(30*time.Hour))))
		if a.now.Sub(inc.ResolvedAt) < 3*24*time.Hour {
			inc.State, inc.Phase = incident.StateResolved, lifecycle.Resolved
		}
		inc.Resolution, inc.ResolvedBy = fixed, inc.Assignee
		inc.UpdatedAt = inc.ResolvedAt
	}
	return inc
}

// inPlace puts an incident in place of its version before, with an event of the usual size.
func inPlace(inc *incident.Incident) itsm.RecordWrite {
	sealed := func(name, value string) itsm.Sealed {
		return itsm.Sealed{Field: name, Subject: inc.Caller, Salt: make([]byte, 16), Value: fmt.Appendf(nil, "[%q]", value)}
	}
	return itsm.RecordWrite{Record: inc, Expect: inc.Version - 1, Event: &itsm.Event{
		Key: inc.Key(), Version: inc.Version, At: inc.UpdatedAt, Name: "incident.reported", Actor: itsm.Actor{ID: inc.Caller, Tenant: inc.Tenant},
		Facts: fmt.Appendf(nil, `{"state":[%q],"phase":[%q],"impact":[2],"urgency":[2],"priority":[%d],"category":[%q],"service":[%q],"group":[%q]}`,
			inc.State, inc.Phase, inc.Priority, inc.Category, inc.Service, inc.Group),
		Sealed: []itsm.Sealed{sealed("title", inc.Title), sealed("caller", inc.Caller), sealed("opened_by", inc.OpenedBy)},
	}}
}

// touch changes some incidents, as a night's import does.
func (a *archive) touch(n int) {
	set := &itsm.WriteSet{}
	met := map[int]bool{}
	for len(set.Records) < n {
		i := a.draw.IntN(million)
		if met[i] {
			continue
		}
		met[i] = true
		rec, err := a.store.Get(a.root, itsm.Key{Tenant: "acme", Kind: incident.Kind, ID: fmt.Sprintf("INC%07d", i+1)})
		a.must(err)
		inc := *rec.(*incident.Incident)
		inc.Version++
		inc.UpdatedAt = inc.UpdatedAt.Add(time.Minute)
		inc.Assignee = fmt.Sprintf("agent %03d", a.draw.IntN(300))
		inc.Priority = 1 + inc.Priority%5
		set.Records = append(set.Records, inPlace(&inc))
	}
	a.must(a.store.Apply(a.root, set))
}

type saved struct {
	name string
	q    itsm.Query
	// deep is how many pages are gone through before the one that is measured.
	deep int
}

// queries are what people save.
func (a *archive) queries() []saved {
	phase, column := itsm.Where("phase"), itsm.Where
	open := phase.In("new", "active", "waiting")
	down := func(name string) []itsm.Sort { return []itsm.Sort{{Column: name, Descending: true}} }
	query := func(sort []itsm.Sort, parts ...itsm.Filter) itsm.Query {
		f := itsm.All(parts...)
		return itsm.Query{Filter: &f, Sort: sort, Limit: 50}
	}
	return []saved{
		{name: "mine", q: query([]itsm.Sort{{Column: "priority"}, {Column: "created_at"}}, open, column("assignee").Is("agent 042"))},
		{name: "unassigned", q: query([]itsm.Sort{{Column: "created_at"}}, open, column("assignee").Empty(), column("group").In("group 01", "group 02", "group 03"))},
		{name: "urgent", q: query(down("updated_at"), open, itsm.Any(column("priority").Equals(field.Int(1)), column("priority").Equals(field.Int(2))),
			column("hold").IsNot("caller"))},
		{name: "resolved", q: query(down("resolved_at"), column("service").Is("service 07"), column("resolved_at").AtLeast(field.Instant(a.now.AddDate(0, 0, -7))))},
		{name: "closed of category", q: query(down("created_at"), phase.Is("closed"), column("category").Is("category 1")), deep: 100},
		{name: "closed of group", q: query(down("created_at"), phase.Is("closed"), column("group").Is("group 05")), deep: 100},
		{name: "closed", q: query(down("created_at"), phase.Is("closed")), deep: 100},
		{name: "oldest open", q: query([]itsm.Sort{{Column: "created_at"}}, open)},
		{name: "site by caller", q: query([]itsm.Sort{{Column: "caller"}, {Column: "created_at"}}, column("custom.site").Is("site 03"), itsm.Not(phase.Is("cancelled")))},
		{name: "of a caller", q: query(down("created_at"), column("caller").Is("caller 00077"))},
		{name: "last year", q: query(down("created_at"), column("created_at").AtLeast(field.Instant(a.now.AddDate(-1, 0, 0))), column("priority").Equals(field.Int(1)))},
	}
}

// BenchmarkSavedQueries asks for pages and counts among a million incidents, and what the first of them pays after a
// bulk write.
func BenchmarkSavedQueries(b *testing.B) {
	if testing.Short() {
		b.Skip("keeps a million incidents: run it without -short")
	}
	for _, share := range []float64{0.03, 0.20} {
		b.Run(fmt.Sprintf("open=%.0f%%", 100*share), func(b *testing.B) {
			a := newArchive(b, share)
			for _, s := range a.queries() {
				a.measure(b, s)
			}
			for _, column := range []string{"state", "group", "assignee", "service"} {
				for _, s := range a.queries()[6:8] { // all closed, all open
					b.Run("by "+column+" of "+s.name, func(b *testing.B) {
						_, err := a.CountBy(a.ann, column, s.q) // makes the index
						a.must(err)
						for b.Loop() {
							_, err := a.CountBy(a.ann, column, s.q)
							a.must(err)
						}
					})
				}
			}
			indexes := heap() - a.empty - a.stored
			b.Run("memory", func(b *testing.B) {
				for b.Loop() {
				}
				b.ReportMetric(0, "ns/op")
				b.ReportMetric(float64(a.stored)/million, "B/incident")
				b.ReportMetric(float64(indexes)/million, "B-indexes/incident")
			})
			for _, n := range []int{1, 1000} {
				b.Run(fmt.Sprintf("count after %d writes", n), func(b *testing.B) {
					q := a.queries()[2].q
					for b.Loop() {
						b.StopTimer()
						a.touch(n)
						b.StartTimer()
						_, err := a.Count(a.ann, q)
						a.must(err)
					}
				})
			}
			runtime.KeepAlive(a)
		})
	}
}

func (a *archive) measure(b *testing.B, s saved) {
	b.Run(s.name+"/page", func(b *testing.B) {
		q := s.q
		for range s.deep {
			page, err := a.List(a.ann, q)
			a.must(err)
			if page.Next == "" {
				b.Fatal("there are not so many pages")
			}
			q.Cursor = page.Next
		}
		began := b.Elapsed()
		page, err := a.List(a.ann, q) // makes the indexes
		a.must(err)
		first := b.Elapsed() - began
		for b.Loop() {
			page, err = a.List(a.ann, q)
			a.must(err)
		}
		b.ReportMetric(first.Seconds(), "s/first")
		if len(page.Records) == 0 {
			b.Fatal("an empty page")
		}
	})
	b.Run(s.name+"/count", func(b *testing.B) {
		var n int64
		for b.Loop() {
			var err error
			n, err = a.Count(a.ann, s.q)
			a.must(err)
		}
		b.ReportMetric(float64(n), "matches")
	})
}
