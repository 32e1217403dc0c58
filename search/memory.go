package search

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
)

// Memory is an index in the memory of this process: fast, exact, and empty again when the process ends.
//
// Putting a document costs a step for each of its words, a search one for each time that its words occur in the tenant;
// no search waits for more than one batch that is put. A removed or replaced document leaves its postings behind, at no
// cost but their room: when they are more than half of a language, the call that made them so makes it anew, while searches
// go on.
//
// It keeps the texts that it is given beside the index, for snippets and to be made anew. A search that counts reads every
// posting of its words; Similar, which counts nothing, passes over most. A prefix looks at each document that may have it,
// and a phrase at each that has all its words.
type Memory struct {
	in     Weights
	k1, b  float64
	reader *Reader
	writes sync.Mutex

	mu      sync.RWMutex
	tenants map[string]map[*language]*shelf
	windows sync.Pool // of *[window]float64
}

var _ Index = (*Memory)(nil)

// Weights say how much a word of a field counts, in words of weight 1. A field of weight 0 is not searched.
type Weights struct {
	Title, Body, Keywords int
}

// Options set up a Memory. The zero Options are meant for any collection.
type Options struct {
	// Weights of the fields, 0 to 100 each. The zero Weights are a title of 3, keywords of 2 and a body of 1.
	Weights Weights
	// K1 says how slowly a word that is repeated stops to count, 1.2 for 0.
	K1 float64
	// B says how far long documents are marked down, 0.75 for 0, and not at all below 0; 1 at most.
	B float64
	// Language is the language of documents without a locale, as in a locale; empty where it is not known.
	Language string
}

// NewMemory is an empty index.
func NewMemory(o Options) *Memory {
	if o.Weights == (Weights{}) {
		o.Weights = Weights{Title: 3, Body: 1, Keywords: 2}
	}
	if o.K1 <= 0 {
		o.K1 = 1.2
	}
	if o.B == 0 {
		o.B = 0.75
	}
	m := &Memory{
		in: Weights{clamp(o.Weights.Title), clamp(o.Weights.Body), clamp(o.Weights.Keywords)},
		k1: o.K1, b: min(max(o.B, 0), 1), reader: NewReader(o.Language), tenants: map[string]map[*language]*shelf{},
	}
	m.windows.New = func() any { return new([window]float64) }
	return m
}

func clamp(weight int) int { return min(max(weight, 0), 100) }

// Put adds and replaces documents; see [Index]. Searches wait until the whole batch is there: thousands of documents at once
// are better put in several batches.
func (m *Memory) Put(ctx context.Context, docs ...Document) error {
	for i := range docs {
		if err := docs[i].Valid(); err != nil {
			return fmt.Errorf("document %d of %d: %w", i+1, len(docs), err)
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	m.writes.Lock()
	defer m.writes.Unlock()
	m.mu.Lock()
	for i := range docs {
		m.shelf(docs[i].Tenant, docs[i].Locale).put(&docs[i])
	}
	m.mu.Unlock()
	for i := range docs {
		m.tidy(docs[i].Tenant, m.reader.read(docs[i].Locale))
	}
	return nil
}

// Remove takes documents away; see [Index].
func (m *Memory) Remove(ctx context.Context, tenant string, refs ...Ref) error {
	if tenant == "" {
		return fmt.Errorf("%w: remove: give the tenant", ErrInvalid)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	m.writes.Lock()
	defer m.writes.Unlock()
	m.mu.Lock()
	for _, ref := range refs {
		for _, lang := range m.languages(tenant, ref) {
			m.tenants[tenant][lang].remove(ref)
		}
	}
	m.mu.Unlock()
	for _, ref := range refs {
		for _, lang := range m.languages(tenant, ref) {
			m.tidy(tenant, lang)
		}
	}
	return nil
}

// languages are those in which a tenant may have a document.
func (m *Memory) languages(tenant string, ref Ref) []*language {
	if ref.Locale == allLocales {
		return slices.Collect(maps.Keys(m.tenants[tenant]))
	}
	if lang := m.reader.read(ref.Locale); m.tenants[tenant][lang] != nil {
		return []*language{lang}
	}
	return nil
}

// tidy makes a worn shelf anew. Only the swap keeps searches out: nobody else writes meanwhile.
func (m *Memory) tidy(tenant string, lang *language) {
	s := m.tenants[tenant][lang]
	if s == nil || !s.worn() {
		return
	}
	fresh := s.anew()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.tenants[tenant][lang] = fresh
	if fresh.live == 0 {
		delete(m.tenants[tenant], lang)
	}
}

func (m *Memory) shelf(tenant, locale string) *shelf {
	shelves := m.tenants[tenant]
	if shelves == nil {
		shelves = map[*language]*shelf{}
		m.tenants[tenant] = shelves
	}
	lang := m.reader.read(locale)
	s := shelves[lang]
	if s == nil {
		s = newShelf(lang, m.in)
		shelves[lang] = s
	}
	return s
}
