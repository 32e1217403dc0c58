package itsmtest_test

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/store/memory"
)

// show is a test that prints; yours is the *testing.T.
type show struct{}

func (show) Helper()                           {}
func (show) Logf(format string, args ...any)   { fmt.Printf(format+"\n", args...) }
func (show) Fatalf(format string, args ...any) { fmt.Printf(format+"\n", args...) }

// A fault is resolved on a Monday morning and closes by itself three days later.
func ExampleKernel() {
	var t show
	var f faults
	k, clock := itsmtest.Kernel(t, itsm.Config{Store: memory.New()}, f.register)
	ann := itsmtest.As(context.Background(), itsmtest.Agent("ann"))

	flt, err := f.report.Do(ann, report{Title: "No network"})
	if err != nil {
		fmt.Println(err)
	}
	flt, err = f.resolve.Do(ann, flt.ID, resolve{Cause: "cable"}, itsm.To("", "ann"))
	if err != nil {
		fmt.Println(err)
	}
	itsmtest.RequireTimer(t, ann, k, flt.Ref(), "auto_close", clock.Now().Add(72*time.Hour))

	if err := clock.Advance(ann, 72*time.Hour); err != nil {
		fmt.Println(err)
	}
	itsmtest.RequireState(t, ann, k, flt.Ref(), "closed")
	closed := itsmtest.RequireEvent(t, ann, k, flt.Ref(), "fault.closed", itsmtest.CausedBy("timer auto_close"))
	itsmtest.RequireNothingPending(t, ann, k, flt.Ref())
	itsmtest.RequireVerified(t, ann, k, flt.Ref())
	fmt.Println(closed.Event, "on", closed.At.Weekday())
	// Output: fault.closed on Thursday
}

func ExampleWriteTimeline() {
	var f faults
	k, clock := itsmtest.Kernel(show{}, itsm.Config{Store: memory.New()}, f.register)
	ann := itsmtest.As(context.Background(), itsmtest.Agent("ann"))

	flt, err := f.report.Do(ann, report{Title: "No network", Caller: "bob"})
	if err != nil {
		fmt.Println(err)
	}
	if err := clock.Advance(ann, 24*time.Hour); err != nil {
		fmt.Println(err)
	}
	if _, err := f.Comment(ann, flt.ID, itsm.Comment{Body: "We are looking for the cable."}, itsm.To("", "ann")); err != nil {
		fmt.Println(err)
	}
	if err := itsmtest.WriteTimeline(ann, os.Stdout, k, flt.Ref()); err != nil {
		fmt.Println(err)
	}
	// Output:
	// fault/FLT0000001: No network
	// new (new), P3, version 3
	//
	// 2026-03-02T09:00:00Z  v1  fault.reported by ann
	//     state: new
	//     phase: new
	//     title: No network
	//     caller: bob
	//     priority: 3
	//     asked_at: 2026-03-02T09:00:00Z
	//
	// 2026-03-03T09:00:00Z  v2  fault.reminded by system, caused by timer reminder
	//     reminded: nobody answers
	//
	// 2026-03-03T09:00:00Z  v3  fault.commented by ann
	//     assignee: ann
	//     first_assignee: ann
	//     asked_at: 2026-03-02T09:00:00Z → –
	//     answered_at: 2026-03-03T09:00:00Z
	//     comment by ann: We are looking for the cable.
	//
	// pending
	//     2026-03-04T09:00:00Z: reminder → remind
}

func ExampleRequireRefused() {
	var t show
	var f faults
	itsmtest.Kernel(t, itsm.Config{Store: memory.New()}, f.register)
	ann := itsmtest.As(context.Background(), itsmtest.Agent("ann"))
	flt, err := f.report.Do(ann, report{Title: "No network"})
	if err != nil {
		fmt.Println(err)
	}

	_, err = f.resolve.Do(ann, flt.ID, resolve{})
	itsmtest.RequireRefused(t, err, lifecycle.MissingInput)   // as it is
	itsmtest.RequireRefused(t, err, lifecycle.NotFromHere)    // as it is not
	_, err = f.resolve.Do(ann, flt.ID, resolve{Cause: "..."}) // nobody is assigned
	for _, reason := range itsmtest.RequireRefused(t, err).Reasons {
		fmt.Println(reason)
	}
	// Output:
	// itsmtest: fault resolve was refused in state new, but for other reasons than [not_from_here]:
	//     missing_input: give cause with the command
	// the record must have assignee afterwards
}

// A worker of the host's own takes part in the desk's time.
func ExampleClock_Attach() {
	clock := itsmtest.NewClock(time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC))
	report := clock.Now().Add(time.Hour)
	clock.Attach(worker(func(context.Context) (done int, next time.Time, err error) {
		if clock.Now().Before(report) {
			return 0, report, nil
		}
		fmt.Println("report at", report.Format(time.Kitchen))
		report = report.Add(4 * time.Hour)
		return 1, report, nil
	}))
	if err := clock.Advance(context.Background(), 8*time.Hour); err != nil {
		fmt.Println(err)
	}
	fmt.Println("now", clock.Now().Format(time.Kitchen))
	// Output:
	// report at 10:00AM
	// report at 2:00PM
	// now 5:00PM
}

func ExampleDirectory() {
	monday := time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC)
	people := itsmtest.Directory{
		People: []itsm.Profile{
			{ID: "ann", Groups: []string{"network"}, Manager: "eve"},
			{ID: "ben", Groups: []string{"network"}, Manager: "eve"},
			{ID: "eve"},
		},
		Groups:   []itsm.Group{{ID: "network", Manager: "eve"}},
		Absences: []itsmtest.Absence{{Person: "ann", From: monday, Until: monday.AddDate(0, 0, 5)}},
	}
	ctx := context.Background()
	network, _ := people.Group(ctx, itsmtest.Tenant, "network")
	away, until, _ := people.Absent(ctx, itsmtest.Tenant, "ann", monday)
	fmt.Println(network.Members, away, until.Weekday())
	// Output: [ann ben] true Saturday
}
