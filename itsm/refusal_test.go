package itsm_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/store/memory"
)

func TestARefusalListsEveryReason(t *testing.T) {
	store := newWitness(memory.New())
	k, w, _ := newKernel(t, itsm.Config{Store: store})
	fresh, busy := reported(t, w, bob), started(t, w)
	_, err := w.Edit(ann, busy.ID, itsm.Patch{"open_tasks": field.Int(2)})
	require.NoError(t, err)
	ungrouped := reported(t, w, bob)
	_, err = w.start.Do(ann, ungrouped.ID, nothing{})
	require.NoError(t, err)
	none := as(itsm.Actor{ID: "mailgate", Tenant: "acme", Kind: itsm.Integration, Roles: []itsm.Role{itsm.Agent}})
	for name, c := range map[string]struct {
		ctx     context.Context
		on      repair
		trigger lifecycle.Trigger
		in      any
		want    []lifecycle.Code
	}{
		"not from here":          {ann, fresh, "finish", finish{Notes: "x"}, []lifecycle.Code{lifecycle.NotFromHere}},
		"guard and input":        {ann, busy, "finish", nil, []lifecycle.Code{lifecycle.GuardRefused, lifecycle.MissingInput}},
		"input":                  {ann, busy, "hold", nil, []lifecycle.Code{lifecycle.MissingInput}},
		"role":                   {ann, busy, "drop", nil, []lifecycle.Code{lifecycle.MissingRole}},
		"what the record lacks":  {none, fresh, "start", nil, []lifecycle.Code{lifecycle.MissingField}},
		"what the result breaks": {ann, ungrouped, "finish", finish{Notes: "x"}, []lifecycle.Code{"no_group"}},
		"another axis":           {boss, busy, "pass", nil, []lifecycle.Code{lifecycle.NotFromHere}},
	} {
		t.Run(name, func(t *testing.T) {
			applied := store.applied
			_, err := k.Do(c.ctx, c.on.Ref(), c.trigger, c.in)
			require.ErrorIs(t, err, itsm.ErrRefused)
			require.Equal(t, itsm.Code("refused"), itsm.CodeOf(err))
			refusal, ok := lifecycle.AsRefusal(err)
			require.True(t, ok)
			var codes []lifecycle.Code
			for _, reason := range refusal.Reasons {
				codes = append(codes, reason.Code)
			}
			require.ElementsMatch(t, c.want, codes)
			require.Equal(t, err, k.Explain(c.ctx, c.on.Ref(), c.trigger, c.in), "Explain says the same")
			require.Equal(t, applied, store.applied, "a refusal writes nothing")
			_, err = json.Marshal(refusal)
			require.NoError(t, err, "a refusal can be sent to a page")
		})
	}
}

func TestFaultyFieldsAreToldAllAtOnce(t *testing.T) {
	k, w, _ := newKernel(t, itsm.Config{})
	r := started(t, w)
	patch := itsm.Patch{"points": field.Text("three"), "state": field.Text("closed"), "no_such": field.Int(1)}
	_, err := w.Edit(ann, r.ID, patch)
	require.ErrorIs(t, err, itsm.ErrInvalid)
	for name := range patch {
		require.ErrorContains(t, err, name)
	}
	_, err = w.Edit(ann, r.ID, itsm.Patch{"custom.color": field.Text("pink"), "custom.size": field.Text("big"), "custom.no_such": field.Int(1)})
	require.ErrorIs(t, err, field.ErrChoice)
	require.ErrorIs(t, err, field.ErrKind)
	require.ErrorIs(t, err, field.ErrUnknown)
	is, err := w.Get(ann, r.ID)
	require.NoError(t, err)
	require.Equal(t, r, is)
	require.NoError(t, k.Verify(root, r.Ref()))
}

func TestExplainOfACreationTakesNoNumber(t *testing.T) {
	store := newCounting(memory.New())
	_, w, _ := newKernel(t, itsm.Config{Store: store})
	require.NoError(t, w.report.Explain(bob, intake{Title: "Pump leaks"}))
	require.ErrorIs(t, w.report.Explain(bob, intake{}), itsm.ErrInvalid)
	calls := store.taken()
	require.Zero(t, calls["number"]+calls["apply"])
	require.Equal(t, "REP0000001", reported(t, w, bob).ID)
	require.ErrorIs(t, w.report.Explain(root, intake{Title: "x"}, itsm.WithNumber("REP0000001")), itsm.ErrExists)
}

func TestExplainOfACommandThatMakesRecords(t *testing.T) {
	_, l, _ := newLamps(t, itsm.Config{})
	r := made(t, l, "desk")
	l.onTurn = func(u *itsm.Unit, _ *lamp, _ turn) error {
		first, err := u.Create("lamp", "make", turn{Name: "one"})
		if err != nil {
			return err
		}
		second, err := u.Create("lamp", "make", turn{Name: "two"})
		if err != nil {
			return err
		}
		is, err := u.Get(first)
		if err != nil {
			return err
		}
		if first == second || is.(*lamp).Name != "one" {
			return fmt.Errorf("%s is %s", first, is.(*lamp).Name)
		}
		return nil
	}
	require.NoError(t, l.turn.Explain(ann, r.ID, turn{}))
	_, err := l.turn.Do(ann, r.ID, turn{})
	require.NoError(t, err)
}

func TestOffersTellAFormWhatItNeeds(t *testing.T) {
	k, w, _ := newKernel(t, itsm.Config{})
	r := started(t, w)
	offers, err := k.Offers(ann, r.Ref())
	require.NoError(t, err)
	found := map[lifecycle.Trigger]lifecycle.Offer{}
	for _, o := range offers {
		found[o.Trigger] = o
	}
	require.Equal(t, []lifecycle.State{"done"}, found["finish"].Targets)
	require.Equal(t, []lifecycle.Need{{"notes"}}, found["finish"].Brings)
	require.Empty(t, found["finish"].Reasons)
	require.Equal(t, lifecycle.MissingRole, found["drop"].Reasons[0].Code)
	require.NotContains(t, found, lifecycle.Trigger("resume"))
	mine, err := k.Offers(bob, r.Ref())
	require.NoError(t, err)
	for _, o := range mine {
		require.Contains(t, []lifecycle.Trigger{"comment", "attach", "watch", "unwatch"}, o.Trigger)
	}
}

func TestErrorsHaveCodes(t *testing.T) {
	_, w, _ := newKernel(t, itsm.Config{})
	_, err := w.Get(ann, "REP0000009")
	require.Equal(t, itsm.Code("not_found"), itsm.CodeOf(err))
	require.Equal(t, itsm.Code("not_found"), itsm.CodeOf(fmt.Errorf("wrapped: %w", err)))
	require.NotErrorIs(t, err, itsm.ErrDenied)
	require.Equal(t, itsm.Code("internal"), itsm.CodeOf(context.Canceled))
	require.EqualError(t, itsm.Invalid("title", "say what is broken"), "say what is broken (field: title)")
}
