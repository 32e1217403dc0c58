package replay

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/itsmkit/itsmkit/lifecycle"
)

// tally counts what became of the steps.
type tally struct {
	accepted, unchanged int
	refused             map[kind]int
	before              int // events that were lived in an earlier replay
	complete            bool
}

// kind is a kind of refused step: two statuses of the log, and the codes of the reasons.
type kind struct{ from, to, reasons string }

func (t *tally) refuse(from, to *status, refused *lifecycle.Refusal) {
	k := kind{to: to.name}
	if from != nil {
		k.from = from.name
	}
	codes := make([]string, len(refused.Reasons))
	for i, reason := range refused.Reasons {
		codes[i] = string(reason.Code)
	}
	k.reasons = strings.Join(codes, " ")
	t.refused[k]++
}

// Refused is a kind of step that the lifecycle does not allow, and how often it was met.
type Refused struct {
	// From and To are statuses of the log.
	From  string `json:"from"`
	To    string `json:"to"`
	Count int    `json:"count"`
	// Reasons are the codes with which the lifecycle explains it.
	Reasons []string `json:"reasons"`
}

// list gives the kinds, the most frequent first.
func (t *tally) list() []Refused {
	list := make([]Refused, 0, len(t.refused))
	for k, n := range t.refused {
		list = append(list, Refused{From: k.from, To: k.to, Count: n, Reasons: strings.Fields(k.reasons)})
	}
	slices.SortFunc(list, func(a, b Refused) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To),
			slices.Compare(a.Reasons, b.Reasons))
	})
	return list
}

// refusedFormat begins the note of a refused step. It is read again by whoever follows the log through our events.
const refusedFormat = "Refused: the log says status %q, team %q."

func refusedNote(a *aim, refused *lifecycle.Refusal) string {
	return fmt.Sprintf(refusedFormat, a.name, a.group) + " " + refused.Error()
}

// readRefused reads what the log says from the note of a refused step.
func readRefused(note string) (status, team string, ok bool) {
	n, _ := fmt.Sscanf(note, refusedFormat, &status, &team)
	return status, team, n == 2
}
