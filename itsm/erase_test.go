package itsm_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/store/memory"
)

func TestErasureLeavesNothingOfThePerson(t *testing.T) {
	store := memory.New()
	k, w, clock := newKernel(t, itsm.Config{Store: store})
	r := eventful(t, k, w, clock)
	hers, err := w.report.Do(eve, intake{Title: "Door jams"}, itsm.Once("a key"))
	require.NoError(t, err)
	_, err = w.Comment(bob, hers.ID, itsm.Comment{Body: "Mine, too."})
	require.ErrorIs(t, err, itsm.ErrNotFound)
	_, err = w.report.Do(bob, intake{Title: "Tyre flat"}, itsm.Once("bob's key"))
	require.NoError(t, err)
	keys := []itsm.ReceiptKey{{Tenant: "acme", Actor: "bob", Command: "repair.report", Key: "bob's key"}, {Tenant: "acme", Actor: "eve", Command: "repair.report", Key: "a key"}}

	his := []string{"bob", "Pump leaks", "Tyre flat", "It drips at night.", "And by day.", "555-1234", "1985-11-05"}
	others := []string{"eve", "Door jams", "Tap drips", "vic", "Ordered a valve.", "There and back.", "New valve.", "a key", "mailgate"}
	before := dump(t, store, keys...)
	for _, text := range append(his, others...) {
		require.Contains(t, before, text)
	}
	versions, err := k.History(root, r.Ref(), 0, 0)
	require.NoError(t, err)

	done, err := k.Erase(root, "bob", "asked for it")
	require.NoError(t, err)
	require.Equal(t, 2, done.Records)
	require.Positive(t, done.Values)
	require.Equal(t, 3, done.Rows, "two comments and a watcher")

	after := dump(t, store, keys...)
	for _, text := range his {
		require.NotContains(t, after, text)
	}
	for _, text := range others {
		require.Contains(t, after, text)
	}
	require.NoError(t, k.Verify(root, r.Ref()), "an erasure is no alteration")
	for _, e := range versions {
		then, err := w.At(root, r.ID, e.Version)
		require.NoError(t, err)
		require.Equal(t, itsm.Erased, then.Caller)
		require.Equal(t, itsm.Erased, then.Title)
	}
	comments, err := w.Comments(root, r.ID, 0, 0)
	require.NoError(t, err)
	require.Len(t, comments, 2)
	require.True(t, comments[0].Erased)
	require.Equal(t, itsm.Erased, comments[0].Author)

	entry := itsmtest.RequireEvent(t, root, k, r.Ref(), "repair.erased", itsmtest.By("root"))
	require.JSONEq(t, `["asked for it"]`, string(entry.Facts["reason"]))
	require.Contains(t, string(entry.Facts["erased"]), `"1":["@actor"`)

	again, err := k.Erase(root, "bob", "asked for it")
	require.NoError(t, err)
	require.Zero(t, again, "there is nothing left to take")
}

func TestErasureStopsAtTheTenant(t *testing.T) {
	store := memory.New()
	k, w, _ := newKernel(t, itsm.Config{Store: store})
	other := as(itsmtest.Requester("bob", itsmtest.InTenant("umbra")))
	reported(t, w, bob)
	r := reported(t, w, other, itsm.Once("k"))
	_, err := k.Erase(root, "bob", "asked for it")
	require.NoError(t, err)
	is, err := w.Get(other, r.ID)
	require.NoError(t, err)
	require.Equal(t, r, is)
	again := reported(t, w, other, itsm.Once("k"))
	require.Equal(t, r, again, "the receipts of the other bob are there")
}

func TestErasureRefusesBadInputAndDoesNothing(t *testing.T) {
	store := newWitness(memory.New())
	var incidents *incident.Incidents
	var w *workshop
	k, _ := itsmtest.Kernel(t, itsm.Config{Store: store, Authorizer: append(itsm.DefaultGrants(),
		itsm.Grant{Role: "half", Kinds: []string{incident.Kind}})}, func(k *itsm.Kernel) (err error) {
		if w, err = newWorkshop(k); err != nil {
			return err
		}
		incidents, err = incident.New(k, incident.Config{})
		return err
	})
	_, err := incidents.Report(bob, incident.Report{Title: "VPN down"})
	require.NoError(t, err)
	reported(t, w, bob)
	half := as(itsm.Actor{ID: "hal", Tenant: "acme", Roles: []lifecycle.Role{"half"}})
	applied := store.applied
	for name, c := range map[string]struct {
		ctx            context.Context
		person, reason string
		want           error
	}{
		"nobody":             {root, "", "why", itsm.ErrInvalid},
		"the marker":         {root, itsm.Erased, "why", itsm.ErrInvalid},
		"no reason":          {root, "bob", "", itsm.ErrInvalid},
		"a broken reason":    {root, "bob", "\xff", itsm.ErrInvalid},
		"no actor":           {context.Background(), "bob", "why", itsm.ErrNoActor},
		"an agent":           {ann, "bob", "why", itsm.ErrDenied},
		"oneself":            {root, "root", "why", itsm.ErrInvalid},
		"granted one of two": {half, "bob", "why", itsm.ErrDenied},
	} {
		_, err := k.Erase(c.ctx, c.person, c.reason)
		require.ErrorIs(t, err, c.want, name)
		require.Equal(t, applied, store.applied, "%s: something was written", name)
	}
}

func TestAnErasedRecordLivesOn(t *testing.T) {
	k, w, clock := newKernel(t, itsm.Config{})
	r := eventful(t, k, w, clock)
	_, err := k.Erase(root, "bob", "asked for it")
	require.NoError(t, err)
	_, err = w.Get(bob, r.ID)
	require.ErrorIs(t, err, itsm.ErrNotFound, "who is erased owns nothing any more")
	require.NoError(t, clock.Advance(context.Background(), 24*time.Hour))
	itsmtest.RequireState(t, root, k, r.Ref(), "closed")
	require.NoError(t, k.Verify(root, r.Ref()))
	_, err = w.Comment(bob, reported(t, w, bob).ID, itsm.Comment{Body: "I am back."})
	require.NoError(t, err)
	done, err := k.Erase(root, "bob", "again")
	require.NoError(t, err)
	require.Equal(t, 1, done.Records, "only what is new")
}

func TestAPortalErasesThePersonWhomItActsFor(t *testing.T) {
	store := memory.New()
	k, w, _ := newKernel(t, itsm.Config{Store: store})
	r := reported(t, w, bob)
	portal := as(itsmtest.Integration("portal", itsmtest.ActingFor("bob"), itsmtest.WithRoles(itsm.Administrator)))
	_, err := k.Erase(portal, "bob", "asked for it")
	require.NoError(t, err)
	require.NotContains(t, dump(t, store), "bob")
	require.NoError(t, k.Verify(root, r.Ref()))
}

func TestNobodyIsWhoWasErased(t *testing.T) {
	k, w, _ := newKernel(t, itsm.Config{})
	r := reported(t, w, bob)
	_, err := k.Erase(root, "bob", "asked for it")
	require.NoError(t, err)
	_, err = w.Get(as(itsmtest.Requester(itsm.Erased)), r.ID)
	require.ErrorIs(t, err, itsm.ErrNoActor)
}
