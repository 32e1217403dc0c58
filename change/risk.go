package change

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
)

// RiskPolicy judges how risky a change is, in up to three ways: rules on its fields, a weighted questionnaire, and the
// history of its group, service and template. All that are configured run; the highest answer wins, and the
// [Assessment] says why. The zero policy finds every change low.
type RiskPolicy struct {
	// Rules give a level to changes that match; all that match count.
	Rules []RiskRule
	// Questions are answered by people; the sum of weight × score over all answered ones is compared with Thresholds. A
	// question that is Required and not answered keeps a normal change from being submitted.
	Questions  []Question
	Thresholds []Threshold
	// History looks back at what became of changes.
	History HistoryRisk
}

// RiskRule gives changes that match a level.
type RiskRule struct {
	Name  string
	When  itsm.Filter
	Level itsm.Level
}

// Question is one of the questionnaire, with its answers.
type Question struct {
	Name     string
	Text     string
	Weight   int
	Required bool
	Options  []Option
}

// Option is an answer that can be given, and what it counts.
type Option struct {
	Name  string
	Text  string
	Score int
}

// Threshold gives a level to a sum of Above and more.
type Threshold struct {
	Above int
	Level itsm.Level
}

// HistoryRisk judges by the success of earlier changes: of the same group, the same service, and the same template, of
// those that closed within the last Days. Fewer than Least are no judgement. Days 0 looks at none.
type HistoryRisk struct {
	Days  int
	Least int
	// Bands give a level to a success rate under a limit, in percent: {Under: 80, Level: itsm.High}.
	Bands []Band
}

// Band gives a level to success rates under a limit, in percent.
type Band struct {
	Under int
	Level itsm.Level
}

// Answers are the options that were picked, by question.
type Answers = field.Packed[map[string]string]

// Assessment says what each way of judging found. The highest level of all is the change's risk.
type Assessment = field.Packed[[]Finding]

// Finding is what one way of judging risk found.
type Finding struct {
	// Engine is "rule", "questionnaire" or "history", and Name the rule, "score", or what was looked back at.
	Engine string     `json:"engine"`
	Name   string     `json:"name"`
	Level  itsm.Level `json:"level"`
	// Why gives the numbers: "45 of 40", "3 of 8 successful".
	Why string `json:"why,omitempty"`
}

// Record is how one group, service or template did: how many of its changes ended how.
type Record struct {
	Of string // "group network", for messages
	Tally
}

// Check lists all that is wrong with the policy.
func (p RiskPolicy) Check() error {
	var faults []error
	fault := func(wrong bool, where, what string) {
		if wrong {
			faults = append(faults, itsm.Invalid(where, what))
		}
	}
	for i, r := range p.Rules {
		where := fmt.Sprintf("Risk.Rules[%d]", i)
		fault(strings.TrimSpace(r.Name) == "", where+".Name", "a rule has a name, which the assessment gives as the reason")
		fault(!r.Level.Valid(), where+".Level", "a level is critical, high, medium or low")
		if err := r.When.Check(); err != nil {
			faults = append(faults, fmt.Errorf("%s.When: %w", where, err))
		}
	}
	names := map[string]bool{}
	for i, q := range p.Questions {
		where := fmt.Sprintf("Risk.Questions[%d]", i)
		fault(q.Name == "" || names[q.Name], where+".Name", "a question has a name of its own")
		fault(q.Weight < 0 || q.Weight > 1000, where+".Weight", "a weight is 0 to 1,000")
		fault(len(q.Options) < 2, where+".Options", "a question has two answers at least")
		options := map[string]bool{}
		for _, o := range q.Options {
			fault(o.Name == "" || options[o.Name], where+".Options", "an answer has a name of its own")
			fault(o.Score < 0 || o.Score > 1000, where+".Options", "a score is 0 to 1,000")
			options[o.Name] = true
		}
		names[q.Name] = true
	}
	for i, t := range p.Thresholds {
		fault(!t.Level.Valid(), fmt.Sprintf("Risk.Thresholds[%d].Level", i), "a level is critical, high, medium or low")
	}
	fault(len(p.Questions) > 0 && len(p.Thresholds) == 0, "Risk.Thresholds", "say from which sum on which level holds")
	fault(p.History.Days < 0 || p.History.Days > 3660, "Risk.History.Days", "look back 0 to 3,660 days")
	fault(p.History.Days > 0 && len(p.History.Bands) == 0, "Risk.History.Bands", "say under which rate of success which level holds")
	for i, b := range p.History.Bands {
		fault(!b.Level.Valid() || b.Under < 1 || b.Under > 100, fmt.Sprintf("Risk.History.Bands[%d]", i), "a band is under 1 to 100 percent, with a level")
	}
	return errors.Join(faults...)
}

// Assess judges a change: value answers its columns, answers are its questionnaire's, and history how its group, service
// and template did. It is a pure function. The level is the highest that was found, low where nothing was.
func (p RiskPolicy) Assess(value func(column string) field.Value, answers map[string]string, history []Record) (itsm.Level, []Finding) {
	var found []Finding
	for _, r := range p.Rules {
		if r.When.Match(value) {
			found = append(found, Finding{Engine: "rule", Name: r.Name, Level: r.Level})
		}
	}
	if len(p.Questions) > 0 {
		found = append(found, p.score(answers))
	}
	for _, r := range history {
		if f, ok := p.History.judge(r); ok {
			found = append(found, f)
		}
	}
	highest := itsm.Low
	for _, f := range found {
		highest = min(highest, f.Level) // the gravest level is the smallest number
	}
	return highest, found
}

// score sums up the questionnaire.
func (p RiskPolicy) score(answers map[string]string) Finding {
	sum := 0
	for _, q := range p.Questions {
		for _, o := range q.Options {
			if o.Name == answers[q.Name] {
				sum += q.Weight * o.Score
			}
		}
	}
	f := Finding{Engine: "questionnaire", Name: "score", Level: itsm.Low, Why: fmt.Sprintf("a score of %d", sum)}
	for _, t := range p.Thresholds {
		if sum >= t.Above && t.Level < f.Level {
			f.Level, f.Why = t.Level, fmt.Sprintf("a score of %d, from %d on it is %s", sum, t.Above, t.Level)
		}
	}
	return f
}

// judge finds the gravest band that a record falls into.
func (h HistoryRisk) judge(r Record) (Finding, bool) {
	ended := r.Ended()
	if ended == 0 || ended < h.Least {
		return Finding{}, false
	}
	f := Finding{Engine: "history", Name: r.Of, Level: itsm.Low, Why: fmt.Sprintf("%d of %d successful", r.Successful, ended)}
	for _, b := range h.Bands {
		if r.Successful*100 < b.Under*ended && b.Level < f.Level {
			f.Level = b.Level
		}
	}
	return f, true
}

// unanswered lists the required questions that have no answer.
func (p RiskPolicy) unanswered(answers map[string]string) (names []string) {
	for _, q := range p.Questions {
		if q.Required && answers[q.Name] == "" {
			names = append(names, q.Name)
		}
	}
	return names
}

// answer puts answers over those that are there.
func (p RiskPolicy) answer(have, given map[string]string) (map[string]string, error) {
	out := map[string]string{}
	for q, o := range have {
		out[q] = o
	}
	for name, option := range given {
		i := slices.IndexFunc(p.Questions, func(q Question) bool { return q.Name == name })
		switch {
		case i < 0:
			return nil, itsm.Invalid("answers."+name, "there is no such question")
		case option == "":
			delete(out, name)
		case !slices.ContainsFunc(p.Questions[i].Options, func(o Option) bool { return o.Name == option }):
			return nil, itsm.Invalid("answers."+name, fmt.Sprintf("%q is none of its answers", option))
		default:
			out[name] = option
		}
	}
	if len(out) == 0 {
		return nil, nil
	}
	return out, nil
}

// assess judges the change at hand, looking back by the store's counts: a count for each outcome of its group, service
// and template.
func (s *Changes) assess(u *itsm.Unit, c *Change) error {
	p := s.config.Risk
	var history []Record
	if p.History.Days > 0 {
		since := u.Now().Add(-time.Duration(p.History.Days) * 24 * time.Hour)
		for _, of := range []struct{ column, name string }{{"group", c.Group}, {"service", c.Service}, {"template", c.Template}} {
			if of.name == "" {
				continue
			}
			tally, err := s.tallyOf(u, itsm.Where(of.column).Is(of.name), since)
			if err != nil {
				return err
			}
			history = append(history, Record{Of: of.column + " " + of.name, Tally: tally})
		}
	}
	level, found := p.Assess(func(column string) field.Value { return u.Value(c, column) }, c.Answers.Get(), history)
	slices.SortStableFunc(found, func(a, b Finding) int { return cmp.Compare(a.Level, b.Level) })
	assessment, err := field.Pack(found)
	if err != nil {
		return err
	}
	c.Risk, c.Assessment = level, assessment
	return nil
}

// tallyOf counts how changes that match ended since an instant.
func (s *Changes) tallyOf(u *itsm.Unit, which itsm.Filter, since time.Time) (t Tally, err error) {
	for outcome, n := range t.each() {
		count, err := u.Count(Kind, itsm.All(which, itsm.Where("outcome").Is(string(outcome)), itsm.Where("closed_at").AtLeast(field.Instant(since))))
		if err != nil {
			return t, err
		}
		*n = int(count)
	}
	return t, nil
}
