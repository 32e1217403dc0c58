package conversation_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/conversation"
	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/lifecycle"
)

func TestAMessageThatBelongsToNoRecordBecomesOne(t *testing.T) {
	d := newDesk(t, conversation.Config{}, incident.Config{})
	m := mail("m1@example.org", "CLEO", "VPN\r\n down", "Since this morning.")
	m.Attachments = []conversation.Attachment{{Name: "log.txt", Type: "text/plain", Size: 7, SHA256: "ab", Location: "s3://1"}}
	receipt := d.take(m)
	assert.Equal(t, conversation.Receipt{Did: conversation.Reported, Record: itsm.Ref{Kind: "incident", ID: "INC0000001"}, Version: 1, Sender: "cleo"}, receipt)

	inc := d.get(receipt.Record)
	assert.Equal(t, "VPN down", inc.Title)
	assert.Equal(t, "Since this morning.", inc.Description)
	assert.Equal(t, "cleo", inc.Caller)
	assert.Equal(t, "mail", inc.Channel)
	files, err := d.Attachments(d.root, inc.ID, 0, 0)
	require.NoError(t, err)
	require.Len(t, files, 1)
	assert.Equal(t, "cleo", files[0].Author)
	assert.Equal(t, "log.txt", files[0].Name)
	history, err := d.History(d.root, inc.ID, 0, 0)
	require.NoError(t, err)
	require.Len(t, history, 1, "the report and its files are one event")
	assert.Equal(t, "gateway", history[0].Actor.ID)
	assert.Equal(t, "cleo", history[0].Actor.OnBehalfOf)
	itsmtest.RequireVerified(t, d.root, d.kernel, receipt.Record)
}

func TestARouteSendsAnAddressToItsTarget(t *testing.T) {
	d := newDesk(t, conversation.Config{Routes: []conversation.Route{
		{Tenant: "umbra", Address: "vpn@desk.example", Target: conversation.Target{Values: itsm.Patch{"category": field.Text("wrong")}}},
		{Address: "VPN@desk.example", Target: conversation.Target{Channel: "-", Values: itsm.Patch{"category": field.Text("vpn"), "group": field.Text("network")}}},
	}}, incident.Config{})
	m := mail("m1@example.org", "cleo", "Slow", "Very.")
	m.Copy = []conversation.Address{{Address: "vpn@desk.example"}}
	inc := d.get(d.take(m).Record)
	assert.Equal(t, "vpn", inc.Category)
	assert.Equal(t, "network", inc.Group)
	assert.Empty(t, inc.Channel)
}

// TestThreading: by the messages that it answers, then by the number in the subject, then by what the channel says.
func TestThreading(t *testing.T) {
	tests := []struct {
		name string
		m    func(d *office, ref itsm.Ref) conversation.Message
		how  lifecycle.Code // empty: a new record
	}{
		{"the mail that began it", func(*office, itsm.Ref) conversation.Message {
			return answer(mail("m2@example.org", "cleo", "Re: VPN", "More."), "<m1@example.org>")
		}, conversation.CodeByMessage},
		{"the nearest reference that is known", func(*office, itsm.Ref) conversation.Message {
			m := mail("m2@example.org", "cleo", "Re: VPN", "More.")
			m.References = []string{"m1@example.org", "x@example.org"}
			return m
		}, conversation.CodeByMessage},
		{"a comment with a message id of its own", func(d *office, ref itsm.Ref) conversation.Message {
			d.ok(d.Comment(d.ann, ref.ID, itsm.Comment{Body: "Which one?", Channel: "mail", MessageID: "out@desk.example"}))
			return answer(mail("m2@example.org", "cleo", "Re: VPN", "More."), "out@desk.example")
		}, conversation.CodeByMessage},
		{"an id that the desk made", func(_ *office, ref itsm.Ref) conversation.Message {
			return answer(mail("m2@example.org", "cleo", "", "More."), conversation.MessageID(ref, 65536, "acme", "desk.example"))
		}, conversation.CodeByMessage},
		{"such an id of another tenant", func(_ *office, ref itsm.Ref) conversation.Message {
			return answer(mail("m2@example.org", "cleo", "", "More."), conversation.MessageID(ref, 65536, "umbra", "desk.example"))
		}, ""},
		{"a number in brackets", func(*office, itsm.Ref) conversation.Message {
			return mail("m2@example.org", "cleo", "Re: INC0000002 [inc0000001] VPN", "More.")
		}, conversation.CodeBySubject},
		{"a number without its zeros", func(*office, itsm.Ref) conversation.Message {
			return mail("m2@example.org", "cleo", "About INC1, please", "More.")
		}, conversation.CodeBySubject},
		{"a number within a word", func(*office, itsm.Ref) conversation.Message {
			return mail("m2@example.org", "cleo", "XINC0000001 INC0000001x", "More.")
		}, ""},
		{"what the channel says", func(_ *office, ref itsm.Ref) conversation.Message {
			m := mail("m2@example.org", "cleo", "", "More.")
			m.Record = ref.ID
			return m
		}, conversation.CodeByRecord},
		{"an id of another channel", func(*office, itsm.Ref) conversation.Message {
			m := answer(mail("m2@example.org", "cleo", "", "More."), "m1@example.org")
			m.Channel = "chat"
			return m
		}, ""},
		{"more ids than are looked up", func(*office, itsm.Ref) conversation.Message {
			m := mail("m2@example.org", "cleo", "", "More.")
			m.References = []string{"m1@example.org"}
			for i := range 20 {
				m.References = append(m.References, numbered("x", i))
			}
			return m
		}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := newDesk(t, conversation.Config{}, incident.Config{})
			ref := d.reported()
			receipt := d.take(test.m(d, ref))
			if test.how == "" {
				assert.Equal(t, conversation.Reported, receipt.Did)
				assert.NotEqual(t, ref, receipt.Record)
				return
			}
			assert.Equal(t, conversation.Commented, receipt.Did)
			assert.Equal(t, ref, receipt.Record)
			assert.True(t, receipt.Has(test.how), "%v", receipt.Reasons)
			assert.Contains(t, d.bodies(ref), "More.")
		})
	}
}

// TestANumberAloneGivesNoRight: who has nothing to do with a record does not get onto it, by number or by message id.
func TestANumberAloneGivesNoRight(t *testing.T) {
	roles := func(p itsm.Profile) []itsm.Role {
		if p.ID == "eve" {
			return []itsm.Role{itsm.Agent}
		}
		return []itsm.Role{itsm.Requester}
	}
	tests := []struct {
		from  string
		roles func(itsm.Profile) []itsm.Role
		may   bool
	}{
		{"cleo", nil, true},   // the caller
		{"ann", nil, true},    // of the ticket's group
		{"wes", nil, true},    // a watcher
		{"dan", nil, false},   // nobody
		{"dan", roles, false}, // a requester
		{"eve", nil, false},   // the desk does not know that she is an agent
		{"eve", roles, true},  // the authorizer lets her write work notes
	}
	for _, test := range tests {
		for _, by := range []string{"id", "number"} {
			d := newDesk(t, conversation.Config{Roles: test.roles}, incident.Config{})
			ref := d.reported()
			d.ok(d.Assign(d.ann, ref.ID, incident.Assignment{Group: "network"}))
			d.ok(d.Watch(d.ann, ref.ID, "wes"))
			m := mail("m2@example.org", test.from, "Re: [INC0000001]", "Let me in.")
			if by == "id" {
				m = answer(mail("m2@example.org", test.from, "Re: VPN", "Let me in."), "m1@example.org")
			}
			receipt := d.take(m)
			if test.may {
				assert.Equal(t, ref, receipt.Record, "%s by %s", test.from, by)
				continue
			}
			assert.Equal(t, conversation.Reported, receipt.Did, "%s by %s", test.from, by)
			assert.NotEqual(t, ref, receipt.Record)
			assert.Equal(t, ref, receipt.About)
			assert.True(t, receipt.Has(conversation.CodeStranger))
			assert.Empty(t, d.bodies(ref))
			links, err := d.Links(d.root, receipt.Record.ID)
			require.NoError(t, err)
			require.Len(t, links, 1)
			assert.Equal(t, ref, links[0].To)
		}
	}
	d := newDesk(t, conversation.Config{Policy: conversation.Policy{Stranger: conversation.StrangerRefused}}, incident.Config{})
	was := d.get(d.reported())
	_, err := d.inbox.Receive(d.gateway, mail("m2@example.org", "dan", "[INC0000001]", "Let me in."))
	require.ErrorIs(t, err, conversation.ErrStranger)
	assert.Equal(t, was, d.get(was.Ref()), "nothing was written")
	assert.EqualValues(t, 1, d.count())
}

// TestAnAnswerToAMergedRecordReachesTheSurvivor: elsewhere an answer reopened the merged ticket
// (https://github.com/frappe/helpdesk/issues/2539).
func TestAnAnswerToAMergedRecordReachesTheSurvivor(t *testing.T) {
	d := newDesk(t, conversation.Config{}, incident.Config{})
	first := d.reported()
	second := d.take(mail("m2@example.org", "dan", "VPN down too", "Here.")).Record
	third := d.take(mail("m3@example.org", "dan", "VPN", "Still.")).Record
	merge := func(from, into itsm.Ref) {
		_, err := d.combine.Do(d.ann, from.ID, survivor{into})
		require.NoError(t, err)
	}
	merge(first, second)
	merge(second, third)
	receipt := d.take(answer(mail("m4@example.org", "cleo", "Re: VPN down", "Any news?"), "m1@example.org"))
	assert.Equal(t, conversation.Commented, receipt.Did)
	assert.Equal(t, third, receipt.Record, "along the chain")
	assert.Equal(t, first, receipt.About)
	assert.True(t, receipt.Has(conversation.CodeMerged))
	assert.Equal(t, incident.StateCancelled, d.get(first).State, "it stays merged")
	assert.Equal(t, []string{"Any news?"}, d.bodies(third))
	assert.Empty(t, d.bodies(first))

	merge(third, first) // a circle, which no practice lets be made
	receipt = d.take(answer(mail("m5@example.org", "cleo", "Re: VPN down", "Hello?"), "m1@example.org"))
	assert.Equal(t, conversation.Reported, receipt.Did, "no message is lost in a circle")
}

// TestTheSameMessageTwiceIsOne, however it comes again.
func TestTheSameMessageTwiceIsOne(t *testing.T) {
	d := newDesk(t, conversation.Config{}, incident.Config{})
	m := mail("m1@example.org", "cleo", "VPN down", "Since this morning.")
	first := d.take(m)
	again := d.take(m)
	assert.True(t, again.Seen)
	assert.Equal(t, first.Record, again.Record)
	assert.Equal(t, conversation.Reported, again.Did)

	reply := answer(mail("m2@example.org", "cleo", "Re: VPN down", "More."), "m1@example.org")
	d.take(reply)
	other := d.take(mail("m3@example.org", "cleo", "Printer", "Out of ink.")).Record
	_, err := d.combine.Do(d.ann, first.Record.ID, survivor{other})
	require.NoError(t, err)
	again = d.take(reply)
	assert.True(t, again.Seen, "also where it would now go elsewhere")
	assert.Equal(t, []string{"More."}, d.bodies(first.Record))
	assert.Empty(t, d.bodies(other))
	assert.EqualValues(t, 2, d.count())
}

// TestOneIDOfTwoMessages: a forged or colliding id swallows no message, and none of another tenant.
func TestOneIDOfTwoMessages(t *testing.T) {
	d := newDesk(t, conversation.Config{}, incident.Config{})
	first := d.take(mail("m1@example.org", "cleo", "VPN down", "Since this morning."))
	for _, m := range []conversation.Message{
		mail("m1@example.org", "dan", "VPN down", "Since this morning."),
		mail("m1@example.org", "cleo", "VPN down", "Another text."),
	} {
		receipt := d.take(m)
		assert.False(t, receipt.Seen)
		assert.Equal(t, conversation.Reported, receipt.Did)
		assert.NotEqual(t, first.Record, receipt.Record)
	}
	receipt, err := d.inbox.Receive(d.other, mail("m1@example.org", "cleo", "VPN down", "Since this morning."))
	require.NoError(t, err)
	assert.False(t, receipt.Seen, "tenants do not meet")
	assert.Equal(t, "INC0000001", receipt.Record.ID)
	receipt, err = d.inbox.Receive(d.other, answer(mail("m9@example.org", "cleo", "[INC0000002]", "Hi."), "m1@example.org"))
	require.NoError(t, err)
	assert.Equal(t, itsm.Ref{Kind: "incident", ID: "INC0000001"}, receipt.Record)
	assert.Empty(t, d.bodies(first.Record))
}

func TestManyNodesTakeAMessageOnce(t *testing.T) {
	d := newDesk(t, conversation.Config{}, incident.Config{})
	ref := d.reported()
	for _, m := range []conversation.Message{
		answer(mail("m2@example.org", "cleo", "Re: VPN", "More."), "m1@example.org"),
		mail("m3@example.org", "cleo", "Printer", "Out of ink."),
	} {
		var wait sync.WaitGroup
		receipts := make([]conversation.Receipt, 8)
		errs := make([]error, len(receipts))
		for i := range receipts {
			wait.Go(func() { receipts[i], errs[i] = d.inbox.Receive(d.gateway, m) })
		}
		wait.Wait()
		fresh := 0
		for i := range receipts {
			require.NoError(t, errs[i])
			assert.Equal(t, receipts[0].Record, receipts[i].Record)
			if !receipts[i].Seen {
				fresh++
			}
		}
		assert.Equal(t, 1, fresh)
	}
	assert.Equal(t, []string{"More."}, d.bodies(ref))
	assert.EqualValues(t, 2, d.count())
}

// TestWhatACallersAnswerDoes is the practice's: Receive only picks the trigger.
func TestWhatACallersAnswerDoes(t *testing.T) {
	tests := []struct {
		name    string
		state   lifecycle.State
		policy  incident.Policy
		refused conversation.Refused
		did     conversation.Did
		then    lifecycle.State
		moved   bool // onto a new record
		link    string
		err     error
	}{
		{name: "a ticket on hold for the caller resumes", state: incident.StateOnHold, did: conversation.Commented, then: incident.StateInProgress},
		{name: "a resolved one reopens", state: incident.StateResolved, did: conversation.Commented, then: incident.StateInProgress},
		{name: "or takes a comment", state: incident.StateResolved, policy: incident.Policy{CallerReply: incident.ReplyComments}, did: conversation.Commented, then: incident.StateResolved},
		{name: "a closed one is continued by a new one", state: incident.StateClosed, did: conversation.RepliedLate, then: incident.StateClosed, moved: true, link: "continues"},
		{name: "or reopens", state: incident.StateClosed, policy: incident.Policy{LateReply: incident.LateReplyReopens}, did: conversation.RepliedLate, then: incident.StateInProgress},
		{name: "or refuses: a new one, related", state: incident.StateClosed, policy: incident.Policy{LateReply: incident.LateReplyRefused}, did: conversation.Reported, then: incident.StateClosed, moved: true, link: "related_to"},
		{name: "a cancelled one: a new one, related", state: incident.StateCancelled, did: conversation.Reported, then: incident.StateCancelled, moved: true, link: "related_to"},
		{name: "or the refusal", state: incident.StateCancelled, refused: conversation.RefusedReturned, then: incident.StateCancelled, err: itsm.ErrRefused},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := newDesk(t, conversation.Config{Policy: conversation.Policy{Refused: test.refused}}, incident.Config{Policy: test.policy})
			ref := d.in(test.state)
			m := answer(mail("m2@example.org", "cleo", "Re: VPN down", "Still down."), "m1@example.org")
			m.Attachments = []conversation.Attachment{{Name: "shot.png", Location: "s3://2"}}
			receipt, err := d.inbox.Receive(d.gateway, m)
			assert.Equal(t, test.then, d.get(ref).State)
			if test.err != nil {
				require.ErrorIs(t, err, test.err)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, test.did, receipt.Did)
			assert.Equal(t, test.moved, receipt.Record != ref)
			assert.Equal(t, d.get(receipt.Record).Version, receipt.Version)
			files, err := d.Attachments(d.root, receipt.Record.ID, 0, 0)
			require.NoError(t, err)
			assert.Len(t, files, 1, "the files are where the message is")
			if test.moved {
				assert.Equal(t, ref, receipt.About)
				assert.Equal(t, "Still down.", d.get(receipt.Record).Description)
				links, err := d.Links(d.root, receipt.Record.ID)
				require.NoError(t, err)
				require.Len(t, links, 1)
				assert.Equal(t, test.link, links[0].Name)
				assert.Equal(t, ref, links[0].To)
			}
			again := d.take(m)
			assert.True(t, again.Seen)
			assert.Equal(t, receipt.Record, again.Record)
			assert.Equal(t, receipt.Did, again.Did)
		})
	}
}

func TestWhoSends(t *testing.T) {
	d := newDesk(t, conversation.Config{}, incident.Config{})
	m := mail("m1@example.org", "zoe", "VPN down", "Here.")
	_, err := d.inbox.Receive(d.gateway, m)
	require.ErrorIs(t, err, conversation.ErrUnknownSender)
	_, err = d.inbox.Receive(t.Context(), m)
	require.ErrorIs(t, err, itsm.ErrNoActor)
	_, err = d.inbox.Receive(itsmtest.As(t.Context(), itsmtest.System()), m)
	require.ErrorIs(t, err, itsm.ErrInvalid)
	assert.Zero(t, d.count())

	receipt, err := d.inbox.Receive(d.cleo, conversation.Message{Channel: "portal", Subject: "VPN", Body: "Down.", From: conversation.Address{Address: "dan"}})
	require.NoError(t, err)
	assert.Equal(t, "cleo", receipt.Sender, "a person at a portal is the own sender")
	receipt, err = d.inbox.Receive(itsmtest.As(t.Context(), itsmtest.Integration("bot", itsmtest.ActingFor("dan"))), conversation.Message{Channel: "chat", Body: "Down."})
	require.NoError(t, err)
	assert.Equal(t, "dan", receipt.Sender)
	assert.Equal(t, "Down.", d.get(receipt.Record).Title)

	d = newDesk(t, conversation.Config{Policy: conversation.Policy{Unknown: conversation.UnknownReports}}, incident.Config{})
	m.From.Address = "Zoe@Example.org"
	receipt = d.take(m)
	assert.Equal(t, "zoe@example.org", d.get(receipt.Record).Caller)
	assert.True(t, receipt.Has(conversation.CodeUnknown))
	assert.Equal(t, receipt.Record, d.take(answer(mail("m2@example.org", "zoe", "Re:", "More."), "m1@example.org")).Record)
	m.From.Address, m.ID = "cleo", "m3"
	_, err = d.inbox.Receive(d.gateway, m)
	require.ErrorIs(t, err, conversation.ErrUnknownSender, "an address that reads like a person's id is not that person")
}

func TestAChatIsAThread(t *testing.T) {
	d := newDesk(t, conversation.Config{}, incident.Config{})
	say := func(id, body string) conversation.Receipt {
		return d.take(conversation.Message{
			Channel: "chat", ID: id, References: []string{"t1"}, From: conversation.Address{Address: "cleo"}, Body: body,
		})
	}
	first := say("t1", "VPN down") // the first message of a thread has the thread's id
	assert.Equal(t, conversation.Reported, first.Did)
	assert.Equal(t, first.Record, say("t1-2", "Still").Record)
	assert.Equal(t, first.Record, say("t1-3", "Really").Record)
	assert.Equal(t, []string{"Still", "Really"}, d.bodies(first.Record))
	comments, err := d.Comments(d.root, first.Record.ID, 0, 0)
	require.NoError(t, err)
	assert.Equal(t, "chat", comments[0].Channel)
}

func TestRejectedInput(t *testing.T) {
	big := strings.Repeat("ä", 600)
	tests := []struct {
		name  string
		limit conversation.Limits
		with  conversation.Policy
		edit  func(m *conversation.Message)
		field string
	}{
		{name: "no channel", edit: func(m *conversation.Message) { m.Channel = "" }, field: "channel"},
		{name: "empty", edit: func(m *conversation.Message) { m.Subject, m.Body = " \t", "\n " }, field: "body"},
		{name: "an empty answer", edit: func(m *conversation.Message) {
			m.Subject, m.Body, m.InReplyTo = "Re: x", "", []string{"m1@example.org"}
		}, field: "body"},
		{name: "NUL", edit: func(m *conversation.Message) { m.Body = "a\x00b" }, field: "body"},
		{name: "no UTF-8", edit: func(m *conversation.Message) { m.Subject = "a\xff" }, field: "subject"},
		{name: "no UTF-8 in an id", edit: func(m *conversation.Message) { m.ID = "a\xff" }, field: "id"},
		{name: "a long id", edit: func(m *conversation.Message) { m.ID = strings.Repeat("a", 999) }, field: "id"},
		{name: "a long text", limit: conversation.Limits{Body: 1000}, with: conversation.Policy{Long: conversation.LongRefused}, edit: func(m *conversation.Message) { m.Body = big }, field: "body"},
		{name: "many files", limit: conversation.Limits{Attachments: 1}, edit: func(m *conversation.Message) {
			m.Attachments = []conversation.Attachment{{Name: "a", Location: "1"}, {Name: "b", Location: "2"}}
		}, field: "attachments"},
		{name: "a file that is nowhere", edit: func(m *conversation.Message) { m.Attachments = []conversation.Attachment{{Name: "a"}} }, field: "attachments[0]"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := newDesk(t, conversation.Config{Limits: test.limit, Policy: test.with}, incident.Config{})
			was := d.get(d.reported())
			m := mail("m2@example.org", "cleo", "Slow", "Very.")
			test.edit(&m)
			_, err := d.inbox.Receive(d.gateway, m)
			require.ErrorIs(t, err, itsm.ErrInvalid)
			var e *itsm.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, test.field, e.Args["field"])
			assert.Equal(t, was, d.get(was.Ref()))
			assert.EqualValues(t, 1, d.count(), "nothing was written")
		})
	}
}

func TestCleanedInput(t *testing.T) {
	d := newDesk(t, conversation.Config{
		Limits: conversation.Limits{Body: 1001}, Policy: conversation.Policy{Dirty: conversation.DirtyCleaned},
	}, incident.Config{})
	m := mail("m1@example.org", "cleo", "a\x00b\xff\u202Ec\x07 d", strings.Repeat("ä", 600))
	receipt := d.take(m)
	inc := d.get(receipt.Record)
	assert.Equal(t, "ab\uFFFDc d", inc.Title)
	assert.True(t, strings.HasPrefix(inc.Description, strings.Repeat("ä", 500)+"\n"), "cut between characters")
	assert.True(t, receipt.Has(conversation.CodeCut))

	long := strings.Repeat("ü", 300)
	inc = d.get(d.take(mail("m2@example.org", "cleo", long, "Text.")).Record)
	assert.Equal(t, strings.Repeat("ü", 200), inc.Title)
	assert.Equal(t, long+"\n\nText.", inc.Description, "nothing of the subject is lost")

	m = answer(mail("m3@example.org", "cleo", "Re:", ""), "m2@example.org")
	m.Attachments = []conversation.Attachment{{Name: "a.png", Location: "1"}, {Location: "2"}}
	assert.Equal(t, []string{"a.png\n2"}, d.bodies(d.take(m).Record), "files alone are a message")
}

func TestLoopsOnARecordEnd(t *testing.T) {
	d := newDesk(t, conversation.Config{Limits: conversation.Limits{PerRecord: conversation.Rate{N: 3}}}, incident.Config{})
	ref := d.reported()
	n := 1
	send := func(from string) error {
		n++
		_, err := d.inbox.Receive(d.gateway, answer(mail(numbered("m", n), from, "Re: VPN", numbered("Hello ", n)), "m1@example.org"))
		return err
	}
	d.ok(d.Watch(d.ann, ref.ID, "wes"))
	require.NoError(t, send("cleo"))
	require.NoError(t, send("cleo"))
	for range 5 {
		err := send("cleo")
		require.ErrorIs(t, err, conversation.ErrLoop)
		var e *itsm.Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, map[string]string{"record": "incident/INC0000001", "sender": "cleo", "limit": "3", "window": "1h0m0s"}, e.Args)
	}
	notes, err := d.WorkNotes(d.root, ref.ID, 0, 0)
	require.NoError(t, err)
	require.Len(t, notes, 1, "said once")
	assert.Len(t, d.bodies(ref), 2)
	require.NoError(t, send("wes"), "others go on")

	// Many other events do not hide what was sent.
	for range 200 {
		d.ok(d.Note(d.ann, ref.ID, "Looking."))
	}
	require.ErrorIs(t, send("cleo"), conversation.ErrLoop)
	require.NoError(t, d.clock.Advance(d.root, hour))
	require.NoError(t, send("cleo"), "the window is over")
}

func TestLoopsOfNewRecordsEnd(t *testing.T) {
	d := newDesk(t, conversation.Config{Limits: conversation.Limits{Reports: conversation.Rate{N: 2, Window: hour}}}, incident.Config{})
	send := func(n int, from string) error {
		_, err := d.inbox.Receive(d.gateway, mail(numbered("m", n), from, "VPN", numbered("Down ", n)))
		return err
	}
	require.NoError(t, send(1, "cleo"))
	require.NoError(t, send(2, "cleo"))
	require.ErrorIs(t, send(3, "cleo"), conversation.ErrLoop)
	require.NoError(t, send(4, "dan"))
	require.NoError(t, d.clock.Advance(d.root, hour))
	require.NoError(t, send(3, "cleo"))
	assert.EqualValues(t, 4, d.count())
}

// TestLoopsAreCountedExactly where many nodes take messages for one record at once.
func TestLoopsAreCountedExactly(t *testing.T) {
	d := newDesk(t, conversation.Config{Limits: conversation.Limits{PerRecord: conversation.Rate{N: 5}}}, incident.Config{})
	ref := d.reported()
	var wait sync.WaitGroup
	errs := make([]error, 16)
	for i := range errs {
		wait.Go(func() {
			_, errs[i] = d.inbox.Receive(d.gateway, answer(mail(numbered("x", i), "cleo", "Re:", numbered("Hello ", i)), "m1@example.org"))
		})
	}
	wait.Wait()
	taken := 0
	for _, err := range errs {
		if err == nil {
			taken++
		} else {
			assert.ErrorIs(t, err, conversation.ErrLoop)
		}
	}
	assert.Equal(t, 4, taken, "the report was the first of five")
	assert.Len(t, d.bodies(ref), 4)
}

func TestAFaultyConfigurationIsRefused(t *testing.T) {
	k, err := itsm.New(itsm.Config{Store: newStore()})
	require.NoError(t, err)
	_, err = conversation.New(k, conversation.Config{
		Target: conversation.Target{Kind: "incident"}, Routes: []conversation.Route{{}}, Policy: conversation.Policy{Long: 7}, Domain: "a@b",
	})
	for _, part := range []string{"Target", "Routes", "Long", "Domain"} {
		assert.ErrorContains(t, err, part)
	}
	_, err = conversation.New(k, conversation.Config{Target: conversation.Target{Kind: "order", Create: "place"}})
	require.NoError(t, err)
	assert.ErrorContains(t, k.Open(t.Context()), `"order"`, "tables are checked when every kind is known")
}

// TestAnErasedSendersMessagesAreGone, and what comes again is not taken for new.
func TestAnErasedSendersMessagesAreGone(t *testing.T) {
	d := newDesk(t, conversation.Config{}, incident.Config{})
	ref := d.reported()
	m := answer(mail("m2@example.org", "cleo", "Re: VPN", "My secret."), "m1@example.org")
	d.take(m)
	_, err := d.kernel.Erase(d.root, "cleo", "asked")
	require.NoError(t, err)
	rows, err := d.kernel.Rows(d.root, ref, conversation.Messages, 0, 0)
	require.NoError(t, err)
	for _, row := range rows {
		_, erased := row.Text()
		assert.True(t, erased)
		assert.Equal(t, itsm.Erased, row.Sealed.Subject)
	}
	assert.True(t, d.take(m).Seen)
	itsmtest.RequireVerified(t, d.root, d.kernel, ref)
}

func TestWhatTheActorMayNotDoIsDenied(t *testing.T) {
	d := newDesk(t, conversation.Config{}, incident.Config{})
	nobody := itsmtest.As(t.Context(), itsm.Actor{ID: "gateway", Tenant: "acme", Kind: itsm.Integration})
	_, err := d.inbox.Receive(nobody, mail("m1", "cleo", "VPN", "Down."))
	require.True(t, errors.Is(err, itsm.ErrDenied), "%v", err)
	assert.Zero(t, d.count())
}

// TestAMergedIncidentsThreadGoesOnAtTheSurvivor, with the practice's own merge.
func TestAMergedIncidentsThreadGoesOnAtTheSurvivor(t *testing.T) {
	d := newDesk(t, conversation.Config{}, incident.Config{})
	first := d.reported()
	reply := answer(mail("m2@example.org", "cleo", "Re: VPN", "More."), "m1@example.org")
	d.take(reply)
	second := d.take(mail("m3@example.org", "dan", "VPN too", "Here.")).Record
	d.ok(d.Merge(d.ann, first.ID, second))
	assert.Equal(t, []string{"More."}, d.bodies(second), "the survivor took it over")
	for i, id := range []string{"m1@example.org", "m2@example.org", conversation.MessageID(first, 0, "acme", "desk.example")} {
		receipt := d.take(answer(mail(numbered("n", i), "cleo", "Re: VPN", numbered("News ", i)), id))
		assert.Equal(t, conversation.Commented, receipt.Did)
		assert.Equal(t, second, receipt.Record)
	}
	receipt := d.take(mail("n4", "cleo", "Re: ["+first.ID+"]", "And more."))
	assert.Equal(t, second, receipt.Record)
	assert.Equal(t, first, receipt.About)
	assert.True(t, d.take(reply).Seen)
	assert.Equal(t, incident.StateCancelled, d.get(first).State)
	assert.Len(t, d.bodies(second), 5)
	itsmtest.RequireVerified(t, d.root, d.kernel, second)
}
