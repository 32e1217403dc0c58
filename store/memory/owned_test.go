package memory

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/itsm"
)

// ownedBy is a write of a note that another note owns.
func ownedBy(owner, row string, version, expect int64) itsm.RecordWrite {
	w := written(owner+"/"+row, version, nil)
	w.Event, w.Owner, w.Expect = nil, keyOf(owner), expect
	return w
}

// TestWhatIsOwnedIsFoundOnce: also where the owner comes last.
func TestWhatIsOwnedIsFoundOnce(t *testing.T) {
	s := prepared(t)
	put(t, s, ownedBy("1", "b", 1, 0), ownedBy("1", "a", 1, 0), written("1", 1, nil))
	for version := int64(2); version < 5; version++ {
		put(t, s, written("1", version, nil), ownedBy("1", "a", version, version-1))
	}
	require.ErrorIs(t, s.Apply(t.Context(), &itsm.WriteSet{Records: []itsm.RecordWrite{written("1", 5, nil), ownedBy("1", "b", 5, 4)}}), itsm.ErrConflict)
	require.ErrorIs(t, s.Apply(t.Context(), &itsm.WriteSet{Records: []itsm.RecordWrite{written("2", 1, nil), ownedBy("2", "a", 1, 0), ownedBy("1", "b", 2, 0)}}), itsm.ErrConflict)
	found, err := s.Owned(t.Context(), nil, keyOf("1"), "note")
	require.NoError(t, err)
	require.Equal(t, "[1/a@4 1/b@1]", fmt.Sprint(versionsOf(found)))
	found, err = s.Owned(t.Context(), nil, keyOf("2"), "note")
	require.NoError(t, err)
	require.Empty(t, found)
}

func versionsOf(records []itsm.Record) (all []string) {
	for _, r := range records {
		all = append(all, fmt.Sprintf("%s@%d", r.Header().ID, r.Header().Version))
	}
	return all
}
