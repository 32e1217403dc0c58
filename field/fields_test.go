package field_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/itsmkit/itsmkit/field"
)

func drawFields(t *rapid.T) field.Fields {
	var f field.Fields
	for _, name := range rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c", "d"}), 0, 5).Draw(t, "names") {
		f.Set(name, drawValue(t))
	}
	return f
}

// Fields behave as a map, whatever is set in whatever order.
func TestFieldsAreAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var f field.Fields
		model := map[string]field.Value{}
		for _, name := range rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c", "d"}), 0, 9).Draw(t, "names") {
			v := drawValue(t)
			f.Set(name, v)
			if model[name] = v; v.IsZero() {
				delete(model, name)
			}
		}
		require.NoError(t, f.Check())
		require.Len(t, f, len(model))
		for _, name := range []string{"a", "b", "c", "d"} {
			require.True(t, f.Get(name).Equal(model[name]))
			_, ok := model[name]
			require.Equal(t, ok, f.Has(name))
		}
		require.True(t, f.Equal(field.FromMap(model)))

		var back field.Fields
		text, err := json.Marshal(f)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(text, &back))
		require.True(t, f.Equal(back), "%s", text)
	})
}

func TestCloneSharesNothing(t *testing.T) {
	f := field.FromMap(map[string]field.Value{"a": field.Int(1)})
	c := f.Clone()
	c.Set("a", field.Int(2))
	c.Set("b", field.Int(3))
	assert.Equal(t, int64(1), f.Get("a").Int())
	assert.False(t, f.Has("b"))
	assert.False(t, f.Equal(c))
	assert.True(t, field.Fields{}.Equal(nil))
}

func TestFieldsJSON(t *testing.T) {
	var f field.Fields
	require.NoError(t, json.Unmarshal([]byte(`{"site": "Bonn", "asked": true, "gone": null, "none": ""}`), &f))
	text, err := json.Marshal(f)
	require.NoError(t, err)
	assert.Equal(t, `{"asked":true,"site":"Bonn"}`, string(text), "sorted, and without what is empty")

	require.NoError(t, json.Unmarshal([]byte(`null`), &f))
	assert.Empty(t, f)
	f = field.FromMap(map[string]field.Value{"a": field.Int(1)})
	for _, text := range []string{`{"a":1,"a":2}`, `{"":1}`, `[]`, `{"a"}`, `{"a":}`, `{"a":1,}`, `{"a":1 "b":2}`, `{a:1}`} {
		assert.ErrorIs(t, f.UnmarshalJSON([]byte(text)), field.ErrSyntax, text)
		assert.Equal(t, int64(1), f.Get("a").Int(), "what cannot be read changes nothing")
	}
	assert.ErrorIs(t, f.UnmarshalJSON([]byte(`{} x`)), field.ErrSyntax)
}

func TestFieldsCheckNamesEveryFault(t *testing.T) {
	f := field.Fields{
		{Name: "b", Value: field.Int(1)}, {Name: "a", Value: field.Int(1)}, {Name: "a", Value: field.Text("\xff")},
		{Name: "c"}, {Name: "\xff", Value: field.Int(1)},
	}
	var faults field.Faults
	require.ErrorAs(t, f.Check(), &faults)
	assert.Equal(t, field.Faults{
		{Code: field.ErrOrder, Field: "a"}, {Code: field.ErrOrder, Field: "a"}, {Code: field.ErrText, Field: "a"},
		{Code: field.ErrOrder, Field: "c"}, {Code: field.ErrName, Field: "\xff"},
	}, faults)
	_, err := json.Marshal(f)
	assert.ErrorIs(t, err, field.ErrInvalid)
}

func TestChangesLeadFromOneToTheOther(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before, after := drawFields(t), drawFields(t)
		for _, e := range before {
			if rapid.Bool().Draw(t, "the same") {
				after.Set(e.Name, e.Value)
			}
		}
		folded := before.Clone()
		for _, c := range field.AppendChanges(nil, before, after) {
			require.False(t, c.Before.Equal(c.After))
			require.True(t, folded.Get(c.Name).Equal(c.Before))
			folded.Set(c.Name, c.After)
		}
		require.True(t, folded.Equal(after))
	})
}
