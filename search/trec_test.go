package search_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/search"
	"github.com/itsmkit/itsmkit/search/trec"
)

// TestTREC measures how the index ranks a test collection: ITSM_TREC=dir go test ./search -run TestTREC -count=1 -v.
func TestTREC(t *testing.T) {
	dir := os.Getenv("ITSM_TREC")
	if dir == "" {
		t.Skip("ITSM_TREC names no folder with a test collection (documents, topics, qrels)")
	}
	c, err := trec.Open(dir)
	require.NoError(t, err)
	index := search.NewMemory(search.Options{})
	for _, d := range c.Documents {
		require.NoError(t, index.Put(t.Context(), search.Document{
			Tenant: "trec", Ref: search.Ref{Kind: "document", ID: d.ID, Locale: "en"}, Title: d.Title, Body: d.Text,
			Allow: []string{search.Everyone},
		}))
	}
	t.Logf("%d documents, %d topics, judgements of %d", len(c.Documents), len(c.Topics), len(c.Judgements))
	for _, way := range []struct {
		name   string
		expand bool
	}{{"default", false}, {"expanded", true}} {
		run := trec.Run{}
		for _, topic := range c.Topics {
			q := search.Query{Filter: search.Filter{Tenant: "trec"}, Text: words(topic.Query()), Limit: 1000, Expand: way.expand}
			found, err := index.Search(t.Context(), q)
			require.NoError(t, err)
			for _, hit := range found.Hits {
				run[topic.ID] = append(run[topic.ID], hit.ID)
			}
		}
		t.Logf("%s: %s", way.name, trec.Evaluate(c.Judgements, run))
	}
}

// words takes the operators out of a text.
func words(text string) string {
	var list []string
	for _, w := range strings.Fields(strings.ReplaceAll(text, `"`, " ")) {
		list = append(list, strings.Trim(w, "-*"))
	}
	return strings.Join(list, " ")
}
