package desk_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/desk"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/knowledge"
	"github.com/itsmkit/itsmkit/knowledge/consultation"
	"github.com/itsmkit/itsmkit/knowledge/feedback"
)

func (d *linked) published(title, body string, tokens ...string) knowledge.Article {
	a, err := d.Articles.Draft(d.ann, knowledge.Draft{Content: knowledge.Content{
		Text: knowledge.Text{Title: title, Body: body}, Audience: knowledge.For(tokens...),
	}})
	require.NoError(d.tb, err)
	a, err = d.Articles.Publish(d.ann, a.ID, knowledge.Publication{})
	require.NoError(d.tb, err)
	return a
}

func TestWhoHelpsThemselvesMakesNoTicket(t *testing.T) {
	d := newLinked(t, desk.Config{})
	vpn := d.published("Connect to the VPN", "Start the client and type your code.", knowledge.Requesters)
	d.published("VPN gateways", "How to restart them.", knowledge.Agents)
	begun := d.clock.Now()

	help, err := d.Ask(d.cleo, "how do I connect to the vpn", 0)
	require.NoError(t, err)
	require.Len(t, help.Suggestions, 1, "what is for agents is not suggested")
	assert.Equal(t, vpn.Ref(), help.Suggestions[0].Ref)
	assert.Contains(t, help.Consultation.Suggestions()[0].Why, "vpn")
	_, err = d.Consultations.Solve(d.cleo, help.Consultation.ID, vpn.Ref())
	require.NoError(t, err)

	help, err = d.Ask(d.cleo, "the vpn says no", 0)
	require.NoError(t, err)
	inc := d.ok(d.Incidents.Report(d.cleo, incident.Report{Title: "The VPN says no"}))
	_, err = d.Consultations.EndInTicket(d.cleo, help.Consultation.ID, inc.Ref())
	require.NoError(t, err)

	require.NoError(t, d.clock.Advance(d.ann, time.Hour))
	list, err := d.Consultations.Between(d.ann, begun, d.clock.Now())
	require.NoError(t, err)
	strict, known := consultation.Deflect(list).Strict.Value()
	assert.True(t, known)
	assert.InDelta(t, 0.5, strict, 1e-9)
}

func TestSuggestionsForATicketAreWrittenDown(t *testing.T) {
	d := newLinked(t, desk.Config{})
	vpn := d.published("Connect to the VPN", "Start the client and type your code.", knowledge.Public)
	inc := d.ok(d.Incidents.Report(d.cleo, incident.Report{Title: "I cannot connect to the VPN"}))
	help, err := d.Suggest(d.ann, desk.Articles(), inc.Ref(), 0)
	require.NoError(t, err)
	require.Len(t, help.Suggestions, 1)
	_, err = d.Consultations.Take(d.ann, help.Consultation.ID, vpn.Ref())
	require.NoError(t, err)
	_, err = d.Consultations.Solve(d.ann, help.Consultation.ID, vpn.Ref())
	require.NoError(t, err)
	_, err = d.Articles.SolvedBy(d.ann, inc.Ref(), vpn.ID)
	require.NoError(t, err)
	list, err := d.Consultations.Between(d.ann, d.clock.Now().Add(-time.Hour), d.clock.Now().Add(time.Hour))
	require.NoError(t, err)
	use := consultation.Use(list)
	require.NotEmpty(t, use)
	for _, u := range use {
		if u.Purpose == consultation.Articles {
			taken, known := u.Taken.Value()
			assert.True(t, known)
			assert.InDelta(t, 1, taken, 1e-9)
		}
	}
}

func TestReadersSayWhatTheyThink(t *testing.T) {
	d := newLinked(t, desk.Config{})
	vpn := d.published("Connect to the VPN", "Start the client.", knowledge.Requesters)
	internal := d.published("VPN gateways", "Restart them.", knowledge.Agents)
	_, err := d.Feedback.Give(d.cleo, feedback.Verdict{Article: vpn.Ref(), Edition: 1, Helpful: feedback.Yes, Stars: 4})
	require.NoError(t, err)
	_, err = d.Feedback.Give(d.cleo, feedback.Verdict{Article: internal.Ref(), Edition: 1, Helpful: feedback.Yes})
	require.Error(t, err, "nobody judges what they may not read")
	_, err = d.Feedback.Flag(d.cleo, feedback.Fault{Article: vpn.Ref(), Edition: 1, Reason: feedback.Outdated, Text: "the client has another name"})
	require.NoError(t, err)
	rating, err := d.Feedback.Rating(d.ann, vpn.Ref())
	require.NoError(t, err)
	assert.EqualValues(t, 1, rating.Total.Verdicts)
	assert.EqualValues(t, 1, rating.Total.Flags)
}
