// Package searchtest holds the laws that every [search.Index] keeps.
//
//	func TestLaws(t *testing.T) {
//		searchtest.Run(t, func(testing.TB) search.Index { return search.NewMemory(search.Options{}) })
//	}
package searchtest

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/itsmkit/itsmkit/search"
)

// Run tests an index against the laws. Open answers an empty one each time.
func Run(t *testing.T, open func(t testing.TB) search.Index) {
	t.Run("finds words", func(t *testing.T) { words(t, open(t)) })
	t.Run("reads languages", func(t *testing.T) { languages(t, open(t)) })
	t.Run("filters", func(t *testing.T) { filters(t, open(t)) })
	t.Run("knows who may see what", func(t *testing.T) { visible(t, open(t)) })
	t.Run("ranks and pages", func(t *testing.T) { pages(t, open(t)) })
	t.Run("lists", func(t *testing.T) { lists(t, open(t)) })
	t.Run("replaces and removes", func(t *testing.T) { replaces(t, open(t)) })
	t.Run("finds what is similar", func(t *testing.T) { similar(t, open(t)) })
	t.Run("shows snippets", func(t *testing.T) { snippets(t, open(t)) })
	t.Run("refuses bad input", func(t *testing.T) { refuses(t, open(t)) })
	t.Run("keeps tenants apart", func(t *testing.T) { tenants(t, open(t)) })
	t.Run("shows nobody what they may not see", func(t *testing.T) { audiences(t, open) })
}

// article is one that everyone in acme may see.
func article(id, locale, title, body string) search.Document {
	return search.Document{Tenant: "acme", Ref: search.Ref{Kind: "article", ID: id, Locale: locale}, Title: title, Body: body, Allow: []string{search.Everyone}}
}

var acme = search.Filter{Tenant: "acme"}

func put(t *testing.T, index search.Index, docs ...search.Document) {
	t.Helper()
	must(t, index.Put(t.Context(), docs...))
}

// find are the IDs that a query finds, best first.
func find(t *testing.T, index search.Index, f search.Filter, text string) []string {
	t.Helper()
	found, err := index.Search(t.Context(), search.Query{Filter: f, Text: text, Limit: 100})
	must(t, err)
	equal(t, found.Total, len(found.Hits), text)
	return ids(found.Hits)
}

func ids(hits []search.Hit) []string {
	list := make([]string, len(hits))
	for i, h := range hits {
		list[i] = h.ID
	}
	return list
}

func words(t *testing.T, index search.Index) {
	put(t, index,
		article("1", "en", "Paper jam in the printer", "Open the tray. Remove the paper, then close it."),
		article("2", "en", "Printers on the third floor", "The printing queue is stuck; see error 0x80070005 of VPN-1234."),
		article("3", "en", "Mailbox is full", "Write an e-mail to help@example.com, with paper and jam apart."),
		article("4", "en", "", "Whoever prints by email"),
	)
	for _, c := range []struct {
		query string
		find  []string
	}{
		{"mailbox", []string{"3"}},
		{"MAILBOX", []string{"3"}},
		{"printer", []string{"1", "2"}},
		{"floor mailbox", []string{"2", "3"}},
		{`"paper jam"`, []string{"1"}},
		{`"jam paper"`, nil},
		{`"tray remove"`, []string{"1"}},
		{`"printer open"`, nil}, // not from the title into the body
		{`"in the printer"`, []string{"1"}},
		{`mailbox "paper jam"`, []string{"1"}},
		{"print*", []string{"1", "2", "4"}},
		{"printi*", []string{"2"}}, // prints has the same stem, and another beginning
		{"prints", []string{"2", "4"}},
		{"paper -jam", nil},
		{"printer -queue", []string{"1"}},
		{`paper -"paper jam"`, []string{"3"}},
		{"printer -que*", []string{"1"}},
		{"0x80070005", []string{"2"}},
		{"vpn", []string{"2"}},
		{"VPN-1234", []string{"2"}},
		{"vpn1234", []string{"2"}},
		{"vpn-12*", []string{"2"}},
		{"email", []string{"3", "4"}},
		{"print* -e-mail", []string{"1", "2"}},
		{"mailbox -email", nil},
		{"help@example.com", []string{"3"}},
		{"nothing", nil},
		{"the", []string{"1", "2"}}, // said by a query that says nothing else
		{"the mailbox", []string{"3"}},
	} {
		sameSet(t, c.find, find(t, index, acme, c.query), c.query)
	}
	found, err := index.Search(t.Context(), search.Query{Filter: acme, Text: "paper trays xyzzy"})
	must(t, err)
	equal(t, []string{"1", "3"}, ids(found.Hits))
	sum := 0.0
	var matched []string
	for _, m := range found.Hits[0].Matched {
		matched, sum = append(matched, m.Word), sum+m.Score
	}
	sameSet(t, []string{"paper", "trays"}, matched, "why it was found")
	equal(t, true, math.Abs(found.Hits[0].Score-sum) < 1e-6, "the scores of words add up")
}

func languages(t *testing.T, index search.Index) {
	put(t, index,
		article("en", "en-GB", "Connections", "They were connected"),
		article("de", "de", "Störungen der Häuser", "Drucker in Gebäuden"),
		article("fr", "fr", "Imprimantes réseau", "L'imprimante est arrêtée"),
		article("es", "es", "Conexiones", "Las instalaciones"),
		article("none", "", "connections", ""),
	)
	for query, want := range map[string][]string{
		"connection": {"en"}, "connecting": {"en"}, "connections": {"en", "none"},
		"störung": {"de"}, "storung": {"de"}, "Stoerung": {"de"}, "haus": {"de"}, "gebaude": {"de"},
		"imprimante": {"fr"}, "reseau": {"fr"}, "RÉSEAUX": {"fr"},
		"instalación": {"es"}, "instalacion": {"es"},
	} {
		sameSet(t, want, find(t, index, acme, query), query)
	}
}

func filters(t *testing.T, index search.Index) {
	doc := func(kind, id, locale, service string) search.Document {
		d := article(id, locale, "printer", "")
		d.Kind, d.Labels = kind, map[string][]string{"service": {service, "all"}, "item": {"p-" + id}}
		return d
	}
	put(t, index, doc("article", "1", "en", "print"), doc("incident", "2", "en-GB", "mail"), doc("incident", "3", "eng", "print"), doc("article", "4", "", "print"))
	for _, c := range []struct {
		filter search.Filter
		find   []string
	}{
		{search.Filter{}, []string{"1", "2", "3", "4"}},
		{search.Filter{Kinds: []string{"incident"}}, []string{"2", "3"}},
		{search.Filter{Kinds: []string{"incident", "article"}, Locales: []string{"EN"}}, []string{"1", "2"}},
		{search.Filter{Locales: []string{"en-gb"}}, []string{"2"}},
		{search.Filter{Locales: []string{"en-US", ""}}, []string{"4"}},
		{search.Filter{Locales: []string{"*"}}, []string{"1", "2", "3"}},
		{search.Filter{Labels: map[string][]string{"service": {"print"}}}, []string{"1", "3", "4"}},
		{search.Filter{Labels: map[string][]string{"service": {"print", "mail"}, "item": {"p-2", "p-3"}}}, []string{"2", "3"}},
		{search.Filter{Labels: map[string][]string{"category": {"x"}}}, nil},
	} {
		c.filter.Tenant = "acme"
		for _, query := range []string{"printer", `"printer"`, "", "print*", "-mail"} {
			sameSet(t, c.find, find(t, index, c.filter, query), c.filter, query)
		}
	}
}

// visible puts one document for each case, and asks as somebody with the tokens.
func visible(t *testing.T, index search.Index) {
	for i, c := range []struct {
		allow, deny, asker []string
		sees               bool
	}{
		{[]string{"a"}, nil, []string{"a"}, true},
		{[]string{"a", "b"}, []string{"c"}, []string{"x", "b"}, true},
		{[]string{"a", "b"}, []string{"x"}, []string{"x", "b"}, false},
		{[]string{"a"}, nil, []string{"b"}, false},
		{[]string{"a"}, nil, nil, false},
		{nil, nil, []string{"a"}, false},
		{nil, []string{"a"}, []string{"b"}, false},
		{[]string{search.Everyone}, nil, nil, true},
		{[]string{search.Everyone}, []string{"a"}, []string{"b"}, true},
		{[]string{search.Everyone}, []string{"a"}, []string{"b", "a"}, false},
		{[]string{search.Everyone, "a"}, []string{search.Everyone}, []string{"a"}, false},
	} {
		d := article(fmt.Sprint(i), "en", fmt.Sprintf("case%d word", i), "")
		d.Allow, d.Deny = c.allow, c.deny
		put(t, index, d)
		f := search.Filter{Tenant: "acme", Audience: c.asker}
		equal(t, c.sees, f.Sees(c.allow, c.deny), c)
		for _, query := range []string{fmt.Sprintf("case%d", i), fmt.Sprintf("case%d*", i), fmt.Sprintf(`"case%d word"`, i)} {
			equal(t, c.sees, slices.Contains(find(t, index, f, query), d.ID), c)
		}
		equal(t, c.sees, slices.Contains(find(t, index, f, ""), d.ID), c)
	}
}

func pages(t *testing.T, index search.Index) {
	for i := range 25 {
		put(t, index, article(fmt.Sprintf("%02d", i), "en", "", strings.Repeat("network ", i%5+1)+strings.Repeat("other ", 5-i%5)))
	}
	put(t, index, article("rare", "en", "", "network gateway other other"))
	all := find(t, index, acme, "network gateway")
	equal(t, 26, len(all))
	equal(t, "rare", all[0], "two words, one of them rare")
	equal(t, []string{"04", "09", "14", "19", "24"}, all[1:6], "as good as each other: by ID")
	for _, size := range []int{1, 7, 26} {
		var paged []string
		for offset := 0; offset < 30; offset += size {
			found, err := index.Search(t.Context(), search.Query{Filter: acme, Text: "network gateway", Limit: size, Offset: offset})
			must(t, err)
			equal(t, 26, found.Total)
			paged = append(paged, ids(found.Hits)...)
		}
		equal(t, all, paged)
	}
	found, err := index.Search(t.Context(), search.Query{Filter: acme, Text: "network"})
	must(t, err)
	equal(t, 10, len(found.Hits), "where no limit is given")
}

func lists(t *testing.T, index search.Index) {
	day := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for i, id := range []string{"b", "a", "old", "new"} {
		d := article(id, "en", "word "+id, "")
		d.At = day.Add([]time.Duration{0, 0, -time.Hour, time.Microsecond}[i])
		put(t, index, d)
	}
	equal(t, []string{"new", "a", "b", "old"}, find(t, index, acme, ""), "the newest first")
	equal(t, []string{"new", "a", "b"}, find(t, index, acme, "-old"))
	equal(t, 0, len(find(t, index, search.Filter{Tenant: "other"}, "")))
}

func replaces(t *testing.T, index search.Index) {
	put(t, index, article("1", "en", "printer", ""), article("1", "de", "Drucker", ""), article("2", "en", "first", ""), article("2", "en", "second", ""))
	put(t, index, article("1", "en", "scanner", ""))
	equal(t, 0, len(find(t, index, acme, "printer")))
	equal(t, 0, len(find(t, index, acme, "first")), "the last of a batch stays")
	equal(t, []string{"1"}, find(t, index, acme, "scanner"))
	equal(t, []string{"1"}, find(t, index, acme, "drucker"), "another locale is another document")

	secret := article("1", "en", "scanner", "")
	secret.Allow = []string{"board"}
	put(t, index, secret)
	equal(t, 0, len(find(t, index, acme, "scanner")), "with new audiences as well")

	ctx := t.Context()
	must(t, index.Remove(ctx, "other", search.Ref{Kind: "article", ID: "1", Locale: "de"}))
	equal(t, 1, len(find(t, index, acme, "drucker")))
	de := search.Ref{Kind: "article", ID: "1", Locale: "de"}
	must(t, index.Remove(ctx, "acme", de, search.Ref{Kind: "article", ID: "none"}))
	must(t, index.Remove(ctx, "acme", de)) // what is not there is no error
	equal(t, 0, len(find(t, index, acme, "drucker")))
	equal(t, []string{"2"}, find(t, index, acme, ""))

	put(t, index, article("2", "", "second", ""), article("2", "de-AT", "Zweites", ""), article("3", "de", "Drittes", ""))
	must(t, index.Remove(ctx, "acme", search.Ref{Kind: "article", ID: "2", Locale: "*"}, search.Ref{Kind: "incident", ID: "3", Locale: "*"}))
	equal(t, []string{"3"}, find(t, index, acme, ""), "in all its locales")
}

func similar(t *testing.T, index search.Index) {
	put(t, index,
		article("1", "en", "VPN client cannot connect from home", ""),
		article("2", "en", "Connecting the VPN client fails at home", ""),
		article("3", "en", "Printer is out of paper", ""),
		article("4", "en", "Home page cannot be opened", ""),
	)
	hidden := article("5", "en", "VPN client cannot connect from home", "Takeover")
	hidden.Allow = []string{"board"}
	put(t, index, hidden)
	ctx := t.Context()
	found, err := index.Similar(ctx, search.Like{Filter: acme, Of: search.Ref{Kind: "article", ID: "1", Locale: "en"}})
	must(t, err)
	equal(t, "2", ids(found.Hits)[0])
	equal(t, false, slices.Contains(ids(found.Hits), "1"), "not itself")
	equal(t, false, slices.Contains(ids(found.Hits), "3"))
	equal(t, false, slices.Contains(ids(found.Hits), "5"))
	equal(t, found.Total, len(found.Hits))

	found, err = index.Similar(ctx, search.Like{Filter: acme, Text: `-the "printer" lost its papers`, Limit: 1})
	must(t, err)
	equal(t, []string{"3"}, ids(found.Hits), "a text has no operators")

	found, err = index.Similar(ctx, search.Like{Filter: acme, Text: "takeover takeover printer", Terms: 1})
	must(t, err)
	equal(t, []string{"3"}, ids(found.Hits), "a word that only hidden documents have takes no place")

	for _, ref := range []search.Ref{{Kind: "article", ID: "5", Locale: "en"}, {Kind: "article", ID: "none"}} {
		_, err = index.Similar(ctx, search.Like{Filter: acme, Of: ref})
		fails(t, err, search.ErrNotFound, "what is hidden is as what is not there")
	}
}

func snippets(t *testing.T, index search.Index) {
	long := strings.Repeat("Much is said before. ", 40) + "Then the <b>gateways</b> répondent, at last. " + strings.Repeat("More is said after. ", 40)
	put(t, index, article("1", "en", "A Gateway & more", long))
	found, err := index.Search(t.Context(), search.Query{Filter: acme, Text: "gateway repondent", Snippets: true})
	must(t, err)
	equal(t, 1, len(found.Hits))
	h := found.Hits[0]
	equal(t, "A [Gateway] & more", h.Title.Mark("[", "]", nil))
	equal(t, true, strings.Contains(h.Fragment.Mark("[", "]", nil), "the <b>[gateways]</b> [répondent], at"), h.Fragment)
	equal(t, true, len(h.Fragment.Text) < 400)
	equal(t, true, h.Fragment.Before && h.Fragment.After)
	found, err = index.Search(t.Context(), search.Query{Filter: acme, Text: "gateway"})
	must(t, err)
	equal(t, "", found.Hits[0].Fragment.Text, "not asked for")
}

func refuses(t *testing.T, index search.Index) {
	ctx := t.Context()
	good := article("1", "en", "word", "")
	for _, bad := range []search.Document{{}, {Tenant: "acme"}, {Tenant: "acme", Ref: search.Ref{Kind: "article"}}, {Tenant: "acme", Ref: search.Ref{ID: "1"}}, {Ref: good.Ref}} {
		fails(t, index.Put(ctx, good, bad), search.ErrInvalid)
	}
	equal(t, 0, len(find(t, index, acme, "")), "all or none")
	fails(t, index.Remove(ctx, "", good.Ref), search.ErrInvalid)
	for _, q := range []search.Query{
		{Text: "word"}, {Filter: acme, Limit: -1}, {Filter: acme, Offset: -1}, {Filter: acme, Limit: 10_001},
		{Filter: acme, Limit: 1, Offset: 10_000}, {Filter: acme, Text: strings.Repeat("x", 16<<10+1)},
	} {
		_, err := index.Search(ctx, q)
		fails(t, err, search.ErrInvalid)
	}
	for _, l := range []search.Like{
		{Text: "word"}, {Filter: acme, Of: search.Ref{Kind: "article"}}, {Filter: acme, Of: good.Ref, Text: "word"}, {Filter: acme, Terms: -1},
		{Filter: acme, Limit: -1}, {Filter: acme, Text: strings.Repeat("x", 1<<20+1)},
	} {
		_, err := index.Similar(ctx, l)
		fails(t, err, search.ErrInvalid)
	}
	ended, end := context.WithCancel(ctx)
	end()
	fails(t, index.Put(ended, good), context.Canceled)
	fails(t, index.Remove(ended, "acme", good.Ref), context.Canceled)
	_, err := index.Search(ended, search.Query{Filter: acme})
	fails(t, err, context.Canceled)
	_, err = index.Similar(ended, search.Like{Filter: acme, Text: "word"})
	fails(t, err, context.Canceled)
	equal(t, 0, len(find(t, index, acme, "")))
}

func tenants(t *testing.T, index search.Index) {
	put(t, index, article("1", "en", "printer", "one"), article("2", "en", "scanner", "two"))
	before, err := index.Search(t.Context(), search.Query{Filter: acme, Text: "printer scan*"})
	must(t, err)
	for i := range 20 {
		other := article(fmt.Sprint(i), "en", "printer scanner scans", "many words of another")
		other.Tenant = "other"
		put(t, index, other)
	}
	after, err := index.Search(t.Context(), search.Query{Filter: acme, Text: "printer scan*"})
	must(t, err)
	equal(t, before, after, "scores too")
	equal(t, 20, len(find(t, index, search.Filter{Tenant: "other"}, "printer")))
}

// audiences puts random documents, and asks for them as somebody: the answer must be as if nothing else was there, but
// for scores. A failure names the seed.
func audiences(t *testing.T, open func(testing.TB) search.Index) {
	rounds := uint64(200)
	if testing.Short() {
		rounds = 40
	}
	for seed := range rounds {
		if audience(t, rand.New(rand.NewPCG(seed, 3)), open(t), open(t)); t.Failed() {
			t.Fatal("seed ", seed)
		}
	}
}

// audience puts documents into an index, and those that the asker may see into another one as well.
func audience(t *testing.T, draw *rand.Rand, index, only search.Index) {
	ctx := t.Context()
	some := func(most int, from ...string) []string {
		list := make([]string, draw.IntN(most+1))
		for i := range list {
			list[i] = from[draw.IntN(len(from))]
		}
		return list
	}
	text := func() string {
		return strings.Join(some(6, "printer", "printers", "printing", "paper", "jam", "the", "mail", "mailbox"), " ")
	}
	f := search.Filter{Tenant: "acme", Audience: some(3, "a", "b", "c")}
	if draw.IntN(2) == 0 {
		f.Locales = []string{"en"}
	}
	seen := map[search.Ref]bool{}
	for i := range 1 + draw.IntN(12) {
		d := article(fmt.Sprint(i%8), []string{"en", "de", ""}[draw.IntN(3)], text(), text())
		d.Allow, d.Deny = some(3, "a", "b", "c", search.Everyone), some(1, "a", "b", "c")
		put(t, index, d)
		must(t, only.Remove(ctx, "acme", d.Ref))
		if seen[d.Ref] = f.Passes(&d); seen[d.Ref] {
			put(t, only, d)
		}
	}
	for _, text := range []string{"", "printer", "printing mail", `"paper jam"`, "print*", "printi*", "paper -jam", "-print*", "the", `"the printer" mail`} {
		q := search.Query{Filter: f, Text: text, Limit: 100, Snippets: true}
		got, err := index.Search(ctx, q)
		must(t, err)
		want, err := only.Search(ctx, q)
		must(t, err)
		equal(t, want.Total, got.Total, "total of ", text)
		equal(t, shown(want), shown(got), text)
		q.Expand = true
		wide, err := index.Search(ctx, q)
		must(t, err)
		for _, h := range wide.Hits {
			equal(t, true, seen[h.Ref], h.Ref, " for ", text, ", expanded")
		}
		equal(t, true, wide.Total >= got.Total, text, ", expanded, finds less")
	}
	like, err := index.Similar(ctx, search.Like{Filter: f, Text: "printer paper jam mailbox", Limit: 100})
	must(t, err)
	for _, h := range like.Hits {
		equal(t, true, seen[h.Ref], h.Ref, " as similar")
	}
}

// shown is what an answer shows beside its scores, in no order.
func shown(r search.Result) []string {
	list := make([]string, len(r.Hits))
	for i, h := range r.Hits {
		slices.SortFunc(h.Matched, func(a, b search.Match) int { return cmp.Compare(a.Word, b.Word) })
		list[i] = fmt.Sprint(h.Ref, " ", h.Title.Mark("[", "]", nil))
		for _, m := range h.Matched {
			list[i] += " " + m.Word
		}
	}
	slices.Sort(list)
	return list
}
