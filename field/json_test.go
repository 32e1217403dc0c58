package field_test

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/itsmkit/itsmkit/field"
)

func TestJSONOfEachKind(t *testing.T) {
	for want, v := range map[string]field.Value{
		`null`:                                   {},
		`"a\"\\\n\u0001ä<&"`:                     field.Text("a\"\\\n\x01ä<&"),
		`5`:                                      field.Int(5),
		`5.0`:                                    field.Number(5),
		`-0.25`:                                  field.Number(-0.25),
		`1e+21`:                                  field.Number(1e21),
		`1e-07`:                                  field.Number(1e-7),
		`100000000000000000000.0`:                field.Number(1e20),
		`0.0`:                                    field.Number(math.Copysign(0, -1)),
		`false`:                                  field.Bool(false),
		`{"t":"2026-01-02T03:04:05.123456789Z"}`: field.Instant(time.Date(2026, 1, 2, 3, 4, 5, 123456789, time.UTC)),
		`{"d":5400000000000}`:                    field.Span(90 * time.Minute),
		`["a","b"]`:                              field.List("a", "b"),
		`[]`:                                     field.List(),
		`-9223372036854775808`:                   field.Int(math.MinInt64),
	} {
		assert.Equal(t, want, string(v.AppendJSON(nil)))
		back, err := field.ParseJSON([]byte(want))
		require.NoError(t, err)
		assert.True(t, v.Equal(back), "%s came back as %v %v", want, back.Kind(), back)
	}
}

func TestJSONLosesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := drawValue(t)
		text := v.AppendJSON(nil)
		back, err := field.ParseJSON(text)
		require.NoError(t, err, "%s", text)
		require.True(t, v.Equal(back), "%s", text)

		text, err = json.MarshalIndent(map[string]field.Value{"v": v}, "", "\t") // other white space and escapes
		require.NoError(t, err)
		var m map[string]field.Value
		require.NoError(t, json.Unmarshal(text, &m))
		require.True(t, v.Equal(m["v"]), "%s", text)
	})
}

func TestParseAcceptsOtherSpellings(t *testing.T) {
	for text, want := range map[string]field.Value{
		" [ \"a\" ,\t\"b\" ]\n":                 field.List("a", "b"),
		`"\u00e4\ud83d\ude00\/"`:                field.Text("ä😀/"),
		`5e0`:                                   field.Number(5),
		`-0`:                                    field.Int(0),
		`{ "t" : "2026-01-02T04:04:05+01:00" }`: field.Instant(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)),
	} {
		got, err := field.ParseJSON([]byte(text))
		require.NoError(t, err, text)
		assert.True(t, want.Equal(got), "%s is %v %v", text, got.Kind(), got)
	}
}

func TestParseRefuses(t *testing.T) {
	for text, want := range map[string]error{
		``: field.ErrSyntax, `nul`: field.ErrSyntax, `nullx`: field.ErrSyntax, `"a`: field.ErrSyntax, "\"\n\"": field.ErrSyntax, `"\x"`: field.ErrSyntax,
		`"\u12`: field.ErrSyntax, `"\u+123"`: field.ErrSyntax, `01`: field.ErrSyntax, `1.`: field.ErrSyntax, `.5`: field.ErrSyntax, `+1`: field.ErrSyntax, `1e`: field.ErrSyntax, `-`: field.ErrSyntax,
		`[1]`: field.ErrSyntax, `["a",]`: field.ErrSyntax, `["a"`: field.ErrSyntax, `[null]`: field.ErrSyntax, `1 2`: field.ErrSyntax,
		`{}`: field.ErrSyntax, `{"x":1}`: field.ErrSyntax, `{"d":1.5}`: field.ErrSyntax, `{"d":1,"d":2}`: field.ErrSyntax, `{"d" 1}`: field.ErrSyntax,
		`{"t":5}`: field.ErrSyntax, `{"t":"yesterday"}`: field.ErrSyntax, `{"t":"2026-01-02T03:04:05.1234567891Z"}`: field.ErrSyntax,
		"\"\xff\"": field.ErrText, `"\u0000"`: field.ErrText, `"\ud800"`: field.ErrText, `"\ud800\u0041"`: field.ErrText, `"\ud800\n"`: field.ErrText,
		`9223372036854775808`: field.ErrNumber, `1e999`: field.ErrNumber, `{"d":9223372036854775808}`: field.ErrNumber,
		`{"t":"0001-01-01T00:00:00Z"}`: field.ErrInstant, `{"t":"2300-01-01T00:00:00Z"}`: field.ErrInstant,
	} {
		_, err := field.ParseJSON([]byte(text))
		assert.ErrorIs(t, err, want, "%q", text)
	}
	v := field.Int(7)
	require.Error(t, v.UnmarshalJSON([]byte(`{"x":1}`)))
	assert.Equal(t, int64(7), v.Int(), "what cannot be read changes nothing")
}

// FuzzParseJSON holds ParseJSON to three promises: it accepts nothing but JSON, what it accepts can be stored, and
// written again it comes back the same. Texts agree with encoding/json.
func FuzzParseJSON(f *testing.F) {
	for _, seed := range []string{
		`null`, `"a\u00e4\ud83d\ude00"`, `5`, `5.0`, `-1e-7`, `true`, `{"t":"2026-01-02T03:04:05.1Z"}`, `{"d":-1}`, `["a",""]`,
		`{"t":"0000-01-01T00:00:00Z"}`, `1e999`, `"\ud800"`, ` [ ] `,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := field.ParseJSON(data)
		if err != nil {
			return
		}
		require.True(t, json.Valid(data), "accepted %q", data)
		require.NoError(t, v.Check())
		again, err := field.ParseJSON(v.AppendJSON(nil))
		require.NoError(t, err)
		require.True(t, v.Equal(again))
		if v.Kind() == field.KindText {
			var want string
			require.NoError(t, json.Unmarshal(data, &want))
			require.Equal(t, want, v.Text())
		}
	})
}

func FuzzFieldsJSON(f *testing.F) {
	f.Add([]byte(`{"b":1,"a":{"d":5},"c":null}`))
	f.Add([]byte(`{"a":1,"a":2}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var fields field.Fields
		if fields.UnmarshalJSON(data) != nil {
			return
		}
		require.True(t, json.Valid(data), "accepted %q", data)
		require.NoError(t, fields.Check())
		var again field.Fields
		require.NoError(t, json.Unmarshal(fields.AppendJSON(nil), &again))
		require.True(t, fields.Equal(again))
	})
}

func TestAppendJSONDoesNotAllocate(t *testing.T) {
	dst := make([]byte, 0, 256)
	f := field.FromMap(map[string]field.Value{
		"a": field.Text("x\n"), "b": field.Number(0.5), "c": field.Instant(time.Unix(0, 1)), "d": field.List("a", "b"),
	})
	assert.Zero(t, testing.AllocsPerRun(100, func() { f.AppendJSON(dst) }))
}

func BenchmarkAppendJSON(b *testing.B) {
	dst, v := make([]byte, 0, 256), field.Text("Nobody reaches the gateway in Bonn.")
	b.ReportAllocs()
	for b.Loop() {
		v.AppendJSON(dst)
	}
}

func BenchmarkParseJSON(b *testing.B) {
	text := field.Text("Nobody reaches the gateway in Bonn.").AppendJSON(nil)
	b.ReportAllocs()
	for b.Loop() {
		_, _ = field.ParseJSON(text)
	}
}
