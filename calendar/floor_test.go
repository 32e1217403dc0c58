package calendar_test

import (
	"math"
	"testing"
	"time"

	"github.com/itsmkit/itsmkit/calendar"
	"github.com/stretchr/testify/require"
)

// floor is what the benchmarks run against: the windows of one calendar as bare arrays of nanoseconds, with a table that
// leads from an instant to its window and one that leads from a sum. It checks nothing, compiles nothing when asked, and is
// wrong outside its years and where two windows open within a part of a table.
type floor struct {
	loc                  *time.Location
	from                 int64
	open, length, before []int64
	byTime, bySum        []int32
}

const floorTimePart, floorSumPart = 1 << 46, 1 << 44 // less than from one opening to the next, and than a window

func newFloor(c *calendar.Calendar, from, to time.Time) *floor {
	f := &floor{loc: c.Location(), from: from.UnixNano(), open: []int64{from.UnixNano()}, length: []int64{0}, before: []int64{0}}
	var sum int64
	for w := range c.Windows(from, to) {
		f.open, f.length, f.before = append(f.open, w.From.UnixNano()), append(f.length, int64(w.Duration())), append(f.before, sum)
		sum += int64(w.Duration())
	}
	f.open, f.length, f.before = append(f.open, math.MaxInt64), append(f.length, 0), append(f.before, math.MaxInt64)
	table := func(part, size int64, where []int64, origin int64) (t []int32) {
		i := int32(0)
		for at := int64(0); at < size; at += part {
			for where[i+1]-origin <= at {
				i++
			}
			t = append(t, i)
		}
		return t
	}
	f.byTime = table(floorTimePart, to.UnixNano()-f.from, f.open, f.from)
	f.bySum = table(floorSumPart, sum, f.before, 0)
	return f
}

// worked is the working time before t, computed without a jump.
func (f *floor) worked(t time.Time) int64 {
	at := t.UnixNano()
	i := f.byTime[uint64(at-f.from)/floorTimePart]
	i += 1 + int32((at-f.open[i+1])>>63)
	return f.before[i] + min(at-f.open[i], f.length[i])
}

func (f *floor) Between(from, to time.Time) time.Duration {
	return time.Duration(f.worked(to) - f.worked(from))
}

func (f *floor) Add(from time.Time, working time.Duration) time.Time {
	sum := f.worked(from) + int64(working) - 1
	i := f.bySum[uint64(sum)/floorSumPart]
	i += 1 + int32((sum-f.before[i+1])>>63)
	return time.Unix(0, f.open[i]+sum-f.before[i]+1).In(f.loc)
}

// The floor is a floor only while it answers the same.
func TestFloorAgrees(t *testing.T) {
	c := newYork(t)
	f := newFloor(c, at("2020-01-01T00:00:00Z"), at("2045-01-01T00:00:00Z"))
	for i, from := range starts(c) {
		to := from.Add(time.Duration(i) * 21 * time.Hour)
		require.Equal(t, must(c.Between(from, to)), f.Between(from, to))
		working := time.Duration(i+1) * 77 * time.Minute
		require.Equal(t, must(c.Add(from, working)), f.Add(from, working))
	}
}
