package calendar_test

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/itsmkit/itsmkit/calendar"
)

// vector is one case of a vector file: a calendar, a question and the answer. Every field may be null or missing.
type vector struct {
	ID        string                 `json:"id"`
	Zone      string                 `json:"tz"`
	Weekly    map[string][]clockPair `json:"weekly"`
	Overrides map[string][]clockPair `json:"overrides"`
	Breaks    map[string][]clockPair `json:"breaks"`
	Holidays  []string               `json:"holidays"`
	Pauses    []stretch              `json:"pauses"`
	Op        string                 `json:"op"`
	Start     instant                `json:"start"`
	End       instant                `json:"end"`
	Duration  json.Number            `json:"duration_s"`
	Expected  json.RawMessage        `json:"expected"`
	Tolerance json.Number            `json:"tolerance_s"`

	Idiosyncratic bool   `json:"idiosyncratic"`
	Reason        string `json:"reason"`
}

// instant is RFC 3339, with seconds in the offset where local mean time has them; or seconds since 1970.
type instant struct{ time.Time }

func (i *instant) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		return nil
	}
	var text string
	if json.Unmarshal(data, &text) != nil {
		d, err := seconds(json.Number(data))
		i.Time = time.Unix(0, int64(d)).UTC()
		return err
	}
	var err error
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05Z07:00:00", "2006-01-02T15:04:05Z0700", "2006-01-02 15:04:05Z07:00", "2006-01-02T15:04Z07:00"} {
		if i.Time, err = time.Parse(layout, text); err == nil {
			return nil
		}
	}
	return fmt.Errorf("%q is no RFC 3339 instant", text)
}

// stretch is a pair of instants, or an object with from and to or start and end.
type stretch [2]instant

func (s *stretch) UnmarshalJSON(data []byte) error {
	var pair []instant
	if json.Unmarshal(data, &pair) == nil && len(pair) == 2 {
		*s = stretch(pair)
		return nil
	}
	var o struct{ From, To, Start, End instant }
	err := json.Unmarshal(data, &o)
	*s = stretch{cmp.Or(o.From, o.Start), cmp.Or(o.To, o.End)}
	if err == nil && s[0].IsZero() {
		err = fmt.Errorf("%s is no stretch of time", data)
	}
	return err
}

type clockPair [2]string

func (v vector) spec() (calendar.Spec, error) {
	s := calendar.Spec{Zone: cmp.Or(v.Zone, "UTC")}
	w := &s.Weekly
	days := map[string]*calendar.Hours{}
	for i, day := range []*calendar.Hours{&w.Sun, &w.Mon, &w.Tue, &w.Wed, &w.Thu, &w.Fri, &w.Sat} {
		name := strings.ToLower(time.Weekday(i).String())
		days[name], days[name[:3]] = day, day
	}
	for name, pairs := range v.Weekly {
		day, ok := days[strings.ToLower(name)]
		if !ok {
			return s, fmt.Errorf("no weekday: %q", name)
		}
		*day = hours(pairs)
	}
	for _, date := range slices.Sorted(maps.Keys(v.Overrides)) {
		s.Overrides = append(s.Overrides, calendar.Override{On: calendar.Days(date), Hours: hours(v.Overrides[date])})
	}
	for _, date := range slices.Sorted(maps.Keys(v.Breaks)) {
		for _, pair := range v.Breaks[date] {
			if h := hours([]clockPair{pair}); h != "" {
				s.Breaks = append(s.Breaks, calendar.Break{On: calendar.Days(date), Hours: h})
			}
		}
	}
	for _, date := range v.Holidays {
		s.Holidays = append(s.Holidays, calendar.Holiday{On: calendar.Days(date)})
	}
	return s, nil
}

// hours joins windows that touch or overlap, which Hours refuse, and leaves out empty ones.
func hours(pairs []clockPair) calendar.Hours {
	var joined []clockPair
	for _, p := range slices.SortedFunc(slices.Values(pairs), func(a, b clockPair) int { return strings.Compare(digits(a[0]), digits(b[0])) }) {
		switch n := len(joined); {
		case digits(p[0]) == digits(p[1]):
		case n > 0 && digits(p[0]) <= digits(joined[n-1][1]):
			if digits(p[1]) > digits(joined[n-1][1]) {
				joined[n-1][1] = p[1]
			}
		default:
			joined = append(joined, p)
		}
	}
	text := make([]string, len(joined))
	for i, p := range joined {
		text[i] = p[0] + "-" + p[1]
	}
	return calendar.Hours(strings.Join(text, ", "))
}

// digits writes "9:00" and "09:00" as "09:00:00", so that texts compare as times.
func digits(clock string) string {
	if strings.Index(clock, ":") == 1 {
		clock = "0" + clock
	}
	if len(clock) == len("09:00") {
		clock += ":00"
	}
	return clock
}

// answer is what a calendar said, or with none that there is no such instant, and why.
type answer struct {
	value any
	none  error
}

func (a answer) String() string {
	switch value := a.value.(type) {
	case time.Time:
		return value.Format(time.RFC3339Nano)
	case time.Duration:
		return strconv.FormatFloat(value.Seconds(), 'f', -1, 64)
	case []calendar.Interval:
		text, _ := json.Marshal(value)
		return string(text)
	case nil:
		return fmt.Sprint(a.none)
	}
	return fmt.Sprint(a.value)
}

func answered[T any](value T, err error) (answer, error) {
	if errors.Is(err, calendar.ErrNoWorkingTime) || errors.Is(err, calendar.ErrPaused) {
		return answer{none: err}, nil
	}
	return answer{value: value}, err
}

// ask asks the calendar; nil is one that never opens, of which New makes none, but which has answers too.
func (v vector) ask(c *calendar.Calendar) (answer, error) {
	op := strings.ToLower(strings.NewReplacer("_", "", "-", "", " ", "").Replace(v.Op))
	if v.Start.IsZero() {
		return answer{}, errors.New("the case has no start")
	}
	if v.Expected == nil {
		return answer{}, errors.New("the case has no expected answer")
	}
	if c == nil {
		c = new(calendar.Calendar)
	}
	start, pauses := v.Start.Time, v.pauses()
	switch op {
	case "add", "sub", "subtract":
		working, err := seconds(v.Duration)
		switch {
		case err != nil:
			return answer{}, fmt.Errorf("duration_s: %w", err)
		case working == 0:
			return answer{value: start}, nil // also where the calendar never opens
		case op == "add":
			return answered(c.AddPaused(start, working, pauses...))
		}
		return answered(c.SubPaused(start, working, pauses...))
	case "between", "signedbetween":
		switch {
		case v.End.IsZero():
			return answer{}, errors.New("the case has no end")
		case c.Location() == time.UTC && c.Spec().Zone == "":
			return answer{value: time.Duration(0)}, nil
		case op == "between":
			return answered(c.BetweenPaused(start, v.End.Time, pauses...))
		}
		return answered(c.SignedBetween(start, v.End.Time))
	case "contains":
		paused := slices.ContainsFunc(pauses, func(p calendar.Pause) bool {
			return !start.Before(p.From) && (p.To.IsZero() || start.Before(p.To))
		})
		return answer{value: c.Contains(start) && !paused}, nil
	case "nextopen":
		return answered(c.NextOpen(start))
	case "nextclose":
		return answered(c.NextClose(start))
	case "prevclose", "previousclose":
		return answered(c.PrevClose(start))
	case "windows", "windowsback":
		return v.windows(c, op == "windowsback"), nil
	}
	return answer{}, fmt.Errorf("unknown op %q", v.Op)
}

func (v vector) pauses() (list []calendar.Pause) {
	for _, p := range v.Pauses {
		if p[1].IsZero() || p[0].Before(p[1].Time) {
			list = append(list, calendar.Pause{From: p[0].Time, To: p[1].Time})
		}
	}
	return list
}

// windows takes as many windows as the case lists, all until its end where it has one, and looks for one where it lists none.
func (v vector) windows(c *calendar.Calendar, back bool) answer {
	var expected []json.RawMessage
	_ = json.Unmarshal(v.Expected, &expected) // is reports what is no list
	most := max(1, len(expected))
	from, to := v.Start.Time, time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)
	if !v.End.IsZero() {
		to, most = v.End.Time, int(^uint(0)>>1)
	}
	each := c.Windows(from, to)
	if back {
		if from = time.Date(1800, 1, 1, 0, 0, 0, 0, time.UTC); !v.End.IsZero() {
			from = v.End.Time
		}
		each = c.WindowsBack(from, v.Start.Time)
	}
	list := []calendar.Interval{}
	for w := range each {
		if list = append(list, w); len(list) == most {
			break
		}
	}
	return answer{value: list}
}

// is reports whether the answer is the expected one; null expects that there is none.
func (a answer) is(v vector) bool {
	tolerance, err := seconds(v.Tolerance)
	if err != nil && v.Tolerance != "" {
		return false
	}
	near := func(a, b time.Time) bool { return a.Sub(b).Abs() <= tolerance }
	switch got := a.value.(type) {
	case bool:
		return string(v.Expected) == strconv.FormatBool(got)
	case time.Duration:
		want, err := seconds(json.Number(v.Expected))
		if err != nil {
			return false
		}
		// The file's number may be the nearest that a floating-point number comes to the answer.
		nearest, _ := big.NewRat(int64(got), int64(time.Second)).Float64()
		float, _ := strconv.ParseFloat(string(v.Expected), 64)
		return (got-want).Abs() <= tolerance || float == nearest
	case time.Time:
		var want instant
		return json.Unmarshal(v.Expected, &want) == nil && !want.IsZero() && near(got, want.Time)
	case []calendar.Interval:
		var want []stretch
		return json.Unmarshal(v.Expected, &want) == nil && want != nil && slices.EqualFunc(got, want, func(a calendar.Interval, b stretch) bool {
			return near(a.From, b[0].Time) && near(a.To, b[1].Time)
		})
	}
	return string(v.Expected) == "null"
}

// seconds reads a decimal number of seconds to the nearest nanosecond.
func seconds(n json.Number) (time.Duration, error) {
	r, ok := new(big.Rat).SetString(n.String())
	if !ok || strings.Contains(n.String(), "/") {
		return 0, fmt.Errorf("%q is no number of seconds", n.String())
	}
	r.Mul(r, big.NewRat(1e9, 1)).Add(r, big.NewRat(1, 2))
	floor, _ := new(big.Int).DivMod(r.Num(), r.Denom(), new(big.Int))
	if !floor.IsInt64() {
		return 0, fmt.Errorf("%s seconds are more than a duration can hold", n)
	}
	return time.Duration(floor.Int64()), nil
}
