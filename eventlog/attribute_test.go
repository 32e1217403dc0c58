package eventlog_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/itsmkit/itsmkit/eventlog"
)

func TestAttributesAnswerForTheirKindOnly(t *testing.T) {
	at := time.Date(2024, 3, 4, 9, 12, 33, 0, time.FixedZone("", 3600))
	for _, test := range []struct {
		attribute                  eventlog.Attribute
		kind, text                 string
		date, whole, number, truth bool
	}{
		{eventlog.Attribute{}, "string", "", false, false, false, false},
		{eventlog.String("k", "v"), "string", "v", false, false, false, false},
		{eventlog.ID("k", "v"), "id", "v", false, false, false, false},
		{eventlog.Date("k", at), "date", "2024-03-04T09:12:33+01:00", true, false, false, false},
		{eventlog.Int("k", -3), "int", "-3", false, true, true, false},
		{eventlog.Float("k", 0.25), "float", "0.25", false, false, true, false},
		{eventlog.Boolean("k", true), "boolean", "true", false, false, false, true},
		{eventlog.Boolean("k", false), "boolean", "false", false, false, false, true},
		{eventlog.List("k", eventlog.Int("n", 1)), "list", "", false, false, false, false},
		{eventlog.Container("k"), "container", "", false, false, false, false},
	} {
		a := test.attribute
		assert.Equal(t, test.kind, a.Kind().String())
		assert.Equal(t, test.text, a.Text())
		_, date := a.Time()
		_, whole := a.Int()
		_, number := a.Float()
		value, truth := a.Boolean()
		assert.Equal(t, []bool{test.date, test.whole, test.number, test.truth}, []bool{date, whole, number, truth}, test.kind)
		assert.Equal(t, test.text == "true", value)
	}
	assert.Equal(t, "kind 99", eventlog.Kind(99).String())
}

func TestAttributesAreFoundByTheirFirstKey(t *testing.T) {
	as := eventlog.Attributes{eventlog.String("a", "1"), eventlog.Int("b", 2), eventlog.String("a", "3")}
	assert.Equal(t, "1", as.Text("a"))
	assert.Equal(t, "2", as.Text("b"))
	assert.Empty(t, as.Text("c"))
	_, ok := as.Time("b")
	assert.False(t, ok)
}

// named is a reader that knows its name, as a file does.
type named struct{ *strings.Reader }

func (named) Name() string { return "april.xes" }

func TestErrorsNameTheFileAndShortenWhatTheyQuote(t *testing.T) {
	long := strings.Repeat("\u00e9", 1000)
	_, err := eventlog.ReadXES(named{strings.NewReader("<log><int key='n' value='" + long + "'/></log>")}, eventlog.XES{})
	f := requireError(t, err)
	assert.Equal(t, "april.xes", f.Source)
	assert.Equal(t, strings.Repeat("\u00e9", 40)+"\u2026", f.Value)
	assert.Less(t, len(f.Error()), 200)
	assert.Contains(t, f.Error(), `april.xes:1: attribute "n": "`)
}

func TestXESDates(t *testing.T) {
	vienna, err := time.LoadLocation("Europe/Vienna")
	require.NoError(t, err)
	utc := func(y, mo, d, h, mi, s, ns int) time.Time {
		return time.Date(y, time.Month(mo), d, h, mi, s, ns, time.UTC)
	}
	for _, test := range []struct {
		text string
		zone *time.Location
		want time.Time
	}{
		{"2024-03-04T09:12:33Z", nil, utc(2024, 3, 4, 9, 12, 33, 0)},
		{"2024-03-04T09:12:33.5Z", nil, utc(2024, 3, 4, 9, 12, 33, 5e8)},
		{"2024-03-04T09:12:33.001+01:00", nil, utc(2024, 3, 4, 8, 12, 33, 1e6)},
		{"2024-03-04T09:12:33.123456789-05:30", nil, utc(2024, 3, 4, 14, 42, 33, 123456789)},
		{"2024-03-04T09:12:33.1234567899Z", nil, utc(2024, 3, 4, 9, 12, 33, 123456789)},
		{" 2024-03-04T09:12:33+14:00\n", nil, utc(2024, 3, 3, 19, 12, 33, 0)},
		{"2024-02-29T24:00:00Z", nil, utc(2024, 3, 1, 0, 0, 0, 0)},
		{"0001-01-01T00:00:00Z", nil, utc(1, 1, 1, 0, 0, 0, 0)},
		{"-0044-03-15T12:00:00Z", nil, utc(-44, 3, 15, 12, 0, 0, 0)},
		{"12024-03-04T09:12:33Z", nil, utc(12024, 3, 4, 9, 12, 33, 0)},
		{"2024-03-04T09:12:33Z", vienna, utc(2024, 3, 4, 9, 12, 33, 0)},
		{"2024-03-04T09:12:33", time.UTC, utc(2024, 3, 4, 9, 12, 33, 0)},
		{"2024-03-04T09:12:33", vienna, utc(2024, 3, 4, 8, 12, 33, 0)},
		{"2024-07-04T09:12:33.25", vienna, utc(2024, 7, 4, 7, 12, 33, 25e7)},
		{"2024-03-31T01:59:59", vienna, utc(2024, 3, 31, 0, 59, 59, 0)},
		{"2024-03-31T03:00:00", vienna, utc(2024, 3, 31, 1, 0, 0, 0)},
		{"2024-10-27T02:30:00", vienna, utc(2024, 10, 27, 0, 30, 0, 0)}, // occurs twice: the first
		{"2024-10-27T03:00:00", vienna, utc(2024, 10, 27, 2, 0, 0, 0)},
	} {
		_, traces, err := readXES(oneEvent(`<date key="time:timestamp" value="`+test.text+`"/>`), eventlog.XES{Zone: test.zone})
		require.NoError(t, err, test.text)
		got, ok := traces[0].Events[0].Time(eventlog.TimeTimestamp)
		require.True(t, ok)
		assert.True(t, test.want.Equal(got), "%s is %s", test.text, got)
	}
}

func TestXESRefusesDates(t *testing.T) {
	vienna, err := time.LoadLocation("Europe/Vienna")
	require.NoError(t, err)
	for _, test := range []struct {
		text    string
		zone    *time.Location
		code    eventlog.Code
		message string
	}{
		{"2024-03-04T09:12:33", nil, eventlog.CodeNoZone, "configure the zone"},
		{"2024-03-31T02:30:00", vienna, eventlog.CodeTime, "never was in Europe/Vienna"},
		{"", nil, eventlog.CodeTime, "not a time"},
		{"2024-03-04", nil, eventlog.CodeTime, "not a time"},
		{"2024-03-04 09:12:33Z", nil, eventlog.CodeTime, "not a time"},
		{"2024-3-4T09:12:33Z", nil, eventlog.CodeTime, "not a time"},
		{"2024-02-30T09:12:33Z", nil, eventlog.CodeTime, "not a time"},
		{"2023-02-29T09:12:33Z", nil, eventlog.CodeTime, "not a time"},
		{"2024-13-01T09:12:33Z", nil, eventlog.CodeTime, "not a time"},
		{"2024-00-01T09:12:33Z", nil, eventlog.CodeTime, "not a time"},
		{"2024-03-04T25:00:00Z", nil, eventlog.CodeTime, "not a time"},
		{"2024-03-04T24:00:01Z", nil, eventlog.CodeTime, "not a time"},
		{"2024-03-04T09:60:00Z", nil, eventlog.CodeTime, "not a time"},
		{"2024-03-04T09:12:60Z", nil, eventlog.CodeTime, "not a time"},
		{"2024-03-04T09:12Z", nil, eventlog.CodeTime, "not a time"},
		{"2024-03-04T09:12:33.Z", nil, eventlog.CodeTime, "not a time"},
		{"2024-03-04T09:12:33+0100", nil, eventlog.CodeTime, "not a time"},
		{"2024-03-04T09:12:33+14:01", nil, eventlog.CodeTime, "not a time"},
		{"2024-03-04T09:12:33+01:00x", nil, eventlog.CodeTime, "not a time"},
		{"2024-03-04T09:12:33CET", nil, eventlog.CodeTime, "not a time"},
		{"024-03-04T09:12:33Z", nil, eventlog.CodeTime, "not a time"},
		{"02024-03-04T09:12:33Z", nil, eventlog.CodeTime, "not a time"},
		{"1714550400", nil, eventlog.CodeTime, "not a time"},
	} {
		_, _, err := readXES(oneEvent(`<date key="time:timestamp" value="`+test.text+`"/>`), eventlog.XES{Zone: test.zone})
		f := requireError(t, err)
		assert.Equal(t, test.code, f.Code, test.text)
		assert.Contains(t, f.Message, test.message)
		assert.Contains(t, f.Message, `"time:timestamp"`)
		assert.Equal(t, []any{eventlog.TimeTimestamp, test.text, 1, 1}, []any{f.Key, f.Value, f.Trace, f.Event})
	}
}

func TestEveryInstantReadsBack(t *testing.T) {
	vienna, err := time.LoadLocation("Europe/Vienna")
	require.NoError(t, err)
	read := func(t *rapid.T, text string) time.Time {
		_, traces, err := readXES(oneEvent(`<date key="time:timestamp" value="`+text+`"/>`), eventlog.XES{Zone: vienna})
		require.NoError(t, err)
		at, ok := traces[0].Events[0].Time(eventlog.TimeTimestamp)
		require.True(t, ok)
		return at
	}
	rapid.Check(t, func(t *rapid.T) {
		minutes := rapid.IntRange(-14*60, 14*60).Draw(t, "offset")
		at := time.Unix(rapid.Int64Range(-60_000_000_000, 250_000_000_000).Draw(t, "seconds"), rapid.Int64Range(0, 999_999_999).Draw(t, "nanoseconds")).
			In(time.FixedZone("", minutes*60))
		text := eventlog.Date("at", at).Text()
		back := read(t, text)
		require.True(t, at.Equal(back), "%s reads as %s", text, back)
		require.Equal(t, text, eventlog.Date("at", back).Text(), "the offset is kept")
	})
	// Near the changes of the clocks, where wall times occur twice.
	rapid.Check(t, func(t *rapid.T) {
		at := time.Date(2024, 10, 27, 0, 0, 0, 0, time.UTC).Add(time.Duration(rapid.IntRange(-7200, 14400).Draw(t, "seconds")) * time.Second).In(vienna)
		wall := at.Format("2006-01-02T15:04:05")
		back := read(t, wall)
		require.Equal(t, wall, back.Format("2006-01-02T15:04:05"))
		require.False(t, back.After(at), "the first of two")
	})
}
