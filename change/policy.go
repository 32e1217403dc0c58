package change

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/itsmkit/itsmkit/approval"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// ApprovalPolicy says who approves which changes. The stages are asked in order: Stages, then the boards, then what Ask
// answers. The requester is left out of every stage, since nobody approves an own change.
type ApprovalPolicy struct {
	Name string
	// When picks changes; the zero filter takes all.
	When   itsm.Filter
	Stages []approval.Stage
	// Boards names change advisory boards, each a stage of its own.
	Boards []string
	// Ask answers stages that depend on the change, such as the owners of its services; nil adds none. It runs in the
	// transaction that asks.
	Ask func(u *itsm.Unit, c Change) ([]approval.Stage, error)
}

// Board is a change advisory board.
type Board struct {
	Name string
	// Chair leads the board, and Members advise. With a zero Rule the chair decides alone once the members spoke: everybody
	// has a ballot, and the chair's is the one that is needed.
	Chair   string
	Members []string
	Rule    approval.Rule
	// Agenda picks what the board talks about, of the changes that wait for it; the zero filter takes all.
	Agenda itsm.Filter
	// Timeout is of the board's stage.
	Timeout approval.Timeout
}

// stage is the board as a stage of an approval.
func (b Board) stage() approval.Stage {
	st := approval.Stage{Name: b.Name, Rule: b.Rule, Timeout: b.Timeout}
	if b.Chair != "" {
		st.Voters = append(st.Voters, approval.Voter{Person: b.Chair, Mandatory: true})
	}
	for _, m := range b.Members {
		st.Voters = append(st.Voters, approval.Voter{Person: m})
	}
	if b.Chair != "" && b.Rule == (approval.Rule{}) {
		st.Rule = approval.Any
	}
	return st
}

// TemplatePolicy says when a standard change is suspended: where fewer than Under percent of its last Of ended changes
// were successful, once there are Of. Under 0 never suspends.
type TemplatePolicy struct {
	Under int
	Of    int
}

// SuspectPolicy proposes changes as causes of incidents that name one of their items: those in progress when it is
// reported, and those that ended up to Within before. A proposal is the link [MaybeCausedBy]; somebody confirms it by
// the link itsm.CausedBy. Within 0 proposes none.
type SuspectPolicy struct {
	Within time.Duration
	// Kinds are the kinds of tickets that are looked at; empty is incidents.
	Kinds []string
}

const defaultEmergencyWindow = 4 * time.Hour

func (c Config) withDefaults() Config {
	if c.Plans == nil {
		c.Plans = func(risk itsm.Level) []Plan {
			switch {
			case risk.Valid() && risk <= itsm.High:
				return []Plan{Implementation, Test, Backout}
			case risk == itsm.Medium:
				return []Plan{Implementation, Backout}
			}
			return []Plan{Implementation}
		}
	}
	if c.Overriders == nil {
		c.Overriders = []itsm.Role{itsm.Manager, itsm.Administrator}
	}
	if c.EmergencyWindow == 0 {
		c.EmergencyWindow = defaultEmergencyWindow
	}
	if len(c.Suspects.Kinds) == 0 {
		c.Suspects.Kinds = []string{"incident"}
	}
	return c
}

// check lists every fault.
func (c Config) check() error {
	var faults []error
	fault := func(wrong bool, where, what string) {
		if wrong {
			faults = append(faults, itsm.Invalid(where, what))
		}
	}
	if err := c.Risk.Check(); err != nil {
		faults = append(faults, err)
	}
	fault(c.Conflicts > ConflictsRefused, "Conflicts", "choose one of the policies for conflicts")
	fault(c.EmergencyWindow < 0, "EmergencyWindow", "an emergency takes a time of more than 0")
	fault(c.EarlyBegin < 0, "EarlyBegin", "a change begins 0 or more before its window")
	fault(c.Templates.Under < 0 || c.Templates.Under > 100, "Templates.Under", "a limit is 0 (none) to 100 percent")
	fault(c.Templates.Under > 0 && c.Templates.Of < 1, "Templates.Of", "say of how many changes the rate is")
	fault(c.Suspects.Within < 0, "Suspects.Within", "look back 0 (not at all) or more")
	boards := map[string]bool{}
	for i, b := range c.Boards {
		where := fmt.Sprintf("Boards[%d]", i)
		fault(strings.TrimSpace(b.Name) == "" || boards[b.Name], where+".Name", "a board has a name of its own")
		fault(b.Chair == "" && len(b.Members) == 0, where, "a board has a chair or members")
		fault(slices.Contains(b.Members, b.Chair) && b.Chair != "", where+".Members", "the chair is no member besides")
		boards[b.Name] = true
	}
	for i, p := range c.Approvals {
		where := fmt.Sprintf("Approvals[%d]", i)
		fault(strings.TrimSpace(p.Name) == "", where+".Name", "a policy has a name")
		fault(len(p.Stages) == 0 && len(p.Boards) == 0 && p.Ask == nil, where, "name stages, boards or a function")
		for _, b := range p.Boards {
			fault(!boards[b], where+".Boards", "there is no board "+b)
		}
	}
	models := map[string]bool{}
	for i, m := range c.Models {
		where := fmt.Sprintf("Models[%d]", i)
		fault(strings.TrimSpace(m.Name) == "" || models[m.Name], where+".Name", "a model has a name of its own")
		fault(!m.Type.valid(), where+".Type", "a model is of the type normal, standard or emergency")
		models[m.Name] = true
	}
	for i, w := range c.Windows {
		if err := w.Check(); err != nil {
			faults = append(faults, fmt.Errorf("change: Windows[%d]: %w", i, err))
		}
	}
	return errors.Join(faults...)
}

func (t Type) valid() bool { return t == Normal || t == Standard || t == Emergency }

// overlay is the model's overlay, with its guard on each transition that it adds.
func (m Model) overlay() lifecycle.Overlay {
	o := m.Overlay
	o.Add.Transitions = slices.Clone(o.Add.Transitions)
	for i, row := range o.Add.Transitions {
		if !slices.Contains(row.Guards, ModelGuard(m.Name)) {
			o.Add.Transitions[i].Guards = append(slices.Clone(row.Guards), ModelGuard(m.Name))
		}
	}
	return o
}

// policyOf answers the first policy that matches a change; nil where none does.
func (s *Changes) policyOf(u *itsm.Unit, c *Change) *ApprovalPolicy {
	value := reader(u, c)
	for i := range s.config.Approvals {
		if p := &s.config.Approvals[i]; matches(p.When, value) {
			return p
		}
	}
	return nil
}

// stages answers whom a policy asks about a change, without its requester.
func (s *Changes) stages(u *itsm.Unit, c *Change, p *ApprovalPolicy) ([]approval.Stage, error) {
	stages := slices.Clone(p.Stages)
	for _, name := range p.Boards {
		stages = append(stages, s.board(name).stage())
	}
	if p.Ask != nil {
		more, err := p.Ask(u, *c)
		if err != nil {
			return nil, err
		}
		stages = append(stages, more...)
	}
	for i := range stages {
		stages[i].Voters = slices.DeleteFunc(slices.Clone(stages[i].Voters), func(v approval.Voter) bool { return v.Person == c.Caller })
	}
	return stages, nil
}

func (s *Changes) board(name string) Board {
	i := slices.IndexFunc(s.config.Boards, func(b Board) bool { return b.Name == name })
	if i < 0 {
		return Board{}
	}
	return s.config.Boards[i]
}
