package feedback_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/knowledge/feedback"
)

// Whatever people do: a record is the fold of its events at every version, a person has one record an edition, and a
// rating is what a count over all records comes to.
func TestLawsOfFeedback(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := open(t, feedback.Config{Within: 3 * time.Hour})
		people := []context.Context{d.bob, d.carl, d.ann, portal("dora")}
		articles := []itsm.Ref{vpn, mail, secret}
		seen := map[itsm.Ref]map[int64]feedback.Feedback{}
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			who := people[rapid.IntRange(0, len(people)-1).Draw(t, "who")]
			article := articles[rapid.IntRange(0, 2).Draw(t, "article")]
			edition := rapid.Int64Range(1, 2).Draw(t, "edition")
			id := fmt.Sprintf("FBK%07d", rapid.IntRange(1, 8).Draw(t, "number"))
			var err error
			switch rapid.IntRange(0, 6).Draw(t, "command") {
			case 0, 1:
				_, err = d.Give(who, feedback.Verdict{
					Article: article, Edition: edition, Stars: rapid.IntRange(0, 6).Draw(t, "stars"), Comment: "so it is",
					Helpful: rapid.SampledFrom([]feedback.Answer{feedback.Yes, feedback.No}).Draw(t, "answer"),
				})
			case 2:
				_, err = d.Flag(who, feedback.Fault{Article: article, Edition: edition, Reason: rapid.SampledFrom(feedback.Reasons()).Draw(t, "why")})
			case 3:
				_, err = d.Withdraw(who, id)
			case 4:
				_, err = d.Handle(d.ann, id, "done")
			case 5:
				_, err = d.Dismiss(d.ann, id, "no")
			case 6:
				d.advance(time.Duration(rapid.IntRange(1, 100).Draw(t, "minutes")) * time.Minute)
			}
			expected := []itsm.Code{"refused", itsm.ErrInvalid.Code, itsm.ErrDenied.Code, itsm.ErrNotFound.Code}
			if err != nil && !slices.Contains(expected, itsm.CodeOf(err)) {
				t.Fatalf("a command failed: %v", err)
			}
			for f, err := range d.All(d.root, itsm.Query{}) {
				require.NoError(t, err)
				if seen[f.Ref()] == nil {
					seen[f.Ref()] = map[int64]feedback.Feedback{}
				}
				seen[f.Ref()][f.Version] = f
			}
		}
		type place struct {
			caller  string
			article itsm.Ref
			edition int64
		}
		by, last := map[place]string{}, []feedback.Feedback{}
		for ref, versions := range seen {
			require.NoError(t, d.k.Verify(d.root, ref))
			for version, was := range versions {
				is, err := d.k.At(d.root, ref, version)
				require.NoError(t, err)
				require.Equal(t, &was, is, "%s at version %d", ref, version)
			}
			f, err := d.Get(d.root, ref.ID)
			require.NoError(t, err)
			at := place{f.Caller, f.Article, f.Edition}
			require.Empty(t, by[at], "two records of one person and edition")
			by[at] = ref.ID
			require.Equal(t, f.State == feedback.StateOpen, f.Header().Open())
			require.Equal(t, f.State == feedback.StateOpen && !d.clock.Now().Before(f.Due) || f.Overdue, f.Overdue, "it is told in time")
			last = append(last, f)
		}
		for _, article := range articles {
			require.Equal(t, counted(article, last), d.rating(article))
		}
	})
}

// counted is a rating, counted one by one.
func counted(article itsm.Ref, all []feedback.Feedback) feedback.Rating {
	rating := feedback.Rating{Article: article}
	for edition := int64(9); edition > 0; edition-- {
		score, any := feedback.Score{}, false
		for _, f := range all {
			if f.Article != article || f.Edition != edition || f.State == feedback.StateWithdrawn {
				continue
			}
			for _, s := range []*feedback.Score{&score, &rating.Total} {
				if f.Helpful != "" {
					s.Verdicts++
				}
				if f.Helpful == feedback.Yes {
					s.Helpful++
				}
				if f.Stars > 0 {
					s.Starred++
					s.Stars += int64(f.Stars)
				}
				if f.State == feedback.StateOpen {
					s.Flags++
				}
			}
			any = any || f.Helpful != "" || f.State == feedback.StateOpen
		}
		if any {
			rating.Editions = append(rating.Editions, feedback.Edition{Edition: edition, Score: score})
		}
	}
	return rating
}

// The bound lies below the share and comes closer with every verdict.
func TestLawsOfTheBound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Range(1, 10_000).Draw(t, "n")
		yes := rapid.Int64Range(0, n).Draw(t, "yes")
		s, twice := feedback.Score{Helpful: yes, Verdicts: n}, feedback.Score{Helpful: 2 * yes, Verdicts: 2 * n}
		share, _ := s.Share()
		assert.GreaterOrEqual(t, s.Rank(), 0.0)
		assert.LessOrEqual(t, s.Rank(), share)
		assert.GreaterOrEqual(t, twice.Rank(), s.Rank())
		if yes < n {
			assert.Greater(t, feedback.Score{Helpful: yes + 1, Verdicts: n}.Rank(), s.Rank())
		}
	})
}
