package replay

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"
)

// Figures are what a replay comes to. The first six were counted on the way; all others but the seconds are computed
// from the events that our records have then.
type Figures struct {
	Cases  int `json:"cases"`
	Events int `json:"events"`
	// Steps are pairs of consecutive events of a case: accepted, unchanged or refused.
	Steps     int       `json:"steps"`
	Accepted  int       `json:"accepted"`
	Unchanged int       `json:"unchanged"`
	Refused   []Refused `json:"refused"`
	// Before are the events that an earlier replay had lived in the same store; their steps are counted in none of the above.
	Before int `json:"before,omitempty"`

	// A reopening is a status of work after one in which the work had ended.
	ReopenedCases int `json:"reopened_cases"`
	Reopens       int `json:"reopens"`
	// A case plays ping-pong where it returns to a team that had it before, directly where only one was between.
	PingPongCases       int `json:"pingpong_cases"`
	PingPongDirectCases int `json:"pingpong_direct_cases"`
	// Handovers are changes of team.
	Handovers int `json:"handovers"`

	// From the first to the last event of a case, in days of 24 hours; the 90th percentile is interpolated.
	MeanDays   float64 `json:"mean_days"`
	MedianDays float64 `json:"median_days"`
	P90Days    float64 `json:"p90_days"`
	// TimeInStatus is the share of the time of all cases, 0 to 1, that they had a status of the log.
	TimeInStatus map[string]float64 `json:"time_in_status"`

	// ServiceLevels are there where the replay had agreements.
	ServiceLevels *ServiceLevels `json:"service_levels,omitempty"`

	Seconds Seconds `json:"seconds"`
}

// Seconds are how long it took, by the machine's clock.
type Seconds struct {
	Parse  float64 `json:"parse"`
	Replay float64 `json:"replay"`
}

// Figures reads the history of every record and computes the figures, but for the seconds. It refuses a replay that
// did not come to its end.
func (r *Replay) Figures(ctx context.Context) (Figures, error) {
	if !r.tally.complete {
		return Figures{}, errors.New("the replay did not come to its end: there are no figures")
	}
	ctx = agent(ctx)
	f := Figures{
		Events: r.log.Events(), Accepted: r.tally.accepted, Unchanged: r.tally.unchanged, Refused: r.tally.list(), Before: r.tally.before,
		TimeInStatus: map[string]float64{},
	}
	spent := map[string]float64{}
	var lengths []time.Duration
	for t, err := range r.practice.all(ctx) {
		if err != nil {
			return Figures{}, err
		}
		s, err := r.story(ctx, t.ID)
		if err != nil {
			return Figures{}, err
		}
		f.Cases++
		f.count(s, r.log.mapping)
		s.spend(spent)
		lengths = append(lengths, s[len(s)-1].at.Sub(s[0].at))
	}
	f.Steps = f.Events - f.Cases
	f.days(lengths)
	f.shares(spent)
	return f, nil
}

// story is what the log says of a case, read from our events: status and team since an instant.
type story []scene

type scene struct {
	at           time.Time
	status, team string
}

// story follows a record through its events. A refused step stands in its note alone.
func (r *Replay) story(ctx context.Context, id string) (story, error) {
	history, err := r.practice.history(ctx, id)
	if err != nil {
		return nil, err
	}
	notes, err := r.practice.notes(ctx, id)
	if err != nil {
		return nil, err
	}
	byID := make(map[int64]string, len(notes))
	for _, n := range notes {
		byID[n.ID] = n.Body
	}
	var now scene
	s := make(story, 0, len(history))
	for i := range history {
		e := &history[i]
		now.at = e.At
		for _, c := range e.Changes {
			switch c.Field {
			case statusField:
				now.status = c.To.Text()
			case "group":
				now.team = c.To.Text()
			}
		}
		told := now
		for _, row := range e.Rows {
			if status, team, ok := readRefused(byID[row.ID]); ok {
				told.status, told.team = status, team
			}
		}
		s = append(s, told)
	}
	return s, nil
}

// count adds the figures that count cases and changes.
func (f *Figures) count(s story, m *Mapping) {
	reopens := 0
	var teams []string
	for i := range s {
		if i > 0 && m.statuses[s[i-1].status].ended && !m.statuses[s[i].status].ended {
			reopens++
		}
		if team := s[i].team; team != "" && (len(teams) == 0 || teams[len(teams)-1] != team) {
			teams = append(teams, team)
		}
	}
	again, directly := false, false
	for i, team := range teams {
		again = again || slices.Contains(teams[:i], team)
		directly = directly || i > 1 && teams[i-2] == team
	}
	f.Reopens += reopens
	f.ReopenedCases += one(reopens > 0)
	f.PingPongCases += one(again)
	f.PingPongDirectCases += one(directly)
	f.Handovers += max(len(teams)-1, 0)
}

// spend adds the days of a case by status.
func (s story) spend(spent map[string]float64) {
	for i := 1; i < len(s); i++ {
		if d := s[i].at.Sub(s[i-1].at); d > 0 { // the commands of one step are of one instant
			spent[s[i-1].status] += inDays(d)
		}
	}
}

func (f *Figures) days(lengths []time.Duration) {
	slices.Sort(lengths)
	sum := 0.0
	for _, d := range lengths {
		sum += inDays(d)
	}
	f.MeanDays = sum / float64(len(lengths))
	f.MedianDays, f.P90Days = quantile(lengths, 0.5), quantile(lengths, 0.9)
}

func (f *Figures) shares(spent map[string]float64) {
	all := 0.0
	for _, status := range slices.Sorted(maps.Keys(spent)) { // in order, so that the last digit is the same every time
		all += spent[status]
	}
	for status, days := range spent {
		if all > 0 {
			f.TimeInStatus[status] = days / all
		}
	}
}

// quantile interpolates between the two nearest of sorted lengths.
func quantile(sorted []time.Duration, q float64) float64 {
	at := q * float64(len(sorted)-1)
	i := int(at)
	low := inDays(sorted[i])
	if i+1 == len(sorted) {
		return low
	}
	return low + (inDays(sorted[i+1])-low)*(at-float64(i))
}

func inDays(d time.Duration) float64 { return d.Hours() / 24 }

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}
