package itsm_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/itsmkit/itsmkit/itsm"
)

// anyEvent draws an event with everything that one may hold.
func anyEvent(t *rapid.T) *itsm.Event {
	text := rapid.StringN(0, 12, -1)
	digest := rapid.Custom(func(t *rapid.T) (d itsm.Digest) {
		copy(d[:], rapid.SliceOfN(rapid.Byte(), len(d), len(d)).Draw(t, "digest"))
		return d
	})
	sealed := rapid.Custom(func(t *rapid.T) itsm.Sealed { return anySealed(t) })
	stamp := rapid.Custom(func(t *rapid.T) itsm.RowStamp {
		return itsm.RowStamp{ID: rapid.Int64().Draw(t, "row"), Kind: itsm.RowKind(text.Draw(t, "row kind")), Digest: digest.Draw(t, "row digest")}
	})
	e := &itsm.Event{
		Key:     itsm.Key{Tenant: text.Draw(t, "tenant"), Kind: text.Draw(t, "kind"), ID: text.Draw(t, "id")},
		Version: rapid.Int64().Draw(t, "version"), At: anyInstant(t), Name: text.Draw(t, "name"),
		Also: some(rapid.SliceOfN(text, 0, 3).Draw(t, "also")), Cause: text.Draw(t, "cause"),
		Actor: itsm.Actor{
			ID: text.Draw(t, "actor"), Tenant: text.Draw(t, "actor's tenant"), OnBehalfOf: text.Draw(t, "on behalf of"),
			Kind: itsm.ActorKind(rapid.Byte().Draw(t, "actor kind")),
		},
		Facts:  some(rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "facts")),
		Sealed: some(rapid.SliceOfN(sealed, 0, 3).Draw(t, "sealed")), Rows: some(rapid.SliceOfN(stamp, 0, 3).Draw(t, "rows")),
		Digest: digest.Draw(t, "head"),
	}
	for _, role := range rapid.SliceOfN(text, 0, 2).Draw(t, "roles") {
		e.Actor.Roles = append(e.Actor.Roles, itsm.Role(role))
	}
	return e
}

func anySealed(t *rapid.T) itsm.Sealed {
	s := itsm.Sealed{Field: rapid.String().Draw(t, "field"), Subject: rapid.String().Draw(t, "subject")}
	if rapid.Bool().Draw(t, "whole") {
		s.Salt, s.Value = rapid.SliceOfN(rapid.Byte(), 0, 16).Draw(t, "salt"), rapid.SliceOfN(rapid.Byte(), 0, 16).Draw(t, "value")
	}
	copy(s.Digest[:], rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "value's digest"))
	return s
}

func anyInstant(t *rapid.T) time.Time {
	return time.Unix(rapid.Int64Range(-1<<40, 1<<40).Draw(t, "seconds"), rapid.Int64Range(0, 999_999_999).Draw(t, "nanoseconds")).UTC()
}

// some is nil where nothing was drawn.
func some[T any](list []T) []T {
	if len(list) == 0 {
		return nil
	}
	return list
}

func TestEventComesBackFromBytes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := anyEvent(t)
		data, err := e.AppendBinary([]byte("before"))
		require.NoError(t, err)
		require.Equal(t, "before", string(data[:6]))
		var got itsm.Event
		require.NoError(t, got.UnmarshalBinary(data[6:]))
		require.Equal(t, e, &got)
	})
}

func TestRowComesBackFromBytes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringN(0, 12, -1)
		r := itsm.Row{
			Record: itsm.Key{Tenant: text.Draw(t, "tenant"), Kind: text.Draw(t, "kind"), ID: text.Draw(t, "id")},
			ID:     rapid.Int64().Draw(t, "number"), Kind: itsm.RowKind(text.Draw(t, "row kind")), Version: rapid.Int64().Draw(t, "version"), At: anyInstant(t),
			Key: text.Draw(t, "key"), Facts: some(rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "facts")), Sealed: anySealed(t),
		}
		data, err := r.AppendBinary(nil)
		require.NoError(t, err)
		var got itsm.Row
		require.NoError(t, got.UnmarshalBinary(data))
		require.Equal(t, r, got)
	})
}

// An erased value must stay erased: a store that makes an empty salt of a missing one would undo it.
func TestErasedValuesStayErasedInBytes(t *testing.T) {
	e := &itsm.Event{Sealed: []itsm.Sealed{{Field: "title", Salt: []byte{}, Value: []byte{}}, {Field: "caller"}}}
	data, err := e.AppendBinary(nil)
	require.NoError(t, err)
	var got itsm.Event
	require.NoError(t, got.UnmarshalBinary(data))
	require.False(t, got.Sealed[0].Erased())
	require.True(t, got.Sealed[1].Erased())
}

func TestDamagedBytesAreRefused(t *testing.T) {
	whole, err := (&itsm.Event{Key: itsm.Key{Tenant: "acme", Kind: "incident", ID: "INC0000001"}, Facts: []byte(`{}`), Also: []string{"x"}}).AppendBinary(nil)
	require.NoError(t, err)
	var e itsm.Event
	for n := range whole {
		require.ErrorIs(t, e.UnmarshalBinary(whole[:n]), itsm.ErrCorrupt, "cut after %d bytes", n)
	}
	require.ErrorIs(t, e.UnmarshalBinary(append(whole, 0)), itsm.ErrCorrupt)
	newer := append([]byte{2}, whole[1:]...)
	require.ErrorIs(t, e.UnmarshalBinary(newer), itsm.ErrSchema)
	var r itsm.Row
	require.ErrorIs(t, r.UnmarshalBinary(newer), itsm.ErrSchema)
	require.ErrorIs(t, r.UnmarshalBinary(nil), itsm.ErrCorrupt)
}

func FuzzEventFromBytes(f *testing.F) {
	whole, err := (&itsm.Event{Key: itsm.Key{Tenant: "acme", Kind: "incident", ID: "INC0000001"}, Facts: []byte(`{}`), Also: []string{"x"}}).AppendBinary(nil)
	require.NoError(f, err)
	f.Add(whole)
	f.Add([]byte{1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, data []byte) {
		var e itsm.Event
		if e.UnmarshalBinary(data) != nil {
			return
		}
		again, err := e.AppendBinary(nil)
		require.NoError(t, err)
		var same itsm.Event
		require.NoError(t, same.UnmarshalBinary(again))
		require.Equal(t, e, same)
	})
}

func FuzzRowFromBytes(f *testing.F) {
	whole, err := (&itsm.Row{Record: itsm.Key{Tenant: "acme", Kind: "incident", ID: "INC0000001"}, ID: 7, Facts: []byte(`{}`)}).AppendBinary(nil)
	require.NoError(f, err)
	f.Add(whole)
	f.Fuzz(func(t *testing.T, data []byte) {
		var r itsm.Row
		if r.UnmarshalBinary(data) != nil {
			return
		}
		again, err := r.AppendBinary(nil)
		require.NoError(t, err)
		var same itsm.Row
		require.NoError(t, same.UnmarshalBinary(again))
		require.Equal(t, r, same)
	})
}
