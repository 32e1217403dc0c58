package memory_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest/storetest"
	"github.com/itsmkit/itsmkit/store/memory"
)

func TestStore(t *testing.T) {
	storetest.Run(t, storetest.Harness{
		Open:          func(*testing.T) itsm.Store { return memory.New() },
		Getter:        true,
		ColumnCounter: true,
		Batcher:       true,
	})
}

// A kernel keeps everything in the store that it is given.
func ExampleNew() {
	ctx := context.Background()
	store := memory.New()
	kernel, err := itsm.New(itsm.Config{Store: store})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := kernel.Open(ctx); err != nil {
		fmt.Println(err)
		return
	}
	first, _ := store.Number(ctx, "acme", "INC", 0)
	second, _ := store.Number(ctx, "acme", "INC", 0)
	_, pending, _ := store.NextDue(ctx)
	fmt.Println(first, second, pending)
	// Output: 1 2 false
}
