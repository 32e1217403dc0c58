package knowledge_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/approval"
	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/knowledge"
	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/problem"
	"github.com/itsmkit/itsmkit/search"
)

func TestAnArticleFromDraftToRetirement(t *testing.T) {
	f := open(t, byVera())
	a := f.draft(says("Connect to the VPN", "", knowledge.Public))
	assert.Equal(t, "KB0000001", a.ID)
	assert.Equal(t, "ann", a.Assignee, "the author owns it")
	_, err := f.Articles.Submit(f.ann, a.ID)
	f.refused(err, knowledge.ReasonBody)
	_, err = f.Articles.Write(f.ann, a.ID, knowledge.Writing{Content: says("Connect to the VPN", "Start the client.", knowledge.Public)})
	require.NoError(t, err)
	_, err = f.Articles.Publish(f.ann, a.ID, knowledge.Publication{})
	r := f.refused(err, knowledge.ReasonReview)
	assert.Equal(t, "all", r.Reasons[0].Args["policy"])
	a, err = f.Articles.Submit(f.ann, a.ID)
	require.NoError(t, err)
	assert.Equal(t, knowledge.StateReview, a.State)
	_, err = f.Articles.Publish(f.ann, a.ID, knowledge.Publication{})
	f.refused(err, knowledge.ReasonUndecided)
	_, err = f.Articles.Write(f.ann, a.ID, knowledge.Writing{Content: says("Other", "x", knowledge.Public)})
	f.refused(err, lifecycle.NotFromHere)
	f.vote(f.vera, a.ID, approval.Accept) // the author, who is an editor, too, was not asked
	a = f.publish(a.ID, knowledge.Publication{})
	assert.Equal(t, knowledge.StatePublished, a.State)
	assert.Equal(t, int64(1), a.Edition)
	assert.Equal(t, start, a.PublishedAt)

	a, err = f.Articles.Retire(f.ann, a.ID, knowledge.Retirement{Reason: "the VPN is gone"})
	require.NoError(t, err)
	assert.Equal(t, knowledge.StateRetired, a.State)
	_, err = f.Articles.Get(f.cleo, a.ID)
	require.ErrorIs(t, err, itsm.ErrNotFound)
	a, err = f.Articles.Restore(f.ann, a.ID)
	require.NoError(t, err)
	assert.Equal(t, knowledge.StateDraft, a.State)
	assert.Equal(t, "Start the client.", a.Next.Get().Body)
	_, err = f.Articles.Publish(f.ann, a.ID, knowledge.Publication{})
	f.refused(err, knowledge.ReasonReview)
	a, err = f.Articles.Discard(f.ann, a.ID, "for good")
	require.NoError(t, err)
	assert.Equal(t, knowledge.StateDiscarded, a.State)
	require.NoError(t, f.Verify(f.root, a.Ref()))
}

func TestWhatAReviewDoes(t *testing.T) {
	submitted := func(t *testing.T, c knowledge.Config) (*fixture, string) {
		f := open(t, c)
		id := f.draft(says("VPN", "Start it.", knowledge.Public)).ID
		_, err := f.Articles.Submit(f.ann, id)
		require.NoError(t, err)
		return f, id
	}
	t.Run("a refusal goes back with its reason", func(t *testing.T) {
		f, id := submitted(t, byVera())
		f.vote(f.vera, id, approval.Refuse)
		a := f.get(id)
		assert.Equal(t, knowledge.StateDraft, a.State)
		assert.Equal(t, knowledge.StepDraft, a.Step)
		assert.Contains(t, a.Reason, "editors")
	})
	t.Run("an edit takes another review", func(t *testing.T) {
		f, id := submitted(t, byVera())
		f.vote(f.vera, id, approval.Accept)
		_, err := f.Articles.Return(f.ann, id, "a typo")
		require.NoError(t, err)
		_, err = f.Articles.Write(f.ann, id, knowledge.Writing{Content: says("VPN", "Start it twice.", knowledge.Public)})
		require.NoError(t, err)
		_, err = f.Articles.Publish(f.ann, id, knowledge.Publication{})
		f.refused(err, knowledge.ReasonReview)
		_, err = f.Articles.Submit(f.ann, id)
		require.NoError(t, err)
		_, err = f.Articles.Publish(f.ann, id, knowledge.Publication{})
		f.refused(err, knowledge.ReasonUndecided)
	})
	t.Run("without an edit the review still counts", func(t *testing.T) {
		f, id := submitted(t, byVera())
		f.vote(f.vera, id, approval.Accept)
		_, err := f.Articles.Return(f.ann, id, "wait")
		require.NoError(t, err)
		f.publish(id, knowledge.Publication{})
	})
	t.Run("returning lapses the round", func(t *testing.T) {
		f, id := submitted(t, byVera())
		_, err := f.Articles.Return(f.ann, id, "a typo")
		require.NoError(t, err)
		ballots, err := f.Approvals.Waiting(f.vera)
		require.NoError(t, err)
		assert.Empty(t, ballots)
	})
	t.Run("the desk publishes what was accepted, where it is to", func(t *testing.T) {
		c := byVera()
		c.PublishAccepted = true
		f, id := submitted(t, c)
		f.vote(f.vera, id, approval.Accept)
		assert.Equal(t, knowledge.StatePublished, f.get(id).State)
	})
	t.Run("a policy is for what it matches", func(t *testing.T) {
		c := byVera()
		c.Review[0].When = itsm.Where("form").Is(knowledge.FormKnownError)
		f := open(t, c)
		f.published(says("VPN", "Start it.", knowledge.Public))
		known, err := f.Articles.Draft(f.ann, knowledge.KnownError("VPN drops", "It drops.", "", "", itsm.Ref{}))
		require.NoError(t, err)
		_, err = f.Articles.Publish(f.ann, known.ID, knowledge.Publication{})
		f.refused(err, knowledge.ReasonReview, knowledge.ReasonAudience)
	})
}

func TestReadersSeeTheLastEditionWhileTheNextIsWritten(t *testing.T) {
	f := open(t, byVera())
	a := f.draft(says("VPN", "First.", knowledge.Requesters))
	_, err := f.Articles.Submit(f.ann, a.ID)
	require.NoError(t, err)
	f.vote(f.vera, a.ID, approval.Accept)
	f.publish(a.ID, knowledge.Publication{})
	_, err = f.Articles.Write(f.ann, a.ID, knowledge.Writing{Content: says("VPN", "Second.", knowledge.Requesters)})
	f.refused(err, knowledge.ReasonNothingWritten)
	_, err = f.Articles.Revise(f.ann, a.ID)
	require.NoError(t, err)
	_, err = f.Articles.Revise(f.ann, a.ID)
	f.refused(err, knowledge.ReasonWritten)
	_, err = f.Articles.Write(f.ann, a.ID, knowledge.Writing{Content: says("VPN, new", "Second.", knowledge.Agents)})
	require.NoError(t, err)
	_, err = f.Articles.Submit(f.ann, a.ID)
	require.NoError(t, err)
	_, err = f.Articles.Publish(f.ann, a.ID, knowledge.Publication{})
	f.refused(err, knowledge.ReasonUndecided)

	seen, err := f.Articles.Get(f.cleo, a.ID)
	require.NoError(t, err)
	assert.Equal(t, "First.", seen.Published.Get().Body)
	assert.Equal(t, "VPN", seen.Title)
	f.vote(f.vera, a.ID, approval.Accept)
	published := f.publish(a.ID, knowledge.Publication{})
	assert.Equal(t, knowledge.StatePublished, published.State)
	assert.Equal(t, "VPN, new", published.Title)
	assert.Zero(t, published.Next)
	_, err = f.Articles.Get(f.cleo, a.ID)
	require.ErrorIs(t, err, itsm.ErrNotFound, "the second edition is for agents")

	_, err = f.Articles.Revise(f.ann, a.ID)
	require.NoError(t, err)
	left, err := f.Articles.Discard(f.ann, a.ID, "no need")
	require.NoError(t, err)
	assert.Equal(t, knowledge.StatePublished, left.State)
	assert.Zero(t, left.Next)
	_, err = f.Articles.Discard(f.ann, a.ID, "again")
	f.refused(err, knowledge.ReasonNothingWritten)
}

func TestEditionsAreKeptAndCompared(t *testing.T) {
	f := open(t, knowledge.Config{})
	id := f.published(says("VPN", "one\ntwo\nthree", knowledge.Public)).ID
	f.wait(time.Hour)
	f.revised(id, "one\n2\nthree\nfour")
	f.wait(time.Hour)
	_, err := f.Articles.Retire(f.ann, id, knowledge.Retirement{Reason: "gone"})
	require.NoError(t, err)

	editions, err := f.Articles.Editions(f.ann, id)
	require.NoError(t, err)
	require.Len(t, editions, 2)
	assert.Equal(t, "one\ntwo\nthree", editions[0].Body)
	assert.Equal(t, "ann", editions[0].By)
	assert.Equal(t, start.Add(time.Hour), editions[1].From)
	lines, err := f.Articles.Compare(f.ann, id, 1, 2)
	require.NoError(t, err)
	text := ""
	for _, d := range lines {
		text += string(d.Sign) + d.Line + "\n"
	}
	assert.Equal(t, " one\n-two\n+2\n three\n+four\n", text)
	_, err = f.Articles.Compare(f.ann, id, 1, 3)
	require.ErrorIs(t, err, itsm.ErrInvalid)

	for after, want := range map[time.Duration]string{0: "one\ntwo\nthree", 59 * time.Minute: "one\ntwo\nthree", time.Hour: "one\n2\nthree\nfour", 2 * time.Hour: ""} {
		c, err := f.Articles.TextAt(f.ann, id, start.Add(after))
		if want == "" {
			require.ErrorIs(t, err, itsm.ErrNotFound)
			continue
		}
		require.NoError(t, err)
		assert.Equal(t, want, c.Body, after)
		assert.Equal(t, []string{knowledge.Public}, c.Audience.Allow)
	}
	_, err = f.Articles.TextAt(f.ann, id, start.Add(-time.Second))
	require.ErrorIs(t, err, itsm.ErrNotFound)

	_, err = f.Articles.Restore(f.ann, id)
	require.NoError(t, err)
	_, err = f.Articles.TakeUp(f.ann, id, 7)
	f.refused(err, knowledge.ReasonEdition)
	a, err := f.Articles.TakeUp(f.ann, id, 1)
	require.NoError(t, err)
	assert.Equal(t, "one\ntwo\nthree", a.Next.Get().Body)
	assert.Equal(t, int64(3), f.publish(id, knowledge.Publication{}).Edition)
}

func TestPublicationOnADate(t *testing.T) {
	f := open(t, knowledge.Config{})
	friday := start.Add(4 * 24 * time.Hour)
	id := f.draft(says("VPN", "First.", knowledge.Public)).ID
	for _, wrong := range []knowledge.Publication{{ValidTo: start}, {At: friday, ValidTo: friday}, {ValidTo: start.Add(-time.Hour)}} {
		_, err := f.Articles.Publish(f.ann, id, wrong)
		f.refused(err, knowledge.ReasonDates)
	}
	a := f.publish(id, knowledge.Publication{At: friday, ValidTo: friday.Add(time.Hour)})
	assert.Equal(t, knowledge.StateScheduled, a.State)
	_, err := f.Articles.Return(f.ann, id, "not yet")
	require.NoError(t, err)
	f.wait(5 * 24 * time.Hour)
	assert.Equal(t, knowledge.StateDraft, f.get(id).State, "what was taken back is not published")

	sunday := f.clock.Now().Add(24 * time.Hour)
	f.publish(id, knowledge.Publication{At: sunday, ValidTo: sunday.Add(48 * time.Hour)})
	f.wait(25 * time.Hour)
	a = f.get(id)
	assert.Equal(t, knowledge.StatePublished, a.State)
	assert.Equal(t, sunday, a.PublishedAt)

	_, err = f.Articles.Revise(f.ann, id)
	require.NoError(t, err)
	later := f.clock.Now().Add(time.Hour)
	a = f.publish(id, knowledge.Publication{At: later})
	assert.Equal(t, knowledge.StatePublished, a.State)
	assert.Equal(t, knowledge.StepScheduled, a.Step)
	assert.Equal(t, int64(1), a.Edition)
	f.wait(time.Hour)
	a = f.get(id)
	assert.Equal(t, int64(2), a.Edition)
	assert.Zero(t, a.ValidTo, "the new edition says when it ends")
	f.wait(100 * 24 * time.Hour)
	assert.Equal(t, knowledge.StatePublished, f.get(id).State)
}

func TestExpiryRemindersAndRenewal(t *testing.T) {
	day := 24 * time.Hour
	f := open(t, knowledge.Config{ValidFor: 30 * day, Remind: []time.Duration{7 * day, day, 60 * day}})
	a := f.published(says("VPN", "First.", knowledge.Public))
	assert.Equal(t, start.Add(30*day), a.ValidTo)
	events := func() (names []string) {
		entries, err := f.Articles.History(f.ann, a.ID, 0, 0)
		require.NoError(t, err)
		for _, e := range entries[2:] {
			names = append(names, e.Event)
			assert.Equal(t, []string{"ann"}, e.People, "the owner")
		}
		return names
	}
	f.wait(22 * day)
	assert.Empty(t, events())
	found, err := f.Search.Search(f.cleo, search.Query{Text: "vpn"})
	require.NoError(t, err)
	assert.Len(t, found.Hits, 1)
	f.wait(7*day + time.Hour)
	assert.Equal(t, []string{"article.expiry_near", "article.expiry_near"}, events())
	f.wait(day)
	assert.Equal(t, []string{"article.expiry_near", "article.expiry_near", "article.expired"}, events())

	assert.Empty(t, f.reads(f.cleo), "what has expired is in no list")
	found, err = f.Search.Search(f.cleo, search.Query{Text: "vpn"})
	require.NoError(t, err)
	assert.Empty(t, found.Hits, "nor found")
	seen, err := f.Articles.Get(f.cleo, a.ID)
	require.NoError(t, err, "but read by who asks for it")
	assert.Equal(t, knowledge.StateExpired, seen.State)

	_, err = f.Articles.Renew(f.ann, a.ID, knowledge.Renewal{ValidTo: start})
	f.refused(err, knowledge.ReasonDates)
	renewed, err := f.Articles.Renew(f.ann, a.ID, knowledge.Renewal{})
	require.NoError(t, err)
	assert.Equal(t, knowledge.StatePublished, renewed.State)
	assert.Equal(t, f.clock.Now().Add(30*day), renewed.ValidTo)
	renewed, err = f.Articles.Renew(f.ann, a.ID, knowledge.Renewal{ValidTo: f.clock.Now().Add(90 * day)})
	require.NoError(t, err)
	f.wait(31 * day)
	assert.Equal(t, knowledge.StatePublished, f.get(renewed.ID).State, "the former end is forgotten")
	f.wait(60 * day)
	assert.Equal(t, knowledge.StateExpired, f.get(renewed.ID).State)

	_, err = f.Articles.Revise(f.ann, a.ID)
	require.NoError(t, err)
	fresh := f.publish(a.ID, knowledge.Publication{})
	assert.Equal(t, knowledge.StatePublished, fresh.State, "a new edition is valid again")
}

func TestRetiredArticlesLeadToTheirReplacement(t *testing.T) {
	f := open(t, knowledge.Config{})
	old := f.published(says("VPN", "Old.", knowledge.Public)).ID
	better := f.published(says("VPN", "Better.", knowledge.Public)).ID
	best := f.published(says("VPN", "Best.", knowledge.Public)).ID
	internal := f.published(says("VPN", "Internal.", knowledge.Agents)).ID
	draft := f.draft(says("VPN", "Draft.", knowledge.Public)).ID
	for _, wrong := range []string{old, draft, "KB9999999"} {
		_, err := f.Articles.Retire(f.ann, old, knowledge.Retirement{Reason: "better", Replacement: wrong})
		f.refused(err, knowledge.ReasonReplacement)
	}
	retire := func(id, by string) {
		_, err := f.Articles.Retire(f.ann, id, knowledge.Retirement{Reason: "better", Replacement: by})
		require.NoError(t, err)
	}
	retire(old, better)
	_, err := f.Articles.Retire(f.ann, better, knowledge.Retirement{Reason: "worse", Replacement: old})
	f.refused(err, knowledge.ReasonReplacement) // no circle closes
	retire(better, best)
	a, err := f.Articles.Follow(f.cleo, old)
	require.NoError(t, err)
	assert.Equal(t, best, a.ID)
	a, err = f.Articles.Follow(f.cleo, best)
	require.NoError(t, err)
	assert.Equal(t, best, a.ID)

	retire(best, internal)
	_, err = f.Articles.Follow(f.cleo, old)
	require.ErrorIs(t, err, itsm.ErrNotFound, "a redirect shows no more than a read")
	a, err = f.Articles.Follow(f.ann, old)
	require.NoError(t, err)
	assert.Equal(t, internal, a.ID)

	restricted := f.published(says("HR", "Secret.", knowledge.Group("hr"))).ID
	open := f.published(says("HR", "Open.", knowledge.Public)).ID
	retire(restricted, open)
	_, err = f.Articles.Follow(f.cleo, restricted)
	require.ErrorIs(t, err, itsm.ErrNotFound, "nor does it tell that there was one")
	_, err = f.Articles.Follow(f.hanna, restricted)
	require.NoError(t, err)
}

func TestTranslations(t *testing.T) {
	f := open(t, knowledge.Config{Locale: "en"})
	first := f.published(says("VPN", "Start it.", knowledge.Public)).ID
	translate := func(of, locale string) (knowledge.Article, error) {
		return f.Articles.Translate(f.ann, of, knowledge.Draft{Locale: locale, Content: knowledge.Content{Text: knowledge.Text{Title: "VPN " + locale, Body: locale}}})
	}
	de, err := translate(first, "de")
	require.NoError(t, err)
	assert.Equal(t, []string{knowledge.Public}, de.Next.Get().Audience.Allow, "for whom the original is")
	_, err = translate(first, "DE")
	f.refused(err, knowledge.ReasonTranslated)
	_, err = translate("KB9", "fr")
	require.ErrorIs(t, err, itsm.ErrNotFound)
	fr, err := translate(de.ID, "fr-CA")
	require.NoError(t, err)
	assert.Equal(t, first, fr.Family, "of the original, whichever is named")
	best := func(locales ...string) [2]string {
		b, err := f.Articles.Best(f.cleo, first, locales...)
		require.NoError(t, err)
		return [2]string{b.Article.Locale, b.Wanted}
	}
	assert.Equal(t, [2]string{"en", ""}, best("de"), "not published yet")
	f.publish(de.ID, knowledge.Publication{})
	f.publish(fr.ID, knowledge.Publication{})
	assert.Equal(t, [2]string{"de", "de-CH"}, best("de-CH"))
	assert.Equal(t, [2]string{"de", "de-Latn-x-mine"}, best("es", "de-Latn-x-mine", "fr-CA"))
	assert.Equal(t, [2]string{"en", ""}, best("fr"), "what is for Canada is not what is for all")
	assert.Equal(t, [2]string{"fr-CA", "FR-ca"}, best("FR-ca"))
	assert.Equal(t, [2]string{"en", ""}, best())

	stale := func() (list []string) {
		all, err := f.Articles.Translations(f.ann, fr.ID)
		require.NoError(t, err)
		assert.Equal(t, first, all[0].Article.ID)
		for _, tr := range all {
			if tr.Stale {
				list = append(list, tr.Article.Locale)
			}
		}
		return list
	}
	assert.Empty(t, stale())
	f.revised(first, "Start it twice.")
	assert.Equal(t, []string{"de", "fr-CA"}, stale())
	f.revised(de.ID, "Zweimal starten.")
	assert.Equal(t, []string{"fr-CA"}, stale())

	_, err = f.Articles.Retire(f.ann, first, knowledge.Retirement{Reason: "gone"})
	require.NoError(t, err)
	assert.Equal(t, [2]string{"de", ""}, best("es"), "any rather than none")
	_, err = f.Articles.Draft(f.ann, knowledge.Draft{Locale: "not a tag", Content: says("x", "x", knowledge.Public)})
	require.ErrorIs(t, err, itsm.ErrInvalid)
}

func TestForms(t *testing.T) {
	f := open(t, knowledge.Config{})
	a, err := f.Articles.Draft(f.ann, knowledge.Draft{
		Content: knowledge.Content{Text: knowledge.Text{Title: "Set up mail"}, Audience: knowledge.For(knowledge.Public)}, Form: knowledge.FormHowTo,
	})
	require.NoError(t, err)
	assert.Equal(t, "## Goal\n\n\n\n## Steps\n\n\n\n## Result\n", a.Next.Get().Body)
	_, err = f.Articles.Publish(f.ann, a.ID, knowledge.Publication{})
	r := f.refused(err, knowledge.ReasonSection)
	assert.Equal(t, "Steps", r.Reasons[0].Args["heading"])
	write := func(body string) error {
		_, err := f.Articles.Write(f.ann, a.ID, knowledge.Writing{Content: says("Set up mail", body, knowledge.Public)})
		require.NoError(t, err)
		_, err = f.Articles.Publish(f.ann, a.ID, knowledge.Publication{})
		return err
	}
	f.refused(write("```\n## Steps\nin code\n```\n"), knowledge.ReasonSection)
	f.refused(write("## Goal\ntext\n## Steps ##\n \n"), knowledge.ReasonSection)
	require.NoError(t, write("## Goal\ntext\n## Steps ##\n1. Open it.\n"))
	for _, wrong := range []knowledge.Draft{
		{Form: "poem", Content: says("x", "")},
		{Form: knowledge.FormHowTo, Content: says("x", "body"), Sections: map[string]string{"Steps": "x"}},
	} {
		_, err = f.Articles.Draft(f.ann, wrong)
		require.ErrorIs(t, err, itsm.ErrInvalid)
	}
}

func TestAKnownErrorBecomesAnArticle(t *testing.T) {
	f := open(t, knowledge.Config{})
	p, err := f.Problems.Report(f.ann, problem.Report{Title: "Mail is slow", Description: "It takes minutes.", Service: "mail"})
	require.NoError(t, err)
	_, err = f.Problems.PublishWorkaround(f.ann, p.ID, "Use the web mail.")
	require.NoError(t, err)
	p, err = f.Problems.DeclareKnownError(f.ann, p.ID)
	require.NoError(t, err)
	a := f.get(p.Article.ID)
	assert.Equal(t, knowledge.FormKnownError, a.Form)
	assert.Equal(t, "mail", a.Service)
	assert.Contains(t, a.Next.Get().Body, "## Workaround\n\nUse the web mail.\n")
	links, err := f.Articles.Links(f.ann, a.ID)
	require.NoError(t, err)
	require.Len(t, links, 1)
	assert.Equal(t, p.Ref(), links[0].To)
	assert.Equal(t, knowledge.DraftedFrom.Name, links[0].Name)
}

func TestWhatArticlesSolved(t *testing.T) {
	f := open(t, knowledge.Config{})
	id := f.published(says("VPN", "Start it.", knowledge.Public)).ID
	inc, err := f.Incidents.Report(f.cleo, incident.Report{Title: "No VPN"})
	require.NoError(t, err)
	for range 2 {
		_, err = f.Articles.SolvedBy(f.ann, inc.Ref(), id)
		require.NoError(t, err)
	}
	assert.Equal(t, int64(1), f.get(id).Solved, "once for each ticket")
	for _, wrong := range []itsm.Ref{{Kind: incident.Kind, ID: "INC9"}, {Kind: knowledge.Kind, ID: id}} {
		_, err = f.Articles.SolvedBy(f.ann, wrong, id)
		f.refused(err, knowledge.ReasonTicket)
	}
}

func TestWhatIsDue(t *testing.T) {
	day := 24 * time.Hour
	f := open(t, knowledge.Config{})
	soon := f.publish(f.draft(says("soon", "x", knowledge.Public)).ID, knowledge.Publication{ValidTo: start.Add(20 * day)}).ID
	late := f.publish(f.draft(says("late", "x", knowledge.Public)).ID, knowledge.Publication{ValidTo: start.Add(5 * day)}).ID
	f.publish(f.draft(says("far", "x", knowledge.Public)).ID, knowledge.Publication{ValidTo: start.Add(300 * day)})
	forever := f.published(says("forever", "x", knowledge.Public)).ID
	f.draft(says("draft", "x", knowledge.Public))
	f.wait(10 * day)
	due := func(s knowledge.Stale, q itsm.Query) (ids []string) {
		page, err := f.Articles.Due(f.ann, s, q)
		require.NoError(t, err)
		for _, a := range page.Records {
			ids = append(ids, a.ID)
		}
		return ids
	}
	assert.Equal(t, []string{late}, due(knowledge.Stale{}, itsm.Query{}))
	assert.Equal(t, []string{late, soon}, due(knowledge.Stale{Ending: 14 * day}, itsm.Query{}))
	assert.Len(t, due(knowledge.Stale{Unreviewed: 9 * day}, itsm.Query{}), 4)
	_, err := f.Articles.Renew(f.ann, forever, knowledge.Renewal{})
	require.NoError(t, err)
	assert.Len(t, due(knowledge.Stale{Unreviewed: 9 * day}, itsm.Query{}), 3)
	mine := itsm.Where("assignee").Is("vera")
	assert.Empty(t, due(knowledge.Stale{Ending: 14 * day}, itsm.Query{Filter: &mine}))
}

func TestADeskThatSaysWhatIsWrong(t *testing.T) {
	_, err := deskWith(knowledge.Config{
		Locale: "x", ValidFor: -1, Remind: []time.Duration{0}, Forms: []knowledge.Form{{Name: "a"}, {Name: "a"}, {Sections: []knowledge.Section{{Heading: " "}}}},
		Review: []knowledge.ReviewPolicy{{Name: ""}},
	})
	for _, where := range []string{"Locale", "ValidFor", "Remind[0]", "Forms[1].Name", "Forms[2]", "Review[0]"} {
		require.ErrorContains(t, err, where)
	}
	_, err = deskWith(knowledge.Config{Review: []knowledge.ReviewPolicy{{
		Name: "x", When: itsm.Where("nowhere").Equals(field.Int(1)), Stages: []approval.Stage{{Name: "s"}},
	}}})
	require.ErrorContains(t, err, "nowhere")
}
