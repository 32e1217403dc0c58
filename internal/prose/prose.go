// Package prose writes texts for benchmarks of search, the same every time.
package prose

import (
	"math/rand/v2"
	"strings"
)

// Prose writes texts of words as frequent as words are: the n-th of the vocabulary 1/n as often as the first. It is for one
// goroutine.
type Prose struct {
	// Chance decides what else a benchmark leaves to it.
	Chance *rand.Rand
	zipf   *rand.Zipf
	words  []string
}

// New is prose over a vocabulary of so many words that mean nothing.
func New(vocabulary int) *Prose {
	syllables := strings.Fields("ka lo mi ter prin fon ser ver net lap tra del gon pu zi re ba nu sol wim cor dex hal jin")
	words := make([]string, vocabulary)
	for i := range words {
		for n := i + 7; n > 0; n /= len(syllables) {
			words[i] += syllables[n%len(syllables)]
		}
	}
	return Of(words)
}

// Of is prose over words, the most frequent first.
func Of(words []string) *Prose {
	chance := rand.New(rand.NewPCG(1, 2))
	return &Prose{Chance: chance, zipf: rand.NewZipf(chance, 1.07, 2, uint64(len(words)-1)), words: words}
}

// Text is one of n words.
func (p *Prose) Text(n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = p.words[p.zipf.Uint64()]
	}
	return strings.Join(list, " ")
}
