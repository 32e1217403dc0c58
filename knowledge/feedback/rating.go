package feedback

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
)

// Rating is what people say of an article.
type Rating struct {
	Article itsm.Ref `json:"article"`
	// Total is over all editions.
	Total Score `json:"total"`
	// Editions are those that something is said of, the newest first.
	Editions []Edition `json:"editions,omitempty"`
}

// Edition is what people say of one edition.
type Edition struct {
	Edition int64 `json:"edition"`
	Score
}

// Score counts verdicts. What was withdrawn is not counted.
type Score struct {
	// Verdicts are those who said whether it helped; Helpful said yes.
	Verdicts int64 `json:"verdicts"`
	Helpful  int64 `json:"helpful"`
	// Starred gave stars, and Stars is their sum.
	Starred int64 `json:"starred"`
	Stars   int64 `json:"stars"`
	// Flags are open, with a verdict or without.
	Flags int64 `json:"flags"`
}

// Share is the share of verdicts that say yes, 0 to 1; false where there is none.
func (s Score) Share() (float64, bool) { return ratio(s.Helpful, s.Verdicts) }

// Mean is the mean of the stars, 1 to 5; false where nobody gave any.
func (s Score) Mean() (float64, bool) { return ratio(s.Stars, s.Starred) }

// Rank is what to rank by, 0 to 1: the lower bound of the share at 95% confidence ([Wilson]). One yes of one ranks below 90
// of 100, and an article without a verdict last.
func (s Score) Rank() float64 { return Wilson(s.Helpful, s.Verdicts, 1.959964) }

func ratio(part, of int64) (float64, bool) {
	if of == 0 {
		return 0, false
	}
	return float64(part) / float64(of), true
}

// Wilson is the lower bound of the score interval of E. B. Wilson (Probable Inference, the Law of Succession, and Statistical
// Inference, Journal of the American Statistical Association 22, 1927, pages 209 to 212): with p = yes/n, and z the quantile
// of the normal distribution (1.96 for 95%),
//
//	(p + z²/2n − z·√(p(1−p)/n + z²/4n²)) / (1 + z²/n)
//
// It is 0 where nobody says yes. More than n cannot.
func Wilson(yes, n int64, z float64) float64 {
	if yes <= 0 || n <= 0 {
		return 0
	}
	count := float64(n)
	p := float64(min(yes, n)) / count
	return (p + z*z/(2*count) - z*math.Sqrt(p*(1-p)/count+z*z/(4*count*count))) / (1 + z*z/count)
}

// Rating answers what people say of an article, of what the actor may see: a requester sees the own verdict alone, so a
// page for readers asks as the system.
//
// It is one count by an indexed column of the article's feedback: its cost grows with how many people said something of
// that article, and with nothing else. An article that is rated in more than about 270 editions may be refused
// ([itsm.Records.CountBy]).
func (s *Feedbacks) Rating(ctx context.Context, article itsm.Ref) (Rating, error) {
	rating := Rating{Article: article}
	of := itsm.Where("article").Is(article.String())
	buckets, err := s.CountBy(ctx, "tally", itsm.Query{Filter: &of})
	if err != nil {
		return rating, err
	}
	editions := map[int64]*Score{}
	for _, b := range buckets {
		parts := strings.Split(b.Value.Text(), "/")
		edition, err := strconv.ParseInt(parts[0], 10, 64)
		if err != nil || len(parts) != 4 { // what counts for nothing has no tally
			continue
		}
		if editions[edition] == nil {
			editions[edition] = &Score{}
		}
		for _, score := range []*Score{editions[edition], &rating.Total} {
			score.add(parts[1:], b.Count)
		}
	}
	for edition, score := range editions {
		rating.Editions = append(rating.Editions, Edition{edition, *score})
	}
	slices.SortFunc(rating.Editions, func(a, b Edition) int { return cmp.Compare(b.Edition, a.Edition) })
	return rating, nil
}

// add counts so many records of a tally: the answer, the stars, and whether a flag is open.
func (s *Score) add(tally []string, records int64) {
	if tally[0] != "" {
		s.Verdicts += records
	}
	if Answer(tally[0]) == Yes {
		s.Helpful += records
	}
	if stars, err := strconv.ParseInt(tally[1], 10, 64); err == nil && stars > 0 {
		s.Starred += records
		s.Stars += stars * records
	}
	if tally[2] != "" {
		s.Flags += records
	}
}

// Views counts how often an article was read in a time: each person once a day and edition.
type Views struct {
	Total int64 `json:"total"`
	// Editions are those that were read, the newest first.
	Editions []EditionViews `json:"editions,omitempty"`
}

// EditionViews counts how often an edition was read.
type EditionViews struct {
	Edition int64 `json:"edition"`
	Views   int64 `json:"views"`
}

// Viewed notes that the actor read an edition of an article: once a day, whatever is asked for, as long as the desk knows
// idempotency keys for a day ([itsm.Config.Remember]). It is refused where the actor may not read the article.
//
// Each reading is a small record of its own, so that readers never wait for each other: it costs as much as making any
// record, and a second one on the same day a look at a key. Who read what is personal: it is erased with the person.
func (s *Feedbacks) Viewed(ctx context.Context, article itsm.Ref, edition int64) error {
	day := s.Kernel().Clock().Now().UTC().Format(time.DateOnly)
	once, err := onceA(ctx, article.String(), strconv.FormatInt(edition, 10), day)
	if err != nil {
		return err
	}
	_, err = s.view.Do(ctx, View{article, edition}, once)
	return err
}

func (s *Feedbacks) viewed(u *itsm.Unit, r *Reading, v View) (err error) {
	r.Article, r.Edition = v.Article, v.Edition
	r.Caller, err = s.reader(u, v.Article, v.Edition)
	return err
}

// Views counts the readings of an article in [from, to), of those that the actor may see. Its cost grows with how many there
// are of that article.
func (s *Feedbacks) Views(ctx context.Context, article itsm.Ref, from, to time.Time) (Views, error) {
	in := itsm.All(
		itsm.Where("article").Is(article.String()),
		itsm.Where("created_at").AtLeast(field.Instant(from)), itsm.Where("created_at").Before(field.Instant(to)),
	)
	buckets, err := s.Readings.CountBy(ctx, "edition", itsm.Query{Filter: &in})
	var views Views
	for _, b := range slices.Backward(buckets) {
		views.Total += b.Count
		views.Editions = append(views.Editions, EditionViews{b.Value.Int(), b.Count})
	}
	return views, err
}
