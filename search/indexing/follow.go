package indexing

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/search"
)

// feedMark is the name of the index's place in the feed: the position of the last event that it holds, and one more, so
// that a place before all events is no place at all.
const feedMark = "feed"

const (
	feedBatch  = 512
	buildBatch = 500
	// contended bounds how often a step is tried that other nodes make first. Each try that fails is another's success.
	contended = 1000
)

// tenant is whether a tenant is known to be built, and keeps its questions waiting until it is.
type tenant struct {
	mu    sync.Mutex
	built bool
}

// CatchUp works in what was committed before, and builds what the actor's tenant has where nobody has asked yet. Questions do
// it themselves: call it to have a large index built ahead, or to take up the events of a busy hour.
func (x *Indexer) CatchUp(ctx context.Context) error {
	actor, err := itsm.ActorFrom(ctx)
	if err != nil {
		return err
	}
	if err := x.follow(ctx); err != nil {
		return fmt.Errorf("indexing: %w", err)
	}
	known, _ := x.tenants.LoadOrStore(actor.Tenant, &tenant{})
	t := known.(*tenant)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.built {
		return nil
	}
	if err := x.build(ctx, actor.Tenant); err != nil {
		return fmt.Errorf("indexing: %w", err)
	}
	t.built = true
	return nil
}

// follow works in the events after the index's place. One at a time does it on a node, or many would read the same events.
func (x *Indexer) follow(ctx context.Context) error {
	x.following.Lock()
	defer x.following.Unlock()
	mark, err := x.index.Mark(ctx, feedMark)
	if err != nil {
		return err
	}
	if mark == 0 {
		if mark, err = x.begin(ctx); err != nil {
			return err
		}
	}
	for tries := 0; ; {
		feed, err := x.kernel.Store().Feed(ctx, nil, itsm.Position(mark-1), feedBatch)
		if err != nil || len(feed) == 0 {
			return err
		}
		put, remove, err := x.changed(ctx, feed)
		if err != nil {
			return err
		}
		next := int64(feed[len(feed)-1].Position) + 1
		moved, err := x.index.Replace(ctx, feedMark, mark, next, put, remove)
		switch {
		case err != nil:
			return err
		case moved:
			mark = next
			if len(feed) < feedBatch {
				return nil
			}
		default: // another node was first
			if tries++; tries > contended {
				return itsm.ErrConflict
			}
			if mark, err = x.index.Mark(ctx, feedMark); err != nil {
				return err
			}
		}
	}
}

// begin puts an index that is at no place at the end of the feed: what lies before is read from the records.
func (x *Indexer) begin(ctx context.Context) (int64, error) {
	// The end is where nothing comes after, which halving finds without reading the feed.
	end, beyond := int64(0), int64(math.MaxInt64-1)
	for end < beyond {
		half := end + (beyond-end)/2
		feed, err := x.kernel.Store().Feed(ctx, nil, itsm.Position(half), 1)
		if err != nil {
			return 0, err
		}
		if len(feed) == 0 {
			beyond = half
		} else {
			end = half + 1
		}
	}
	if _, err := x.index.Replace(ctx, feedMark, 0, end+1, nil, nil); err != nil {
		return 0, err
	}
	return x.index.Mark(ctx, feedMark) // it may be another node's
}

// build reads what a tenant has into the index, kind by kind: an index that outlives its configuration has some already. While
// it goes on, events move the place of the index: a page that was read before that is read again.
func (x *Indexer) build(ctx context.Context, tenant string) error {
	for i := range x.config.Sources {
		if err := x.buildKind(ctx, tenant, &x.config.Sources[i]); err != nil {
			return err
		}
	}
	return nil
}

func (x *Indexer) buildKind(ctx context.Context, tenant string, s *Source) error {
	done := "built " + s.Kind + " " + tenant
	built, err := x.index.Mark(ctx, done)
	if err != nil || built != 0 {
		return err
	}
	mark, err := x.index.Mark(ctx, feedMark)
	if err != nil {
		return err
	}
	cursor := ""
	for tries := 0; ; {
		page, err := x.kernel.List(system(ctx, tenant), s.Kind, itsm.Query{Filter: s.Filter, Limit: buildBatch, Cursor: cursor})
		if err != nil {
			return err
		}
		var put []search.Document
		for _, rec := range page.Records {
			if doc, ok := s.document(rec); ok {
				put = append(put, doc)
			}
		}
		kept, err := x.index.Replace(ctx, feedMark, mark, mark, put, nil)
		if err != nil {
			return err
		}
		if !kept {
			if tries++; tries > contended {
				return itsm.ErrConflict
			}
			if mark, err = x.index.Mark(ctx, feedMark); err != nil {
				return err
			}
			continue
		}
		if cursor, tries = page.Next, 0; cursor == "" {
			break
		}
	}
	_, err = x.index.Replace(ctx, done, 0, 1, nil, nil)
	return err
}

// changed is what events make of the documents. Each record is read as it is now: what happens to it later has an event
// of its own, which comes after these.
func (x *Indexer) changed(ctx context.Context, feed []itsm.Delivery) (put []search.Document, remove map[string][]search.Ref, err error) {
	remove = map[string][]search.Ref{}
	gone := func(tenant string, ref search.Ref) { remove[tenant] = append(remove[tenant], ref) }
	var keys []itsm.Key
	for _, d := range feed {
		key := d.Event.Key
		if named := x.config.Gone[key.Kind]; named != nil {
			refs, err := named(system(ctx, key.Tenant), key.Ref())
			if err != nil {
				return nil, nil, err
			}
			for _, ref := range refs {
				if _, indexed := x.sources[ref.Kind]; indexed {
					keys = append(keys, itsm.Key{Tenant: key.Tenant, Kind: ref.Kind, ID: ref.ID})
				}
			}
		}
		s, indexed := x.sources[key.Kind]
		if !indexed {
			continue
		}
		keys = append(keys, key)
		if s.Locale != "" {
			before, changed, err := s.formerly(d.Event)
			if err != nil {
				return nil, nil, err
			}
			if changed {
				gone(key.Tenant, search.Ref{Kind: key.Kind, ID: key.ID, Locale: before})
			}
		}
	}
	seen := map[itsm.Key]bool{}
	for _, key := range keys {
		if seen[key] {
			continue
		}
		seen[key] = true
		s := x.sources[key.Kind]
		rec, err := x.kernel.Get(system(ctx, key.Tenant), key.Ref())
		switch {
		case errors.Is(err, itsm.ErrNotFound):
			gone(key.Tenant, search.Ref{Kind: key.Kind, ID: key.ID, Locale: "*"}) // nothing says any more which it had
			continue
		case err != nil:
			return nil, nil, err
		}
		doc, ok := s.document(rec)
		if ok {
			put = append(put, doc)
		} else {
			gone(key.Tenant, doc.Ref)
		}
	}
	return put, remove, nil
}

// document is what is found of a record; its Ref is right also where it is not found.
func (s *Source) document(rec itsm.Record) (search.Document, bool) {
	head := rec.Header()
	doc, ok := s.Document(rec)
	doc.Tenant, doc.Kind, doc.ID = head.Tenant, s.Kind, head.ID
	if doc.At.IsZero() {
		doc.At = head.UpdatedAt
	}
	return doc, ok
}

// formerly is the locale that a record had before an event changed it.
func (s *Source) formerly(e *itsm.Event) (string, bool, error) {
	entry, err := e.Read()
	if err != nil {
		return "", false, err
	}
	for _, c := range entry.Changes {
		if c.Field == s.Locale {
			return c.From.Text(), true, nil
		}
	}
	return "", false, nil
}

func system(ctx context.Context, tenant string) context.Context {
	return itsm.WithActor(ctx, itsm.Actor{ID: itsm.SystemID, Tenant: tenant, Kind: itsm.System})
}

// local gives an index of this process its marks.
type local struct {
	search.Index
	mu    sync.Mutex
	marks map[string]int64
}

func (l *local) Mark(_ context.Context, name string) (int64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.marks[name], nil
}

// Replace needs no transaction: a part that was done is done again with the rest, when the mark has not moved.
func (l *local) Replace(ctx context.Context, name string, from, to int64, put []search.Document, remove map[string][]search.Ref) (bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.marks[name] != from {
		return false, nil
	}
	for tenant, refs := range remove {
		if err := l.Remove(ctx, tenant, refs...); err != nil {
			return false, err
		}
	}
	if len(put) > 0 {
		if err := l.Put(ctx, put...); err != nil {
			return false, err
		}
	}
	if l.marks == nil {
		l.marks = map[string]int64{}
	}
	l.marks[name] = to
	return true, nil
}
