package relational

import (
	"bytes"
	"math"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
)

// anyValue draws a value that a store may keep, often near another one.
func anyValue(t *rapid.T, name string) field.Value {
	texts := rapid.OneOf(rapid.SampledFrom([]string{"", "a", "ab", "b", "Z", "é", "\U0010ffff", "a\x01"}), rapid.String().Filter(func(s string) bool { return field.Text(s).Check() == nil }))
	ints := rapid.OneOf(rapid.SampledFrom([]int64{0, 1, -1, 1 << 53, 1<<53 + 1, math.MaxInt64, math.MinInt64}), rapid.Int64())
	numbers := rapid.OneOf(rapid.SampledFrom([]float64{0, 0.5, -0.5, 1, -1, 1 << 53, -1 << 63, 1 << 63, math.MaxFloat64, -math.MaxFloat64, math.SmallestNonzeroFloat64, -1e-300}),
		rapid.Float64Range(-math.MaxFloat64, math.MaxFloat64))
	switch rapid.IntRange(0, 7).Draw(t, name) {
	case 0:
		return field.Value{}
	case 1:
		return field.Text(texts.Draw(t, "text"))
	case 2:
		return field.Int(ints.Draw(t, "int"))
	case 3:
		return field.Number(numbers.Draw(t, "number"))
	case 4:
		return field.Bool(rapid.Bool().Draw(t, "bool"))
	case 5:
		return field.Instant(time.Unix(0, rapid.Int64Range(math.MinInt64+1, math.MaxInt64-1).Draw(t, "instant")))
	case 6:
		return field.Span(time.Duration(ints.Draw(t, "span")))
	}
	return field.List(rapid.SliceOfN(texts, 0, 3).Draw(t, "list")...)
}

// What a database compares byte by byte is in the order that the contract names.
func TestKeysAreOrderedAsValues(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := anyValue(t, "a"), anyValue(t, "b")
		want := field.Compare(a, b)
		if a.IsZero() || b.IsZero() { // all that is empty is one
			want = map[bool]int{true: 1}[!a.IsZero()] - map[bool]int{true: 1}[!b.IsZero()]
		}
		require.Equal(t, want, bytes.Compare(AppendKey(nil, a), AppendKey(nil, b)), "%v (%s) and %v (%s)", a, a.Kind(), b, b.Kind())
	})
}

func TestKeysComeBackAsValues(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := anyValue(t, "value")
		if v.Kind() == field.KindList || v.IsZero() {
			return
		}
		require.True(t, v.Equal(keyValue(AppendKey(nil, v), v.Kind())), "%v", v)
	})
}

func TestEndOfPrefix(t *testing.T) {
	for prefix, want := range map[string]string{"a": "b", "az": "a{", "a\U0010ffff": "b", "\U0010ffff": "", "\ud7ff": "\ue000", "é": "ê"} {
		require.Equal(t, want, after(prefix), "%q", prefix)
	}
	require.Equal(t, []byte{1, 3}, afterBytes([]byte{1, 2, 0xff}))
}

func TestLongNamesStayApart(t *testing.T) {
	long := strings.Repeat("ä", 60)
	require.LessOrEqual(t, len(shorten(long)), maxName)
	require.NotEqual(t, shorten(long), shorten(long+"x"))
	require.Equal(t, "state", shorten("state"))
	require.Equal(t, `"a""b"`, Quote(`a"b`))
}

func TestMigrations(t *testing.T) {
	steps, err := Migrations(fstest.MapFS{"0001_begin.sql": {Data: []byte("A")}, "0002_more.sql": {Data: []byte("B")}})
	require.NoError(t, err)
	first, second := Applied{1, steps[0].Checksum()}, Applied{2, steps[1].Checksum()}

	pending, err := Pending(steps, []Applied{first})
	require.NoError(t, err)
	require.Equal(t, steps[1:], pending)
	require.NoError(t, Current(steps, []Applied{first, second}))

	require.ErrorContains(t, Current(steps, []Applied{first}), "call Migrate")
	for name, applied := range map[string][]Applied{
		"newer":         {first, second, {3, "x"}},
		"edited":        {{1, "x"}},
		"a step is out": {second},
	} {
		_, err := Pending(steps, applied)
		require.ErrorIs(t, err, itsm.ErrSchema, name)
	}
	_, err = Migrations(fstest.MapFS{"0002_more.sql": {Data: []byte("B")}})
	require.Error(t, err)
}

// A value of another kind than a header column's is refused before anything is written.
func TestAHeaderColumnHoldsItsKind(t *testing.T) {
	col := columnOf(nil, itsm.ColumnSpec{Name: "state", Kind: field.KindText, Indexed: true})
	_, err := col.encode(field.Int(5))
	require.ErrorIs(t, err, itsm.ErrInvalid)
	custom := columnOf(nil, itsm.ColumnSpec{Name: "custom.state", Kind: field.KindText, Indexed: true})
	_, err = custom.encode(field.Int(5))
	require.NoError(t, err, "a custom field may still hold what an earlier schema allowed")
}
