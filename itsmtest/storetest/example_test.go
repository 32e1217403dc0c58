package storetest_test

import (
	"testing"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest/storetest"
	"github.com/itsmkit/itsmkit/store/memory"
)

// A store's test file needs one function. This is the one of a store that does not outlive its handle; for one that
// does, Reopen opens the same data again.
func ExampleRun() {
	TestStore := func(t *testing.T) {
		storetest.Run(t, storetest.Harness{
			Open:          func(t *testing.T) itsm.Store { return memory.New() },
			Getter:        true, // it reads single records without a snapshot
			ColumnCounter: true, // its snapshots count by a column
			Batcher:       true, // it commits many sets at once
		})
	}
	_ = TestStore // go test finds it by its name
}
