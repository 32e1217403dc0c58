package itsmtest_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
)

func people() itsmtest.Directory {
	day := func(n int) time.Time { return start.AddDate(0, 0, n) }
	return itsmtest.Directory{
		People: []itsm.Profile{
			{ID: "ann", Name: "Ann", Groups: []string{"network"}, Manager: "eve"},
			{ID: "ben", Groups: []string{"network", "desk"}},
			{ID: "eve", VIP: true},
		},
		Groups: []itsm.Group{
			{ID: "network", Manager: "eve", Members: []string{"eve", "ann"}},
			{ID: "desk"},
		},
		Absences: []itsmtest.Absence{
			{Person: "ann", From: day(3), Until: day(5)},
			{Person: "ann", From: day(1), Until: day(2)},
			{Person: "ann", From: day(5), Until: day(8)},
			{Person: "ann", From: day(4), Until: day(6)},
			{Person: "eve", From: day(1), Until: day(2)},
			{Person: "eve", From: day(2)},
		},
	}
}

func TestDirectory(t *testing.T) {
	d := people()
	ann, err := d.Person(t.Context(), "acme", "ann")
	require.NoError(t, err)
	require.Equal(t, itsm.Profile{ID: "ann", Name: "Ann", Groups: []string{"network"}, Manager: "eve"}, ann)
	eve, err := d.Person(t.Context(), "globex", "eve")
	require.NoError(t, err)
	require.Equal(t, itsm.Profile{ID: "eve", VIP: true, Groups: []string{"network"}}, eve, "the group names her")

	network, err := d.Group(t.Context(), "acme", "network")
	require.NoError(t, err)
	require.Equal(t, itsm.Group{ID: "network", Manager: "eve", Members: []string{"eve", "ann", "ben"}}, network, "ben names the group")
	network.Members[0] = "nobody"
	require.Equal(t, people(), d, "answers are the caller's own")

	_, err = d.Person(t.Context(), "acme", "zoe")
	require.ErrorIs(t, err, itsm.ErrNotFound)
	require.ErrorContains(t, err, "zoe")
	_, err = d.Group(t.Context(), "acme", "ann")
	require.ErrorIs(t, err, itsm.ErrNotFound)
	_, _, err = d.Absent(t.Context(), "acme", "zoe", start)
	require.ErrorIs(t, err, itsm.ErrNotFound)
}

func TestDirectoryAbsent(t *testing.T) {
	day := func(n int) time.Time { return start.AddDate(0, 0, n) }
	for name, test := range map[string]struct {
		person string
		at     time.Time
		away   bool
		until  time.Time
	}{
		"before":             {"ann", day(1).Add(-1), false, time.Time{}},
		"from its beginning": {"ann", day(1), true, day(2)},
		"not at its end":     {"ann", day(2), false, time.Time{}},
		"one after another":  {"ann", day(3), true, day(8)},
		"in the last":        {"ann", day(7), true, day(8)},
		"with an open end":   {"eve", day(1), true, time.Time{}},
		"never":              {"ben", day(4), false, time.Time{}},
	} {
		t.Run(name, func(t *testing.T) {
			away, until, err := people().Absent(t.Context(), "acme", test.person, test.at)
			require.NoError(t, err)
			require.Equal(t, test.away, away)
			require.Equal(t, test.until, until)
		})
	}
}

func TestTenants(t *testing.T) {
	d := itsmtest.Tenants{"acme": people(), "globex": {People: []itsm.Profile{{ID: "ann", Name: "Another Ann"}}}}
	ann, err := d.Person(t.Context(), "globex", "ann")
	require.NoError(t, err)
	require.Equal(t, "Another Ann", ann.Name)
	away, _, err := d.Absent(t.Context(), "acme", "ann", start.AddDate(0, 0, 1))
	require.NoError(t, err)
	require.True(t, away)
	away, _, err = d.Absent(t.Context(), "globex", "ann", start.AddDate(0, 0, 1))
	require.NoError(t, err)
	require.False(t, away)
	_, err = d.Group(t.Context(), "globex", "network")
	require.ErrorIs(t, err, itsm.ErrNotFound)
	_, err = d.Person(t.Context(), "initech", "ann")
	require.ErrorIs(t, err, itsm.ErrNotFound)
}

func TestDirectoryFindsAddresses(t *testing.T) {
	d := itsmtest.Directory{People: []itsm.Profile{{ID: "ann", Mail: "Ann@example.org"}, {ID: "bob"}}}
	p, err := d.PersonAt(t.Context(), "acme", "mail", "ann@EXAMPLE.org")
	if err != nil || p.ID != "ann" {
		t.Errorf("ann's address is %v's: %v", p.ID, err)
	}
	if _, err := d.PersonAt(t.Context(), "acme", "mail", "bob"); !errors.Is(err, itsm.ErrNotFound) {
		t.Errorf("an id is no mail address: %v", err)
	}
	if p, err := d.PersonAt(t.Context(), "acme", "chat", "bob"); err != nil || p.ID != "bob" {
		t.Errorf("but an address of a chat: %v", err)
	}
	if _, err := (itsmtest.Tenants{"acme": d}).PersonAt(t.Context(), "umbra", "mail", "ann@example.org"); !errors.Is(err, itsm.ErrNotFound) {
		t.Errorf("another tenant knows ann: %v", err)
	}
}
