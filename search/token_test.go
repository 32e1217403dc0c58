package search

import (
	"strings"
	"testing"
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
			list = append(list, []string{"", "+", "~"}[t.kind]+string(t.key))
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
		strings.Repeat("x", 60) + "-yyyy": strings.Repeat("x", 60) + " yyyy +" + strings.Repeat("x", 60) + "yyyy",
	} {
		assert.Equal(t, want, tokens(text), "%q", text)
	}
}

func FuzzTokens(f *testing.F) {
	for _, seed := range []string{"The VPN-1234", "a.b@c", "打印机 VPN接続", "e\u0301\u0306й\xff", "ＶＰＮ－１"} {
		f.Add(seed)
	}
	known := languages()
	f.Fuzz(func(t *testing.T, text string) {
		var s scanner
		s.reset(text)
		at := 0
		for group := s.next(); group != nil; group = s.next() {
			require.NotEmpty(t, group)
			for _, k := range group {
				require.NotEmpty(t, k.key)
				require.LessOrEqual(t, len(k.key), maxKey+utf8.UTFMax)
				require.True(t, at <= k.start && k.start < k.end && k.end <= len(text), "within the text, and after the last word")
				if k.kind == plain {
					var again scanner // a folded word is read as itself
					again.reset(string(k.key))
					if g := again.next(); len(g) == 1 && again.at == len(again.text) {
						require.Equal(t, string(k.key), string(g[0].key))
					}
				}
				for _, l := range known {
					stem, _ := l.term(string(k.key))
					require.NotEmpty(t, stem)
				}
			}
			at = group[0].start
		}
	})
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
