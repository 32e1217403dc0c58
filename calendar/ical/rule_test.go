package ical

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/teambition/rrule-go"
	"pgregory.net/rapid"
)

// occurrences expands a rule in UTC, up to n of them.
func occurrences(t require.TestingT, text, start string, n int) []string {
	r, err := parseRule(text)
	require.NoError(t, err, text)
	s, _, err := parseStamp(start)
	require.NoError(t, err)
	s.zone = utcZone
	var found []string
	steps := int64(10_000_000)
	err = r.each(s, s.civil, dayNumber(2200, 1, 1)*daySeconds, &steps, func(civil int64) bool {
		found = append(found, time.Unix(civil, 0).UTC().Format("20060102T1504"))
		return len(found) < n
	})
	require.NoError(t, err, text)
	return found
}

// The examples of RFC 5545, section 3.8.5.3, and what is said about each.
func TestRules(t *testing.T) {
	const nine = "19970902T090000"
	for _, test := range []struct{ rule, start, want string }{
		{"FREQ=DAILY;COUNT=3", nine, "0902 0903 0904"},
		{"FREQ=DAILY;UNTIL=19970904T090000Z", nine, "0902 0903 0904"},
		{"FREQ=DAILY;UNTIL=19970904T085959Z", nine, "0902 0903"},
		{"FREQ=DAILY;UNTIL=19970904", nine, "0902 0903 0904"},
		{"FREQ=DAILY;INTERVAL=10;COUNT=5", nine, "0902 0912 0922 1002 1012"},
		{"FREQ=WEEKLY;INTERVAL=2;WKST=SU;COUNT=3", nine, "0902 0916 0930"},
		{"FREQ=WEEKLY;COUNT=4;WKST=SU;BYDAY=TU,TH", nine, "0902 0904 0909 0911"},
		{"FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO", "19970805T090000", "0805 0810 0819 0824"},
		{"FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU", "19970805T090000", "0805 0817 0819 0831"},
		{"FREQ=MONTHLY;COUNT=4;BYDAY=1FR", "19970905T090000", "0905 1003 1107 1205"},
		{"FREQ=MONTHLY;INTERVAL=2;COUNT=4;BYDAY=1SU,-1SU", "19970907T090000", "0907 0928 1102 1130"},
		{"FREQ=MONTHLY;COUNT=3;BYDAY=-2MO", "19970922T090000", "0922 1020 1117"},
		{"FREQ=MONTHLY;BYMONTHDAY=-3;COUNT=3", "19970928T090000", "0928 1029 1128"},
		{"FREQ=MONTHLY;COUNT=4;BYMONTHDAY=1,-1", "19970930T090000", "0930 1001 1031 1101"},
		{"FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13;COUNT=3", "19980213T090000", "0213 0313 1113"},
		{"FREQ=MONTHLY;BYDAY=SA;BYMONTHDAY=7,8,9,10,11,12,13;COUNT=3", "19970913T090000", "0913 1011 1108"},
		{"FREQ=MONTHLY;COUNT=3;BYDAY=TU,WE,TH;BYSETPOS=3", "19970904T090000", "0904 1007 1106"},
		{"FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2;COUNT=3", "19970929T090000", "0929 1030 1127"},
		{"FREQ=MONTHLY;BYMONTHDAY=15,30;COUNT=5", "20070115T090000", "0115 0130 0215 0315 0330"},
		{"FREQ=MONTHLY;COUNT=3", "20260131T090000", "0131 0331 0531"},
		{"FREQ=YEARLY;COUNT=4;BYMONTH=6,7", "19970610T090000", "0610 0710 0610 0710"},
		{"FREQ=YEARLY;INTERVAL=3;COUNT=4;BYYEARDAY=1,100,200", "19970101T090000", "0101 0410 0719 0101"},
		{"FREQ=YEARLY;BYDAY=20MO;COUNT=3", "19970519T090000", "0519 0518 0517"},
		{"FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO;COUNT=3", "19970512T090000", "0512 0511 0517"},
		{"FREQ=YEARLY;BYWEEKNO=20;COUNT=3", "19970513T090000", "0513 0512 0518"}, // on the start's weekday
		{"FREQ=YEARLY;BYMONTH=3;BYDAY=TH;COUNT=3", "19970313T090000", "0313 0320 0327"},
		{"FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8;COUNT=3", "19961105T090000", "1105 1107 1102"},
		{"FREQ=YEARLY;COUNT=2", "20240229T090000", "0229 0229"},
		{"FREQ=DAILY;BYHOUR=9,17;COUNT=3", nine, "0902 0902T1700 0903"},
		// the start is an occurrence, and the first of those counted, also where the rule does not name it
		{"FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=25;COUNT=2", "20260101T090000", "0101 1225"},
		{"freq=daily;count=2;", nine, "0902 0903"},
	} {
		var got []string
		for _, o := range occurrences(t, test.rule, test.start, 10) {
			got = append(got, strings.TrimSuffix(o[4:], "T0900"))
		}
		assert.Equal(t, test.want, strings.Join(got, " "), test.rule)
	}
}

func TestRulesThatAreRefused(t *testing.T) {
	for text, is := range map[string]error{
		"":                                   ErrSyntax,
		"COUNT=3":                            ErrSyntax,
		"FREQ=":                              ErrSyntax,
		"FREQ=FORTNIGHTLY":                   ErrSyntax,
		"FREQ=DAILY;FREQ=DAILY":              ErrSyntax,
		"FREQ=DAILY;INTERVAL=0":              ErrSyntax,
		"FREQ=DAILY;INTERVAL=99999999999999": ErrSyntax,
		"FREQ=DAILY;COUNT=0":                 ErrSyntax,
		"FREQ=DAILY;COUNT=2;UNTIL=20260101":  ErrSyntax,
		"FREQ=DAILY;UNTIL=tomorrow":          ErrSyntax,
		"FREQ=WEEKLY;BYDAY=1MO":              ErrSyntax,
		"FREQ=WEEKLY;BYDAY=XX":               ErrSyntax,
		"FREQ=MONTHLY;BYDAY=0MO":             ErrSyntax,
		"FREQ=MONTHLY;BYDAY=M":               ErrSyntax,
		"FREQ=MONTHLY;BYDAY=,":               ErrSyntax,
		"FREQ=MONTHLY;BYMONTHDAY=32":         ErrSyntax,
		"FREQ=MONTHLY;BYMONTHDAY=0":          ErrSyntax,
		"FREQ=MONTHLY;BYWEEKNO=1":            ErrSyntax,
		"FREQ=WEEKLY;BYMONTHDAY=1":           ErrSyntax,
		"FREQ=DAILY;BYYEARDAY=1":             ErrSyntax,
		"FREQ=DAILY;BYSETPOS=1":              ErrSyntax,
		"FREQ=DAILY;BYEASTER=1":              ErrSyntax,
		"FREQ=DAILY;WKST=":                   ErrSyntax,
		"FREQ=HOURLY":                        ErrUnsupported,
		"FREQ=MINUTELY":                      ErrUnsupported,
		"FREQ=SECONDLY;BYMONTH=2":            ErrUnsupported,
		"RSCALE=HEBREW;FREQ=YEARLY":          ErrUnsupported,
	} {
		_, err := parseRule(text)
		assert.ErrorIs(t, err, is, text)
	}
}

// A rule that names no date ends, and at the steps it may take.
func TestRulesThatNameNothing(t *testing.T) {
	for _, text := range []string{
		"FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "FREQ=YEARLY;BYYEARDAY=366;BYMONTH=1", "FREQ=MONTHLY;BYDAY=53MO",
		"FREQ=MONTHLY;BYDAY=-6MO;BYSETPOS=300", "FREQ=YEARLY;INTERVAL=2147483647", "FREQ=DAILY;INTERVAL=2147483647",
	} {
		assert.Equal(t, []string{"20260105T0900"}, occurrences(t, text, "20260105T090000", 10), text)
	}
	r, err := parseRule("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30")
	require.NoError(t, err)
	steps := int64(1000)
	s, _, _ := parseStamp("20260105")
	s.zone = utcZone
	err = r.each(s, s.civil, dayNumber(2200, 1, 1)*daySeconds, &steps, func(int64) bool { return true })
	assert.ErrorIs(t, err, ErrLimit)
}

// Where another implementation of rules can be trusted, in UTC and with parts of moderate size, it gives the same.
func TestRulesAgainstAnother(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := drawRule(t)
		start := time.Date(rapid.IntRange(1995, 2030).Draw(t, "year"), time.January, rapid.IntRange(1, 366).Draw(t, "day"),
			rapid.IntRange(0, 23).Draw(t, "hour"), rapid.IntRange(0, 59).Draw(t, "minute"), 0, 0, time.UTC)
		option, err := rrule.StrToROption(text)
		require.NoError(t, err, text)
		option.Dtstart = start
		option.Until = start.AddDate(12, 0, 0)
		other, err := rrule.NewRRule(*option)
		require.NoError(t, err, text)
		want := []string{start.Format("20060102T1504")} // the start is always one here
		for next := other.Iterator(); len(want) < 40; {
			at, ok := next()
			if !ok {
				break
			}
			if at.After(start) {
				want = append(want, at.Format("20060102T1504"))
			}
		}
		until := option.Until.Format("20060102T150405Z")
		got := occurrences(t, text+";UNTIL="+until, start.Format("20060102T150405"), 40)
		assert.Equal(t, want, got, "%s from %s", text, start)

		// begun near a window it is the same as begun at the start
		r, err := parseRule(text)
		require.NoError(t, err)
		lo := civil(start) + rapid.Int64Range(0, 3000).Draw(t, "later")*daySeconds
		s := stamp{civil: civil(start), zone: utcZone}
		var all, near []int64
		steps := int64(1 << 40)
		hi := lo + 500*daySeconds
		require.NoError(t, r.each(s, s.civil, hi, &steps, func(c int64) bool {
			if c >= lo {
				all = append(all, c)
			}
			return true
		}))
		require.NoError(t, r.each(s, lo, hi, &steps, func(c int64) bool { near = append(near, c); return true }))
		assert.Equal(t, all, near, "%s from %s, since %d", text, start, lo)
	})
}

func drawRule(t *rapid.T) string {
	freq := rapid.SampledFrom([]string{"YEARLY", "MONTHLY", "WEEKLY", "DAILY"}).Draw(t, "freq")
	parts := []string{"FREQ=" + freq, fmt.Sprintf("INTERVAL=%d", rapid.IntRange(1, 5).Draw(t, "interval"))}
	chance := func(name string) bool { return rapid.IntRange(0, 2).Draw(t, name) == 0 }
	list := func(name string, numbers *rapid.Generator[int]) {
		all := rapid.SliceOfNDistinct(numbers, 1, 4, rapid.ID[int]).Draw(t, name)
		parts = append(parts, name+"="+strings.Trim(strings.ReplaceAll(fmt.Sprint(all), " ", ","), "[]"))
	}
	days := []string{"MO", "TU", "WE", "TH", "FR", "SA", "SU"}
	byDay, by := false, false
	weekno := false
	if chance("months") {
		list("BYMONTH", rapid.IntRange(1, 12))
		by = true
	}
	if freq != "WEEKLY" && chance("monthdays") {
		list("BYMONTHDAY", rapid.OneOf(rapid.IntRange(1, 31), rapid.IntRange(-31, -1)))
		by = true
	}
	if freq == "YEARLY" && chance("yeardays") {
		list("BYYEARDAY", rapid.OneOf(rapid.IntRange(1, 366), rapid.IntRange(-366, -1)))
		by = true
	}
	if freq == "YEARLY" && chance("weeks") {
		list("BYWEEKNO", rapid.IntRange(2, 51)) // the other one miscounts the last week of some years
		weekno, by = true, true
	}
	if weekno || chance("days") {
		byDay = true
		all := rapid.SliceOfNDistinct(rapid.SampledFrom(days), 1, 4, rapid.ID[string]).Draw(t, "BYDAY")
		if (freq == "MONTHLY" || freq == "YEARLY") && !weekno && chance("numbered") {
			for i := range all {
				all[i] = fmt.Sprintf("%d%s", rapid.SampledFrom([]int{-4, -2, -1, 1, 2, 3, 4}).Draw(t, "n"), all[i])
			}
		}
		parts = append(parts, "BYDAY="+strings.Join(all, ","))
	}
	if chance("hours") {
		list("BYHOUR", rapid.IntRange(0, 23))
		by = true
	}
	if (by || byDay) && freq != "WEEKLY" && chance("positions") { // the other one cuts the first week off at the start
		list("BYSETPOS", rapid.OneOf(rapid.IntRange(1, 5), rapid.IntRange(-5, -1)))
	}
	parts = append(parts, "WKST="+rapid.SampledFrom(days).Draw(t, "wkst"))
	return strings.Join(parts, ";")
}

func FuzzRule(f *testing.F) {
	f.Add("FREQ=MONTHLY;BYDAY=-1SU;COUNT=3", "20260131T090000")
	f.Add("FREQ=YEARLY;BYWEEKNO=1,-1;BYDAY=MO;BYSETPOS=-1;WKST=SU", "20260101")
	f.Add("FREQ=WEEKLY;INTERVAL=2147483647;UNTIL=99991231T235960Z", "99991231T235960")
	f.Add("FREQ=DAILY;BYHOUR=0,1;BYMINUTE=0,59;BYSECOND=59", "00010101T000000")
	f.Fuzz(func(t *testing.T, text, start string) {
		r, err := parseRule(text)
		s, _, err2 := parseStamp(start)
		if err != nil || err2 != nil {
			return
		}
		s.zone = utcZone
		steps, last := int64(200_000), int64(0)
		err = r.each(s, s.civil, s.civil+200*366*daySeconds, &steps, func(civil int64) bool {
			if last != 0 && civil <= last {
				t.Fatalf("%d after %d", civil, last)
			}
			last = civil
			return true
		})
		if err != nil && !errors.Is(err, ErrLimit) {
			t.Fatal(err)
		}
	})
}
