package search

import (
	"unicode"
	"unicode/utf8"
)

// A token is a word of a text as it is indexed: in lower case and without diacritics.
type token struct {
	key        []byte // good until the next call of next
	start, end int    // bytes in the text
	place      Place
}

// maxKey is how many bytes of a word count; of more, those in front.
const maxKey = 64

// maxParts is how many parts a word has that is also indexed as a whole.
const maxParts = 8

// scanner reads a text word by word. The zero scanner is ready for reset.
type scanner struct {
	text  string
	at    int
	buf   []byte
	group []token
}

func (s *scanner) reset(text string) { s.text, s.at = text, 0 }

// next answers the tokens of the next word: its parts and then its whole, where it is of several; the pairs of characters
// of writing without spaces and their tail; or the word itself. It answers none at the end. Bytes that are no UTF-8 part words.
func (s *scanner) next() []token {
	s.buf, s.group = s.buf[:0], s.group[:0]
	for s.at < len(s.text) {
		r, size := s.rune(s.at)
		switch {
		case inPairs(r):
			return s.pairs()
		case starts(r):
			return s.word()
		}
		s.at += size
	}
	return nil
}

// rune is the character at a place, narrow where it is a wide form of ASCII.
func (s *scanner) rune(at int) (rune, int) {
	if at >= len(s.text) {
		return 0, 0
	}
	if b := s.text[at]; b < utf8.RuneSelf {
		return rune(b), 1
	}
	r, size := utf8.DecodeRuneInString(s.text[at:])
	if r >= 0xff01 && r <= 0xff5e {
		r -= 0xff00 - ' '
	}
	return r, size
}

func (s *scanner) word() []token {
	start, letters := s.at, false
	for {
		part, from := s.at, len(s.buf)
		if s.part(from) {
			letters = true
		}
		s.group = append(s.group, token{s.buf[from:len(s.buf):len(s.buf)], part, s.at, Next})
		link, size := s.rune(s.at)
		next, _ := s.rune(s.at + size)
		if !connects(link) || !starts(next) || inPairs(next) {
			break
		}
		s.at += size
	}
	if n := len(s.group); n > 1 && n <= maxParts {
		s.joined(start, letters)
	}
	return s.group
}

// part reads letters, digits and what belongs to them, and reports whether there is a letter.
func (s *scanner) part(from int) (letters bool) {
	for s.at < len(s.text) {
		if b := s.text[s.at]; b < utf8.RuneSelf {
			lower := b | 0x20
			switch {
			case lower >= 'a' && lower <= 'z':
				letters, b = true, lower
			case b < '0' || b > '9':
				return letters
			}
			if s.at++; len(s.buf)-from < maxKey {
				s.buf = append(s.buf, b)
			}
			continue
		}
		r, size := s.rune(s.at)
		if !starts(r) && !unicode.IsMark(r) && !ignored(r) || inPairs(r) {
			return letters
		}
		letters = letters || unicode.IsLetter(r)
		if s.at += size; len(s.buf)-from < maxKey {
			s.buf = appendFolded(s.buf, from, r)
			if end := from + maxKey; len(s.buf) > end && s.buf[end] < utf8.RuneSelf { // within æ, which is two letters
				s.buf = s.buf[:end]
			}
		}
	}
	return letters
}

// joined adds the whole of the parts. Where there are letters, hyphens are left out: who writes e-mail means email.
func (s *scanner) joined(start int, letters bool) {
	from := len(s.buf)
	for i, t := range s.group {
		if i > 0 {
			if link, _ := s.rune(s.group[i-1].end); link != '-' || !letters {
				s.buf = append(s.buf, byte(link))
			}
		}
		s.buf = append(s.buf, t.key...)
	}
	if len(s.buf)-from <= maxKey {
		s.group = append(s.group, token{s.buf[from:len(s.buf):len(s.buf)], start, s.at, Whole})
	}
}

// pairs reads a run of writing without spaces. The tail lets a single character be found wherever it stands: it begins
// either a pair or a tail.
func (s *scanner) pairs() []token {
	for {
		r, size := s.rune(s.at)
		if !inPairs(r) {
			break
		}
		from, place, end := len(s.buf), Tail, s.at+size
		s.buf = utf8.AppendRune(s.buf, r)
		if after, more := s.rune(end); inPairs(after) {
			s.buf, place, end = utf8.AppendRune(s.buf, after), Next, end+more
		} else if len(s.group) == 0 {
			place = Next
		}
		s.group = append(s.group, token{s.buf[from:len(s.buf):len(s.buf)], s.at, end, place})
		s.at += size
	}
	return s.group
}

// starts reports whether a word may begin with a character.
func starts(r rune) bool {
	if r < utf8.RuneSelf {
		lower := r | 0x20
		return lower >= 'a' && lower <= 'z' || r >= '0' && r <= '9'
	}
	return unicode.IsLetter(r) || unicode.IsDigit(r)
}

// connects reports whether a character between two parts makes one word of them.
func connects(r rune) bool { return r == '-' || r == '_' || r == '.' || r == '@' }

// ignored reports whether a character within a word is nothing: the soft hyphen and the joiners.
func ignored(r rune) bool { return r == 0xad || r == 0x200c || r == 0x200d }

// inPairs reports whether a character is of a writing without spaces: Chinese, Japanese, Korean, Thai and their neighbours.
func inPairs(r rune) bool {
	switch {
	case r < 0x0e00:
		return false
	case r <= 0x0eff, r >= 0x1000 && r <= 0x109f, r >= 0x1100 && r <= 0x11ff, r >= 0x1780 && r <= 0x17ff:
		return unicode.IsLetter(r) || unicode.IsMark(r)
	case r >= 0x3040 && r <= 0x30ff, r >= 0x3400 && r <= 0x4dbf, r >= 0x4e00 && r <= 0x9fff, r >= 0xac00 && r <= 0xd7af,
		r >= 0xf900 && r <= 0xfaff, r >= 0xff66 && r <= 0xff9f, r >= 0x20000 && r <= 0x3ffff:
		return unicode.IsLetter(r) || unicode.IsMark(r)
	}
	return false
}
