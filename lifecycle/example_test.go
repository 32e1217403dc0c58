package lifecycle_test

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/itsmkit/itsmkit/lifecycle"
)

// A parcel, as its guards see it: the record and what the command carries.
type parcel struct {
	Weight  int
	Receipt string
}

func parcels() lifecycle.Definition {
	return lifecycle.Definition{
		Name: "parcel", Version: 1, Initial: "packed",
		States: []lifecycle.StateRow{
			{Name: "packed", Title: "Packed", Phase: lifecycle.New},
			{Name: "sent", Title: "Sent", Phase: lifecycle.Active},
			{Name: "delivered", Title: "Delivered", Phase: lifecycle.Closed},
		},
		Triggers: []lifecycle.TriggerRow{
			{Name: "send", Title: "Send", Past: "sent"},
			{Name: "deliver", Title: "Deliver", Past: "delivered"},
		},
		Rows: []lifecycle.Transition{
			{From: []lifecycle.State{"packed"}, Trigger: "send", To: "sent", Guards: []string{"light"}, Roles: []lifecycle.Role{"clerk"}},
			{From: []lifecycle.State{"sent"}, Trigger: "deliver", To: "delivered", Brings: []lifecycle.Need{{"receipt"}}},
		},
	}
}

func parcelBinding() lifecycle.Binding[*parcel] {
	return lifecycle.Binding[*parcel]{
		Guards: map[string]lifecycle.Guard[*parcel]{
			"light": func(p *parcel) *lifecycle.Reason {
				if p.Weight > 30 {
					return &lifecycle.Reason{Code: "too_heavy", Args: map[string]string{"limit": "30"}}
				}
				return nil
			},
		},
		Input: func(_ lifecycle.Trigger, field string) (func(*parcel) bool, bool) {
			return func(p *parcel) bool { return p.Receipt != "" }, field == "receipt"
		},
	}
}

func ExampleCompile() {
	machine, err := lifecycle.Compile(parcels(), parcelBinding())
	if err != nil {
		fmt.Println(err)
		return
	}
	state, refusal := machine.Fire(machine.Initial(), "send", &parcel{Weight: 4}, []lifecycle.Role{"clerk"})
	fmt.Println(state, machine.Phase(state), machine.Past("send"), refusal.Err())

	state, refusal = machine.Fire(state, "deliver", &parcel{Weight: 4}, nil)
	fmt.Println(state, refusal.Err())
	// Output:
	// sent active sent <nil>
	// sent parcel: cannot deliver in state sent: give receipt with the command
}

func ExampleMachine_Explain() {
	machine, _ := lifecycle.Compile(parcels(), parcelBinding())
	err := machine.Explain("packed", "send", &parcel{Weight: 40}, nil).Err()
	fmt.Println(errors.Is(err, lifecycle.ErrRefused))
	if refusal, ok := errors.AsType[*lifecycle.Refusal](err); ok {
		for _, reason := range refusal.Reasons {
			fmt.Println(reason.Code, "-", reason)
		}
	}
	// Output:
	// true
	// missing_role - one of these roles is needed: clerk
	// too_heavy - too_heavy (limit=30)
}

func ExampleMachine_Settle() {
	definition := parcels()
	definition.Rows[1].Leaves = []lifecycle.Need{lifecycle.AnyOf("receipt", "witness")}
	binding := parcelBinding()
	binding.Field = func(field string) (func(*parcel) bool, bool) {
		return func(p *parcel) bool { return field == "receipt" && p.Receipt != "" }, true
	}
	machine, _ := lifecycle.Compile(definition, binding)
	fmt.Println(machine.Settle("sent", "deliver", &parcel{}))
	fmt.Println(machine.Settle("sent", "deliver", &parcel{Receipt: "R-1"}).Err())
	// Output:
	// parcel: cannot deliver in state sent: the record must have receipt or witness afterwards
	// <nil>
}

func ExampleMachine_Permitted() {
	machine, _ := lifecycle.Compile(parcels(), parcelBinding())
	fmt.Println(machine.Permitted(nil, "packed", &parcel{}, []lifecycle.Role{"clerk"}))
	fmt.Println(machine.Permitted(nil, "packed", &parcel{}, nil))
	fmt.Println(machine.Permitted(nil, "sent", &parcel{}, nil))
	// Output:
	// [send]
	// []
	// [deliver]
}

func ExampleMachine_Offers() {
	machine, _ := lifecycle.Compile(parcels(), parcelBinding())
	for _, offer := range machine.Offers("sent", &parcel{}, nil) {
		fmt.Println(offer.Title, "leads to", offer.Targets, "and asks for", offer.Brings)
	}
	// Output:
	// Deliver leads to [delivered] and asks for [receipt]
}

func ExampleDefinition_Check() {
	definition := parcels()
	definition.Rows = definition.Rows[:1]
	if faults, ok := errors.AsType[lifecycle.Faults](definition.Check()); ok {
		for _, fault := range faults {
			fmt.Println(fault)
		}
	}
	// Output:
	// trigger "deliver" is in no transition; use it or remove it
	// state "packed" has no path to a closed or cancelled state; add a transition
	// state "sent" has no path to a closed or cancelled state; add a transition
	// state "delivered" cannot be reached from the initial state; add a transition to it or remove it
}

// A vendor adds a state for parcels that come back, and lets nobody deliver without one more guard.
func ExampleDefinition_With() {
	var overlay lifecycle.Overlay
	err := json.Unmarshal([]byte(`{
		"lifecycle": "parcel", "version": 2,
		"add": {
			"states": [{"name": "returned", "title": "Returned", "phase": "cancelled"}],
			"triggers": [{"name": "return", "title": "Return", "past": "returned"}],
			"transitions": [{"from": ["sent", "delivered"], "trigger": "return", "to": "returned"}]
		},
		"adjust": [{"trigger": "deliver", "add": {"guards": ["light"]}}]
	}`), &overlay)
	if err != nil {
		fmt.Println(err)
		return
	}
	definition, err := parcels().With(overlay)
	fmt.Println(definition.Version, len(definition.States), definition.Rows[1].Guards, err)

	overlay.Version, overlay.Add = 3, lifecycle.Parts{}
	overlay.Remove.States = []lifecycle.State{"lost"}
	_, err = definition.With(overlay)
	fmt.Println(err)
	// Output:
	// 2 4 [light] <nil>
	// lifecycle: faulty definition: overlay 1: state "lost" is not there; remove it from the overlay or name what the table has
}

func ExampleDefinition_Mermaid() {
	fmt.Print(parcels().Mermaid())
	// Output:
	// stateDiagram-v2
	//     state "Packed" as packed
	//     state "Sent" as sent
	//     state "Delivered" as delivered
	//     [*] --> packed
	//     packed --> sent : Send [light]
	//     sent --> delivered : Deliver
	//     delivered --> [*]
}

func ExampleDefinition_DOT() {
	fmt.Print(parcels().DOT())
	// Output:
	// digraph "parcel" {
	// 	rankdir=LR;
	// 	node [shape=box, style=rounded];
	// 	"" [shape=point];
	// 	"packed" [label="Packed"];
	// 	"sent" [label="Sent"];
	// 	"delivered" [label="Delivered", peripheries=2];
	// 	"" -> "packed";
	// 	"packed" -> "sent" [label="Send [light]"];
	// 	"sent" -> "delivered" [label="Deliver"];
	// }
}

func ExampleDefinition_Markdown() {
	fmt.Print(parcels().Markdown())
	// Output:
	// # Lifecycle parcel, version 1
	//
	// ## States
	//
	// | state | title | phase |
	// |---|---|---|
	// | packed (initial) | Packed | new |
	// | sent | Sent | active |
	// | delivered | Delivered | closed |
	//
	// ## Transitions
	//
	// | from | trigger | to | guards | must bring | must then have | must then hold | roles |
	// |---|---|---|---|---|---|---|---|
	// | packed | send | sent | light |  |  |  | clerk |
	// | sent | deliver | delivered |  | receipt |  |  |  |
}
