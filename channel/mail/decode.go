package mail

import (
	"bytes"
	"encoding/base64"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/emersion/go-message/charset"
)

// decodeTransfer reads a body by its transfer encoding. One that is unknown is left as it is.
func decodeTransfer(encoding string, r io.Reader) io.Reader {
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "base64":
		return &base64Reader{r: r}
	case "quoted-printable":
		return &quotedReader{r: r}
	}
	return r
}

// base64Reader decodes what mail brings as base64: strange characters are skipped, padding in the middle begins anew,
// and a cut end gives what is whole.
type base64Reader struct {
	r    io.Reader
	in   [4096]byte
	have int // characters kept of the last read
	buf  [3072]byte
	out  []byte
	err  error
}

func (b *base64Reader) Read(p []byte) (int, error) {
	for len(b.out) == 0 {
		if b.err != nil {
			return 0, b.err
		}
		b.fill()
	}
	n := copy(p, b.out)
	b.out = b.out[n:]
	return n, nil
}

func (b *base64Reader) fill() {
	n, err := b.r.Read(b.in[b.have:])
	raw, chars := b.in[b.have:b.have+n], b.in[:b.have]
	b.out = b.buf[:0]
	for _, c := range raw {
		switch {
		case base64Alphabet[c]:
			chars = append(chars, c) // never overtakes raw
		case c == '=':
			b.decode(chars)
			chars = b.in[:0]
		}
	}
	whole := len(chars) &^ 3
	if err != nil {
		whole, b.err = len(chars), err
	}
	b.decode(chars[:whole])
	b.have = copy(b.in[:], chars[whole:])
}

func (b *base64Reader) decode(chars []byte) {
	if len(chars)&3 == 1 {
		chars = chars[:len(chars)-1] // six bits are no byte
	}
	out, err := base64.RawStdEncoding.AppendDecode(b.out, chars)
	if err == nil {
		b.out = out
	}
}

var base64Alphabet = func() (is [256]bool) {
	for _, c := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/" {
		is[c] = true
	}
	return is
}()

// quotedReader decodes quoted-printable. What is none, such as an = before other characters, stays as it is.
type quotedReader struct {
	r    io.Reader
	in   [4096]byte
	have int
	out  []byte
	err  error
}

func (q *quotedReader) Read(p []byte) (int, error) {
	for len(q.out) == 0 {
		if q.err != nil {
			return 0, q.err
		}
		n, err := q.r.Read(q.in[q.have:])
		raw := q.in[:q.have+n]
		q.err = err
		used := q.decode(raw, err != nil)
		q.have = copy(q.in[:], raw[used:])
	}
	n := copy(p, q.out)
	q.out = q.out[n:]
	return n, nil
}

// decode answers how much of raw it used: an = waits for what follows it, unless this is the end. Space that ends a
// line was added on the way, and is dropped where the line is at hand.
func (q *quotedReader) decode(raw []byte, end bool) int {
	out := q.out[:0]
	i := 0
	for i < len(raw) {
		c := raw[i]
		switch {
		case c == ' ' || c == '\t':
			run := i + 1
			for run < len(raw) && (raw[run] == ' ' || raw[run] == '\t') {
				run++
			}
			switch {
			case run == len(raw) && !end && run-i < len(q.in)/2: // it may end the line
				q.out = out
				return i
			case run < len(raw) && (raw[run] == '\n' || raw[run] == '\r'):
			default:
				out = append(out, raw[i:run]...)
			}
			i = run
			continue
		case c != '=':
			out = append(out, c)
			i++
			continue
		}
		rest := raw[i+1:]
		trimmed := bytes.TrimLeft(rest, " \t")
		switch {
		case len(rest) >= 2 && hexDigit[rest[0]] >= 0 && hexDigit[rest[1]] >= 0:
			out = append(out, byte(hexDigit[rest[0]])<<4|byte(hexDigit[rest[1]]))
			i += 3
		case len(trimmed) > 0 && trimmed[0] == '\n':
			i = len(raw) - len(trimmed) + 1
		case len(trimmed) > 1 && trimmed[0] == '\r' && trimmed[1] == '\n':
			i = len(raw) - len(trimmed) + 2
		case !end && len(rest) < 80 && (len(trimmed) == 0 || string(trimmed) == "\r" || len(rest) < 2):
			q.out = out
			return i
		case len(trimmed) == 0 && end:
			i = len(raw)
		default:
			out = append(out, '=')
			i++
		}
	}
	q.out = out
	return i
}

var hexDigit = func() (value [256]int8) {
	for i := range value {
		value[i] = -1
	}
	for i, c := range "0123456789ABCDEF" {
		value[c], value[c|0x20] = int8(i), int8(i)
	}
	return value
}()

// decodeCharset makes UTF-8 of bytes. A charset that is missing, unknown or plainly wrong is guessed: UTF-8 where it is
// valid, else windows-1252, in which every byte means something.
func decodeCharset(name string, b []byte) string {
	name = strings.ToLower(strings.Trim(name, " \t\"'"))
	switch name {
	case "", "us-ascii", "ascii", "utf-8", "utf8", "unknown-8bit", "x-unknown", "default":
		b = bytes.TrimPrefix(b, []byte("\ufeff"))
		if name == "utf-8" || name == "utf8" || utf8.Valid(b) {
			return string(b)
		}
		name = "windows-1252"
	case "iso-8859-1", "latin1":
		name = "windows-1252" // which it is where the two differ
	}
	r, err := charset.Reader(name, bytes.NewReader(b))
	if err != nil {
		if utf8.Valid(b) {
			return string(b)
		}
		r, _ = charset.Reader("windows-1252", bytes.NewReader(b))
	}
	out, err := io.ReadAll(r)
	if err != nil { // a decoder replaces what it cannot read, so this is the end of a cut sequence
		return string(out) + string(utf8.RuneError)
	}
	return string(bytes.TrimPrefix(out, []byte("\ufeff")))
}

// clean makes a text that every store keeps: valid UTF-8, line feeds, no control characters but tabs, no blank lines
// at its ends and no space at the ends of lines, but for the one of a signature's mark.
func clean(text string) string {
	out := make([]byte, 0, len(text))
	line := 0 // where the last one begins
	end := func() {
		if string(out[line:]) != "-- " {
			out = out[:line+len(bytes.TrimRight(out[line:], " \t"))]
		}
	}
	for i := 0; i < len(text); {
		run := i
		for run < len(text) && ' ' <= text[run] && text[run] <= '~' {
			run++
		}
		if out = append(out, text[i:run]...); run == len(text) {
			break
		}
		c, size := utf8.DecodeRuneInString(text[run:])
		i = run + size
		switch {
		case c == '\n' || c == '\r':
			if c == '\r' && i < len(text) && text[i] == '\n' {
				i++
			}
			end()
			out = append(out, '\n')
			line = len(out)
		case c == '\t' || !control(c):
			out = utf8.AppendRune(out, c) // what is no UTF-8 was read as the mark of that
		}
	}
	end()
	return string(bytes.Trim(out, "\n"))
}

func control(c rune) bool { return c < ' ' || c == 0x7f || 0x80 <= c && c < 0xa0 || c == 0xfeff }

// unflow joins the lines that a sender wrapped, as RFC 3676 has it.
func unflow(text string, delSpace bool) string {
	var b strings.Builder
	depth, open := 0, false
	for line := range strings.SplitSeq(strings.TrimSuffix(strings.ReplaceAll(text, "\r\n", "\n"), "\n"), "\n") {
		rest := strings.TrimLeft(line, ">")
		quoted := len(line) - len(rest)
		rest = strings.TrimPrefix(rest, " ")
		mark := rest == "-- "
		if open && (quoted != depth || mark) {
			b.WriteByte('\n')
			open = false
		}
		if !open && quoted > 0 {
			b.WriteString(strings.Repeat(">", quoted) + " ")
		}
		depth, open = quoted, strings.HasSuffix(rest, " ") && !mark
		if open && delSpace {
			rest = rest[:len(rest)-1]
		}
		b.WriteString(rest)
		if !open {
			b.WriteByte('\n')
		}
	}
	return b.String()
}
