package itsm_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/store/memory"
)

// Loan is a device that is lent to a person.
type Loan struct {
	itsm.Ticket
	Device string `json:"device,omitempty"`
}

// Request asks for a loan, and Handover says which device it became.
type (
	Request  struct{ Title string }
	Handover struct{ Device string }
	Nothing  struct{}
)

// Loans are the commands of the practice.
type Loans struct {
	*itsm.Records[Loan]
	Request  itsm.Creation[Loan, Request]
	HandOver itsm.Command[Loan, Handover]
	TakeBack itsm.Command[Loan, Nothing]
}

// LoanTable is the lifecycle: what may follow what.
func LoanTable() lifecycle.Definition {
	return lifecycle.Definition{
		Name: "loan", Version: 1, Initial: "requested",
		States: []lifecycle.StateRow{
			{Name: "requested", Title: "Requested", Phase: lifecycle.New},
			{Name: "lent", Title: "Lent", Phase: lifecycle.Active},
			{Name: "returned", Title: "Returned", Phase: lifecycle.Closed},
		},
		Triggers: []lifecycle.TriggerRow{
			{Name: "hand_over", Title: "Hand over", Past: "handed_over"},
			{Name: "take_back", Title: "Take back", Past: "taken_back"},
		},
		Rows: []lifecycle.Transition{
			{From: []lifecycle.State{"requested"}, Trigger: "hand_over", To: "lent", Brings: []lifecycle.Need{{"device"}}},
			{From: []lifecycle.State{"lent"}, Trigger: "take_back", To: "returned"},
		},
	}
}

// NewLoans registers the practice: what each trigger does to the record. When it may, the table says.
func NewLoans(k *itsm.Kernel, overlays ...lifecycle.Overlay) (*Loans, error) {
	table, err := LoanTable().With(overlays...)
	if err != nil {
		return nil, err
	}
	p, err := itsm.NewPractice[Loan](k, itsm.Spec{Kind: "loan", Series: "LOAN", Lifecycle: table})
	if err != nil {
		return nil, err
	}
	return &Loans{
		Records: p.Records,
		Request: itsm.Create(p, "report", "requested", func(u *itsm.Unit, l *Loan, in Request) error {
			l.Title, l.Caller = in.Title, u.Actor().Person()
			return nil
		}),
		HandOver: itsm.Handle(p, "hand_over", func(_ *itsm.Unit, l *Loan, in Handover) error {
			l.Device = in.Device
			return nil
		}),
		TakeBack: itsm.Handle(p, "take_back", func(*itsm.Unit, *Loan, Nothing) error { return nil }),
	}, nil
}

// A practice of one's own is a record, a table and a function for each trigger. The kernel does the rest.
func Example_practice() {
	k, err := itsm.New(itsm.Config{Store: memory.New(), Authorizer: itsm.DefaultGrants()})
	if err != nil {
		fmt.Println(err)
		return
	}
	loans, err := NewLoans(k)
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	if err := k.Open(ctx); err != nil {
		fmt.Println(err)
		return
	}

	carl := itsm.WithActor(ctx, itsm.Actor{ID: "carl", Tenant: "acme", Roles: []itsm.Role{itsm.Requester}})
	anna := itsm.WithActor(ctx, itsm.Actor{ID: "anna", Tenant: "acme", Roles: []itsm.Role{itsm.Agent}})

	loan, err := loans.Request.Do(carl, Request{Title: "A projector for Monday"})
	fmt.Println(loan.ID, loan.State, err)

	_, err = loans.HandOver.Do(anna, loan.ID, Handover{})
	fmt.Println(errors.Is(err, itsm.ErrRefused), err)

	loan, err = loans.HandOver.Do(anna, loan.ID, Handover{Device: "projector-7"})
	fmt.Println(loan.State, loan.Device, err)

	history, err := loans.History(anna, loan.ID, 0, 0)
	for _, e := range history {
		fmt.Println(e.Version, e.Event, "by", e.Actor.ID)
	}
	fmt.Println(err)
	// Output:
	// LOAN0000001 requested <nil>
	// true loan: cannot hand_over in state requested: give device with the command
	// lent projector-7 <nil>
	// 1 loan.requested by carl
	// 2 loan.handed_over by anna
	// <nil>
}
