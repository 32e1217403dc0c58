package calendar_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"maps"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/itsmkit/itsmkit/calendar"
	"github.com/stretchr/testify/require"
)

// vector is one case of a vector file: a calendar, a question and the answer.
type vector struct {
	ID        string                 `json:"id"`
	Zone      string                 `json:"tz"`
	Weekly    map[string][]clockPair `json:"weekly"`
	Overrides map[string][]clockPair `json:"overrides"`
	Breaks    map[string][]clockPair `json:"breaks"`
	Holidays  []string               `json:"holidays"`
	Pauses    [][2]instant           `json:"pauses"`
	Op        string                 `json:"op"`
	Start     instant                `json:"start"`
	End       instant                `json:"end"`
	Duration  json.Number            `json:"duration_s"`
	Expected  json.RawMessage        `json:"expected"`
	Tolerance float64                `json:"tolerance_s"`

	Idiosyncratic bool   `json:"idiosyncratic"`
	Reason        string `json:"reason"`
}

type clockPair [2]string

// instant is RFC 3339, with seconds in the offset where local mean time has them.
type instant struct{ time.Time }

func (i *instant) UnmarshalText(text []byte) (err error) {
	if i.Time, err = time.Parse(time.RFC3339Nano, string(text)); err != nil {
		i.Time, err = time.Parse("2006-01-02T15:04:05Z07:00:00", string(text))
	}
	return err
}

func (i *instant) UnmarshalJSON(data []byte) error { return i.UnmarshalText(bytes.Trim(data, `"`)) }

// TestVectorFiles runs the files that ITSM_VECTORS names, separated by colons, else those in $ITSM_SHARED/vectors.
func TestVectorFiles(t *testing.T) {
	var passed, failed, idiosyncratic int
	cache := map[string]*calendar.Calendar{}
	for _, path := range vectorFiles(t) {
		for _, v := range readVectors(t, path) {
			got, err := v.answer(cache)
			switch ok := err == nil && v.accepts(got); {
			case v.Idiosyncratic:
				idiosyncratic++
				t.Logf("idiosyncratic %s: %s", v.ID, v.Reason)
			case ok:
				passed++
			default:
				failed++
				t.Errorf("%s: expected %s, got %v (error: %v)", v.ID, v.Expected, got, err)
			}
		}
	}
	fmt.Printf("vectors: %d passed, %d failed, %d idiosyncratic\n", passed, failed, idiosyncratic)
}

func vectorFiles(t *testing.T) []string {
	if list := os.Getenv("ITSM_VECTORS"); list != "" {
		return strings.Split(list, ":")
	}
	shared := os.Getenv("ITSM_SHARED")
	if shared == "" {
		t.Skip("no vector files: set ITSM_VECTORS to file1:file2 or ITSM_SHARED to the folder that has vectors/")
	}
	files, err := filepath.Glob(filepath.Join(shared, "vectors", "*.json"))
	require.NoError(t, err)
	require.NotEmpty(t, files, "no vector files in %s/vectors", shared)
	return files
}

func readVectors(t *testing.T, path string) []vector {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) && !filepath.IsAbs(path) {
		data, err = os.ReadFile(filepath.Join("..", path)) // named from the module's root, where go test is called
	}
	require.NoError(t, err)
	var file struct{ Cases []vector }
	require.NoError(t, json.Unmarshal(data, &file), path)
	require.NotEmpty(t, file.Cases, path)
	return file.Cases
}

func (v vector) spec() calendar.Spec {
	s := calendar.Spec{Zone: v.Zone, Weekly: calendar.Week{
		Mon: hours(v.Weekly["mon"]), Tue: hours(v.Weekly["tue"]), Wed: hours(v.Weekly["wed"]), Thu: hours(v.Weekly["thu"]),
		Fri: hours(v.Weekly["fri"]), Sat: hours(v.Weekly["sat"]), Sun: hours(v.Weekly["sun"]),
	}}
	for _, date := range slices.Sorted(maps.Keys(v.Overrides)) {
		s.Overrides = append(s.Overrides, calendar.Override{On: calendar.Days(date), Hours: hours(v.Overrides[date])})
	}
	for _, date := range slices.Sorted(maps.Keys(v.Breaks)) {
		for _, pair := range v.Breaks[date] {
			s.Breaks = append(s.Breaks, calendar.Break{On: calendar.Days(date), Hours: hours([]clockPair{pair})})
		}
	}
	for _, date := range v.Holidays {
		s.Holidays = append(s.Holidays, calendar.Holiday{On: calendar.Days(date)})
	}
	return s
}

// hours joins windows that touch or overlap, which Hours refuse, and leaves out empty ones.
func hours(pairs []clockPair) calendar.Hours {
	var joined []clockPair
	for _, p := range slices.SortedFunc(slices.Values(pairs), func(a, b clockPair) int { return strings.Compare(a[0], b[0]) }) {
		switch n := len(joined); {
		case p[0] == p[1]:
		case n > 0 && p[0] <= joined[n-1][1]:
			joined[n-1][1] = max(joined[n-1][1], p[1])
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

// answer asks the calendar. One that never opens cannot be made; what can be said of it is that it has no working time.
func (v vector) answer(cache map[string]*calendar.Calendar) (any, error) {
	spec := v.spec()
	key := fmt.Sprint(spec)
	c, ok := cache[key]
	if !ok {
		var err error
		if c, err = calendar.New(spec); err != nil && !onlyNeverOpens(err) {
			return nil, err
		}
		cache[key] = c
	}
	if c == nil {
		c = new(calendar.Calendar)
		switch v.Op {
		case "between":
			return time.Duration(0), nil
		case "contains":
			return false, nil
		}
	}
	pauses := make([]calendar.Pause, len(v.Pauses))
	for i, p := range v.Pauses {
		pauses[i] = calendar.Pause{From: p[0].Time, To: p[1].Time}
	}
	working := seconds(v.Duration)
	switch v.Op {
	case "add":
		if len(pauses) == 0 {
			return c.Add(v.Start.Time, working)
		}
		return c.AddPaused(v.Start.Time, working, pauses...)
	case "sub":
		return c.Sub(v.Start.Time, working)
	case "between":
		return c.BetweenPaused(v.Start.Time, v.End.Time, pauses...)
	case "contains":
		return c.Contains(v.Start.Time), nil
	case "next_open":
		return c.NextOpen(v.Start.Time)
	case "next_close":
		return c.NextClose(v.Start.Time)
	case "prev_close":
		return c.PrevClose(v.Start.Time)
	case "windows":
		return v.first(c.Windows(v.Start.Time, time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC))), nil
	case "windows_back":
		return v.first(c.WindowsBack(time.Date(1800, 1, 1, 0, 0, 0, 0, time.UTC), v.Start.Time)), nil
	}
	return nil, fmt.Errorf("unknown op %q", v.Op)
}

// first takes as many windows as the case lists.
func (v vector) first(windows iter.Seq[calendar.Interval]) (list []calendar.Interval) {
	var expected []json.RawMessage
	_ = json.Unmarshal(v.Expected, &expected) // accepts reports what is no list
	for w := range windows {
		if len(list) == len(expected) {
			break
		}
		list = append(list, w)
	}
	return list
}

func (v vector) accepts(got any) bool {
	near := func(a, b time.Duration) bool { return (a - b).Abs().Seconds() <= v.Tolerance }
	switch got := got.(type) {
	case bool:
		return string(v.Expected) == fmt.Sprint(got)
	case time.Duration:
		return near(got, seconds(json.Number(v.Expected)))
	case time.Time:
		var want instant
		return json.Unmarshal(v.Expected, &want) == nil && near(got.Sub(want.Time), 0)
	case []calendar.Interval:
		var want [][2]instant
		return json.Unmarshal(v.Expected, &want) == nil && slices.EqualFunc(got, want, func(a calendar.Interval, b [2]instant) bool {
			return near(a.From.Sub(b[0].Time), 0) && near(a.To.Sub(b[1].Time), 0)
		})
	}
	return false
}

// seconds reads a decimal number of seconds to the nearest nanosecond.
func seconds(n json.Number) time.Duration {
	r, ok := new(big.Rat).SetString(n.String())
	if !ok {
		return 0
	}
	r.Mul(r, big.NewRat(1e9, 1)).Add(r, big.NewRat(1, 2))
	floor, _ := new(big.Int).DivMod(r.Num(), r.Denom(), new(big.Int))
	return time.Duration(floor.Int64())
}

func onlyNeverOpens(err error) bool {
	var wrong *calendar.SpecError
	return errors.As(err, &wrong) && len(wrong.Faults) == 1 && errors.Is(err, calendar.ErrNeverOpens)
}
