package mail_test

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/itsmkit/itsmkit/channel/mail"
)

// BenchmarkParse reads a plain message of 10 kB, one of 10 kB in two forms, and one of 1 MB that is mostly a file.
func BenchmarkParse(b *testing.B) {
	const head = "From: Bob <bob@example.com>\r\nTo: desk@example.com\r\nSubject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\nMessage-ID: <1@example.com>\r\n" +
		"In-Reply-To: <2@example.com>\r\nReferences: <3@example.com> <2@example.com>\r\nDate: Tue, 3 Mar 2026 09:15:00 +0100\r\nMIME-Version: 1.0\r\n"
	text := strings.Repeat("Does anybody know why the printer says so, and what to do about it?\r\n", 140)
	markup := "<html><body>" + strings.Repeat("<p>Does anybody know <b>why</b> the printer says so?</p>\r\n", 85) + "</body></html>"
	file := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{1, 2, 3, 250}, 190_000))
	var lines strings.Builder
	for len(file) > 76 {
		lines.WriteString(file[:76] + "\r\n")
		file = file[76:]
	}
	for _, c := range []struct{ name, text string }{
		{"plain10kB", head + "Content-Type: text/plain; charset=utf-8\r\n\r\n" + text},
		{"alternative10kB", head + "Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\n\r\n" + text[:5000] + "\r\n--b\r\nContent-Type: text/html\r\n\r\n" + markup + "\r\n--b--\r\n"},
		{"html10kB", head + "Content-Type: text/html; charset=utf-8\r\n\r\n" + markup + markup},
		{"file1MB", head + "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nsee file\r\n--b\r\nContent-Type: application/pdf; name=a.pdf\r\n" +
			"Content-Transfer-Encoding: base64\r\n\r\n" + lines.String() + file + "\r\n--b--\r\n"},
	} {
		b.Run(c.name, func(b *testing.B) {
			p := parser(b, discard{}, mail.Limits{})
			b.SetBytes(int64(len(c.text)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := p.Parse(b.Context(), "acme", strings.NewReader(c.text)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
