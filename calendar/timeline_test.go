package calendar_test

import (
	"slices"
	"time"

	"github.com/itsmkit/itsmkit/calendar"
)

// timeline is a stretch of time cut into equal steps, each open or not. Everything is counted step by step.
type timeline struct {
	from, step int64 // seconds since 1970
	open       []bool
}

// timeline classifies every step: by the reading of the local clock, or by the instants at which the clock reaches the
// edges of the hours, where an edge of the dates concerned does not occur or occurs twice.
func (w world) timeline(from, to time.Time) *timeline {
	step := w.step(from.Unix(), to.Unix())
	l := &timeline{from: floor64(from.Unix(), step) * step, step: step}
	l.open = w.classify(l.from, (floor64(to.Unix(), step)+1)*step, step)
	return l
}

func floor64(a, b int64) int64 {
	if a%b < 0 {
		return a/b - 1
	}
	return a / b
}

func (w world) classify(from, to, step int64) []bool {
	if w.desk != nil {
		return w.desk.classify(from, to, step)
	}
	sum := w.parts[0].classify(from, to, step)
	for _, part := range w.parts[1:] {
		for i, open := range part.classify(from, to, step) {
			switch w.op {
			case "union":
				sum[i] = sum[i] || open
			case "intersection":
				sum[i] = sum[i] && open
			case "minus":
				sum[i] = sum[i] && !open
			}
		}
	}
	return sum
}

func (d *desk) classify(from, to, step int64) []bool {
	first := floor64(from+d.offset(from), 86400) - 2
	days := make([]*[86400]bool, floor64(to-from, 86400)+7)
	for i := range days {
		days[i] = d.paint(first + int64(i))
	}
	list := make([]bool, (to-from)/step)
	if !d.unclear(first, days) {
		for i := range list {
			label := from + int64(i)*step
			label += d.offset(label)
			list[i] = days[floor64(label, 86400)-first][label-floor64(label, 86400)*86400]
		}
		return list
	}
	for _, run := range runs(first, days) {
		opens, closes := d.reached(run[0]), d.reached(run[1])
		for i := max(0, floor64(opens-from+step-1, step)); i < int64(len(list)) && from+i*step < closes; i++ {
			list[i] = true
		}
	}
	return list
}

// runs are the open stretches of dates, in readings of the clock; the ends of dates are edges too.
func runs(first int64, days []*[86400]bool) (list [][2]int64) {
	for i, day := range days {
		midnight, since := (first+int64(i))*86400, -1
		for s, open := range day {
			if open && since < 0 {
				since = s
			} else if !open && since >= 0 {
				list, since = append(list, [2]int64{midnight + int64(since), midnight + int64(s)}), -1
			}
		}
		if since >= 0 {
			list = append(list, [2]int64{midnight + int64(since), midnight + 86400})
		}
	}
	return list
}

// unclear reports whether an edge is read never or twice.
func (d *desk) unclear(first int64, days []*[86400]bool) bool {
	offsets := map[int64]bool{}
	for at := (first - 1) * 86400; at <= (first+int64(len(days))+1)*86400; at += 600 {
		offsets[d.offset(at)] = true
	}
	if len(offsets) == 1 {
		return false
	}
	for _, run := range runs(first, days) {
		for _, reading := range run {
			times := 0
			for offset := range offsets {
				if d.offset(reading-offset) == offset {
					times++
				}
			}
			if times != 1 {
				return true
			}
		}
	}
	return false
}

func (d *desk) offset(at int64) int64 {
	_, offset := time.Unix(at, 0).In(d.loc).Zone()
	return int64(offset)
}

// reached scans for the first instant at which the clock shows the reading or a later one.
func (d *desk) reached(reading int64) int64 {
	at := reading - 30*3600
	for at+d.offset(at) < reading {
		at += 60
	}
	for at--; at+d.offset(at) >= reading; at-- {
		continue
	}
	return at + 1
}

// step is a minute where every edge is on one, else a second.
func (w world) step(from, to int64) int64 {
	for _, part := range w.parts {
		if part.step(from, to) == 1 {
			return 1
		}
	}
	if w.desk == nil {
		return 60
	}
	first := floor64(from, 86400) - 4
	for day := first; day <= floor64(to, 86400)+4; day++ {
		for at := day * 86400; at < day*86400+86400; at += 900 {
			if w.offset(at)%60 != 0 {
				return 1
			}
		}
		open := w.paint(day)
		for s := 1; s < 86400; s++ {
			if s%60 != 0 && open[s] != open[s-1] {
				return 1
			}
		}
	}
	return 60
}

// brute are the unbroken open stretches between two instants, in order. Every question is answered by looking at all.
type brute []calendar.Interval

// between cuts the timeline; time in pauses is closed.
func (l *timeline) between(from, to time.Time, pauses ...calendar.Pause) (list brute) {
	edges := []time.Time{from, to}
	for i := range l.open {
		if i == 0 || l.open[i] != l.open[i-1] {
			edges = append(edges, time.Unix(l.from+int64(i)*l.step, 0))
		}
	}
	for _, p := range pauses {
		if edges = append(edges, p.From); !p.To.IsZero() {
			edges = append(edges, p.To)
		}
	}
	slices.SortFunc(edges, time.Time.Compare)
	for i, a := range edges[:len(edges)-1] {
		b := edges[i+1]
		paused := slices.ContainsFunc(pauses, func(p calendar.Pause) bool { return !a.Before(p.From) && (p.To.IsZero() || a.Before(p.To)) })
		switch n := len(list); {
		case a.Equal(b) || a.Before(from) || !a.Before(to) || paused || !l.open[floor64(a.Unix()-l.from, l.step)]:
		case n > 0 && list[n-1].To.Equal(a):
			list[n-1].To = b
		default:
			list = append(list, calendar.Interval{From: a, To: b})
		}
	}
	return inUTC(list)
}

// inUTC makes lists comparable.
func inUTC(list []calendar.Interval) (plain brute) {
	for _, w := range list {
		plain = append(plain, calendar.Interval{From: w.From.UTC(), To: w.To.UTC()})
	}
	return plain
}

func (list brute) sum() (sum time.Duration) {
	for _, w := range list {
		sum += w.Duration()
	}
	return sum
}

func (list brute) contains(t time.Time) bool {
	return slices.ContainsFunc(list, func(w calendar.Interval) bool { return !t.Before(w.From) && t.Before(w.To) })
}

// earliest is the first instant with so much before it, latest the last with so much after it.
func (list brute) earliest(working time.Duration) time.Time {
	for _, w := range list {
		if working <= w.Duration() {
			return w.From.Add(working)
		}
		working -= w.Duration()
	}
	return time.Time{}
}

func (list brute) latest(working time.Duration) time.Time {
	for _, w := range slices.Backward(list) {
		if working <= w.Duration() {
			return w.To.Add(-working)
		}
		working -= w.Duration()
	}
	return time.Time{}
}
