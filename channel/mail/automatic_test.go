package mail_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestMachinesAreTold(t *testing.T) {
	for header, want := range map[string]bool{
		"Auto-Submitted: auto-replied":                              true,
		"Auto-Submitted: auto-generated; owner-email=\"x@y\"":       true,
		"Auto-Submitted: no":                                        false,
		"Auto-Submitted: no (a person wrote it)":                    false,
		"X-Auto-Response-Suppress: All":                             true,
		"X-Auto-Response-Suppress: DR, OOF, AutoReply":              true,
		"X-Auto-Response-Suppress: DR, RN":                          false,
		"X-Auto-Response-Suppress: None":                            false,
		"Precedence: auto_reply":                                    true,
		"Precedence: bulk":                                          false,
		"X-Autoreply: yes":                                          true,
		"X-Autorespond: Out of office":                              true,
		"X-Failed-Recipients: eve@example.com":                      true,
		"Content-Type: multipart/report; boundary=b":                true,
		"Content-Type: message/delivery-status":                     true,
		"Return-Path: <>":                                           true,
		"Return-Path: <bob@example.com>":                            false,
		"X-Message-Class: IPM.Note.Rules.OofTemplate.Microsoft":     true,
		"X-MS-Exchange-Message-Class: IPM.Note.Rules.ReplyTemplate": true,
		"X-Message-Class: IPM.Note":                                 false,
		"Subject: Out of office: my question about absence notices": false,
	} {
		body := "\n\nx"
		if want && header == "Content-Type: multipart/report; boundary=b" {
			body = "\n\n--b\n\nx\n--b--\n"
		}
		m, _ := parse(t, "From: bob@example.com\n"+header+body)
		assert.Equal(t, want, m.Automatic, header)
	}
	for _, from := range []string{"MAILER-DAEMON@example.com", "Postmaster <postmaster@example.com>"} {
		m, _ := parse(t, "From: "+from+"\n\nx")
		assert.True(t, m.Automatic, from)
	}
}

// An absence notice was taken for the caller's word: it reopened a ticket, and gave it to another owner.
// https://github.com/zammad/zammad/issues/1925
// https://github.com/zammad/zammad/issues/5113
func TestAnAbsenceNoticeOfExchangeIsAMachines(t *testing.T) {
	m, _ := parse(t, `From: Bob <bob@example.com>
To: desk@example.com
Subject: Automatische Antwort: [INC0000001] VPN
Message-ID: <3@example.com>
In-Reply-To: <1@desk.example.com>
Auto-Submitted: auto-generated
X-Auto-Response-Suppress: All
X-MS-Exchange-Inbox-Rules-Loop: bob@example.com
Precedence: bulk

I am away until Monday.
`)
	assert.True(t, m.Automatic)
	assert.True(t, m.Bulk)
}

// An answer of a machine without the standard's header, but with those of older programs, closed a ticket.
// https://github.com/znuny/Znuny/issues/138
func TestAnAnswerOfAnOlderProgramIsAMachines(t *testing.T) {
	m, _ := parse(t, "From: bob@example.com\nSubject: Re: [INC0000001] VPN\nX-Autoreply: yes\nX-Autorespond: VPN\nPrecedence: junk\n\naway")
	assert.True(t, m.Automatic)
}

// A delivery report went into the ticket as if the caller had written.
// https://github.com/zammad/zammad/issues/6187
func TestADeliveryReportIsAMachines(t *testing.T) {
	m, files := parse(t, `Return-Path: <>
From: Mail Delivery System <MAILER-DAEMON@mx.example.com>
To: desk@example.com
Subject: Undelivered Mail Returned to Sender
Content-Type: multipart/report; report-type=delivery-status; boundary="r"

--r
Content-Description: Notification

I could not deliver your mail.
--r
Content-Type: message/delivery-status

Final-Recipient: rfc822; bob@example.com
Status: 5.1.1
--r
Content-Type: message/rfc822

X-Desk-Loop: `+loopOf("acme")+`
Subject: [INC0000001] VPN

It works again.
--r--
`)
	assert.True(t, m.Automatic)
	assert.Equal(t, "I could not deliver your mail.", m.Body)
	assert.Len(t, m.Attachments, 2)
	assert.Len(t, files.kept, 2)
}

func TestBulkMail(t *testing.T) {
	for header, want := range map[string]bool{
		"List-Id: <news.example.com>":        true,
		"List-Unsubscribe: <mailto:x@y>":     true,
		"Feedback-ID: 1:campaign":            true,
		"Precedence: list":                   true,
		"Precedence: first-class":            false,
		"X-Mailer: something like a list-id": false,
	} {
		m, _ := parse(t, "From: bob@example.com\n"+header+"\n\nx")
		assert.Equal(t, want, m.Bulk, header)
	}
}
