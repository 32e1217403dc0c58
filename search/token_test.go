package search

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// tokens writes what a text is read as: +whole, ~tail.
func tokens(text string) string {
	var s scanner
	s.reset(text)
	var list []string
	for group := s.next(); group != nil; group = s.next() {
		for _, t := range group {
			list = append(list, []string{"", "+", "~"}[t.place]+string(t.key))
		}
	}
	return strings.Join(list, " ")
}

func TestTokens(t *testing.T) {
	for text, want := range map[string]string{
		"":                                "",
		" ,;: ":                           "",
		"The printer's jam.":              "the printer s jam",
		"VPN-1234":                        "vpn 1234 +vpn1234",
		"0x80070005, ID42":                "0x80070005 id42",
		"e-mail":                          "e mail +email",
		"10.0.0.1":                        "10 0 0 1 +10.0.0.1",
		"2026-03-01":                      "2026 03 01 +2026-03-01",
		"Help@Example.com":                "help example com +help@example.com",
		"snake_case and/or":               "snake case +snake_case and or",
		"a--b -c- .d.":                    "a b c d",
		"a-b-c-d-e-f-g-h-i":               "a b c d e f g h i", // too many parts for a whole
		"Störung ÉTÉ façade":              "storung ete facade",
		"Sto\u0308rung e\u0301te\u0301":   "storung ete", // marks apart
		"Straße Œuvre Øl Łódź ﬁn":         "strasse oeuvre ol lodz fin",
		"Йод йод Ёлка":                    "йод йод елка",
		"ΟΔΌΣ":                            "οδοσ",
		"ＶＰＮ－１２":                          "vpn 12 +vpn12",
		"co\u00adoperate":                 "cooperate",
		"打印机":                             "打印 印机 ~机",
		"机":                               "机",
		"VPN接続 の":                         "vpn 接続 ~続 の",
		"한국어":                             "한국 국어 ~어",
		"हिन्दी":                          "हिन्दी",
		"bad\xffbytes":                    "bad bytes",
		strings.Repeat("x", 70):           strings.Repeat("x", maxKey),
		strings.Repeat("x", 63) + "æble":  strings.Repeat("x", 63) + "a", // as aeble would be
		strings.Repeat("x", 63) + "й":     strings.Repeat("x", 63) + "й",
		"1\u00ad0-2":                      "10 2 +10-2", // no letter
		strings.Repeat("x", 60) + "-yyyy": strings.Repeat("x", 60) + " yyyy +" + strings.Repeat("x", 60) + "yyyy",
	} {
		assert.Equal(t, want, tokens(text), "%q", text)
	}
}

// A letter is read as in the other case, and with its marks as without them.
func TestFolding(t *testing.T) {
	for r := range rune(unicode.MaxRune + 1) {
		old := r >= 0x1c80 && r <= 0x1c88 // shapes of Cyrillic letters in church books
		if want := tokens(string(r)); unicode.IsLetter(r) && !old {
			for _, other := range []rune{unicode.ToUpper(r), unicode.ToTitle(r), unicode.ToLower(r)} {
				require.Equal(t, want, tokens(string(other)), "%c as %c", other, r)
			}
		}
	}
	for word, want := range map[string]string{
		"Їжак Ўсё Ќе": "іжак усе ке", "Ӯхшаш": "ухшаш", "200 µm": "200 μm", "Ǣ ẛ": "ae s", "أحمد آل إلى": "احمد ال الى",
	} {
		assert.Equal(t, want, tokens(word))
	}
	for composed, apart := range map[string]string{
		"й": "и\u0306", "ї": "і\u0308", "ў": "у\u0306", "ё": "е\u0308", "ǣ": "æ\u0304", "ẛ": "ſ\u0307", "ΐ": "ι\u0308\u0301", "أ": "ا\u0654", "ế": "e\u0302\u0301",
	} {
		assert.Equal(t, tokens(composed), tokens(apart), composed)
	}
}

// Words stand one after the other in the text, and what they are folded to is read as itself.
func FuzzTokens(f *testing.F) {
	for _, seed := range []string{"The VPN-1234", "a.b@c", "打印机 VPN接続", "e\u0301\u0306й\xff", "ＶＰＮ－１", "1\u00ad0-2", strings.Repeat("x", maxKey-1) + "ﬃ"} {
		f.Add(seed)
	}
	known := languages()
	f.Fuzz(func(t *testing.T, text string) {
		valid := utf8.ValidString(text)
		var s scanner
		s.reset(text)
		after := 0 // the end of the word before
		for group := s.next(); group != nil; group = s.next() {
			require.NotEmpty(t, group)
			first, last := group[0], group[len(group)-1]
			require.Equal(t, Next, first.place)
			require.GreaterOrEqual(t, first.start, after)
			start, r := first.start, first.run()
			for i, k := range group {
				require.NotEmpty(t, k.key)
				require.True(t, utf8.Valid(k.key))
				require.True(t, k.start < k.end && k.end <= s.at && s.at <= len(text), "within the text")
				require.True(t, !valid || utf8.ValidString(text[k.start:k.end]))
				for _, l := range known {
					stem, _ := l.term(string(k.key))
					require.NotEmpty(t, stem)
				}
				switch {
				case k.place != Next:
					require.True(t, i > 0 && i == len(group)-1, "beside those before it")
				case i > 0 && r:
					require.Equal(t, group[i-1].start+len(group[i-1].first(text)), k.start, "pairs overlap by a character")
				case i > 0:
					require.Greater(t, k.start, group[i-1].end, "a mark stands between two parts")
				}
				switch again := tokens(string(k.key)); {
				case r:
					require.LessOrEqual(t, len(k.key), 2*utf8.UTFMax)
				case k.place == Whole:
					require.LessOrEqual(t, len(k.key), maxKey)
					require.Equal(t, [2]int{start, group[i-1].end}, [2]int{k.start, k.end})
					require.True(t, again == string(k.key) || strings.HasSuffix(again, "+"+string(k.key)), again)
				default:
					require.LessOrEqual(t, len(k.key), maxKey+utf8.UTFMax)
					require.Equal(t, string(k.key), again)
				}
			}
			after = last.end
		}
	})
}

// run reports whether a word is of a run of pairs.
func (t token) run() bool {
	r, _ := utf8.DecodeRune(t.key)
	return inPairs(r)
}

// first is the character of a text that a word begins with.
func (t token) first(text string) string {
	_, size := utf8.DecodeRuneInString(text[t.start:])
	return text[t.start : t.start+size]
}

func TestStems(t *testing.T) {
	known := languages()
	for locale, same := range map[string][][]string{
		"en":    {{"printer", "printers"}, {"connected", "connection", "connecting"}},
		"de-CH": {{"störung", "störungen", "stoerung", "storung"}, {"häuser", "hauses", "haus"}, {"größe", "grösse"}},
		"fr":    {{"imprimante", "imprimantes"}, {"sécurité", "securite", "sécurités"}},
		"es":    {{"instalación", "instalaciones", "instalacion"}, {"impresora", "impresoras"}},
		"it":    {{"stampante", "stampanti"}, {"qualità", "qualita"}},
		"pt-BR": {{"instalação", "instalações", "instalacao", "instalacoes"}, {"impressora", "impressoras"}},
		"nl":    {{"printer", "printers"}, {"verbinding", "verbindingen"}},
		"sv":    {{"skrivare", "skrivaren"}, {"fönster", "fonster"}},
		"nb":    {{"nettverk", "nettverket", "nettverkene"}},
		"da_DK": {{"printer", "printeren"}},
		"fi":    {{"tulostin", "tulostin"}, {"käyttäjä", "kayttaja"}},
		"ru":    {{"принтер", "принтера", "принтеры"}, {"её", "ее"}},
	} {
		l := known[tagOf(locale)]
		require.NotNil(t, l, locale)
		for _, words := range same {
			want, _ := l.term(foldText(words[0]))
			for _, w := range words[1:] {
				got, _ := l.term(foldText(w))
				assert.Equal(t, want, got, "%s: %s as %s", locale, w, words[0])
			}
		}
	}
	for _, apart := range [][3]string{{"de", "steuer", "stur"}, {"de", "neue", "nu"}, {"en", "printer", "paper"}} {
		a, _ := known[apart[0]].term(apart[1])
		b, _ := known[apart[0]].term(apart[2])
		assert.NotEqual(t, a, b, apart)
	}
	quelle, _ := known["de"].term("quelle")
	assert.Equal(t, "quell", quelle, "no umlaut")
	_, stop := known["de"].term("fur")
	assert.True(t, stop, "stop words are folded as texts are")
	owns, stop := known["en"].term("owns")
	own, _ := known["en"].term("own")
	assert.False(t, stop)
	assert.NotEqual(t, own, owns, "a stop word takes no other word with it")
}

func TestRanges(t *testing.T) {
	for _, c := range []struct {
		locale, r string
		in        bool
	}{
		{"de", "de", true}, {"de-CH", "de", true}, {"de_CH", "DE-ch", true}, {"de", "de-CH", false}, {"den", "de", false},
		{"", "", true}, {"de", "", false}, {"", "*", false}, {"de", "*", true}, {"", "de", false},
	} {
		assert.Equal(t, c.in, inRange(c.locale, c.r), "%s in %s", c.locale, c.r)
	}
}

// A seek must land where counting lands, from every place.
func TestSeek(t *testing.T) {
	docs := []uint32{1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144}
	for from := range len(docs) + 1 {
		for doc := range uint32(150) {
			want := from
			for want < len(docs) && docs[want] < doc {
				want++
			}
			require.Equal(t, want, seek(docs, from, doc))
		}
	}
}
