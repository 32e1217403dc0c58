package conversation_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/conversation"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/store/memory"
)

func newStore() itsm.Store { return memory.New() }

// keeps requires that a machine's message is kept as a comment and moves nothing of the record but its version.
func keeps(t *testing.T, state lifecycle.State, m conversation.Message) {
	t.Helper()
	d := newDesk(t, conversation.Config{}, incident.Config{})
	ref := d.in(state)
	was := d.get(ref)
	receipt := d.take(answer(m, "m1@example.org"))
	assert.Equal(t, conversation.Recorded, receipt.Did)
	assert.Equal(t, ref, receipt.Record)
	is := d.get(ref)
	assert.Equal(t, was.Version+1, is.Version)
	is.Head = was.Head
	assert.Equal(t, was, is, "state, owner and all else stay")
	comments, err := d.Comments(d.root, ref.ID, 0, 0)
	require.NoError(t, err)
	require.NotEmpty(t, comments)
	assert.True(t, comments[len(comments)-1].AutoReply)
	assert.EqualValues(t, 1, d.count())
	itsmtest.RequireVerified(t, d.root, d.kernel, ref)
}

// TestAnAutomaticReplyDoesNotReopen: https://github.com/zammad/zammad/issues/6187
func TestAnAutomaticReplyDoesNotReopen(t *testing.T) {
	keeps(t, incident.StateResolved, automatic(mail("a1", "cleo", "Re: VPN down", "I am away.")))
}

// TestAnAutomaticReplyDoesNotChangeTheState: https://github.com/zammad/zammad/issues/5113
func TestAnAutomaticReplyDoesNotChangeTheState(t *testing.T) {
	keeps(t, incident.StateOnHold, automatic(mail("a1", "cleo", "Re: VPN down", "I am away.")))
	keeps(t, incident.StateNew, automatic(mail("a1", "cleo", "Re: VPN down", "I am away.")))
}

// TestAnAutomaticReplyDoesNotChangeTheOwner: https://github.com/zammad/zammad/issues/1925
func TestAnAutomaticReplyDoesNotChangeTheOwner(t *testing.T) {
	keeps(t, incident.StateOnHold, automatic(mail("a1", "ann", "Re: VPN down", "I am on leave.")))
}

// TestAnAbsenceNoticeDoesNotClose: https://github.com/znuny/Znuny/issues/138
func TestAnAbsenceNoticeDoesNotClose(t *testing.T) {
	keeps(t, incident.StateResolved, mail("a1", "cleo", "Out of Office: VPN down", "I am away."))
	keeps(t, incident.StateClosed, mail("a1", "cleo", "Abwesenheitsnotiz: VPN down", "Ich bin nicht da."))
}

func TestABulkMessageMovesNothing(t *testing.T) {
	m := mail("a1", "cleo", "News", "All of it.")
	m.Bulk = true
	keeps(t, incident.StateOnHold, m)
}

// TestAnAutomaticMessageMakesNoRecord by itself, wherever it would have.
func TestAnAutomaticMessageMakesNoRecord(t *testing.T) {
	bulk := mail("a1", "cleo", "News", "All of it.")
	bulk.Bulk = true
	own := mail("a1", "desk", "VPN", "From the desk itself.")
	for name, m := range map[string]conversation.Message{
		"of nothing":         automatic(mail("a1", "cleo", "Hello", "I am away.")),
		"by its subject":     mail("a1", "cleo", "Automatic reply: Hello", "I am away."),
		"bulk":               bulk,
		"of a stranger":      automatic(mail("a1", "dan", "[INC0000001]", "I am away.")),
		"on a cancelled one": answer(automatic(mail("a1", "cleo", "Re: VPN", "I am away.")), "m1@example.org"),
		"of nobody":          automatic(mail("a1", "mailer-daemon", "Hello", "Not delivered.")),
		"of the desk":        own,
	} {
		d := newDesk(t, conversation.Config{Routes: []conversation.Route{{Address: "desk@example.org"}}}, incident.Config{})
		was := d.get(d.in(incident.StateCancelled))
		receipt := d.take(m)
		assert.Equal(t, conversation.Dropped, receipt.Did, name)
		assert.NotEmpty(t, receipt.Reasons, name)
		assert.Equal(t, was, d.get(was.Ref()), name)
		assert.EqualValues(t, 1, d.count(), name)
	}
	d := newDesk(t, conversation.Config{Policy: conversation.Policy{Automatic: conversation.AutomaticReports}}, incident.Config{})
	assert.Equal(t, conversation.Reported, d.take(automatic(mail("a1", "cleo", "Disk full", "90 %"))).Did, "a monitor's mail, by policy")
}

func TestLooksAutomatic(t *testing.T) {
	for subject, want := range map[string]bool{
		"Automatic reply: VPN down":                     true,
		"AUTO: Peter is away":                           true,
		"Out of Office":                                 true,
		"Out of Office AutoReply: VPN":                  true,
		"Undeliverable: VPN":                            true,
		"Delivery Status Notification (Failure)":        true,
		"Abwesenheitsnotiz: VPN":                        true,
		"Automatische Antwort: VPN":                     true,
		"Réponse automatique : VPN":                     true,
		"RÉPONSE AUTOMATIQUE\u00a0: VPN":                true,
		"Respuesta automática: VPN":                     true,
		"Risposta automatica: VPN":                      true,
		"Automatisch antwoord: VPN":                     true,
		"Автоответ: VPN":                                true,
		"自動応答: VPN":                                     true,
		"自动答复：VPN":                                      true,
		"Re: Automatic reply: VPN":                      false,
		"Out of office printer is broken":               false,
		"Abwesenheitsnotiz einrichten":                  false,
		"Automatic reply does not work":                 false,
		"Autocad: licence":                              false,
		"How do I set an automatic reply: step by step": false,
		"": false,
	} {
		assert.Equal(t, want, conversation.LooksAutomatic(subject), subject)
	}
}
