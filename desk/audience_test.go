package desk_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/itsmkit/itsmkit/desk"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/knowledge"
	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/search"
)

// shelf is what the test knows of an article.
type shelf struct {
	state    lifecycle.State
	audience knowledge.Audience // of what is published
	next     knowledge.Audience
	writing  bool
	by       string // its replacement
}

// TestNobodySeesWhatIsNotForThem gives articles random audiences, languages and lives, and holds what each reader reads,
// lists, counts, finds, is suggested and redirected to against who is to see what.
func TestNobodySeesWhatIsNotForThem(t *testing.T) {
	people := itsmtest.Directory{
		People: []itsm.Profile{{ID: "cleo"}, {ID: "hanna"}, {ID: "ben"}, {ID: "max"}},
		Groups: []itsm.Group{{ID: "hr", Members: []string{"hanna", "ben"}}, {ID: "it", Members: []string{"max"}}},
	}
	readers := map[string]itsm.Actor{
		"cleo": itsmtest.Requester("cleo"), "hanna": itsmtest.Requester("hanna"), "ben": itsmtest.Agent("ben"), "max": itsmtest.Manager("max"),
	}
	tokens := []string{knowledge.Public, knowledge.Requesters, knowledge.Agents, knowledge.Group("hr"), knowledge.Group("it")}
	rapid.Check(t, func(rt *rapid.T) {
		clock := itsmtest.NewClock(time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC))
		d, err := desk.Open(context.Background(), desk.Config{Clock: clock, Directory: people})
		require.NoError(rt, err)
		clock.Attach(d.Kernel)
		root := itsmtest.As(context.Background(), itsmtest.Administrator("root"))
		known, ids := map[string]*shelf{}, []string{}
		audience := func() knowledge.Audience {
			some := rapid.SliceOfNDistinct(rapid.SampledFrom(tokens), 1, 2, rapid.ID)
			a := knowledge.Audience{Allow: some.Draw(rt, "allow")}
			if rapid.Bool().Draw(rt, "denied") {
				a.Deny = some.Draw(rt, "deny")
			}
			return a
		}
		content := func(a knowledge.Audience) knowledge.Content {
			return knowledge.Content{Text: knowledge.Text{Title: "Parking", Body: "Behind the house."}, Audience: a}
		}
		must := func(_ knowledge.Article, err error) { require.NoError(rt, err) }
		for range rapid.IntRange(1, 25).Draw(rt, "steps") {
			if rapid.Bool().Draw(rt, "asked") {
				require.NoError(rt, d.Search.CatchUp(root))
			}
			id := ""
			if len(ids) > 0 {
				id = rapid.SampledFrom(ids).Draw(rt, "article")
			}
			s := known[id]
			act := rapid.IntRange(0, 6).Draw(rt, "act")
			switch {
			case act == 0 || s == nil:
				a := audience()
				locale := rapid.SampledFrom([]string{"en", "de", "fr-CA"}).Draw(rt, "locale")
				made, err := d.Articles.Draft(root, knowledge.Draft{Content: content(a), Locale: locale})
				require.NoError(rt, err)
				ids = append(ids, made.ID)
				known[made.ID] = &shelf{state: knowledge.StateDraft, next: a, writing: true}
			case act == 1 && s.writing && (s.state == knowledge.StateDraft || s.state == knowledge.StatePublished || s.state == knowledge.StateExpired):
				publication := knowledge.Publication{}
				if rapid.Bool().Draw(rt, "ends") {
					publication.ValidTo = clock.Now().Add(time.Hour)
				}
				must(d.Articles.Publish(root, id, publication))
				s.state, s.audience, s.writing = knowledge.StatePublished, s.next, false
			case act == 2 && !s.writing && (s.state == knowledge.StatePublished || s.state == knowledge.StateExpired):
				must(d.Articles.Revise(root, id))
				s.next, s.writing = s.audience, true
			case act == 3 && s.writing:
				s.next = audience()
				must(d.Articles.Write(root, id, knowledge.Writing{Content: content(s.next)}))
			case act == 4:
				require.NoError(rt, clock.Advance(root, 2*time.Hour))
				for _, id := range ids {
					a, err := d.Articles.Get(root, id)
					require.NoError(rt, err)
					known[id].state = a.State
				}
			case act == 5 && (s.state == knowledge.StatePublished || s.state == knowledge.StateExpired):
				by := rapid.SampledFrom(ids).Draw(rt, "by")
				if other := known[by]; other == s || other.state != knowledge.StatePublished {
					by = ""
				}
				must(d.Articles.Retire(root, id, knowledge.Retirement{Reason: "better", Replacement: by}))
				s.state, s.by, s.writing = knowledge.StateRetired, by, false
			case act == 6 && s.state == knowledge.StateRetired:
				must(d.Articles.Restore(root, id))
				s.state, s.by, s.next, s.writing = knowledge.StateDraft, "", s.audience, true
			}
		}
		for name, actor := range readers {
			ctx := itsmtest.As(context.Background(), actor)
			mine, err := knowledge.Tokens(ctx, people, &actor)
			require.NoError(rt, err)
			requester := slices.Contains(actor.Roles, itsm.Requester)
			listed, found := []string{}, []string{}
			for _, id := range ids {
				s := known[id]
				included := s.audience.Includes(mine)
				if s.state == knowledge.StatePublished && included {
					found = append(found, id)
				}
				reads := included && (s.state == knowledge.StatePublished || s.state == knowledge.StateExpired)
				if !requester { // who writes articles sees those for them in every state, and before the first edition by what is written
					reads = included || len(s.audience.Allow) == 0 && s.next.Includes(mine)
				}
				if reads && (!requester || s.state == knowledge.StatePublished) {
					listed = append(listed, id)
				}
				_, err := d.Articles.Get(ctx, id)
				require.Equal(rt, reads, err == nil, "%s reads %s", name, id)

				end, way := id, included
				for known[end].state == knowledge.StateRetired && known[end].by != "" {
					way = way && known[end].audience.Includes(mine)
					end = known[end].by
				}
				if got, err := d.Articles.Follow(ctx, id); err == nil {
					require.Equal(rt, end, got.ID, "%s follows %s", name, id)
					require.True(rt, end == id || way, "%s was led along what is not for them", name)
					_, err = d.Articles.Get(ctx, end)
					require.NoError(rt, err)
				}
			}
			page, err := d.Articles.List(ctx, itsm.Query{Limit: 1000})
			require.NoError(rt, err)
			var got []string
			for _, a := range page.Records {
				got = append(got, a.ID)
			}
			require.ElementsMatch(rt, listed, got, "%s lists", name)
			n, err := d.Articles.Count(ctx, itsm.Query{})
			require.NoError(rt, err)
			require.EqualValues(rt, len(listed), n, "%s counts", name)
			hits, err := d.Search.Search(ctx, search.Query{Text: "parking", Limit: 100, Snippets: true})
			require.NoError(rt, err)
			got = nil
			for _, h := range hits.Hits {
				got = append(got, h.ID)
			}
			require.ElementsMatch(rt, found, got, "%s finds", name)
			require.Equal(rt, len(found), hits.Total)
			first, err := d.Search.Search(ctx, search.Query{Text: "parking", Limit: 1})
			require.NoError(rt, err)
			require.Equal(rt, len(found), first.Total, "%s sees how many there are", name)
			require.Len(rt, first.Hits, min(1, len(found)))
			help, err := d.Ask(ctx, "where is parking", 50)
			require.NoError(rt, err)
			got = nil
			for _, s := range help.Suggestions {
				got = append(got, s.Ref.ID)
			}
			require.ElementsMatch(rt, found, got, "%s is suggested", name)
			for _, locale := range []string{"de", "en"} {
				for _, id := range ids {
					if best, err := d.Articles.Best(ctx, id, locale); err == nil {
						require.Contains(rt, found, best.Article.ID, fmt.Sprint(name, " gets ", locale))
					}
				}
			}
		}
	})
}
