package knowledge_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/internal/knowledgelaw"
	"github.com/itsmkit/itsmkit/store/memory"
)

func TestLawsOfArticles(t *testing.T) {
	lives, done := uint64(20), 0
	if testing.Short() {
		lives = 4
	}
	for seed := range lives {
		done += knowledgelaw.Random(t, memory.New(), seed, 200)
	}
	require.Greater(t, done, int(lives)*30, "enough commands are done")
}
