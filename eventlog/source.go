package eventlog

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"errors"
	"io"
	"strings"
	"unicode/utf8"
)

// open unpacks gzip where it finds its magic bytes, and gives what is inside as UTF-8 without a byte order mark. The
// encoding is that of the byte order mark, or else what declared finds at the beginning of the text, or else UTF-8.
// UTF-8 itself is passed on unchecked.
func open(r io.Reader, declared func(start []byte) string) (io.Reader, error) {
	in := bufio.NewReaderSize(r, 64<<10)
	if magic, _ := in.Peek(2); string(magic) == "\x1f\x8b" {
		unpacked, err := gzip.NewReader(in)
		if err != nil {
			return nil, readFault(err)
		}
		in = bufio.NewReaderSize(unpacked, 64<<10)
	}
	start, err := in.Peek(1024)
	if len(start) == 0 {
		if err == io.EOF {
			return nil, fault(CodeEmpty, "the file is empty")
		}
		return nil, readFault(err)
	}
	mark, marked := byteOrder(start)
	if _, err := in.Discard(mark); err != nil {
		return nil, readFault(err)
	}
	name := strings.ToUpper(declared(start[mark:]))
	switch name {
	case "", "UTF-8", "UTF8", "US-ASCII", "ASCII":
		if marked != "" && marked != "UTF-8" && name != "" {
			return nil, fault(CodeEncoding, "the text is %s, but declares %s; correct the declaration", marked, shorten(name))
		}
		if strings.HasPrefix(marked, "UTF-16") {
			return &utf16Reader{src: in, big: marked == "UTF-16BE"}, nil
		}
		return in, nil
	case "ISO-8859-1", "ISO8859-1", "ISO_8859-1", "LATIN1", "LATIN-1":
		if marked != "" {
			return nil, fault(CodeEncoding, "the text is %s, but declares %s; correct the declaration", marked, shorten(name))
		}
		return &latin1Reader{src: in}, nil
	case "UTF-16", "UTF-16LE", "UTF-16BE":
		if marked == "" && name != "UTF-16" {
			marked = name
		}
		if !strings.HasPrefix(marked, name) {
			return nil, fault(CodeEncoding, "the text declares %s, but its bytes are not; correct the declaration (without a byte order mark it is UTF-16LE or UTF-16BE)", shorten(name))
		}
		return &utf16Reader{src: in, big: marked == "UTF-16BE"}, nil
	}
	return nil, fault(CodeEncoding, "encoding %q is not known here; convert the file to UTF-8 (ISO-8859-1 and UTF-16 are read too)", shorten(name))
}

// byteOrder tells the encoding by the first bytes, "" where they do not show it, and the length of the mark.
func byteOrder(start []byte) (mark int, encoding string) {
	switch {
	case bytes.HasPrefix(start, []byte("\xef\xbb\xbf")):
		return 3, "UTF-8"
	case bytes.HasPrefix(start, []byte("\xfe\xff")):
		return 2, "UTF-16BE"
	case bytes.HasPrefix(start, []byte("\xff\xfe")):
		return 2, "UTF-16LE"
	case bytes.HasPrefix(start, []byte("\x00<\x00?")):
		return 0, "UTF-16BE"
	case bytes.HasPrefix(start, []byte("<\x00?\x00")):
		return 0, "UTF-16LE"
	}
	return 0, ""
}

// xmlEncoding finds the encoding that an XML declaration names. The declaration is ASCII in all encodings read here but
// for the zeros of UTF-16. Its grammar is checked by the tokenizer.
func xmlEncoding(start []byte) string {
	text := string(bytes.ReplaceAll(start, []byte{0}, nil))
	if !strings.HasPrefix(text, "<?xml") {
		return ""
	}
	text, _, _ = strings.Cut(text, "?>")
	_, text, found := strings.Cut(text, "encoding")
	text = strings.TrimLeft(text, " \t\r\n=")
	if !found || text == "" {
		return ""
	}
	name, _, _ := strings.Cut(text[1:], text[:1])
	return name
}

// readFault names the failure of a reader below.
func readFault(err error) *Error {
	var damaged flate.CorruptInputError
	var known *Error
	var f *Error
	switch {
	case errors.As(err, &known):
		return known
	case errors.Is(err, io.ErrUnexpectedEOF):
		f = fault(CodeTruncated, "the gzip data ends too early: the file was cut off; fetch it again")
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum), errors.As(err, &damaged):
		f = fault(CodeCorrupt, "the gzip data is damaged (%v); fetch the file again", err)
	default:
		f = fault(CodeRead, "reading failed: %v", err)
	}
	f.Err = err
	return f
}

// latin1Reader turns ISO-8859-1 into UTF-8: every byte is the character of that number.
type latin1Reader struct {
	src  *bufio.Reader
	half byte // the second byte of a character whose first has been given; 0 for none
}

func (l *latin1Reader) Read(p []byte) (int, error) {
	n := 0
	if l.half != 0 && len(p) > 0 {
		p[0], l.half, n = l.half, 0, 1
	}
	for n < len(p) {
		c, err := l.src.ReadByte()
		if err != nil {
			return n, err
		}
		if c < utf8.RuneSelf {
			p[n] = c
			n++
			continue
		}
		p[n] = 0xC0 | c>>6
		n++
		if second := 0x80 | c&0x3F; n < len(p) {
			p[n] = second
			n++
		} else {
			l.half = second
		}
	}
	return n, nil
}

// utf16Reader turns UTF-16 into UTF-8. Half a character is an error.
type utf16Reader struct {
	src  *bufio.Reader
	big  bool
	rest []byte // of a character that did not fit
	room [utf8.UTFMax]byte
}

func (u *utf16Reader) Read(p []byte) (int, error) {
	n := copy(p, u.rest)
	u.rest = u.rest[n:]
	for n < len(p) {
		c, err := u.rune()
		if err != nil {
			return n, err
		}
		size := utf8.EncodeRune(u.room[:], c)
		wrote := copy(p[n:], u.room[:size])
		u.rest = u.room[wrote:size]
		n += wrote
	}
	return n, nil
}

func (u *utf16Reader) rune() (rune, error) {
	first, err := u.unit()
	if err != nil || first < 0xD800 || first > 0xDFFF {
		return first, err
	}
	second, err := u.unit()
	if err != nil && err != io.EOF {
		return 0, err
	}
	if first > 0xDBFF || err == io.EOF || second < 0xDC00 || second > 0xDFFF {
		return 0, fault(CodeEncoding, "the text is not UTF-16: half a character stands alone; the file is damaged")
	}
	return (first-0xD800)<<10 + (second - 0xDC00) + 0x10000, nil
}

func (u *utf16Reader) unit() (rune, error) {
	one, err := u.src.ReadByte()
	if err != nil {
		return 0, err
	}
	two, err := u.src.ReadByte()
	if err == io.EOF {
		return 0, fault(CodeTruncated, "the text is UTF-16 and ends within a character: the file was cut off; fetch it again")
	}
	if err != nil {
		return 0, err
	}
	if u.big {
		return rune(one)<<8 | rune(two), nil
	}
	return rune(two)<<8 | rune(one), nil
}
