package incident_test

import (
	"fmt"
	"strings"
	"time"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
)

// A major incident from its candidacy to its review. A rule proposes it, a manager accepts it, stakeholders are told,
// and it is closed when its review is complete.
func ExampleIncidents_ProposeMajor() {
	incidents, clock := exampleDesk(incident.Config{Major: incident.MajorPolicy{
		Rules: []incident.MajorRule{{Name: "urgent", Priority: 1}},
		Plan: incident.CommunicationPlan{
			Audiences: []incident.Audience{{Name: "board", People: []string{"kim"}, Channel: "sms"}},
			Cadence:   map[itsm.Priority]time.Duration{0: time.Hour, 1: 30 * time.Minute},
		},
	}})
	cleo, ann, mia := who("cleo", itsm.Requester), who("ann", itsm.Agent), who("mia", itsm.Manager)

	inc, _ := incidents.Report(cleo, incident.Report{Title: "VPN down", Impact: itsm.Critical, Urgency: itsm.Critical})
	id := inc.ID
	clock.Advance(ann, 5*time.Minute)
	incidents.AcceptMajor(mia, id, incident.Acceptance{Staff: incident.Staff{Manager: "mia", Technical: "ann"}})
	incidents.Start(ann, id)
	clock.Advance(ann, 30*time.Minute) // nobody told the board
	incidents.Inform(mia, id, incident.Update{Audience: "board", Body: "We are at it.", NextIn: time.Hour})
	incidents.Record(ann, id, incident.Moment{
		At: clock.Now().Add(-10 * time.Minute), What: "The certificate had expired.", Mark: incident.Identified,
	})
	clock.Advance(ann, 10*time.Minute)
	incidents.Resolve(ann, id, incident.Resolution{Code: incident.Fixed, Notes: "Renewed it."})

	_, err := incidents.Close(mia, id)
	fmt.Println(err)
	incidents.WriteReview(mia, id, incident.ReviewText{Summary: "45 minutes without VPN.", Findings: "Nobody watched the date."})
	incidents.AddAction(mia, id, incident.NewAction{What: "Watch it.", Owner: "ann", Due: clock.Now().AddDate(0, 0, 14)})
	incidents.CompleteReview(mia, id)
	inc, err = incidents.Close(mia, id)
	fmt.Println(inc.State, inc.Major.State, inc.Major.Review, err)

	timeline, err := incidents.Timeline(mia, id)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, e := range timeline.Entries {
		fmt.Println(strings.TrimSpace(e.At.Format("15:04 ") + e.Events[0] + " " + e.Text))
	}
	fmt.Println(timeline.Times.To(incident.Identified))
	// Output:
	// incident: cannot close in state resolved: review_done (state=resolved)
	// closed accepted completed <nil>
	// 09:00 incident.reported Rule urgent.
	// 09:05 incident.major_accepted
	// 09:05 incident.started
	// 09:25 incident.moment_recorded The certificate had expired.
	// 09:35 incident.update_due
	// 09:35 incident.stakeholders_informed We are at it.
	// 09:45 incident.resolved
	// 09:45 incident.action_added
	// 09:45 incident.review_completed
	// 09:45 incident.closed
	// 25m0s true
}

// Updates that are due next, the most urgent first, by an index.
func ExampleIncidents_Inform() {
	incidents, _ := exampleDesk(incident.Config{})
	mia := who("mia", itsm.Manager)
	for _, title := range []string{"VPN down", "Mail down"} {
		inc, _ := incidents.Report(mia, incident.Report{Title: title})
		incidents.AcceptMajor(mia, inc.ID, incident.Acceptance{Staff: incident.Staff{Manager: "mia"}, Reason: "All sites."})
		incidents.Inform(mia, inc.ID, incident.Update{Audience: "all staff", Body: "We are at it.", NextIn: time.Duration(30-len(title)) * time.Minute})
	}

	due := itsm.Where("major.next_update_at").After(field.Instant(time.Time{}.AddDate(1900, 0, 0)))
	page, err := incidents.List(mia, itsm.Query{Filter: &due, Sort: []itsm.Sort{{Column: "major.next_update_at"}}})
	for _, inc := range page.Records {
		fmt.Println(inc.Major.NextUpdateAt.Format("15:04"), inc.Title)
	}
	fmt.Println(err)
	// Output:
	// 09:21 Mail down
	// 09:22 VPN down
	// <nil>
}
