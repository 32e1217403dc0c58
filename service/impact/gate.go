package impact

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Gate says how many supporters of a group must work for the group to work. The zero Gate is [All].
type Gate struct {
	kind gateKind
	n    int
}

type gateKind uint8

const (
	gateAll gateKind = iota
	gateAny
	gateAtLeast
	gatePercent
)

// The gates without a number: every supporter must work, or one at least.
var (
	All = Gate{kind: gateAll}
	Any = Gate{kind: gateAny}
)

// AtLeast is the gate that k supporters work, 1 at least; all of them where there are fewer.
func AtLeast(k int) Gate { return Gate{gateAtLeast, k} }

// Percent is the gate that p percent of the supporters work, rounded up; 1 to 100.
func Percent(p int) Gate { return Gate{gatePercent, p} }

// maxNeed keeps percentages of it within an int32.
const maxNeed = 1 << 24

var errGate = errors.New("a gate is all, any, a number of supporters such as 2, or a percentage such as 60%")

func (g Gate) check() error {
	if g.kind >= gateAtLeast && (g.n < 1 || g.n > maxNeed || g.kind == gatePercent && g.n > 100) {
		return fmt.Errorf("%w, not %s", errGate, g)
	}
	return nil
}

// String is "all", "any", "2" or "60%".
func (g Gate) String() string {
	switch g.kind {
	case gateAny:
		return "any"
	case gateAtLeast:
		return strconv.Itoa(g.n)
	case gatePercent:
		return strconv.Itoa(g.n) + "%"
	}
	return "all"
}

// MarshalText writes the gate as String does.
func (g Gate) MarshalText() ([]byte, error) { return []byte(g.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (g *Gate) UnmarshalText(text []byte) error {
	s := string(text)
	gate := All
	switch digits, percent := strings.CutSuffix(s, "%"); {
	case s == "all" || s == "":
	case s == "any":
		gate = Any
	default:
		n, err := strconv.Atoi(digits)
		if gate = AtLeast(n); percent {
			gate = Percent(n)
		}
		if err != nil || gate.check() != nil || gate.String() != s {
			return fmt.Errorf("%w: %w, not %q", ErrInvalid, errGate, s)
		}
	}
	*g = gate
	return nil
}

// Need is how many of so many supporters must work: never more than there are.
func (g Gate) Need(supporters int) int { return min(g.asks(supporters), supporters) }

// asks is what the gate would have, were there enough.
func (g Gate) asks(supporters int) int {
	switch g.kind {
	case gateAny:
		return 1
	case gateAtLeast:
		return g.n
	case gatePercent:
		return max((g.n*supporters+99)/100, 1)
	}
	return supporters
}
