package sqlite_test

import (
	"path/filepath"
	"testing"

	"github.com/itsmkit/itsmkit/itsmtest/faulty"
	"github.com/itsmkit/itsmkit/store/sqlite"
)

func TestEveryCommandHasOneEffect(t *testing.T) {
	for name, driver := range drivers {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(3) {
				faulty.Check(t, opened(t, driver, filepath.Join(folder(t), "desk.db"), sqlite.Config{Synchronous: sqlite.Normal}), seed, 200)
			}
		})
	}
}
