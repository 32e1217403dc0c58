package impact_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/service/impact"
)

// estate is a company's estate: each item requires some of those of the layer below. Its size is the number of items, and
// of relations for each. The layers are racks, hosts, and so on up to services, each some times as wide as the one below.
func estate(items, relations, layers int, gate impact.Gate) impact.Snapshot {
	random := rand.New(rand.NewPCG(1, 2))
	var s impact.Snapshot
	width := items / layers
	for i := range items {
		id := fmt.Sprintf("item-%06d", i)
		layer := i / width
		s.Nodes = append(s.Nodes, impact.Node{ID: id, Service: layer >= layers-1, People: 10})
		if layer == 0 {
			continue
		}
		if gate != impact.All {
			s.Requirements = append(s.Requirements, impact.Requirement{Dependent: id, Gate: gate})
		}
		seen := map[int]bool{}
		for len(seen) < relations {
			below := (layer-1)*width + random.IntN(width)
			if seen[below] {
				continue
			}
			seen[below] = true
			s.Relations = append(s.Relations, impact.Relation{ID: fmt.Sprintf("rel-%07d", len(s.Relations)), Dependent: id,
				Supporter: fmt.Sprintf("item-%06d", below)})
		}
	}
	return s
}

// bare is the floor: who depends on whom as bare slices of numbers, and a search through them.
type bare struct {
	dependents [][]int32
	seen       []uint32
	epoch      uint32
	queue      []int32
}

func newBare(s impact.Snapshot) *bare {
	number := make(map[string]int32, len(s.Nodes))
	for i := range s.Nodes {
		number[s.Nodes[i].ID] = int32(i)
	}
	b := &bare{dependents: make([][]int32, len(s.Nodes)), seen: make([]uint32, len(s.Nodes))}
	for i := range s.Relations {
		n := number[s.Relations[i].Supporter]
		b.dependents[n] = append(b.dependents[n], number[s.Relations[i].Dependent])
	}
	return b
}

func (b *bare) reach(n int32) int {
	b.epoch++
	b.queue = append(b.queue[:0], n)
	b.seen[n] = b.epoch
	for head := 0; head < len(b.queue); head++ {
		for _, d := range b.dependents[b.queue[head]] {
			if b.seen[d] != b.epoch {
				b.seen[d] = b.epoch
				b.queue = append(b.queue, d)
			}
		}
	}
	return len(b.queue)
}

func load(b *testing.B, s impact.Snapshot) *impact.Graph {
	g, err := impact.Load(s)
	require.NoError(b, err)
	return g
}

func lose(b *testing.B, g *impact.Graph, id string) impact.Result {
	r, err := g.Impact(impact.Question{Lost: []string{id}})
	if err != nil {
		b.Fatal(err)
	}
	return r
}

// One item of 100,000 with 300,000 relations.
func BenchmarkImpactOne(b *testing.B) {
	s := estate(103_500, 3, 30, impact.All)
	lost := len(s.Nodes) / 30 * 26 // its dependents are the four layers above
	id := s.Nodes[lost].ID
	b.Logf("%d items, %d relations", len(s.Nodes), len(s.Relations))
	b.Run("cold after load", func(b *testing.B) {
		var first time.Duration
		n := 0
		for b.Loop() {
			g := load(b, s)
			loaded := b.Elapsed()
			lose(b, g, id)
			first += b.Elapsed() - loaded
			n++
		}
		b.ReportMetric(float64(first.Nanoseconds())/float64(n), "first-ns/op")
	})
	g := load(b, s)
	b.Run("after a change elsewhere", func(b *testing.B) {
		b.ReportAllocs()
		elsewhere := s.Relations[0]
		affected := 0
		for b.Loop() {
			elsewhere.Weak = !elsewhere.Weak
			if err := g.PutRelation(elsewhere); err != nil {
				b.Fatal(err)
			}
			affected = len(lose(b, g, id).Affected)
		}
		b.ReportMetric(float64(affected), "affected")
	})
	floor := newBare(s)
	require.Equal(b, len(lose(b, g, id).Affected), floor.reach(int32(lost)))
	b.Run("floor", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			floor.reach(int32(lost))
		}
	})
}

// 10,000 items go down, or are degraded, with one.
func BenchmarkImpactTenThousand(b *testing.B) {
	for _, gate := range []impact.Gate{impact.All, impact.Any} {
		s := estate(103_500, 3, 30, gate)
		width := len(s.Nodes) / 30
		lost := width * 18
		for i, above := 0, width*19; i < 3000; i, above = i+1, above+1 { // one more thing that 3,000 need
			s.Relations = append(s.Relations, impact.Relation{ID: fmt.Sprint("more-", i), Dependent: s.Nodes[above].ID,
				Supporter: s.Nodes[lost].ID})
		}
		for i := width * 22; i < len(s.Nodes); i++ { // and nothing above the next layers
			s.Nodes[i].Valid = period(0, 1)
		}
		g := load(b, s)
		view := g.At(hour(2))
		ask := func(b *testing.B) impact.Result {
			r, err := view.Impact(impact.Question{Lost: []string{s.Nodes[lost].ID}})
			if err != nil {
				b.Fatal(err)
			}
			return r
		}
		b.Run(gate.String(), func(b *testing.B) {
			b.ReportAllocs()
			affected := 0
			for b.Loop() {
				affected = len(ask(b).Affected)
			}
			b.ReportMetric(float64(affected), "affected")
		})
		b.Run(gate.String()+" with one witness", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r := ask(b)
				r.Witness(r.Affected[len(r.Affected)-1].ID)
			}
		})
		var below impact.Snapshot
		below.Nodes = s.Nodes[:width*22]
		for _, r := range s.Relations {
			if r.Dependent < s.Nodes[width*22].ID {
				below.Relations = append(below.Relations, r)
			}
		}
		floor := newBare(below)
		require.Equal(b, len(ask(b).Affected), floor.reach(int32(lost)))
		b.Run(gate.String()+" floor", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				floor.reach(int32(lost))
			}
		})
	}
}

// A service with 1,000 supporting items; the floor follows each item upwards to the end.
func BenchmarkSinglePoints1000(b *testing.B) {
	for _, c := range []struct {
		name      string
		gate, top impact.Gate
	}{
		{"all", impact.All, impact.All},
		{"any", impact.Any, impact.All},
		{"all spread, none falls", impact.All, impact.Any}, // the worst case: each loss is followed to its end
	} {
		s := estate(1100, 3, 11, c.gate)
		s.Nodes = append(s.Nodes, impact.Node{ID: "service", Service: true}, impact.Node{ID: "spare"})
		for i := 1000; i < 1102; i++ {
			if s.Nodes[i].ID == "service" {
				continue
			}
			s.Relations = append(s.Relations, impact.Relation{ID: fmt.Sprint("top-", i), Dependent: "service", Supporter: s.Nodes[i].ID})
		}
		s.Requirements = append(s.Requirements, impact.Requirement{Dependent: "service", Gate: c.top})
		g := load(b, s)
		supporters, err := g.Supporters("service")
		require.NoError(b, err)
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			found := 0
			for b.Loop() {
				points, err := g.SinglePoints("service")
				if err != nil {
					b.Fatal(err)
				}
				found = len(points)
			}
			b.ReportMetric(float64(len(supporters)), "supporters")
			b.ReportMetric(float64(found), "found")
		})
		floor := newBare(s)
		b.Run(c.name+" floor", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				for n := range int32(1100) {
					floor.reach(n)
				}
			}
		})
	}
}

// The whole estate; the floor makes the bare slices of it.
func BenchmarkLoad(b *testing.B) {
	s := estate(103_500, 3, 30, impact.All)
	b.Run("load", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			load(b, s)
		}
	})
	b.Run("floor", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			newBare(s)
		}
	})
}
