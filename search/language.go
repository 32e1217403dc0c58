package search

import (
	"strings"
	"unicode/utf8"

	"github.com/blevesearch/snowballstem"
	"github.com/blevesearch/snowballstem/danish"
	"github.com/blevesearch/snowballstem/dutch"
	"github.com/blevesearch/snowballstem/english"
	"github.com/blevesearch/snowballstem/finnish"
	"github.com/blevesearch/snowballstem/french"
	"github.com/blevesearch/snowballstem/german"
	"github.com/blevesearch/snowballstem/italian"
	"github.com/blevesearch/snowballstem/norwegian"
	"github.com/blevesearch/snowballstem/portuguese"
	"github.com/blevesearch/snowballstem/russian"
	"github.com/blevesearch/snowballstem/spanish"
	"github.com/blevesearch/snowballstem/swedish"
)

// language says how the words of a text are read.
type language struct {
	tag    string // empty for every language without a stemmer
	stem   func(*snowballstem.Env) bool
	accent func(word string) string // gives a folded word back what the stemmer needs to see; nil for nothing
	stop   map[string]bool          // words that say nothing, folded
}

// languages are the readings that an index knows, by their tag, and that of all others by the empty one.
func languages() map[string]*language {
	known := map[string]*language{"": {}}
	for _, l := range []struct {
		tag    string
		stem   func(*snowballstem.Env) bool
		accent func(string) string
		stop   string
	}{
		{"da", danish.Stem, nil, stopDanish},
		{"de", german.Stem, umlauts, stopGerman},
		{"en", english.Stem, nil, stopEnglish},
		{"es", spanish.Stem, endings("cion", "ción", "sion", "sión"), stopSpanish},
		{"fi", finnish.Stem, nil, stopFinnish},
		{"fr", french.Stem, endings("ite", "ité", "ites", "ités"), stopFrench},
		{"it", italian.Stem, endings("ita", "ità"), stopItalian},
		{"nl", dutch.Stem, nil, stopDutch},
		{"no", norwegian.Stem, nil, stopNorwegian},
		{"pt", portuguese.Stem, endings("cao", "ção", "coes", "ções", "sao", "são", "soes", "sões"), stopPortuguese},
		{"ru", russian.Stem, nil, stopRussian},
		{"sv", swedish.Stem, nil, stopSwedish},
	} {
		lang := &language{l.tag, l.stem, l.accent, map[string]bool{}}
		for word := range strings.FieldsSeq(l.stop) {
			lang.stop[foldText(word)] = true
		}
		known[l.tag] = lang
	}
	return known
}

// tagOf is the language of a locale: its first subtag, and Norwegian for both of its written forms.
func tagOf(locale string) string {
	tag, _, _ := strings.Cut(hyphens(locale), "-")
	switch tag = strings.ToLower(tag); tag {
	case "nb", "nn":
		return "no"
	}
	return tag
}

// term is what a folded word is indexed by: its stem. Words are folded before they are cut, so that one typed without its
// accents meets one with them. Names and numbers stay as they are. A stop word is a term of its own, so that no word with
// its stem is lost with it.
func (l *language) term(word string) (stem string, stop bool) {
	if l.stop[word] {
		return " " + word, true
	}
	if l.stem == nil || strings.ContainsAny(word, "0123456789._@-") {
		return word, false
	}
	cut := word
	if l.accent != nil {
		cut = l.accent(cut)
	}
	env := snowballstem.NewEnv(cut)
	l.stem(env)
	if cut = foldText(env.Current()); cut == "" {
		return word, false
	}
	return cut, false
}

// endings gives the accents of long endings back: each even text is replaced by the one after it.
func endings(pairs ...string) func(string) string {
	return func(word string) string {
		for i := 0; i < len(pairs); i += 2 {
			if front, ok := strings.CutSuffix(word, pairs[i]); ok && len(front) > 2 {
				return front + pairs[i+1]
			}
		}
		return word
	}
}

// umlauts reads ae, oe and ue as the umlauts that they stand for, without their dots; not after another vowel or a q, where
// the e begins the next syllable.
func umlauts(word string) string {
	if !strings.Contains(word, "ae") && !strings.Contains(word, "oe") && !strings.Contains(word, "ue") {
		return word
	}
	b := make([]byte, 0, len(word))
	before := rune(0)
	for i, r := range word {
		dots := r == 'e' && i > 0 && (before == 'a' || before == 'o' || before == 'u')
		if dots && i > 1 && strings.IndexByte("aeiouq", word[i-2]) >= 0 {
			dots = false
		}
		if !dots {
			b = utf8.AppendRune(b, r)
		}
		before = r
	}
	return string(b)
}
