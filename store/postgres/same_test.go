package postgres_test

import (
	"testing"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest/faulty"
	"github.com/itsmkit/itsmkit/itsmtest/storetest"
	"github.com/itsmkit/itsmkit/store/memory"
)

func TestSameLifeAsInMemory(t *testing.T) {
	for seed := range uint64(2) {
		s, _ := open(t)
		storetest.Same(t, seed, 200, memory.New(), map[string]itsm.Store{"postgres": s})
	}
}

func TestTenantsStayApart(t *testing.T) {
	s, _ := open(t)
	storetest.Apart(t, 1, 200, s)
}

func TestEveryCommandHasOneEffect(t *testing.T) {
	for seed := range uint64(2) {
		s, _ := open(t)
		faulty.Check(t, s, seed, 150)
	}
}
