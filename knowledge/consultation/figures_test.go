package consultation_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/knowledge/consultation"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// made is a consultation as it may have ended: so many suggestions, one opened or not, one taken by its position.
func made(
	t require.TestingT, n int, p consultation.Purpose, s lifecycle.State, shown int, opened bool, taken int,
) consultation.Consultation {
	c := consultation.Consultation{Purpose: p}
	c.Kind, c.ID, c.State = consultation.Kind, fmt.Sprintf("C%d", n), s
	var list []consultation.Shown
	for i := range shown {
		list = append(list, consultation.Shown{Ref: itsm.Ref{Kind: "article", ID: fmt.Sprint(i + 1)}})
	}
	var err error
	c.Shown, err = field.Pack(list)
	require.NoError(t, err)
	if taken > 0 {
		c.Taken, opened = list[taken-1].Ref, true
	}
	if opened {
		c.Opened = []string{"article/1"}
	}
	return c
}

func refs(numbers ...int) (list []itsm.Ref) {
	for _, n := range numbers {
		list = append(list, itsm.Ref{Kind: consultation.Kind, ID: fmt.Sprintf("C%d", n)})
	}
	return list
}

func TestDeflection(t *testing.T) {
	list := []consultation.Consultation{
		made(t, 0, consultation.SelfService, consultation.StateSolved, 2, true, 1),
		made(t, 1, consultation.SelfService, consultation.StateTicket, 2, true, 1),
		made(t, 2, consultation.SelfService, consultation.StateAbandoned, 2, true, 0),
		made(t, 3, consultation.SelfService, consultation.StateAbandoned, 2, false, 0),
		made(t, 4, consultation.SelfService, consultation.StateDismissed, 2, true, 0),
		made(t, 5, consultation.SelfService, consultation.StateOpen, 2, true, 1),
		made(t, 6, consultation.Articles, consultation.StateSolved, 2, true, 1),
		made(t, 7, consultation.SelfService, consultation.StateSolved, 0, false, 0),
	}
	d := consultation.Deflect(list)
	ended := refs(0, 1, 2, 3, 4, 7)
	assert.Equal(t, consultation.Deflection{
		Strict:    consultation.Share{Part: refs(0, 7), Of: ended},
		Lenient:   consultation.Share{Part: refs(0, 2, 7), Of: ended},
		Tickets:   consultation.Share{Part: refs(1), Of: ended},
		Abandoned: consultation.Share{Part: refs(2, 3), Of: ended},
		Dismissed: consultation.Share{Part: refs(4), Of: ended},
	}, d)
	strict, ok := d.Strict.Value()
	assert.True(t, ok)
	assert.InDelta(t, 2.0/6, strict, 1e-12)
	lenient, _ := d.Lenient.Value()
	assert.InDelta(t, 3.0/6, lenient, 1e-12)
	_, ok = consultation.Deflect(list[5:7]).Strict.Value()
	assert.False(t, ok, "no share of nothing")
}

func TestUse(t *testing.T) {
	list := []consultation.Consultation{
		made(t, 0, consultation.KnownErrors, consultation.StateAbandoned, 3, false, 2),
		made(t, 1, consultation.KnownErrors, consultation.StateDismissed, 3, false, 0),
		made(t, 2, consultation.KnownErrors, consultation.StateSolved, 1, false, 1),
		made(t, 3, consultation.KnownErrors, consultation.StateDismissed, 0, false, 0),
		made(t, 4, consultation.KnownErrors, consultation.StateOpen, 3, false, 3),
		made(t, 5, consultation.SelfService, consultation.StateTicket, 0, false, 0),
		made(t, 6, consultation.KnownErrors, consultation.StateAbandoned, 2, true, 0),
	}
	assert.Equal(t, []consultation.Usefulness{
		{Purpose: consultation.SelfService, Found: consultation.Share{Of: refs(5)}},
		{
			Purpose: consultation.KnownErrors,
			Found:   consultation.Share{Part: refs(0, 1, 2, 6), Of: refs(0, 1, 2, 3, 6)},
			Opened:  consultation.Share{Part: refs(0, 2, 6), Of: refs(0, 1, 2, 6)},
			Taken:   consultation.Share{Part: refs(0, 2), Of: refs(0, 1, 2, 6)},
			Positions: []consultation.Share{
				{Part: refs(2), Of: refs(0, 1, 2, 6)}, {Part: refs(0), Of: refs(0, 1, 6)}, {Of: refs(0, 1)},
			},
			MeanReciprocalRank: (0.5 + 1) / 4,
		},
	}, consultation.Use(list))
	assert.Empty(t, consultation.Use(nil))
}
