package eventlog

import (
	"bytes"
	"errors"
	"io"
	"unicode/utf8"
)

// tokenizer reads XML 1.0 as logs are written in it: elements, attributes, text, comments, CDATA, processing
// instructions and the five predefined entities. What it accepts is well-formed, but for namespaces and what other
// documents would say; it refuses names outside of ASCII, document types with declarations, and all other entities.
// encoding/xml reads the same at about a tenth of the speed.
type tokenizer struct {
	src    io.Reader
	limits Limits

	// Of the tag that was read last, valid until the next call of next. An empty tag is followed by an end tag, too.
	name     []byte // with its prefix
	attrs    []xmlAttr
	declares bool // an attribute declares a namespace
	depth    int  // open elements, the one that was just opened included
	line     int  // where the tag begins

	buf   []byte
	r, w  int   // buf[r:w] is still to be read
	past  int64 // bytes of the text before buf[0]
	lines int   // line of buf[r]
	ended error // why src gives no more

	open    []byte // names of the open elements, one after the other
	starts  []int  // where they start
	closing bool   // the tag was an empty one: its end comes next
	stage   stage
	typed   bool   // there was a document type
	scratch []byte // values that had to be rewritten
}

type xmlAttr struct{ name, value []byte }

// stage says which part of a document is being read.
type stage uint8

const (
	atStart stage = iota // nothing read: an XML declaration may come
	atRoot               // before the root element
	inRoot
	afterRoot
)

type token uint8

const (
	tokenNone token = iota
	tokenStart
	tokenEnd
	tokenText // other than white space; its content is not kept
	tokenEOF
)

// errMore says that the buffer ends within a token.
var errMore = errors.New("more")

func newTokenizer(src io.Reader, limits Limits) *tokenizer {
	return &tokenizer{src: src, limits: limits, buf: make([]byte, 64<<10), lines: 1, line: 1}
}

// next reads the next token. An error is an *Error with its line.
func (t *tokenizer) next() (token, error) {
	if t.closing {
		t.closing = false
		return t.pop(), nil
	}
	for {
		kind, n, err := t.lex(t.buf[t.r:t.w])
		if err == errMore {
			if err := t.more(); err != nil {
				return tokenNone, err
			}
			continue
		}
		if err != nil {
			return tokenNone, err
		}
		t.line = t.lines
		t.lines += bytes.Count(t.buf[t.r:t.r+n], newline)
		t.r += n
		if kind != tokenNone {
			return kind, nil
		}
	}
}

// attr is the value of an attribute of the current tag.
func (t *tokenizer) attr(name string) ([]byte, bool) {
	for i := range t.attrs {
		if string(t.attrs[i].name) == name {
			return t.attrs[i].value, true
		}
	}
	return nil, false
}

// offset counts the bytes read.
func (t *tokenizer) offset() int64 { return t.past + int64(t.r) }

// more reads at least as much again as is there, so that a long token costs linear time.
func (t *tokenizer) more() error {
	have := t.w - t.r
	if t.ended != nil {
		return t.truncated()
	}
	if have > t.limits.Item {
		return t.fail(nil, 0, CodeLimit, "a tag, comment or text is longer than %d bytes; if the file is sound, raise Limits.Item", t.limits.Item)
	}
	if t.r > 0 {
		copy(t.buf, t.buf[t.r:t.w])
		t.past += int64(t.r)
		t.r, t.w = 0, have
	}
	if len(t.buf) < 2*have {
		t.buf = append(t.buf, make([]byte, len(t.buf))...)
	}
	for idle := 0; t.w < len(t.buf) && t.w < 2*have+1 && t.ended == nil; {
		n, err := t.src.Read(t.buf[t.w:])
		t.w += n
		t.ended = err
		if n > 0 {
			idle = 0
		} else if idle++; idle == 100 {
			t.ended = io.ErrNoProgress
		}
	}
	return nil
}

// truncated is the error for a text that ends where it should not.
func (t *tokenizer) truncated() error {
	switch {
	case t.ended != io.EOF:
		f := readFault(t.ended)
		f.Line = t.lines + bytes.Count(t.buf[t.r:t.w], newline)
		return f
	case t.stage <= atRoot && t.r == t.w:
		return t.fail(nil, 0, CodeEmpty, "the file has no content")
	case t.depth > 0:
		return t.fail(t.buf[t.r:t.w], t.w-t.r, CodeTruncated, "the file ends within <%s>: it was cut off; fetch it again", shorten(string(t.top())))
	}
	return t.fail(nil, 0, CodeTruncated, "the file ends within a tag: it was cut off; fetch it again")
}

// fail is an error at b[i].
func (t *tokenizer) fail(b []byte, i int, code Code, format string, args ...any) *Error {
	f := fault(code, format, args...)
	f.Line = t.lines + bytes.Count(b[:i], newline)
	return f
}

// lex reads one token from the beginning of b: its kind (none where it says nothing) and its length.
func (t *tokenizer) lex(b []byte) (token, int, error) {
	if len(b) == 0 {
		if t.ended == io.EOF && t.stage == afterRoot {
			return tokenEOF, 0, nil
		}
		return tokenNone, 0, errMore
	}
	if b[0] != '<' {
		return t.lexText(b)
	}
	if len(b) < 2 {
		return tokenNone, 0, errMore
	}
	switch b[1] {
	case '/':
		return t.lexEnd(b)
	case '?':
		return t.lexInstruction(b)
	case '!':
		return t.lexDeclaration(b)
	}
	return t.lexStart(b)
}

// push opens the element of the current tag.
func (t *tokenizer) push(b []byte) error {
	if t.depth == t.limits.Depth {
		return t.fail(b, 0, CodeLimit, "more than %d elements are open in each other; if the file is sound, raise Limits.Depth", t.limits.Depth)
	}
	t.stage = inRoot
	t.starts = append(t.starts, len(t.open))
	t.open = append(t.open, t.name...)
	t.depth++
	return nil
}

func (t *tokenizer) pop() token {
	t.depth--
	t.open = t.open[:t.starts[t.depth]]
	t.starts = t.starts[:t.depth]
	if t.depth == 0 {
		t.stage = afterRoot
	}
	return tokenEnd
}

// top is the name of the innermost open element.
func (t *tokenizer) top() []byte { return t.open[t.starts[t.depth-1]:] }

func (t *tokenizer) lexText(b []byte) (token, int, error) {
	n := bytes.IndexByte(b, '<')
	if blank := skipSpace(b, 0); blank == n || blank == len(b) {
		t.stage = max(t.stage, atRoot)
		return tokenNone, blank, nil // white space need not come in one piece
	}
	switch {
	case t.stage <= atRoot:
		return tokenNone, 0, t.fail(b, skipSpace(b, 0), CodeNotXML, "the file is not XML: it does not begin with <; is it CSV, a spreadsheet or an archive?")
	case t.stage == afterRoot:
		return tokenNone, 0, t.fail(b, skipSpace(b, 0), CodeMalformed, "there is text after the end of the root element; a file holds one log")
	case n < 0:
		return tokenNone, 0, errMore
	}
	text := b[:n]
	if bad := badText(text); bad >= 0 {
		return tokenNone, 0, t.badText(b, bad)
	}
	if i := bytes.Index(text, []byte("]]>")); i >= 0 {
		return tokenNone, 0, t.fail(b, i, CodeMalformed, "a text contains ]]>; write ]]&gt;")
	}
	for i := 0; i < n; i++ {
		if text[i] == '&' {
			if _, _, err := t.reference(b, i, n); err != nil {
				return tokenNone, 0, err
			}
		}
	}
	return tokenText, n, nil
}

// lexInstruction reads <?…?>. The XML declaration is one in form.
func (t *tokenizer) lexInstruction(b []byte) (token, int, error) {
	end := bytes.Index(b, []byte("?>"))
	if end < 0 {
		return tokenNone, 0, errMore
	}
	if bad := badText(b[:end]); bad >= 0 {
		return tokenNone, 0, t.badText(b, bad)
	}
	i, err := t.lexName(b, 2)
	if err != nil {
		return tokenNone, 0, err
	}
	if rest := skipSpace(b, i); i > end || i < end && rest == i {
		return tokenNone, 0, t.fail(b, 0, CodeMalformed, "a processing instruction is not well formed")
	}
	if bytes.EqualFold(b[2:i], []byte("xml")) {
		if t.stage != atStart || !xmlDeclaration(b[i:end]) {
			return tokenNone, 0, t.fail(b, 0, CodeMalformed, "the XML declaration is not at the beginning of the file, or not well formed")
		}
	}
	t.stage = max(t.stage, atRoot)
	return tokenNone, end + 2, nil
}

// xmlDeclaration checks what stands between <?xml and ?>.
func xmlDeclaration(b []byte) bool {
	names := []string{"version", "encoding", "standalone"}
	for i := 0; ; {
		before := i
		if i = skipSpace(b, i); i == len(b) {
			return len(names) < 3
		}
		n := bytes.IndexByte(b[i:], '=')
		if n < 0 || i == before {
			return false
		}
		name := string(bytes.TrimRight(b[i:i+n], " \t\r\n"))
		for len(names) > 0 && names[0] != name {
			if names[0] == "version" {
				return false
			}
			names = names[1:]
		}
		i = skipSpace(b, i+n+1)
		if len(names) == 0 || i == len(b) || b[i] != '"' && b[i] != '\'' {
			return false
		}
		names = names[1:]
		n = bytes.IndexByte(b[i+1:], b[i])
		if n < 1 || name == "version" && string(b[i+1:i+1+n]) != "1.0" {
			return false
		}
		i += n + 2
	}
}

// lexDeclaration reads what begins with <!: a comment, CDATA or a document type without declarations.
func (t *tokenizer) lexDeclaration(b []byte) (token, int, error) {
	comment, cdata, doctype := []byte("<!--"), []byte("<![CDATA["), []byte("<!DOCTYPE")
	switch {
	case bytes.HasPrefix(b, comment):
		n := bytes.Index(b[4:], []byte("--"))
		if n < 0 || n+6 >= len(b) {
			return tokenNone, 0, errMore
		}
		if b[n+6] != '>' {
			return tokenNone, 0, t.fail(b, n+4, CodeMalformed, "a comment contains --")
		}
		if bad := badText(b[:n+4]); bad >= 0 {
			return tokenNone, 0, t.badText(b, bad)
		}
		t.stage = max(t.stage, atRoot)
		return tokenNone, n + 7, nil
	case bytes.HasPrefix(b, cdata) && t.stage == inRoot:
		n := bytes.Index(b, []byte("]]>"))
		if n < 0 {
			return tokenNone, 0, errMore
		}
		if bad := badText(b[:n]); bad >= 0 {
			return tokenNone, 0, t.badText(b, bad)
		}
		return tokenText, n + 3, nil
	case bytes.HasPrefix(b, doctype) && t.stage <= atRoot && !t.typed:
		return t.lexDoctype(b, len(doctype))
	case len(b) < len(doctype) && (bytes.HasPrefix(cdata, b) || bytes.HasPrefix(doctype, b) || bytes.HasPrefix(comment, b)):
		return tokenNone, 0, errMore
	}
	return tokenNone, 0, t.fail(b, 0, CodeMalformed, "<! begins neither a comment nor CDATA nor a document type that may stand here")
}

func (t *tokenizer) lexDoctype(b []byte, i int) (token, int, error) {
	for quote := byte(0); i < len(b); i++ {
		switch c := b[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '[' || c == '<':
			return tokenNone, 0, t.fail(b, i, CodeEntity, "a document type with declarations is not read, since they can make a small file huge; remove it")
		case c == '>':
			if bad := badText(b[:i]); bad >= 0 {
				return tokenNone, 0, t.badText(b, bad)
			}
			t.stage, t.typed = atRoot, true
			return tokenNone, i + 1, nil
		}
	}
	return tokenNone, 0, errMore
}

func (t *tokenizer) badText(b []byte, i int) error {
	if b[i] < utf8.RuneSelf {
		return t.fail(b, i, CodeEncoding, "byte 0x%02X is no text; is the file in the encoding that it declares?", b[i])
	}
	return t.fail(b, i, CodeEncoding, "byte 0x%02X is not valid UTF-8; declare the true encoding in the first line, or convert the file", b[i])
}

func skipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\t' || b[i] == '\r') {
		i++
	}
	return i
}

// badText is the place of the first byte that is no text in UTF-8 that XML allows, or -1.
func badText(b []byte) int {
	for i := 0; i < len(b); {
		c, size := rune(b[i]), 1
		if c >= utf8.RuneSelf {
			c, size = utf8.DecodeRune(b[i:])
		}
		if c == utf8.RuneError && size == 1 || !isChar(c) {
			return i
		}
		i += size
	}
	return -1
}

func isChar(c rune) bool {
	return c >= ' ' && c <= 0xD7FF || c >= 0xE000 && c <= 0xFFFD || c >= 0x10000 && c <= 0x10FFFF || c == '\t' || c == '\n' || c == '\r'
}
