package sqlitefile_test

import (
	"context"
	"fmt"

	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/store/sqlite"
	"github.com/itsmkit/itsmkit/store/sqlite/sqlitefile"
)

// An order that fails and the incident about it are written together, or neither is.
func Example_transact() {
	ctx := itsm.WithActor(context.Background(), itsm.Actor{ID: "shop", Tenant: "acme", Roles: []itsm.Role{itsm.Agent}})
	store, err := sqlitefile.Open(ctx, ":memory:")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer store.Close()
	kernel, _ := itsm.New(itsm.Config{Store: store, Authorizer: itsm.DefaultGrants()})
	incidents, _ := incident.New(kernel, incident.Config{})
	if err := kernel.Open(ctx); err != nil {
		fmt.Println(err)
		return
	}
	err = store.Transact(ctx, func(ctx context.Context, tx *sqlite.Tx) error {
		if _, err := tx.ExecContext(ctx, `CREATE TABLE orders (id INTEGER PRIMARY KEY, ticket TEXT)`); err != nil {
			return err
		}
		inc, err := incidents.Report(ctx, incident.Report{Title: "Order failed"})
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO orders (ticket) VALUES (?1)`, inc.ID)
		return err
	})
	fmt.Println("committed:", err == nil)

	err = store.Transact(ctx, func(ctx context.Context, tx *sqlite.Tx) error {
		if _, err := incidents.Report(ctx, incident.Report{Title: "Another order failed"}); err != nil {
			return err
		}
		return fmt.Errorf("the shop thinks again")
	})
	fmt.Println("rolled back:", err)
	page, _ := incidents.List(ctx, itsm.Query{})
	for _, inc := range page.Records {
		fmt.Println(inc.ID, inc.Title)
	}
	// Output:
	// committed: true
	// rolled back: the shop thinks again
	// INC0000001 Order failed
}
