package recurring_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/calendar"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/recurring"
)

// at reads an instant: in UTC, or with a zone's clock and offset.
func at(t require.TestingT, text string) time.Time {
	for _, layout := range []string{"2006-01-02 15:04", "2006-01-02 15:04:05", "2006-01-02 15:04 -0700", time.RFC3339Nano} {
		if parsed, err := time.Parse(layout, text); err == nil {
			return parsed
		}
	}
	require.Fail(t, "no instant", text)
	return time.Time{}
}

func made(t require.TestingT, spec recurring.Spec, calendars ...*calendar.Calendar) *recurring.Schedule {
	s, err := recurring.NewSchedule(spec, calendars...)
	require.NoError(t, err)
	return s
}

// some are the first occurrences after an instant, as the zone's clock shows them.
func some(s *recurring.Schedule, after time.Time, n int) []string {
	var list []string
	for next, err := s.Next(after); err == nil && len(list) < n; next, err = s.Next(next) {
		list = append(list, next.Format("Mon 2006-01-02 15:04 -0700"))
	}
	return list
}

func TestNext(t *testing.T) {
	for _, tt := range []struct {
		name  string
		spec  recurring.Spec
		after string
		want  []string
	}{
		{"weekdays", recurring.Spec{Cron: "0 9 * * MON-FRI", Zone: "Europe/Brussels"}, "2026-03-06 08:00",
			[]string{"Mon 2026-03-09 09:00 +0100", "Tue 2026-03-10 09:00 +0100"}},
		{"an occurrence is not after itself", recurring.Spec{Cron: "@daily", Zone: "UTC"}, "2026-03-06 00:00",
			[]string{"Sat 2026-03-07 00:00 +0000"}},
		{"white space", recurring.Spec{Cron: "  0  9 *	* * ", Zone: "UTC"}, "2026-03-06 00:00", []string{"Fri 2026-03-06 09:00 +0000"}},
		{"capitals", recurring.Spec{Cron: "@Weekly", Zone: "UTC"}, "2026-03-06 00:00", []string{"Sun 2026-03-08 00:00 +0000"}},
		{"yearly", recurring.Spec{Cron: "@yearly", Zone: "Asia/Tokyo"}, "2026-03-06 00:00", []string{"Fri 2027-01-01 00:00 +0900"}},
		{"the last day", recurring.Spec{Cron: "0 18 * * *", Zone: "UTC", On: "last day"}, "2028-01-31 18:00",
			[]string{"Tue 2028-02-29 18:00 +0000", "Fri 2028-03-31 18:00 +0000", "Sun 2028-04-30 18:00 +0000"}},
		{"the first Monday", recurring.Spec{Cron: "0 9 * * *", Zone: "UTC", On: "1st  Mon"}, "2026-03-01 00:00",
			[]string{"Mon 2026-03-02 09:00 +0000", "Mon 2026-04-06 09:00 +0000"}},
		{"the fifth Thursday", recurring.Spec{Cron: "0 9 * * *", Zone: "UTC", On: "5th thu"}, "2026-01-01 00:00",
			[]string{"Thu 2026-01-29 09:00 +0000", "Thu 2026-04-30 09:00 +0000"}},
		{"the last Friday of March and June", recurring.Spec{Cron: "0 9 * MAR,JUN *", Zone: "UTC", On: "last fri"}, "2026-01-01 00:00",
			[]string{"Fri 2026-03-27 09:00 +0000", "Fri 2026-06-26 09:00 +0000"}},
		{"twice on such a day", recurring.Spec{Cron: "0 9,17 * * *", Zone: "UTC", On: "last day"}, "2026-03-31 09:00",
			[]string{"Tue 2026-03-31 17:00 +0000", "Thu 2026-04-30 09:00 +0000"}},
		{"every second week", recurring.Spec{Cron: "0 9 * * MON,FRI", Zone: "UTC", Weeks: 2, From: at(t, "2026-03-04 00:00")}, "2026-01-01 00:00",
			[]string{"Fri 2026-03-06 09:00 +0000", "Mon 2026-03-16 09:00 +0000", "Fri 2026-03-20 09:00 +0000", "Mon 2026-03-30 09:00 +0000"}},
		{"an interval from its beginning", recurring.Spec{Cron: "@every 90m", Zone: "UTC", From: at(t, "2026-03-04 00:10")}, "2026-03-04 01:00",
			[]string{"Wed 2026-03-04 01:40 +0000", "Wed 2026-03-04 03:10 +0000"}},
		{"the beginning is one", recurring.Spec{Cron: "@every 36h", Zone: "UTC", From: at(t, "2026-03-04 00:10")}, "2020-01-01 00:00",
			[]string{"Wed 2026-03-04 00:10 +0000", "Thu 2026-03-05 12:10 +0000"}},
		{"an interval without a beginning", recurring.Spec{Cron: "@every 7h", Zone: "UTC"}, "1970-01-01 00:00",
			[]string{"Thu 1970-01-01 07:00 +0000", "Thu 1970-01-01 14:00 +0000"}},
		{"and before", recurring.Spec{Cron: "@every 7h", Zone: "UTC"}, "1969-12-31 12:00",
			[]string{"Wed 1969-12-31 17:00 +0000", "Thu 1970-01-01 00:00 +0000"}},
		{"between from and until", recurring.Spec{Cron: "@hourly", Zone: "UTC", From: at(t, "2026-03-04 10:00"), Until: at(t, "2026-03-04 12:00")}, "2020-01-01 00:00",
			[]string{"Wed 2026-03-04 10:00 +0000", "Wed 2026-03-04 11:00 +0000"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := made(t, tt.spec)
			assert.Equal(t, tt.want, some(s, at(t, tt.after), len(tt.want)))
		})
	}
}

func TestWhatIsWrongIsListed(t *testing.T) {
	for _, tt := range []struct {
		name string
		spec recurring.Spec
		want []string
	}{
		{"nothing", recurring.Spec{}, []string{"give an expression", "name a zone"}},
		{"the machine's zone", recurring.Spec{Cron: "@daily", Zone: "Local"}, []string{"name a zone"}},
		{"no zone", recurring.Spec{Cron: "@daily", Zone: "Europe/Atlantis"}, []string{`no zone "Europe/Atlantis"`}},
		{"a folder", recurring.Spec{Cron: "@daily", Zone: "../etc/passwd"}, []string{"no zone"}},
		{"four fields", recurring.Spec{Cron: "0 9 * *", Zone: "UTC"}, []string{"five fields", "not 4"}},
		{"six fields", recurring.Spec{Cron: "0 0 9 * * *", Zone: "UTC"}, []string{"five fields", "not 6"}},
		{"a word", recurring.Spec{Cron: "0 9 * * FUNDAY", Zone: "UTC"}, []string{"not understood", "FUNDAY"}},
		{"a range that goes back", recurring.Spec{Cron: "0 9 * * FRI-MON", Zone: "UTC"}, []string{"beyond end of range"}},
		{"no such interval", recurring.Spec{Cron: "@every day", Zone: "UTC"}, []string{"no duration", "90m"}},
		{"a step of nothing", recurring.Spec{Cron: "*/0 * * * *", Zone: "UTC"}, []string{"positive number"}},
		{"no such day", recurring.Spec{Cron: "@daily", Zone: "UTC", On: "6th mon"}, []string{`"6th mon" is none of`}},
		{"no day", recurring.Spec{Cron: "@daily", Zone: "UTC", On: "1st day"}, []string{"is none of"}},
		{"an interval on dates", recurring.Spec{Cron: "@every 36h", Zone: "UTC", On: "last day"}, []string{"has no dates"}},
		{"weeks from nowhere", recurring.Spec{Cron: "@weekly", Zone: "UTC", Weeks: 2}, []string{"from when the weeks are counted"}},
		{"weeks of the other way", recurring.Spec{Cron: "@weekly", Zone: "UTC", Weeks: -2}, []string{"1 to 520"}},
		{"an end before the beginning", recurring.Spec{Cron: "@daily", Zone: "UTC", From: at(t, "2026-03-04 00:00"), Until: at(t, "2026-03-03 00:00")}, []string{"the end comes after"}},
		{"nothing between", recurring.Spec{Cron: "@yearly", Zone: "UTC", From: at(t, "2026-03-04 00:00"), Until: at(t, "2026-03-05 00:00")}, []string{"never comes"}},
		{"dates that exclude each other", recurring.Spec{Cron: "0 9 15 * *", Zone: "UTC", On: "1st mon"}, []string{"never comes"}},
		{"no such calendar", recurring.Spec{Cron: "@daily", Zone: "UTC", Calendar: "support"}, []string{`no calendar "support"`}},
		{"closed without a calendar", recurring.Spec{Cron: "@daily", Zone: "UTC", Closed: recurring.Skip}, []string{"name the calendar"}},
		{"closed in another way", recurring.Spec{Cron: "@daily", Zone: "UTC", Closed: "previous"}, []string{"neither skip nor next_opening"}},
		{"too long", recurring.Spec{Cron: strings.Repeat("0,", 300) + "0 9 * * *", Zone: "UTC"}, []string{"500 bytes at most"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := recurring.NewSchedule(tt.spec)
			require.ErrorIs(t, err, itsm.ErrInvalid)
			for _, words := range tt.want {
				assert.ErrorContains(t, err, words)
			}
		})
	}
}

func support(t require.TestingT) *calendar.Calendar {
	c, err := calendar.New(calendar.Spec{
		Name: "support", Zone: "Europe/Brussels", Weekly: calendar.Weekdays("09:00-18:00"),
		Holidays: []calendar.Holiday{{Name: "Easter Monday", On: "easter+1"}},
	})
	require.NoError(t, err)
	return c
}

func TestWorkingTime(t *testing.T) {
	hours := support(t)
	for _, tt := range []struct {
		name  string
		spec  recurring.Spec
		after string
		want  []string
	}{
		{"skipped", recurring.Spec{Cron: "0 10 * * *", Calendar: "support"}, "2026-04-03 12:00", // Friday before Easter
			[]string{"Tue 2026-04-07 10:00 +0200", "Wed 2026-04-08 10:00 +0200"}},
		{"closing is closed", recurring.Spec{Cron: "0 18 * * *", Calendar: "support", Closed: recurring.NextOpening}, "2026-03-06 12:00",
			[]string{"Mon 2026-03-09 09:00 +0100", "Tue 2026-03-10 09:00 +0100"}},
		{"the first working day of a month", recurring.Spec{Cron: "0 9 1 * *", Calendar: "support", Closed: recurring.NextOpening}, "2026-02-10 12:00",
			[]string{"Mon 2026-03-02 09:00 +0100", "Wed 2026-04-01 09:00 +0200", "Fri 2026-05-01 09:00 +0200"}},
		{"many that wait come once", recurring.Spec{Cron: "@hourly", Calendar: "support", Closed: recurring.NextOpening}, "2026-03-06 14:30",
			[]string{"Fri 2026-03-06 16:00 +0100", "Fri 2026-03-06 17:00 +0100", "Mon 2026-03-09 09:00 +0100", "Mon 2026-03-09 10:00 +0100"}},
		{"what waits is found in the night", recurring.Spec{Cron: "0 20 * * FRI", Calendar: "support", Closed: recurring.NextOpening}, "2026-03-07 15:30",
			[]string{"Mon 2026-03-09 09:00 +0100", "Mon 2026-03-16 09:00 +0100"}},
		{"an interval", recurring.Spec{Cron: "@every 10h", Calendar: "support", From: at(t, "2026-03-06 14:00")}, "2026-03-06 14:00",
			[]string{"Mon 2026-03-09 13:00 +0100", "Tue 2026-03-10 09:00 +0100"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.spec.Zone = "Europe/Brussels"
			assert.Equal(t, tt.want, some(made(t, tt.spec, hours), at(t, tt.after), len(tt.want)))
		})
	}
	_, err := recurring.NewSchedule(recurring.Spec{Cron: "0 3 * * *", Zone: "Europe/Brussels", Calendar: "support"}, hours)
	require.ErrorContains(t, err, "never comes")
}

func TestScheduleAsJSON(t *testing.T) {
	const text = `{"cron":"0 9 * * MON-FRI","zone":"Europe/Brussels","on":"last fri","from":"2026-03-01T00:00:00Z","calendar":"support","closed":"next_opening"}`
	s, err := recurring.Read([]byte(text), support(t))
	require.NoError(t, err)
	written, err := json.Marshal(s)
	require.NoError(t, err)
	assert.JSONEq(t, text, string(written))
	again, err := recurring.Read(written, support(t))
	require.NoError(t, err)
	assert.Equal(t, s.Spec(), again.Spec())
	assert.Equal(t, "0 9 * * MON-FRI Europe/Brussels on the last fri from 2026-03-01T00:00:00Z in support", s.String())
	for _, bad := range []string{`{"cron":"@daily","zone":"UTC","zon":""}`, `{"cron":"@daily","zone":"UTC"} {}`, `[]`, ``} {
		_, err := recurring.Read([]byte(bad))
		require.ErrorIs(t, err, itsm.ErrInvalid, "%s", bad)
	}
}

func TestBetween(t *testing.T) {
	s := made(t, recurring.Spec{Cron: "0 9,17 * * *", Zone: "UTC"})
	list := slices.Collect(s.Between(at(t, "2026-03-01 09:00"), at(t, "2026-03-02 17:00")))
	require.Len(t, list, 3)
	assert.Equal(t, at(t, "2026-03-01 09:00"), list[0], "the first instant belongs to it, the last does not")
	assert.Empty(t, slices.Collect(s.Between(at(t, "2026-03-02 17:00"), at(t, "2026-03-02 17:00"))))
	for first := range s.Between(at(t, "2026-03-01 00:00"), at(t, "2199-01-01 00:00")) {
		assert.Equal(t, at(t, "2026-03-01 09:00"), first)
		break
	}
}

func TestTheHorizon(t *testing.T) {
	s := made(t, recurring.Spec{Cron: "@yearly", Zone: "UTC"})
	first, err := s.Next(time.Time{})
	require.NoError(t, err)
	assert.Equal(t, at(t, "1800-01-01 00:00"), first)
	_, err = s.Next(at(t, "2199-06-01 00:00"))
	require.ErrorIs(t, err, recurring.ErrNone)
	_, err = s.Next(at(t, "2500-06-01 00:00"))
	require.ErrorIs(t, err, recurring.ErrNone)
}

// FuzzParse holds that any text makes a schedule or an error: no panic, no endless search, and what is made is read again
// as the same.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"0 9 * * MON-FRI", "@daily", "@every 90m", "TZ=UTC", "CRON_TZ=UTC * * * * *", "TZ=TZ=TZ=", "@every -5m", "0 0 30 2 *", ", * * * *",
		"*-5 * * * *", "+5 * * * *", "*/90 * * * *", "0 9 29 2 SUN", "@reboot", "? ? ? ? ?", "0 0 1-31/10 * 1", "@every 1h\x00",
	} {
		f.Add(seed, "Europe/Brussels")
	}
	f.Add("@daily", "Africa/Cairo")
	f.Add("@daily", "../x")
	f.Fuzz(func(t *testing.T, cron, zone string) {
		s, err := recurring.Parse(cron, zone)
		if err != nil {
			require.ErrorIs(t, err, itsm.ErrInvalid)
			return
		}
		again, err := recurring.NewSchedule(s.Spec())
		require.NoError(t, err)
		now := at(t, "2026-03-28 23:30")
		for range 3 {
			next, err := s.Next(now)
			same, errs := again.Next(now)
			require.Equal(t, err, errs)
			if err != nil {
				return
			}
			require.True(t, next.After(now))
			require.True(t, next.Equal(same))
			now = next
		}
	})
}
