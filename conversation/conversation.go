package conversation

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// Config says where messages go. The zero value makes incidents of those that belong to no record, and takes messages
// only of people whom the directory finds by their address ([itsm.AddressBook]).
type Config struct {
	// Target is what a message that belongs to no record becomes, and Routes are other targets by the address that it
	// was sent to: the first that fits is taken.
	Target Target
	Routes []Route
	// Late is the trigger that takes a message where the lifecycle refuses a comment, such as the caller's on a closed
	// incident; empty is "late_reply". Its input is an [itsm.Comment], and kinds without it have none.
	Late lifecycle.Trigger
	// Numbers are how records are named in subjects; nil takes the series of every kind that can be commented.
	Numbers []Numbers
	// Roles are what a sender is to the desk, so that the authorizer can say who works on a record; nil gives nobody
	// any. An actor who is a person has the own ones.
	Roles  func(itsm.Profile) []itsm.Role
	Policy Policy
	Limits Limits
	// Domain is the right side of the ids of what the desk sends; only [Receiver.Outgoing] needs it.
	Domain string
	// Logger gets what was dropped; nil is silent.
	Logger *slog.Logger
}

// Target is what a new message becomes: a record of a kind, made by a trigger whose input gets the parts of the message
// by name.
type Target struct {
	// Kind and Create are "incident" and "report" where both are empty.
	Kind   string
	Create lifecycle.Trigger
	// Title, Description, Caller and Channel name the inputs that get the subject, the text, the sender and the
	// channel. Empty is the part's own name in small letters, and "-" leaves it out.
	Title, Description, Caller, Channel string
	// Values are further inputs, such as a category or a group.
	Values itsm.Patch
}

// Route sends what comes to an address to a target. Letters of either case are alike.
type Route struct {
	// Tenant limits the route to one; empty is for all.
	Tenant  string
	Address string
	Target  Target
}

// Numbers is how the records of a kind are named in a subject: a prefix such as "INC" and then digits, in brackets or
// not, in letters of either case.
type Numbers struct {
	Kind   string
	Prefix string
}

// Policy is what desks decide differently. The zero value is a good start.
type Policy struct {
	Unknown   Unknown
	Stranger  Stranger
	Refused   Refused
	Automatic Automatic
	Long      Long
	Dirty     Dirty
}

// Unknown is a policy for senders whom the directory does not find.
type Unknown uint8

// What becomes of their messages.
const (
	// UnknownRefused refuses them with [ErrUnknownSender]; what a machine sent is dropped.
	UnknownRefused Unknown = iota
	// UnknownReports takes them, with the address in lower case as the caller.
	UnknownReports
)

// Stranger is a policy for messages on a record that their sender has nothing to do with.
type Stranger uint8

// What becomes of them.
const (
	// StrangerReports makes a new record, related to the one that was named.
	StrangerReports Stranger = iota
	// StrangerRefused refuses them with [ErrStranger].
	StrangerRefused
)

// Refused is a policy for messages on a record that takes none any more, such as a cancelled one.
type Refused uint8

// What becomes of them.
const (
	// RefusedReports makes a new record, related to that one.
	RefusedReports Refused = iota
	// RefusedReturned answers the lifecycle's refusal.
	RefusedReturned
)

// Automatic is a policy for what a machine sent, or was sent to many, and belongs to no record.
type Automatic uint8

// What becomes of it.
const (
	// AutomaticDropped drops it, with a line in the log.
	AutomaticDropped Automatic = iota
	// AutomaticReports treats it like a person's message.
	AutomaticReports
)

// Long is a policy for texts longer than the limit.
type Long uint8

// What becomes of them.
const (
	// LongCut keeps the beginning, and says in the text how much is left out.
	LongCut Long = iota
	// LongRefused refuses the message.
	LongRefused
)

// Dirty is a policy for text that no store keeps: NUL bytes and what is no UTF-8.
type Dirty uint8

// What becomes of it.
const (
	// DirtyRefused refuses the message.
	DirtyRefused Dirty = iota
	// DirtyCleaned leaves NUL bytes out and puts U+FFFD in place of what is no UTF-8.
	DirtyCleaned
)

// Limits bound what one message and one sender may cost. Zero is the default, negative is without limit.
type Limits struct {
	// Body is how many bytes a text has at most; 0 is 1 MiB.
	Body int
	// Attachments is how many files a message has at most; 0 is 100.
	Attachments int
	// PerRecord is how many messages of a sender a record takes in a window; 0 is 10 in an hour. Reports is how many
	// new records of a kind the messages of a sender make in one; 0 is 20 in 24 hours. A window is the elapsed time
	// before the message.
	PerRecord, Reports Rate
}

// Rate is a number in a window of elapsed time. Either may be 0 for the default; a negative number is no limit.
type Rate struct {
	N      int
	Window time.Duration
}

func (r Rate) or(n int, window time.Duration) Rate {
	if r.N == 0 {
		r.N = n
	}
	if r.Window == 0 {
		r.Window = window
	}
	return r
}

// Receiver takes the messages of every channel. It may be used by many goroutines.
type Receiver struct {
	k      *itsm.Kernel
	config Config
	book   itsm.AddressBook
	log    *slog.Logger
	hooked bool
}

// New makes a receiver for a kernel that is not open yet. What it names of kinds, triggers and inputs is checked when
// the kernel is opened.
func New(k *itsm.Kernel, c Config) (*Receiver, error) {
	if k.Opened() {
		return nil, itsm.Invalid("conversation", "make the receiver before the kernel is opened")
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	c.Target = c.Target.withDefaults()
	c.Routes = slices.Clone(c.Routes)
	for i := range c.Routes {
		c.Routes[i].Target = c.Routes[i].Target.withDefaults()
	}
	if c.Late == "" {
		c.Late = "late_reply"
	}
	c.Limits = c.Limits.withDefaults()
	r := &Receiver{k: k, config: c, log: c.Logger}
	if r.log == nil {
		r.log = slog.New(slog.DiscardHandler)
	}
	r.book, _ = k.Directory().(itsm.AddressBook)
	k.OnOpen(r.furnish)
	return r, nil
}

func (t Target) withDefaults() Target {
	if t.Kind == "" && t.Create == "" {
		t.Kind, t.Create = "incident", "report"
	}
	for name, input := range map[string]*string{
		"title": &t.Title, "description": &t.Description, "caller": &t.Caller, "channel": &t.Channel,
	} {
		switch *input {
		case "":
			*input = name
		case "-":
			*input = ""
		}
	}
	return t
}

func (l Limits) withDefaults() Limits {
	if l.Body == 0 {
		l.Body = 1 << 20
	}
	if l.Attachments == 0 {
		l.Attachments = 100
	}
	l.PerRecord = l.PerRecord.or(10, time.Hour)
	l.Reports = l.Reports.or(20, 24*time.Hour)
	return l
}

// check finds what is wrong without the kernel, all of it.
func (c *Config) check() error {
	var faults []error
	fault := func(wrong bool, field, message string) {
		if wrong {
			faults = append(faults, itsm.Invalid(field, message))
		}
	}
	fault((c.Target.Kind == "") != (c.Target.Create == ""), "Target", "name both the kind and the trigger that makes it, or neither")
	for _, route := range c.Routes {
		t := route.Target
		fault(strings.TrimSpace(route.Address) == "", "Routes", "a route has an address")
		fault((t.Kind == "") != (t.Create == ""), "Routes", "name both the kind and the trigger that makes it, or neither")
	}
	for _, n := range c.Numbers {
		fault(n.Kind == "" || strings.Trim(n.Prefix, " 0123456789") == "", "Numbers", "name a kind, and a prefix that is more than digits")
	}
	p := c.Policy
	fault(p.Unknown > UnknownReports, "Unknown", "choose one of the policies for unknown senders")
	fault(p.Stranger > StrangerRefused, "Stranger", "choose one of the policies for strangers")
	fault(p.Refused > RefusedReturned, "Refused", "choose one of the policies for refused messages")
	fault(p.Automatic > AutomaticReports, "Automatic", "choose one of the policies for automatic messages")
	fault(p.Long > LongRefused, "Long", "choose one of the policies for long texts")
	fault(p.Dirty > DirtyCleaned, "Dirty", "choose one of the policies for dirty text")
	fault(c.Limits.PerRecord.Window < 0, "PerRecord", "a window is a time above 0")
	fault(c.Limits.Reports.Window < 0, "Reports", "a window is a time above 0")
	fault(c.Domain != "" && strings.ContainsAny(c.Domain, "@<> \t\r\n\x00"), "Domain", "write a domain as in a mail address")
	return errors.Join(faults...)
}

// furnish checks the tables against what the kernel knows, and registers the receiver's hook: only now are all kinds
// there, so that it can be limited to the triggers that bring messages.
func (r *Receiver) furnish(k *itsm.Kernel) error {
	var faults []error
	triggers := []lifecycle.Trigger{itsm.TriggerComment}
	targets := []Target{r.config.Target}
	for _, route := range r.config.Routes {
		targets = append(targets, route.Target)
	}
	for _, t := range targets {
		names := []string{t.Title, t.Description, t.Caller, t.Channel}
		for name := range t.Values {
			names = append(names, name)
		}
		names = slices.DeleteFunc(names, func(name string) bool { return name == "" })
		slices.Sort(names)
		if err := errors.Join(k.CheckInput(t.Kind, t.Create, names...), k.CheckColumn(t.Kind, "caller")); err != nil {
			faults = append(faults, fmt.Errorf("conversation: %w", err))
			continue
		}
		triggers = append(triggers, t.Create)
	}
	numbers := r.config.Numbers
	known := false
	for _, kind := range k.Kinds() {
		if r.takes(kind, r.config.Late) {
			known = true
		}
		if r.config.Numbers == nil && r.takes(kind, itsm.TriggerComment) {
			numbers = append(numbers, Numbers{Kind: kind, Prefix: k.Series(kind)})
		}
	}
	for _, n := range r.config.Numbers {
		if err := k.CheckInput(n.Kind, itsm.TriggerComment, "body"); err != nil {
			faults = append(faults, fmt.Errorf("conversation: Numbers: %w", err))
		}
	}
	if len(faults) > 0 {
		return errors.Join(faults...)
	}
	if known {
		triggers = append(triggers, r.config.Late)
	}
	r.config.Numbers = numbers
	if !r.hooked { // an Open that failed may be tried again
		r.hooked = true
		k.Hook(itsm.Hook{Name: "conversation: a message arrives", Triggers: triggers, AfterAct: r.arrives})
	}
	return nil
}

// takes reports whether a kind has a trigger that takes a message.
func (r *Receiver) takes(kind string, t lifecycle.Trigger) bool {
	return r.k.CheckInput(kind, t, "body", "message_id", "auto_reply") == nil
}

// target is what a message becomes in a tenant.
func (r *Receiver) target(tenant string, m *Message) *Target {
	for i := range r.config.Routes {
		route := &r.config.Routes[i]
		if route.Tenant != "" && route.Tenant != tenant {
			continue
		}
		to := func(a Address) bool { return sameAddress(a.Address, route.Address) }
		if slices.ContainsFunc(m.To, to) || slices.ContainsFunc(m.Copy, to) {
			return &route.Target
		}
	}
	return &r.config.Target
}

func sameAddress(a, b string) bool {
	return strings.EqualFold(strings.TrimSpace(a), strings.TrimSpace(b))
}
