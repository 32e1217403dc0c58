package assignment_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/itsmkit/itsmkit/assignment"
	"github.com/itsmkit/itsmkit/desk"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
)

// roll is a directory that answers from maps, as one of a host should.
type roll struct {
	itsm.NoDirectory
	groups map[string]itsm.Group
	skills []string
}

func (r roll) Group(_ context.Context, _, id string) (itsm.Group, error) { return r.groups[id], nil }

func (r roll) Person(_ context.Context, _, id string) (itsm.Profile, error) {
	return itsm.Profile{ID: id, Skills: r.skills}, nil
}

// BenchmarkChoice reports a ticket and hands it over, among 100,000 open tickets of 250 groups of 20, 20 a person. The
// floor is a person who is named with the command; a choice costs the difference.
func BenchmarkChoice(b *testing.B) {
	const groups, members, each = 250, 20, 20
	methods := []assignment.Method{"", assignment.GroupOnly, assignment.Person, assignment.RoundRobin, assignment.BySkill, assignment.LeastLoad, assignment.SkillThenLoad}
	var desks []*desk.Desk
	directory := roll{groups: map[string]itsm.Group{}, skills: []string{"mail", "network:3"}}
	clock := itsmtest.NewClock(time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC))
	zoe := itsmtest.As(context.Background(), itsmtest.Agent("zoe"))
	for g := range groups {
		group := itsm.Group{ID: fmt.Sprintf("g%03d", g)}
		for m := range members {
			group.Members = append(group.Members, fmt.Sprintf("%s.p%02d", group.ID, m))
		}
		directory.groups[group.ID] = group
	}
	store := newFixture(b, assignment.Policy{}).config.Store
	for _, m := range methods {
		var p assignment.Policy
		if m != "" {
			s := assignment.Step{Group: "g007", Method: m}
			switch m {
			case assignment.Person:
				s.Person = "g007.p03"
			case assignment.BySkill, assignment.SkillThenLoad:
				s.Skills.Names = []string{"network:2"}
			}
			p = policy(rule("r", s))
		}
		d, err := desk.Open(context.Background(), desk.Config{Store: store, Clock: clock, Directory: directory, Assignment: p})
		if err != nil {
			b.Fatal(err)
		}
		desks = append(desks, d)
	}
	for g := range groups {
		for _, person := range directory.groups[fmt.Sprintf("g%03d", g)].Members {
			for range each {
				if _, err := desks[0].Incidents.Report(zoe, incident.Report{Title: "VPN down", Group: person[:4], Assignee: person}); err != nil {
					b.Fatal(err)
				}
			}
		}
	}
	for i, m := range methods {
		name := string(m)
		if m == "" {
			name = "floor"
		}
		b.Run(name, func(b *testing.B) {
			d := desks[i]
			if _, err := d.Incidents.Report(zoe, incident.Report{Title: "VPN down"}); err != nil { // makes the store's indexes
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				inc, err := d.Incidents.Report(zoe, incident.Report{Title: "VPN down"})
				if err != nil {
					b.Fatal(err)
				}
				if m == "" {
					inc, err = d.Incidents.Assign(zoe, inc.ID, incident.Assignment{Group: "g007", Assignee: "g007.p03"})
				}
				if err != nil || inc.Group != "g007" {
					b.Fatal(err, inc.Group)
				}
				b.StopTimer()
				if _, err := d.Incidents.Cancel(zoe, inc.ID, incident.Cancel{Reason: incident.Mistake}); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
			}
		})
	}
}
