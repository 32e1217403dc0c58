package mail

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	netmail "net/mail"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/emersion/go-message/textproto"

	"github.com/itsmkit/itsmkit/conversation"
)

type header = *textproto.Header

const (
	maxHeaderText = 2000 // bytes of a subject
	maxName       = 200  // bytes of a person's or a file's name
	maxWord       = 4000 // bytes of an encoded word, for which the standard has 75
	maxAddress    = 320
	maxAddresses  = 200 // of one header
	maxID         = 255 // bytes of a message id
	maxAnswered   = 10
	maxReferences = 50
)

// readHeader reads the headers of a message and skips lines that are none, such as the first line of a mailbox.
func readHeader(r *bufio.Reader, limit int64) (header, error) {
	h := &textproto.Header{}
	var lines [][]byte
	for size := int64(0); ; {
		line, err := r.ReadBytes('\n')
		if size += int64(len(line)); size > limit {
			return nil, &Rejected{Code: HeaderTooLarge, Limit: limit}
		}
		line = bytes.TrimRight(line, "\r\n")
		switch {
		case err != nil && !errors.Is(err, io.EOF):
			return nil, err
		case len(line) == 0 && err == nil && len(lines) == 0 && size <= 2:
			continue // a blank line before everything
		case len(line) > 0 && (line[0] == ' ' || line[0] == '\t'):
			if n := len(lines); n > 0 {
				lines[n-1] = append(append(lines[n-1], ' '), bytes.TrimLeft(line, " \t")...)
			}
		case len(line) > 0:
			lines = append(lines, line)
		}
		if len(line) == 0 || err != nil {
			break
		}
	}
	slices.Reverse(lines) // the library adds on top
	for _, line := range lines {
		name, value, ok := bytes.Cut(line, []byte(":"))
		name = bytes.TrimRight(name, " \t")
		if ok && len(name) > 0 && !bytes.ContainsFunc(name, func(c rune) bool { return c <= ' ' || c > '~' }) {
			h.Add(string(name), string(bytes.TrimSpace(value)))
		}
	}
	return h, nil
}

// parseParams reads a value with parameters, such as a media type, in lower case but for the parameters' values. It takes
// values without quotes, semicolons that are missing, and both ways of writing other letters than ASCII's.
func parseParams(v string) (string, map[string]string) {
	value, rest, _ := strings.Cut(v, ";")
	value = strings.ToLower(strings.TrimSpace(stripComment(value)))
	if i := strings.IndexAny(value, " \t"); i >= 0 {
		value = value[:i]
	}
	params := map[string]string{}
	type piece struct {
		value   string
		encoded bool
	}
	pieces := map[string]map[string]piece{} // of values in continuations, by their number
	for rest = strings.TrimLeft(rest, " \t;"); rest != "" && len(params)+len(pieces) < 50; rest = strings.TrimLeft(rest, " \t;") {
		name, after, ok := strings.Cut(rest, "=")
		if !ok {
			break
		}
		if i := strings.LastIndexAny(name, "; \t"); i >= 0 && strings.TrimSpace(name[i:]) != "" {
			name = name[i+1:]
		}
		name = strings.ToLower(strings.TrimSpace(name))
		var text string
		if text, rest = paramValue(after); name == "" {
			continue
		}
		base, number, extended := strings.Cut(name, "*")
		if !extended {
			if _, twice := params[name]; !twice {
				params[name] = text
			}
			continue
		}
		number, encoded := strings.CutSuffix(number, "*")
		encoded = encoded || number == ""
		if pieces[base] == nil {
			pieces[base] = map[string]piece{}
		}
		pieces[base][strings.TrimLeft(number, "0")] = piece{text, encoded}
	}
	for name, of := range pieces {
		var raw strings.Builder
		charset := ""
		for i := range len(of) {
			p, ok := of[strings.TrimLeft(itoa(i), "0")]
			if !ok {
				break
			}
			if i == 0 && p.encoded {
				if parts := strings.SplitN(p.value, "'", 3); len(parts) == 3 {
					charset, p.value = parts[0], parts[2]
				}
			}
			if p.encoded {
				if plain, err := url.PathUnescape(p.value); err == nil {
					p.value = plain
				}
			}
			raw.WriteString(p.value)
		}
		if raw.Len() > 0 {
			params[name] = oneLine(decodeCharset(charset, []byte(raw.String())), maxHeaderText)
		}
	}
	for name, text := range params {
		if pieces[name] == nil {
			params[name] = decodeHeader(text, maxHeaderText)
		}
	}
	return value, params
}

func itoa(i int) string {
	if i < 10 {
		return string(rune('0' + i))
	}
	return itoa(i/10) + itoa(i%10)
}

// paramValue reads one value and answers what follows it.
func paramValue(s string) (value, rest string) {
	s = strings.TrimLeft(s, " \t")
	if !strings.HasPrefix(s, `"`) {
		value, rest, _ = strings.Cut(s, ";")
		return strings.TrimSpace(value), rest
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			return b.String(), s[i+1:]
		case c == '\\' && i+1 < len(s) && (s[i+1] == '"' || s[i+1] == '\\'):
			i++
			b.WriteByte(s[i])
		default:
			b.WriteByte(c) // a backslash before other characters is one, as in paths
		}
	}
	return b.String(), ""
}

func stripComment(s string) string {
	before, _, _ := strings.Cut(s, "(")
	return before
}

// parseAddresses reads a list of addresses, with names, comments, groups and what people write instead. What has no
// address is left out.
func parseAddresses(v string) []conversation.Address {
	var (
		found               []conversation.Address
		name, comment, addr []byte
		quoted, angle       bool
		depth               int
		pending             string // "Doe, Jane <jane@example.com>" without quotes
	)
	flush := func() {
		bare := strings.TrimSpace(string(name))
		a := conversation.Address{Address: address(string(addr))}
		switch {
		case a.Address != "":
			a.Name = bare
			if pending != "" && bare != "" && !strings.ContainsAny(pending, "@") {
				a.Name = pending + ", " + bare
			}
			if a.Name == "" {
				a.Name = string(comment)
			}
		default:
			a.Address, a.Name = address(bare), string(comment)
		}
		pending = ""
		if a.Address != "" && len(found) < maxAddresses {
			a.Name = decodeHeader(a.Name, maxName)
			found = append(found, a)
		} else if a.Address == "" {
			pending = bare
		}
		name, comment, addr = name[:0], comment[:0], addr[:0]
	}
	for i := 0; i < len(v); i++ {
		c := v[i]
		if c == '=' && !angle && depth == 0 {
			if word, _, ok := encodedWord(v[i:]); ok && len(name) < maxHeaderText { // whatever it holds is no syntax
				name = append(name, word...)
				i += len(word) - 1
				continue
			}
		}
		switch {
		case c == '\\' && i+1 < len(v) && (quoted || depth > 0):
			i++
			name = append(name, v[i])
		case quoted && c == '"':
			quoted = false
		case quoted:
			name = append(name, c)
		case depth > 0:
			if c == '(' {
				depth++
			} else if c == ')' {
				depth--
			}
			if depth > 0 {
				comment = append(comment, c)
			}
		case angle:
			if c == '>' {
				angle = false
			} else {
				addr = append(addr, c)
			}
		case c == '"':
			quoted = true
		case c == '(':
			depth++
		case c == '<':
			angle, addr = true, addr[:0]
		case c == ',' || c == ';':
			flush()
		case c == ':' && bytes.IndexByte(name, '@') < 0: // the name of a group
			name, pending = name[:0], ""
		case len(name) < maxHeaderText:
			name = append(name, c)
		}
	}
	flush()
	return found
}

// address answers a mail address that can be one, its domain in lower case, or nothing.
func address(s string) string {
	s = strings.TrimSpace(s)
	if i := strings.LastIndexByte(s, ':'); i >= 0 && strings.HasPrefix(s, "@") {
		s = s[i+1:] // a route
	}
	at := strings.LastIndexByte(s, '@')
	if at <= 0 || at == len(s)-1 || len(s) > maxAddress || !utf8.ValidString(s) {
		return ""
	}
	if strings.ContainsFunc(s, func(c rune) bool { return c <= ' ' || control(c) || strings.ContainsRune(`<>(),;"\`, c) }) {
		return ""
	}
	return s[:at+1] + strings.ToLower(s[at+1:])
}

// firstID answers the id in a Message-ID, or nothing where it is none that can be kept.
func firstID(v string) string {
	v = strings.TrimSpace(v)
	if i := strings.IndexByte(v, '<'); i >= 0 {
		v = v[i+1:]
		end := strings.IndexByte(v, '>')
		if end < 0 {
			return ""
		}
		v = v[:end]
	}
	if !validID(v) {
		return ""
	}
	return v
}

// messageIDs reads ids in their order, each once: the first few that are kept of a thread, and the last.
func messageIDs(values []string, first, most int) []string {
	var ids []string
	for _, v := range values {
		for {
			start := strings.IndexByte(v, '<')
			if start < 0 {
				break
			}
			end := strings.IndexByte(v[start:], '>')
			if end < 0 {
				break
			}
			if id := v[start+1 : start+end]; validID(id) {
				ids = append(ids, id)
			}
			v = v[start+end+1:]
		}
	}
	return bounded(ids, first, most)
}

// bounded keeps the first and the last of a list, and of what stands twice the last.
func bounded(ids []string, first, most int) []string {
	seen := make(map[string]bool, len(ids))
	kept := ids[:0:0]
	for _, id := range slices.Backward(ids) {
		if !seen[id] {
			seen[id] = true
			kept = append(kept, id)
		}
	}
	slices.Reverse(kept)
	if len(kept) > most {
		kept = slices.Delete(kept, first, len(kept)-most+first)
	}
	return kept
}

// validID reports whether an id can be a key and stand in a header again.
func validID(id string) bool {
	if id == "" || len(id) > maxID {
		return false
	}
	for i := range len(id) {
		if c := id[i]; c <= ' ' || c > '~' || c == '<' || c == '>' {
			return false
		}
	}
	return true
}

// parseDate reads what senders take for a date; zero where it is none.
func parseDate(v string) time.Time {
	v = strings.TrimSpace(v)
	t, err := netmail.ParseDate(v)
	for _, layout := range dateLayouts {
		if err == nil {
			break
		}
		t, err = time.Parse(layout, v)
	}
	if err != nil || t.Year() < 1970 || t.Year() > 2200 {
		return time.Time{}
	}
	return t.UTC()
}

var dateLayouts = []string{
	time.RFC3339, "2006-01-02 15:04:05 -0700", "2006-01-02 15:04:05", time.ANSIC, time.UnixDate, time.RubyDate,
	"Mon, 2 Jan 2006 15:04:05", "2 Jan 2006 15:04:05", "Mon, 2 Jan 2006 15:04 -0700", "Mon 2 Jan 2006 15:04:05 -0700",
	"Monday, 2 January 2006 15:04:05 -0700", "Mon, 2-Jan-2006 15:04:05 -0700",
}
