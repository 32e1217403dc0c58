package change_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/itsmkit/itsmkit/internal/changelaw"
	"github.com/itsmkit/itsmkit/store/memory"
)

// No change is implemented inside a freeze, with a conflict that nobody bears, or without decided approvals.
func TestNoChangePassesWhatStandsInItsWay(t *testing.T) {
	lives := uint64(150)
	if testing.Short() {
		lives = 20
	}
	begun, closed := 0, 0
	for seed := range lives {
		b, c := changelaw.Random(t, memory.New(), seed, 300)
		begun, closed = begun+b, closed+c
	}
	assert.Greater(t, begun, int(lives), "they get that far")
	assert.Greater(t, closed, int(lives)/2)
	t.Logf("%d lives, %d changes begun, %d closed", lives, begun, closed)
}

// Of changes that take the same place at once one gets it, and no approval outlives an edit.
func TestChangesRace(t *testing.T) { changelaw.Races(t, memory.New(), 20) }
