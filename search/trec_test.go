package search_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/search"
	"github.com/itsmkit/itsmkit/search/trec"
)

// TestTREC measures how the index ranks a test collection: ITSM_TREC=dir go test ./search -run TestTREC -count=1 -v. Without that
// variable it measures the CACM collection, which it knows the least figures of.
func TestTREC(t *testing.T) {
	dir, known := os.Getenv("ITSM_TREC"), false
	if shared := os.Getenv("ITSM_SHARED"); dir == "" && shared != "" {
		dir, known = filepath.Join(shared, "data", "cacm"), true
	}
	if dir == "" {
		t.Skip("set ITSM_TREC to a folder with a test collection (documents, topics, qrels), or ITSM_SHARED to the folder that has data/cacm")
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
	measure := func(expand bool) trec.Measures {
		run := trec.Run{}
		for _, topic := range c.Topics {
			q := search.Query{Filter: search.Filter{Tenant: "trec"}, Text: words(topic.Query()), Limit: 1000, Expand: expand}
			found, err := index.Search(t.Context(), q)
			require.NoError(t, err)
			for _, hit := range found.Hits {
				run[topic.ID] = append(run[topic.ID], hit.ID)
			}
		}
		return trec.Evaluate(c.Judgements, run)
	}
	plain, expanded := measure(false), measure(true)
	fmt.Println("default:", plain) // at the start of a line, for whoever reads the output
	fmt.Println("expanded:", expanded)
	if known {
		assert.GreaterOrEqual(t, plain.MAP, 0.312)
		assert.GreaterOrEqual(t, plain.P30, 0.194)
	}
}

// words takes the operators out of a text.
func words(text string) string {
	var list []string
	quotes := strings.NewReplacer(`"`, " ", "“", " ", "”", " ", "„", " ", "‟", " ", "«", " ", "»", " ")
	for _, w := range strings.Fields(quotes.Replace(text)) {
		list = append(list, strings.Trim(w, "-*"))
	}
	return strings.Join(list, " ")
}
