package mail

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"math"
	"strings"

	"github.com/emersion/go-message/textproto"

	"github.com/itsmkit/itsmkit/conversation"
)

// content is the text of a part. HTML becomes plain only where it is chosen.
type content struct {
	text string
	html bool
}

func (c content) blank() bool { return strings.TrimSpace(c.text) == "" }

func (c content) plain() string {
	if c.html {
		return clean(htmlText(c.text))
	}
	return clean(c.text)
}

// part reads one part and what is in it. Otherwise is the media type where it names none.
func (in *reading) part(h header, body io.Reader, depth int, otherwise string) (content, error) {
	if in.parts++; in.parts > in.limits.Parts {
		return content{}, &Rejected{Code: TooManyParts, Limit: int64(in.limits.Parts)}
	}
	mediaType, params := parseParams(h.Get("Content-Type"))
	if !strings.Contains(mediaType, "/") {
		mediaType = otherwise
	}
	boundary := strings.TrimRight(params["boundary"], " \t")
	if kind, ok := strings.CutPrefix(mediaType, "multipart/"); ok && boundary != "" {
		if depth++; depth > in.limits.Depth {
			return content{}, &Rejected{Code: TooDeep, Limit: int64(in.limits.Depth)}
		}
		return in.multipart(kind, boundary, body, depth)
	} else if ok {
		mediaType = "text/plain" // without a boundary it is what stands there
	}
	disposition, dispositionParams := parseParams(h.Get("Content-Disposition"))
	name := dispositionParams["filename"]
	if name == "" {
		name = params["name"]
	}
	decoded := decodeTransfer(h.Get("Content-Transfer-Encoding"), body)
	readable := mediaType == "text/plain" || mediaType == "text/html"
	if readable && disposition != "attachment" && (name == "" || depth == 0) {
		return in.textPart(mediaType, params, decoded)
	}
	return content{}, in.file(name, mediaType, decoded)
}

// longestBoundary is far above the 70 bytes that are allowed, and far below the buffer that looks for it.
const longestBoundary = 256

func (in *reading) multipart(kind, boundary string, body io.Reader, depth int) (content, error) {
	if len(boundary) > longestBoundary {
		return content{}, &Rejected{Code: Malformed, Cause: errors.New("a boundary is too long")}
	}
	otherwise := "text/plain"
	if kind == "digest" {
		otherwise = "message/rfc822"
	}
	var texts []content
	gate := &gate{r: body, limit: in.limits.Header}
	parts := textproto.NewMultipartReader(gate, boundary)
	for n := 0; ; n++ {
		gate.shut()
		part, err := parts.NextPart()
		if err != nil {
			if err == io.EOF || n > 0 && cut(err) && in.src.err == nil && gate.err == nil {
				break // without an end boundary, the end is the end of what encloses it
			}
			return content{}, in.fault(errors.Join(gate.err, err))
		}
		gate.open()
		text, err := in.part(&part.Header, part, depth, otherwise)
		if err != nil {
			return content{}, err
		}
		if err := part.Close(); err != nil { // what follows parts within it
			return content{}, in.fault(err)
		}
		if !text.blank() {
			texts = append(texts, text)
		}
	}
	if len(texts) == 0 {
		return content{}, nil
	}
	if kind == "alternative" {
		for _, t := range texts {
			if !t.html {
				return t, nil
			}
		}
		return texts[len(texts)-1], nil // the last is the richest
	}
	if len(texts) == 1 {
		return texts[0], nil
	}
	var b strings.Builder
	for i, t := range texts {
		if i > 0 {
			b.WriteString("\n\n")
		}
		b.WriteString(t.plain())
	}
	return content{text: b.String()}, nil
}

// cut reports whether the parts ended before they should; the library tells only in words.
func cut(err error) bool { return strings.HasSuffix(err.Error(), "EOF") }

// gate bounds what is read between two bodies: the headers of a part, and what stands before the first one.
type gate struct {
	r     io.Reader
	limit int64
	left  int64
	err   error
}

func (g *gate) open() { g.left = math.MaxInt64 }
func (g *gate) shut() { g.left = g.limit + readAhead }

// readAhead is more than the library reads at once.
const readAhead = 8192

func (g *gate) Read(p []byte) (int, error) {
	if g.err != nil {
		return 0, g.err
	}
	n, err := g.r.Read(p)
	if g.left -= int64(n); g.left < 0 {
		g.err = &Rejected{Code: HeaderTooLarge, Limit: g.limit}
		return 0, g.err
	}
	return n, err
}

// fault is why a part cannot be read: what reading ended with, or else its form.
func (in *reading) fault(err error) error {
	if in.src.err != nil {
		return in.src.err
	}
	if rejected, ok := errors.AsType[*Rejected](err); ok {
		return rejected
	}
	return &Rejected{Code: Malformed, Cause: err}
}

// textPart reads a text that people are to read.
func (in *reading) textPart(mediaType string, params map[string]string, r io.Reader) (content, error) {
	var b bytes.Buffer
	n, err := b.ReadFrom(io.LimitReader(r, in.limits.Text-in.text+1))
	if in.text += n; in.text > in.limits.Text {
		return content{}, &Rejected{Code: TextTooLarge, Limit: in.limits.Text}
	}
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return content{}, in.fault(err)
	}
	c := content{text: decodeCharset(params["charset"], b.Bytes()), html: mediaType == "text/html"}
	if strings.EqualFold(params["format"], "flowed") && !c.html {
		c.text = unflow(c.text, strings.EqualFold(params["delsp"], "yes"))
	}
	return c, nil
}

// file streams an attachment to the host.
func (in *reading) file(name, mediaType string, r io.Reader) error {
	if len(in.files) == in.limits.Files {
		return &Rejected{Code: TooManyFiles, Limit: int64(in.limits.Files)}
	}
	mediaType = cleanType(mediaType)
	name = fileName(name, mediaType)
	m := &measure{r: r, sum: sha256.New(), file: in.limits.File, total: in.limits.Total - in.total, limits: &in.limits}
	location, err := in.Parser.files.Put(in.ctx, in.tenant, name, mediaType, m)
	if err == nil {
		in.stored = append(in.stored, location)
	}
	switch {
	case m.err != nil:
		return in.fault(m.err)
	case err != nil:
		return fmt.Errorf("mail: keeping an attachment: %w", err)
	case !m.ended:
		return errors.New("mail: Files.Put did not read an attachment to its end")
	}
	in.total += m.size
	in.files = append(in.files, conversation.Attachment{
		Name: name, Type: mediaType, Size: m.size, SHA256: hex.EncodeToString(m.sum.Sum(nil)), Location: location,
	})
	return nil
}

// measure counts and digests a file as the host reads it.
type measure struct {
	r           io.Reader
	sum         hash.Hash
	size        int64
	file, total int64
	limits      *Limits
	ended       bool
	err         error
}

func (m *measure) Read(p []byte) (int, error) {
	if m.err != nil {
		return 0, m.err
	}
	if m.ended {
		return 0, io.EOF
	}
	n, err := m.r.Read(p)
	m.size += int64(n)
	switch {
	case m.size > m.file:
		m.err = &Rejected{Code: FileTooLarge, Limit: m.limits.File}
		return 0, m.err
	case m.size > m.total:
		m.err = &Rejected{Code: FilesTooLarge, Limit: m.limits.Total}
		return 0, m.err
	}
	m.sum.Write(p[:n])
	switch {
	case err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF): // a part ends with what encloses it
		m.ended, err = true, io.EOF
	case err != nil:
		m.err = err
	}
	return n, err
}
