package change

import (
	"context"
	"errors"
	"time"

	"github.com/itsmkit/itsmkit/change/schedule"
	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// Config changes the practice for a desk. The zero value is the practice as documented: a normal change is approved by
// anybody who may give the command and did not ask for the change, no window is frozen, and conflicts are borne by who
// acknowledges them.
type Config struct {
	// Risk judges changes, when they are submitted and assessed and when what is judged changes.
	Risk RiskPolicy
	// Plans says which plans a risk takes; nil is an implementation plan always, a backout plan from medium on, and a test
	// plan from high on.
	Plans func(risk itsm.Level) []Plan
	// Approvals say who approves; the first that matches a change is asked. A change that none matches is approved by the
	// command itself, given by somebody else than its requester.
	Approvals []ApprovalPolicy
	// Boards are the change advisory boards that approvals name.
	Boards []Board
	// Windows are those of every tenant; what people declare later are records ([Changes.DeclareWindow]).
	Windows []schedule.Window
	// Conflicts says whether conflicts with other changes may be borne.
	Conflicts Conflicts
	// Overriders are the roles that may override the calendar; nil is managers and administrators.
	Overriders []itsm.Role
	// Topology tells what depends on items; nil finds conflicts of the same item, service and person only.
	Topology Topology
	// EmergencyWindow is how long an emergency takes that begins without a window; 0 is 4 hours.
	EmergencyWindow time.Duration
	// EarlyBegin is how long before its window a change may begin; 0 is not at all.
	EarlyBegin time.Duration
	// BeginAtStart begins scheduled changes by a timer when their window opens, where nothing stands in the way.
	BeginAtStart bool
	// Templates says how standard changes are watched.
	Templates TemplatePolicy
	// Models are own change models.
	Models []Model
	// Suspects proposes changes as causes of incidents; the zero value proposes none.
	Suspects SuspectPolicy
	// Custom declares custom fields.
	Custom field.Schema
	// Overlays change the lifecycle, in order; those of Models come after them.
	Overlays []lifecycle.Overlay
	// Extend registers guards, choices and handlers that overlays name; nil registers nothing.
	Extend func(*itsm.Practice[Change]) error
}

// Plan names one of the [Plans].
type Plan string

// The plans.
const (
	Implementation Plan = "implementation"
	Test           Plan = "test"
	Backout        Plan = "backout"
	Communication  Plan = "communication"
)

// Conflicts is a policy for changes that meet in time.
type Conflicts uint8

// What is done about a change that meets another one on the same item, on one that depends on it, on the same service or
// with the same person.
const (
	// ConflictsAcknowledged lets it pass where somebody acknowledged each conflict, for this window.
	ConflictsAcknowledged Conflicts = iota
	// ConflictsRefused never lets it pass but by an override.
	ConflictsRefused
)

// Topology tells what depends on configuration items. A *service.Services is one.
type Topology interface {
	// Dependents answers the items and services that depend on any of the items, directly or not, at any instant of
	// [start, end). It asks for no rights: what it answers is compared and named in refusals only.
	Dependents(ctx context.Context, tenant string, items []string, start, end time.Time) ([]string, error)
}

// Model is a change model of a desk's own: an overlay that gives changes of a type another path. Its rows are for changes
// that name the model, by the guard [ModelGuard].
type Model struct {
	Name string
	Type Type
	// Overlay changes the table; its rows take the guard of the model.
	Overlay lifecycle.Overlay
	// Preparing are states of the overlay that lie before the implementation. In every other state of its own a change
	// counts as being implemented, and must satisfy all that takes.
	Preparing []lifecycle.State
}

// ModelGuard names the guard that holds for changes of a model.
func ModelGuard(model string) string { return "model_" + model }

// Changes are the commands and questions of change enablement. It may be used by many goroutines.
type Changes struct {
	*itsm.Records[Change]
	config    Config
	preparing map[lifecycle.State]bool
	calendar  *calendars
	windows   *itsm.Practice[WindowRecord]
	templates *itsm.Practice[Template]

	draft       itsm.Creation[Change, Draft]
	submit      itsm.Command[Change, Nothing]
	assessed    itsm.Command[Change, Nothing]
	ask         itsm.Command[Change, Nothing]
	approve     itsm.Command[Change, Approving]
	reject      itsm.Command[Change, Because]
	schedule    itsm.Command[Change, Window]
	begin       itsm.Command[Change, Nothing]
	finish      itsm.Command[Change, Finish]
	close       itsm.Command[Change, Closure]
	cancel      itsm.Command[Change, Because]
	hold        itsm.Command[Change, Because]
	release     itsm.Command[Change, Nothing]
	answer      itsm.Command[Change, Answering]
	tick        itsm.Command[Change, Tick]
	acknowledge itsm.Command[Change, Because]
	override    itsm.Command[Change, Overriding]
	standing    windowCommands
	standard    templateCommands
}

// New registers the practice with a kernel that is not open yet. The kernel needs package approval registered, too.
func New(k *itsm.Kernel, c Config) (*Changes, error) {
	s := &Changes{config: c.withDefaults(), preparing: map[lifecycle.State]bool{}}
	if err := s.config.check(); err != nil {
		return nil, err
	}
	for _, state := range preparing() {
		s.preparing[state] = true
	}
	s.preparing[StateCancelled] = true
	overlays := append([]lifecycle.Overlay(nil), c.Overlays...)
	for _, m := range c.Models {
		overlays = append(overlays, m.overlay())
		for _, state := range m.Preparing {
			s.preparing[state] = true
		}
	}
	p, err := itsm.NewPractice[Change](k, itsm.Spec{
		Kind: Kind, Series: Series, Lifecycle: Lifecycle(), Overlays: overlays, Custom: c.Custom,
		Editable: []string{
			"title", "description", "caller", "channel", "impact", "urgency", "priority", "priority_reason", "category",
			"type", "model", "service", "services", "items", "start", "end",
			"plans.implementation", "plans.test", "plans.backout", "plans.communication",
		},
	})
	if err != nil {
		return nil, err
	}
	s.Records = p.Records
	s.guards(p)
	s.handlers(p)
	p.Keep(s.keep)
	if err := errors.Join(s.registerCalendar(k), s.registerWindows(k), s.registerTemplates(k)); err != nil {
		return nil, err
	}
	if c.Extend != nil {
		if err := c.Extend(p); err != nil {
			return nil, err
		}
	}
	s.hooks(k)
	return s, nil
}

// Draft makes a change. It asks for nothing but a title; what is missing, its submission tells.
func (s *Changes) Draft(ctx context.Context, d Draft, with ...itsm.Option) (Change, error) {
	return s.draft.Do(ctx, d, with...)
}

// Submit hands a normal change in: its risk is judged, and the plans that its risk takes must be there.
func (s *Changes) Submit(ctx context.Context, id string, with ...itsm.Option) (Change, error) {
	return s.submit.Do(ctx, id, Nothing{}, with...)
}

// Assess ends the assessment of a normal change, with its risk judged anew, and asks those for approval whom the policy
// names. Where they accept, the change is approved; where they refuse, it is rejected.
func (s *Changes) Assess(ctx context.Context, id string, with ...itsm.Option) (Change, error) {
	return s.assessed.Do(ctx, id, Nothing{}, with...)
}

// RequestApproval asks the quorum of an emergency. Where they accept, it is approved.
func (s *Changes) RequestApproval(ctx context.Context, id string, with ...itsm.Option) (Change, error) {
	return s.ask.Do(ctx, id, Nothing{}, with...)
}

// Approve approves a change for which the policy asks nobody, given by somebody else than its requester. An emergency may
// be approved in retrospect: it may begin at once, its quorum is asked now, and it cannot be closed before they decided.
func (s *Changes) Approve(ctx context.Context, id string, a Approving, with ...itsm.Option) (Change, error) {
	return s.approve.Do(ctx, id, a, with...)
}

// Reject sends a change back to its draft.
func (s *Changes) Reject(ctx context.Context, id, reason string, with ...itsm.Option) (Change, error) {
	return s.reject.Do(ctx, id, Because{reason}, with...)
}

// Schedule gives the change its place in the calendar. It refuses with a reason for each thing that stands in the way, and
// says when the next free slot is.
func (s *Changes) Schedule(ctx context.Context, id string, w Window, with ...itsm.Option) (Change, error) {
	return s.schedule.Do(ctx, id, w, with...)
}

// Begin starts the implementation, within the window, after all that stood in the way when it was scheduled was looked at
// again.
func (s *Changes) Begin(ctx context.Context, id string, with ...itsm.Option) (Change, error) {
	return s.begin.Do(ctx, id, Nothing{}, with...)
}

// Finish ends the implementation; mandatory tasks of it are done, or waived with a reason.
func (s *Changes) Finish(ctx context.Context, id string, f Finish, with ...itsm.Option) (Change, error) {
	return s.finish.Do(ctx, id, f, with...)
}

// Close says what came of the change.
func (s *Changes) Close(ctx context.Context, id string, c Closure, with ...itsm.Option) (Change, error) {
	return s.close.Do(ctx, id, c, with...)
}

// Cancel ends a change that is not implemented.
func (s *Changes) Cancel(ctx context.Context, id, reason string, with ...itsm.Option) (Change, error) {
	return s.cancel.Do(ctx, id, Because{reason}, with...)
}

// Hold suspends a change with its approval; it keeps its state and its place in the calendar.
func (s *Changes) Hold(ctx context.Context, id, reason string, with ...itsm.Option) (Change, error) {
	return s.hold.Do(ctx, id, Because{reason}, with...)
}

// Release ends a hold, and gives the open approvals back.
func (s *Changes) Release(ctx context.Context, id string, with ...itsm.Option) (Change, error) {
	return s.release.Do(ctx, id, Nothing{}, with...)
}

// Answer answers questions about risk.
func (s *Changes) Answer(ctx context.Context, id string, answers map[string]string, with ...itsm.Option) (Change, error) {
	return s.answer.Do(ctx, id, Answering{answers}, with...)
}

// Tick judges a success criterion.
func (s *Changes) Tick(ctx context.Context, id string, t Tick, with ...itsm.Option) (Change, error) {
	return s.tick.Do(ctx, id, t, with...)
}

// Acknowledge bears the conflicts that the change has now in its window, where the policy lets anybody.
func (s *Changes) Acknowledge(ctx context.Context, id, reason string, with ...itsm.Option) (Change, error) {
	return s.acknowledge.Do(ctx, id, Because{reason}, with...)
}

// Overrule lets a change pass what the calendar has against it, for the window that it has.
func (s *Changes) Overrule(ctx context.Context, id string, o Overriding, with ...itsm.Option) (Change, error) {
	return s.override.Do(ctx, id, o, with...)
}

// Explain answers the error that a trigger would meet now, with the input of its command, or nil. It writes nothing.
func (s *Changes) Explain(ctx context.Context, id string, t lifecycle.Trigger, in any, with ...itsm.Option) error {
	return s.Kernel().Explain(ctx, s.Ref(id), t, in, with...)
}

// Permitted lists the triggers that the actor may pull now.
func (s *Changes) Permitted(ctx context.Context, id string) ([]lifecycle.Trigger, error) {
	return s.Kernel().Permitted(ctx, s.Ref(id))
}
