package holidays_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rickar/cal/v2"
	"github.com/rickar/cal/v2/be"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/itsmkit/itsmkit/calendar"
	"github.com/itsmkit/itsmkit/calendar/holidays"
)

func in(t *testing.T, place string, year int, options ...holidays.Option) []string {
	t.Helper()
	found, err := holidays.In(place, year, year, options...)
	require.NoError(t, err)
	var lines []string
	for _, h := range found {
		lines = append(lines, strings.TrimSpace(string(h.On)[5:]+" "+h.Name+" "+string(h.Closed)))
	}
	return lines
}

func TestBelgium(t *testing.T) {
	assert.Equal(t, []string{
		"01-01 New Year's Day",
		"04-06 Easter Monday",
		"05-01 Labour Day",
		"05-14 Ascension Day",
		"05-25 Whit Monday",
		"07-21 National Day",
		"08-15 Assumption Day",
		"11-01 All Saints' Day",
		"11-11 Armistice Day",
		"12-25 Christmas Day",
	}, in(t, "BE", 2026))
}

// Dates that anybody can look up: moving feasts, regions, days that came and went.
func TestWellKnownDates(t *testing.T) {
	for _, test := range []struct {
		place string
		year  int
		has   string
		hasNo string
	}{
		{"BE", 2024, "05-09 Ascension Day", ""},
		{"BE", 2008, "05-01 Ascension Day", ""}, // on Labour Day
		{"FR", 2025, "07-14 Bastille Day", "04-18 Good Friday"},
		{"NL", 2025, "04-26 King's Day (observed)", ""},
		{"DE", 2026, "10-03 German Unity Day", "01-06 Epiphany"},
		{"DE-BY", 2026, "01-06 Epiphany", "10-31 Reformation Day"},
		{"DE-BY", 2026, "06-04 Corpus Christi", ""},
		{"DE-BY", 2017, "10-31 Reformation Day", ""}, // once, for 500 years
		{"DE-SN", 2026, "11-18 Day of Repentance and Prayer", "11-01 All Saints' Day"},
		{"DE-SN", 2026, "10-31 Reformation Day", ""},
		{"DE-HH", 2018, "10-31 Reformation Day", ""},
		{"DE-HH", 2016, "", "10-31 Reformation Day"},
		{"DE-BE", 2019, "03-08 Women's Day", ""},
		{"DE-BE", 2018, "", "03-08 Women's Day"},
		{"DE-BE", 2020, "05-08 Liberation Day", ""},
		{"DE-TH", 2026, "09-20 World Children's Day", ""},
		{"DE-TH", 2018, "", "09-20 World Children's Day"},
		{"CH-TI", 2026, "06-04 Corpus Christi", ""},
		{"CH-ZH", 2026, "08-01 National Day", "06-04 Corpus Christi"},
		{"AU-VIC", 2026, "11-03 Melbourne Cup", ""},
		{"AU-NSW", 2022, "06-13 Queen's Birthday", "06-13 King's Birthday"},
		{"AU-NSW", 2023, "06-12 King's Birthday", "06-12 Queen's Birthday"},
		{"AU-QLD", 2022, "09-22 National Day of Mourning for Her Majesty the Queen", ""},
		{"NZ", 2026, "07-10 Matariki", ""},
		{"US", 2020, "11-26 Thanksgiving Day", "06-19 Juneteenth"},
		{"US", 2021, "06-18 Juneteenth (observed)", ""},
		{"GB", 2020, "05-08 VE Day", "05-04 Early May Bank Holiday"},
		{"GB", 2012, "06-04 Spring Bank Holiday", "05-28 Spring Bank Holiday"},
		{"GB", 2022, "09-19 State Funeral of Queen Elizabeth II", "05-30 Spring Bank Holiday"},
		{"DK", 2023, "05-05 Great Prayer Day", ""},
		{"DK", 2024, "", "04-26 Great Prayer Day"},
		{"SE", 2026, "06-20 Midsummer Day", ""},
		{"GR", 2026, "04-13 Orthodox Easter Monday", "04-06 Easter Monday"},
		{"GR", 2026, "02-23 Green Monday", ""},
		{"RO", 2024, "05-05 Orthodox Easter Sunday", ""},
		{"BG", 2024, "05-01 Labour Day", "05-07 Labour Day"},
		{"PL", 2025, "12-24 Christmas Eve", ""},
		{"PL", 2024, "", "12-24 Christmas Eve"},
		{"BR", 2026, "02-17 Carnival Tuesday", ""},
		{"AR", 2024, "03-29 Good Friday", "03-28 Good Friday"},
		{"MX", 2024, "03-18 Benito Juárez's Birthday", ""},
		{"LU", 2026, "06-23 National Day", "07-23 National Day"},
		{"IE", 2026, "02-02 Saint Brigid's Day", ""},
		{"IE", 2022, "", "02-07 Saint Brigid's Day"},
		{"JP", 2026, "03-20 Vernal Equinox Day", ""},
		{"JP", 2025, "02-24 The Emperor's Birthday (observed)", ""},
		{"JP", 2018, "12-23 The Emperor's Birthday", ""},
		{"JP", 2019, "05-01 New Emperor Enthronement Day", "02-23 The Emperor's Birthday"},
		{"JP", 2021, "07-23 Sports Day", "10-11 Sports Day"},
		{"JP", 2026, "05-06 Constitution Memorial Day (observed)", ""},
		{"UA", 2016, "05-02 Second Day of Labour Day", ""},
		{"UA", 2018, "", "05-02 Second Day of Labour Day"},
	} {
		days := in(t, test.place, test.year)
		if test.has != "" {
			assert.Contains(t, days, test.has, "%s %d", test.place, test.year)
		}
		if test.hasNo != "" {
			assert.NotContains(t, days, test.hasNo, "%s %d", test.place, test.year)
		}
	}
}

func TestDaysOffForWeekends(t *testing.T) {
	for _, test := range []struct {
		name    string
		place   string
		year    int
		options []holidays.Option
		about   string // lines that say this
		want    []string
	}{
		{"both by default", "US", 2026, nil, "Independence", []string{"07-03 Independence Day (observed)", "07-04 Independence Day"}},
		{"the day off alone", "US", 2026, []holidays.Option{holidays.OnlyObserved()}, "Independence", []string{"07-03 Independence Day"}},
		{"the date alone", "US", 2026, []holidays.Option{holidays.OnlyActual()}, "Independence", []string{"07-04 Independence Day"}},
		{"of next year's holiday", "US", 2021, nil, "New Year", []string{"01-01 New Year's Day", "12-31 New Year's Day (observed)"}},
		{"in the year before", "US", 2022, nil, "New Year", []string{"01-01 New Year's Day"}},
		{"in the year before, alone", "US", 2022, []holidays.Option{holidays.OnlyObserved()}, "New Year", nil},
		{"two after each other", "GB", 2021, []holidays.Option{holidays.OnlyObserved()}, "12-2", []string{"12-27 Christmas Day", "12-28 Boxing Day"}},
		{"Sunday and Monday", "GB", 2022, nil, "12-2", []string{
			"12-25 Christmas Day", "12-26 Boxing Day", "12-26 Christmas Day (observed)", "12-27 Boxing Day (observed)",
		}},
		{"nothing moves", "BE", 2027, nil, "05-01", []string{"05-01 Labour Day"}}, // a Saturday
	} {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, line := range in(t, test.place, test.year, test.options...) {
				if strings.Contains(line, test.about) {
					got = append(got, line)
				}
			}
			assert.Equal(t, test.want, got)
		})
	}
}

func TestHalfDaysAndCustomaryOnes(t *testing.T) {
	assert.Contains(t, in(t, "IS", 2026), "12-24 Christmas Eve 13:00-24:00")
	assert.Contains(t, in(t, "IS", 2026), "12-31 New Year's Eve 13:00-24:00")
	assert.NotContains(t, in(t, "SE", 2026), "06-19 Midsummer's Eve")
	assert.Contains(t, in(t, "SE", 2026, holidays.WithCustomary()), "06-19 Midsummer's Eve")
}

func TestUnknownPlacesAndYears(t *testing.T) {
	for _, test := range []struct {
		place         string
		from, through int
		is            error
		says          string
	}{
		{"XX", 2026, 2026, holidays.ErrUnknown, "want one of AR, AT"},
		{"", 2026, 2026, holidays.ErrUnknown, "want one of"},
		{"US-CA", 2026, 2026, holidays.ErrUnknown, `the table of "US" as a whole`},
		{"DE-XX", 2026, 2026, holidays.ErrUnknown, "DE-BW, DE-BY"},
		{"AU", 2026, 2026, holidays.ErrUnknown, "AU-ACT, AU-NSW"},
		{"CH", 2026, 2026, holidays.ErrUnknown, "CH-ZH"},
		{"DE-", 2026, 2026, holidays.ErrUnknown, "DE-BW"},
		{"BE", 2027, 2026, holidays.ErrYears, "the earlier first"},
		{"BE", 1999, 2026, holidays.ErrYears, "from 2000 to 2099"},
		{"BE", 2026, 1 << 40, holidays.ErrYears, "from 2000 to 2099"},
		{"XX", 1, 2, holidays.ErrYears, "want one of"}, // both at once
	} {
		found, err := holidays.In(test.place, test.from, test.through)
		require.ErrorIs(t, err, test.is, test.place)
		assert.ErrorContains(t, err, test.says)
		assert.Nil(t, found)
	}
	_, err := holidays.In(" de-by ", 2026, 2026)
	assert.NoError(t, err, "codes have no case")
}

func TestCountriesAndRegions(t *testing.T) {
	countries := holidays.Countries()
	assert.True(t, slices.IsSorted(countries))
	assert.Subset(t, countries, []string{"BE", "DE", "FR", "GB", "JP", "NL", "US"})
	for country, want := range map[string]int{"DE": 16, "CH": 26, "AU": 8, "BE": 0} {
		regions, err := holidays.Regions(country)
		require.NoError(t, err)
		assert.Len(t, regions, want, country)
	}
	_, err := holidays.Regions("XX")
	assert.ErrorIs(t, err, holidays.ErrUnknown)
}

// places are all that there are tables for.
func places(t require.TestingT) (all []string) {
	for _, country := range holidays.Countries() {
		regions, err := holidays.Regions(country)
		require.NoError(t, err)
		all = append(all, regions...)
		if _, err := holidays.In(country, 2026, 2026); err == nil {
			all = append(all, country)
		}
	}
	return all
}

// Every place and year gives lines that a calendar takes, in order.
func TestEveryTableFitsACalendar(t *testing.T) {
	for _, place := range places(t) {
		all, err := holidays.In(place, holidays.FirstYear, holidays.LastYear, holidays.WithCustomary())
		require.NoError(t, err)
		assert.Greater(t, len(all), 100*6, place)
		assert.True(t, slices.IsSortedFunc(all, func(a, b calendar.Holiday) int { return strings.Compare(string(a.On), string(b.On)) }), place)
		for _, h := range all {
			assert.NotEmpty(t, h.Name, place)
			assert.GreaterOrEqual(t, string(h.On), "2000-01-01", place)
			assert.LessOrEqual(t, string(h.On), "2099-12-31", place)
		}
		_, err = calendar.New(calendar.Spec{Zone: "UTC", Weekly: calendar.Weekdays("09:00-17:00"), Holidays: all})
		require.NoError(t, err, place)
	}
}

// A span of years is the years one after the other.
func TestYearsAreIndependent(t *testing.T) {
	all := places(t)
	rapid.Check(t, func(t *rapid.T) {
		place := rapid.SampledFrom(all).Draw(t, "place")
		from := rapid.IntRange(holidays.FirstYear, holidays.LastYear).Draw(t, "from")
		through := rapid.IntRange(from, min(from+5, holidays.LastYear)).Draw(t, "through")
		whole, err := holidays.In(place, from, through)
		require.NoError(t, err)
		var parts []calendar.Holiday
		for y := from; y <= through; y++ {
			year, err := holidays.In(place, y, y)
			require.NoError(t, err)
			parts = append(parts, year...)
		}
		assert.Equal(t, parts, whole)
	})
}

// The tables compute in the machine's zone, at midnight, which that zone may skip: in 2016 on the Azores and in Beirut
// that of Easter Sunday, in Damascus that of Good Friday. West of Greenwich Go then answers with the day before.
func TestTheMachinesZoneDoesNotMatter(t *testing.T) {
	before := cal.DefaultLoc
	defer func() { cal.DefaultLoc = before }()
	cal.DefaultLoc = time.UTC
	gb, lv := in(t, "GB", 2016), in(t, "LV", 2016)
	require.Contains(t, gb, "03-25 Good Friday")
	require.Contains(t, lv, "03-27 Easter Sunday")
	for _, name := range []string{"Atlantic/Azores", "Asia/Damascus", "Asia/Beirut", "Pacific/Apia", "Pacific/Kiritimati"} {
		loc, err := time.LoadLocation(name)
		require.NoError(t, err)
		cal.DefaultLoc = loc
		assert.Equal(t, gb, in(t, "GB", 2016), name)
		assert.Equal(t, lv, in(t, "LV", 2016), name)
	}
}

// A table's function writes to the entry it is given; the race detector sees it if that is the shared one.
func TestManyAtOnce(t *testing.T) {
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			for year := 2020; year < 2030; year++ {
				found, err := holidays.In("JP", year, year)
				if err != nil || !slices.ContainsFunc(found, func(h calendar.Holiday) bool { return h.Name == "Vernal Equinox Day" }) {
					t.Errorf("%d: %v %v", year, found, err)
				}
			}
		})
	}
	wait.Wait()
}

// Ten years, beside the tables' own functions called for them.
func BenchmarkIn(b *testing.B) {
	b.Run("floor=tables", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			for year := 2026; year <= 2035; year++ {
				for _, h := range be.Holidays {
					h.Calc(year)
				}
			}
		}
	})
	b.Run("in", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := holidays.In("BE", 2026, 2035); err != nil {
				b.Fatal(err)
			}
		}
	})
}
