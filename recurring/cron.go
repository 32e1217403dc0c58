package recurring

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/itsmkit/itsmkit/itsm"
)

// fields are the five of an expression, with how many values each has.
var fields = [...]struct {
	name string
	size int
}{{"minute", 60}, {"hour", 24}, {"day of month", 31}, {"month", 12}, {"day of week", 7}}

const every = "@every "

// readCron reads the expression with the library's parser, after it refused what that parser takes for something else or
// panics at.
func (s *Schedule) readCron() error {
	text := s.spec.Cron
	switch {
	case text == "":
		return itsm.Invalid("cron", `give an expression, such as "0 9 * * MON-FRI"`)
	case len(text) > maxCron:
		return itsm.Invalid("cron", fmt.Sprintf("an expression has %d bytes at most", maxCron))
	case strings.HasPrefix(text, "TZ=") || strings.HasPrefix(text, "CRON_TZ="):
		return itsm.Invalid("cron", "leave the zone out of the expression and name it as the zone of the schedule")
	case strings.HasPrefix(text, "@"):
		s.spec.Cron = strings.ToLower(text)
		if span, ok := strings.CutPrefix(s.spec.Cron, every); ok {
			return s.readEvery(span)
		}
	default:
		if err := checkFields(strings.Split(text, " ")); err != nil {
			return err
		}
	}
	parsed, err := parse(s.spec.Cron)
	if err != nil {
		return itsm.Invalid("cron", fmt.Sprintf("%q is not understood: %v", text, err))
	}
	spec, ok := parsed.(*cron.SpecSchedule)
	if !ok {
		return itsm.Invalid("cron", fmt.Sprintf("%q is not understood", text))
	}
	spec.Location = time.UTC // readings are asked for as if they were UTC, which skips and repeats none
	s.cron = spec
	return nil
}

// parse keeps a panic of the library within.
func parse(text string) (s cron.Schedule, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%v", r)
		}
	}()
	return cron.ParseStandard(text)
}

func (s *Schedule) readEvery(span string) error {
	d, err := time.ParseDuration(span)
	switch {
	case err != nil:
		return itsm.Invalid("cron", fmt.Sprintf("%q is no duration: write it as 90m or 36h", span))
	case d < time.Second || d%time.Second != 0:
		return itsm.Invalid("cron", fmt.Sprintf("an interval is one second or more, in whole seconds, not %s", span))
	}
	s.every = int64(d / time.Second)
	return nil
}

// checkFields refuses what the library reads as something else than it says.
func checkFields(given []string) error {
	if len(given) != len(fields) {
		return itsm.Invalid("cron", fmt.Sprintf("an expression has five fields (minute, hour, day of month, month, day of week), not %d", len(given)))
	}
	for i, text := range given {
		for item := range strings.SplitSeq(text, ",") {
			if err := checkItem(i, item); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkItem(i int, item string) error {
	f := fields[i]
	values, step, stepped := strings.Cut(item, "/")
	low, high, ranged := strings.Cut(values, "-")
	star := low == "*" || low == "?"
	n, err := strconv.Atoi(step)
	switch {
	case star && ranged, !star && !word(low), ranged && !word(high), stepped && !word(step):
		return itsm.Invalid("cron", fmt.Sprintf("%q is no %s: write a value, a range such as 1-5, *, or one of them with a step such as */15", item, f.name))
	case stepped && err == nil && n > f.size:
		return itsm.Invalid("cron", fmt.Sprintf("a step of %d is longer than the %s has values: an interval is written as @every", n, f.name))
	}
	return nil
}

// word is a number or a name: letters and digits, at least one.
func word(text string) bool {
	for _, r := range text {
		if (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') {
			return false
		}
	}
	return text != ""
}
