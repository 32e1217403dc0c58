package search

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Clause is a part of a query: a word, a phrase or a prefix that is looked for or excluded.
type Clause struct {
	Text    string `json:"text"`
	Phrase  bool   `json:"phrase,omitempty"`  // its words must stand one after the other
	Prefix  bool   `json:"prefix,omitempty"`  // a word must begin so
	Exclude bool   `json:"exclude,omitempty"` // a document with it is not found
}

// ParseQuery reads what somebody typed. Every text is a query:
//
//	printer jam     documents with one of the words; those with more, and with rarer ones, first
//	"paper jam"     documents with the phrase only; its words count as words too. Typographic quotes “so” „so“ «so» will do
//	print*          a word that begins so
//	-toner          no document with that word; also -"paper jam" and -print*
//	VPN-1234        the whole and its parts
//
// A quote that is not closed goes to the end. A minus or a star alone is nothing. The words of a query are OR'ed, but a
// phrase must occur, and an exclusion wins over all.
func ParseQuery(text string) []Clause {
	var clauses []Clause
	for {
		text = strings.TrimLeftFunc(text, unicode.IsSpace)
		if text == "" {
			return clauses
		}
		var c Clause
		if rest := strings.TrimLeft(text, "-"); rest != text {
			c.Exclude, text = true, rest
		}
		if size := quote(text); size > 0 {
			c.Phrase = true
			text = text[size:]
			end := strings.IndexFunc(text, isQuote)
			if end < 0 {
				end = len(text)
			}
			c.Text, text = strings.Join(strings.Fields(text[:end]), " "), text[end:]
			text = text[quote(text):]
		} else {
			end := strings.IndexFunc(text, func(r rune) bool { return unicode.IsSpace(r) || isQuote(r) })
			if end < 0 {
				end = len(text)
			}
			c.Text, text = text[:end], text[end:]
			if word := strings.TrimRight(c.Text, "*"); word != c.Text {
				c.Prefix, c.Text = true, word
			}
		}
		if c.Text != "" {
			clauses = append(clauses, c)
		}
	}
}

// String writes the clause so that ParseQuery, which made it, reads the same one again; with blanks between them also among
// others. A text with a quote in it, or a word with a blank, is none that ParseQuery makes.
func (c Clause) String() string {
	text := c.Text
	if c.Phrase {
		text = `"` + text + `"`
	}
	if c.Prefix {
		text += "*"
	}
	if c.Exclude {
		text = "-" + text
	}
	return text
}

// quote is the length of the quote that a text begins with, 0 where it begins with none.
func quote(text string) int {
	if r, size := utf8.DecodeRuneInString(text); isQuote(r) {
		return size
	}
	return 0
}

func isQuote(r rune) bool {
	switch r {
	case '"', '“', '”', '„', '‟', '«', '»':
		return true
	}
	return false
}
