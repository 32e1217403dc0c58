package feedback_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/knowledge/feedback"
)

func TestWilson(t *testing.T) {
	for _, test := range []struct {
		yes, n int64
		bound  float64
	}{
		{0, 0, 0}, {0, 10, 0}, {1, 1, 0.2065}, {8, 10, 0.4902}, {10, 10, 0.7225}, {90, 100, 0.8256}, {50, 100, 0.4038},
	} {
		assert.InDelta(t, test.bound, feedback.Score{Helpful: test.yes, Verdicts: test.n}.Rank(), 0.0001, "%d of %d", test.yes, test.n)
	}
	assert.InDelta(t, 0.8, feedback.Wilson(8, 10, 0), 1e-12, "without doubt it is the share")
}

func TestRating(t *testing.T) {
	d := open(t, feedback.Config{})
	for _, v := range []struct {
		who     context.Context
		article itsm.Ref
		edition int64
		helpful feedback.Answer
		stars   int
	}{
		{d.bob, vpn, 1, feedback.Yes, 4}, {d.carl, vpn, 1, feedback.No, 0}, {d.ann, vpn, 1, feedback.Yes, 4},
		{d.bob, vpn, 12, feedback.Yes, 5}, {d.bob, mail, 1, feedback.No, 1},
	} {
		d.give(v.who, feedback.Verdict{Article: v.article, Edition: v.edition, Helpful: v.helpful, Stars: v.stars})
	}
	d.raise(d.carl, feedback.Fault{Article: vpn, Edition: 1, Reason: feedback.Wrong})
	d.raise(d.mia, feedback.Fault{Article: vpn, Edition: 2, Reason: feedback.Wrong})
	assert.Equal(t, feedback.Rating{
		Article: vpn,
		Total:   feedback.Score{Verdicts: 4, Helpful: 3, Starred: 3, Stars: 13, Flags: 2},
		Editions: []feedback.Edition{
			{Edition: 12, Score: feedback.Score{Verdicts: 1, Helpful: 1, Starred: 1, Stars: 5}},
			{Edition: 2, Score: feedback.Score{Flags: 1}},
			{Edition: 1, Score: feedback.Score{Verdicts: 3, Helpful: 2, Starred: 2, Stars: 8, Flags: 1}},
		},
	}, d.rating(vpn))
	total := d.rating(vpn).Total
	share, ok := total.Share()
	assert.True(t, ok)
	assert.InDelta(t, 0.75, share, 1e-9)
	mean, ok := total.Mean()
	assert.True(t, ok)
	assert.InDelta(t, 13.0/3, mean, 1e-9)
	none := d.rating(secret)
	assert.Equal(t, feedback.Rating{Article: secret}, none)
	_, ok = none.Total.Share()
	assert.False(t, ok, "no share of nothing")
	_, ok = none.Total.Mean()
	assert.False(t, ok)

	own, err := d.Rating(d.bob, vpn)
	require.NoError(t, err)
	assert.EqualValues(t, 2, own.Total.Verdicts, "a requester counts what a requester sees")
}

func TestViewsCountAPersonOnceADayAndEdition(t *testing.T) {
	d := open(t, feedback.Config{})
	read := func(who context.Context, article itsm.Ref, edition int64) {
		t.Helper()
		require.NoError(t, d.Viewed(who, article, edition))
	}
	for range 3 {
		read(d.bob, vpn, 1)
	}
	read(d.bob, vpn, 2)
	read(d.bob, mail, 1)
	read(d.carl, vpn, 1)
	read(portal("dora"), vpn, 1)
	read(portal("emil"), vpn, 1)
	read(portal("emil"), vpn, 1)
	d.advance(15 * time.Hour) // midnight
	read(d.bob, vpn, 1)
	views := func(who context.Context, from, to time.Time) feedback.Views {
		t.Helper()
		v, err := d.Views(who, vpn, from, to)
		require.NoError(t, err)
		return v
	}
	midnight := monday.Add(15 * time.Hour)
	assert.Equal(t, feedback.Views{Total: 5, Editions: []feedback.EditionViews{{2, 1}, {1, 4}}}, views(d.ann, monday, midnight))
	assert.EqualValues(t, 1, views(d.ann, midnight, midnight.Add(1)).Total, "the beginning is in it")
	assert.EqualValues(t, 6, views(d.ann, monday, midnight.Add(1)).Total)
	assert.Zero(t, views(d.ann, monday.Add(1), midnight).Total, "the end is not")
	assert.EqualValues(t, 3, views(d.bob, monday, midnight.Add(1)).Total, "a requester counts the own ones")
	require.ErrorIs(t, d.Viewed(d.bob, vpn, 0), itsm.ErrInvalid)
	require.ErrorIs(t, d.Viewed(context.Background(), vpn, 1), itsm.ErrNoActor)
}

// Readers who come at once do not wait for each other, and none is lost.
func TestManyReadAtOnce(t *testing.T) {
	d := open(t, feedback.Config{})
	var all sync.WaitGroup
	for i := range 50 {
		who := itsmtest.As(context.Background(), itsmtest.Requester("reader "+string(rune('A'+i%25))))
		all.Go(func() { assert.NoError(t, d.Viewed(who, vpn, 1)) })
	}
	all.Wait()
	v, err := d.Views(d.ann, vpn, monday, monday.Add(time.Hour))
	require.NoError(t, err)
	assert.EqualValues(t, 25, v.Total)
}
