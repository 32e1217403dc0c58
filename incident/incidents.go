package incident

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// Config changes the practice for a desk. The zero value is the practice as documented.
type Config struct {
	Policy Policy
	// Matrix gives the priority; nil is the default one.
	Matrix *itsm.Matrix
	// Calendar counts the working time of Policy.AutoClose; nil counts around the clock.
	Calendar WorkingTime
	// Categories are those that an incident may have, such as "network/vpn"; empty takes any.
	Categories []string
	// Custom declares custom fields.
	Custom field.Schema
	// Overlays change the lifecycle, in order.
	Overlays []lifecycle.Overlay
	// Extend registers guards, choices and handlers that overlays name; nil registers nothing.
	Extend func(*itsm.Practice[Incident]) error
	// Major is the policy for major incidents.
	Major MajorPolicy
}

// Incidents are the commands and questions of incident management. It may be used by many goroutines.
type Incidents struct {
	*itsm.Records[Incident]
	config Config
	policy Policy
	matrix itsm.Matrix

	report   itsm.Creation[Incident, Report]
	assign   itsm.Command[Incident, Assignment]
	start    itsm.Command[Incident, Nothing]
	reassign itsm.Command[Incident, Assignment]
	back     itsm.Command[Incident, Queue]
	hold     itsm.Command[Incident, Hold]
	resume   itsm.Command[Incident, Nothing]
	resolve  itsm.Command[Incident, Resolution]
	confirm  itsm.Command[Incident, Nothing]
	close    itsm.Command[Incident, Nothing]
	reopen   itsm.Command[Incident, Reopen]
	late     itsm.Command[Incident, itsm.Comment]
	cancel   itsm.Command[Incident, Cancel]
	merge    itsm.Command[Incident, Merge]
	split    itsm.Command[Incident, Split]
	contact  itsm.Command[Incident, Contact]
	major    majors
}

// New registers the practice with a kernel that is not open yet.
func New(k *itsm.Kernel, c Config) (*Incidents, error) {
	s := &Incidents{config: c, policy: c.Policy.withDefaults(), matrix: itsm.DefaultMatrix()}
	if c.Matrix != nil {
		s.matrix = *c.Matrix
	}
	if s.config.Calendar == nil {
		s.config.Calendar = roundTheClock{}
	}
	if err := c.Policy.check(); err != nil {
		return nil, err
	}
	if err := s.matrix.Check(); err != nil {
		return nil, err
	}
	p, err := itsm.NewPractice[Incident](k, itsm.Spec{
		Kind: Kind, Series: Series, Lifecycle: Lifecycle(), Overlays: c.Overlays, Custom: c.Custom,
		Axes: majorAxes(),
		Editable: []string{
			"title", "description", "caller", "channel", "impact", "urgency", "priority", "priority_reason",
			"category", "service", "items",
		},
	})
	if err != nil {
		return nil, err
	}
	s.Records = p.Records
	s.guards(p)
	s.handlers(p)
	if err := s.registerMajor(k, p); err != nil {
		return nil, err
	}
	if c.Extend != nil {
		if err := c.Extend(p); err != nil {
			return nil, err
		}
	}
	k.Hook(itsm.Hook{Name: "incident: the caller writes", Kinds: []string{Kind}, Triggers: []lifecycle.Trigger{itsm.TriggerComment}, AfterAct: s.callerWrites})
	return s, nil
}

// Report makes an incident. It begins as new, with the priority of the matrix.
func (s *Incidents) Report(ctx context.Context, r Report, with ...itsm.Option) (Incident, error) {
	return s.report.Do(ctx, r, with...)
}

// Assign gives a new incident to a group or a person.
func (s *Incidents) Assign(ctx context.Context, id string, a Assignment, with ...itsm.Option) (Incident, error) {
	return s.assign.Do(ctx, id, a, with...)
}

// Start begins the work. Where nobody is assigned, the actor takes it.
func (s *Incidents) Start(ctx context.Context, id string, with ...itsm.Option) (Incident, error) {
	return s.start.Do(ctx, id, Nothing{}, with...)
}

// Reassign hands the incident over; it is then assigned, and not in progress or on hold any more.
func (s *Incidents) Reassign(ctx context.Context, id string, a Assignment, with ...itsm.Option) (Incident, error) {
	return s.reassign.Do(ctx, id, a, with...)
}

// ReturnToQueue gives the incident back to its group, or to the group named, with nobody assigned.
func (s *Incidents) ReturnToQueue(ctx context.Context, id string, q Queue, with ...itsm.Option) (Incident, error) {
	return s.back.Do(ctx, id, q, with...)
}

// Hold lets the incident wait, or wait for something else.
func (s *Incidents) Hold(ctx context.Context, id string, h Hold, with ...itsm.Option) (Incident, error) {
	return s.hold.Do(ctx, id, h, with...)
}

// Resume ends the wait: the incident goes back to the state before it.
func (s *Incidents) Resume(ctx context.Context, id string, with ...itsm.Option) (Incident, error) {
	return s.resume.Do(ctx, id, Nothing{}, with...)
}

// Resolve says how the incident was solved. It closes itself after the policy's time.
func (s *Incidents) Resolve(ctx context.Context, id string, r Resolution, with ...itsm.Option) (Incident, error) {
	return s.resolve.Do(ctx, id, r, with...)
}

// Confirm closes a resolved incident: the caller is content.
func (s *Incidents) Confirm(ctx context.Context, id string, with ...itsm.Option) (Incident, error) {
	return s.confirm.Do(ctx, id, Nothing{}, with...)
}

// Close closes a resolved incident without the caller's word, as the timer does.
func (s *Incidents) Close(ctx context.Context, id string, with ...itsm.Option) (Incident, error) {
	return s.close.Do(ctx, id, Nothing{}, with...)
}

// Reopen takes a resolved incident up again, within the policy's window and limit.
func (s *Incidents) Reopen(ctx context.Context, id string, r Reopen, with ...itsm.Option) (Incident, error) {
	return s.reopen.Do(ctx, id, r, with...)
}

// Cancel ends an incident that needs no resolution.
func (s *Incidents) Cancel(ctx context.Context, id string, c Cancel, with ...itsm.Option) (Incident, error) {
	return s.cancel.Do(ctx, id, c, with...)
}

// Merge ends an incident in favour of another one, which takes over its comments, notes, attachments, watchers and
// links, with the caller as a watcher. What is written to it later reaches the survivor by [Incidents.Reply]. It answers
// the merged incident. A survivor that is closed or cancelled refuses, and an incident with more than 1,000 links.
func (s *Incidents) Merge(ctx context.Context, id string, survivor itsm.Ref, with ...itsm.Option) (Incident, error) {
	return s.merge.Do(ctx, id, Merge{Survivor: survivor}, with...)
}

// Split makes a comment a new incident, linked to the one that it was written on, and answers the new one.
func (s *Incidents) Split(ctx context.Context, id string, in Split, with ...itsm.Option) (Incident, error) {
	if _, err := s.split.Do(ctx, id, in, with...); err != nil {
		return Incident{}, err
	}
	links, err := s.Links(ctx, id)
	if err != nil {
		return Incident{}, err
	}
	i := len(links) - 1
	for i > 0 && links[i].Name != SplitInto.Name {
		i--
	}
	if i < 0 {
		return Incident{}, itsm.ErrConflict // somebody took the link away meanwhile
	}
	return s.Get(ctx, links[i].To.ID)
}

// LogContact notes a call, a visit or another exchange with the caller that left no message.
func (s *Incidents) LogContact(ctx context.Context, id string, c Contact, with ...itsm.Option) (Incident, error) {
	return s.contact.Do(ctx, id, c, with...)
}

// Reply adds a message wherever the incident stands: a comment, or a late reply where it is closed and the caller
// writes. A late reply may have made a new incident: the answer is then the closed one, linked to it. A message to a
// merged incident reaches the survivor, and the answer is that one.
func (s *Incidents) Reply(ctx context.Context, id string, c itsm.Comment, with ...itsm.Option) (Incident, error) {
	inc, err := s.Comment(ctx, id, c, with...)
	refusal, ok := lifecycle.AsRefusal(err)
	switch {
	case ok && refusal.State == StateClosed && refusal.Has(guardNotLate):
		return s.late.Do(ctx, id, c, with...)
	case ok && refusal.State == StateCancelled:
		merged, failed := s.Get(ctx, id)
		if failed == nil && merged.MergedInto.Kind == Kind {
			return s.Reply(ctx, merged.MergedInto.ID, c, with...) // what was merged never ends in a circle
		}
	}
	return inc, err
}

// Explain answers the error that a trigger would meet now, with the input of its command, or nil. It writes nothing.
func (s *Incidents) Explain(ctx context.Context, id string, t lifecycle.Trigger, in any, with ...itsm.Option) error {
	return s.Kernel().Explain(ctx, s.Ref(id), t, in, with...)
}

// Permitted lists the triggers that the actor may pull now.
func (s *Incidents) Permitted(ctx context.Context, id string) ([]lifecycle.Trigger, error) {
	return s.Kernel().Permitted(ctx, s.Ref(id))
}

// handlers says what each trigger does to the record; the table says when it may.
func (s *Incidents) handlers(p *itsm.Practice[Incident]) {
	s.report = itsm.Create(p, TriggerReport, "reported", s.reported)
	s.assign = itsm.Handle(p, TriggerAssign, func(_ *itsm.Unit, inc *Incident, a Assignment) error {
		inc.HandTo(a.Group, a.Assignee)
		return nil
	})
	s.start = itsm.Handle(p, TriggerStart, func(u *itsm.Unit, inc *Incident, _ Nothing) error {
		if inc.Assignee == "" {
			inc.Assignee = u.Actor().Person()
		}
		return nil
	})
	s.reassign = itsm.Handle(p, TriggerReassign, func(u *itsm.Unit, inc *Incident, a Assignment) error {
		inc.HandTo(a.Group, a.Assignee)
		release(u, inc)
		return nil
	})
	s.back = itsm.Handle(p, TriggerReturn, func(u *itsm.Unit, inc *Incident, q Queue) error {
		if q.Group != "" {
			inc.Group = q.Group
		}
		inc.Assignee = ""
		release(u, inc)
		return nil
	})
	s.hold = itsm.Handle(p, TriggerHold, s.held)
	s.resume = itsm.Handle(p, TriggerResume, func(u *itsm.Unit, inc *Incident, _ Nothing) error {
		release(u, inc)
		return nil
	})
	s.resolve = itsm.Handle(p, TriggerResolve, s.resolved)
	closed := func(u *itsm.Unit, inc *Incident, _ Nothing) error {
		inc.ClosedAt = u.Now()
		u.CancelTimer(TimerAutoClose)
		return nil
	}
	s.confirm = itsm.Handle(p, TriggerConfirm, closed)
	s.close = itsm.Handle(p, TriggerClose, closed)
	s.reopen = itsm.Handle(p, TriggerReopen, func(u *itsm.Unit, inc *Incident, r Reopen) error {
		s.takeUp(u, inc)
		return u.Note(r.Reason)
	})
	s.late = itsm.Handle(p, TriggerLate, s.repliedLate)
	s.cancel = itsm.Handle(p, TriggerCancel, cancelled)
	s.merge = itsm.Handle(p, TriggerMerge, merged)
	s.split = itsm.Handle(p, TriggerSplit, split)
	s.contact = itsm.Handle(p, TriggerContact, s.contacted)
	itsm.Handle(p, TriggerAbsorb, absorbed)
	itsm.Handle(p, TriggerFollow, followed)
	itsm.Handle(p, TriggerRemind, s.reminded)
	itsm.Handle(p, TriggerWorkaround, func(u *itsm.Unit, inc *Incident, w KnownWorkaround) error {
		told := slices.Clone(inc.Workarounds)
		for i, t := range told {
			problem, edition, _ := strings.Cut(t, "/")
			if problem != w.Problem {
				continue
			}
			if n, err := strconv.ParseInt(edition, 10, 64); err == nil && n >= w.Edition {
				return nil // it was told
			}
			told = slices.Delete(told, i, i+1)
			break
		}
		inc.Workaround, inc.Workarounds = w, append(told, fmt.Sprintf("%s/%d", w.Problem, w.Edition))
		return u.Note("Workaround of " + w.Problem + ": " + w.Text)
	})
	p.Commented(s.commented)
	p.Standard(s.edited)
	p.ShareKeys(itsm.TriggerComment, TriggerLate) // a reply is one of the two
}

func (s *Incidents) reported(u *itsm.Unit, inc *Incident, r Report) error {
	if strings.TrimSpace(r.Title) == "" {
		return itsm.Invalid("title", "say in a few words what is wrong")
	}
	if !u.Given("group").IsZero() || !u.Given("assignee").IsZero() { // what a rule filled in is no wish of the caller
		if err := u.Require(itsm.Verb(itsm.TriggerEdit)); err != nil {
			return err
		}
	}
	inc.Title, inc.Description = r.Title, r.Description
	inc.Caller, inc.Channel = r.Caller, r.Channel
	inc.OpenedBy = u.Actor().Person()
	if inc.Caller == "" {
		inc.Caller = u.Actor().OnBehalfOf
	}
	if inc.Caller == "" {
		inc.Caller = inc.OpenedBy
	}
	inc.Impact, inc.Urgency = cmp.Or(r.Impact, itsm.Medium), cmp.Or(r.Urgency, itsm.Medium)
	if err := checkLevels(inc); err != nil {
		return err
	}
	inc.Priority = s.matrix.Priority(inc.Impact, inc.Urgency)
	inc.Category, inc.Service, inc.Items = r.Category, r.Service, slices.Clone(r.Items)
	if err := errors.Join(s.checkCategory(inc), lookUpCaller(u, inc)); err != nil {
		return err
	}
	inc.Contacts, inc.ContactAt = 1, u.Now()
	inc.HandTo(r.Group, r.Assignee)
	inc.Custom = r.Custom.Clone()
	return nil
}

func (s *Incidents) resolved(u *itsm.Unit, inc *Incident, r Resolution) error {
	inc.Resolution, inc.ResolvedAt = r, u.Now()
	inc.ResolvedBy = u.Actor().Person()
	release(u, inc)
	if s.policy.AutoClose < 0 || inc.Major.State == MajorAccepted { // a major incident is closed by hand
		return nil
	}
	due, err := s.config.Calendar.Add(u.Now(), s.policy.AutoClose)
	if err != nil {
		return fmt.Errorf("auto-close: %w", err)
	}
	return u.SetTimer(TimerAutoClose, due, TriggerClose, nil)
}

// takeUp is what every reopening does.
func (s *Incidents) takeUp(u *itsm.Unit, inc *Incident) {
	inc.Reopens++
	inc.Resolution, inc.ResolvedBy = Resolution{}, ""
	inc.ResolvedAt, inc.ClosedAt = time.Time{}, time.Time{}
	inc.ReopenedAt, inc.ReopenedBy = u.Now(), u.Actor().Person()
	u.CancelTimer(TimerAutoClose)
}

// repliedLate does what the policy says when the caller writes on a closed incident.
func (s *Incidents) repliedLate(u *itsm.Unit, inc *Incident, c itsm.Comment) error {
	if s.policy.LateReply == LateReplyReopens && s.callerMayReopen(u, inc) {
		s.takeUp(u, inc)
		if err := u.Comment(c); err != nil {
			return err
		}
		return s.commented(u, inc, c)
	}
	ref, err := u.Create(Kind, TriggerReport, Report{
		Title: inc.Title, Description: c.Body, Caller: inc.Caller, Channel: c.Channel, Impact: inc.Impact, Urgency: inc.Urgency,
		Category: inc.Category, Service: inc.Service, Items: inc.Items, Group: inc.Group,
		Custom: inc.Custom,
	})
	if err != nil {
		return err
	}
	return u.Link(Continued, ref)
}

// edited keeps the priority in step with impact and urgency, unless somebody gave it with a reason.
func (s *Incidents) edited(u *itsm.Unit, inc *Incident, patch itsm.Patch) error {
	inc.Title = strings.TrimSpace(inc.Title)
	if _, ok := patch["category"]; ok {
		if err := s.checkCategory(inc); err != nil {
			return err
		}
	}
	if _, ok := patch["caller"]; ok {
		if err := lookUpCaller(u, inc); err != nil {
			return err
		}
	}
	if err := checkLevels(inc); err != nil {
		return err
	}
	if given, ok := patch["priority"]; ok && !given.IsZero() {
		if patch["priority_reason"].IsZero() {
			return itsm.Invalid("priority_reason", "a priority other than the matrix's takes a reason")
		}
		if inc.Priority == 0 || inc.Priority > 5 {
			return itsm.Invalid("priority", "a priority is 1 to 5")
		}
		return nil
	} else if ok {
		inc.PriorityReason = ""
	} else if reason, ok := patch["priority_reason"]; ok && !reason.IsZero() && inc.Priority == s.matrix.Priority(inc.Impact, inc.Urgency) {
		return itsm.Invalid("priority", "give the priority that the reason is for")
	}
	if inc.PriorityReason == "" {
		inc.Priority = s.matrix.Priority(inc.Impact, inc.Urgency)
	}
	return nil
}

func checkLevels(inc *Incident) error {
	if inc.Impact.Valid() && inc.Urgency.Valid() {
		return nil
	}
	return itsm.Invalid("impact", "impact and urgency are critical, high, medium or low")
}

// callerWrites is what a message of the caller does beside being a comment. Where the table refuses it, the message
// stays, with the refusal beside it.
func (s *Incidents) callerWrites(u *itsm.Unit, c itsm.Change) error {
	inc, ok := c.After.(*Incident)
	message, _ := c.Input.(*itsm.Comment)
	if !ok || !fromCaller(inc, c.Actor, message) {
		return nil
	}
	var err error
	switch {
	case inc.State == StateOnHold && inc.Hold == itsm.HoldCaller:
		_, err = u.Try(u.Ref(), TriggerResume, nil)
	case inc.State == StateResolved && s.policy.CallerReply == ReplyReopens && s.mayReopen(u, inc):
		_, err = u.Try(u.Ref(), TriggerReopen, Reopen{Reason: "The caller wrote."})
	}
	return err
}

// fromCaller reports whether a message is the caller's word: not a machine's, and not one between those who work on it.
func fromCaller(inc *Incident, by itsm.Actor, message *itsm.Comment) bool {
	return inc.Caller != "" && by.Person() == inc.Caller && (message == nil || !message.AutoReply && !message.Internal)
}

func (s *Incidents) mayReopen(u *itsm.Unit, inc *Incident) bool {
	return s.windowOpen(u, inc) == nil && s.limitFree(u, inc) == nil && s.callerMayReopen(u, inc)
}

func (s *Incidents) windowOpen(u *itsm.Unit, inc *Incident) *lifecycle.Reason {
	return within(u.Now(), inc.ResolvedAt, s.policy.ReopenWindow, guardWindow)
}

func (s *Incidents) limitFree(_ *itsm.Unit, inc *Incident) *lifecycle.Reason {
	if s.policy.ReopenLimit == 0 || inc.Reopens < s.policy.ReopenLimit {
		return nil
	}
	return &lifecycle.Reason{Code: guardLimit, Args: map[string]string{"limit": strconv.Itoa(s.policy.ReopenLimit)}}
}

// guards gives the names in the table their functions.
func (s *Incidents) guards(p *itsm.Practice[Incident]) {
	refuse := func(code lifecycle.Code, args map[string]string) *lifecycle.Reason {
		return &lifecycle.Reason{Code: code, Args: args}
	}
	p.Guard(guardTasks, func(_ *itsm.Unit, inc *Incident) *lifecycle.Reason {
		if inc.OpenTasks == 0 {
			return nil
		}
		return refuse(guardTasks, map[string]string{"open": strconv.Itoa(inc.OpenTasks)})
	})
	p.Guard(guardHandover, func(u *itsm.Unit, inc *Incident) *lifecycle.Reason {
		if was, ok := u.Before().(*Incident); !ok || was.Group != inc.Group || was.Assignee != inc.Assignee {
			return nil
		}
		return refuse(guardHandover, nil)
	})
	p.Guard(guardHoldReason, func(u *itsm.Unit, _ *Incident) *lifecycle.Reason {
		h, ok := u.Input().(*Hold)
		if !ok || h.Reason == "" || slices.Contains(s.policy.HoldReasons, h.Reason) {
			return nil
		}
		return refuse(guardHoldReason, map[string]string{"reason": string(h.Reason)})
	})
	p.Guard(guardCallerTold, func(u *itsm.Unit, _ *Incident) *lifecycle.Reason {
		h, ok := u.Input().(*Hold)
		if !ok || h.Reason != itsm.HoldCaller || h.Message != "" {
			return nil
		}
		return refuse(lifecycle.MissingInput, map[string]string{"field": "message"})
	})
	p.Guard(guardAnother, func(u *itsm.Unit, inc *Incident) *lifecycle.Reason {
		h, ok := u.Input().(*Hold)
		if !ok || h.Reason != inc.Hold {
			return nil
		}
		return refuse(guardAnother, map[string]string{"reason": string(inc.Hold)})
	})
	p.Guard(guardWindow, s.windowOpen)
	p.Guard(guardLimit, s.limitFree)
	p.Guard(guardOriginal, func(u *itsm.Unit, inc *Incident) *lifecycle.Reason {
		c, ok := u.Input().(*Cancel)
		switch {
		case !ok, c.Reason != Duplicate && c.Original.IsZero():
			return nil
		case c.Original.IsZero():
			return refuse(lifecycle.MissingInput, map[string]string{"field": "original"})
		case c.Reason != Duplicate, c.Original.Kind != Kind, c.Original == inc.Ref():
			return refuse(guardOriginal, map[string]string{"original": c.Original.String()})
		}
		return nil
	})
	p.Guard(guardSurvivor, func(u *itsm.Unit, inc *Incident) *lifecycle.Reason {
		m, _ := u.Input().(*Merge)
		if m == nil || m.Survivor.IsZero() || m.Survivor.Kind == Kind && m.Survivor != inc.Ref() {
			return nil // that it is missing, the table says
		}
		return refuse(guardSurvivor, map[string]string{"survivor": m.Survivor.String()})
	})
	p.Guard(guardLate, func(u *itsm.Unit, inc *Incident) *lifecycle.Reason {
		message, _ := u.Input().(*itsm.Comment)
		if s.policy.LateReply == LateReplyRefused || message != nil && (message.AutoReply || message.Internal) {
			return refuse(guardLate, nil)
		}
		return within(u.Now(), inc.ClosedAt, s.policy.LateReplyWindow, guardLate)
	})
	p.Guard(guardNotLate, func(u *itsm.Unit, inc *Incident) *lifecycle.Reason {
		if message, _ := u.Input().(*itsm.Comment); !fromCaller(inc, u.Actor(), message) {
			return nil
		}
		return refuse(guardNotLate, nil)
	})
	p.Choice(chooseHeld, func(_ *itsm.Unit, inc *Incident) lifecycle.State { return inc.HeldFrom })
	p.Choice(chooseReopened, func(_ *itsm.Unit, inc *Incident) lifecycle.State { return reopened(inc) })
	p.Choice(chooseLate, func(u *itsm.Unit, inc *Incident) lifecycle.State {
		if s.policy.LateReply == LateReplyReopens && s.callerMayReopen(u, inc) {
			return reopened(inc)
		}
		return StateClosed
	})
}

// reopened is where a reopened incident goes: to whom it was with.
func reopened(inc *Incident) lifecycle.State {
	switch {
	case inc.Assignee != "":
		return StateInProgress
	case inc.Group != "":
		return StateAssigned
	default:
		return StateNew
	}
}
