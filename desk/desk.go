// Package desk puts a service desk together: practices, service levels, escalation, assignment and a store.
//
//	d, err := desk.Open(ctx, desk.Config{})
//	...
//	ctx = itsm.WithActor(ctx, itsm.Actor{ID: "alice", Tenant: "acme", Roles: []itsm.Role{itsm.Agent}})
//	inc, err := d.Incidents.Report(ctx, incident.Report{Title: "VPN down", Impact: itsm.High, Urgency: itsm.High})
//
// The zero [Config] is a desk in memory by the machine's clock, with the roles of [itsm.DefaultGrants].
package desk

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/itsmkit/itsmkit/approval"
	"github.com/itsmkit/itsmkit/assignment"
	"github.com/itsmkit/itsmkit/change"
	"github.com/itsmkit/itsmkit/conversation"
	"github.com/itsmkit/itsmkit/escalation"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/knowledge"
	"github.com/itsmkit/itsmkit/knowledge/consultation"
	"github.com/itsmkit/itsmkit/knowledge/feedback"
	"github.com/itsmkit/itsmkit/link"
	"github.com/itsmkit/itsmkit/problem"
	"github.com/itsmkit/itsmkit/recurring"
	"github.com/itsmkit/itsmkit/retention"
	"github.com/itsmkit/itsmkit/search"
	"github.com/itsmkit/itsmkit/search/indexing"
	"github.com/itsmkit/itsmkit/service"
	"github.com/itsmkit/itsmkit/sla"
	"github.com/itsmkit/itsmkit/store/memory"
	"github.com/itsmkit/itsmkit/suggestion"
	"github.com/itsmkit/itsmkit/task"
	"github.com/itsmkit/itsmkit/template"
	"github.com/itsmkit/itsmkit/view"
)

// Config says what a desk works with. Every part may be left out.
type Config struct {
	// Store keeps everything; nil keeps it in memory, and it is gone when the program ends.
	Store itsm.Store
	// Clock tells the time; nil is the machine's.
	Clock itsm.Clock
	// Authorizer decides who may do and see what; nil is [itsm.DefaultGrants], with [feedback.ReaderGrant] and
	// [consultation.SearcherGrant].
	Authorizer itsm.Authorizer
	// Directory knows people and groups; nil knows nobody.
	Directory itsm.Directory
	// Logger gets what nobody can be told; nil is silent.
	Logger *slog.Logger
	// Remember is how long idempotency keys are known, and Tries how often a command is run when others write the same
	// record first; see itsm.Config.
	Remember time.Duration
	Tries    int

	// Incidents changes the incident practice.
	Incidents incident.Config
	// Approvals changes how people are asked, and Changes the practice of change enablement.
	Approvals approval.Config
	Changes   change.Config
	// Services declares what services depend on. Conflicts of changes look there where Changes names no other topology.
	Services service.Config
	// Problems changes the practice of problem management.
	Problems problem.Config
	// Articles changes the practice of knowledge. Articles are kept to their audiences, whatever the Authorizer says
	// ([knowledge.Authorize]); known errors get an article where Problems names no other way.
	Articles knowledge.Config
	// Feedback changes what is said of articles, and Consultations how searches for help are written down.
	Feedback      feedback.Config
	Consultations consultation.Config
	// Tasks changes the tasks of tickets, and Templates are the forms of kinds and categories.
	Tasks     task.Config
	Templates []template.Template
	// Recurring changes recurring work, and names the calendars of its schedules.
	Recurring recurring.Config
	// Agreements are the service levels, and Escalation what is done where a clock reaches a level, or a ticket goes wrong
	// otherwise.
	Agreements []sla.Agreement
	Escalation escalation.Config
	// Links are the rules between linked records; a nil Table is [Rules].
	Links link.Config
	// Conversation says where the messages of mail, portals and chats go; its logger is the desk's where it has none.
	Conversation conversation.Config
	// Assignment are the rules that find who works on a ticket; none assign nothing.
	Assignment assignment.Policy
	// Views are saved queries and macros; nil knows none, and lets nobody save any. Saved views are seen by their owners
	// and whom they are shared with, at every door ([view.Authorize]).
	Views *view.Catalogue
	// Retention says how long ended tickets are kept; without policies they are kept for ever. Tasks,
	// approvals and ballots go with their tickets.
	Retention retention.Config
	// Index holds what is found; nil is an index in the memory of this process, which takes words of tickets as they are:
	// search.NewMemory(search.Options{Language: "en"}) reads them as English. Sources are further kinds that are found,
	// or take the place of a kind that the desk knows.
	Index   search.Index
	Sources []indexing.Source
	// Hooks see every command in its transaction, Subscribers every event after it.
	Hooks       []itsm.Hook
	Subscribers []itsm.Subscriber
	// Register adds practices of the host's own; nil adds none.
	Register func(*itsm.Kernel) error
}

// Desk is a service desk. It may be used by many goroutines.
type Desk struct {
	*itsm.Kernel
	// Views runs views and macros; nil where [Config.Views] is.
	Views     *view.Views
	Incidents *incident.Incidents
	// Approvals takes votes and tells who is asked, Changes has the commands of change enablement.
	Approvals *approval.Approvals
	Changes   *change.Changes
	// Services has the map of services and items, and what tickets affect.
	Services *service.Services
	// Problems has the commands of problem management, and its trends.
	Problems *problem.Problems
	// Articles has the commands of knowledge management, Feedback what is said of articles, and Consultations who looked for
	// help and what came of it; see [Desk.Ask].
	Articles      *knowledge.Articles
	Feedback      *feedback.Feedbacks
	Consultations *consultation.Consultations
	Tasks         *task.Tasks
	Templates     *template.Templates
	// Recurring plans work that comes again.
	Recurring *recurring.Recurrences
	Clocks    *sla.Keeper
	// Escalation answers what runs on tickets that go wrong.
	Escalation *escalation.Escalator
	// Conversation receives messages.
	Conversation *conversation.Receiver
	// Assignment answers who would be chosen.
	Assignment *assignment.Assigner
	// Retention plans, runs and records purges.
	Retention *retention.Retention
	// Search finds tickets by their words, and Advisor proposes what may help with one.
	Search  *indexing.Indexer
	Advisor *suggestion.Advisor
}

// Open checks the configuration, lists the faults of all its parts at once, and opens the desk. Call [itsm.Kernel.Run]
// in a goroutine of your own to have timers fire and subscribers served; plain calls need it not. The store is not
// touched where anything is wrong.
func Open(ctx context.Context, c Config) (*Desk, error) {
	if c.Store == nil {
		c.Store = memory.New()
	}
	if c.Authorizer == nil {
		c.Authorizer = append(itsm.DefaultGrants(), feedback.ReaderGrant(), consultation.SearcherGrant())
	}
	c.Authorizer = consultation.Authorize(feedback.Authorize(knowledge.Authorize(c.Authorizer, c.Directory)))
	if c.Views != nil {
		c.Authorizer = view.Authorize(c.Authorizer, c.Directory)
	}
	k, err := itsm.New(itsm.Config{
		Store: c.Store, Clock: c.Clock, Authorizer: c.Authorizer, Directory: c.Directory, Logger: c.Logger,
		Remember: c.Remember, Tries: c.Tries,
	})
	if err != nil {
		return nil, err
	}
	d := &Desk{Kernel: k}
	var faults []error
	if d.Incidents, err = incident.New(k, c.Incidents); err != nil {
		faults = append(faults, fmt.Errorf("incidents: %w", err))
	}
	if d.Approvals, err = approval.New(k, c.Approvals); err != nil {
		faults = append(faults, fmt.Errorf("approvals: %w", err))
	}
	if d.Services, err = service.New(k, c.Services); err != nil {
		faults = append(faults, fmt.Errorf("services: %w", err))
	}
	if c.Changes.Topology == nil && d.Services != nil {
		c.Changes.Topology = d.Services
	}
	if d.Changes, err = change.New(k, c.Changes); err != nil {
		faults = append(faults, fmt.Errorf("changes: %w", err))
	}
	if d.Articles, err = knowledge.New(k, c.Articles); err != nil {
		faults = append(faults, fmt.Errorf("articles: %w", err))
	}
	if d.Feedback, err = feedback.New(k, c.Feedback); err != nil {
		faults = append(faults, fmt.Errorf("feedback: %w", err))
	}
	if d.Consultations, err = consultation.New(k, c.Consultations); err != nil {
		faults = append(faults, fmt.Errorf("consultations: %w", err))
	}
	if c.Problems.Articles == nil && d.Articles != nil {
		c.Problems.Articles = knownErrors{d.Articles}
	}
	if d.Problems, err = problem.New(k, c.Problems); err != nil {
		faults = append(faults, fmt.Errorf("problems: %w", err))
	}
	if d.Tasks, err = task.New(k, c.Tasks); err != nil {
		faults = append(faults, fmt.Errorf("tasks: %w", err))
	}
	if d.Templates, err = template.New(k, c.Templates); err != nil {
		faults = append(faults, err)
	}
	if d.Recurring, err = recurring.New(k, c.Recurring); err != nil {
		faults = append(faults, fmt.Errorf("recurring: %w", err))
	}
	if d.Tasks != nil {
		k.OnOpen(func(*itsm.Kernel) error { return errors.Join(unlisted(c.Templates, d.Tasks)...) })
	}
	if c.Register != nil {
		faults = append(faults, c.Register(k))
	}
	if c.Views != nil {
		if d.Views, err = view.New(k, *c.Views); err != nil {
			faults = append(faults, fmt.Errorf("views: %w", err))
		}
	}
	if c.Links.Table == nil {
		c.Links.Table = Rules()
	}
	if err := link.Register(k, c.Links); err != nil {
		faults = append(faults, fmt.Errorf("links: %w", err))
	}
	if c.Escalation.Maintenance == nil && d.Changes != nil {
		c.Escalation.Maintenance = d.Changes
	}
	if d.Escalation, err = escalation.New(k, c.Escalation); err != nil {
		faults = append(faults, err)
	}
	if d.Clocks, err = sla.New(k, c.Agreements); err != nil {
		faults = append(faults, err)
	}
	if c.Conversation.Logger == nil {
		c.Conversation.Logger = c.Logger
	}
	if d.Conversation, err = conversation.New(k, c.Conversation); err != nil {
		faults = append(faults, fmt.Errorf("conversation: %w", err))
	}
	if d.Assignment, err = assignment.New(k, c.Assignment); err != nil {
		faults = append(faults, err)
	}
	c.Retention.Parts = append(slices.Clip(c.Retention.Parts), retention.Part{Kind: task.Kind, Column: "of"},
		retention.Part{Kind: approval.Kind, Column: "subject"}, retention.Part{Kind: approval.BallotKind, Column: "subject"})
	if d.Retention, err = retention.New(k, c.Retention); err != nil {
		faults = append(faults, fmt.Errorf("retention: %w", err))
	}
	if err := d.find(&c); err != nil {
		faults = append(faults, fmt.Errorf("search: %w", err))
	}
	faults = append(faults, unheard(c.Agreements, c.Escalation.Policies)...)
	for _, h := range c.Hooks {
		k.Hook(h)
	}
	for _, s := range c.Subscribers {
		k.Subscribe(s)
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	if err := k.Open(ctx); err != nil {
		return nil, err
	}
	return d, nil
}

// unheard finds policies that wait for agreements, targets and levels that are not there.
func unheard(agreements []sla.Agreement, policies []escalation.Policy) []error {
	names, targets, levels := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, a := range agreements {
		names[a.Name] = true
		for _, t := range a.Targets {
			targets[t.Name] = true
			for _, l := range t.Levels {
				levels[l.Name] = true
			}
		}
	}
	var faults []error
	for _, p := range policies {
		check := func(asked []string, there map[string]bool, format string) {
			for _, name := range asked {
				if !there[name] {
					faults = append(faults, itsm.Invalid("escalation "+p.Name, fmt.Sprintf(format, name)))
				}
			}
		}
		for _, t := range p.Triggers {
			check(t.Agreements, names, "there is no agreement %q")
			check(t.Targets, targets, "no agreement has a target %q")
			check(t.Levels, levels, "no agreement has a level %q")
		}
	}
	return faults
}

// unlisted finds templates whose list of tasks is not there.
func unlisted(templates []template.Template, tasks *task.Tasks) []error {
	var faults []error
	for _, t := range templates {
		if t.Tasks != "" && !tasks.HasList(t.Tasks) {
			faults = append(faults, itsm.Invalid("template "+t.Name, fmt.Sprintf("there is no list of tasks %q", t.Tasks)))
		}
	}
	return faults
}
