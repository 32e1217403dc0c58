package sqlite_test

import (
	"path/filepath"
	"testing"

	"github.com/itsmkit/itsmkit/internal/changelaw"
	"github.com/itsmkit/itsmkit/internal/knowledgelaw"
	"github.com/itsmkit/itsmkit/internal/problemlaw"
	"github.com/itsmkit/itsmkit/internal/servicelaw"
	"github.com/itsmkit/itsmkit/store/sqlite"
)

func TestLawsOfChanges(t *testing.T) {
	for name, driver := range drivers {
		t.Run(name, func(t *testing.T) {
			store := func(name string) *sqlite.Store {
				return opened(t, driver, filepath.Join(folder(t), name), sqlite.Config{Synchronous: sqlite.Normal})
			}
			for seed := range uint64(2) {
				changelaw.Random(t, store("life.db"), seed, 150)
			}
			changelaw.Races(t, store("races.db"), 3)
		})
	}
}

func TestLawsOfProblems(t *testing.T) {
	for name, driver := range drivers {
		t.Run(name, func(t *testing.T) {
			problemlaw.Random(t, opened(t, driver, filepath.Join(folder(t), "life.db"), sqlite.Config{Synchronous: sqlite.Normal}), 1, 80)
		})
	}
}

func TestLawsOfServices(t *testing.T) {
	for name, driver := range drivers {
		t.Run(name, func(t *testing.T) {
			servicelaw.Random(t, opened(t, driver, filepath.Join(folder(t), "life.db"), sqlite.Config{Synchronous: sqlite.Normal}), 1, 120)
		})
	}
}

func TestLawsOfArticles(t *testing.T) {
	for name, driver := range drivers {
		t.Run(name, func(t *testing.T) {
			knowledgelaw.Random(t, opened(t, driver, filepath.Join(folder(t), "life.db"), sqlite.Config{Synchronous: sqlite.Normal}), 1, 150)
		})
	}
}

func TestNobodySeesWhatIsNotForThem(t *testing.T) {
	for name, driver := range drivers {
		t.Run(name, func(t *testing.T) {
			knowledgelaw.Audiences(t, opened(t, driver, filepath.Join(folder(t), "life.db"), sqlite.Config{Synchronous: sqlite.Normal}), nil, 2, 15)
		})
	}
}
