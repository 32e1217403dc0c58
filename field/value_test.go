package field_test

import (
	"cmp"
	"encoding/json"
	"math"
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/itsmkit/itsmkit/field"
)

// drawValue draws any value that a store may keep.
func drawValue(t *rapid.T) field.Value {
	text := rapid.StringOf(rapid.RuneFrom([]rune("aZ\"\\\n\t\u2028<ä€😀\x01\u007f")))
	switch rapid.IntRange(0, 7).Draw(t, "kind") {
	case 1:
		return field.Text(text.Draw(t, "text"))
	case 2:
		return field.Int(rapid.Int64().Draw(t, "int"))
	case 3:
		return field.Number(rapid.Float64().Draw(t, "number"))
	case 4:
		return field.Bool(rapid.Bool().Draw(t, "bool"))
	case 5:
		return field.Instant(time.Unix(0, rapid.Int64Range(math.MinInt64+1, math.MaxInt64-1).Draw(t, "instant")))
	case 6:
		return field.Span(time.Duration(rapid.Int64().Draw(t, "span")))
	case 7:
		return field.List(rapid.SliceOfN(text, 0, 3).Draw(t, "list")...)
	}
	return field.Value{}
}

func TestValuesHoldWhatTheyWereGiven(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 123456789, time.FixedZone("", 3600))
	assert.Equal(t, "x", field.Text("x").Text())
	assert.Equal(t, int64(-5), field.Int(-5).Int())
	assert.InDelta(t, 0.5, field.Number(0.5).Number(), 0)
	assert.True(t, field.Bool(true).Bool())
	assert.Equal(t, at.UTC(), field.Instant(at).Instant())
	assert.Equal(t, time.Hour, field.Span(time.Hour).Span())
	assert.Equal(t, []string{"a", "b"}, field.List("a", "b").List())

	list := field.List("a", "b")
	assert.Equal(t, 2, list.Len())
	assert.Equal(t, "b", list.At(1))
	assert.Empty(t, list.At(2))
	assert.Empty(t, list.At(-1))
}

func TestAnotherKindAnswersNothing(t *testing.T) {
	v := field.Text("5")
	assert.Zero(t, v.Int())
	assert.Zero(t, v.Number())
	assert.False(t, v.Bool())
	assert.True(t, v.Instant().IsZero())
	assert.Zero(t, v.Span())
	assert.Nil(t, v.List())
	assert.Empty(t, field.Int(5).Text())
	assert.InDelta(t, 5, field.Int(5).Number(), 0, "a whole number is a number too")
}

func TestListsAreCopied(t *testing.T) {
	items := []string{"a"}
	v := field.List(items...)
	items[0] = "b"
	v.List()[0] = "c"
	assert.Equal(t, "a", v.At(0))
}

func TestEmpty(t *testing.T) {
	for _, v := range []field.Value{{}, field.Text(""), field.List(), field.Instant(time.Time{})} {
		assert.True(t, v.IsZero(), "%v %v", v.Kind(), v)
	}
	for _, v := range []field.Value{field.Int(0), field.Number(0), field.Bool(false), field.Span(0), field.Instant(time.Unix(0, 0)), field.List("")} {
		assert.False(t, v.IsZero(), "%v %v", v.Kind(), v)
	}
}

func TestStringIsForPeople(t *testing.T) {
	for want, v := range map[string]field.Value{
		"": {}, "x\n": field.Text("x\n"), "-7": field.Int(-7), "2.5": field.Number(2.5), "1000000": field.Number(1e6), "true": field.Bool(true),
		"2026-01-02T03:04:05Z": field.Instant(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)),
		"1h30m0s":              field.Span(90 * time.Minute), "a, b": field.List("a", "b"),
	} {
		assert.Equal(t, want, v.String())
	}
}

func TestCompare(t *testing.T) {
	ascending := []field.Value{
		{},
		field.Text(""), field.Text("B"), field.Text("a"), field.Text("ä"),
		field.Number(math.NaN()), field.Number(math.Inf(-1)), field.Int(math.MinInt64), field.Number(-1.5), field.Int(-1),
		field.Number(-0.5), field.Int(0), field.Number(0.5), field.Int(1), field.Int(1 << 53), field.Int(1<<53 + 1),
		field.Int(math.MaxInt64), field.Number(1 << 63), field.Number(math.Inf(1)),
		field.Bool(false), field.Bool(true),
		field.Instant(time.Unix(-1, 0)), field.Instant(time.Unix(0, 0)), field.Instant(time.Unix(0, 1)),
		field.Span(-1), field.Span(1),
		field.List(), field.List("a"), field.List("a", "b"), field.List("b"),
	}
	for i, a := range ascending {
		for j, b := range ascending {
			assert.Equal(t, cmp.Compare(i, j), field.Compare(a, b), "%v %v and %v %v", a.Kind(), a, b.Kind(), b)
			assert.Equal(t, i == j, a.Equal(b), "%v %v and %v %v", a.Kind(), a, b.Kind(), b)
		}
	}
}

func TestWholeAndOtherNumbersCompareByAmount(t *testing.T) {
	assert.Zero(t, field.Compare(field.Int(5), field.Number(5)))
	assert.Zero(t, field.Compare(field.Int(math.MinInt64), field.Number(math.MinInt64)))
	assert.False(t, field.Int(5).Equal(field.Number(5)), "and are not the same value")
	assert.True(t, field.Number(0).Equal(field.Number(math.Copysign(0, -1))))

	number := rapid.OneOf(rapid.Float64Range(-1e19, 1e19), rapid.Map(rapid.Int64(), func(n int64) float64 { return float64(n) }))
	rapid.Check(t, func(t *rapid.T) {
		n, f := rapid.Int64().Draw(t, "n"), number.Draw(t, "f")
		if rapid.Bool().Draw(t, "close") {
			n = int64(max(min(f, 1<<62), -1<<62)) + rapid.Int64Range(-1, 1).Draw(t, "by")
		}
		want := new(big.Float).SetInt64(n).Cmp(big.NewFloat(f))
		require.Equal(t, want, field.Compare(field.Int(n), field.Number(f)))
		require.Equal(t, -want, field.Compare(field.Number(f), field.Int(n)))
	})
}

func TestCompareIsAnOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := drawValue(t), drawValue(t), drawValue(t)
		require.Equal(t, field.Compare(a, b), -field.Compare(b, a))
		if field.Compare(a, b) <= 0 && field.Compare(b, c) <= 0 {
			require.LessOrEqual(t, field.Compare(a, c), 0)
		}
		if a.Equal(b) {
			require.Zero(t, field.Compare(a, b))
		}
	})
}

func TestCheckRefusesWhatNoStoreKeeps(t *testing.T) {
	for want, values := range map[error][]field.Value{
		field.ErrText:    {field.Text("\xff"), field.Text("a\x00"), field.List("a", "\xff")},
		field.ErrNumber:  {field.Number(math.NaN()), field.Number(math.Inf(-1))},
		field.ErrInstant: {field.Instant(time.Date(3000, 1, 1, 0, 0, 0, 0, time.UTC)), field.Instant(time.Date(1500, 1, 1, 0, 0, 0, 0, time.UTC))},
	} {
		for _, v := range values {
			require.ErrorIs(t, v.Check(), want, "%v", v)
			_, err := json.Marshal(v)
			require.ErrorIs(t, err, want)
			assert.True(t, json.Valid(v.AppendJSON(nil)), "%s", v.AppendJSON(nil))
		}
	}
	require.NoError(t, field.Instant(field.MinInstant()).Check())
	require.NoError(t, field.Instant(field.MaxInstant()).Check())
	rapid.Check(t, func(t *rapid.T) { require.NoError(t, drawValue(t).Check()) })
}

func TestKindNames(t *testing.T) {
	for k := field.KindNone; k <= field.KindList; k++ {
		text, err := k.MarshalText()
		require.NoError(t, err)
		var back field.Kind
		require.NoError(t, back.UnmarshalText(text))
		assert.Equal(t, k, back)
	}
	k := field.KindBool
	require.ErrorContains(t, k.UnmarshalText([]byte("date")), `"date"`)
	assert.Equal(t, field.KindBool, k)
	_, err := field.Kind(99).MarshalText()
	assert.ErrorContains(t, err, "kind 99")
}
