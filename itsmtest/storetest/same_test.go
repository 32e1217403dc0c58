package storetest_test

import (
	"testing"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest/storetest"
	"github.com/itsmkit/itsmkit/store/memory"
)

func TestSameLifeOnEachStore(t *testing.T) {
	for seed := range uint64(4) {
		bare := struct{ itsm.Store }{memory.New()}
		storetest.Same(t, seed, 300, memory.New(), map[string]itsm.Store{"memory": lifeFault(memory.New()), "bare": bare})
	}
}
