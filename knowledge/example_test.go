package knowledge_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/itsmkit/itsmkit/approval"
	"github.com/itsmkit/itsmkit/desk"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/knowledge"
)

func exampleDesk(c knowledge.Config) (d *desk.Desk, clock *itsmtest.Clock, as func(person string, role itsm.Role) context.Context) {
	clock = itsmtest.NewClock(time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC))
	d, err := desk.Open(context.Background(), desk.Config{Clock: clock, Articles: c})
	if err != nil {
		log.Fatal(err)
	}
	clock.Attach(d.Kernel)
	return d, clock, func(person string, role itsm.Role) context.Context {
		return itsm.WithActor(context.Background(), itsm.Actor{ID: person, Tenant: "acme", Roles: []itsm.Role{role}})
	}
}

// An article is drafted, reviewed and published; its next edition is written while readers still see the first.
func Example() {
	d, _, as := exampleDesk(knowledge.Config{Review: []knowledge.ReviewPolicy{{
		Name: "editors", Stages: []approval.Stage{{Name: "editors", Voters: []approval.Voter{{Person: "vera"}}}},
	}}})
	ann, vera, bob := as("ann", itsm.Agent), as("vera", itsm.Agent), as("bob", itsm.Requester)
	content := knowledge.Content{
		Text:     knowledge.Text{Title: "Connect to the VPN", Body: "Start the client.\nType your code.\n"},
		Audience: knowledge.For(knowledge.Public),
	}
	a, _ := d.Articles.Draft(ann, knowledge.Draft{Content: content})
	_, err := d.Articles.Publish(ann, a.ID, knowledge.Publication{})
	fmt.Println(err)

	reviewed := func() {
		_, _ = d.Articles.Submit(ann, a.ID)
		ballots, _ := d.Approvals.Waiting(vera)
		_, _ = d.Approvals.Vote(vera, ballots[0].ID, approval.Choose{Choice: approval.Accept})
		a, err = d.Articles.Publish(ann, a.ID, knowledge.Publication{})
		fmt.Println(a.ID, a.State, "edition", a.Edition, err)
	}
	reviewed()

	_, _ = d.Articles.Revise(ann, a.ID)
	content.Body = "Start the client.\nType your code, or touch the key.\n"
	_, _ = d.Articles.Write(ann, a.ID, knowledge.Writing{Content: content})
	seen, _ := d.Articles.Get(bob, a.ID)
	fmt.Printf("bob reads: %q\n", seen.Published.Get().Body)
	reviewed()
	lines, _ := d.Articles.Compare(ann, a.ID, 1, 2)
	for _, l := range lines {
		fmt.Printf("%c %s\n", l.Sign, l.Line)
	}
	// Output:
	// article: cannot publish in state draft: review_asked (policy=editors)
	// KB0000001 published edition 1 <nil>
	// bob reads: "Start the client.\nType your code.\n"
	// KB0000001 published edition 2 <nil>
	//   Start the client.
	// - Type your code.
	// + Type your code, or touch the key.
}

// An article expires, is renewed, and is retired in favour of another one.
func ExampleArticles_Retire() {
	d, clock, as := exampleDesk(knowledge.Config{ValidFor: 90 * 24 * time.Hour, Remind: []time.Duration{7 * 24 * time.Hour}})
	ann, bob := as("ann", itsm.Agent), as("bob", itsm.Requester)
	publish := func(title string) knowledge.Article {
		a, _ := d.Articles.Draft(ann, knowledge.Draft{Content: knowledge.Content{
			Text: knowledge.Text{Title: title, Body: "Open the door."}, Audience: knowledge.For(knowledge.Requesters),
		}})
		a, _ = d.Articles.Publish(ann, a.ID, knowledge.Publication{})
		return a
	}
	old := publish("Printers of the second floor")
	_ = clock.Advance(ann, 91*24*time.Hour)
	old, _ = d.Articles.Get(ann, old.ID)
	fmt.Println(old.State)
	old, _ = d.Articles.Renew(ann, old.ID, knowledge.Renewal{})
	fmt.Println(old.State, "to", old.ValidTo.Format(time.DateOnly))

	better := publish("Printers of all floors")
	_, err := d.Articles.Retire(ann, old.ID, knowledge.Retirement{Reason: "one page for all", Replacement: better.ID})
	fmt.Println(err)
	read, err := d.Articles.Follow(bob, old.ID)
	fmt.Println(read.Title, err)
	// Output:
	// expired
	// published to 2026-08-30
	// <nil>
	// Printers of all floors <nil>
}

// A reader gets the language that suits best, and is told which wish it answers.
func ExampleArticles_Best() {
	d, _, as := exampleDesk(knowledge.Config{Locale: "en"})
	ann, bob := as("ann", itsm.Agent), as("bob", itsm.Requester)
	a, _ := d.Articles.Draft(ann, knowledge.Draft{Content: knowledge.Content{
		Text: knowledge.Text{Title: "Set a password", Body: "Choose a long one."}, Audience: knowledge.For(knowledge.Public),
	}})
	_, _ = d.Articles.Publish(ann, a.ID, knowledge.Publication{})
	de, _ := d.Articles.Translate(ann, a.ID, knowledge.Draft{Locale: "de", Content: knowledge.Content{
		Text: knowledge.Text{Title: "Ein Kennwort setzen", Body: "Wähle ein langes."},
	}})
	_, _ = d.Articles.Publish(ann, de.ID, knowledge.Publication{})
	for _, wanted := range []string{"de-CH", "fr"} {
		best, _ := d.Articles.Best(bob, a.ID, wanted)
		fmt.Printf("%s: %s (%q)\n", wanted, best.Article.Title, best.Wanted)
	}
	// Output:
	// de-CH: Ein Kennwort setzen ("de-CH")
	// fr: Set a password ("")
}
