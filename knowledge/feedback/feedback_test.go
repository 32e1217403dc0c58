package feedback_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/calendar"
	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/knowledge/feedback"
	"github.com/itsmkit/itsmkit/lifecycle"
)

func TestOnePersonHasOneVerdictAnEdition(t *testing.T) {
	d := open(t, feedback.Config{})
	first := d.give(d.bob, feedback.Verdict{Article: vpn, Edition: 1, Helpful: feedback.No, Stars: 1, Comment: "It does not work."})
	assert.Equal(t, feedback.StateGiven, first.State)
	assert.Equal(t, "bob", first.Caller)
	d.advance(time.Hour)
	again := d.give(d.bob, feedback.Verdict{Article: vpn, Edition: 1, Helpful: feedback.Yes})
	assert.Equal(t, first.ID, again.ID, "it takes the place of the first")
	assert.Equal(t, feedback.Yes, again.Helpful)
	assert.Zero(t, again.Stars)
	assert.Empty(t, again.Comment)
	assert.Equal(t, monday.Add(time.Hour), again.GivenAt)
	was, err := d.k.At(d.root, first.Ref(), first.Version)
	require.NoError(t, err)
	assert.Equal(t, "It does not work.", was.(*feedback.Feedback).Comment, "the events keep what was said")
	assert.NotEqual(t, first.ID, d.give(d.bob, feedback.Verdict{Article: vpn, Edition: 2, Helpful: feedback.No}).ID, "another edition")
	assert.NotEqual(t, first.ID, d.give(d.bob, feedback.Verdict{Article: mail, Edition: 1, Helpful: feedback.No}).ID, "another article")
	assert.NotEqual(t, first.ID, d.give(d.carl, feedback.Verdict{Article: vpn, Edition: 1, Helpful: feedback.No}).ID, "another person")

	another := feedback.Verdict{Article: vpn, Edition: 1, Helpful: feedback.Yes}
	_, err = d.k.Do(d.bob, itsm.Ref{Kind: feedback.Kind}, feedback.TriggerGive, another)
	r := itsmtest.RequireRefused(t, err, feedback.ReasonGiven)
	assert.Equal(t, first.ID, r.Reasons[0].Args["feedback"], "also by the door for rules")
}

// Idempotency keys are forgotten; the record is not.
func TestOneVerdictHoldsLongAfter(t *testing.T) {
	d := open(t, feedback.Config{})
	first := d.give(d.bob, feedback.Verdict{Article: vpn, Edition: 1, Helpful: feedback.No})
	d.advance(100 * 24 * time.Hour)
	assert.Equal(t, first.ID, d.give(d.bob, feedback.Verdict{Article: vpn, Edition: 1, Helpful: feedback.Yes}).ID)
	assert.Equal(t, first.ID, d.raise(d.bob, feedback.Fault{Article: vpn, Edition: 1, Reason: feedback.Wrong}).ID)
}

func TestOneVerdictHoldsForManyAtOnce(t *testing.T) {
	d := open(t, feedback.Config{})
	var all sync.WaitGroup
	for i := range 40 {
		all.Go(func() {
			who, answer := d.bob, feedback.Yes
			if i%2 == 0 {
				who, answer = portal("carl"), feedback.No
			}
			var err error
			if i%8 < 4 {
				_, err = d.Give(who, feedback.Verdict{Article: vpn, Edition: 1, Helpful: answer})
			} else {
				_, err = d.Flag(who, feedback.Fault{Article: vpn, Edition: 1, Reason: feedback.Wrong})
			}
			assert.NoError(t, err)
		})
	}
	all.Wait()
	n, err := d.Count(d.root, itsm.Query{})
	require.NoError(t, err)
	assert.EqualValues(t, 2, n, "one each for bob and carl")
}

// A fault that comes in while a verdict is on its way, and the other way round: both are of one record.
func TestOneVerdictHoldsWhateverComesBetween(t *testing.T) {
	for _, fault := range []bool{true, false} {
		var d *desk
		say := func(fault bool) {
			var err error
			if fault {
				_, err = d.Flag(d.bob, feedback.Fault{Article: vpn, Edition: 1, Reason: feedback.Wrong})
			} else {
				_, err = d.Give(d.bob, feedback.Verdict{Article: vpn, Edition: 1, Helpful: feedback.No})
			}
			require.NoError(t, err)
		}
		between := false
		d = open(t, feedback.Config{Readable: func(*itsm.Unit, itsm.Ref) error {
			if !between {
				between = true
				say(!fault)
			}
			return nil
		}})
		say(fault)
		page, err := d.List(d.root, itsm.Query{})
		require.NoError(t, err)
		require.Len(t, page.Records, 1)
		assert.Equal(t, feedback.No, page.Records[0].Helpful)
		assert.Equal(t, feedback.Wrong, page.Records[0].Reason)
	}
}

func TestWhatAVerdictIs(t *testing.T) {
	d := open(t, feedback.Config{})
	for name, v := range map[string]feedback.Verdict{
		"no article":     {Edition: 1, Helpful: feedback.Yes},
		"no edition":     {Article: vpn, Helpful: feedback.Yes},
		"no answer":      {Article: vpn, Edition: 1, Stars: 3},
		"unknown answer": {Article: vpn, Edition: 1, Helpful: "perhaps"},
		"six stars":      {Article: vpn, Edition: 1, Helpful: feedback.Yes, Stars: 6},
		"minus one star": {Article: vpn, Edition: 1, Helpful: feedback.Yes, Stars: -1},
	} {
		_, err := d.Give(d.bob, v)
		require.ErrorIs(t, err, itsm.ErrInvalid, name)
	}
	_, err := d.Flag(d.bob, feedback.Fault{Article: vpn, Edition: 1, Reason: "ugly"})
	require.ErrorIs(t, err, itsm.ErrInvalid)
	f := d.give(d.bob, feedback.Verdict{Article: vpn, Edition: 1, Helpful: feedback.Yes})
	_, err = d.k.Do(d.bob, f.Ref(), feedback.TriggerReplace, feedback.Verdict{Article: vpn, Edition: 2, Helpful: feedback.No})
	require.ErrorIs(t, err, itsm.ErrInvalid, "it stays with its edition")
	_, err = d.Give(portal(""), feedback.Verdict{Article: vpn, Edition: 1, Helpful: feedback.Yes})
	require.ErrorIs(t, err, itsm.ErrInvalid, "a program reads for somebody")
	_, err = d.Give(context.Background(), feedback.Verdict{Article: vpn, Edition: 1, Helpful: feedback.Yes})
	require.ErrorIs(t, err, itsm.ErrNoActor)
}

func TestAFlagIsHandledOrDismissed(t *testing.T) {
	d := open(t, feedback.Config{})
	f := d.raise(d.bob, feedback.Fault{Article: vpn, Edition: 3, Reason: feedback.Outdated, Text: "The menu is gone."})
	assert.Equal(t, feedback.StateOpen, f.State)
	assert.True(t, f.Header().Open(), "somebody has to look into it")
	itsmtest.RequireEvent(t, d.ann, d.k, f.Ref(), "feedback.flagged")
	f, err := d.Get(d.ann, f.ID)
	require.NoError(t, err)
	assert.Equal(t, "ann", f.Owner, "who looks after the article")
	assert.Equal(t, monday.Add(7*24*time.Hour), f.Due)
	itsmtest.RequireTimer(t, d.root, d.k, f.Ref(), feedback.TimerDue, f.Due)

	f = d.give(d.bob, feedback.Verdict{Article: vpn, Edition: 3, Helpful: feedback.No})
	assert.Equal(t, feedback.StateOpen, f.State, "a verdict does not end it")
	d.advance(time.Hour)
	f = d.raise(d.bob, feedback.Fault{Article: vpn, Edition: 3, Reason: feedback.Wrong, Text: "It was never there."})
	assert.Equal(t, feedback.Wrong, f.Reason)
	assert.Equal(t, monday, f.FlaggedAt, "correcting it begins nothing anew")
	itsmtest.RequireTimer(t, d.root, d.k, f.Ref(), feedback.TimerDue, monday.Add(7*24*time.Hour))

	f, err = d.Assign(d.mia, f.ID, "mia")
	require.NoError(t, err)
	assert.Equal(t, "mia", f.Owner)
	_, err = d.Handle(d.mia, f.ID, " ")
	itsmtest.RequireRefused(t, err, lifecycle.MissingInput)
	f, err = d.Handle(d.mia, f.ID, "Edition 4 shows the new menu.")
	require.NoError(t, err)
	assert.Equal(t, feedback.StateHandled, f.State)
	assert.Equal(t, "mia", f.EndedBy)
	assert.Equal(t, monday.Add(time.Hour), f.EndedAt)
	itsmtest.RequireNothingPending(t, d.root, d.k, f.Ref())
	f, err = d.Get(d.bob, f.ID)
	require.NoError(t, err)
	assert.Equal(t, [2]string{"Edition 4 shows the new menu.", ""}, [2]string{f.Outcome, f.EndedBy}, "bob hears what was done, not by whom")
	_, err = d.Dismiss(d.mia, f.ID, "no")
	itsmtest.RequireRefused(t, err, lifecycle.NotFromHere)

	d.advance(30 * 24 * time.Hour)
	f, err = d.Get(d.ann, f.ID)
	require.NoError(t, err)
	assert.False(t, f.Overdue, "what was handled is not overdue")
	f = d.raise(d.bob, feedback.Fault{Article: vpn, Edition: 3, Reason: feedback.Unclear})
	f, err = d.Dismiss(d.mia, f.ID, "It is in the second paragraph.")
	require.NoError(t, err)
	assert.Equal(t, feedback.StateDismissed, f.State)
	assert.Equal(t, "It is in the second paragraph.", f.Outcome)
}

func TestAFlagIsOverdueOnce(t *testing.T) {
	d := open(t, feedback.Config{Within: time.Hour})
	var told []string
	f := d.raise(d.bob, feedback.Fault{Article: vpn, Edition: 1, Reason: feedback.Wrong})
	d.advance(time.Hour - 1)
	itsmtest.RequireNoEvent(t, d.ann, d.k, f.Ref(), "feedback.overdue")
	d.advance(72 * time.Hour)
	history, err := d.k.History(d.root, f.Ref(), 0, 100)
	require.NoError(t, err)
	for _, e := range history {
		if e.Event == "feedback.overdue" {
			told = append(told, e.At.Format(time.RFC3339))
		}
	}
	assert.Equal(t, []string{"2026-03-02T10:00:00Z"}, told)
	late, err := d.Count(d.ann, itsm.Query{Filter: ptr(itsm.Where("overdue").Equals(field.Bool(true)))})
	require.NoError(t, err)
	assert.EqualValues(t, 1, late, "what is late is a query")

	_, err = d.Handle(d.ann, f.ID, "done")
	require.NoError(t, err)
	again := d.raise(d.bob, feedback.Fault{Article: vpn, Edition: 1, Reason: feedback.Wrong})
	assert.False(t, again.Overdue, "it begins anew")
	assert.Empty(t, again.Outcome)
	assert.Equal(t, d.clock.Now().Add(time.Hour), again.Due)
	d.advance(2 * time.Hour)
	f, err = d.Get(d.ann, f.ID)
	require.NoError(t, err)
	assert.True(t, f.Overdue)
}

func ptr[T any](v T) *T { return &v }

func TestWhoOwnsAFlagAndUntilWhen(t *testing.T) {
	office, err := calendar.New(calendar.Spec{Zone: "UTC", Weekly: calendar.Weekdays("09:00-17:00")})
	require.NoError(t, err)
	d := open(t, feedback.Config{
		Owners: map[feedback.Reason]string{feedback.Wrong: "mia"}, Within: 10 * time.Hour,
		WithinBy: map[feedback.Reason]time.Duration{feedback.Wrong: 2 * time.Hour}, Calendar: office,
	})
	for _, test := range []struct {
		article itsm.Ref
		why     feedback.Reason
		owner   string
		due     time.Time
	}{
		{vpn, feedback.Wrong, "ann", monday.Add(2 * time.Hour)},
		{mail, feedback.Wrong, "mia", monday.Add(2 * time.Hour)},
		{mail, feedback.Other, "", monday.Add(26 * time.Hour)}, // 8 hours on Monday, 2 on Tuesday
	} {
		who := itsmtest.As(context.Background(), itsmtest.Requester("who asks of "+string(test.why)))
		f, err := d.Get(d.ann, d.raise(who, feedback.Fault{Article: test.article, Edition: 1, Reason: test.why}).ID)
		require.NoError(t, err)
		assert.Equal(t, test.owner, f.Owner)
		assert.Equal(t, test.due, f.Due)
	}
	broken := errors.New("the directory is away")
	d = open(t, feedback.Config{Owner: func(_ *itsm.Unit, article itsm.Ref, why feedback.Reason) (string, error) {
		if why == feedback.Other {
			return "", broken
		}
		return "owner of " + article.ID + " for " + string(why), nil
	}})
	f, err := d.Get(d.ann, d.raise(d.bob, feedback.Fault{Article: mail, Edition: 1, Reason: feedback.Missing}).ID)
	require.NoError(t, err)
	assert.Equal(t, "owner of KB0000002 for missing", f.Owner)
	_, err = d.Flag(d.carl, feedback.Fault{Article: mail, Edition: 1, Reason: feedback.Other})
	require.ErrorIs(t, err, broken)
	n, err := d.Count(d.root, itsm.Query{})
	require.NoError(t, err)
	assert.EqualValues(t, 1, n, "nothing was made")
}

func TestConfigurationsThatAreRefused(t *testing.T) {
	for name, c := range map[string]feedback.Config{
		"before":         {Within: -1},
		"at once":        {WithinBy: map[feedback.Reason]time.Duration{feedback.Wrong: 0}},
		"unknown":        {WithinBy: map[feedback.Reason]time.Duration{"ugly": 1}},
		"unknown reason": {Owners: map[feedback.Reason]string{"ugly": "ann"}},
	} {
		_, err := feedback.New(nil, c)
		require.ErrorIs(t, err, itsm.ErrInvalid, name)
	}
}

func TestWithdrawnFeedbackSaysNothing(t *testing.T) {
	d := open(t, feedback.Config{})
	d.give(d.bob, feedback.Verdict{Article: vpn, Edition: 1, Helpful: feedback.No, Stars: 2, Comment: "no"})
	f := d.raise(d.bob, feedback.Fault{Article: vpn, Edition: 1, Reason: feedback.Wrong, Text: "all of it"})
	f, err := d.Withdraw(d.bob, f.ID)
	require.NoError(t, err)
	assert.Equal(t, feedback.Feedback{Head: f.Head, Article: vpn, Edition: 1, Caller: "bob"}, f)
	assert.Equal(t, feedback.StateWithdrawn, f.State)
	assert.Equal(t, feedback.Score{}, d.rating(vpn).Total)
	itsmtest.RequireNothingPending(t, d.root, d.k, f.Ref())
	_, err = d.Withdraw(d.bob, f.ID)
	itsmtest.RequireRefused(t, err, lifecycle.NotFromHere)
	again := d.give(d.bob, feedback.Verdict{Article: vpn, Edition: 1, Helpful: feedback.Yes})
	assert.Equal(t, f.ID, again.ID)
	assert.Equal(t, feedback.StateGiven, again.State)
}

func TestWhoMaySayAndSeeWhat(t *testing.T) {
	d := open(t, feedback.Config{})
	_, err := d.Give(d.bob, feedback.Verdict{Article: secret, Edition: 1, Helpful: feedback.Yes})
	require.ErrorIs(t, err, itsm.ErrNotFound, "who may not read it says nothing of it")
	_, err = d.Flag(d.bob, feedback.Fault{Article: secret, Edition: 1, Reason: feedback.Wrong})
	require.ErrorIs(t, err, itsm.ErrNotFound)
	require.ErrorIs(t, d.Viewed(d.bob, secret, 1), itsm.ErrNotFound)
	_, err = d.Give(d.bob, feedback.Verdict{Article: nowhere, Edition: 1, Helpful: feedback.Yes})
	require.ErrorIs(t, err, itsm.ErrNotFound)
	d.give(d.ann, feedback.Verdict{Article: secret, Edition: 1, Helpful: feedback.Yes})

	f := d.raise(d.bob, feedback.Fault{Article: vpn, Edition: 1, Reason: feedback.Wrong})
	assert.Empty(t, f.Owner, "who looks into it is the desk's matter")
	d.give(d.carl, feedback.Verdict{Article: vpn, Edition: 1, Helpful: feedback.Yes})
	for _, test := range []struct {
		who  context.Context
		sees int64
	}{{d.bob, 1}, {d.carl, 1}, {d.ann, 3}, {d.mia, 3}} {
		n, err := d.Count(test.who, itsm.Query{})
		require.NoError(t, err)
		assert.Equal(t, test.sees, n)
	}
	_, err = d.Get(d.carl, f.ID)
	require.ErrorIs(t, err, itsm.ErrNotFound)
	_, err = d.Withdraw(d.carl, f.ID)
	require.ErrorIs(t, err, itsm.ErrNotFound)
	_, err = d.Handle(d.bob, f.ID, "I did it myself.")
	require.ErrorIs(t, err, itsm.ErrDenied)
	_, err = d.Count(d.bob, itsm.Query{Filter: ptr(itsm.Where("owner").Is("ann"))})
	require.ErrorIs(t, err, itsm.ErrDenied, "what is hidden is not asked for")
	for name, err := range map[string]error{
		"replace":  second(d.k.Do(d.mia, f.Ref(), feedback.TriggerReplace, feedback.Verdict{Article: vpn, Edition: 1, Helpful: feedback.Yes})),
		"flag":     second(d.k.Do(d.mia, f.Ref(), feedback.TriggerFlag, feedback.Fault{Article: vpn, Edition: 1, Reason: feedback.Other})),
		"withdraw": second(d.Withdraw(d.mia, f.ID)),
	} {
		require.ErrorIs(t, err, itsm.ErrDenied, "nobody speaks for another: %s", name)
	}
	_, err = d.k.Get(portal(""), secret)
	require.ErrorIs(t, err, itsm.ErrNotFound, "who is nobody has nothing of their own")
	_, err = d.k.Do(d.ann, f.Ref(), feedback.TriggerOverdue, nil)
	itsmtest.RequireRefused(t, err, lifecycle.MissingRole)
	require.NoError(t, d.Explain(d.mia, f.ID, feedback.TriggerHandle, feedback.Handling{Outcome: "done"}))
	may, err := d.Permitted(d.bob, f.ID)
	require.NoError(t, err)
	assert.Equal(t, []lifecycle.Trigger{feedback.TriggerReplace, feedback.TriggerFlag, feedback.TriggerWithdraw}, may)

	reads := "bob"
	d = open(t, feedback.Config{Readable: func(u *itsm.Unit, article itsm.Ref) error {
		if article == nowhere && u.Actor().ID == reads {
			return nil
		}
		return itsm.ErrDenied
	}})
	f = d.give(d.bob, feedback.Verdict{Article: nowhere, Edition: 1, Helpful: feedback.Yes})
	_, err = d.Give(d.ann, feedback.Verdict{Article: nowhere, Edition: 1, Helpful: feedback.Yes})
	require.ErrorIs(t, err, itsm.ErrDenied, "the desk's own check")
	reads = "nobody"
	_, err = d.Give(d.bob, feedback.Verdict{Article: nowhere, Edition: 1, Helpful: feedback.No})
	require.ErrorIs(t, err, itsm.ErrDenied, "nor is anything said anew when it may not be read any more")
	_, err = d.k.Do(d.bob, f.Ref(), feedback.TriggerFlag, feedback.Fault{Article: nowhere, Edition: 1, Reason: feedback.Other})
	require.ErrorIs(t, err, itsm.ErrDenied)
	_, err = d.Withdraw(d.bob, f.ID)
	require.NoError(t, err, "it can be taken back")
}

func second(_ any, err error) error { return err }

// Nothing of a person is left, and the figures stay.
func TestErasingWhoGaveIt(t *testing.T) {
	d := open(t, feedback.Config{})
	d.give(d.bob, feedback.Verdict{Article: vpn, Edition: 1, Helpful: feedback.Yes, Stars: 5, Comment: "Thanks, says Bob."})
	f := d.raise(d.bob, feedback.Fault{Article: vpn, Edition: 1, Reason: feedback.Unclear, Text: "Bob does not get it."})
	require.NoError(t, d.Viewed(d.bob, vpn, 1))
	before := d.rating(vpn)
	root := itsmtest.As(context.Background(), itsmtest.Administrator("root"))
	_, err := d.k.Erase(root, "bob", "he asked for it")
	require.NoError(t, err)
	f, err = d.Get(d.ann, f.ID)
	require.NoError(t, err)
	assert.Equal(t, [3]string{itsm.Erased, itsm.Erased, itsm.Erased}, [3]string{f.Caller, f.Comment, f.Text})
	assert.Equal(t, before, d.rating(vpn))
	readings, err := d.Readings.List(d.ann, itsm.Query{})
	require.NoError(t, err)
	assert.Equal(t, itsm.Erased, readings.Records[0].Caller)
	require.NoError(t, d.k.Verify(root, f.Ref()))
	again := d.give(d.bob, feedback.Verdict{Article: vpn, Edition: 1, Helpful: feedback.No})
	assert.NotEqual(t, f.ID, again.ID, "whoever comes back is somebody new")
	_, err = d.Get(portal(itsm.Erased), f.ID)
	require.ErrorIs(t, err, itsm.ErrNotFound, "what was erased belongs to nobody")
}
