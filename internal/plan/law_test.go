package plan_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/internal/plan"
)

// drawRecord draws from few values, so that two records often agree in a field.
func drawRecord(t *rapid.T) record {
	text := rapid.SampledFrom([]string{"", "a", "b", "ä\n"})
	texts := rapid.SliceOfN(text, 0, 2)
	at := rapid.SampledFrom([]time.Time{
		{}, time.Unix(0, 0), time.Unix(1, 5), time.Date(2026, 10, 25, 2, 30, 0, 1, time.FixedZone("", 7200)),
	})
	tags := rapid.SliceOfN(rapid.SampledFrom([]tag{"x", "y"}), 0, 2)
	r := record{
		Header: Header{text.Draw(t, "id"), at.Draw(t, "opened"), text.Draw(t, "caller"), text.Draw(t, "phone"), texts.Draw(t, "watchers")},
		Impact: rapid.SampledFrom([]impact{0, 1, 2}).Draw(t, "impact"),
		Small:  rapid.Int8().Draw(t, "small"), Short: rapid.Int16().Draw(t, "short"), Wide: rapid.Int32().Draw(t, "wide"),
		Count: rapid.Int().Draw(t, "count"), Byte: rapid.Uint8().Draw(t, "byte"), Port: rapid.Uint16().Draw(t, "port"),
		Mask: rapid.Uint32().Draw(t, "mask"), Open: rapid.Bool().Draw(t, "open"), Score: rapid.Float64().Draw(t, "score"),
		Tags:    tags.Draw(t, "tags"),
		Address: rapid.SampledFrom([]netip.Addr{{}, netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("fe80::1%en0")}).Draw(t, "address"),
		Closing: closing{tag(text.Draw(t, "code")), text.Draw(t, "notes"), time.Duration(rapid.Int64().Draw(t, "after"))},
	}
	r.Birthday = at.Draw(t, "birthday")
	for range rapid.IntRange(0, 3).Draw(t, "custom fields") {
		r.Custom.Set(rapid.SampledFrom([]string{"a", "b"}).Draw(t, "name"), field.Int(rapid.Int64Range(0, 2).Draw(t, "value")))
	}
	return r
}

// fold writes the changes that lead from one record to another, through JSON, as events keep them.
func fold(t require.TestingT, p *plan.Plan, rec, after *record) {
	to := plan.Pointer(after)
	for _, i := range p.Diff(nil, plan.Pointer(rec), to) {
		if i == p.Custom() {
			*p.CustomFields(plan.Pointer(rec)) = p.CustomFields(to).Clone()
			continue
		}
		v, err := field.ParseJSON(p.Get(i, to).AppendJSON(nil))
		require.NoError(t, err)
		require.NoError(t, p.Set(i, plan.Pointer(rec), v), p.Fields[i].Name)
	}
}

func TestFoldOfTheDifferencesIsTheRecord(t *testing.T) {
	p := of[record](t)
	rapid.Check(t, func(t *rapid.T) {
		before, after := drawRecord(t), drawRecord(t)
		folded := before
		p.Detach(plan.Pointer(&folded))
		fold(t, p, &folded, &after)
		require.Empty(t, p.Diff(nil, plan.Pointer(&folded), plan.Pointer(&after)))
		require.NoError(t, p.Check(plan.Pointer(&after)))
	})
}

// The differences found by looking at memory first are those found field by field.
func TestDiffIsFieldByField(t *testing.T) {
	p := of[record](t)
	rapid.Check(t, func(t *rapid.T) {
		before, after := drawRecord(t), drawRecord(t)
		if rapid.Bool().Draw(t, "mostly the same") {
			mixed := before
			mixed.Phone, mixed.Port, mixed.Closing = after.Phone, after.Port, after.Closing
			after = mixed
		}
		var want []int
		for i := range p.Fields {
			same := p.Get(i, plan.Pointer(&before)).Equal(p.Get(i, plan.Pointer(&after)))
			if i == p.Custom() {
				same = before.Custom.Equal(after.Custom)
			}
			if !same {
				want = append(want, i)
			}
		}
		require.Equal(t, want, p.Diff(nil, plan.Pointer(&before), plan.Pointer(&after)))
	})
}

func TestDetachedRecordsAreIndependent(t *testing.T) {
	p := of[record](t)
	rapid.Check(t, func(t *rapid.T) {
		before := drawRecord(t)
		after := before
		p.Detach(plan.Pointer(&after))
		require.Empty(t, p.Diff(nil, plan.Pointer(&before), plan.Pointer(&after)))

		witness := before
		p.Detach(plan.Pointer(&witness))
		for i := range after.Watchers {
			after.Watchers[i] += "!"
		}
		for i := range after.Tags {
			after.Tags[i] += "!"
		}
		for i := range after.Custom {
			after.Custom[i].Value = field.Bool(true)
		}
		after.Custom.Set("new", field.Bool(true))
		require.Empty(t, p.Diff(nil, plan.Pointer(&before), plan.Pointer(&witness)), "the other record changed")
	})
}
