package itsm

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// TestPlainLinkReadsWhatJSONReads: where it reads a link at all, it is the one that JSON reads.
func TestPlainLinkReadsWhatJSONReads(t *testing.T) {
	plain := 0
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.StringMatching(`[a-zA-Z0-9_/"\\\\é ]{0,8}`), rapid.StringMatching(`[a-z]{1,8}`))
		facts := linkFacts{
			Name: text.Draw(t, "name"), Inverse: text.Draw(t, "inverse"),
			To: Ref{Kind: rapid.StringMatching(`[a-z]{1,5}`).Draw(t, "kind"), ID: text.Draw(t, "id")},
		}
		written, err := json.Marshal(facts)
		require.NoError(t, err)
		got, ok := plainLink(string(written))
		if !ok {
			return
		}
		plain++
		require.Equal(t, Link{Name: facts.Name, To: facts.To, Inverse: facts.Inverse}, got)
	})
	require.Positive(t, plain)
}
