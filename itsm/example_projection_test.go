package itsm_test

import (
	"context"
	"fmt"
	"time"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/store/memory"
)

// Return is when a loan is to come back: a row that is computed from the loan.
type Return struct {
	itsm.Head
	Device string    `json:"device"`
	Due    time.Time `json:"due,omitzero" itsm:"index"`
}

// A projection keeps what is computed from a record beside it, so that queries find it by its columns. Its rows are put
// while the record's own command is under way, and are written with it.
func ExampleProjection() {
	clock := itsmtest.NewClock(time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC))
	k, err := itsm.New(itsm.Config{Store: memory.New(), Clock: clock, Authorizer: itsm.DefaultGrants()})
	if err != nil {
		fmt.Println(err)
		return
	}
	loans, err := NewLoans(k)
	if err != nil {
		fmt.Println(err)
		return
	}
	returns := itsm.NewProjection[Return](k, "return")
	k.Hook(itsm.Hook{
		Name: "returns", Kinds: []string{"loan"},
		Project: func(u *itsm.Unit, before, after itsm.Record) error {
			loan := after.(*Loan)
			if before == nil || before.Header().State == loan.State {
				return nil
			}
			row := &Return{Device: loan.Device}
			switch loan.State {
			case "lent":
				row.State, row.Phase, row.Due = "out", lifecycle.Active, u.Now().AddDate(0, 0, 14)
			default:
				row.State, row.Phase = "back", lifecycle.Closed
			}
			return returns.Put(u, "device", row)
		},
	})
	ctx := context.Background()
	if err := k.Open(ctx); err != nil {
		fmt.Println(err)
		return
	}

	carl := itsm.WithActor(ctx, itsm.Actor{ID: "carl", Tenant: "acme", Roles: []itsm.Role{itsm.Requester}})
	anna := itsm.WithActor(ctx, itsm.Actor{ID: "anna", Tenant: "acme", Roles: []itsm.Role{itsm.Agent}})
	for _, device := range []string{"projector-7", "camera-2"} {
		loan, err := loans.Request.Do(carl, Request{Title: "A " + device})
		if err == nil {
			_, err = loans.HandOver.Do(anna, loan.ID, Handover{Device: device})
		}
		if err != nil {
			fmt.Println(err)
		}
		clock.Set(clock.Now().AddDate(0, 0, 3))
	}
	_, err = loans.TakeBack.Do(anna, "LOAN0000002", Nothing{})
	fmt.Println(err)

	soon := itsm.Where("due").Before(field.Instant(clock.Now().AddDate(0, 0, 10)))
	page, err := returns.List(anna, itsm.Query{Filter: &soon, Sort: []itsm.Sort{{Column: "due"}}})
	for _, r := range page.Records {
		fmt.Println(r.ID, r.Device, r.Due.Format(time.DateOnly))
	}
	fmt.Println(err)

	mine, err := returns.Of(carl, loans.Ref("LOAN0000002"))
	for _, r := range mine {
		fmt.Println(r.Device, r.State, "at version", r.Version)
	}
	fmt.Println(err)
	// Output:
	// <nil>
	// loan/LOAN0000001/device projector-7 2026-03-16
	// <nil>
	// camera-2 back at version 3
	// <nil>
}
