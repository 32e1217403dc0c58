package postgres

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/itsmkit/itsmkit/search"
)

// What the words of fields weigh, as in the zero [search.Options].
const (
	titleWeight   = 3
	keywordWeight = 2
	bodyWeight    = 1
)

// What a tsvector holds, by the manual of PostgreSQL ("12.11. Limitations").
const (
	maxPlace  = 16_383
	maxPlaces = 255
	maxVector = 1 << 20
)

// entry is a document as it is found.
type entry struct {
	counts        map[string]int32 // how often terms occur, weighted
	vector        string
	length, plain int32
}

// read reads a document. What a tsvector has no room for is not read, as if the text ended there.
func (x *Index) read(d *search.Document, shelf int32, language string) entry {
	v := vector{at: map[string]int{}}
	e := entry{counts: map[string]int32{}}
	prefix := strconv.Itoa(int(shelf))
	field := func(text string, weight int32, class byte) {
		for w := range x.reader.Words(language, text) {
			if v.full() {
				return
			}
			place := 0
			if w.Place == search.Next {
				v.place++
				place = v.place
				if !w.Idle {
					e.length += weight
					e.plain++
				}
			}
			v.add(prefix+"="+w.Term, place, class)
			v.add(prefix+":"+w.Form, place, class)
			e.counts[w.Term] = min(e.counts[w.Term]+weight, math.MaxUint16)
		}
		v.place++ // so that no phrase goes on in the next field
	}
	field(text(d.Title), titleWeight, 'A')
	field(text(d.Body), bodyWeight, 'D')
	for k := range strings.SplitSeq(text(strings.Join(d.Keywords, "\n")), "\n") {
		field(k, keywordWeight, 'B')
	}
	e.vector = v.String()
	return e
}

// vector is a tsvector in the making.
type vector struct {
	at      map[string]int
	lexemes []lexeme
	place   int // of the last word
	size    int
}

type lexeme struct {
	text   string
	places []byte // ,12A,13D
	n      int
}

// full reports whether there may be no room for two lexemes more.
func (v *vector) full() bool { return v.size > maxVector-1024 }

// add adds a lexeme at a place, or at none for 0.
func (v *vector) add(text string, place int, class byte) {
	at, ok := v.at[text]
	if !ok {
		at = len(v.lexemes)
		v.at[text] = at
		v.lexemes = append(v.lexemes, lexeme{text: text})
		v.size += len(text) + 4 // with the number of its places, aligned
	}
	l := &v.lexemes[at]
	if place == 0 || place > maxPlace || l.n == maxPlaces {
		return
	}
	l.n++
	v.size += 2
	l.places = strconv.AppendInt(append(l.places, ','), int64(place), 10)
	if class != 'D' {
		l.places = append(l.places, class)
	}
}

func (v *vector) String() string {
	var b strings.Builder
	for i := range v.lexemes {
		l := &v.lexemes[i]
		b.WriteString(quoted(l.text))
		if l.n > 0 {
			b.WriteByte(':')
			b.Write(l.places[1:])
		}
		b.WriteByte(' ')
	}
	return b.String()
}

// quoted is a lexeme as the types of full text read it.
func quoted(text string) string {
	return "'" + strings.NewReplacer(`'`, `''`, `\`, `\\`).Replace(text) + "'"
}

// valid says whether a document can be put: its names must be text to a database.
func valid(d *search.Document) error {
	if err := d.Valid(); err != nil {
		return err
	}
	names := append([]string{d.Tenant, d.Kind, d.ID, d.Locale}, slices.Concat(d.Allow, d.Deny, labelsOf(d.Labels))...)
	for _, n := range names {
		if !clean(n) {
			return fmt.Errorf("%w: document %s %s: %q is no UTF-8 or has a zero byte: give another name", search.ErrInvalid, d.Kind, d.ID, n)
		}
	}
	return nil
}

// clean reports whether a database takes a text.
func clean(text string) bool { return utf8.ValidString(text) && strings.IndexByte(text, 0) < 0 }

// text is a text as a database takes it.
func text(s string) string {
	if clean(s) {
		return s
	}
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\ufffd"), "\x00", "\ufffd")
}

func texts(all []string) []string {
	list := make([]string, len(all))
	for i, s := range all {
		list[i] = text(s)
	}
	return list
}

// list is a list that is never nil, which is NULL to a database.
func list(all []string) []string { return append([]string{}, all...) }

// rangeOf is a locale, or a range of them, as it is compared.
func rangeOf(locale string) string { return strings.ToLower(strings.ReplaceAll(locale, "_", "-")) }

// labelsOf are labels as they are kept: each key with each of its values.
func labelsOf(labels map[string][]string) []string {
	list := []string{}
	for key, values := range labels {
		for _, v := range values {
			list = append(list, label(key, v))
		}
	}
	slices.Sort(list)
	return list
}

// label is no other label's, whatever its key and value are.
func label(key, value string) string { return strconv.Itoa(len(key)) + " " + key + "=" + value }
