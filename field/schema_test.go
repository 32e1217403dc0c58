package field_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/field"
)

func schema(t testing.TB, declarations ...field.Declaration) *field.Compiled {
	c, err := field.Schema{Version: 1, Fields: declarations}.Compile()
	require.NoError(t, err)
	return c
}

func faultsOf(t testing.TB, err error) field.Faults {
	if err == nil {
		return nil
	}
	var faults field.Faults
	require.ErrorAs(t, err, &faults)
	require.ErrorIs(t, err, field.ErrInvalid)
	for _, f := range faults {
		require.ErrorIs(t, err, f.Code)
		require.NotEqual(t, string(f.Code), f.Code.Error(), "every code has a text")
	}
	return faults
}

func TestSchemaCheckNamesEveryFault(t *testing.T) {
	err := field.Schema{Version: -1, Fields: []field.Declaration{
		{Name: "Cost", Kind: field.KindText},
		{Name: strings.Repeat("a", 64), Kind: field.KindText},
		{Name: "", Kind: field.KindText},
		{Name: "twice", Kind: field.KindText, Title: "\xff"},
		{Name: "twice", Kind: field.KindText},
		{Name: "kindless"},
		{Name: "odd", Kind: 99},
		{Name: "bound", Kind: field.KindInt, Max: 5},
		{Name: "negative", Kind: field.KindText, Max: -1},
		{Name: "number", Kind: field.KindInt, Choices: []string{"1"}},
		{Name: "picky", Kind: field.KindText, Max: 3, Choices: []string{"", "a", "a", "long", "\xff"}},
	}}.Check()
	type row struct {
		code field.Code
		name string
	}
	var got []row
	for _, f := range faultsOf(t, err) {
		got = append(got, row{f.Code, f.Field})
	}
	assert.Equal(t, []row{
		{field.ErrVersion, ""}, {field.ErrName, "Cost"}, {field.ErrName, strings.Repeat("a", 64)}, {field.ErrName, ""},
		{field.ErrText, "twice"}, {field.ErrRepeated, "twice"}, {field.ErrNoKind, "kindless"}, {field.ErrNoKind, "odd"},
		{field.ErrMax, "bound"}, {field.ErrMax, "negative"}, {field.ErrChoices, "number"},
		{field.ErrChoices, "picky"}, {field.ErrChoices, "picky"}, {field.ErrChoices, "picky"}, {field.ErrText, "picky"},
	}, got)
	_, err = field.Schema{Version: -1}.Compile()
	assert.ErrorIs(t, err, field.ErrVersion)
	assert.NoError(t, field.Schema{}.Check(), "no fields is a schema")
}

func TestSchemaJSON(t *testing.T) {
	const text = `{"version":2,"fields":[{"name":"site","title":"Site","kind":"text","required":true,"choices":["Bonn"],"indexed":true,"max":9},` +
		`{"name":"born","kind":"instant","personal":true}]}`
	var s field.Schema
	require.NoError(t, json.Unmarshal([]byte(text), &s))
	assert.Equal(t, field.Schema{Version: 2, Fields: []field.Declaration{
		{Name: "site", Title: "Site", Kind: field.KindText, Required: true, Choices: []string{"Bonn"}, Indexed: true, Max: 9},
		{Name: "born", Kind: field.KindInstant, Personal: true},
	}}, s)
	back, err := json.Marshal(s)
	require.NoError(t, err)
	assert.JSONEq(t, text, string(back))

	before := s
	for _, bad := range []string{`{"versoin":3}`, `{"version":3,"fields":[{"nam":"x"}]}`, `{"fields":[{"kind":"date"}]}`, `[]`} {
		assert.Error(t, json.Unmarshal([]byte(bad), &s), bad)
		assert.Equal(t, before, s, "what cannot be read changes nothing")
	}
	assert.ErrorIs(t, s.UnmarshalJSON([]byte(`{} {}`)), field.ErrSyntax)
}

func TestValidate(t *testing.T) {
	c := schema(t,
		field.Declaration{Name: "site", Kind: field.KindText, Choices: []string{"Bonn", "Köln"}},
		field.Declaration{Name: "tags", Kind: field.KindList, Choices: []string{"a", "b"}},
		field.Declaration{Name: "note", Kind: field.KindText, Max: 4},
		field.Declaration{Name: "cost", Kind: field.KindNumber},
		field.Declaration{Name: "order", Kind: field.KindText, Required: true},
	)
	ok := map[string]field.Value{"order": field.Text("4711")}
	with := func(name string, v field.Value) field.Fields {
		m := map[string]field.Value{"order": ok["order"]}
		m[name] = v
		return field.FromMap(m)
	}
	for name, test := range map[string]struct {
		after field.Fields
		want  field.Faults
	}{
		"all right":         {with("site", field.Text("Bonn")), nil},
		"undeclared":        {with("sight", field.Text("Bonn")), field.Faults{{Code: field.ErrUnknown, Field: "sight"}}},
		"no choice":         {with("site", field.Text("Berlin")), field.Faults{{Code: field.ErrChoice, Field: "site", Args: map[string]string{"choices": "Bonn, Köln"}}}},
		"a choice in lists": {with("tags", field.List("a", "c")), field.Faults{{Code: field.ErrChoice, Field: "tags", Args: map[string]string{"choices": "a, b"}}}},
		"bytes, not runes":  {with("note", field.Text("äöü")), field.Faults{{Code: field.ErrLength, Field: "note", Args: map[string]string{"max": "4", "got": "6"}}}},
		"another kind":      {with("cost", field.Int(5)), field.Faults{{Code: field.ErrKind, Field: "cost", Args: map[string]string{"want": "number", "got": "int"}}}},
		"bad text":          {with("note", field.Text("\xff")), field.Faults{{Code: field.ErrText, Field: "note"}}},
		"required":          {field.FromMap(map[string]field.Value{"cost": field.Number(0)}), field.Faults{{Code: field.ErrRequired, Field: "order"}}},
		"nothing at all":    {nil, field.Faults{{Code: field.ErrRequired, Field: "order"}}},
		"by hand, unsorted": {field.Fields{{Name: "site", Value: field.Text("Bonn")}, {Name: "order", Value: ok["order"]}}, field.Faults{{Code: field.ErrOrder, Field: "order"}}},
		"by hand, empty":    {field.Fields{{Name: "order", Value: ok["order"]}, {Name: "site", Value: field.Text("")}}, field.Faults{{Code: field.ErrOrder, Field: "site"}}},
		"several": {field.FromMap(map[string]field.Value{"site": field.Int(1), "x": field.Int(1)}), field.Faults{
			{Code: field.ErrKind, Field: "site", Args: map[string]string{"want": "text", "got": "int"}},
			{Code: field.ErrUnknown, Field: "x"}, {Code: field.ErrRequired, Field: "order"},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, test.want, faultsOf(t, c.Validate(nil, test.after)))
		})
	}
}

func TestValuesOfAnOlderSchemaMayStay(t *testing.T) {
	c := schema(t, field.Declaration{Name: "site", Kind: field.KindText, Choices: []string{"Bonn"}})
	before := field.FromMap(map[string]field.Value{"site": field.Text("Berlin"), "fax": field.Text("1")})

	assert.NoError(t, c.Validate(before, before.Clone()), "unchanged")
	assert.NoError(t, c.Validate(before, nil), "all emptied")
	after := before.Clone()
	after.Set("fax", field.Value{})
	assert.NoError(t, c.Validate(before, after), "one emptied")
	after.Set("fax", field.Text("2"))
	assert.ErrorIs(t, c.Validate(before, after), field.ErrUnknown)
	after = before.Clone()
	after.Set("site", field.Text("Bonn"))
	assert.NoError(t, c.Validate(before, after))
}

func TestCompiledNeverChanges(t *testing.T) {
	s := field.Schema{Version: 3, Fields: []field.Declaration{{Name: "site", Kind: field.KindText, Choices: []string{"Bonn"}}}}
	c, err := s.Compile()
	require.NoError(t, err)
	s.Fields[0].Choices[0] = "Köln"
	c.Schema().Fields[0].Choices[0] = "Köln"
	d, ok := c.Declaration("site")
	require.True(t, ok)
	d.Choices[0] = "Köln"
	assert.NoError(t, c.Validate(nil, field.FromMap(map[string]field.Value{"site": field.Text("Bonn")})))
	assert.Equal(t, 3, c.Version())
	_, ok = c.Declaration("fax")
	assert.False(t, ok)
}

func TestNoSchemaDeclaresNothing(t *testing.T) {
	var c *field.Compiled
	assert.NoError(t, c.Validate(nil, nil))
	assert.ErrorIs(t, c.Validate(nil, field.FromMap(map[string]field.Value{"a": field.Int(1)})), field.ErrUnknown)
	assert.Equal(t, field.Schema{}, c.Schema())
	assert.Zero(t, c.Version())
	_, ok := c.Declaration("a")
	assert.False(t, ok)
}

func TestValidFieldsCostNoAllocation(t *testing.T) {
	c := schema(t, field.Declaration{Name: "site", Kind: field.KindText, Required: true, Choices: []string{"Bonn"}})
	f := field.FromMap(map[string]field.Value{"site": field.Text("Bonn")})
	var none *field.Compiled
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		_ = c.Validate(nil, f)
		_ = none.Validate(f, nil)
	}))
}
