package itsm_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
)

// TestRowsAreFoundByWhoMaySeeThem: by record from an id on, and by key; with the rights of the actor.
func TestRowsAreFoundByWhoMaySeeThem(t *testing.T) {
	k, w, _ := newKernel(t, itsm.Config{})
	r := reported(t, w, bob)
	for _, c := range []itsm.Comment{{Body: "one", MessageID: "m1"}, {Body: "two", MessageID: "m2"}, {Body: "hidden", Internal: true}} {
		_, err := w.Comment(ann, r.ID, c)
		require.NoError(t, err)
	}
	all, err := k.Rows(ann, r.Ref(), itsm.Comments, 0, 0)
	require.NoError(t, err)
	require.Len(t, all, 3)
	tail, err := k.Rows(ann, r.Ref(), itsm.Comments, all[1].Version<<16-1, 0)
	require.NoError(t, err)
	require.Len(t, tail, 2, "the ids of a version begin at the version times 65,536")
	text, erased := tail[0].Text()
	require.Equal(t, "two", text)
	require.False(t, erased)
	found, err := k.FindRows(ann, itsm.Comments, "m2")
	require.NoError(t, err)
	require.Len(t, found, 1)
	require.Equal(t, all[1].ID, found[0].ID)

	// A requester does not read comments as they are stored, for some are internal, and others' tickets not at all.
	rows, err := k.Rows(bob, r.Ref(), itsm.Comments, 0, 0)
	require.NoError(t, err)
	require.Empty(t, rows)
	stranger := as(itsmtest.Requester("zed"))
	_, err = k.Rows(stranger, r.Ref(), itsm.Watchers, 0, 0)
	require.ErrorIs(t, err, itsm.ErrNotFound)
	elsewhere := as(itsmtest.Agent("ann", itsmtest.InTenant("umbra")))
	found, err = k.FindRows(elsewhere, itsm.Comments, "m2")
	require.NoError(t, err)
	require.Empty(t, found)
}

func TestMayAsksTheAuthorizerAlone(t *testing.T) {
	k, w, _ := newKernel(t, itsm.Config{})
	r := reported(t, w, bob)
	require.NoError(t, k.May(ann, r.Ref(), "note"))
	require.ErrorIs(t, k.May(bob, r.Ref(), "note"), itsm.ErrDenied)
	require.ErrorIs(t, k.May(as(itsmtest.Requester("zed")), r.Ref(), "comment"), itsm.ErrNotFound)
	require.NoError(t, k.May(bob, itsm.Ref{Kind: r.Header().Kind}, "report"))
	require.ErrorIs(t, k.May(bob, itsm.Ref{Kind: r.Header().Kind}, "note"), itsm.ErrDenied)
	require.ErrorIs(t, k.May(t.Context(), itsm.Ref{Kind: r.Header().Kind}, "note"), itsm.ErrNoActor)
}

// TestAKeyWithADigestStandsForItsInput, and Repeated says that it was used.
func TestAKeyWithADigestStandsForItsInput(t *testing.T) {
	_, w, _ := newKernel(t, itsm.Config{})
	r, other := reported(t, w, bob), reported(t, w, bob)
	var again bool
	say := func(id, body string, sum itsm.Digest) (repair, error) {
		return w.Comment(bob, id, itsm.Comment{Body: body}, itsm.OnceOf("k", sum), itsm.Repeated(&again))
	}
	_, err := say(r.ID, "Hello?", itsm.Digest{1})
	require.NoError(t, err)
	require.False(t, again)
	is, err := say(other.ID, "Hello?", itsm.Digest{1})
	require.NoError(t, err)
	require.True(t, again)
	require.Equal(t, r.ID, is.ID, "it was said there")
	_, err = say(r.ID, "Hello!", itsm.Digest{2})
	require.ErrorIs(t, err, itsm.ErrKeyReused)
	comments, err := w.Comments(ann, r.ID, 0, 0)
	require.NoError(t, err)
	require.Len(t, comments, 1)
}
