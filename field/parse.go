package field

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

// parser reads the JSON of values. It is a parser of its own because encoding/json loses the difference between 5 and
// 5.0, keeps neither bad text nor repeated members out, and costs several times as much.
type parser struct {
	data []byte
	at   int
}

func (p *parser) value() (Value, error) {
	switch c := p.peek(); {
	case c == '"':
		s, err := p.text()
		return Text(s), err
	case c == '[':
		return p.list()
	case c == '{':
		return p.object()
	case c == '-' || c >= '0' && c <= '9':
		return p.number()
	case p.word("null"):
		return Value{}, nil
	case p.word("true"):
		return Bool(true), nil
	case p.word("false"):
		return Bool(false), nil
	}
	return Value{}, ErrSyntax
}

func (p *parser) list() (Value, error) {
	p.take('[')
	v := Value{kind: KindList}
	if p.take(']') {
		return v, nil
	}
	for {
		s, err := p.text()
		if err != nil {
			return Value{}, err
		}
		v.list = append(v.list, s)
		if p.take(']') {
			return v, nil
		}
		if !p.take(',') {
			return Value{}, ErrSyntax
		}
	}
}

// object reads an instant or a span, which are objects of one member.
func (p *parser) object() (v Value, err error) {
	p.take('{')
	name, err := p.text()
	if err != nil {
		return Value{}, err
	}
	if !p.take(':') {
		return Value{}, ErrSyntax
	}
	switch name {
	case "t":
		v, err = p.instant()
	case "d":
		if v, err = p.number(); err == nil && v.kind != KindInt {
			err = fmt.Errorf("%w: a span needs whole nanoseconds", ErrSyntax)
		}
		v.kind = KindSpan
	default:
		err = fmt.Errorf(`%w: an object has the one member "t" or "d"`, ErrSyntax)
	}
	if err == nil && !p.take('}') {
		err = ErrSyntax
	}
	return v, err
}

func (p *parser) instant() (Value, error) {
	s, err := p.text()
	if err != nil {
		return Value{}, err
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	// time.Parse drops digits below the nanosecond, and takes a comma for a point.
	_, fraction, _ := strings.Cut(s, ".")
	if err != nil || strings.Contains(s, ",") || len(fraction)-len(strings.TrimLeft(fraction, "0123456789")) > 9 {
		return Value{}, fmt.Errorf("%w: an instant needs RFC 3339 to the nanosecond, as in 2026-01-02T03:04:05Z", ErrSyntax)
	}
	if t.Before(MinInstant()) || t.After(MaxInstant()) {
		return Value{}, ErrInstant
	}
	return Instant(t), nil
}

func (p *parser) number() (Value, error) {
	p.space()
	start, whole := p.at, true
	p.literal('-')
	switch {
	case p.literal('0'):
	case !p.digits():
		return Value{}, ErrSyntax
	}
	if p.literal('.') {
		whole = false
		if !p.digits() {
			return Value{}, ErrSyntax
		}
	}
	if p.literal('e') || p.literal('E') {
		whole = false
		if !p.literal('-') {
			p.literal('+')
		}
		if !p.digits() {
			return Value{}, ErrSyntax
		}
	}
	digits := string(p.data[start:p.at])
	if whole {
		n, err := strconv.ParseInt(digits, 10, 64)
		if err != nil {
			return Value{}, fmt.Errorf("%w: a whole number must fit 64 bits", ErrNumber)
		}
		return Int(n), nil
	}
	f, err := strconv.ParseFloat(digits, 64)
	if err != nil || math.IsInf(f, 0) {
		return Value{}, ErrNumber
	}
	return Number(f), nil
}

func (p *parser) fields() (Fields, error) {
	if p.peek(); p.word("null") {
		return nil, nil
	}
	if !p.take('{') {
		return nil, ErrSyntax
	}
	if p.take('}') {
		return nil, nil
	}
	var f Fields
	for {
		name, err := p.text()
		if err != nil {
			return nil, err
		}
		if !p.take(':') {
			return nil, ErrSyntax
		}
		v, err := p.value()
		if err != nil {
			return nil, err
		}
		f = append(f, Field{name, v})
		if p.take('}') {
			break
		}
		if !p.take(',') {
			return nil, ErrSyntax
		}
	}
	slices.SortFunc(f, func(a, b Field) int { return strings.Compare(a.Name, b.Name) })
	for i, e := range f {
		if e.Name == "" || i > 0 && f[i-1].Name == e.Name {
			return nil, fmt.Errorf("%w: the name %q is empty or stands twice", ErrSyntax, e.Name)
		}
	}
	f = slices.DeleteFunc(f, func(e Field) bool { return e.Value.IsZero() })
	if len(f) == 0 {
		return nil, nil
	}
	return f, nil
}

// text reads a string. Most have no escape, and are then one copy.
func (p *parser) text() (string, error) {
	if !p.take('"') {
		return "", ErrSyntax
	}
	rest := p.data[p.at:]
	for i, c := range rest {
		switch {
		case c == '"':
			p.at += i + 1
			s := string(rest[:i])
			if !utf8.ValidString(s) {
				return "", ErrText
			}
			return s, nil
		case c == '\\':
			return p.escapedText()
		case c < ' ':
			return "", ErrSyntax
		}
	}
	return "", ErrSyntax
}

func (p *parser) escapedText() (string, error) {
	var out []byte
	for p.at < len(p.data) {
		c := p.data[p.at]
		p.at++
		switch {
		case c == '"':
			if !utf8.Valid(out) || bytes.IndexByte(out, 0) >= 0 {
				return "", ErrText
			}
			return string(out), nil
		case c < ' ':
			return "", ErrSyntax
		case c != '\\':
			out = append(out, c)
		default:
			r, err := p.escape()
			if err != nil {
				return "", err
			}
			out = utf8.AppendRune(out, r)
		}
	}
	return "", ErrSyntax
}

// escape reads what follows a backslash. Half a surrogate pair is no text.
func (p *parser) escape() (rune, error) {
	if p.at == len(p.data) {
		return 0, ErrSyntax
	}
	c := p.data[p.at]
	p.at++
	switch c {
	case '"', '\\', '/':
		return rune(c), nil
	case 'b':
		return '\b', nil
	case 'f':
		return '\f', nil
	case 'n':
		return '\n', nil
	case 'r':
		return '\r', nil
	case 't':
		return '\t', nil
	case 'u':
		r, ok := p.hex()
		if !ok {
			return 0, ErrSyntax
		}
		if !utf16.IsSurrogate(r) {
			return r, nil
		}
		if p.literal('\\') && p.literal('u') {
			if low, ok := p.hex(); ok {
				if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
					return pair, nil
				}
			}
		}
		return 0, ErrText
	}
	return 0, ErrSyntax
}

func (p *parser) hex() (rune, bool) {
	if len(p.data)-p.at < 4 {
		return 0, false
	}
	n, err := strconv.ParseUint(string(p.data[p.at:p.at+4]), 16, 16)
	p.at += 4
	return rune(n), err == nil
}

func (p *parser) digits() bool {
	start := p.at
	for p.at < len(p.data) && p.data[p.at] >= '0' && p.data[p.at] <= '9' {
		p.at++
	}
	return p.at > start
}

// literal takes c where it is the very next byte.
func (p *parser) literal(c byte) bool {
	if p.at == len(p.data) || p.data[p.at] != c {
		return false
	}
	p.at++
	return true
}

// take takes c where it is the next byte after white space.
func (p *parser) take(c byte) bool {
	p.space()
	return p.literal(c)
}

func (p *parser) word(w string) bool {
	if !bytes.HasPrefix(p.data[p.at:], []byte(w)) {
		return false
	}
	p.at += len(w)
	return true
}

// peek answers the next byte after white space, 0 at the end.
func (p *parser) peek() byte {
	p.space()
	if p.at == len(p.data) {
		return 0
	}
	return p.data[p.at]
}

func (p *parser) space() {
	for p.at < len(p.data) {
		switch p.data[p.at] {
		case ' ', '\t', '\n', '\r':
			p.at++
		default:
			return
		}
	}
}

func (p *parser) end() error {
	if p.peek(); p.at < len(p.data) {
		return fmt.Errorf("%w: more follows", ErrSyntax)
	}
	return nil
}
