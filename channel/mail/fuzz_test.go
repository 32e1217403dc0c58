package mail_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/itsmkit/itsmkit/channel/mail"
	"github.com/itsmkit/itsmkit/conversation"
)

func FuzzParse(f *testing.F) {
	f.Add(withFiles)
	f.Add(crlf(withFiles))
	f.Add("From: a@b\r\nContent-Type: text/plain; format=flowed; delsp=yes\r\n\r\n> a \r\n> b\r\n-- \r\nc")
	f.Add("From: =?utf-8?Q?B=C3=B6b?= <a@b>, \"x, y\" <c@d> (e)\nTo: g: h@i, j;\nSubject: =?gb2312?B?tPLTobv6?= =?x?q?=0D=0A?=\nDate: x\n\nhi")
	f.Add("From: a@b\nContent-Type: text/html; charset=koi8-r\nContent-Transfer-Encoding: quoted-printable\n\n<p>=D0=D2<blockquote><pre>x\n y<ol><li>=\n1<a href=3Dhttp://x>")
	f.Add("From: a@b\nContent-Type: multipart/alternative; boundary=b\n\n--b\n\nx\n--b\nContent-Type: multipart/mixed; boundary=\"b c\"\n\n--b c\n\ny\n--b--")
	f.Add("From: a@b\nContent-Disposition: attachment; filename*0*=utf-8'en'a%0D; filename*1=\"..\\\\b\\\"\"\nContent-Transfer-Encoding: base64\n\nQUJD=QUI=")
	f.Add("From: MAILER-DAEMON@b\nMessage-ID: <a b>\nReferences: <a><b@c><<d>>\nAuto-Submitted: auto-replied (x)\nContent-Type: multipart/report; boundary=\"=_x\"\n\n--=_x\n\n--=_x--\n")
	f.Fuzz(func(t *testing.T, text string) {
		files := &store{}
		m, err := parser(t, files, mail.Limits{Message: 1 << 20, Files: 5, Parts: 20, Depth: 4}).Parse(t.Context(), "acme", strings.NewReader(text))
		if err != nil {
			if len(files.kept) > 0 {
				t.Fatalf("%v, and files stay behind", err)
			}
			return
		}
		if len(files.kept) != len(m.Attachments) {
			t.Fatalf("%d files for %d attachments", len(files.kept), len(m.Attachments))
		}
		lines := []string{m.ID, m.From.Name, m.From.Address, m.Subject, m.Record}
		lines = append(append(lines, m.InReplyTo...), m.References...)
		for _, a := range append(append([]conversation.Address{}, m.To...), m.Copy...) {
			lines = append(lines, a.Name, a.Address)
		}
		for _, a := range m.Attachments {
			if a.Name == "" || strings.ContainsAny(a.Name, `/\`) || a.Name == ".." || !strings.Contains(a.Type, "/") {
				t.Fatalf("a file called %q of type %q", a.Name, a.Type)
			}
			lines = append(lines, a.Name, a.Type)
		}
		for _, s := range lines {
			if !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
				t.Fatalf("%q is no clean line", s)
			}
		}
		stripped := mail.Strip(m.Body)
		for _, s := range []string{m.Body, stripped} {
			if !utf8.ValidString(s) || strings.ContainsFunc(s, func(c rune) bool { return unicode.IsControl(c) && c != '\n' && c != '\t' }) {
				t.Fatalf("%q is no clean text", s)
			}
		}
		if strings.TrimSpace(stripped) == "" && strings.TrimSpace(m.Body) != "" {
			t.Fatalf("nothing is left of %q", m.Body)
		}
		if m.From.Address == "" || len(m.References) > 50 {
			t.Fatal("no sender, or too many references")
		}
	})
}
