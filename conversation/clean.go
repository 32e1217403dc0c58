package conversation

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

const (
	maxTitle   = 200 // characters
	maxChannel = 50  // bytes, as the two below
	maxAddress = 320
	maxName    = 1000
)

// clean answers a copy of a message as it is worked with: within the limits, and of text that a store keeps. What it
// changed is among the reasons.
func (r *Receiver) clean(m Message) (Message, []lifecycle.Reason, error) {
	var reasons []lifecycle.Reason
	if err := r.text("channel", &m.Channel); err != nil {
		return m, nil, err
	}
	if m.Channel == "" || len(m.Channel) > maxChannel {
		return m, nil, itsm.Invalid("channel", fmt.Sprintf("say how the message came, in 1 to %d bytes", maxChannel))
	}
	m.ID = bare(m.ID)
	m.From.Address = strings.TrimSpace(m.From.Address)
	for _, part := range [...]struct {
		name string
		text *string
	}{{"id", &m.ID}, {"from", &m.From.Address}, {"subject", &m.Subject}, {"body", &m.Body}, {"record", &m.Record}} {
		if err := r.text(part.name, part.text); err != nil {
			return m, nil, err
		}
	}
	switch {
	case len(m.ID) > maxID:
		return m, nil, itsm.Invalid("id", fmt.Sprintf("the id of a message has %d bytes at most", maxID))
	case len(m.From.Address) > maxAddress:
		return m, nil, itsm.Invalid("from", fmt.Sprintf("an address has %d bytes at most", maxAddress))
	}
	m.Subject = oneLine(m.Subject)
	if limit := r.config.Limits.Body; limit >= 0 && len(m.Body) > limit {
		if r.config.Policy.Long == LongRefused {
			return m, nil, itsm.Invalid("body", fmt.Sprintf("the text has %d bytes: %d are taken", len(m.Body), limit))
		}
		all := strconv.Itoa(len(m.Body))
		kept := cutBytes(m.Body, limit)
		reasons = append(reasons, lifecycle.Reason{Code: CodeCut, Args: map[string]string{"bytes": all, "kept": strconv.Itoa(len(kept))}})
		m.Body = kept + "\n\n[… " + strconv.Itoa(len(kept)) + " / " + all + " bytes]"
	}
	if err := r.cleanFiles(&m); err != nil {
		return m, nil, err
	}
	if strings.TrimSpace(m.Body) == "" {
		m.Body = "" // white space is nothing
		if len(m.Attachments) == 0 && m.Subject == "" {
			return m, nil, itsm.Invalid("body", "the message is empty")
		}
	}
	return m, reasons, nil
}

func (r *Receiver) cleanFiles(m *Message) error {
	if limit := r.config.Limits.Attachments; limit >= 0 && len(m.Attachments) > limit {
		return itsm.Invalid("attachments", fmt.Sprintf("the message has %d files: %d are taken", len(m.Attachments), limit))
	}
	if len(m.Attachments) == 0 {
		return nil
	}
	files := make([]Attachment, len(m.Attachments))
	for i, f := range m.Attachments {
		field := "attachments[" + strconv.Itoa(i) + "]"
		for _, text := range [...]*string{&f.Name, &f.Type, &f.SHA256, &f.Location} {
			if err := r.text(field, text); err != nil {
				return err
			}
		}
		if f.Name = cutBytes(oneLine(f.Name), maxName); f.Name == "" {
			f.Name = strconv.Itoa(i + 1)
		}
		if f.Location == "" || f.Size < 0 {
			return itsm.Invalid(field, "a file has a location where the host keeps it, and a size of 0 or more bytes")
		}
		files[i] = f
	}
	m.Attachments = files
	return nil
}

// text refuses or cleans what no store keeps.
func (r *Receiver) text(field string, s *string) error {
	if utf8.ValidString(*s) && strings.IndexByte(*s, 0) < 0 {
		return nil
	}
	if r.config.Policy.Dirty == DirtyRefused {
		return itsm.Invalid(field, "text is UTF-8 without NUL bytes")
	}
	*s = strings.ToValidUTF8(strings.ReplaceAll(*s, "\x00", ""), "\uFFFD")
	return nil
}

// oneLine takes control characters out, and what turns the direction of text, and makes white space single.
func oneLine(s string) string {
	s = strings.Map(func(c rune) rune {
		switch {
		case unicode.IsSpace(c), unicode.IsControl(c), c == '\u2028', c == '\u2029':
			return ' '
		case c == '\u200E', c == '\u200F', c >= '\u202A' && c <= '\u202E', c >= '\u2066' && c <= '\u2069':
			return -1
		}
		return c
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

// cutBytes answers at most n bytes, without a broken character.
func cutBytes(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// cutTitle answers a title of at most 200 characters, and whether something was left out.
func cutTitle(s string) (string, bool) {
	n := 0
	for i := range s {
		if n == maxTitle {
			return strings.TrimSpace(s[:i]), true
		}
		n++
	}
	return s, false
}

// bare takes the angle brackets from a message's id.
func bare(id string) string {
	return strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(id), "<"), ">")
}

// titleAndText are what a new record is called and what it says: the subject, or else the first line or the first file.
func titleAndText(m *Message) (title, text string) {
	title, text = m.Subject, m.Body
	if title == "" {
		line, _, _ := strings.Cut(strings.TrimSpace(m.Body), "\n")
		title = oneLine(line)
	}
	if title == "" && len(m.Attachments) > 0 {
		title = m.Attachments[0].Name
	}
	if title == "" {
		title = m.Channel // a text of nothing but control characters
	}
	cut, short := cutTitle(title)
	if short && m.Subject != "" {
		text = strings.TrimSpace(m.Subject + "\n\n" + m.Body) // nothing of it is lost
	}
	return cut, text
}

// fileNames are the text of a message that has none.
func fileNames(m *Message) string {
	names := make([]string, len(m.Attachments))
	for i, f := range m.Attachments {
		names[i] = f.Name
	}
	return strings.Join(names, "\n")
}
