package search_test

import (
	"html"
	"math"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/search"
)

// A query reads as its clauses are written, each alone and all of them in a row.
func FuzzParseQuery(f *testing.F) {
	for _, seed := range []string{"a b", `-"a  b"c*`, "„a“ -*", "--\"", "a\xff\"\xf0 b", "**a* - -\"-\" «x»y", "\u00a0a\u0085b\u2003-c"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		clauses := search.ParseQuery(text)
		var again []string
		for _, c := range clauses {
			require.NotEmpty(t, strings.TrimSpace(c.Text))
			require.False(t, c.Phrase && c.Prefix)
			require.Equal(t, []search.Clause{c}, search.ParseQuery(c.String()), "alone")
			again = append(again, c.String())
		}
		require.Equal(t, clauses, search.ParseQuery(strings.Join(again, " ")), "in a row")
	})
}

var locales = []string{"", "en", "de", "fr", "es", "it", "pt-BR", "nl", "sv", "nb", "da", "fi", "ru", "ja", "zh-Hant", "cs"}

// Whatever a document says and somebody asks, in any language: snippets are parts of the text, and a text is found by itself.
func FuzzSearch(f *testing.F) {
	for i, seed := range [][3]string{
		{"Printer jam", "Open the tray of the printer, then close it.", `print* "the tray" -toner`},
		{"VPN-1234", "Störungen der Verbindungen & Netze " + strings.Repeat("weiter ", 60) + "Störung", "stoerung VPN1234"},
		{"打印机", "新しい印刷機です VPN接続", "機 接続"},
		{"принтера", "é\u0301 \xff\xfe co\u00adoperate " + strings.Repeat("-", 300) + strings.Repeat("y", 300), "co* y*"},
	} {
		f.Add(seed[0], seed[1], seed[2], uint8(i*4))
	}
	f.Fuzz(func(t *testing.T, title, body, query string, n uint8) {
		d := article("1", title, body)
		d.Locale = locales[int(n)%len(locales)]
		index := search.NewMemory(search.Options{})
		require.NoError(t, index.Put(t.Context(), d, article("2", "printer", "the other words of another")))
		query = query[:min(len(query), 16<<10)]
		for _, expand := range []bool{false, true} {
			found, err := index.Search(t.Context(), search.Query{Filter: search.Filter{Tenant: "acme"}, Text: query, Snippets: true, Expand: expand})
			require.NoError(t, err)
			require.Equal(t, len(found.Hits), found.Total)
			shows(t, &d, found.Hits)
		}
		like, err := index.Similar(t.Context(), search.Like{Filter: search.Filter{Tenant: "acme"}, Text: query, Snippets: true})
		require.NoError(t, err)
		shows(t, &d, like.Hits)

		phrase := strings.Map(func(r rune) rune {
			if strings.ContainsRune("\"“”„‟«»", r) {
				return ' '
			}
			return r
		}, title)
		if phrase = `"` + phrase + `"`; len(phrase) < 16<<10 {
			require.Contains(t, find(t, index, phrase), "1", "by itself")
			if len(search.ParseQuery(phrase)) > 0 && len(find(t, index, phrase)) == 1 {
				require.Equal(t, []string{"2"}, find(t, index, "-"+phrase), "nor without itself")
			}
		}
	})
}

// shows checks what hits show of a document.
func shows(t *testing.T, d *search.Document, hits []search.Hit) {
	for _, h := range hits {
		sum := 0.0
		for _, m := range h.Matched {
			sum += m.Score
		}
		require.InDelta(t, h.Score, sum, 1e-9)
		require.False(t, math.IsNaN(h.Score) || math.IsInf(h.Score, 0) || h.Score < 0)
		if h.ID != d.ID {
			continue
		}
		require.Equal(t, d.Title, h.Title.Text)
		require.False(t, h.Title.Before || h.Title.After)
		require.LessOrEqual(t, len(h.Fragment.Text), 400)
		require.Contains(t, d.Body, h.Fragment.Text)
		require.True(t, h.Fragment.Before || strings.HasPrefix(d.Body, h.Fragment.Text))
		require.True(t, h.Fragment.After || strings.HasSuffix(d.Body, h.Fragment.Text))
		short := true
		for word := range strings.FieldsSeq(d.Body) {
			short = short && len(word) < 100
		}
		if len(h.Matched) > 0 && short {
			require.NotEmpty(t, append(h.Title.Spans, h.Fragment.Spans...), "what matched is marked")
		}
		require.True(t, utf8.ValidString(h.Fragment.Text) || !utf8.ValidString(d.Body), "cut within a character")
		for _, s := range []search.Snippet{h.Title, h.Fragment} {
			last := 0
			require.Equal(t, s.Text, s.Mark("", "", nil))
			require.Equal(t, html.EscapeString(s.Text), s.Mark("", "", html.EscapeString))
			for _, span := range s.Spans {
				require.True(t, last <= span.Start && span.Start < span.End && span.End <= len(s.Text))
				require.True(t, utf8.ValidString(s.Text[span.Start:span.End]) || !utf8.ValidString(s.Text))
				last = span.End
			}
		}
	}
}
