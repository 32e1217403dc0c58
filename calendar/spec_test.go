package calendar_test

import (
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/itsmkit/itsmkit/calendar"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAllFaultsAtOnce(t *testing.T) {
	_, err := calendar.New(calendar.Spec{
		Zone: "Europe/Brusels",
		Weekly: calendar.Week{Mon: "9-17", Tue: "09:00-12:00, 11:00-17:00", Wed: "20:00-06:00", Thu: "05:00-12:00",
			Fri: "12:00-12:00", Sat: "25:00-26:00", Sun: "08:00-40:00"},
		Seasons: []calendar.Season{
			{From: "2026-07-01", Through: "2026-08-31", Weekly: calendar.Daily("08:60-12:00")},
			{From: "2026-08-31"}, {From: "2026-05-02", Through: "2026-05-01"},
		},
		Overrides: []calendar.Override{{On: "2026-02-30"}, {On: "2026-03-01"}, {On: "2026-03-01", Hours: "09:00"}},
		Holidays: []calendar.Holiday{{Name: "a", On: "christmas"}, {Name: "b", On: "12-25", Closed: "noon"},
			{Name: "c", On: "12-26", Observed: "tuesday", From: "1699-01-01"}},
		Breaks: []calendar.Break{{On: "2026-03-03"}, {On: "", Hours: "12:00-13:00"}},
		From:   "soon",
	})
	var wrong *calendar.SpecError
	require.ErrorAs(t, err, &wrong)
	var got []string
	for _, f := range wrong.Faults {
		got = append(got, f.Field)
		assert.Contains(t, err.Error(), f.Error())
	}
	assert.Equal(t, []string{
		"zone", "weekly.mon", "weekly.tue", "weekly.thu", "weekly.fri", "weekly.sat", "weekly.sun",
		"seasons[0].weekly.mon", "seasons[0].weekly.tue", "seasons[0].weekly.wed", "seasons[0].weekly.thu",
		"seasons[0].weekly.fri", "seasons[0].weekly.sat", "seasons[0].weekly.sun", "seasons[1].from", "seasons[2].through",
		"overrides[0].on", "overrides[2].on", "overrides[2].hours", "holidays[0].on", "holidays[1].closed",
		"holidays[2].from", "holidays[2].observed", "breaks[0].hours", "breaks[1].on", "from",
	}, got)
	for _, kind := range []error{calendar.ErrZone, calendar.ErrSyntax, calendar.ErrOverlap, calendar.ErrDuplicate, calendar.ErrMissing} {
		assert.ErrorIs(t, err, kind)
	}
	assert.NotErrorIs(t, err, calendar.ErrNeverOpens, "a spec that is not understood is not judged")
	assert.Equal(t, `weekly.mon: not understood: "9-17", want hours such as 09:00-17:00`, wrong.Faults[1].Error())
}

func TestFaultsOneByOne(t *testing.T) {
	week := calendar.Weekdays("09:00-17:00")
	utc := calendar.Spec{Zone: "UTC", Weekly: week}
	for name, c := range map[string]struct {
		spec calendar.Spec
		want error
	}{
		"no zone":                 {calendar.Spec{Weekly: week}, calendar.ErrMissing},
		"the machine's zone":      {calendar.Spec{Zone: "Local", Weekly: week}, calendar.ErrZone},
		"no hours":                {calendar.Spec{Zone: "UTC"}, calendar.ErrNeverOpens},
		"only on a 30 February":   {calendar.Spec{Zone: "UTC", Overrides: []calendar.Override{{On: "5th mon feb", Hours: "09:00-17:00"}, {On: "02-30", Hours: "09:00-17:00"}}}, calendar.ErrSyntax},
		"all of it on holiday":    {calendar.Spec{Zone: "UTC", Weekly: week, Holidays: []calendar.Holiday{{On: "1800-01-01..2199-12-31"}}}, calendar.ErrNeverOpens},
		"hours beside a union":    {calendar.Spec{Zone: "UTC", Weekly: week, Union: []calendar.Spec{utc, utc}}, calendar.ErrMisplaced},
		"two ways to combine":     {calendar.Spec{Union: []calendar.Spec{utc, utc}, Minus: []calendar.Spec{utc, utc}}, calendar.ErrMisplaced},
		"a union of nothing":      {calendar.Spec{Union: []calendar.Spec{}}, calendar.ErrMissing},
		"minus nothing":           {calendar.Spec{Minus: []calendar.Spec{utc}}, calendar.ErrMissing},
		"minus itself":            {calendar.Spec{Minus: []calendar.Spec{utc, utc}}, calendar.ErrNeverOpens},
		"a fault in a part":       {calendar.Spec{Union: []calendar.Spec{utc, {Zone: "UTC", Weekly: calendar.Daily("x")}}}, calendar.ErrSyntax},
		"an unknown zone of many": {calendar.Spec{Zone: "Mars", Union: []calendar.Spec{utc, utc}}, calendar.ErrZone},
	} {
		_, err := calendar.New(c.spec)
		assert.ErrorIs(t, err, c.want, name)
	}
	deep := utc
	for range 17 {
		deep = calendar.Spec{Union: []calendar.Spec{deep}}
	}
	_, err := calendar.New(deep)
	assert.ErrorIs(t, err, calendar.ErrMisplaced)
	_, err = calendar.New(deep.Union[0])
	assert.NoError(t, err)

	_, err = calendar.Union()
	assert.ErrorIs(t, err, calendar.ErrMissing)
	_, err = calendar.Minus(calendar.Always(), nil)
	assert.ErrorIs(t, err, calendar.ErrMissing)
	_, err = calendar.Intersection(&calendar.Calendar{}, calendar.Always())
	assert.ErrorIs(t, err, calendar.ErrMissing)
}

func TestHoursText(t *testing.T) {
	monday := at("2026-11-23T00:00:00Z")
	for text, want := range map[calendar.Hours]time.Duration{
		"09:00-17:00":                8 * time.Hour,
		"9:00-17:00":                 8 * time.Hour,
		" 13:00 - 17:00,08:00-12:00": 8 * time.Hour,
		"08:00-12:00,12:00-16:00":    8 * time.Hour,
		"00:00-24:00":                24 * time.Hour,
		"09:00:01-09:00:02":          time.Second,
		"18:00-00:00":                6 * time.Hour,
		"22:00-06:00":                2 * time.Hour,
	} {
		c, err := calendar.New(calendar.Spec{Zone: "UTC", Weekly: calendar.Week{Mon: text}})
		require.NoError(t, err, text)
		assert.Equal(t, want, must(c.Between(monday, monday.AddDate(0, 0, 1))), text)
	}
	for _, text := range []calendar.Hours{"-", "09:00", "09:00-", "0900-1700", "09:00-17:00,", "09:00-17:00-18:00", "09:00–17:00",
		"09:0-17:00", "24:00-25:00", "09:00-48:01", "-9:00-17:00", "+9:00-17:00", "09:00:00:00-17:00", "closed"} {
		_, err := calendar.New(calendar.Spec{Zone: "UTC", Weekly: calendar.Weekdays(text)})
		assert.ErrorIs(t, err, calendar.ErrSyntax, text)
	}
}

func TestDaysText(t *testing.T) {
	for days, want := range map[calendar.Days]string{ // the dates of 2027 and 2028
		"2027-12-25":                     "2027-12-25",
		"2027-12-30..2028-01-02":         "2027-12-30 2027-12-31 2028-01-01 2028-01-02",
		"12-25":                          "2027-12-25 2028-12-25",
		"02-29":                          "2028-02-29",
		"02-27..02-29":                   "2027-02-27 2027-02-28 2028-02-27 2028-02-28 2028-02-29",
		"12-31..01-01":                   "2027-01-01 2027-12-31 2028-01-01 2028-12-31",
		"easter":                         "2027-03-28 2028-04-16",
		"Easter+39":                      "2027-05-06 2028-05-25",
		"easter-2":                       "2027-03-26 2028-04-14",
		"orthodox":                       "2027-05-02 2028-04-16",
		"orthodox+1":                     "2027-05-03 2028-04-17",
		"4th thu nov":                    "2027-11-25 2028-11-23",
		"last Mon May":                   "2027-05-31 2028-05-29",
		"1st mon sep":                    "2027-09-06 2028-09-04",
		"5th tue feb":                    "2028-02-29",
		"sat>=06-20":                     "2027-06-26 2028-06-24",
		"mon<=05-24":                     "2027-05-24 2028-05-22",
		"5th sat":                        "2027-01-30 2027-05-29 2027-07-31 2027-10-30 2028-01-29 2028-04-29 2028-07-29 2028-09-30 2028-12-30",
		"every 200 days from 2027-06-01": "2027-06-01 2027-12-18 2028-07-05",
		"Every 300 Days From 2020-01-01": "2027-05-24 2028-03-19",
	} {
		assert.Equal(t, want, datesOf(t, calendar.Holiday{Name: "x", On: days}), days)
	}
	for _, days := range []calendar.Days{"", "christmas", "2026-13-01", "2027-02-29", "02-30", "2-5", "easter39", "easter+", "easter++1",
		"easter+999", "6th mon may", "4th thursday nov", "mon=05-24", "mon>=13-01", "2027-01-02..2027-01-01",
		"2027-01-01..", "..", "1700-01-01", "2200-01-01", "12-25..2027-01-01", "xyz>=01-01",
		"friday", "2nd", "0th fri", "2nd fri jul 2027", "every 0 days from 2027-01-01", "every -1 days from 2027-01-01",
		"every 7 days", "every 7 days from 01-01", "every 7 weeks from 2027-01-01", "every 70000 days from 2027-01-01"} {
		_, err := calendar.New(calendar.Spec{Zone: "UTC", Weekly: calendar.Daily(calendar.AllDay), Holidays: []calendar.Holiday{{On: days}}})
		assert.ErrorIs(t, err, calendar.ErrSyntax, string(days))
	}
}

// A staff meeting every week, patches every month, rubbish every other week.
func TestDaysThatComeOften(t *testing.T) {
	c := calendarOf(t, calendar.Spec{Zone: "UTC", Weekly: calendar.Daily("09:00-17:00"), Breaks: []calendar.Break{
		{Name: "meeting", On: "fri", Hours: "09:00-10:00"}, {Name: "patches", On: "2nd tue", Hours: "16:00-18:00"},
		{Name: "rubbish", On: "every 14 days from 2027-01-04", Hours: "12:00-12:01"},
	}})
	var fridays, patches, rubbish int
	for day := at("2027-01-01T00:00:00Z"); day.Year() < 2028; day = day.AddDate(0, 0, 1) {
		want := 8 * time.Hour
		if day.Weekday() == time.Friday {
			fridays, want = fridays+1, want-time.Hour
		}
		if day.Weekday() == time.Tuesday && day.Day() > 7 && day.Day() <= 14 {
			patches, want = patches+1, want-time.Hour
		}
		if day.YearDay() >= 4 && (day.YearDay()-4)%14 == 0 {
			rubbish, want = rubbish+1, want-time.Minute
		}
		require.Equal(t, want, must(c.Between(day, day.AddDate(0, 0, 1))), day)
	}
	assert.Equal(t, []int{53, 12, 26}, []int{fridays, patches, rubbish})
}

func TestObservedHolidays(t *testing.T) {
	for _, h := range []struct {
		on       calendar.Days
		observed calendar.Observed
		want     string
	}{
		{"07-04", "", "2027-07-04 2028-07-04"}, // a Sunday, a Tuesday
		{"07-04", calendar.ObservedNearest, "2027-07-05 2028-07-04"},
		{"12-25", calendar.ObservedNearest, "2027-12-24 2028-12-25"}, // a Saturday, a Monday
		{"12-25", calendar.ObservedMonday, "2027-12-27 2028-12-25"},
		{"01-01", calendar.ObservedNearest, "2027-01-01 2027-12-31"}, // that of 2028, a Saturday, goes to 2027; that of 2029 stays
		{"2027-12-25..2027-12-26", calendar.ObservedMonday, "2027-12-27"},
		{"12-25", calendar.ObservedSunday, "2027-12-25 2028-12-25"},
		{"07-04", calendar.ObservedSunday, "2027-07-05 2028-07-04"},
		{"12-25..12-26", calendar.ObservedSubstitute, "2027-12-27 2027-12-28 2028-12-25 2028-12-26"}, // a weekend; Monday and Tuesday
	} {
		assert.Equal(t, h.want, datesOf(t, calendar.Holiday{Name: "x", On: h.on, Observed: h.observed}), "%s %s", h.on, h.observed)
	}
}

// A holiday that moves over the turn of a year stays in force, and is closed to its last hour in any zone.
func TestObservedAcrossYears(t *testing.T) {
	assert.Equal(t, "2027-12-31", datesOf(t, calendar.Holiday{Name: "x", On: "01-01", Observed: calendar.ObservedNearest, From: "2028-01-01"}))
	c := calendarOf(t, calendar.Spec{Zone: "America/New_York", Weekly: calendar.Daily(calendar.AllDay),
		Holidays: []calendar.Holiday{{Name: "x", On: "12-29", Observed: calendar.ObservedMonday}}})
	closed := at("2029-12-31T00:00:00-05:00") // the 29th is a Saturday
	assert.True(t, must(c.NextOpen(closed)).Equal(closed.AddDate(0, 0, 1)))
	assert.True(t, must(c.PrevClose(closed.Add(23*time.Hour))).Equal(closed))
}

// datesOf lists the dates of 2027 and 2028 that a holiday closes.
func datesOf(t *testing.T, h calendar.Holiday) string {
	c, err := calendar.New(calendar.Spec{Zone: "UTC", Weekly: calendar.Daily("10:00-11:00"), Holidays: []calendar.Holiday{h}})
	require.NoError(t, err, h)
	var dates []string
	for day := at("2027-01-01T10:00:00Z"); day.Year() < 2029; day = day.AddDate(0, 0, 1) {
		if !c.Contains(day) {
			dates = append(dates, string(calendar.DateOf(day)))
		}
	}
	return strings.Join(dates, " ")
}

// Published dates of Easter, and the ends of its range.
func TestEaster(t *testing.T) {
	for date, days := range map[string]calendar.Days{
		"1818-03-22": "easter", "1886-04-25": "easter", "1943-04-25": "easter", "1954-04-18": "easter", "1981-04-19": "easter",
		"2000-04-23": "easter", "2008-03-23": "easter", "2019-04-21": "easter", "2038-04-25": "easter", "2100-03-28": "easter",
		"2021-05-02": "orthodox", "2024-05-05": "orthodox", "2025-04-20": "orthodox", "2026-04-12": "orthodox", "1983-05-08": "orthodox",
	} {
		c := calendarOf(t, calendar.Spec{Zone: "UTC", Overrides: []calendar.Override{{On: days, Hours: calendar.AllDay}}})
		assert.True(t, c.Contains(at(date+"T12:00:00Z")), "%s %s", date, days)
	}
}

func TestCombinations(t *testing.T) {
	brussels := calendarOf(t, calendar.Spec{Name: "Brussels", Zone: "Europe/Brussels", Weekly: calendar.Weekdays("08:00-18:00"),
		Holidays: []calendar.Holiday{{Name: "Armistice Day", On: "11-11"}}})
	manila := calendarOf(t, calendar.Spec{Name: "Manila", Zone: "Asia/Manila", Weekly: calendar.Weekdays("06:00-16:00")})
	patch := calendarOf(t, calendar.Spec{Name: "patch night", Zone: "UTC", Overrides: []calendar.Override{{On: "2nd tue nov", Hours: "15:00-18:00"}}})
	from, to := at("2026-11-10T00:00:00+01:00"), at("2026-11-12T00:00:00+01:00")
	windows := func(c *calendar.Calendar, err error) string {
		require.NoError(t, err)
		var list []string
		for w := range c.Windows(from, to) {
			list = append(list, w.From.Format("02 15:04")+"-"+w.To.Format("15:04"))
		}
		return strings.Join(list, ", ")
	}
	// Manila, seven hours ahead, works from 23:00 to 09:00 in Brussels.
	assert.Equal(t, "10 00:00-18:00, 10 23:00-09:00, 11 23:00-00:00", windows(calendar.Union(brussels, manila)))
	assert.Equal(t, "10 08:00-09:00", windows(calendar.Intersection(brussels, manila)))
	assert.Equal(t, "10 09:00-18:00", windows(calendar.Minus(brussels, manila)))
	assert.Equal(t, "10 09:00-16:00", windows(calendar.Minus(brussels, manila, patch)))
	assert.Equal(t, "10 00:00-16:00, 10 23:00-09:00, 11 23:00-00:00",
		windows(calendar.Minus(must(calendar.Union(brussels, manila)), patch)))

	both := must(calendar.New(calendar.Spec{Name: "both", Zone: "UTC", Union: []calendar.Spec{brussels.Spec(), manila.Spec()}}))
	assert.Equal(t, time.UTC, both.Location())
	assert.Equal(t, "both", both.Name())
	common, rest := must(calendar.Intersection(brussels, manila)), must(calendar.Minus(brussels, manila))
	for k := range 2000 { // what holds for sets holds for every instant
		t0 := from.Add(time.Duration(k) * 7 * time.Hour / 3)
		b, m := brussels.Contains(t0), manila.Contains(t0)
		require.Equal(t, b || m, both.Contains(t0))
		require.Equal(t, b && m, common.Contains(t0))
		require.Equal(t, b && !m, rest.Contains(t0))
	}

	why := must(must(calendar.Minus(both, patch)).Explain(from, to))
	checkExplanation(t, why, from, to)
	var reasons []string
	for _, l := range why.Lines {
		reasons = append(reasons, string(l.Reason)+" "+l.Name)
	}
	assert.Equal(t, []string{"open Manila", "open Brussels", "excluded patch night", "closed ", "open Manila", "holiday Armistice Day",
		"closed ", "open Manila"}, reasons)
}

func TestExplainNamesWhatTookTime(t *testing.T) {
	c := calendarOf(t, calendar.Spec{Name: "desk", Zone: "UTC", Weekly: calendar.Weekdays("09:00-17:00"), From: "2026-12-23",
		Holidays: []calendar.Holiday{{Name: "Eve", On: "12-24", Closed: "12:00-24:00"}, {Name: "Christmas", On: "12-25"}, {Name: "Boxing Day", On: "12-26"}},
		Breaks:   []calendar.Break{{Name: "drill", On: "2026-12-24", Hours: "11:00-13:00"}}})
	why := must(c.Explain(at("2026-12-22T10:00:00Z"), at("2026-12-28T10:00:00Z"),
		calendar.Pause{From: at("2026-12-23T16:00:00Z"), To: at("2026-12-24T10:00:00Z"), Name: "waiting for the caller"}))
	assert.Equal(t, strings.TrimLeft(`
Tue 2026-12-22 10:00:00  to  Wed 2026-12-23 00:00:00  not in force
Wed 2026-12-23 00:00:00  to  Wed 2026-12-23 09:00:00  closed
Wed 2026-12-23 09:00:00  to  Wed 2026-12-23 16:00:00  open 7h0m0s (desk)
Wed 2026-12-23 16:00:00  to  Wed 2026-12-23 17:00:00  paused (waiting for the caller)
Wed 2026-12-23 17:00:00  to  Thu 2026-12-24 09:00:00  closed
Thu 2026-12-24 09:00:00  to  Thu 2026-12-24 10:00:00  paused (waiting for the caller)
Thu 2026-12-24 10:00:00  to  Thu 2026-12-24 11:00:00  open 1h0m0s (desk)
Thu 2026-12-24 11:00:00  to  Thu 2026-12-24 12:00:00  break (drill)
Thu 2026-12-24 12:00:00  to  Thu 2026-12-24 17:00:00  holiday (Eve)
Thu 2026-12-24 17:00:00  to  Fri 2026-12-25 09:00:00  closed
Fri 2026-12-25 09:00:00  to  Fri 2026-12-25 17:00:00  holiday (Christmas)
Fri 2026-12-25 17:00:00  to  Mon 2026-12-28 09:00:00  closed
Mon 2026-12-28 09:00:00  to  Mon 2026-12-28 10:00:00  open 1h0m0s (desk)
working time: 9h0m0s
`, "\n"), why.String())

	none := must(c.Explain(at("2026-12-28T10:00:00Z"), at("2026-12-22T10:00:00Z")))
	assert.Empty(t, none.Lines)
	assert.Zero(t, none.Working)
}

func TestFingerprint(t *testing.T) {
	a, b := calendarOf(t, brussels), calendarOf(t, brussels)
	assert.Equal(t, a.Fingerprint(), b.Fingerprint())
	other := brussels
	other.Weekly.Fri = "07:30-17:00"
	assert.NotEqual(t, a.Fingerprint(), calendarOf(t, other).Fingerprint())
	other = brussels
	other.Zone = "Europe/Paris"
	assert.NotEqual(t, a.Fingerprint(), calendarOf(t, other).Fingerprint())
}

func TestSpecIsTheCalendarsOwn(t *testing.T) {
	s := calendar.Spec{Zone: "UTC", Weekly: calendar.Daily("09:00-17:00"), Holidays: []calendar.Holiday{{Name: "x", On: "12-25"}}}
	c := calendarOf(t, calendar.Spec{Union: []calendar.Spec{s}})
	fingerprint := c.Fingerprint()
	s.Holidays[0].On = "12-26"
	c.Spec().Union[0].Holidays[0].On = "12-27"
	assert.Equal(t, calendar.Days("12-25"), c.Spec().Union[0].Holidays[0].On)
	assert.Equal(t, fingerprint, c.Fingerprint())
}

func TestJSON(t *testing.T) {
	const text = `{"name":"desk","zone":"Europe/Brussels","weekly":{"mon":"07:30-18:00","fri":"07:30-12:00"},` +
		`"seasons":[{"name":"summer","from":"2026-07-01","through":"2026-08-31","weekly":{"mon":"07:00-13:00"}}],` +
		`"overrides":[{"on":"2026-11-21","hours":"10:00-12:00"}],` +
		`"holidays":[{"name":"Christmas","on":"12-25","observed":"monday","from":"2020-01-01"},{"name":"Eve","on":"12-24","closed":"12:00-24:00"}],` +
		`"breaks":[{"name":"move","on":"2026-06-01","hours":"12:00-13:00"}],"from":"2020-01-01","through":"2030-12-31"}`
	c, err := calendar.Parse([]byte(text))
	require.NoError(t, err)
	again, err := json.Marshal(c)
	require.NoError(t, err)
	assert.JSONEq(t, text, string(again))

	var config struct{ Calendars map[string]*calendar.Calendar }
	require.NoError(t, json.Unmarshal([]byte(`{"calendars":{"desk":`+text+`,"less":{"minus":[`+text+`,`+text[:len(text)-1]+`,"zone":"UTC"}]}}}`), &config))
	assert.Equal(t, c.Fingerprint(), config.Calendars["desk"].Fingerprint())
	assert.False(t, config.Calendars["less"].Contains(at("2026-11-23T09:00:00Z")))
	assert.True(t, config.Calendars["less"].Contains(at("2026-11-23T07:00:00Z")))

	for _, bad := range []string{``, `[]`, `{"zone":"UTC","weekly":{"mon":"09:00-17:00"},"holydays":[]}`,
		`{"zone":"UTC","weekly":{"mon":"09:00-17:00"}} {}`, `{"zone":"UTC","weekly":{"mon":9}}`, `null`, `{}`} {
		_, err := calendar.Parse([]byte(bad))
		assert.Error(t, err, bad)
	}
	before := c.Fingerprint()
	assert.Error(t, json.Unmarshal([]byte(`{"zone":"UTC"}`), c))
	assert.Equal(t, before, c.Fingerprint(), "a refused calendar changes nothing")
}

// The page on business time says what there is: its specs are read, its days understood, and no field is missing.
func TestDocs(t *testing.T) {
	page := string(must(os.ReadFile("../docs/calendar.md")))
	specs := strings.Split(page, "```json\n")[1:]
	require.Len(t, specs, 2)
	for _, text := range specs {
		text, _, _ = strings.Cut(text, "```")
		c, err := calendar.Parse([]byte(text))
		require.NoError(t, err, text)
		for field := range reflect.TypeFor[calendar.Spec]().Fields() {
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			for _, said := range []string{"`" + field.Name + "`", "`" + name + "`", `"` + name + `":`} {
				assert.True(t, strings.Contains(page, said), said)
			}
		}
		assert.NotEmpty(t, slices.Collect(c.Windows(at("2026-11-01T00:00:00Z"), at("2026-12-01T00:00:00Z"))))
	}
	_, days, _ := strings.Cut(page, "| days | |\n|---|---|\n")
	days, _, _ = strings.Cut(days, "\n\n")
	var understood int
	for row := range strings.SplitSeq(days, "\n") {
		cell, _, _ := strings.Cut(strings.TrimPrefix(row, "|"), "|")
		for on := range strings.SplitSeq(cell, "`, `") {
			_, err := calendar.New(calendar.Spec{Zone: "UTC", Weekly: calendar.Daily("09:00-17:00"),
				Holidays: []calendar.Holiday{{On: calendar.Days(strings.Trim(on, " `"))}}})
			assert.NoError(t, err, on)
			understood++
		}
	}
	assert.Equal(t, 15, understood)
	exported := reflect.TypeFor[*calendar.Calendar]()
	for method := range exported.Methods() {
		if !strings.Contains("Name Location Spec MarshalJSON UnmarshalJSON", method.Name) {
			assert.True(t, strings.Contains(page, "`"+method.Name+"`"), method.Name)
		}
	}
}

// FuzzParse: whatever the JSON, Parse answers; what it accepts survives a round trip and answers too.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"zone":"Europe/Brussels","weekly":{"mon":"07:30-18:00"}}`))
	f.Add([]byte(`{"zone":"UTC","weekly":{"mon":"22:00-06:00"},"holidays":[{"name":"a","on":"easter-2","observed":"nearest"}]}`))
	f.Add([]byte(`{"union":[{"zone":"UTC","weekly":{"sun":"00:00-24:00"}},{"zone":"Asia/Manila","overrides":[{"on":"4th thu nov","hours":"08:00-32:00"}]}]}`))
	f.Add([]byte(`{"minus":[{"zone":"UTC","weekly":{"sat":"10:00:01-12:00"},"from":"2026-01-01"},{"zone":"UTC","overrides":[{"on":"sat>=06-20","hours":"00:00-24:00"}]}]}`))
	f.Add([]byte(`{"zone":"Asia/Gaza","weekly":{"fri":"20:00-04:00"},"overrides":[{"on":"2nd tue","hours":"23:00-25:00"},{"on":"every 14 days from 2026-01-02"}],"holidays":[{"name":"b","on":"sun","observed":"substitute"}]}`))
	f.Add([]byte(`{"zone":"Pacific/Apia","seasons":[{"from":"2011-12-29","through":"2011-12-31","weekly":{"fri":"00:00-24:00"}}],"breaks":[{"on":"12-24..01-02","hours":"1:00-2:00"}]}`))
	now := at("2026-11-23T10:00:00.000000001Z")
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := calendar.Parse(data)
		if err != nil {
			require.Nil(t, c)
			return
		}
		text, err := json.Marshal(c)
		require.NoError(t, err)
		again, err := calendar.Parse(text)
		require.NoError(t, err, "%s", text)
		require.Equal(t, c.Fingerprint(), again.Fingerprint())
		due, err := c.Add(now, 40*time.Hour)
		if errors.Is(err, calendar.ErrNoWorkingTime) {
			return
		}
		require.NoError(t, err)
		used, err := again.Between(now, due)
		require.NoError(t, err)
		require.Equal(t, 40*time.Hour, used)
		if to := now.AddDate(0, 1, 0); due.Before(to) {
			why, err := c.Explain(now, to)
			require.NoError(t, err)
			checkExplanation(t, why, now, to)
			require.NotEmpty(t, slices.Collect(c.WindowsBack(now, to)))
		}
	})
}
