package problem

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/itsmkit/itsmkit/itsm"
)

// TrendRule finds what happens again and again: incidents that share something, of which in the last Window there are Least
// or more, or more than in the windows before.
type TrendRule struct {
	Name string
	// By is what they share.
	By Shared
	// Window is the time that is looked at, elapsed; the last one ends now.
	Window time.Duration
	// Least is how many incidents are a trend by themselves; 0 looks at rises only.
	Least int
	// Rising is how many times as many as on average in the Past windows before are a rise, 3 incidents at least; 0 looks at none.
	Rising float64
	// Past is how many windows before are looked at; 0 is 4.
	Past int
	// Alike is how much of the words of two titles is the same where they are alike, of [ByText]: from 0 to 1; 0 is 0.6.
	Alike float64
}

// Shared is what incidents have in common.
type Shared string

// What incidents may share.
const (
	ByItem     Shared = "item"
	ByService  Shared = "service"
	ByCategory Shared = "category"
	ByText     Shared = "text" // titles that are alike
)

// Sighting is an incident as trends see it.
type Sighting struct {
	Incident itsm.Ref
	At       time.Time
	Items    []string
	Service  string
	Category string
	Title    string
}

// Trend is what a rule found, with its evidence.
type Trend struct {
	Rule string
	// Key is what the incidents share: "router1", or the words that titles have in common.
	By  Shared
	Key string
	// Count is how many there are in (Since, Until], and Mean how many there were in each window before.
	Count        int
	Mean         float64
	Since, Until time.Time
	// Incidents are they, the oldest first.
	Incidents []itsm.Ref
}

const (
	defaultPast  = 4
	defaultAlike = 0.6
	leastRise    = 3
)

// Check lists all that is wrong with a rule.
func (r TrendRule) Check() error {
	var faults []error
	fault := func(wrong bool, where, what string) {
		if wrong {
			faults = append(faults, itsm.Invalid(where, what))
		}
	}
	fault(strings.TrimSpace(r.Name) == "", "Name", "a rule has a name")
	fault(!slices.Contains([]Shared{ByItem, ByService, ByCategory, ByText}, r.By), "By", "incidents share an item, a service, a category or a text")
	fault(r.Window <= 0, "Window", "a window is more than 0")
	fault(r.Least < 0 || r.Rising < 0 || r.Past < 0, "Least", "numbers are 0 or more")
	fault(r.Least == 0 && r.Rising == 0, "Least", "say how many are a trend, or how much more")
	fault(r.Least == 1, "Least", "one incident is no trend")
	fault(r.Alike < 0 || r.Alike > 1, "Alike", "titles are alike from 0 to 1")
	return errors.Join(faults...)
}

func (r TrendRule) past() int { return cmp.Or(r.Past, defaultPast) }

// Reach is how far back a rule looks.
func (r TrendRule) Reach() time.Duration { return r.Window * time.Duration(r.past()+1) }

// Find answers the trends at an instant, the largest first. It is a pure function. Known incidents, where known is given, were
// looked at before: they count for the past and are no evidence. Cost: once through the sightings that the rule reaches, and with
// [ByText] through those that share words. Sightings in the order of their time are not sorted again.
func (r TrendRule) Find(sightings []Sighting, now time.Time, known func(itsm.Ref) bool) []Trend {
	if !slices.IsSortedFunc(sightings, byTime) {
		sightings = slices.SortedStableFunc(slices.Values(sightings), byTime)
	}
	since, first := now.Add(-r.Window), now.Add(-r.Reach())
	from, _ := slices.BinarySearchFunc(sightings, first, func(s Sighting, at time.Time) int { return afterOf(s.At, at) })
	until, _ := slices.BinarySearchFunc(sightings, now, func(s Sighting, at time.Time) int { return afterOf(s.At, at) })
	type group struct {
		evidence []itsm.Ref
		before   int
	}
	groups := map[string]*group{}
	keys := r.keys(sightings[from:until])
	for i := range sightings[from:until] {
		s := &sightings[from+i]
		fresh := s.At.After(since)
		if fresh && known != nil && known(s.Incident) {
			continue
		}
		for _, key := range keys(i) {
			g := groups[key]
			if g == nil {
				g = &group{}
				groups[key] = g
			}
			if fresh {
				g.evidence = append(g.evidence, s.Incident)
			} else {
				g.before++
			}
		}
	}
	var found []Trend
	for key, g := range groups {
		n, mean := len(g.evidence), float64(g.before)/float64(r.past())
		many := r.Least > 0 && n >= r.Least
		rise := r.Rising > 0 && n >= leastRise && float64(n) >= r.Rising*mean
		if many || rise {
			found = append(found, Trend{Rule: r.Name, By: r.By, Key: key, Count: n, Mean: mean, Since: since, Until: now, Incidents: g.evidence})
		}
	}
	slices.SortFunc(found, func(a, b Trend) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Key, b.Key))
	})
	return found
}

func byTime(a, b Sighting) int { return a.At.Compare(b.At) }

// afterOf finds the first that is after an instant.
func afterOf(at, bound time.Time) int {
	if at.After(bound) {
		return 1
	}
	return -1
}

// keys answers what the sighting of a place shares with others.
func (r TrendRule) keys(sightings []Sighting) func(place int) []string {
	one := make([]string, 1)
	single := func(s string) []string {
		if s == "" {
			return nil
		}
		one[0] = s
		return one
	}
	switch r.By {
	case ByItem:
		return func(i int) []string {
			items := sightings[i].Items
			if len(items) < 2 {
				return items
			}
			items = slices.Clone(items)
			slices.Sort(items)
			return slices.Compact(items)
		}
	case ByService:
		return func(i int) []string { return single(sightings[i].Service) }
	case ByCategory:
		return func(i int) []string { return single(sightings[i].Category) }
	}
	names := alike(sightings, cmp.Or(r.Alike, defaultAlike))
	return func(i int) []string { return single(names[i]) }
}

// maxCommon is from how many titles on a word is too common to find titles that are alike by.
const maxCommon = 500

// alike puts titles that are alike together: each to the first title before it of whose words enough are the same (the
// Jaccard index), and answers the words of that title. A title without a word is alike to none.
func alike(sightings []Sighting, least float64) []string {
	names := make([]string, len(sightings))
	type cluster struct {
		name  string
		words []string
	}
	var clusters []cluster
	having := map[string][]int{} // clusters by word
	for i := range sightings {
		words := significant(sightings[i].Title)
		if len(words) == 0 {
			continue
		}
		shared := map[int]int{}
		for _, w := range words {
			if in := having[w]; len(in) <= maxCommon {
				for _, c := range in {
					shared[c]++
				}
			}
		}
		best, score := -1, 0.0
		for c, n := range shared {
			j := float64(n) / float64(len(words)+len(clusters[c].words)-n)
			if j >= least && (best < 0 || j > score || j == score && c < best) {
				best, score = c, j
			}
		}
		if best < 0 {
			best = len(clusters)
			clusters = append(clusters, cluster{strings.Join(words, " "), words})
			for _, w := range words {
				having[w] = append(having[w], best)
			}
		}
		names[i] = clusters[best].name
	}
	return names
}

// significant are the words of a title that say something, sorted, each once: without numbers, and without what every
// title has.
func significant(title string) []string {
	words := strings.FieldsFunc(strings.ToLower(title), func(r rune) bool { return !unicode.IsLetter(r) })
	words = slices.DeleteFunc(words, func(w string) bool { return len([]rune(w)) < 3 || slices.Contains(common, w) })
	slices.Sort(words)
	return slices.Compact(words)
}

// common are words that tell no titles apart.
var common = []string{
	"and", "are", "can", "cannot", "does", "error", "for", "from", "has", "have", "help", "not", "please", "problem", "since", "the",
	"this", "very", "with", "when", "der", "die", "das", "ein", "eine", "ist", "nicht", "und", "les", "des", "une", "est", "pas",
}

// String is the trend in words.
func (t Trend) String() string {
	return fmt.Sprintf("%d incidents with the same %s (%s), %.1f before", t.Count, t.By, t.Key, t.Mean)
}
