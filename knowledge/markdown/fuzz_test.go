package markdown_test

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/itsmkit/itsmkit/knowledge/markdown"
)

func isLimit(err error) bool {
	return errors.Is(err, markdown.ErrSize) || errors.Is(err, markdown.ErrDepth)
}

func FuzzRender(f *testing.F) {
	for _, a := range attacks {
		f.Add(a)
	}
	f.Add(handbook)
	all := renderers(f)
	f.Fuzz(func(t *testing.T, body string) { requireStaysSafe(t, all, body) })
}

// pieces are what bodies are put together from: far more of these meet than of random letters.
var pieces = strings.Split("[|]|(|)|!|<|>|\"|'|`|```|~~|*|**|_|#|# |## |- |1. |> |\n|\n\n|    |\t| |\\|&|;|:|/|//|^|[^|[^1]|]: |[^1]: x|---|===|&lt;|&quot;|&#34;|&Tab;|&colon;|"+
	"javascript|https|http|data|mailto|attachment:|kb:KB0000001|www.|a.example|@|<!--|-->|<script>|</script>|<div>|<b |onclick=|style=|x|y|é|漢|\x00|\xff|\u202e|\u00a0|- [x] |{#x}|=|?|.|%|%0a|%22", "|")

func TestAnyBodyIsSafe(t *testing.T) {
	all := renderers(t)
	table := append(pieces, "|", "\n|-|-|\n", "|x|y|\n")
	rapid.Check(t, func(t *rapid.T) {
		requireStaysSafe(t, all, strings.Join(rapid.SliceOfN(rapid.SampledFrom(table), 0, 40).Draw(t, "body"), ""))
	})
}
