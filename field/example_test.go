package field_test

import (
	"errors"
	"fmt"
	"time"

	"github.com/itsmkit/itsmkit/field"
)

// Declare the fields of a desk, set some on a record, and see what is wrong with them.
func Example() {
	schema := field.Schema{Version: 1, Fields: []field.Declaration{
		{Name: "cost_center", Title: "Cost center", Kind: field.KindText, Required: true},
		{Name: "site", Title: "Site", Kind: field.KindText, Choices: []string{"Bonn", "Lyon"}, Indexed: true},
		{Name: "needed_by", Title: "Needed by", Kind: field.KindInstant},
	}}
	compiled, err := schema.Compile()
	if err != nil {
		fmt.Println(err)
		return
	}

	var custom field.Fields
	custom.Set("site", field.Text("Berlin"))
	custom.Set("needed_by", field.Text("tomorrow"))
	var faults field.Faults
	if errors.As(compiled.Validate(nil, custom), &faults) {
		for _, f := range faults {
			fmt.Println(f)
		}
	}

	custom.Set("cost_center", field.Text("4711"))
	custom.Set("site", field.Text("Lyon"))
	custom.Set("needed_by", field.Instant(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)))
	fmt.Println(compiled.Validate(nil, custom))
	fmt.Println(string(custom.AppendJSON(nil)))
	// Output:
	// "needed_by": the value is of another kind than the schema declares (got: text, want: instant)
	// "site": the value is not one of the choices (choices: Bonn, Lyon)
	// "cost_center": the field must be filled in
	// <nil>
	// {"cost_center":"4711","needed_by":{"t":"2026-03-02T09:00:00Z"},"site":"Lyon"}
}

// What changed between two versions of a record, by name.
func ExampleAppendChanges() {
	before := field.FromMap(map[string]field.Value{"site": field.Text("Bonn"), "seats": field.Int(3)})
	after := before.Clone()
	after.Set("seats", field.Int(4))
	after.Set("site", field.Value{})
	for _, c := range field.AppendChanges(nil, before, after) {
		fmt.Printf("%s: %q to %q\n", c.Name, c.Before, c.After)
	}
	// Output:
	// seats: "3" to "4"
	// site: "Bonn" to ""
}
