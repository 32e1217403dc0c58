package mail_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	gomail "github.com/wneessen/go-mail"
	"pgregory.net/rapid"

	"github.com/itsmkit/itsmkit/channel/mail"
	"github.com/itsmkit/itsmkit/conversation"
	"github.com/itsmkit/itsmkit/desk"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
)

var people = itsmtest.Directory{People: []itsm.Profile{
	{ID: "bob", Name: "Bob Müller", Mail: "bob@example.com", Locale: "de-CH"},
	{ID: "ann", Name: "Ann", Mail: "ann@example.com"},
	{ID: "eve", Name: "Eve\r\nBcc: x@example.com", Mail: "eve@example.com"},
	{ID: "lee", Name: "Lee"},
}}

// office is a desk that writes mail to a server.
type office struct {
	*desk.Desk
	*server
	clock       *itsmtest.Clock
	undelivered []mail.Undelivered
	ann, bob    context.Context
}

func open(t testing.TB, s *server, change func(*mail.SenderConfig)) *office {
	o := &office{server: serve(t, s), clock: itsmtest.NewClock(time.Date(2026, 3, 3, 9, 0, 0, 0, time.UTC))}
	config := mail.SenderConfig{
		Client: o.client(t), Identity: identity,
		From: func(_ context.Context, tenant, group string) (conversation.Address, error) {
			return conversation.Address{Name: "Service Desk", Address: "desk@" + tenant + ".example.com"}, nil
		},
		Undelivered: func(_ context.Context, u mail.Undelivered) { o.undelivered = append(o.undelivered, u) },
	}
	if change != nil {
		change(&config)
	}
	var err error
	o.Desk, err = desk.Open(t.Context(), desk.Config{Clock: o.clock, Directory: people, Register: func(k *itsm.Kernel) error {
		sender, err := mail.NewSender(k, config)
		if err == nil {
			subscriber := sender.Subscriber("mail")
			subscriber.Tries, subscriber.Pause = 5, time.Minute
			k.Subscribe(subscriber)
		}
		return err
	}})
	require.NoError(t, err)
	o.ann = itsm.WithActor(t.Context(), itsmtest.Agent("ann", itsmtest.InTenant("acme")))
	o.bob = itsm.WithActor(t.Context(), itsmtest.Requester("bob", itsmtest.InTenant("acme")))
	return o
}

// sent delivers and answers what the server then has, as a desk of another company would read it.
func (o *office) sent(t testing.TB) []conversation.Message {
	before := len(o.received())
	_, _, err := o.Deliver(t.Context())
	require.NoError(t, err)
	var out []conversation.Message
	p, err := mail.NewParser(mail.ParserConfig{Files: &store{}})
	require.NoError(t, err)
	for _, r := range o.received()[before:] {
		m, err := p.Parse(t.Context(), "other", bytes.NewReader(r.raw))
		require.NoError(t, err)
		require.Len(t, m.To, 1)
		require.Equal(t, r.to, m.To[0].Address, "each reader gets a mail of their own")
		out = append(out, m)
	}
	return out
}

func (o *office) report(t testing.TB, title string) incident.Incident {
	inc, err := o.Incidents.Report(o.bob, incident.Report{Title: title})
	require.NoError(t, err)
	return inc
}

func TestAThreadThereAndBack(t *testing.T) {
	o := open(t, &server{}, func(c *mail.SenderConfig) { c.PlusAddress = true })
	inc := o.report(t, "VPN down")
	sent := o.sent(t)
	require.Len(t, sent, 1)
	confirmation := sent[0]
	assert.Equal(t, "["+inc.ID+"] VPN down", confirmation.Subject)
	assert.Equal(t, conversation.Address{Name: "Service Desk", Address: "desk@acme.example.com"}, confirmation.From)
	assert.Equal(t, conversation.Address{Name: "Bob Müller", Address: "bob@example.com"}, confirmation.To[0])
	assert.Contains(t, confirmation.Body, "Its number is "+inc.ID)
	assert.True(t, confirmation.Automatic)
	assert.Equal(t, o.clock.Now(), confirmation.SentAt)

	_, err := o.Incidents.Comment(o.ann, inc.ID, itsm.Comment{Body: "Does it work\nwithout VPN? Grüße\n.\n-- \nAnn"})
	require.NoError(t, err)
	sent = o.sent(t)
	require.Len(t, sent, 1)
	question := sent[0]
	assert.Equal(t, "Does it work\nwithout VPN? Grüße\n.\n-- \nAnn", question.Body)
	assert.False(t, question.Automatic, "a person wrote it")
	assert.Equal(t, []string{confirmation.ID}, question.References)

	// Bob answers by mail; the parser knows what he answers.
	files := &store{}
	reply := func(about conversation.Message, id string) string {
		return "From: bob@example.com\r\nTo: desk@acme.example.com\r\nMessage-ID: <" + id + ">\r\nIn-Reply-To: <" + about.ID + ">\r\nSubject: whatever\r\n\r\nNo."
	}
	m, err := parser(t, files, mail.Limits{}).Parse(t.Context(), "acme", strings.NewReader(reply(question, "b1@example.com")))
	require.NoError(t, err)
	assert.Equal(t, inc.ID, m.Record)
	_, err = o.Incidents.Comment(o.bob, inc.ID, itsm.Comment{Body: m.Body, Channel: m.Channel, MessageID: m.ID})
	require.NoError(t, err)
	assert.Empty(t, o.sent(t), "who wrote it knows it")

	_, err = o.Incidents.Start(o.ann, inc.ID)
	require.NoError(t, err)
	_, err = o.Incidents.Resolve(o.ann, inc.ID, incident.Resolution{Code: incident.Fixed, Notes: "Rolled back the gateway."})
	require.NoError(t, err)
	sent = o.sent(t)
	require.Len(t, sent, 1)
	resolved := sent[0]
	assert.Contains(t, resolved.Body, inc.ID+" is resolved: VPN down\n\nRolled back the gateway.")
	assert.Equal(t, []string{"b1@example.com"}, resolved.InReplyTo)
	assert.Equal(t, []string{question.ID, confirmation.ID, "b1@example.com"}, resolved.References)
	assert.True(t, resolved.Automatic)

	// Another tenant's desk knows none of these ids, and the address tells the record too.
	_, ok := identity.Record("other", question.ID)
	assert.False(t, ok)
	raw := string(o.received()[0].raw)
	_, to, _ := strings.Cut(raw, "Reply-To: ")
	to, _, _ = strings.Cut(to, "\r\n")
	for tenant, want := range map[string]string{"acme": inc.ID, "other": ""} {
		m, err = parser(t, files, mail.Limits{}).Parse(t.Context(), tenant, strings.NewReader("From: bob@example.com\r\nTo: "+strings.ToLower(to)+"\r\n\r\nx"))
		require.NoError(t, err)
		assert.Equal(t, want, m.Record)
	}
	for _, r := range o.received() { // what comes back is known
		_, err = parser(t, files, mail.Limits{}).Parse(t.Context(), "acme", bytes.NewReader(r.raw))
		require.ErrorIs(t, err, &mail.Rejected{Code: mail.Loop})
	}
	assert.NotEmpty(t, o.secure)
}

// Mail in, mail out, mail in again: all of it is one thread, for Bob's program and for the desk.
func TestOneThreadThroughTheDesk(t *testing.T) {
	o := open(t, &server{}, nil)
	gateway := itsm.WithActor(t.Context(), itsmtest.Integration("gateway", itsmtest.InTenant("acme"), itsmtest.WithRoles(itsm.Agent)))
	arrive := func(id, headers, text string) conversation.Receipt {
		raw := "From: Bob <bob@example.com>\nTo: desk@acme.example.com\nMessage-ID: <" + id + ">\n" + headers + "\n\n" + text
		m, err := parser(t, &store{}, mail.Limits{}).Parse(t.Context(), "acme", strings.NewReader(crlf(raw)))
		require.NoError(t, err)
		receipt, err := o.Conversation.Receive(gateway, m)
		require.NoError(t, err)
		return receipt
	}
	reported := arrive("b1@example.com", "Subject: VPN down", "Since this morning.")
	require.Equal(t, conversation.Reported, reported.Did)
	sent := o.sent(t)
	require.Len(t, sent, 1)
	assert.Equal(t, []string{"b1@example.com"}, sent[0].InReplyTo)
	assert.Equal(t, []string{"b1@example.com"}, sent[0].References)

	_, err := o.Incidents.Comment(o.ann, reported.Record.ID, itsm.Comment{Body: "Which gateway?"})
	require.NoError(t, err)
	sent = o.sent(t)
	require.Len(t, sent, 1)
	question := sent[0]
	assert.Equal(t, []string{"b1@example.com"}, question.InReplyTo)

	notice := arrive("b2@example.com", "Subject: away\nAuto-Submitted: auto-replied\nIn-Reply-To: <"+question.ID+">", "Back on Monday.")
	assert.Equal(t, conversation.Recorded, notice.Did)
	assert.Equal(t, reported.Record, notice.Record)
	assert.Empty(t, o.sent(t), "no machine is answered")

	reply := arrive("b3@example.com", "Subject: something else\nIn-Reply-To: <"+question.ID+">", "Vienna.")
	assert.Equal(t, conversation.Commented, reply.Did)
	assert.Equal(t, reported.Record, reply.Record)

	_, err = o.Incidents.Comment(o.ann, reported.Record.ID, itsm.Comment{Body: "Thanks."})
	require.NoError(t, err)
	sent = o.sent(t)
	require.Len(t, sent, 1)
	assert.Equal(t, []string{"b3@example.com"}, sent[0].InReplyTo, "his last word, and not his absence notice")
	assert.Subset(t, sent[0].References, []string{"b1@example.com", question.ID, "b3@example.com"})
}

func TestWhatIsInternalNeverLeaves(t *testing.T) {
	o := open(t, &server{}, nil)
	inc := o.report(t, "VPN down")
	_, err := o.Incidents.Watch(o.ann, inc.ID, "eve")
	require.NoError(t, err)
	_, err = o.Incidents.Comment(o.ann, inc.ID, itsm.Comment{Body: "secret one", Internal: true})
	require.NoError(t, err)
	_, err = o.Incidents.Note(o.ann, inc.ID, "secret two")
	require.NoError(t, err)
	_, err = o.Incidents.Start(o.ann, inc.ID)
	require.NoError(t, err)
	_, err = o.Incidents.Hold(o.ann, inc.ID, incident.Hold{Reason: itsm.HoldVendor, Message: "secret three"})
	require.NoError(t, err)
	_, err = o.Incidents.Comment(o.ann, inc.ID, itsm.Comment{Body: "open"})
	require.NoError(t, err)
	sent := o.sent(t)
	require.Len(t, sent, 3) // the confirmation, and the comment to two
	for _, r := range o.received() {
		assert.NotContains(t, string(r.raw), "secret")
	}
	assert.Equal(t, "eve@example.com", sent[2].To[0].Address)
}

func TestAMachineIsNotAnswered(t *testing.T) {
	o := open(t, &server{}, nil)
	inc := o.report(t, "Disk full")
	_, err := o.Incidents.Comment(o.bob, inc.ID, itsm.Comment{Body: "I am a probe", AutoReply: true, MessageID: "m@example.com"})
	require.NoError(t, err)
	assert.Empty(t, o.sent(t), "neither the report is confirmed nor the notice passed on")
	_, err = o.Incidents.Comment(o.ann, inc.ID, itsm.Comment{Body: "Which disk?"})
	require.NoError(t, err)
	sent := o.sent(t)
	require.Len(t, sent, 1, "what a person writes is sent")
	assert.NotContains(t, sent[0].InReplyTo, "m@example.com")
}

func TestNoHeaderIsInjectedIntoMail(t *testing.T) {
	o := open(t, &server{}, func(c *mail.SenderConfig) {
		c.From = func(context.Context, string, string) (conversation.Address, error) {
			return conversation.Address{Name: "Desk\r\nBcc: a@example.com", Address: "desk@example.com"}, nil
		}
	})
	inc := o.report(t, "x\r\nBcc: b@example.com\r\n\r\nbody")
	_, err := o.Incidents.Watch(o.ann, inc.ID, "eve")
	require.NoError(t, err)
	_, err = o.Incidents.Comment(o.ann, inc.ID, itsm.Comment{Body: "Bcc: c@example.com\r\n.\r\nMAIL FROM:<x@y>"})
	require.NoError(t, err)
	sent := o.sent(t)
	require.Len(t, sent, 3)
	for i, r := range o.received() {
		head, _, _ := strings.Cut(string(r.raw), "\r\n\r\n")
		assert.NotRegexp(t, `(?mi)^bcc`, head)
		assert.Equal(t, "["+inc.ID+"] x Bcc: b@example.com body", sent[i].Subject)
		assert.Equal(t, "Desk Bcc: a@example.com", sent[i].From.Name)
	}
	assert.Equal(t, "Eve Bcc: x@example.com", sent[2].To[0].Name)
	assert.Equal(t, "Bcc: c@example.com\n.\nMAIL FROM:<x@y>", sent[2].Body)
}

func TestATemporaryFailureIsTriedAgain(t *testing.T) {
	failures := 2
	s := &server{rcpt: func(to string) error {
		if to == "eve@example.com" && failures > 0 {
			failures--
			return refuse(451)
		}
		return nil
	}}
	o := open(t, s, func(c *mail.SenderConfig) { c.Templates = mail.Templates{"": {mail.Reported: ""}} })
	inc := o.report(t, "VPN down")
	_, err := o.Incidents.Watch(o.ann, inc.ID, "eve")
	require.NoError(t, err)
	_, err = o.Incidents.Comment(o.ann, inc.ID, itsm.Comment{Body: "hello"})
	require.NoError(t, err)
	require.Len(t, o.sent(t), 1, "to Bob")
	for range 3 {
		require.NoError(t, o.clock.Advance(t.Context(), 5*time.Minute))
		o.sent(t)
	}
	by := map[string]int{}
	ids := map[string]bool{}
	p, err := mail.NewParser(mail.ParserConfig{Files: &store{}})
	require.NoError(t, err)
	for _, r := range o.received() {
		by[r.to]++
		m, err := p.Parse(t.Context(), "other", bytes.NewReader(r.raw))
		require.NoError(t, err)
		ids[m.ID] = true
	}
	assert.Equal(t, map[string]int{"bob@example.com": 1, "eve@example.com": 1}, by)
	assert.Len(t, ids, 1)
	assert.Empty(t, o.undelivered)
}

// A server that fails after it took the message leaves open whether it did: the next try has the same id.
func TestARetryAfterAnUnknownOutcomeHasTheSameID(t *testing.T) {
	first := true
	var o *office
	s := &server{}
	s.data = func() error {
		if first {
			first = false
			s.mu.Lock()
			defer s.mu.Unlock()
			s.inbox = append(s.inbox, received{to: "bob@example.com"}) // it kept it, and says otherwise
			return refuse(451)
		}
		return nil
	}
	var ids []string
	o = open(t, s, func(c *mail.SenderConfig) { c.Client = spy{c.Client, &ids} })
	o.report(t, "VPN down")
	_, _, err := o.Deliver(t.Context())
	require.NoError(t, err)
	require.NoError(t, o.clock.Advance(t.Context(), 2*time.Minute))
	_, _, err = o.Deliver(t.Context())
	require.NoError(t, err)
	require.Len(t, ids, 2)
	assert.Equal(t, ids[0], ids[1])
}

type spy struct {
	mail.Client
	ids *[]string
}

func (s spy) DialAndSendWithContext(ctx context.Context, messages ...*gomail.Msg) error {
	for _, m := range messages {
		*s.ids = append(*s.ids, m.GetMessageID())
	}
	return s.Client.DialAndSendWithContext(ctx, messages...)
}

func TestARefusalForGoodIsTold(t *testing.T) {
	s := &server{rcpt: func(to string) error {
		if to == "bob@example.com" {
			return refuse(550)
		}
		return nil
	}}
	o := open(t, s, nil)
	inc := o.report(t, "VPN down")
	for _, watcher := range []string{"eve", "lee", "nobody"} {
		_, err := o.Incidents.Watch(o.ann, inc.ID, watcher)
		require.NoError(t, err)
	}
	_, err := o.Incidents.Comment(o.ann, inc.ID, itsm.Comment{Body: "hello"})
	require.NoError(t, err)
	sent := o.sent(t)
	require.Len(t, sent, 1)
	assert.Equal(t, "eve@example.com", sent[0].To[0].Address)
	var told []string
	for _, u := range o.undelivered {
		told = append(told, u.Person)
		require.Error(t, u.Err)
		assert.Equal(t, inc.Key(), u.Record)
	}
	assert.ElementsMatch(t, []string{"bob", "bob", "lee", "nobody"}, told)
	parked, err := o.Parked(itsm.WithActor(t.Context(), itsmtest.Administrator("root", itsmtest.InTenant("acme"))), "mail")
	require.NoError(t, err)
	assert.Empty(t, parked)
}

func TestLogin(t *testing.T) {
	var with []gomail.Option
	try := func(password string) *office {
		s := &server{login: true}
		o := open(t, s, func(c *mail.SenderConfig) {
			with = []gomail.Option{gomail.WithSMTPAuth(gomail.SMTPAuthPlain), gomail.WithUsername("desk"), gomail.WithPassword(password)}
			c.Client = s.client(t, with...)
		})
		o.report(t, "VPN down")
		return o
	}
	o := try("secret")
	assert.Len(t, o.sent(t), 1)
	assert.Equal(t, 1, o.secure)

	o = try("wrong")
	assert.Empty(t, o.sent(t))
	assert.Empty(t, o.undelivered, "Bob is not to blame for the desk's login")
	for range 10 {
		require.NoError(t, o.clock.Advance(t.Context(), time.Hour))
		assert.Empty(t, o.sent(t))
	}
	parked, err := o.Parked(itsm.WithActor(t.Context(), itsmtest.Administrator("root", itsmtest.InTenant("acme"))), "mail")
	require.NoError(t, err)
	assert.Len(t, parked, 1)
}

func TestAnOldHistoryIsNotMailed(t *testing.T) {
	o := open(t, &server{}, nil)
	root := itsm.WithActor(t.Context(), itsmtest.Administrator("root", itsmtest.InTenant("acme")))
	_, err := o.Incidents.Report(root, incident.Report{Title: "old", Caller: "bob"}, itsm.At(o.clock.Now().AddDate(0, -1, 0)))
	require.NoError(t, err)
	assert.Empty(t, o.sent(t))
}

func TestTemplates(t *testing.T) {
	o := open(t, &server{}, func(c *mail.SenderConfig) {
		c.Templates = mail.Templates{
			"":   {mail.Reported: "", "incident.assigned": "{{.Author}} gave {{.Number}} to {{.Field \"group\"}}."},
			"de": {mail.Commented: "{{.Author}} schreibt:\n\n{{.Body}}", "assigned": "{{.Number}} liegt bei {{.Field \"group\"}}."},
		}
	})
	inc := o.report(t, "VPN down")
	_, err := o.Incidents.Watch(o.ann, inc.ID, "eve")
	require.NoError(t, err)
	_, err = o.Incidents.Assign(o.ann, inc.ID, incident.Assignment{Group: "network"})
	require.NoError(t, err)
	_, err = o.Incidents.Comment(o.ann, inc.ID, itsm.Comment{Body: "{{.Number}}"})
	require.NoError(t, err)
	var got []string
	for _, m := range o.sent(t) {
		got = append(got, m.To[0].Address+": "+m.Body)
	}
	assert.Equal(t, []string{
		"bob@example.com: " + inc.ID + " liegt bei network.", "eve@example.com: Ann gave " + inc.ID + " to network.",
		"bob@example.com: Ann schreibt:\n\n{{.Number}}", "eve@example.com: {{.Number}}",
	}, got)
}

func TestNewSenderListsFaults(t *testing.T) {
	_, err := mail.NewSender(nil, mail.SenderConfig{Templates: mail.Templates{"de": {"a": "{{.Wrong}}", "b": "{{"}}})
	require.ErrorIs(t, err, itsm.ErrInvalid)
	for _, fault := range []string{"kernel", "Client", "From", "Identity.Domain", `template "a"`, `template "b"`} {
		assert.ErrorContains(t, err, fault)
	}
	_, err = mail.NewSender(&itsm.Kernel{}, mail.SenderConfig{Client: &gomail.Client{}, Identity: mail.Identity{Domain: "d", Key: []byte("short")}})
	assert.ErrorContains(t, err, "Identity.Key")
}

func TestADirectoryThatFailsIsTriedAgain(t *testing.T) {
	broken := errors.New("directory is down")
	o := open(t, &server{}, func(c *mail.SenderConfig) {
		c.Person = func(context.Context, string, string) (itsm.Profile, error) {
			err := broken
			broken = nil
			return people.People[0], err
		}
	})
	o.report(t, "VPN down")
	assert.Empty(t, o.sent(t))
	require.NoError(t, o.clock.Advance(t.Context(), 5*time.Minute))
	o.sent(t)
	assert.Len(t, o.received(), 1)
}

// However long a thread, a mail names its beginning and its end.
func TestReferencesAreBounded(t *testing.T) {
	o := open(t, &server{}, nil)
	inc := o.report(t, "VPN down")
	for i := range 200 {
		who, id := o.bob, "b"+strings.Repeat("i", i%200)+"@example.com"
		if i%2 == 1 {
			who, id = o.ann, ""
		}
		_, err := o.Incidents.Comment(who, inc.ID, itsm.Comment{Body: "x", MessageID: id})
		require.NoError(t, err)
	}
	sent := o.sent(t)
	last := sent[len(sent)-1]
	require.Len(t, last.References, 20)
	assert.Equal(t, "b@example.com", last.References[0])
	assert.Equal(t, sent[0].ID, last.References[1], "the confirmation")
	assert.Equal(t, last.InReplyTo[0], last.References[19])
	assert.Equal(t, "b"+strings.Repeat("i", 198)+"@example.com", last.References[19])
}

func TestWhatIsSentIsRead(t *testing.T) {
	o := open(t, &server{}, func(c *mail.SenderConfig) { c.Templates = mail.Templates{"": {mail.Reported: ""}} })
	rapid.Check(t, func(r *rapid.T) {
		runes := rapid.RuneFrom([]rune("ab .=?_-\t\"<>,;:@()\\'üß€打🖨\n\r\u2028"))
		title := strings.TrimSpace("t" + rapid.StringOfN(runes, 0, 100, -1).Draw(r, "title"))
		body := "b" + rapid.StringOfN(runes, 0, 400, -1).Draw(r, "body")
		inc, err := o.Incidents.Report(o.bob, incident.Report{Title: title})
		require.NoError(r, err)
		_, err = o.Incidents.Comment(o.ann, inc.ID, itsm.Comment{Body: body})
		require.NoError(r, err)
		sent := o.sent(t)
		require.Len(r, sent, 1)
		assert.Equal(r, mail.Clean(body), sent[0].Body)
		assert.Equal(r, mail.Subject(inc.ID, title), sent[0].Subject)
		ref, ok := identity.Record("acme", sent[0].ID)
		assert.True(r, ok)
		assert.Equal(r, inc.Ref(), ref)
	})
}

func TestIDsBelongToTheirTenantAndRecord(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		text := rapid.StringOfN(rapid.RuneFrom([]rune("ab.=@-ü/ <>")), 1, 20, -1)
		draw := func(label string) (itsm.Key, string) {
			return itsm.Key{Tenant: text.Draw(r, label+" tenant"), Kind: text.Draw(r, label+" kind"), ID: text.Draw(r, label+" id")}, text.Draw(r, label+" part")
		}
		key, part := draw("one")
		other, otherPart := draw("other")
		id := identity.MessageID(key, part)
		assert.Equal(r, key == other && part == otherPart, id == identity.MessageID(other, otherPart))
		if ref, ok := identity.Record(key.Tenant, id); ok {
			assert.Equal(r, key.Ref(), ref)
		} else {
			assert.NotContains(r, id, ".", "only an id that is too long is not read")
		}
		if other.Tenant != key.Tenant {
			_, ok := identity.Record(other.Tenant, id)
			assert.False(r, ok)
		}
		m, err := parser(r, &store{}, mail.Limits{}).Parse(context.Background(), "acme", strings.NewReader("From: a@b\nMessage-ID: <"+id+">\n\n"))
		require.NoError(r, err)
		assert.Equal(r, id, m.ID)
	})
}
