package linear

import (
	"testing"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/store/memory"
)

func inMemory(*testing.T) itsm.Store { return memory.New() }

func TestConcurrentHistoriesAreLinearizable(t *testing.T) { Check(t, inMemory) }
