package service_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/internal/servicelaw"
)

func TestLawsOfServices(t *testing.T) {
	lives, done := uint64(20), 0
	if testing.Short() {
		lives = 4
	}
	for seed := range lives {
		done += servicelaw.Random(t, newStore(), seed, 150)
	}
	require.Greater(t, done, int(lives)*60, "most commands are done")
}
