package impact_test

import (
	"fmt"
	"log"

	"github.com/itsmkit/itsmkit/service/impact"
)

// A web shop on two web servers, of which one suffices, and a database.
func Example() {
	g, err := impact.Load(impact.Snapshot{
		Nodes: []impact.Node{{ID: "shop", Service: true, People: 400}, {ID: "web1"}, {ID: "web2"}, {ID: "db"}},
		Relations: []impact.Relation{
			{ID: "r1", Dependent: "shop", Supporter: "web1", Group: "web"},
			{ID: "r2", Dependent: "shop", Supporter: "web2", Group: "web"},
			{ID: "r3", Dependent: "shop", Supporter: "db", Group: "data"},
		},
		Requirements: []impact.Requirement{{Dependent: "shop", Group: "web", Gate: impact.Any}},
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, lost := range []string{"web1", "db"} {
		result, err := g.Impact(impact.Question{Lost: []string{lost}})
		if err != nil {
			log.Fatal(err)
		}
		witness, _ := result.Witness("shop")
		fmt.Println(witness)
		fmt.Printf("people: %d down, %d degraded\n\n", result.People.Down, result.People.Degraded)
	}
	points, err := g.SinglePoints("shop")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("single points:", points)

	// What if the load needs both web servers?
	if err := g.SetGate("shop", "web", impact.All); err != nil {
		log.Fatal(err)
	}
	points, err = g.SinglePoints("shop")
	fmt.Println("if both web servers are needed:", points, err)
	// Output:
	// web1 is down: lost
	// shop is degraded: 1 of 2 (web) work, 1 needed, without web1
	// people: 0 down, 400 degraded
	//
	// db is down: lost
	// shop is down: 0 of 1 (data) work, 1 needed, without db
	// people: 400 down, 0 degraded
	//
	// single points: [db]
	// if both web servers are needed: [db web1 web2] <nil>
}
