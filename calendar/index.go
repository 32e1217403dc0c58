package calendar

import (
	"math"
	"math/bits"
	"sync"
	"sync/atomic"
	"time"
)

// index holds the years compiled so far. They are always neighbours, so that the working time between any two of
// their instants is the difference of two sums. Readers take the current set without a lock; a new year is a new set.
type index struct {
	source  source
	now     atomic.Pointer[years]
	grow    sync.Mutex
	scratch []span // what grow guards
}

// years is an immutable run of compiled years. The last entry is only where the run ends and what it adds up to.
type years struct {
	first int // the year of list[0]
	list  []year
	pace  float64 // years by two nanoseconds of working time, to guess where a sum lies
}

type year struct {
	start  int64  // UTC
	before uint64 // working time in the years of the run before this one
	chunk  *chunk
}

// covering returns a run with the years of both instants, where a is not after b.
func (ix *index) covering(a, b int64) *years {
	if x := ix.now.Load(); x != nil && a >= x.list[0].start && b < x.end() {
		return x
	}
	return ix.compile(yearAt(a), yearAt(b))
}

// later returns a run that ends later than x, nil at the horizon.
func (ix *index) later(x *years) *years {
	if x.last() == LastYear {
		return nil
	}
	return ix.compile(x.first, x.last()+1)
}

// earlier returns a run that begins earlier than x, nil at the horizon.
func (ix *index) earlier(x *years) *years {
	if x.first == FirstYear {
		return nil
	}
	return ix.compile(x.first-1, x.first)
}

// compile returns a run with the years from first to last in it, and publishes it.
func (ix *index) compile(first, last int) *years {
	ix.grow.Lock()
	defer ix.grow.Unlock()
	old := ix.now.Load()
	if old != nil {
		if first >= old.first && last <= old.last() {
			return old
		}
		first, last = min(first, old.first), max(last, old.last())
	}
	x := &years{first: first, list: make([]year, 0, last-first+2)}
	var sum uint64
	for y := first; y <= last; y++ {
		start, end := yearStart(y), yearStart(y+1)
		var c *chunk
		if old != nil && y >= old.first && y <= old.last() {
			c = old.list[y-old.first].chunk
		} else {
			ix.scratch = ix.source.spans(ix.scratch[:0], start, end)
			c = newChunk(start, end, ix.scratch)
		}
		x.list = append(x.list, year{start: start, before: sum, chunk: c})
		sum += c.total()
	}
	x.list = append(x.list, year{start: yearStart(last + 1), before: sum})
	if sum > 0 {
		x.pace = float64(len(x.list)-1) / float64(sum/2)
	}
	ix.now.Store(x)
	return x
}

func (x *years) last() int     { return x.first + len(x.list) - 2 }
func (x *years) end() int64    { return x.list[len(x.list)-1].start }
func (x *years) total() uint64 { return x.list[len(x.list)-1].before }

// worked is the working time from the start of the run to an instant in it.
func (x *years) worked(at int64) uint64 {
	y := x.at(at)
	return y.before + y.chunk.worked(at)
}

func (x *years) open(at int64) bool { return x.at(at).chunk.open(at) }

// at finds the year of an instant. A guess by the mean length of a year is off by one at most.
func (x *years) at(at int64) *year {
	const mean = 31556952 * second
	last := len(x.list) - 2
	i := min(int(uint64(at-x.list[0].start)/uint64(mean)), last)
	if at < x.list[i].start {
		i--
	} else if i < last && at >= x.list[i+1].start {
		i++
	}
	return &x.list[i]
}

// earliest finds the first instant with so much working time before it, more than none and no more than all.
func (x *years) earliest(sum uint64) int64 {
	i := x.guess(sum)
	for x.list[i].before >= sum {
		i--
	}
	for x.list[i+1].before < sum {
		i++
	}
	return x.list[i].chunk.earliest(sum - x.list[i].before)
}

// latest finds the last instant with so much working time before it, less than all.
func (x *years) latest(sum uint64) int64 {
	i := x.guess(sum)
	for x.list[i].before > sum {
		i--
	}
	for x.list[i+1].before <= sum {
		i++
	}
	return x.list[i].chunk.latest(sum - x.list[i].before)
}

func (x *years) guess(sum uint64) int {
	return min(int(float64(int64(sum/2))*x.pace), len(x.list)-2)
}

// chunk is one year: its windows in order with the sum of working time before each, and two tables that lead from an
// instant, or from a sum, to the window or one shortly before it. Each table has about as many entries as there are windows.
type chunk struct {
	start   int64
	windows []window // the first is empty and opens with the year, the last never opens
	byTime  table
	bySum   table
}

type window struct {
	open   int64
	before uint64 // working time of the year before it; its own length is the difference to the next one's
}

func newChunk(start, end int64, spans []span) *chunk {
	n := len(spans)
	c := &chunk{start: start, windows: make([]window, n+2)}
	c.windows[0].open = start
	var sum uint64
	for i, s := range spans {
		c.windows[i+1] = window{open: s.from, before: sum}
		sum += uint64(s.to - s.from)
	}
	c.windows[n+1] = window{open: math.MaxInt64, before: sum}
	c.byTime = newTable(uint64(end-start), n, func(i int) uint64 { return uint64(c.windows[i].open - start) })
	c.bySum = newTable(sum, n, func(i int) uint64 { return c.windows[i].before })
	return c
}

func (c *chunk) total() uint64 { return c.windows[len(c.windows)-1].before }

func (c *chunk) worked(at int64) uint64 {
	w := c.windows[c.windowAt(at):][:2]
	return w[0].before + min(uint64(at-w[0].open), w[1].before-w[0].before)
}

func (c *chunk) open(at int64) bool { return at < c.closing(c.windowAt(at)) }

func (c *chunk) closing(i uint32) int64 {
	return c.windows[i].open + int64(c.windows[i+1].before-c.windows[i].before)
}

// windowAt is the last window that has opened by then.
func (c *chunk) windowAt(at int64) uint32 {
	i, j := c.byTime.bracket(uint64(at - c.start))
	for j-i > 8 {
		if m := (i + j) / 2; c.windows[m].open <= at {
			i = m
		} else {
			j = m
		}
	}
	for c.windows[i+1].open <= at {
		i++
	}
	return i
}

func (c *chunk) earliest(sum uint64) int64 { return c.latest(sum-1) + 1 }

// latest is the instant at which working time number sum begins, counted from zero.
func (c *chunk) latest(sum uint64) int64 {
	i, j := c.bySum.bracket(sum)
	for j-i > 8 {
		if m := (i + j) / 2; c.windows[m].before <= sum {
			i = m
		} else {
			j = m
		}
	}
	for c.windows[i+1].before <= sum {
		i++
	}
	return c.windows[i].open + int64(sum-c.windows[i].before)
}

// table cuts a range into equal parts and keeps, for the start of each, the last window at or before it.
type table struct {
	shift uint
	at    []uint32
}

func newTable(size uint64, windows int, where func(int) uint64) table {
	shift := uint(max(0, bits.Len64(size)-bits.Len(uint(windows+1))))
	t := table{shift, make([]uint32, size>>shift+2)}
	i := 0
	for part := range t.at {
		for i < windows && where(i+1) <= uint64(part)<<shift {
			i++
		}
		t.at[part] = uint32(i)
	}
	return t
}

// bracket returns a window at or before the value, and one that is the last before it or later.
func (t *table) bracket(value uint64) (first, last uint32) {
	part := value >> t.shift
	return t.at[part], t.at[part+1] + 1
}

func yearStart(y int) int64 { return dayNumber(y, time.January, 1) * 86400 * second }

// yearAt is the year in which an instant lies; the end of the horizon counts to the last year.
func yearAt(at int64) int { return min(time.Unix(0, at).UTC().Year(), LastYear) }
