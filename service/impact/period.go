package impact

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// Period is a half-open interval of instants, [From, Until). A zero instant leaves that side open; the zero Period is all
// time.
type Period struct {
	From  time.Time `json:"from,omitzero"`
	Until time.Time `json:"until,omitzero"`
}

func (p Period) check(what, id string) error {
	if !p.From.IsZero() && !p.Until.IsZero() && !p.From.Before(p.Until) {
		return fmt.Errorf("%w: %s %q: its period must end after it has begun", ErrInvalid, what, id)
	}
	return nil
}

// span is a period in nanoseconds, which costs little to compare.
type span struct{ start, end int64 }

var always = span{math.MinInt64, math.MaxInt64}

func (p Period) span() span {
	s := always
	if !p.From.IsZero() {
		s.start = nanos(p.From)
	}
	if !p.Until.IsZero() {
		s.end = nanos(p.Until)
	}
	return s
}

// common is what two spans have in common.
func (s span) common(o span) span { return span{max(s.start, o.start), min(s.end, o.end)} }

func (s span) empty() bool { return s.start >= s.end }

func (s span) overlaps(o span) bool { return !s.common(o).empty() }

// nanos keeps a margin on both sides, so that open sides lie beyond every instant and the next nanosecond is one.
func nanos(t time.Time) int64 {
	const first, last = math.MinInt64 + 1, math.MaxInt64 - 2
	switch {
	case t.Before(time.Unix(0, first)):
		return first
	case t.After(time.Unix(0, last)):
		return last
	}
	return t.UnixNano()
}

// View is a graph at an instant or in a window. It takes changes of the graph in.
type View struct {
	g       *Graph
	span    span
	without []string
}

// At is the graph as it was, is or is planned to be at an instant: what holds then.
func (g *Graph) At(t time.Time) View {
	n := nanos(t)
	return View{g: g, span: span{n, n + 1}}
}

// During is the graph in a window, [start, end): all that holds at some instant of it. A zero instant leaves that side open.
// A window that does not end after its start is the instant of its start.
//
// Supporters that replace each other within a window all count as supporters of their group, as if they stood side by side.
// To know whether each moment is covered, ask At the moments at which something begins.
func (g *Graph) During(start, end time.Time) View {
	if !start.IsZero() && !end.IsZero() && !start.Before(end) {
		return g.At(start)
	}
	return View{g: g, span: Period{start, end}.span()}
}

func (g *Graph) always() View { return View{g: g, span: always} }

// Without is the view as if the relations of some nodes did not hold. What is not there anyway changes nothing.
func (v View) Without(ids ...string) View {
	v.without = append(slices.Clip(v.without), ids...)
	return v
}
