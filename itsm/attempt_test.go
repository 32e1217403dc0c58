package itsm_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
)

func TestWhatIsAttemptedIsUndoneAsAWhole(t *testing.T) {
	k, l, _ := newLamps(t, itsm.Config{})
	first, err := l.make.Do(root, turn{Name: "first"})
	require.NoError(t, err)
	second, err := l.make.Do(root, turn{Name: "second"})
	require.NoError(t, err)
	_, err = k.Do(root, second.Ref(), "break", nil)
	require.NoError(t, err)

	var refused, fault error
	l.onTouch = func(u *itsm.Unit, r *lamp, _ turn) error {
		r.Turns = 7
		refused, fault = u.Attempt(func() error {
			if _, err := u.Create("lamp", "make", turn{Name: "third"}); err != nil {
				return err
			}
			if err := u.Do(u.Ref(), "turn", nil); err != nil {
				return err
			}
			return u.Do(second.Ref(), "turn", nil)
		})
		return fault
	}
	got, err := l.touch.Do(root, first.ID, turn{})
	require.NoError(t, err, "the transaction goes on")
	require.NoError(t, fault)
	itsmtest.RequireRefused(t, refused, "not_from_here")
	assert.Equal(t, 7, got.Turns, "what was done before stays, what was attempted does not")
	assert.EqualValues(t, "off", got.State)
	n, err := l.Count(root, itsm.Query{})
	require.NoError(t, err)
	assert.EqualValues(t, 2, n, "no third lamp")
	itsmtest.RequireVerified(t, root, k, first.Ref())

	l.onTouch = func(u *itsm.Unit, _ *lamp, _ turn) error {
		refused, fault = u.Attempt(func() error {
			_ = u.Do(second.Ref(), "turn", nil) // nobody says so
			return nil
		})
		return fault
	}
	_, err = l.touch.Do(root, first.ID, turn{})
	require.NoError(t, err)
	require.ErrorIs(t, refused, itsm.ErrRefused)

	l.onTouch = func(u *itsm.Unit, _ *lamp, _ turn) error {
		refused, fault = u.Attempt(func() error {
			_, err := u.Create("lamp", "make", turn{Name: "third"})
			return err
		})
		return fault
	}
	_, err = l.touch.Do(root, first.ID, turn{})
	require.NoError(t, err)
	require.NoError(t, refused)
	n, err = l.Count(root, itsm.Query{})
	require.NoError(t, err)
	assert.EqualValues(t, 3, n)

	broken := errors.New("the disk is full")
	l.onTouch = func(u *itsm.Unit, _ *lamp, _ turn) error {
		_, _ = u.Attempt(func() error { return broken })
		return nil
	}
	_, err = l.touch.Do(root, first.ID, turn{})
	require.ErrorIs(t, err, broken, "what is nobody's fault is not borne")
}

func TestACommandWithinCarriesAFact(t *testing.T) {
	k, l, _ := newLamps(t, itsm.Config{})
	first, err := l.make.Do(root, turn{Name: "first"})
	require.NoError(t, err)
	var made itsm.Ref
	l.onTouch = func(u *itsm.Unit, _ *lamp, _ turn) (err error) {
		made, err = u.Create("lamp", "make", turn{Name: "second"}, itsm.Noting("reason", "dark"))
		return err
	}
	_, err = l.touch.Do(root, first.ID, turn{})
	require.NoError(t, err)
	history, err := l.History(root, made.ID, 0, 0)
	require.NoError(t, err)
	assert.JSONEq(t, `["dark"]`, string(history[0].Facts["reason"]))

	_, err = k.Do(root, first.Ref(), "touch", nil, itsm.Noting("reason", "dark"))
	require.ErrorIs(t, err, itsm.ErrInvalid, "a caller writes no facts")
	_, err = k.DoAll(root, first.Ref(), []itsm.Step{{Trigger: "turn", Options: []itsm.Option{itsm.Noting("reason", "dark")}}})
	require.ErrorIs(t, err, itsm.ErrInvalid)
	for name, value := range map[string]any{"No name": "x", "removed_row": "x", "channel": make(chan int)} {
		l.onTouch = func(u *itsm.Unit, _ *lamp, _ turn) error {
			_, err := u.Create("lamp", "make", turn{}, itsm.Noting(name, value))
			return err
		}
		_, err = l.touch.Do(root, first.ID, turn{})
		require.ErrorIs(t, err, itsm.ErrInvalid, name)
	}
}
