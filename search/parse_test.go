package search_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/itsmkit/itsmkit/search"
)

func TestParseQuery(t *testing.T) {
	type c = search.Clause
	for text, want := range map[string][]c{
		"":                   nil,
		"  \t ":              nil,
		"printer  jam":       {{Text: "printer"}, {Text: "jam"}},
		`"paper  jam"`:       {{Text: "paper jam", Phrase: true}},
		`„Papier Stau“ «a»`:  {{Text: "Papier Stau", Phrase: true}, {Text: "a", Phrase: true}},
		`a"b c"d`:            {{Text: "a"}, {Text: "b c", Phrase: true}, {Text: "d"}},
		`open "to the end`:   {{Text: "open"}, {Text: "to the end", Phrase: true}},
		"print* -toner":      {{Text: "print", Prefix: true}, {Text: "toner", Exclude: true}},
		`-"paper jam" -pr**`: {{Text: "paper jam", Phrase: true, Exclude: true}, {Text: "pr", Prefix: true, Exclude: true}},
		"- * -* \"\" --a":    {{Text: "a", Exclude: true}},
		"VPN-1234 a*b":       {{Text: "VPN-1234"}, {Text: "a*b"}},
	} {
		assert.Equal(t, want, search.ParseQuery(text), "%q", text)
	}
}
