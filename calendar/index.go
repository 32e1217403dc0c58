package calendar

import (
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
	from, seconds int64 // where the run begins, in seconds since 1970, and how long it is
	start         int64 // the same in nanoseconds
	first         int   // the year of list[0]
	list          []year
	total         uint64 // working time of the run
	pace          uint64 // years by 2^-64 nanoseconds of working time, to guess where a sum lies
}

type year struct {
	start  int64  // UTC
	before uint64 // working time in the years of the run before this one
	chunk
}

// known returns the run compiled so far where it holds both instants, in seconds since 1970, else nil.
func (c *Calendar) known(a, b int64) *years {
	if c == nil || c.index == nil {
		return nil
	}
	if x := c.index.now.Load(); x != nil && uint64(a-x.from) < uint64(x.seconds) && uint64(b-x.from) < uint64(x.seconds) {
		return x
	}
	return nil
}

// covering returns a run with the years of both instants, where a is not after b.
func (ix *index) covering(a, b int64) *years {
	if x := ix.now.Load(); x != nil && a >= x.start && b < x.end() {
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
	x := &years{first: first, start: yearStart(first), list: make([]year, 0, last-first+2)}
	for y := first; y <= last; y++ {
		next := year{start: yearStart(y), before: x.total}
		if old != nil && y >= old.first && y <= old.last() {
			next.chunk = old.list[y-old.first].chunk
		} else {
			end := yearStart(y + 1)
			ix.scratch = ix.source.spans(ix.scratch[:0], next.start, end)
			next.chunk = newChunk(next.start, end, ix.scratch)
		}
		x.list = append(x.list, next)
		x.total += next.sum()
	}
	end := yearStart(last + 1)
	x.list = append(x.list, year{start: end, before: x.total, chunk: newChunk(end, end, nil)})
	x.from, x.seconds = x.start/second, (x.end()-x.start)/second
	if x.total > 0 {
		x.pace, _ = bits.Div64(uint64(last-first+1), 0, x.total)
	}
	ix.now.Store(x)
	return x
}

func (x *years) last() int  { return x.first + len(x.list) - 2 }
func (x *years) end() int64 { return x.list[len(x.list)-1].start }

// worked is the working time from the start of the run to an instant in it.
func (x *years) worked(at int64) uint64 {
	y := x.at(at)
	i := y.nearAt(at)
	if y.windows[i+1].open <= at {
		i = y.searchAt(i, at)
	}
	w, next := &y.windows[i], &y.windows[i+1]
	return y.before + w.before + min(uint64(at-w.open), next.before-w.before)
}

func (x *years) open(at int64) bool {
	y := x.at(at)
	return at < y.closing(y.windowAt(at))
}

// at finds the year of an instant. A guess by the mean length of a year, from a little later, is the year or the next.
func (x *years) at(at int64) *year {
	const mean, later = 31556952 * second, 3 * daySeconds * second
	i := uint64(at-x.start+later) / uint64(mean)
	if at < x.list[i].start {
		i--
	}
	return &x.list[i]
}

// earliest finds the first instant with so much working time before it, more than none and no more than all.
func (x *years) earliest(sum uint64) int64 { return x.latest(sum-1) + 1 }

// latest finds the last instant with so much working time before it, less than all: the one at which working time
// number sum begins, counted from zero.
func (x *years) latest(sum uint64) int64 {
	k, _ := bits.Mul64(sum, x.pace)
	for x.list[k].before > sum {
		k--
	}
	for x.list[k+1].before <= sum {
		k++
	}
	y := &x.list[k]
	sum -= y.before
	i := y.nearOf(sum)
	if y.windows[i+1].before <= sum {
		i = y.searchOf(i, sum)
	}
	w := &y.windows[i]
	return w.open + int64(sum-w.before)
}

// chunk is one year: its windows in order with the sum of working time before each, and two tables that lead from an
// instant, or from a sum, to the window or one shortly before it. Each table has about as many entries as there are windows.
type chunk struct {
	windows []window // the first is empty and opens with the year, the last two never open
	byTime  table
	bySum   table
}

type window struct {
	open   int64
	before uint64 // working time of the year before it; its own length is the difference to the next one's
}

func newChunk(start, end int64, spans []span) chunk {
	n := len(spans)
	c := chunk{windows: make([]window, n+3)}
	c.windows[0].open = start
	var sum uint64
	for i, s := range spans {
		c.windows[i+1] = window{open: s.from, before: sum}
		sum += uint64(s.to - s.from)
	}
	c.windows[n+1] = window{open: end + 1, before: sum}
	c.windows[n+2] = c.windows[n+1]
	c.byTime = newTable(uint64(end-start), n, func(i int) uint64 { return uint64(c.windows[i].open - start) })
	c.bySum = newTable(sum, n, func(i int) uint64 { return c.windows[i].before })
	return c
}

// sum is the working time of the year.
func (c *chunk) sum() uint64 { return c.windows[len(c.windows)-1].before }

func (c *chunk) closing(i uint32) int64 {
	return c.windows[i].open + int64(c.windows[i+1].before-c.windows[i].before)
}

// windowAt is the last window that has opened by then.
func (c *chunk) windowAt(at int64) uint32 { return c.searchAt(c.nearAt(at), at) }

// nearAt is windowAt, or a window before it where several open in one part of the table. Which of two it is is
// computed, without a jump: the processor would guess the jump wrong every other time.
func (c *chunk) nearAt(at int64) uint32 {
	i := c.byTime.first(uint64(at - c.windows[0].open))
	return i + 1 + uint32((at-c.windows[i+1].open)>>63)
}

func (c *chunk) searchAt(i uint32, at int64) uint32 {
	for j := c.byTime.beyond(uint64(at - c.windows[0].open)); j-i > 1; {
		if m := (i + j) / 2; c.windows[m].open <= at {
			i = m
		} else {
			j = m
		}
	}
	return i
}

// nearOf is the window in which working time number sum begins, or one before it, as nearAt.
func (c *chunk) nearOf(sum uint64) uint32 {
	i := c.bySum.first(sum)
	return i + 1 + uint32(int64(sum-c.windows[i+1].before)>>63)
}

func (c *chunk) searchOf(i uint32, sum uint64) uint32 {
	for j := c.bySum.beyond(sum); j-i > 1; {
		if m := (i + j) / 2; c.windows[m].before <= sum {
			i = m
		} else {
			j = m
		}
	}
	return i
}

// table cuts a range into equal parts and keeps, for the start of each, the last window at or before it.
type table struct {
	shift uint8
	at    []uint32
}

func newTable(size uint64, windows int, where func(int) uint64) table {
	shift := max(0, bits.Len64(size)-bits.Len(uint(windows+1)))
	t := table{uint8(shift), make([]uint32, size>>shift+2)}
	i := 0
	for part := range t.at {
		for i < windows && where(i+1) <= uint64(part)<<shift {
			i++
		}
		t.at[part] = uint32(i)
	}
	return t
}

// first is a window at or before the value, beyond one after it.
func (t *table) first(value uint64) uint32  { return t.at[value>>(t.shift&63)] }
func (t *table) beyond(value uint64) uint32 { return t.at[value>>(t.shift&63)+1] + 1 }

func yearStart(y int) int64 { return dayNumber(y, time.January, 1) * 86400 * second }

// yearAt is the year in which an instant lies; the end of the horizon counts to the last year.
func yearAt(at int64) int { return min(time.Unix(0, at).UTC().Year(), LastYear) }
