// Package bare holds what the benchmarks of business time run on, and the floor that they run beside.
package bare

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/itsmkit/itsmkit/calendar"
)

// The years that have holidays, and in which spans start.
const FirstYear, LastYear = 2020, 2029

// Holidays are the dates of every one of these years.
var Holidays = [10]string{"01-01", "01-20", "02-17", "05-26", "06-19", "07-04", "09-01", "10-13", "11-11", "12-25"}

// NewYork is 9 to 17, Monday to Friday, with 100 holidays in ten years.
func NewYork() calendar.Spec {
	s := calendar.Spec{Zone: "America/New_York", Weekly: calendar.Weekdays("09:00-17:00")}
	for y := FirstYear; y <= LastYear; y++ {
		for _, day := range Holidays {
			s.Holidays = append(s.Holidays, calendar.Holiday{Name: day, On: calendar.Days(fmt.Sprintf("%d-%s", y, day))})
		}
	}
	return s
}

// Starts are 4,096 random instants of the ten years. That is a power of two, so that walking them costs nothing.
func Starts(loc *time.Location) []time.Time {
	random := rand.New(rand.NewPCG(1, 2))
	first := time.Date(FirstYear, 1, 1, 0, 0, 0, 0, time.UTC)
	list := make([]time.Time, 4096)
	for i := range list {
		list[i] = first.Add(time.Duration(random.Int64N(int64(10 * 365 * 24 * time.Hour)))).In(loc)
	}
	return list
}

// Calendar is the floor: the windows of a calendar as bare arrays of nanoseconds, with a table that leads from an instant to
// its window and one that leads from a sum. It checks nothing, compiles nothing when asked, and is wrong outside its years
// and where two windows open within a part of a table.
type Calendar struct {
	loc                  *time.Location
	from                 int64
	open, length, before []int64
	byTime, bySum        []int32
}

const timePart, sumPart = 1 << 46, 1 << 44 // less than from one opening to the next, and than a window

// New makes the floor of a calendar for some years.
func New(c *calendar.Calendar, from, to time.Time) *Calendar {
	f := &Calendar{loc: c.Location(), from: from.UnixNano(), open: []int64{from.UnixNano()}, length: []int64{0}, before: []int64{0}}
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
	f.byTime = table(timePart, to.UnixNano()-f.from, f.open, f.from)
	f.bySum = table(sumPart, sum, f.before, 0)
	return f
}

// worked is the working time before t, computed without a jump.
func (f *Calendar) worked(t time.Time) int64 {
	at := t.UnixNano()
	i := f.byTime[uint64(at-f.from)/timePart]
	i += 1 + int32((at-f.open[i+1])>>63)
	return f.before[i] + min(at-f.open[i], f.length[i])
}

// Between is calendar.Calendar's.
func (f *Calendar) Between(from, to time.Time) time.Duration {
	return time.Duration(f.worked(to) - f.worked(from))
}

// Add is calendar.Calendar's, for more than nothing.
func (f *Calendar) Add(from time.Time, working time.Duration) time.Time {
	sum := f.worked(from) + int64(working) - 1
	i := f.bySum[uint64(sum)/sumPart]
	i += 1 + int32((sum-f.before[i+1])>>63)
	return time.Unix(0, f.open[i]+sum-f.before[i]+1).In(f.loc)
}
