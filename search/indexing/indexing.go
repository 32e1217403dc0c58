// Package indexing keeps a search index in step with the records of a desk, and asks it on behalf of the actor.
//
//	x, err := indexing.New(kernel, indexing.Config{Sources: sources, Audience: audience})
//	...
//	found, err := x.Search(ctx, search.Query{Text: "vpn"})
//
// The index follows the store's feed of events. It is built, tenant by tenant, when a tenant first asks, and every question
// first takes in what was committed before it: an answer is never older than its question, on each node of several, and
// there is nothing to run in the background and nothing to rebuild after a crash.
//
// An index of this process's memory belongs to each node. One that several nodes share, such as that of module
// search/postgres, is a [Shared]: its place in the feed moves together with its documents, so that each event is worked
// into it once, whichever node does it.
package indexing

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/search"
)

// Shared is an index that keeps marks beside its documents, and moves them together.
type Shared interface {
	search.Index
	// Mark answers what was last written under a name, 0 where nothing was.
	Mark(ctx context.Context, name string) (int64, error)
	// Replace takes documents away by tenant, then puts others, and moves the mark: all or nothing. It is false, and changes
	// nothing, where the mark is not from any more. From and to may be the same.
	Replace(ctx context.Context, name string, from, to int64, put []search.Document, remove map[string][]search.Ref) (bool, error)
}

// Source says what of a kind of records is found.
type Source struct {
	Kind string
	// Filter limits the records that are read when the index is built; nil reads all. It may let pass more than Document does.
	Filter *itsm.Filter
	// Document is what is found of a record, and false where it is not found: the record is then taken out of the index. It
	// is given tenant, kind and ID, and the record's last event as its instant where it names none. A document
	// that is not found has its locale all the same. It may run again, and must not change the record.
	Document func(itsm.Record) (search.Document, bool)
	// Locale is the column that holds the document's locale, where it may change; empty where it does not.
	Locale string
}

// Config says what is indexed and who finds it.
type Config struct {
	// Index holds the documents. It is filled from the store, and nobody else writes to it. Nil is one in memory.
	Index search.Index
	// Sources are the kinds that are indexed, each once.
	Sources []Source
	// Audience answers the tokens of an actor, which the documents' Allow and Deny name; nil finds for everybody what
	// [search.Everyone] may see.
	Audience func(ctx context.Context, a *itsm.Actor) ([]string, error)
	// Gone names, by kind, records that events of the kind tell to be gone, such as those of a purge.
	Gone map[string]func(ctx context.Context, of itsm.Ref) ([]itsm.Ref, error)
}

// Indexer asks an index that it keeps in step. It may be used by many goroutines.
type Indexer struct {
	kernel  *itsm.Kernel
	config  Config
	index   Shared
	sources map[string]Source

	following sync.Mutex
	tenants   sync.Map // of *tenant, by name
}

// New makes an indexer over a kernel that is not open yet. It lists every fault of the configuration.
func New(k *itsm.Kernel, c Config) (*Indexer, error) {
	x := &Indexer{kernel: k, config: c, sources: map[string]Source{}}
	var faults []error
	for i, s := range c.Sources {
		where := fmt.Sprintf("Sources[%d]", i)
		if s.Kind == "" || s.Document == nil {
			faults = append(faults, itsm.Invalid(where, "name a kind, and say what its documents are"))
		}
		if _, twice := x.sources[s.Kind]; twice {
			faults = append(faults, itsm.Invalid(where, "there is a source for "+s.Kind+" already"))
		}
		x.sources[s.Kind] = s
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	switch index := c.Index.(type) {
	case nil:
		x.index = &local{Index: search.NewMemory(search.Options{})}
	case Shared:
		x.index = index
	default:
		x.index = &local{Index: index}
	}
	k.OnOpen(func(k *itsm.Kernel) error {
		var faults []error
		for _, s := range c.Sources {
			if s.Filter != nil {
				faults = append(faults, k.CheckFilter(s.Kind, *s.Filter))
			}
			if s.Locale != "" {
				faults = append(faults, k.CheckColumn(s.Kind, s.Locale))
			}
		}
		return errors.Join(faults...)
	})
	return x, nil
}

// Search answers what a query finds for the actor. The query's tenant and audience are the actor's, whatever it says. A hit
// that the authorizer denies to the actor is left out, and not counted where it would have been on the page. It costs a
// look at the feed, what is new there, the search, and a read of each hit.
func (x *Indexer) Search(ctx context.Context, q search.Query) (search.Result, error) {
	return x.ask(ctx, &q.Filter, func() (search.Result, error) { return x.index.Search(ctx, q) })
}

// Similar answers the documents that are most like a text or a document, as Search does.
func (x *Indexer) Similar(ctx context.Context, like search.Like) (search.Result, error) {
	return x.ask(ctx, &like.Filter, func() (search.Result, error) { return x.index.Similar(ctx, like) })
}

func (x *Indexer) ask(ctx context.Context, f *search.Filter, question func() (search.Result, error)) (search.Result, error) {
	actor, err := itsm.ActorFrom(ctx)
	if err != nil {
		return search.Result{}, err
	}
	f.Tenant, f.Audience = actor.Tenant, nil
	if x.config.Audience != nil {
		if f.Audience, err = x.config.Audience(ctx, &actor); err != nil {
			return search.Result{}, err
		}
	}
	if err := x.CatchUp(ctx); err != nil {
		return search.Result{}, err
	}
	found, err := question()
	if err != nil {
		return search.Result{}, err
	}
	asked := len(found.Hits)
	for _, h := range slices.Clone(found.Hits) {
		switch err := x.kernel.May(ctx, itsm.Ref{Kind: h.Kind, ID: h.ID}, itsm.Read); {
		case err == nil:
		case errors.Is(err, itsm.ErrNotFound), errors.Is(err, itsm.ErrDenied):
			found.Hits = slices.DeleteFunc(found.Hits, func(o search.Hit) bool { return o.Ref == h.Ref })
		default:
			return search.Result{}, err
		}
	}
	found.Total -= asked - len(found.Hits)
	return found, nil
}
