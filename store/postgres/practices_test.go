package postgres_test

import (
	"testing"

	"github.com/itsmkit/itsmkit/internal/changelaw"
	"github.com/itsmkit/itsmkit/internal/knowledgelaw"
	"github.com/itsmkit/itsmkit/internal/problemlaw"
	"github.com/itsmkit/itsmkit/internal/servicelaw"
)

func TestLawsOfChanges(t *testing.T) {
	for seed := range uint64(2) {
		s, _ := open(t)
		changelaw.Random(t, s, seed, 150)
	}
	s, _ := open(t)
	changelaw.Races(t, s, 3)
}

func TestLawsOfProblems(t *testing.T) {
	s, _ := open(t)
	problemlaw.Random(t, s, 1, 80)
}

func TestLawsOfServices(t *testing.T) {
	s, _ := open(t)
	servicelaw.Random(t, s, 1, 120)
}

func TestLawsOfArticles(t *testing.T) {
	s, _ := open(t)
	knowledgelaw.Random(t, s, 1, 150)
}

func TestNobodySeesWhatIsNotForThem(t *testing.T) {
	s, _ := open(t)
	knowledgelaw.Audiences(t, s, nil, 2, 15)
}
