package sqlite_test

import (
	"path/filepath"
	"testing"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest/storetest"
	"github.com/itsmkit/itsmkit/store/memory"
	"github.com/itsmkit/itsmkit/store/sqlite"
)

func TestSameLifeAsInMemory(t *testing.T) {
	for seed := range uint64(4) {
		stores := map[string]itsm.Store{}
		for name, driver := range drivers {
			stores[name] = opened(t, driver, filepath.Join(folder(t), "desk.db"), sqlite.Config{Synchronous: sqlite.Normal})
		}
		storetest.Same(t, seed, 300, memory.New(), stores)
	}
}

func TestTenantsStayApart(t *testing.T) {
	for name, driver := range drivers {
		t.Run(name, func(t *testing.T) {
			storetest.Apart(t, 1, 300, opened(t, driver, filepath.Join(folder(t), "desk.db"), sqlite.Config{Synchronous: sqlite.Normal}))
		})
	}
}
