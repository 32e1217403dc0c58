package approval_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/approval"
)

// stage is a set of votes, and who of them is mandatory.
type stage struct {
	rule      approval.Rule
	votes     []approval.Choice
	mandatory []bool
}

func (s stage) decide() approval.Decision {
	return s.rule.Decide(len(s.votes), func(i int) (approval.Choice, bool) { return s.votes[i], s.mandatory[i] })
}

// accepts says what a stage comes to in which everybody voted: the words of the rule, not its code.
func (s stage) accepts() bool {
	yes, base := 0, 0
	for i, v := range s.votes {
		if v == approval.Accept {
			yes++
		} else if s.mandatory[i] {
			return false
		}
		if v != approval.Abstain {
			base++
		}
	}
	if yes == 0 {
		return false // nobody accepted: the need is one at least
	}
	var p, n int
	switch text := s.rule.String(); {
	case text == "any":
		return true
	case text == "all":
		return yes == len(s.votes)
	case text == "majority":
		return 2*yes > base
	case text[len(text)-1] == '%':
		_, _ = fmt.Sscanf(text, "%d%%", &p)
		return yes*100 >= p*base
	default:
		_, _ = fmt.Sscanf(text, "%d", &n)
		return yes >= n
	}
}

// outcomes says whether some, and whether all ends of a stage with open votes accept.
func (s stage) outcomes() (some, all bool) {
	open := slices.Index(s.votes, "")
	if open < 0 {
		a := s.accepts()
		return a, a
	}
	all = true
	for _, c := range choices {
		s.votes[open] = c
		x, y := s.outcomes()
		some, all = some || x, all && y
	}
	s.votes[open] = ""
	return some, all
}

var choices = []approval.Choice{approval.Accept, approval.Refuse, approval.Abstain}

// TestEveryVote goes through all ways in which up to five people vote one after the other, or have not yet, under all rules
// and with all sets of mandatory voters: it is accepted exactly when every end would be, refused exactly when none would, so
// at the earliest vote possible, and never otherwise afterwards. As what it is asked is the set of votes, their order is
// nothing to it.
func TestEveryVote(t *testing.T) {
	for n := 1; n <= 5; n++ {
		rules := []approval.Rule{approval.All, approval.Any, approval.Majority}
		for k := 1; k <= n; k++ {
			rules = append(rules, approval.Count(k))
		}
		for _, p := range []int{1, 20, 25, 33, 34, 50, 51, 60, 66, 67, 75, 80, 99, 100} {
			rules = append(rules, approval.Percent(p))
		}
		for _, rule := range rules {
			for set := range 1 << n {
				s := stage{rule, make([]approval.Choice, n), make([]bool, n)}
				for i := range n {
					s.mandatory[i] = set&(1<<i) != 0
				}
				s.walk(t, 0)
			}
		}
	}
}

func (s stage) walk(t *testing.T, i int) {
	if i == len(s.votes) {
		some, all := s.outcomes()
		want := approval.Waiting
		switch {
		case all:
			want = approval.Accepted
		case !some:
			want = approval.Refused
		}
		if got := s.decide(); got.Status != want {
			require.Equal(t, want, got.Status, "%s %v mandatory %v: %+v", s.rule, s.votes, s.mandatory, got)
		}
		return
	}
	for _, c := range append(choices, "") {
		s.votes[i] = c
		s.walk(t, i+1)
	}
	s.votes[i] = ""
}

func TestNeed(t *testing.T) {
	for _, c := range []struct {
		rule              approval.Rule
		voters, abstained int
		need              int
	}{
		{approval.All, 5, 2, 5},
		{approval.Any, 5, 5, 1},
		{approval.Count(3), 5, 4, 3},
		{approval.Percent(50), 5, 0, 3},
		{approval.Percent(50), 5, 1, 2},
		{approval.Percent(50), 5, 5, 1},
		{approval.Percent(1), 200, 0, 2},
		{approval.Majority, 4, 0, 3},
		{approval.Majority, 4, 1, 2},
		{approval.Majority, 4, 4, 1},
		{approval.Rule{}, 4, 0, 4},
	} {
		assert.Equal(t, c.need, c.rule.Need(c.voters, c.abstained), "%s of %d, %d abstained", c.rule, c.voters, c.abstained)
	}
}

func TestReasons(t *testing.T) {
	s := stage{approval.Count(2), []approval.Choice{approval.Refuse, "", approval.Refuse}, []bool{true, false, false}}
	reasons := s.decide().Reasons()
	require.Len(t, reasons, 2)
	assert.Equal(t, approval.ReasonMandatory, reasons[0].Code)
	assert.Equal(t, approval.ReasonTooFew, reasons[1].Code)
	assert.Equal(t, map[string]string{"accepted": "0", "need": "2", "open": "1"}, reasons[1].Args)
	s = stage{approval.Any, []approval.Choice{approval.Accept, ""}, []bool{false, true}}
	assert.Equal(t, approval.ReasonMissing, s.decide().Reasons()[0].Code)
}

func FuzzRule(f *testing.F) {
	for _, text := range []string{"all", "any", "majority", "2", "60%", "", "0", "-1", "101%", "١", "+2", "2 "} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var r approval.Rule
		if r.UnmarshalText([]byte(text)) != nil {
			return
		}
		if text != "" {
			assert.Equal(t, text, r.String())
		}
		need := r.Need(200, 0)
		assert.True(t, need >= 1 && need <= 200, "%q needs %d", text, need)
	})
}

func ExampleRule_Decide() {
	votes := []approval.Choice{approval.Accept, approval.Abstain, "", ""}
	d := approval.Percent(60).Decide(len(votes), func(i int) (approval.Choice, bool) { return votes[i], i == 3 })
	fmt.Println(d.Status, d.Need, "of", d.Accepted+d.Refused+d.Open)
	votes[3] = approval.Accept // the mandatory one
	d = approval.Percent(60).Decide(len(votes), func(i int) (approval.Choice, bool) { return votes[i], i == 3 })
	fmt.Println(d.Status)
	// Output:
	// waiting 2 of 3
	// accepted
}

// BenchmarkDecide decides a stage of fifty voters, beside a count of an array.
func BenchmarkDecide(b *testing.B) {
	s := stage{approval.Percent(60), make([]approval.Choice, 50), make([]bool, 50)}
	for i := range s.votes {
		s.votes[i] = append(choices, "")[i%4]
	}
	b.Run("decide", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			s.decide()
		}
	})
	b.Run("floor:_a_count", func(b *testing.B) {
		for b.Loop() {
			n := 0
			for _, v := range s.votes {
				if v == approval.Accept {
					n++
				}
			}
		}
	})
}
