package itsm_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/store/memory"
)

var (
	carl = itsm.WithActor(context.Background(), itsm.Actor{ID: "carl", Tenant: "acme", Roles: []itsm.Role{itsm.Requester}})
	anna = itsm.WithActor(context.Background(), itsm.Actor{ID: "anna", Tenant: "acme", Roles: []itsm.Role{itsm.Agent}})
	chef = itsm.WithActor(context.Background(), itsm.Actor{ID: "chef", Tenant: "acme", Roles: []itsm.Role{itsm.Administrator}})
)

// lending opens a kernel with the practice of the package's example.
func lending(config itsm.Config, furnish func(k *itsm.Kernel), overlays ...lifecycle.Overlay) (*itsm.Kernel, *Loans, error) {
	config.Store = memory.New()
	if config.Authorizer == nil {
		config.Authorizer = itsm.DefaultGrants()
	}
	k, err := itsm.New(config)
	if err != nil {
		return nil, nil, err
	}
	loans, err := NewLoans(k, overlays...)
	if err != nil {
		return nil, nil, err
	}
	if furnish != nil {
		furnish(k)
	}
	return k, loans, k.Open(context.Background())
}

// Grants say in a table who may do and see what. What no row grants is denied.
func ExampleGrants() {
	_, loans, err := lending(itsm.Config{Authorizer: itsm.Grants{
		{Role: itsm.Requester, Own: true, Verbs: []itsm.Verb{itsm.Read, "report"}, Hides: []string{"device"}},
		{Role: itsm.Agent, Except: []itsm.Verb{itsm.Import, itsm.Erase}},
	}}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	loan, err := loans.Request.Do(carl, Request{Title: "A projector"})
	fmt.Println(loan.ID, err)
	_, err = loans.HandOver.Do(carl, loan.ID, Handover{Device: "projector-7"})
	fmt.Println(errors.Is(err, itsm.ErrDenied), err)
	loan, err = loans.HandOver.Do(anna, loan.ID, Handover{Device: "projector-7"})
	fmt.Printf("anna sees %q %v\n", loan.Device, err)
	loan, err = loans.Get(carl, loan.ID)
	fmt.Printf("carl sees %q %v\n", loan.Device, err)
	// Output:
	// LOAN0000001 <nil>
	// true not permitted for this actor (actor: carl, kind: loan, verb: hand_over)
	// anna sees "projector-7" <nil>
	// carl sees "" <nil>
}

// An overlay changes the table of a practice without a copy of it: here only managers hand devices over.
func Example_overlay() {
	shelf := lifecycle.Overlay{
		Lifecycle: "loan", Version: 2,
		Add: lifecycle.Parts{
			States:      []lifecycle.StateRow{{Name: "lost", Title: "Lost", Phase: lifecycle.Closed}},
			Transitions: []lifecycle.Transition{{From: []lifecycle.State{"lost"}, Trigger: "take_back", To: "returned"}},
		},
	}
	_, _, err := lending(itsm.Config{}, nil, shelf)
	fmt.Println("a state without a way in is refused:", errors.Is(err, lifecycle.ErrDefinition))

	strict := lifecycle.Overlay{
		Lifecycle: "loan", Version: 2,
		Adjust: []lifecycle.Adjustment{{
			Edge: lifecycle.Edge{Trigger: "hand_over"},
			Add:  lifecycle.Conditions{Roles: []itsm.Role{itsm.Manager}},
		}},
	}
	_, loans, err := lending(itsm.Config{}, nil, strict)
	if err != nil {
		fmt.Println(err)
		return
	}
	loan, err := loans.Request.Do(carl, Request{Title: "A projector"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(loans.HandOver.Explain(anna, loan.ID, Handover{}))
	// Output:
	// a state without a way in is refused: true
	// loan: cannot hand_over in state requested: one of these roles is needed: manager; give device with the command
}

// A hook acts in the transaction of other commands, as the system on behalf of who caused it. Both commit, or neither.
func ExampleHook() {
	k, loans, err := lending(itsm.Config{}, func(k *itsm.Kernel) {
		k.Hook(itsm.Hook{
			Name: "the next in line", Kinds: []string{"loan"}, Triggers: []lifecycle.Trigger{"take_back"},
			AfterAct: func(u *itsm.Unit, c itsm.Change) error {
				next := itsm.Ref{Kind: "loan", ID: "LOAN0000002"}
				return u.Do(next, "hand_over", Handover{Device: c.After.(*Loan).Device})
			},
		})
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	first, err := loans.Request.Do(carl, Request{Title: "A projector"})
	fmt.Println(first.ID, err)
	second, err := loans.Request.Do(carl, Request{Title: "The projector, after that"})
	fmt.Println(second.ID, err)
	_, err = loans.HandOver.Do(anna, first.ID, Handover{Device: "projector-7"})
	fmt.Println(err)
	_, err = loans.TakeBack.Do(anna, first.ID, Nothing{})
	fmt.Println(err)

	history, err := k.History(anna, second.Ref(), 1, 0)
	for _, e := range history {
		fmt.Println(e.Event, "by", e.Actor.ID, "on behalf of", e.Actor.OnBehalfOf, "because of", e.Cause)
	}
	fmt.Println(err)
	// Output:
	// LOAN0000001 <nil>
	// LOAN0000002 <nil>
	// <nil>
	// <nil>
	// loan.handed_over by system on behalf of anna because of loan/LOAN0000001@3
	// <nil>
}

// A subscriber gets events after they were committed, for what leaves the process. Run drives it; Work does once what is
// due.
func ExampleKernel_Subscribe() {
	k, loans, err := lending(itsm.Config{}, func(k *itsm.Kernel) {
		k.Subscribe(itsm.Subscriber{Name: "mail", Kinds: []string{"loan"}, Handle: func(_ context.Context, e *itsm.Event) error {
			fmt.Println("mail:", e.Key.Ref(), e.Name)
			return nil
		}})
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	loan, err := loans.Request.Do(carl, Request{Title: "A projector"})
	fmt.Println(loan.ID, err)
	done, _, err := k.Work(context.Background())
	fmt.Println(done, err)
	// Output:
	// LOAN0000001 <nil>
	// mail: loan/LOAN0000001 loan.requested
	// 1 <nil>
}

// Erase takes a person's data out of everything, and the chains of events still verify.
func ExampleKernel_Erase() {
	k, loans, err := lending(itsm.Config{}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	loan, err := loans.Request.Do(carl, Request{Title: "A projector for my talk"})
	fmt.Println(loan.Title, err)
	_, digest, err := k.Head(chef, loan.Ref())
	fmt.Println(err)

	done, err := k.Erase(chef, "carl", "He asked for it.")
	fmt.Println(done.Records, "record", err)
	then, err := loans.At(chef, loan.ID, 1)
	fmt.Println(then.Caller, then.Title, then.Digest == digest, err)
	fmt.Println(k.Verify(chef, loan.Ref()))
	// Output:
	// A projector for my talk <nil>
	// <nil>
	// 1 record <nil>
	// erased erased true <nil>
	// <nil>
}

// IfVersion writes only where nobody else has written since the record was read.
func ExampleIfVersion() {
	_, loans, err := lending(itsm.Config{}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	seen, err := loans.Request.Do(carl, Request{Title: "A projector"})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = loans.HandOver.Do(anna, seen.ID, Handover{Device: "projector-7"}, itsm.IfVersion(seen.Version))
	fmt.Println(err)
	_, err = loans.TakeBack.Do(anna, seen.ID, Nothing{}, itsm.IfVersion(seen.Version))
	fmt.Println(errors.Is(err, itsm.ErrConflict), err)
	// Output:
	// <nil>
	// true somebody else wrote first: read the record again and repeat (expected: 1, found: 2, record: loan/LOAN0000001)
}

// Once makes a command safe to repeat: a client that lost the answer asks again.
func ExampleOnce() {
	_, loans, err := lending(itsm.Config{}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, title := range []string{"A projector", "A projector", "Two projectors"} {
		loan, err := loans.Request.Do(carl, Request{Title: title}, itsm.Once("form 4711"))
		fmt.Println(loan.ID, err)
	}
	// Output:
	// LOAN0000001 <nil>
	// LOAN0000001 <nil>
	//  the idempotency key was used with another input: take a new key (key: form 4711)
}
