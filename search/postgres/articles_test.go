package postgres_test

import (
	"testing"

	"github.com/itsmkit/itsmkit/internal/knowledgelaw"
	"github.com/itsmkit/itsmkit/store/memory"
)

func TestNobodySeesWhatIsNotForThem(t *testing.T) {
	tenants := 40
	if testing.Short() {
		tenants = 10
	}
	index, _, _ := open(t)
	knowledgelaw.Audiences(t, memory.New(), index, 3, tenants)
}
