package search_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/itsmkit/itsmkit/search"
	"github.com/itsmkit/itsmkit/search/searchtest"
)

func TestLaws(t *testing.T) {
	searchtest.Run(t, func(testing.TB) search.Index { return search.NewMemory(search.Options{}) })
}

func article(id, title, body string) search.Document {
	return search.Document{Tenant: "acme", Ref: search.Ref{Kind: "article", ID: id, Locale: "en"}, Title: title, Body: body, Allow: []string{search.Everyone}}
}

func find(t testing.TB, index search.Index, text string) (ids []string) {
	found, err := index.Search(t.Context(), search.Query{Filter: search.Filter{Tenant: "acme"}, Text: text, Snippets: true})
	require.NoError(t, err)
	for _, h := range found.Hits {
		ids = append(ids, h.ID)
	}
	return ids
}

func TestOptions(t *testing.T) {
	docs := []search.Document{article("body", "other", "printer and much else that is said in many words"), article("title", "printer", "other words")}
	inTitle := search.NewMemory(search.Options{})
	require.NoError(t, inTitle.Put(t.Context(), docs...))
	assert.Equal(t, []string{"title", "body"}, find(t, inTitle, "printer"))
	onlyBody := search.NewMemory(search.Options{Weights: search.Weights{Body: 1}})
	require.NoError(t, onlyBody.Put(t.Context(), docs...))
	assert.Equal(t, []string{"body"}, find(t, onlyBody, "printer"), "a field without weight is not searched")
	assert.Equal(t, []string{"body"}, find(t, onlyBody, "printe*"))

	long, short := article("1", "", "printer "+strings.Repeat("word ", 50)), article("2", "", "printer")
	flat := search.NewMemory(search.Options{B: -1})
	require.NoError(t, flat.Put(t.Context(), long, short))
	assert.Equal(t, []string{"1", "2"}, find(t, flat, "printer"), "as good as each other")
	marked := search.NewMemory(search.Options{})
	require.NoError(t, marked.Put(t.Context(), long, short))
	assert.Equal(t, []string{"2", "1"}, find(t, marked, "printer"))

	home := search.NewMemory(search.Options{Language: "en-US"})
	plain := short
	plain.Locale = ""
	require.NoError(t, home.Put(t.Context(), plain))
	assert.Equal(t, []string{"2"}, find(t, home, "printers"), "read in the language of the house")
}

// What is like all others in the words of a query is weighed by length alone, and numbers make none.
func TestNumbersMakeNothingLonger(t *testing.T) {
	index := search.NewMemory(search.Options{})
	require.NoError(t, index.Put(t.Context(), article("1", "", "gateway down "+strings.Repeat("10 42 77 ", 30)), article("2", "", "gateway down for an hour")))
	assert.Equal(t, []string{"1", "2"}, find(t, index, "gateway"))
	assert.Equal(t, []string{"1"}, find(t, index, "77"), "they are found")
}

func TestSaturation(t *testing.T) {
	index := search.NewMemory(search.Options{})
	require.NoError(t, index.Put(t.Context(), article("1", strings.Repeat("printer ", 40_000), ""), article("2", "printer", "")))
	require.NoError(t, index.Put(t.Context(), article("1", "printer", ""), article("3", "scanner", "")))
	found, err := index.Search(t.Context(), search.Query{Filter: search.Filter{Tenant: "acme"}, Text: "printer"})
	require.NoError(t, err)
	require.Len(t, found.Hits, 2)
	assert.Equal(t, found.Hits[0].Score, found.Hits[1].Score)
}

func TestExpand(t *testing.T) {
	index := search.NewMemory(search.Options{})
	for i := range 30 {
		require.NoError(t, index.Put(t.Context(), article(fmt.Sprintf("other%02d", i), "", "meeting room booking calendar")))
	}
	secret := article("secret", "", "vpn vpn vpn concentrator concentrator password")
	secret.Allow = []string{"board"}
	require.NoError(t, index.Put(t.Context(), secret,
		article("1", "", "vpn tunnel certificate"), article("2", "", "vpn tunnel certificate expired"),
		article("3", "", "certificate renewal for the tunnel"), article("4", "", "concentrator manual"),
		article("5", "", "expired parking permit")))
	q := search.Query{Filter: search.Filter{Tenant: "acme"}, Text: "vpn", Expand: true}
	found, err := index.Search(t.Context(), q)
	require.NoError(t, err)
	assert.Equal(t, 3, found.Total, "3 has what the hits have in common; 4 what a hidden document has, 5 what one hit has")
	assert.Equal(t, "3", found.Hits[2].ID)
	q.Text = "unknown"
	found, err = index.Search(t.Context(), q)
	require.NoError(t, err)
	assert.Empty(t, found.Hits)
}

// Whether a hidden document has a word of the query cannot be told by what the words that are added weigh.
func TestExpandFeelsNoHiddenWord(t *testing.T) {
	index := search.NewMemory(search.Options{})
	for i := range 1000 {
		require.NoError(t, index.Put(t.Context(), article(fmt.Sprint("other", i), "", "meeting room booking calendar")))
	}
	require.NoError(t, index.Put(t.Context(), article("1", "", "vpn tunnel certificate"), article("2", "", "vpn tunnel certificate")))
	share := func() float64 {
		found, err := index.Search(t.Context(), search.Query{Filter: search.Filter{Tenant: "acme"}, Text: "vpn takeover", Expand: true})
		require.NoError(t, err)
		require.Equal(t, 2, found.Total)
		require.Equal(t, "vpn", found.Hits[0].Matched[0].Word)
		return found.Hits[0].Matched[0].Score / found.Hits[0].Score
	}
	before := share()
	secret := article("secret", "", "takeover")
	secret.Allow = []string{"board"}
	require.NoError(t, index.Put(t.Context(), secret))
	assert.InDelta(t, before, share(), 0.01)
}

// Forms come in any order, and are found by what they begin with from the first on.
func TestPrefixAmongMany(t *testing.T) {
	index := search.NewMemory(search.Options{})
	const n = 6_000
	for i := range n {
		require.NoError(t, index.Put(t.Context(), article(fmt.Sprint(i), fmt.Sprintf("w%04d", i*37%n), "")))
		if i%1000 != 999 {
			continue
		}
		for _, prefix := range []string{"w", "w0", "w5", "w12", "w599"} {
			want := 0
			for j := range i + 1 {
				if strings.HasPrefix(fmt.Sprintf("w%04d", j*37%n), prefix) {
					want++
				}
			}
			found, err := index.Search(t.Context(), search.Query{Filter: search.Filter{Tenant: "acme"}, Text: prefix + "*"})
			require.NoError(t, err)
			require.Equal(t, want, found.Total, "%s* among %d", prefix, i+1)
		}
	}
}

// However words are kept: one is not taken for the end of another.
func TestPhraseAmongMany(t *testing.T) {
	index := search.NewMemory(search.Options{})
	words := "alpha beta"
	for i := range 400 {
		words += fmt.Sprintf(" w%03d", i)
	}
	require.NoError(t, index.Put(t.Context(), article("all", "", words)))
	for i := range 1_200 {
		require.NoError(t, index.Put(t.Context(), article(fmt.Sprint(i), "", fmt.Sprintf("alpha and w%03d beta", i%400))))
	}
	assert.Equal(t, []string{"all"}, find(t, index, `"alpha beta"`))
	found, err := index.Search(t.Context(), search.Query{Filter: search.Filter{Tenant: "acme"}, Text: `"w150 beta"`})
	require.NoError(t, err)
	assert.Equal(t, 3, found.Total)
	found, err = index.Search(t.Context(), search.Query{Filter: search.Filter{Tenant: "acme"}, Text: `"alpha and"`})
	require.NoError(t, err)
	assert.Equal(t, 1_200, found.Total)
}

func TestSimilarIsTheFirstOfDuplicates(t *testing.T) {
	index := search.NewMemory(search.Options{})
	for i := range 20 {
		require.NoError(t, index.Put(t.Context(), article(fmt.Sprintf("%02d", i), fmt.Sprintf("User %c%c cannot log on to payroll portal", 'a'+i, 'k'+i/4), "")))
	}
	like := search.Like{Filter: search.Filter{Tenant: "acme"}, Text: "user eel cannot log on to payroll portal", Terms: 2}
	found, err := index.Similar(t.Context(), like)
	require.NoError(t, err)
	require.Len(t, found.Hits, 10)
	assert.Len(t, found.Hits[0].Matched, 2, "no more than two words are looked for")
}

// Spans are of whole words that match, in order and apart; the text is a part of the document's.
func TestSnippets(t *testing.T) {
	for _, c := range []struct{ query, body, want string }{
		{"vpn1234", "See VPN-1234, or vpn 1234.", "See [VPN-1234], or vpn 1234."},
		{"1234", "See VPN-1234.", "See VPN-[1234]."},
		{"VPN-1234", "See VPN-1234.", "See [VPN-1234]."},
		{"印刷機", "新しい印刷機です", "新しい[印刷機]です"},
		{"機", "印刷機です", "印刷[機]で[す]"},
		{"stoer*", "Störung", "Störung"},
		{"the printer", "The Printers are", "The [Printers] are"},
		{"conn* x", "Connect, connection; x", "[Connect], [connection]; [x]"},
	} {
		if c.query == "機" {
			c.want = "印刷[機で]す" // a pair is shown as it is read
		}
		index := search.NewMemory(search.Options{})
		require.NoError(t, index.Put(t.Context(), article("1", "printer stoerung", c.body)))
		found, err := index.Search(t.Context(), search.Query{Filter: search.Filter{Tenant: "acme"}, Text: c.query, Snippets: true})
		require.NoError(t, err)
		require.Len(t, found.Hits, 1, c.query)
		assert.Equal(t, c.want, found.Hits[0].Fragment.Mark("[", "]", nil))
	}
	piece := rapid.SampledFrom([]string{"printer", "Störung", "VPN-1234", "打印机", " ", ", ", "\n", "é", "\xff", strings.Repeat("y", 90), strings.Repeat("-", 300)})
	rapid.Check(t, func(t *rapid.T) {
		d := article("1", "printer", strings.Join(rapid.SliceOfN(piece, 0, 60).Draw(t, "pieces"), rapid.SampledFrom([]string{"", " "}).Draw(t, "between")))
		index := search.NewMemory(search.Options{})
		require.NoError(t, index.Put(t.Context(), d))
		found, err := index.Search(t.Context(), search.Query{Filter: search.Filter{Tenant: "acme"}, Text: "printer störung vpn 打印", Snippets: true})
		require.NoError(t, err)
		require.Len(t, found.Hits, 1)
		s := found.Hits[0].Fragment
		at := strings.Index(d.Body, s.Text)
		require.GreaterOrEqual(t, at, 0)
		require.LessOrEqual(t, len(s.Text), 400)
		require.False(t, utf8.ValidString(d.Body) && !utf8.ValidString(s.Text), "cut within a character")
		last := -1
		for _, span := range s.Spans {
			require.True(t, last < span.Start && span.Start < span.End && span.End <= len(s.Text))
			last = span.End - 1
		}
	})
}

// Searches see whole batches, whatever is put, replaced and made anew meanwhile.
func TestConcurrency(t *testing.T) {
	index := search.NewMemory(search.Options{})
	batch := func(n int) (docs []search.Document) {
		for i := range 20 {
			docs = append(docs, article(fmt.Sprint(i), fmt.Sprintf("printer edition%d", n), "jam in the tray"))
		}
		return docs
	}
	require.NoError(t, index.Put(t.Context(), batch(0)...))
	var readers, writers sync.WaitGroup
	stop := make(chan struct{})
	for range 3 {
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				found, err := index.Search(t.Context(), search.Query{Filter: search.Filter{Tenant: "acme"}, Text: `prin* "in the tray" -xy`, Limit: 20, Snippets: true, Expand: true})
				if !assert.NoError(t, err) || !assert.Equal(t, 20, found.Total) {
					return
				}
				for _, h := range found.Hits {
					if !assert.Equal(t, found.Hits[0].Title.Text, h.Title.Text) {
						return
					}
				}
				_, err = index.Similar(t.Context(), search.Like{Filter: search.Filter{Tenant: "acme"}, Of: search.Ref{Kind: "article", ID: "1", Locale: "en"}})
				assert.NoError(t, err)
			}
		})
	}
	for w := range 2 {
		writers.Go(func() {
			for n := range 40 {
				assert.NoError(t, index.Put(t.Context(), batch(w*100+n)...))
				assert.NoError(t, index.Remove(t.Context(), "acme", search.Ref{Kind: "article", ID: "none"}))
			}
		})
	}
	writers.Wait()
	close(stop)
	readers.Wait()
	assert.Len(t, find(t, index, "printer"), 10)
}

// What was removed leaves nothing behind for long.
func TestRoom(t *testing.T) {
	index := search.NewMemory(search.Options{})
	for i := range 3_000 {
		require.NoError(t, index.Put(t.Context(), article("1", fmt.Sprint("word", i), "")))
	}
	assert.Empty(t, find(t, index, "word2998"))
	assert.Equal(t, []string{"1"}, find(t, index, "word2999"))
	assert.Less(t, search.Room(index), 600, "of 3,000 versions")
	require.NoError(t, index.Remove(t.Context(), "acme", search.Ref{Kind: "article", ID: "1", Locale: "en"}))
	assert.Empty(t, find(t, index, ""))
}
