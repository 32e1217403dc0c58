package problem_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/itsmkit/itsmkit/internal/problemlaw"
	"github.com/itsmkit/itsmkit/store/memory"
)

// A problem and its incidents are the folds of their events, whatever is done to them.
func TestLawsOfProblems(t *testing.T) {
	lives := uint64(60)
	if testing.Short() {
		lives = 10
	}
	done := 0
	for seed := range lives {
		done += problemlaw.Random(t, memory.New(), seed, 120)
	}
	assert.Greater(t, done, int(lives)*30, "they get somewhere")
}
