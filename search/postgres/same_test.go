package postgres_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/itsmkit/itsmkit/search"
)

// Whatever was put, replaced and removed before: the answers are those of the index in memory.
func TestAnswersAreThoseOfMemory(t *testing.T) {
	index, _, _ := open(t)
	index.SetPrime(3) // so that few documents are many
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		theirs, ours := search.NewMemory(search.Options{}), renamed{index, fmt.Sprintf("%d ", n)}
		for range rapid.IntRange(1, 6).Draw(t, "batches") {
			docs := rapid.SliceOfN(rapid.Custom(document), 1, 8).Draw(t, "documents")
			require.NoError(t, theirs.Put(t.Context(), docs...))
			require.NoError(t, ours.Put(t.Context(), docs...))
			gone := rapid.SliceOfN(rapid.Custom(ref), 0, 2).Draw(t, "removed")
			require.NoError(t, theirs.Remove(t.Context(), "acme", gone...))
			require.NoError(t, ours.Remove(t.Context(), "acme", gone...))
		}
		for range 3 {
			q := query(t)
			want, err := theirs.Search(t.Context(), q)
			require.NoError(t, err)
			got, err := ours.Search(t.Context(), q)
			require.NoError(t, err)
			// A prefix counts the wholes of compounds otherwise: it finds the same, and scores them otherwise.
			same(t, want, got, strings.Contains(q.Text, "*"))
		}
		like := search.Like{Filter: filter(t), Text: text(t, 12), Limit: rapid.IntRange(1, 20).Draw(t, "limit"), Terms: rapid.IntRange(1, 9).Draw(t, "terms"), Snippets: true}
		if rapid.Bool().Draw(t, "of a document") {
			like.Of, like.Text = ref(t), ""
		}
		want, wrong := theirs.Similar(t.Context(), like)
		got, err := ours.Similar(t.Context(), like)
		require.Equal(t, wrong, err)
		same(t, want, got, false)
	})
}

// same compares answers. Scores differ by how they are rounded at most, and what is as good then may come in another order.
func same(t *rapid.T, want, got search.Result, otherScores bool) {
	require.Equal(t, want.Total, got.Total)
	require.Len(t, got.Hits, len(want.Hits))
	if otherScores {
		if want.Total == len(want.Hits) {
			byName := func(a, b search.Hit) int { return strings.Compare(fmt.Sprint(a.Ref), fmt.Sprint(b.Ref)) }
			slices.SortFunc(want.Hits, byName)
			slices.SortFunc(got.Hits, byName)
			for i, h := range got.Hits {
				require.Equal(t, want.Hits[i].Ref, h.Ref)
				require.ElementsMatch(t, matched(want.Hits[i]), matched(h))
				require.Equal(t, want.Hits[i].Title, h.Title)
			}
		}
		return
	}
	for i, h := range got.Hits {
		require.InDelta(t, want.Hits[i].Score, h.Score, 1e-9)
		at := slices.IndexFunc(want.Hits, func(w search.Hit) bool { return w.Ref == h.Ref })
		if at < 0 { // one as good as the last was taken in place of it
			require.InDelta(t, want.Hits[len(want.Hits)-1].Score, h.Score, 1e-9)
			continue
		}
		w := want.Hits[at]
		require.InDelta(t, w.Score, h.Score, 1e-9)
		require.ElementsMatch(t, matched(w), matched(h))
		require.Equal(t, w.Title, h.Title)
		require.Equal(t, w.Fragment, h.Fragment)
	}
}

func matched(h search.Hit) (words []string) {
	for _, m := range h.Matched {
		words = append(words, m.Word)
	}
	return words
}

var vocabulary = strings.Fields(`printer printers printing paper jam jams the of and mail e-mail email mailbox 404 500 vpn VPN-1234 vpn1234 1234
	Störung Stoerung Störungen Häuser der die imprimante Imprimantes réseau help@example.com it's don't \quoted'lexeme naïve 打印机 打印 卡纸了 x İstanbul`)

func text(t *rapid.T, most int) string {
	return strings.Join(rapid.SliceOfN(rapid.SampledFrom(vocabulary), 0, most).Draw(t, "text"), " ")
}

func ref(t *rapid.T) search.Ref {
	return search.Ref{
		Kind: rapid.SampledFrom([]string{"article", "incident"}).Draw(t, "kind"), ID: fmt.Sprint(rapid.IntRange(1, 9).Draw(t, "id")),
		Locale: rapid.SampledFrom([]string{"en", "en_GB", "de-CH", "fr", "zh", ""}).Draw(t, "locale"),
	}
}

func document(t *rapid.T) search.Document {
	d := search.Document{
		Tenant: "acme", Ref: ref(t), Title: text(t, 4), Body: text(t, 12),
		Allow: rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", search.Everyone, search.Everyone}), 0, 2).Draw(t, "allow"),
		Deny:  rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b"}), 0, 1).Draw(t, "deny"),
		At:    time.Unix(int64(rapid.IntRange(0, 5).Draw(t, "at")), 0),
	}
	if rapid.Bool().Draw(t, "more") {
		d.Keywords = []string{text(t, 2), text(t, 2)}
		d.Labels = map[string][]string{"service": {rapid.SampledFrom([]string{"x", "y"}).Draw(t, "service"), "z"}}
	}
	return d
}

func filter(t *rapid.T) search.Filter {
	f := search.Filter{Tenant: "acme", Audience: rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "\x00", "\xff"}), 0, 2).Draw(t, "audience")}
	if rapid.IntRange(0, 2).Draw(t, "filters") == 0 {
		f.Kinds = []string{"article"}
		f.Locales = rapid.SliceOfN(rapid.SampledFrom([]string{"en", "EN-gb", "de", "de-ch", "*", "", "\x00"}), 1, 2).Draw(t, "ranges")
	}
	if rapid.IntRange(0, 4).Draw(t, "by labels") == 0 {
		f.Labels = map[string][]string{"service": {"x"}}
	}
	return f
}

func query(t *rapid.T) search.Query {
	word := rapid.SampledFrom(vocabulary)
	clause := rapid.Custom(func(t *rapid.T) string {
		switch rapid.IntRange(0, 9).Draw(t, "form") {
		case 0, 1:
			return `"` + word.Draw(t, "word") + " " + word.Draw(t, "word") + `"`
		case 2:
			return rapid.SampledFrom([]string{"print*", "printi*", "vpn*", "vpn-12*", "stor*", "打*", "im*", "th*", "4*"}).Draw(t, "prefix")
		case 3:
			return "-" + word.Draw(t, "word")
		case 4:
			return "-" + rapid.SampledFrom([]string{"printi*", "vpn-1*", `"paper jam"`, `"the printer"`, "打*"}).Draw(t, "word")
		}
		return word.Draw(t, "word")
	})
	return search.Query{
		Filter: filter(t), Text: strings.Join(rapid.SliceOfN(clause, 0, 5).Draw(t, "query"), " "), Limit: rapid.IntRange(1, 40).Draw(t, "limit"),
		Offset: rapid.SampledFrom([]int{0, 0, 0, 1, 5}).Draw(t, "offset"), Snippets: true, Expand: rapid.IntRange(0, 3).Draw(t, "expand") == 0,
	}
}
