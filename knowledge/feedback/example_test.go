package feedback_test

import (
	"context"
	"fmt"
	"time"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/knowledge/feedback"
	"github.com/itsmkit/itsmkit/store/memory"
)

// A reader finds an article outdated; nobody looks into it in time; then somebody does, and the reader is content.
func Example() {
	ctx := context.Background()
	clock := itsmtest.NewClock(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))
	k, err := itsm.New(itsm.Config{
		Store: memory.New(), Clock: clock,
		Authorizer: feedback.Authorize(append(itsm.DefaultGrants(), feedback.ReaderGrant())),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	s, err := feedback.New(k, feedback.Config{
		// Where the desk has articles, the readers are those whom they are published for, and the owner is theirs.
		Readable: func(*itsm.Unit, itsm.Ref) error { return nil },
		Owner:    func(*itsm.Unit, itsm.Ref, feedback.Reason) (string, error) { return "ann", nil },
		Within:   48 * time.Hour,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	k.Subscribe(itsm.Subscriber{Name: "late flags", Handle: func(_ context.Context, e *itsm.Event) error {
		if e.Name == "feedback.overdue" {
			fmt.Println(e.At.Format("2 January 15:04"), e.Name)
		}
		return nil
	}})
	if err := k.Open(ctx); err != nil {
		fmt.Println(err)
		return
	}
	clock.Attach(k)
	bob := itsm.WithActor(ctx, itsm.Actor{ID: "bob", Tenant: "acme", Roles: []itsm.Role{itsm.Requester}})
	ann := itsm.WithActor(ctx, itsm.Actor{ID: "ann", Tenant: "acme", Roles: []itsm.Role{itsm.Agent}})
	vpn := itsm.Ref{Kind: "article", ID: "KB0000001"}

	_ = s.Viewed(bob, vpn, 2)
	_, _ = s.Give(bob, feedback.Verdict{Article: vpn, Edition: 2, Helpful: feedback.No, Stars: 2})
	f, err := s.Flag(bob, feedback.Fault{Article: vpn, Edition: 2, Reason: feedback.Outdated, Text: "The menu is gone."})
	fmt.Println(f.ID, f.State, err)
	_ = clock.Advance(ctx, 72*time.Hour)
	f, err = s.Handle(ann, f.ID, "Edition 3 shows the new menu.")
	fmt.Println(f.State, f.Overdue, err)
	_, _ = s.Give(bob, feedback.Verdict{Article: vpn, Edition: 3, Helpful: feedback.Yes, Stars: 5})

	rating, _ := s.Rating(ann, vpn)
	share, _ := rating.Total.Share()
	mean, _ := rating.Total.Mean()
	fmt.Printf("%d verdicts, %.0f%% helpful, %.1f stars, ", rating.Total.Verdicts, 100*share, mean)
	fmt.Printf("%d flags, rank %.2f\n", rating.Total.Flags, rating.Total.Rank())
	for _, e := range rating.Editions {
		fmt.Printf("edition %d: %d of %d\n", e.Edition, e.Helpful, e.Verdicts)
	}
	views, _ := s.Views(ann, vpn, clock.Now().AddDate(0, 0, -7), clock.Now())
	fmt.Println(views.Total, "view")
	// Output:
	// FBK0000001 open <nil>
	// 4 March 09:00 feedback.overdue
	// handled true <nil>
	// 2 verdicts, 50% helpful, 3.5 stars, 0 flags, rank 0.09
	// edition 3: 1 of 1
	// edition 2: 0 of 1
	// 1 view
}
