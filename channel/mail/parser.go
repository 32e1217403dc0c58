package mail

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/itsmkit/itsmkit/conversation"
	"github.com/itsmkit/itsmkit/itsm"
)

// Files is where a host keeps attachments. It is called by the goroutine that parses.
type Files interface {
	// Put keeps what r gives and answers where. It reads r to its end; where r fails or Put does, it keeps nothing.
	// Name and media type are what the sender says: clean text, but no more to be trusted than the bytes.
	Put(ctx context.Context, tenant, name, mediaType string, r io.Reader) (location string, err error)
	// Remove forgets what was put, because the rest of its message was refused. It is called also where ctx of Parse
	// was cancelled.
	Remove(ctx context.Context, tenant, location string) error
}

// Limits bound what one message may cost. A field that is 0 takes its default.
type Limits struct {
	// Message is the size of the message as it comes; 0 is 35 MiB, which holds 25 MiB of attachments.
	Message int64
	// Header is the size of the headers of the message or of one part; 0 is 256 KiB.
	Header int64
	// Line is the length of a line; 0 is 1 MiB. The standard has 998 bytes, and mail in one endless line is common.
	Line int64
	// Depth is how deep parts may nest; 0 is 16. A message that is attached is a file and is not looked into.
	Depth int
	// Parts counts the parts of all depths; 0 is 500.
	Parts int
	// Text is the size of all text parts, decoded; 0 is 4 MiB.
	Text int64
	// Files counts the attachments; 0 is 100. File is the size of one, and Total of all, decoded; 0 is 25 and 35 MiB.
	Files int
	File  int64
	Total int64
}

func (l Limits) withDefaults() Limits {
	size := func(n *int64, otherwise int64) {
		if *n == 0 {
			*n = otherwise
		}
	}
	count := func(n *int, otherwise int) {
		if *n == 0 {
			*n = otherwise
		}
	}
	size(&l.Message, 35<<20)
	size(&l.Header, 256<<10)
	size(&l.Line, 1<<20)
	count(&l.Depth, 16)
	count(&l.Parts, 500)
	size(&l.Text, 4<<20)
	count(&l.Files, 100)
	size(&l.File, 25<<20)
	size(&l.Total, 35<<20)
	return l
}

func (l Limits) negative() bool {
	return min(l.Message, l.Header, l.Line, l.Text, l.File, l.Total, int64(l.Depth), int64(l.Parts), int64(l.Files)) < 0
}

// ParserConfig says how mail comes in.
type ParserConfig struct {
	// Files keeps attachments. It is required.
	Files Files
	// Limits bound a message.
	Limits Limits
	// Identity knows the mails that the desk sent: what answers one of them names its record, and one that comes back
	// is refused as a Loop. The zero Identity knows none.
	Identity Identity
	// Strip takes the quoted end and the signature off the text, where it is certain what they are; see [Strip].
	Strip bool
}

// Parser reads mail. Make it with [NewParser].
type Parser struct {
	files    Files
	limits   Limits
	identity Identity
	strip    bool
}

// NewParser checks the configuration, all faults at once.
func NewParser(c ParserConfig) (*Parser, error) {
	var faults []error
	if c.Files == nil {
		faults = append(faults, itsm.Invalid("Files", "say where attachments are kept"))
	}
	if c.Limits.negative() {
		faults = append(faults, itsm.Invalid("Limits", "a limit is more than 0, or 0 for its default"))
	}
	if c.Identity.Domain != "" {
		faults = append(faults, c.Identity.check())
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	return &Parser{files: c.Files, limits: c.Limits.withDefaults(), identity: c.Identity, strip: c.Strip}, nil
}

// Parse reads one message for a tenant. It takes what real mail gets wrong (bare line feeds, headers in bytes of some
// charset, unknown charsets, damaged encodings, end boundaries that are missing) and answers text that is valid UTF-8
// without NUL and without control characters but tab and line feed.
//
// A message that it does not take is a *[Rejected]; an error of r, of Files or of ctx comes as it is. Then no file is
// left, unless Files.Remove failed too: its error is joined. It reads r once and not always to its end, and costs time
// in proportion to what it reads.
func (p *Parser) Parse(ctx context.Context, tenant string, r io.Reader) (conversation.Message, error) {
	if tenant == "" {
		return conversation.Message{}, itsm.Invalid("tenant", "say whose desk the message is for")
	}
	in := &reading{Parser: p, ctx: ctx, tenant: tenant, src: &source{ctx: ctx, r: r, left: p.limits.Message, limits: &p.limits}}
	m, err := in.message()
	if err != nil {
		return conversation.Message{}, errors.Join(append([]error{err}, in.undo()...)...)
	}
	return m, nil
}

// reading is one message on its way in.
type reading struct {
	*Parser
	ctx    context.Context
	tenant string
	src    *source

	parts  int
	text   int64
	total  int64
	files  []conversation.Attachment
	stored []string
}

func (in *reading) message() (conversation.Message, error) {
	br := bufio.NewReader(in.src)
	h, err := readHeader(br, in.limits.Header)
	switch {
	case in.src.err != nil:
		return conversation.Message{}, in.src.err
	case err != nil:
		return conversation.Message{}, err
	case h.Len() == 0:
		return conversation.Message{}, &Rejected{Code: NotAMessage}
	}
	if in.identity.came(in.tenant, h.Values(loopHeader)) {
		return conversation.Message{}, &Rejected{Code: Loop}
	}
	m := conversation.Message{
		Channel:    Channel,
		ID:         firstID(h.Get("Message-Id")),
		InReplyTo:  messageIDs(h.Values("In-Reply-To"), 1, maxAnswered),
		References: messageIDs(h.Values("References"), 1, maxReferences),
		To:         parseAddresses(strings.Join(h.Values("To"), ", ")),
		Copy:       parseAddresses(strings.Join(h.Values("Cc"), ", ")),
		Subject:    decodeHeader(h.Get("Subject"), maxHeaderText),
		SentAt:     parseDate(h.Get("Date")),
	}
	from := parseAddresses(h.Get("From"))
	if len(from) == 0 {
		from = parseAddresses(h.Get("Sender"))
	}
	if len(from) == 0 {
		return conversation.Message{}, &Rejected{Code: NoSender}
	}
	m.From = from[0]
	m.Automatic, m.Bulk = automatic(h, m.From.Address), bulk(h)
	m.Record = in.record(h, &m)

	body, err := in.part(h, br, 0, "text/plain")
	if err != nil {
		return conversation.Message{}, err
	}
	m.Body, m.Attachments = body.plain(), in.files
	if in.strip {
		m.Body = Strip(m.Body)
	}
	return m, nil
}

// record is what the mail answers, by the ids that this desk gives out, the nearest first, or by the address it came to.
func (in *reading) record(h header, m *conversation.Message) string {
	if in.identity.Domain == "" {
		return ""
	}
	for _, ids := range [...][]string{m.InReplyTo, m.References} {
		for i := len(ids) - 1; i >= 0; i-- {
			if ref, ok := in.identity.Record(in.tenant, ids[i]); ok {
				return ref.ID
			}
		}
	}
	delivered := parseAddresses(strings.Join(h.Values("Delivered-To"), ", "))
	for _, to := range [...][]conversation.Address{m.To, m.Copy, delivered} {
		for _, a := range to {
			if number, ok := in.identity.tagged(in.tenant, a.Address); ok {
				return number
			}
		}
	}
	return ""
}

// undo removes what was stored, whatever became of the context.
func (in *reading) undo() (faults []error) {
	ctx := context.WithoutCancel(in.ctx)
	for _, location := range in.stored {
		if err := in.Parser.files.Remove(ctx, in.tenant, location); err != nil {
			faults = append(faults, fmt.Errorf("mail: the file %s stays behind: %w", location, err))
		}
	}
	return faults
}

// source counts what is read, and remembers why reading ended.
type source struct {
	ctx    context.Context
	r      io.Reader
	left   int64
	line   int64
	limits *Limits
	err    error // other than io.EOF
}

func (s *source) Read(p []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	if s.err = s.ctx.Err(); s.err != nil {
		return 0, s.err
	}
	if int64(len(p)) > s.left+1 {
		p = p[:s.left+1]
	}
	n, err := s.r.Read(p)
	if s.left -= int64(n); s.left < 0 {
		s.err = &Rejected{Code: TooLarge, Limit: s.limits.Message}
		return 0, s.err
	}
	for b := p[:n]; ; {
		end := bytes.IndexByte(b, '\n')
		if end < 0 {
			s.line += int64(len(b))
		} else {
			s.line += int64(end)
		}
		if s.line > s.limits.Line {
			s.err = &Rejected{Code: LineTooLong, Limit: s.limits.Line}
			return 0, s.err
		}
		if end < 0 {
			break
		}
		b, s.line = b[end+1:], 0
	}
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}
