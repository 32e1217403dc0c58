package mail

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/itsmkit/itsmkit/conversation"
	"github.com/itsmkit/itsmkit/itsm"
)

// Client delivers mails; *Client of github.com/wneessen/go-mail is one. Where it answers an error, each message says
// what became of it (IsDelivered, SendError); one that says nothing is tried again.
type Client interface {
	DialAndSendWithContext(ctx context.Context, messages ...*gomail.Msg) error
}

// SenderConfig says how mail goes out.
type SenderConfig struct {
	// Client delivers. It is required.
	Client Client
	// Identity gives mails their ids. It is required; see [Identity].
	Identity Identity
	// From answers the address that the desk writes from, for a tenant and the group of a ticket. It is required.
	From func(ctx context.Context, tenant, group string) (conversation.Address, error)
	// Person answers where and in which language a person reads mail; nil asks the kernel's directory. One who is
	// itsm.ErrNotFound or has no address gets no mail, which Undelivered is told.
	Person func(ctx context.Context, tenant, id string) (itsm.Profile, error)
	// Templates are put over the default ones, by locale and name; see [Templates].
	Templates Templates
	// PlusAddress has answers go to the desk's address with the ticket's number behind a plus. The desk's mail server has
	// to take those.
	PlusAddress bool
	// MaxAge is how old an event may be to be mailed still; 0 is a week. So neither a history that was imported, nor
	// one that a new subscriber reads from its beginning, goes out as mail.
	MaxAge time.Duration
	// Mute, where not nil, keeps the mails of an event from being sent.
	Mute func(ctx context.Context, e *itsm.Event, on itsm.Record) bool
	// Undelivered is told of each mail that was given up; nil writes it to the logger.
	Undelivered func(ctx context.Context, u Undelivered)
	// Logger is where that is written; nil is silent.
	Logger *slog.Logger
}

// Undelivered is a mail that cannot be delivered: the person has no address, or a server refused it for good.
type Undelivered struct {
	Record    itsm.Key
	Version   int64
	Person    string
	Address   string
	MessageID string
	Err       error
}

// Sender writes mails about tickets. Make it with [NewSender], and register what [Sender.Subscriber] answers.
type Sender struct {
	k      *itsm.Kernel
	config SenderConfig
	set    *templateSet

	mu   sync.Mutex
	last attempt
}

// attempt is the event that was mailed to some and is to be tried again for others. The kernel hands over one at a time.
type attempt struct {
	key      itsm.Key
	version  int64
	accepted map[string]bool
}

// NewSender checks the configuration, all faults at once.
func NewSender(k *itsm.Kernel, c SenderConfig) (*Sender, error) {
	var faults []error
	if k == nil {
		faults = append(faults, itsm.Invalid("kernel", "give the kernel whose events are mailed"))
	}
	if c.Client == nil {
		faults = append(faults, itsm.Invalid("Client", "give a client, such as one of go-mail's NewClient"))
	}
	if c.From == nil {
		faults = append(faults, itsm.Invalid("From", "say which address the desk writes from"))
	}
	if c.MaxAge < 0 {
		faults = append(faults, itsm.Invalid("MaxAge", "an age is more than 0, or 0 for a week"))
	}
	set, err := newTemplates(c.Templates)
	if err := errors.Join(append(faults, c.Identity.check(), err)...); err != nil {
		return nil, err
	}
	if c.MaxAge == 0 {
		c.MaxAge = 7 * 24 * time.Hour
	}
	if c.Person == nil {
		c.Person = func(ctx context.Context, tenant, id string) (itsm.Profile, error) {
			return k.Directory().Person(ctx, tenant, id)
		}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return &Sender{k: k, config: c, set: set}, nil
}

// Subscriber answers the sender as a subscriber of the kernel, under a name that stays the same for ever. Tries, Pause
// and Kinds may be set before it is registered.
func (s *Sender) Subscriber(name string) itsm.Subscriber {
	return itsm.Subscriber{Name: name, Handle: s.Send}
}

// Send mails what an event has to tell:
//
//   - a public comment to the ticket's caller and watchers, but not to who wrote it;
//   - a report, as a confirmation to the caller;
//   - a resolution, and every other event that has a template, to the caller and the watchers, but not to who did it.
//
// Each gets a mail of their own, so that nobody sees the others. Internal comments, work notes, what a machine wrote,
// and what came with a merged ticket are not mailed; notices are not where all that the caller ever sent was a
// machine's.
//
// A mail has the same id and text each time it is sent. An error means that some mails should be tried again; those that
// were accepted are then left out, but for a restart between, after which receivers know them by their id. What a server
// refused for good is told to Undelivered and is no error. A server that refuses the desk itself (its login, its
// address) is an error. ctx carries the system as actor, as the kernel gives it to subscribers.
func (s *Sender) Send(ctx context.Context, e *itsm.Event) error {
	if s.k.Clock().Now().Sub(e.At) > s.config.MaxAge {
		return nil
	}
	l, err := s.gather(ctx, e)
	if err != nil || l == nil {
		return err
	}
	if s.config.Mute != nil && s.config.Mute(ctx, e, l.record) {
		return nil
	}
	return s.deliver(ctx, e, l)
}

// gather reads what an event has to tell; nil is nothing.
func (s *Sender) gather(ctx context.Context, e *itsm.Event) (*letters, error) {
	commented := slices.ContainsFunc(e.Rows, func(r itsm.RowStamp) bool { return r.Kind == itsm.Comments })
	names := s.set.notices(e)
	if !commented && len(names) == 0 {
		return nil, nil
	}
	rec, err := s.k.Get(ctx, e.Key.Ref())
	if err != nil {
		return nil, err
	}
	t := itsm.TicketOf(rec)
	if t == nil {
		return nil, nil
	}
	l := &letters{sender: s, event: e, record: rec, ticket: t}
	if err := l.read(ctx); err != nil {
		return nil, err
	}
	l.write(names)
	return l, nil
}

// deliver sends every letter to each of its readers over one connection.
func (s *Sender) deliver(ctx context.Context, e *itsm.Event, l *letters) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.last.key != e.Key || s.last.version != e.Version {
		s.last = attempt{key: e.Key, version: e.Version, accepted: map[string]bool{}}
	}
	var mails []*gomail.Msg
	var to []Undelivered // where each goes
	for _, letter := range l.letters {
		for _, person := range letter.to {
			m, u, err := l.mail(ctx, &letter, person)
			switch {
			case err != nil:
				return err
			case u.Err != nil:
				if !s.last.accepted[u.MessageID+" "+person] {
					s.last.accepted[u.MessageID+" "+person] = true
					s.undelivered(ctx, u)
				}
			case !s.last.accepted[u.MessageID+" "+person]:
				mails, to = append(mails, m), append(to, u)
			}
		}
	}
	if len(mails) == 0 {
		return nil
	}
	err := s.config.Client.DialAndSendWithContext(ctx, mails...)
	again := false
	for i, m := range mails {
		switch u := to[i]; {
		case err == nil || m.IsDelivered():
		case final(m.SendError()):
			u.Err = m.SendError()
			s.undelivered(ctx, u)
		default:
			again = true
			continue
		}
		s.last.accepted[to[i].MessageID+" "+to[i].Person] = true
	}
	if again {
		return err
	}
	return nil
}

func (s *Sender) undelivered(ctx context.Context, u Undelivered) {
	if s.config.Undelivered != nil {
		s.config.Undelivered(ctx, u)
		return
	}
	s.config.Logger.WarnContext(ctx, "mail: not delivered", "record", u.Record.String(), "version", u.Version, "message_id", u.MessageID, "error", u.Err)
}

// final reports whether a server refused a message or its reader for good. What it says of the desk itself, before it
// knows the reader, is somebody's to mend and then tried again.
func final(err error) bool {
	refused, ok := errors.AsType[*gomail.SendError](err)
	if !ok || refused.IsTemp() || refused.ErrorCode() < 500 {
		return false
	}
	return refused.Reason == gomail.ErrSMTPRcptTo || refused.Reason == gomail.ErrSMTPData || refused.Reason == gomail.ErrSMTPDataClose
}

// mail makes one mail. Where the reader cannot be written to, Undelivered says why.
func (l *letters) mail(ctx context.Context, of *letter, person string) (*gomail.Msg, Undelivered, error) {
	c := &l.sender.config
	key := l.event.Key
	u := Undelivered{Record: key, Version: l.event.Version, Person: person, MessageID: c.Identity.MessageID(key, of.part)}
	profile, err := c.Person(ctx, key.Tenant, person)
	if err != nil && !errors.Is(err, itsm.ErrNotFound) {
		return nil, u, err
	}
	if u.Address = address(profile.Mail); u.Address == "" {
		u.Err = itsm.Invalid("Mail", "the directory has no mail address of the person")
		return nil, u, nil
	}
	text, err := l.sender.set.render(profile.Locale, of.template, l.data(ctx, of, profile))
	if err != nil {
		return nil, u, err
	}
	from, err := c.From(ctx, key.Tenant, l.ticket.Group)
	if err != nil {
		return nil, u, err
	}
	m := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	if err := m.FromFormat(oneLine(from.Name, maxName), address(from.Address)); err != nil {
		return nil, u, itsm.Invalid("From", "the desk's address is none: "+err.Error())
	}
	if err := m.AddToFormat(oneLine(profile.Name, maxName), u.Address); err != nil {
		u.Err = err
		return nil, u, nil
	}
	if tag := c.Identity.tag(key.Tenant, key.ID, address(from.Address)); c.PlusAddress && tag != "" {
		if err := m.ReplyToFormat(oneLine(from.Name, maxName), tag); err != nil {
			return nil, u, itsm.Invalid("From", "the desk's address is none: "+err.Error())
		}
	}
	m.Subject(subject(key.ID, l.ticket.Title))
	m.SetMessageIDWithValue(u.MessageID)
	m.SetDateWithValue(l.event.At)
	if n := len(of.references); n > 0 {
		m.SetGenHeaderPreformatted(gomail.HeaderReferences, "<"+strings.Join(of.references, ">\r\n <")+">")
	}
	if of.answers != "" {
		m.SetGenHeaderPreformatted(gomail.HeaderInReplyTo, "<"+of.answers+">")
	}
	m.SetGenHeader(loopHeader, c.Identity.loop(key.Tenant))
	if of.submitted != "" {
		m.SetGenHeader("Auto-Submitted", of.submitted)
		m.SetGenHeader("X-Auto-Response-Suppress", "All")
	}
	m.SetBodyString(gomail.TypeTextPlain, text)
	return m, u, nil
}

// subject begins with the number, by which people and desks find the ticket.
func subject(number, title string) string {
	return oneLine("["+number+"] "+title, 250)
}

func rowID(id int64) string { return strconv.FormatInt(id, 10) }
