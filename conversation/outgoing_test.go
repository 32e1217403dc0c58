package conversation_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/conversation"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/store/memory"
)

// TestOutgoing: a public comment goes to the caller and the watchers, and to nobody who wrote it.
func TestOutgoing(t *testing.T) {
	var letters []conversation.Letter
	var inbox *conversation.Receiver
	var incidents *incident.Incidents
	k, _ := itsmtest.Kernel(t, itsm.Config{Store: memory.New(), Directory: people}, func(k *itsm.Kernel) (err error) {
		if incidents, err = incident.New(k, incident.Config{}); err != nil {
			return err
		}
		k.Subscribe(itsm.Subscriber{Name: "mail", Handle: func(ctx context.Context, e *itsm.Event) error {
			out, err := inbox.Outgoing(ctx, e, "mail")
			letters = append(letters, out...)
			return err
		}})
		inbox, err = conversation.New(k, conversation.Config{Domain: "desk.example"})
		return err
	})
	gateway := itsmtest.As(t.Context(), itsmtest.Integration("gateway"))
	ann := itsmtest.As(t.Context(), itsmtest.Agent("ann"))
	told := func() []conversation.Letter {
		letters = nil
		_, _, err := k.Deliver(t.Context())
		require.NoError(t, err)
		return letters
	}
	receipt, err := inbox.Receive(gateway, mail("m1@example.org", "cleo", "VPN down", "Here."))
	require.NoError(t, err)
	ref, id := receipt.Record, receipt.Record.ID
	assert.Empty(t, told(), "nobody is told of the own report")
	_, err = incidents.Watch(ann, id, "wes")
	require.NoError(t, err)
	_, err = incidents.Comment(ann, id, itsm.Comment{Body: "Which one?"})
	require.NoError(t, err)
	got := told()
	require.Len(t, got, 1)
	l := got[0]
	assert.Equal(t, []string{"cleo", "wes"}, l.To)
	assert.Equal(t, "ann", l.Author)
	assert.Equal(t, "Which one?", l.Body)
	assert.Equal(t, "m1@example.org", l.InReplyTo)
	assert.Equal(t, []string{conversation.MessageID(ref, 0, "acme", "desk.example"), "m1@example.org"}, l.References)

	receipt, err = inbox.Receive(gateway, answer(mail("m2@example.org", "cleo", "Re: VPN", "The Vienna one."), l.ID))
	require.NoError(t, err)
	assert.Equal(t, ref, receipt.Record, "the answer to what was sent comes back")
	got = told()
	require.Len(t, got, 1)
	assert.Equal(t, []string{"wes"}, got[0].To)

	_, err = incidents.Comment(ann, id, itsm.Comment{Body: "Between us.", Internal: true})
	require.NoError(t, err)
	_, err = incidents.Note(ann, id, "A note.")
	require.NoError(t, err)
	_, err = inbox.Receive(gateway, automatic(answer(mail("m3@example.org", "wes", "Re: VPN", "Away."), l.ID)))
	require.NoError(t, err)
	assert.Empty(t, told(), "internal and automatic messages are told to nobody")
	_, err = incidents.Comment(ann, id, itsm.Comment{Body: "Thanks."})
	require.NoError(t, err)
	got = told()
	require.Len(t, got, 1)
	assert.Equal(t, "m3@example.org", got[0].InReplyTo)
	assert.Len(t, got[0].References, 3, "the record's, the first and the last")
}
