package mail_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/channel/mail"
	"github.com/itsmkit/itsmkit/conversation"
	"github.com/itsmkit/itsmkit/itsm"
)

// store keeps files in memory.
type store struct {
	kept    map[string]string
	fail    error
	sloppy  bool // it answers no error where its reader did
	partial bool // it does not read to the end
}

func (s *store) Put(_ context.Context, tenant, name, _ string, r io.Reader) (string, error) {
	if s.fail != nil {
		return "", s.fail
	}
	if s.partial {
		r = io.LimitReader(r, 1)
	}
	b, err := io.ReadAll(r)
	if err != nil && !s.sloppy {
		return "", err
	}
	if s.kept == nil {
		s.kept = map[string]string{}
	}
	at := fmt.Sprintf("%s/%d/%s", tenant, len(s.kept), name)
	s.kept[at] = string(b)
	return at, nil
}

func (s *store) Remove(ctx context.Context, _, location string) error {
	delete(s.kept, location)
	return ctx.Err()
}

var identity = mail.Identity{Domain: "desk.example.com", Key: []byte("0123456789abcdef")}

func parser(t require.TestingT, files mail.Files, limits mail.Limits) *mail.Parser {
	p, err := mail.NewParser(mail.ParserConfig{Files: files, Limits: limits, Identity: identity})
	require.NoError(t, err)
	return p
}

// parse reads a message that is written with line feeds.
func parse(t testing.TB, text string) (conversation.Message, *store) {
	files := &store{}
	m, err := parser(t, files, mail.Limits{}).Parse(t.Context(), "acme", strings.NewReader(crlf(text)))
	require.NoError(t, err)
	return m, files
}

func crlf(text string) string { return strings.ReplaceAll(text, "\n", "\r\n") }

const withFiles = `From: Bob <bob@example.com>
To: desk@example.com
Subject: Printer
Message-ID: <1@example.com>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="outer"

--outer
Content-Type: multipart/related; boundary=inner

--inner
Content-Type: text/html; charset=utf-8

<p>See <img src="cid:a" alt="the error"></p>
--inner
Content-Type: image/png; name="shot.png"
Content-ID: <a>
Content-Disposition: inline
Content-Transfer-Encoding: base64

iVBORw0KGgo=
--inner--
--outer
Content-Type: application/pdf
Content-Disposition: attachment; filename*0*=utf-8''%C3%9Cber; filename*1*=sicht.pdf
Content-Transfer-Encoding: base64

JVBERi0xLjQK
--outer
Content-Type: message/rfc822

Subject: forwarded

inside
--outer
Content-Type: application/ms-tnef
Content-Transfer-Encoding: base64

eJ8+
--outer--
`

func TestAttachmentsAreKeptByReference(t *testing.T) {
	m, files := parse(t, withFiles)
	assert.Equal(t, "See [the error]", m.Body)
	var names []string
	for _, a := range m.Attachments {
		body := files.kept[a.Location]
		sum := sha256.Sum256([]byte(body))
		names = append(names, a.Name+" "+a.Type)
		assert.Equal(t, hex.EncodeToString(sum[:]), a.SHA256)
		assert.Equal(t, int64(len(body)), a.Size)
	}
	assert.Equal(t, []string{
		"shot.png image/png", "Übersicht.pdf application/pdf", "message.eml message/rfc822", "winmail.dat application/ms-tnef",
	}, names)
	assert.Equal(t, "Subject: forwarded\r\n\r\ninside", files.kept[m.Attachments[2].Location])
	assert.Equal(t, "%PDF-1.4\n", files.kept[m.Attachments[1].Location])
}

func TestARefusedMessageLeavesNoFile(t *testing.T) {
	disk := errors.New("disk full")
	for name, c := range map[string]struct {
		files  *store
		limits mail.Limits
		want   error
	}{
		"a file too large":          {&store{}, mail.Limits{File: 8}, &mail.Rejected{Code: mail.FileTooLarge}},
		"and a host that overlooks": {&store{sloppy: true}, mail.Limits{File: 8}, &mail.Rejected{Code: mail.FileTooLarge}},
		"all files too large":       {&store{}, mail.Limits{Total: 20}, &mail.Rejected{Code: mail.FilesTooLarge}},
		"too many files":            {&store{}, mail.Limits{Files: 3}, &mail.Rejected{Code: mail.TooManyFiles}},
		"too many parts":            {&store{}, mail.Limits{Parts: 5}, &mail.Rejected{Code: mail.TooManyParts}},
		"a message too large":       {&store{}, mail.Limits{Message: 700}, &mail.Rejected{Code: mail.TooLarge}},
		"the host's error":          {&store{fail: disk}, mail.Limits{}, disk},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := parser(t, c.files, c.limits).Parse(t.Context(), "acme", strings.NewReader(crlf(withFiles)))
			require.ErrorIs(t, err, c.want)
			assert.Empty(t, m)
			assert.Empty(t, c.files.kept)
		})
	}
	t.Run("a reader that fails", func(t *testing.T) {
		gone := errors.New("connection lost")
		files := &store{}
		r := io.MultiReader(strings.NewReader(crlf(withFiles)[:700]), iotest.ErrReader(gone))
		_, err := parser(t, files, mail.Limits{}).Parse(t.Context(), "acme", r)
		require.ErrorIs(t, err, gone)
		assert.Empty(t, files.kept)
	})
	t.Run("a cancelled context", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		files := &store{}
		r := io.MultiReader(strings.NewReader(crlf(withFiles)[:700]), readerFunc(func([]byte) (int, error) { cancel(); return 0, ctx.Err() }))
		_, err := parser(t, files, mail.Limits{}).Parse(ctx, "acme", r)
		require.ErrorIs(t, err, context.Canceled)
		assert.Empty(t, files.kept)
		assert.NotContains(t, err.Error(), "stays behind")
	})
	t.Run("a host that does not read", func(t *testing.T) {
		files := &store{partial: true}
		_, err := parser(t, files, mail.Limits{}).Parse(t.Context(), "acme", strings.NewReader(crlf(withFiles)))
		require.ErrorContains(t, err, "to its end")
		assert.Empty(t, files.kept)
	})
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestRejectedInput(t *testing.T) {
	head := "From: bob@example.com\n"
	deep := head
	for i := range 40 {
		deep += fmt.Sprintf("Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i)
	}
	many := head + "Content-Type: multipart/mixed; boundary=b\n\n" + strings.Repeat("--b\n\nx\n", 1000) + "--b--\n"
	for name, c := range map[string]struct {
		text string
		code mail.Code
	}{
		"nothing":                     {"", mail.NotAMessage},
		"no headers":                  {"\nhello\n", mail.NotAMessage},
		"no header at all":            {"hello there\nhow are you\n", mail.NotAMessage},
		"nobody":                      {"Subject: x\n\nhello", mail.NoSender},
		"nobody with an address":      {"From: undisclosed-recipients:;\n\nhello", mail.NoSender},
		"headers without end":         {head + "X-A: " + strings.Repeat("y\n ", 200_000), mail.HeaderTooLarge},
		"headers of a part":           {head + "Content-Type: multipart/mixed; boundary=b\n\n--b\n" + strings.Repeat("a:\n", 200_000), mail.HeaderTooLarge},
		"a line":                      {head + "\n" + strings.Repeat("x", 2<<20), mail.LineTooLong},
		"parts in parts":              {deep + "\nx", mail.TooDeep},
		"many parts":                  {many, mail.TooManyParts},
		"a text":                      {head + "\n" + strings.Repeat("hello world\n", 400_000), mail.TextTooLarge},
		"a message":                   {head + "Content-Type: image/png\n\n" + strings.Repeat("hello world\n", 3_500_000), mail.FileTooLarge},
		"parts that are not there":    {head + "Content-Type: multipart/mixed; boundary=b\n\n--c\n\nx\n--c--\n", mail.Malformed},
		"a boundary without end":      {head + "Content-Type: multipart/mixed; boundary=" + strings.Repeat("b", 3000) + "\n\nx", mail.Malformed},
		"headers of a part are none":  {head + "Content-Type: multipart/mixed; boundary=b\n\n--b\nwhat is this\n\nx\n--b--\n", mail.Malformed},
		"what this desk sent, looped": {head + "X-Desk-Loop: " + loopOf("acme") + "\n\nx", mail.Loop},
	} {
		t.Run(name, func(t *testing.T) {
			files := &store{}
			m, err := parser(t, files, mail.Limits{}).Parse(t.Context(), "acme", strings.NewReader(c.text))
			var rejected *mail.Rejected
			require.ErrorAs(t, err, &rejected)
			assert.Equal(t, c.code, rejected.Code)
			require.ErrorIs(t, err, itsm.ErrInvalid)
			assert.Empty(t, m)
			assert.Empty(t, files.kept)
			assert.NotContains(t, err.Error(), "%!")
		})
	}
	_, err := parser(t, &store{}, mail.Limits{}).Parse(t.Context(), "", strings.NewReader(head+"\nx"))
	require.ErrorIs(t, err, itsm.ErrInvalid)
}

// loopOf is the mark of a tenant's mails, read from one.
func loopOf(tenant string) string {
	return mail.LoopOf(identity, tenant)
}

func TestNewParserListsFaults(t *testing.T) {
	_, err := mail.NewParser(mail.ParserConfig{Limits: mail.Limits{Parts: -1}, Identity: mail.Identity{Domain: "not a domain"}})
	require.ErrorIs(t, err, itsm.ErrInvalid)
	for _, fault := range []string{"Files", "Limits", "Identity.Domain"} {
		assert.ErrorContains(t, err, fault)
	}
}

func TestFileNames(t *testing.T) {
	for header, want := range map[string]string{
		`attachment; filename="a.txt"`:                                     "a.txt",
		`attachment; filename=my file.txt`:                                 "my file.txt",
		`attachment; filename="..\..\Windows\evil.exe"`:                    "evil.exe",
		`attachment; filename="../../etc/passwd"`:                          "passwd",
		`attachment; filename=".."`:                                        "attachment.txt",
		`attachment; filename=""`:                                          "attachment.txt",
		`attachment; filename="=?utf-8?B?w5xiZXIudHh0?="`:                  "Über.txt",
		`attachment; filename*=iso-8859-1''%DCber.txt`:                     "Über.txt",
		`attachment; filename*0="long "; filename*1="name.txt"`:            "long name.txt",
		"attachment; filename=\"a\x00b\x07.txt\"":                          "ab.txt",
		"attachment; filename=\"photo\u202egpj.exe\"":                      "photogpj.exe",
		`attachment; filename="a` + strings.Repeat("ü", 300) + `.docx"`:    "a" + strings.Repeat("ü", 97) + ".docx",
		`attachment; filename="=?utf-8?Q?a=0D=0ABcc:_x@example.com.txt?="`: "a Bcc_ x@example.com.txt",
		`attachment; filename=x.txt; filename=y.txt`:                       "x.txt",
	} {
		m, _ := parse(t, "From: b@example.com\nContent-Disposition: "+header+"\n\nx")
		require.Len(t, m.Attachments, 1, header)
		assert.Equal(t, want, m.Attachments[0].Name, header)
	}
}

func TestALargeFileStreams(t *testing.T) {
	var b bytes.Buffer
	b.WriteString("From: bob@example.com\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nsee file\r\n--b\r\n" +
		"Content-Disposition: attachment; filename=x.bin\r\nContent-Transfer-Encoding: base64\r\n\r\n")
	line := strings.Repeat("QUJD", 19) + "\r\n"
	for range 200_000 {
		b.WriteString(line)
	}
	b.WriteString("--b--\r\n")
	p := parser(t, discard{}, mail.Limits{})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	m, err := p.Parse(t.Context(), "acme", &b)
	runtime.ReadMemStats(&after)
	require.NoError(t, err)
	assert.Equal(t, int64(200_000*57), m.Attachments[0].Size)
	assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(1<<20), "a file of 11 MB is never held in memory")
}

type discard struct{}

func (discard) Put(_ context.Context, _, name, _ string, r io.Reader) (string, error) {
	_, err := io.Copy(io.Discard, r)
	return name, err
}
func (discard) Remove(context.Context, string, string) error { return nil }
