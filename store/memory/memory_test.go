package memory_test

import (
	"testing"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest/storetest"
	"github.com/itsmkit/itsmkit/store/memory"
)

func TestStore(t *testing.T) {
	storetest.Run(t, storetest.Harness{
		Open: func(*testing.T) itsm.Store { return memory.New() },
	})
}
