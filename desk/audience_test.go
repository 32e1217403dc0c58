package desk_test

import (
	"testing"

	"github.com/itsmkit/itsmkit/internal/knowledgelaw"
	"github.com/itsmkit/itsmkit/store/memory"
)

func TestNobodySeesWhatIsNotForThem(t *testing.T) {
	tenants := 150
	if testing.Short() {
		tenants = 30
	}
	knowledgelaw.Audiences(t, memory.New(), nil, 1, tenants)
}
