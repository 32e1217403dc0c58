package eventlog

import (
	"bytes"
	"strconv"
	"unicode/utf8"
)

func (t *tokenizer) lexStart(b []byte) (token, int, error) {
	i, err := t.lexName(b, 1)
	if err != nil {
		return tokenNone, 0, err
	}
	if t.stage == afterRoot {
		return tokenNone, 0, t.fail(b, 0, CodeMalformed, "there is more after the end of the root element; a file holds one log")
	}
	t.name, t.attrs, t.declares, t.scratch = b[1:i], t.attrs[:0], false, t.scratch[:0]
	for {
		before := i
		if i = skipSpace(b, i); i >= len(b) {
			return tokenNone, 0, errMore
		}
		switch b[i] {
		case '>':
			return tokenStart, i + 1, t.push(b)
		case '/':
			if i+1 >= len(b) {
				return tokenNone, 0, errMore
			}
			if b[i+1] != '>' {
				return tokenNone, 0, t.fail(b, i, CodeMalformed, "a / in <%s> is not followed by >", shorten(string(t.name)))
			}
			t.closing = true
			return tokenStart, i + 2, t.push(b)
		}
		if i == before {
			return tokenNone, 0, t.fail(b, i, CodeMalformed, "a space is missing between the attributes of <%s>", shorten(string(t.name)))
		}
		if i, err = t.lexAttr(b, i); err != nil {
			return tokenNone, 0, err
		}
	}
}

func (t *tokenizer) lexAttr(b []byte, i int) (int, error) {
	start := i
	i, err := t.lexName(b, i)
	if err != nil {
		return 0, err
	}
	name := b[start:i]
	if i = skipSpace(b, i); i < len(b) && b[i] == '=' {
		i = skipSpace(b, i+1)
	} else if i < len(b) {
		return 0, t.fail(b, i, CodeMalformed, "attribute %s of <%s> has no value", shorten(string(name)), shorten(string(t.name)))
	}
	if i >= len(b) {
		return 0, errMore
	}
	quote := b[i]
	if quote != '"' && quote != '\'' {
		return 0, t.fail(b, i, CodeMalformed, "the value of attribute %s is not in quotes", shorten(string(name)))
	}
	value, i, err := t.lexValue(b, i+1, quote)
	if err != nil {
		return 0, err
	}
	if len(t.attrs) == maxAttrs {
		return 0, t.fail(b, start, CodeLimit, "<%s> has more than %d attributes", shorten(string(t.name)), maxAttrs)
	}
	if _, twice := t.attr(string(name)); twice {
		return 0, t.fail(b, start, CodeMalformed, "<%s> has the attribute %s twice", shorten(string(t.name)), shorten(string(name)))
	}
	t.attrs = append(t.attrs, xmlAttr{name, value})
	t.declares = t.declares || bytes.HasPrefix(name, xmlns)
	return i, nil
}

// lexValue reads up to the closing quote; b[i] is behind the opening one. As XML wants it, white space in a value counts
// as a space.
func (t *tokenizer) lexValue(b []byte, i int, quote byte) ([]byte, int, error) {
	start, rewrite, wide := i, false, false
	for ; i < len(b); i++ {
		c := b[i]
		if !special[c] {
			continue
		}
		switch {
		case c == quote:
			value := b[start:i]
			if wide {
				if bad := badText(value); bad >= 0 {
					return nil, 0, t.badText(b, start+bad)
				}
			}
			if rewrite {
				var err error
				if value, err = t.rewrite(b, start, i); err != nil {
					return nil, 0, err
				}
			}
			return value, i + 1, nil
		case c == '<':
			return nil, 0, t.fail(b, i, CodeMalformed, "a value contains <; write &lt; (or a closing quote is missing)")
		case c == '&', c == '\t', c == '\n', c == '\r':
			rewrite = true
		case c < ' ':
			return nil, 0, t.badText(b, i)
		case c >= utf8.RuneSelf:
			wide = true
		}
	}
	return nil, 0, errMore
}

// rewrite replaces the references and the white space in the value b[i:end].
func (t *tokenizer) rewrite(b []byte, i, end int) ([]byte, error) {
	start := len(t.scratch)
	for i < end {
		switch c := b[i]; c {
		case '&':
			char, n, err := t.reference(b, i, end)
			if err != nil {
				return nil, err
			}
			t.scratch = utf8.AppendRune(t.scratch, char)
			i += n
			continue
		case '\r':
			if b[i+1] != '\n' { // there is the quote at least
				t.scratch = append(t.scratch, ' ')
			}
		case '\n', '\t':
			t.scratch = append(t.scratch, ' ')
		default:
			t.scratch = append(t.scratch, c)
		}
		i++
	}
	return t.scratch[start:len(t.scratch):len(t.scratch)], nil
}

// reference reads the reference at b[i], which ends before b[end], and gives its character and length.
func (t *tokenizer) reference(b []byte, i, end int) (rune, int, error) {
	text := b[i+1 : end]
	n := bytes.IndexByte(text[:min(len(text), 32)], ';')
	if n < 0 {
		return 0, 0, t.fail(b, i, CodeMalformed, "an & does not begin a reference; write &amp;")
	}
	name := string(text[:n])
	n += 2
	switch name {
	case "amp":
		return '&', n, nil
	case "lt":
		return '<', n, nil
	case "gt":
		return '>', n, nil
	case "quot":
		return '"', n, nil
	case "apos":
		return '\'', n, nil
	}
	if name == "" || name[0] != '#' {
		return 0, 0, t.fail(b, i, CodeEntity, "the entity &%s; is not known; only amp, lt, gt, quot, apos and numbers are", shorten(name))
	}
	digits, base := name[1:], 10
	if digits != "" && digits[0] == 'x' {
		digits, base = digits[1:], 16
	}
	char, err := strconv.ParseUint(digits, base, 32)
	if err != nil || !isChar(rune(char)) {
		return 0, 0, t.fail(b, i, CodeMalformed, "&%s; is not a character that XML allows", shorten(name))
	}
	return rune(char), n, nil
}

func (t *tokenizer) lexEnd(b []byte) (token, int, error) {
	i, err := t.lexName(b, 2)
	if err != nil {
		return tokenNone, 0, err
	}
	t.name = b[2:i]
	if i = skipSpace(b, i); i >= len(b) {
		return tokenNone, 0, errMore
	}
	switch {
	case b[i] != '>':
		return tokenNone, 0, t.fail(b, i, CodeMalformed, "the end tag </%s> is not closed by >", shorten(string(t.name)))
	case t.depth == 0:
		return tokenNone, 0, t.fail(b, 0, CodeMalformed, "</%s> closes an element that is not open", shorten(string(t.name)))
	case !bytes.Equal(t.name, t.top()):
		return tokenNone, 0, t.fail(b, 0, CodeMalformed, "</%s> stands where <%s> must be closed", shorten(string(t.name)), shorten(string(t.top())))
	}
	return t.pop(), i + 1, nil
}

// lexName gives the end of the name that begins at b[i]: ASCII, with at most one colon, and that within.
func (t *tokenizer) lexName(b []byte, i int) (int, error) {
	start, colons := i, 0
	for ; i < len(b); i++ {
		switch nameByte[b[i]] {
		case inName:
			if i > start && b[i-1] != ':' {
				continue
			}
		case startsName:
			continue
		case colon:
			if colons++; i > start && colons == 1 {
				continue
			}
		default:
			if i > start && b[i-1] != ':' && b[i] < utf8.RuneSelf {
				return i, nil
			}
		}
		return 0, t.fail(b, i, CodeMalformed, "a name has a %q where none may be; names are ASCII letters, digits, and . _ -", b[i])
	}
	return 0, errMore
}

const maxAttrs = 64

var (
	newline = []byte{'\n'}
	xmlns   = []byte("xmlns")
)

const (
	inName = iota + 1
	startsName
	colon
)

var nameByte = func() (table [256]uint8) {
	for c := range table {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '_':
			table[c] = startsName
		case c >= '0' && c <= '9', c == '-', c == '.':
			table[c] = inName
		case c == ':':
			table[c] = colon
		}
	}
	return table
}()

// special marks the bytes that a value does not simply contain.
var special = func() (table [256]bool) {
	for c := range table {
		table[c] = c < ' ' || c >= utf8.RuneSelf || c == '"' || c == '\'' || c == '&' || c == '<'
	}
	return table
}()
