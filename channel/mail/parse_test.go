package mail_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/itsmkit/itsmkit/channel/mail"
	"github.com/itsmkit/itsmkit/conversation"
)

func TestHeadersBecomeTheMessage(t *testing.T) {
	m, _ := parse(t, `Return-Path: <bob@example.com>
Message-ID: <CA+1@mail.example.com>
In-Reply-To: <b@desk>
References: <a@desk>
 <bad id@desk> <b@desk>
From: =?ISO-8859-1?Q?M=FCller=2C_Bob?= <Bob@Example.COM>
To: "Desk, Service" <desk@example.com>, =?utf-8?B?w4Rubg==?= <ann@example.com> (Ann)
Cc: Team: eve@example.com, Carl <carl@example.com>;, undisclosed-recipients:;
Subject: =?utf-8?Q?Der_Drucker_?= =?utf-8?Q?druckt_nicht_?=
 =?utf-8?B?4pig?=
Date: Tue, 3 Mar 2026 09:15:00 +0100 (CET)

Hello.
`)
	assert.Equal(t, conversation.Message{
		Channel: "mail", ID: "CA+1@mail.example.com", InReplyTo: []string{"b@desk"}, References: []string{"a@desk", "b@desk"},
		From:    conversation.Address{Name: "Müller, Bob", Address: "Bob@example.com"},
		To:      []conversation.Address{{Name: "Desk, Service", Address: "desk@example.com"}, {Name: "Änn", Address: "ann@example.com"}},
		Copy:    []conversation.Address{{Address: "eve@example.com"}, {Name: "Carl", Address: "carl@example.com"}},
		Subject: "Der Drucker druckt nicht ☠", Body: "Hello.",
		SentAt: time.Date(2026, 3, 3, 8, 15, 0, 0, time.UTC),
	}, m)
}

func TestAddressesAsPeopleWriteThem(t *testing.T) {
	for from, want := range map[string]conversation.Address{
		`bob@example.com`:                        {Address: "bob@example.com"},
		`<bob@example.com>`:                      {Address: "bob@example.com"},
		`Doe, Bob <bob@example.com>`:             {Name: "Doe, Bob", Address: "bob@example.com"},
		`"Bob \"B\" Doe" <bob@example.com>`:      {Name: `Bob "B" Doe`, Address: "bob@example.com"},
		`bob@example.com (Bob Doe)`:              {Name: "Bob Doe", Address: "bob@example.com"},
		`bob@example.com <bob@example.com>`:      {Name: "bob@example.com", Address: "bob@example.com"},
		`Bob [IT] <bob@example.com>`:             {Name: "Bob [IT]", Address: "bob@example.com"},
		`Bob <bob@example.com`:                   {Name: "Bob", Address: "bob@example.com"},
		`A <a@example.com>, B <b@example.com>`:   {Name: "A", Address: "a@example.com"},
		`"=?utf-8?Q?B=C3=B6b?=" <b@example.com>`: {Name: "Böb", Address: "b@example.com"},
		"B\xf6b <b@example.com>":                 {Name: "Böb", Address: "b@example.com"},
		`Bob: <b@example.com>`:                   {Address: "b@example.com"},
	} {
		m, _ := parse(t, "From: "+from+"\n\nx")
		assert.Equal(t, want, m.From, from)
	}
	m, _ := parse(t, "From: not an address\nSender: <robot@example.com>\n\nx")
	assert.Equal(t, "robot@example.com", m.From.Address)
}

// Nothing of a header becomes another one: line breaks that words encode do not survive.
func TestNoHeaderIsInjected(t *testing.T) {
	m, _ := parse(t, `From: =?utf-8?Q?Bob=0D=0ABcc:_eve@example.com?= <bob@example.com>
Subject: =?utf-8?B?aGVsbG8NCkJjYzogZXZlQGV4YW1wbGUuY29t?= =?utf-8?Q?=00=E2=80=A8x?=

x`)
	assert.Equal(t, "Bob Bcc: eve@example.com", m.From.Name)
	assert.Equal(t, "hello Bcc: eve@example.com x", m.Subject)
}

func TestIDsAreChecked(t *testing.T) {
	for header, want := range map[string]string{
		"<a@b>":                                "a@b",
		"a@b":                                  "a@b",
		"<a@b> (comment)":                      "a@b",
		"<a b@c>":                              "",
		"<" + strings.Repeat("a", 300) + "@b>": "",
		"<a\x01@b>":                            "",
		"<ü@b>":                                "",
		"<a@b":                                 "",
		"<>":                                   "",
		"":                                     "",
	} {
		m, _ := parse(t, "From: b@example.com\nMessage-ID: "+header+"\n\nx")
		assert.Equal(t, want, m.ID, header)
	}
	ids := make([]string, 200)
	for i := range ids {
		ids[i] = "<" + strings.Repeat("i", i+1) + "@x>"
	}
	m, _ := parse(t, "From: b@example.com\nReferences: "+strings.Join(ids, "\n ")+"\n\nx")
	require.Len(t, m.References, 50)
	assert.Equal(t, "i@x", m.References[0], "the thread's first")
	assert.Equal(t, strings.Trim(ids[199], "<>"), m.References[49], "and its last")
}

func TestDates(t *testing.T) {
	want := time.Date(2026, 3, 3, 8, 15, 0, 0, time.UTC)
	for _, text := range []string{
		"Tue, 3 Mar 2026 09:15:00 +0100", "3 Mar 2026 08:15 GMT", "Tue, 03 Mar 2026 08:15:00 GMT", "2026-03-03T09:15:00+01:00",
		"Tue Mar  3 08:15:00 2026", "Tue, 3 Mar 2026 08:15:00",
	} {
		m, _ := parse(t, "From: b@example.com\nDate: "+text+"\n\nx")
		assert.Equal(t, want, m.SentAt, text)
	}
	for _, text := range []string{"", "yesterday", "Tue, 3 Mar 1026 09:15:00 +0100", "Tue, 99 Mar 2026 09:15:00 +0100", "Thu, 3 Mar 9999 09:15:00 +0100"} {
		m, _ := parse(t, "From: b@example.com\nDate: "+text+"\n\nx")
		assert.True(t, m.SentAt.IsZero(), text)
	}
}

func TestCharsets(t *testing.T) {
	encode := func(e interface{ String(string) (string, error) }, s string) string {
		out, err := e.String(s)
		require.NoError(t, err)
		return out
	}
	for charset, c := range map[string]struct{ raw, want string }{
		"iso-8859-1":    {"Gr\xfc\xdfe \x80", "Grüße €"},
		"ISO-8859-15":   {encode(charmap.ISO8859_15.NewEncoder(), "5 € für"), "5 € für"},
		"iso-8859-2":    {encode(charmap.ISO8859_2.NewEncoder(), "źle"), "źle"},
		"windows-1252":  {"\x93x\x94", "“x”"},
		"windows-1251":  {encode(charmap.Windows1251.NewEncoder(), "привет"), "привет"},
		"koi8-r":        {encode(charmap.KOI8R.NewEncoder(), "привет"), "привет"},
		"GB18030":       {encode(simplifiedchinese.GB18030.NewEncoder(), "打印机坏了"), "打印机坏了"},
		"gb2312":        {encode(simplifiedchinese.GBK.NewEncoder(), "打印机"), "打印机"},
		"ISO-2022-JP":   {encode(japanese.ISO2022JP.NewEncoder(), "プリンタ"), "プリンタ"},
		"shift_jis":     {encode(japanese.ShiftJIS.NewEncoder(), "プリンタ"), "プリンタ"},
		"utf-8":         {"ok \xff\x00", "ok \ufffd"},
		"us-ascii":      {"Gr\xfc\xdfe", "Grüße"},
		"unknown-8bit":  {"Grüße", "Grüße"},
		"x-not-a-thing": {"Gr\xfc\xdfe", "Grüße"},
		"\"utf-8\"":     {"\ufeffGrüße", "Grüße"},
	} {
		m, _ := parse(t, "From: b@example.com\nContent-Type: text/plain; charset="+charset+"\n\n"+c.raw)
		assert.Equal(t, c.want, m.Body, charset)
	}
}

// Words that were cut in the middle of a letter are one text.
func TestEncodedWords(t *testing.T) {
	for header, want := range map[string]string{
		"=?utf-8?B?44OX44Oq44Oz44K/?=":              "プリンタ",
		"=?utf-8?Q?=E3=83?= =?utf-8?Q?=97?=":        "プ",
		"=?utf-8*en?q?a_b?=":                        "a b",
		"=?utf-8?Q?a b?=":                           "a b",
		"=?utf-8?Q?what??=":                         "what?",
		"=?nonsense?Q?=FC?= x":                      "ü x",
		"a =?utf-8?Q?b?= c =?iso-8859-1?Q?=E4?= d":  "a b c ä d",
		"=?utf-8?X?abc?=":                           "=?utf-8?X?abc?=",
		"=?=?=?utf-8?Q?x?=":                         "=?=?x",
		"no =? word":                                "no =? word",
		"=?gb2312?B?tPLTobv6?=":                     "打印机",
		strings.Repeat("=?x?q?aaaa", 4000) + " end": strings.Repeat("=?x?q?aaaa", 200),
		"=?utf-8?B?SGVsbG8?= =?UTF-8?B?IHdvcmxk?=":  "Hello world",
		"  spaced \t\n  out ":                       "spaced out",
	} {
		m, _ := parse(t, "From: b@example.com\nSubject: "+header+"\n\nx")
		assert.Equal(t, want, m.Subject, header)
	}
}

func TestTransferEncodings(t *testing.T) {
	for name, c := range map[string]struct{ encoding, raw, want string }{
		"base64":                {"base64", "SGVsbG8s\nIHdvcmxkIQ==\n", "Hello, world!"},
		"base64, cut":           {"BASE64", "SGVsbG8s\nIHdvcmxkIQ", "Hello, world!"},
		"base64, in two pieces": {"base64", "SGVsbG8=\nSGVsbG8=", "HelloHello"},
		"base64, with rubbish":  {"base64", "SGV!sbG8*s\n -- IHdvcmxkIQ==", ""},
		"quoted":                {"quoted-printable", "Gr=C3=BC=\n=C3=9Fe =3d 1 =\n2  \n3", "Grüße = 1 2\n3"},
		"quoted, wrongly":       {"quoted-printable", "a=b, 50=% =", "a=b, 50=% "},
		"none":                  {"7bit", "plain", "plain"},
		"unknown":               {"x-uuencode", "plain", "plain"},
	} {
		m, _ := parse(t, "From: b@example.com\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: "+c.encoding+"\n\n"+c.raw)
		if c.want != "" {
			assert.Equal(t, strings.TrimRight(c.want, " "), m.Body, name)
		}
		assert.True(t, utf8.ValidString(m.Body))
	}
	long := strings.Repeat("äöü = ", 5000)
	var quoted strings.Builder
	for i := range len(long) {
		if quoted.WriteString("=" + strings.ToUpper(string("0123456789abcdef"[long[i]>>4])+string("0123456789abcdef"[long[i]&15]))); i%20 == 19 {
			quoted.WriteString("=\n")
		}
	}
	m, _ := parse(t, "From: b@example.com\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n"+quoted.String())
	assert.Equal(t, strings.TrimSpace(long), m.Body)
}

func TestBrokenMailComesIn(t *testing.T) {
	const both = "From: b@example.com\nContent-Type: multipart/alternative; boundary=\"b\"\n\n--b\nContent-Type: text/plain\n\nhello\n--b\nContent-Type: text/html\n\n<p>hello</p>\n"
	for name, text := range map[string]string{
		"no end boundary":            both,
		"cut in the boundary":        both + "--b",
		"bare line feeds":            both + "--b--\n",
		"a mailbox's first line":     "From b@example.com Tue Mar  3 08:15:00 2026\n" + both + "--b--\n",
		"a line that is no header":   "what is this\n" + both + "--b--\n",
		"space before a colon":       "Subject : x\n" + both + "--b--\n",
		"a blank line first":         "\n" + both + "--b--\n",
		"twice the same parameter":   strings.Replace(both, "boundary=\"b\"", "boundary=b; boundary=b", 1) + "--b--\n",
		"no boundary named":          "From: b@example.com\nContent-Type: multipart/mixed\n\nhello",
		"no such media type":         "From: b@example.com\nContent-Type: text\n\nhello",
		"inner part without its end": "From: b@example.com\nContent-Type: multipart/mixed; boundary=o\n\n--o\nContent-Type: multipart/alternative; boundary=i\n\n--i\n\nhello\n--o\nContent-Type: image/png\n\nx\n--o--\n",
	} {
		for _, text := range []string{text, crlf(text)} {
			m, err := parser(t, &store{}, mail.Limits{}).Parse(t.Context(), "acme", strings.NewReader(text))
			require.NoError(t, err, name)
			assert.Equal(t, "hello", m.Body, name)
			assert.Equal(t, "b@example.com", m.From.Address, name)
		}
	}
}

func TestTheTextThatIsChosen(t *testing.T) {
	part := func(kind, text string) string { return "--b\nContent-Type: " + kind + "\n\n" + text + "\n" }
	for name, c := range map[string]struct{ kind, parts, want string }{
		"plain before HTML":         {"alternative", part("text/plain", "plain") + part("text/html", "<b>rich</b>"), "plain"},
		"HTML where plain is empty": {"alternative", part("text/plain", " ") + part("text/html", "<b>rich</b>"), "rich"},
		"all texts of a mixed":      {"mixed", part("text/plain", "one") + part("text/html", "<p>two</p>") + part("text/plain", "three"), "one\n\ntwo\n\nthree"},
		"a signed text":             {"signed", part("text/plain", "signed") + part("application/pgp-signature", "xyz"), "signed"},
		"a report":                  {"report; report-type=delivery-status", part("text/plain", "not delivered") + part("message/delivery-status", "Status: 5.0.0"), "not delivered"},
		"none":                      {"mixed", part("application/pdf", "x"), ""},
		"an attached text":          {"mixed", part("text/plain", "one") + part("text/plain; name=log.txt", "two"), "one"},
	} {
		m, _ := parse(t, "From: b@example.com\nContent-Type: multipart/"+c.kind+"; boundary=b\n\n"+c.parts+"--b--\n")
		assert.Equal(t, c.want, m.Body, name)
	}
}

func TestHTMLBecomesReadable(t *testing.T) {
	for source, want := range map[string]string{
		`<html><head><title>T</title><style>p{}</style></head><body><p>One&nbsp;&amp; two</p><p>three<br>four</p></body>`:              "One & two\n\nthree\nfour",
		`<script>alert("x<p>")</script>text<script src=x>`:                                                                             "text",
		`<ul><li>a<li>b<ol><li>c</li><li>d</ol></ul>e`:                                                                                 "- a\n- b\n1. c\n2. d\ne",
		`<table><tr><td>Name</td><td>Bob</td></tr><tr><th>Room</th><td>7</td></tr></table>`:                                            "Name Bob\nRoom 7",
		`<a href="https://example.com/x">here</a> <a href="https://example.com">https://example.com</a> <a href="javascript:x">js</a>`: "here <https://example.com/x> https://example.com js",
		`answer<blockquote>first<blockquote><p>second</p></blockquote></blockquote>`:                                                   "answer\n> first\n>\n>> second",
		"<pre>a\n  b</pre>":                       "a\n  b",
		`a<b>b</b>c <i> d </i> e`:                 "abc d e",
		`<!--[if mso]>hidden<![endif]-->shown`:    "shown",
		`<div>a</div><div><br></div><div>b</div>`: "a\n\nb",
		`unclosed <b <i`:                          "unclosed",
		`&lt;script&gt;`:                          "<script>",
	} {
		m, _ := parse(t, "From: b@example.com\nContent-Type: text/html; charset=utf-8\n\n"+source)
		assert.Equal(t, want, m.Body, source)
	}
}

func TestFlowedText(t *testing.T) {
	m, _ := parse(t, "From: b@example.com\nContent-Type: text/plain; format=flowed\n\n"+
		"One line \nthat goes on.\n  indented\n> quoted \n> more\n>> deeper\n-- \nBob \nDoe")
	assert.Equal(t, "One line that goes on.\n indented\n> quoted more\n>> deeper\n-- \nBob Doe", m.Body)
	m, _ = parse(t, "From: b@example.com\nContent-Type: text/plain; format=flowed; delsp=yes\n\nダ \nメ")
	assert.Equal(t, "ダメ", m.Body)
}

func TestStrip(t *testing.T) {
	for name, c := range map[string][2]string{
		"attribution and quote": {"Thanks!\n\nOn Tue, Mar 3, 2026 at 9:15 AM Desk <desk@example.com> wrote:\n> Hello\n>\n> there", "Thanks!"},
		"wrapped":               {"Thanks!\n\nOn Tue, Mar 3, 2026 at 9:15 AM Service Desk <\ndesk@example.com> wrote:\n\n> Hello", "Thanks!"},
		"German":                {"Danke\n\nAm 03.03.2026 um 09:15 schrieb Desk:\n> Hallo", "Danke"},
		"French":                {"Merci\n\nLe mar. 3 mars 2026 à 09:15, Desk a écrit :\n> Bonjour", "Merci"},
		"Outlook":               {"Thanks\n\n________________________________\nFrom: Desk <desk@example.com>\nSent: Tuesday\nTo: Bob\nSubject: x\n\nHello", "Thanks"},
		"Outlook, German":       {"Danke\n\nVon: Desk\nGesendet: Dienstag\nAn: Bob\nBetreff: x\n\nHallo", "Danke"},
		"original message":      {"Thanks\n\n-----Original Message-----\nFrom: Desk\nSent: Tuesday\nTo: Bob\nSubject: x\n\nHello", "Thanks"},
		"signature":             {"It works.\n\n-- \nBob\nExample Inc.", "It works."},
		"signature and quote":   {"It works.\n\n-- \nBob\n\nOn Tuesday Desk wrote:\n> Hello", "It works."},
		"answers in between":    {"On Tuesday Desk wrote:\n> Does it work?\n\nYes.\n\n> And this?\n\nNo.", "On Tuesday Desk wrote:\n> Does it work?\n\nYes.\n\n> And this?\n\nNo."},
		"nothing else":          {"On Tuesday Desk wrote:\n> Hello", "On Tuesday Desk wrote:\n> Hello"},
		"nothing to strip":      {"From: is a word\nOn Monday he wrote:\nmore", "From: is a word\nOn Monday he wrote:\nmore"},
		"dashes in a text":      {"a\n--\nb", "a\n--\nb"},
		"a long end":            {"a\n-- \n" + strings.Repeat("b\n", 30) + "b", "a\n-- \n" + strings.Repeat("b\n", 30) + "b"},
		"empty":                 {"", ""},
	} {
		assert.Equal(t, c[1], mail.Strip(c[0]), name)
	}
	p, err := mail.NewParser(mail.ParserConfig{Files: &store{}, Strip: true})
	require.NoError(t, err)
	m, err := p.Parse(t.Context(), "acme", strings.NewReader("From: b@example.com\n\nThanks\n\nOn Tuesday Desk wrote:\n> x\n"))
	require.NoError(t, err)
	assert.Equal(t, "Thanks", m.Body)
}
