package approval

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/itsmkit/itsmkit/lifecycle"
)

// Rule says how many of a stage's voters must accept. The zero Rule is [All].
type Rule struct {
	kind ruleKind
	n    int
}

type ruleKind uint8

const (
	ruleAll ruleKind = iota
	ruleAny
	ruleCount
	rulePercent
	ruleMajority
)

// The rules without a number. Under All an abstention counts as not accepting. Majority is more than half of those who do
// not abstain.
var (
	All      = Rule{kind: ruleAll}
	Any      = Rule{kind: ruleAny}
	Majority = Rule{kind: ruleMajority}
)

// Count is the rule that n voters accept, however many abstain. It must be 1 at least.
func Count(n int) Rule { return Rule{ruleCount, n} }

// Percent is the rule that p percent of those who do not abstain accept, rounded up; 1 to 100.
func Percent(p int) Rule { return Rule{rulePercent, p} }

// String is "all", "any", "majority", "2" or "60%".
func (r Rule) String() string {
	switch r.kind {
	case ruleAny:
		return "any"
	case ruleMajority:
		return "majority"
	case ruleCount:
		return strconv.Itoa(r.n)
	case rulePercent:
		return strconv.Itoa(r.n) + "%"
	}
	return "all"
}

// MarshalText writes the rule as String does.
func (r Rule) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (r *Rule) UnmarshalText(text []byte) error {
	switch s := string(text); s {
	case "all", "":
		*r = All
	case "any":
		*r = Any
	case "majority":
		*r = Majority
	default:
		digits, percent := strings.CutSuffix(s, "%")
		n, err := strconv.Atoi(digits)
		if err != nil || n < 1 || percent && n > 100 || n > MaxVoters || strconv.Itoa(n) != digits {
			return fmt.Errorf("approval: a rule is all, any, majority, a number of voters or a percentage such as 60%%, not %q", s)
		}
		if *r = Count(n); percent {
			*r = Percent(n)
		}
	}
	return nil
}

// Need is how many of a stage's voters must accept where so many of them abstained: 1 at least.
func (r Rule) Need(voters, abstained int) int {
	base := voters - abstained
	need := 1
	switch r.kind {
	case ruleAll:
		need = voters
	case ruleCount:
		need = r.n
	case rulePercent:
		need = (r.n*base + 99) / 100
	case ruleMajority:
		need = base/2 + 1
	}
	return max(need, 1)
}

// Choice is what a voter says.
type Choice string

// The choices. The zero Choice is of who has not voted.
const (
	Accept  Choice = "accept"
	Refuse  Choice = "refuse"
	Abstain Choice = "abstain"
)

// Status is how an approval stands.
type Status string

// The statuses.
const (
	Waiting  Status = "waiting"
	Accepted Status = "accepted"
	Refused  Status = "refused"
)

// Decision is how a stage stands, and the numbers that say why.
type Decision struct {
	Status Status `json:"status"`
	// Need is how many must accept, of the voters who did not abstain where the rule counts those.
	Need      int `json:"need"`
	Accepted  int `json:"accepted,omitempty"`
	Refused   int `json:"refused,omitempty"`
	Abstained int `json:"abstained,omitempty"`
	Open      int `json:"open,omitempty"`
	// Mandatory counts the mandatory voters who have not accepted, and Against those of them who refused or abstained.
	Mandatory int `json:"mandatory,omitempty"`
	Against   int `json:"against,omitempty"`
}

// Decide says how a stage of voters stands: vote answers what the voter of that place said, and whether that voter is
// mandatory.
//
// It is accepted as soon as as many accepted as the rule needs, every mandatory voter among them; refused as soon as those
// who accepted and those who have not voted are too few, or a mandatory voter refused or abstained; else it waits. Both are
// the earliest vote at which no later one could change the answer: an abstention lowers what is needed by one at most, as
// it does what can still come. It allocates nothing and costs a step for each voter.
func (r Rule) Decide(voters int, vote func(place int) (choice Choice, mandatory bool)) Decision {
	var d Decision
	for i := range voters {
		choice, mandatory := vote(i)
		switch choice {
		case Accept:
			d.Accepted++
			continue
		case Refuse:
			d.Refused++
		case Abstain:
			d.Abstained++
		default:
			d.Open++
		}
		if mandatory {
			d.Mandatory++
			if choice != "" {
				d.Against++
			}
		}
	}
	d.Need = r.Need(voters, d.Abstained)
	switch {
	case d.Against > 0, d.Accepted+d.Open < d.Need:
		d.Status = Refused
	case d.Accepted >= d.Need && d.Mandatory == 0:
		d.Status = Accepted
	default:
		d.Status = Waiting
	}
	return d
}

// The codes of what a decision rests on.
const (
	ReasonEnough    lifecycle.Code = "enough_accepted"       // as many accepted as are needed
	ReasonTooFew    lifecycle.Code = "need_unreachable"      // too few can still accept
	ReasonMandatory lifecycle.Code = "mandatory_not_accept"  // a mandatory voter refused or abstained
	ReasonOpen      lifecycle.Code = "votes_open"            // votes that are needed are open
	ReasonMissing   lifecycle.Code = "mandatory_vote_open"   // the vote of a mandatory voter is open
	ReasonTimeout   lifecycle.Code = "approval_time_is_over" // nobody decided in time
)

// Reasons say in codes with numbers why the decision is what it is.
func (d Decision) Reasons() []lifecycle.Reason {
	args := map[string]string{"accepted": strconv.Itoa(d.Accepted), "need": strconv.Itoa(d.Need), "open": strconv.Itoa(d.Open)}
	var codes []lifecycle.Code
	switch d.Status {
	case Accepted:
		codes = append(codes, ReasonEnough)
	case Refused:
		if d.Against > 0 {
			codes = append(codes, ReasonMandatory)
		}
		if d.Accepted+d.Open < d.Need {
			codes = append(codes, ReasonTooFew)
		}
	default:
		if d.Accepted < d.Need {
			codes = append(codes, ReasonOpen)
		}
		if d.Mandatory > 0 {
			codes = append(codes, ReasonMissing)
		}
	}
	reasons := make([]lifecycle.Reason, len(codes))
	for i, c := range codes {
		reasons[i] = lifecycle.Reason{Code: c, Args: args}
	}
	return reasons
}
