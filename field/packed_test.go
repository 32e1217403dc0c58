package field_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/field"
)

type step struct {
	Name string `json:"name"`
	Done bool   `json:"done,omitempty"`
}

func TestPacked(t *testing.T) {
	p, err := field.Pack([]step{{Name: "a"}, {Name: "b", Done: true}})
	require.NoError(t, err)
	assert.False(t, p.IsZero())
	assert.Equal(t, []step{{Name: "a"}, {Name: "b", Done: true}}, p.Get())
	p.Get()[0].Name = "changed"
	assert.Equal(t, "a", p.Get()[0].Name, "what was got is the caller's own")

	text, err := p.MarshalText()
	require.NoError(t, err)
	var q field.Packed[[]step]
	require.NoError(t, q.UnmarshalText([]byte(` [ {"done":false,"name":"a"}, {"name":"b","done":true} ] `)))
	assert.Equal(t, p, q, "equal values are equal")
	assert.Equal(t, `[{"name":"a"},{"name":"b","done":true}]`, string(text))

	whole, err := json.Marshal(map[string]any{"steps": p})
	require.NoError(t, err)
	assert.JSONEq(t, `{"steps":[{"name":"a"},{"name":"b","done":true}]}`, string(whole))

	assert.Error(t, q.UnmarshalText([]byte(`{"name":`)))
	assert.Equal(t, p, q, "what is refused changes nothing")
	require.NoError(t, q.UnmarshalText(nil))
	assert.True(t, q.IsZero())
	assert.Nil(t, q.Get())
	none, err := field.Pack([]step(nil))
	require.NoError(t, err)
	assert.True(t, none.IsZero())
	_, err = field.Pack(func() {})
	assert.Error(t, err)
}
