package relational

import (
	"context"
	"slices"
	"strings"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
)

// Source reads a kind's table at one instant.
type Source interface {
	// Select appends the records for which a clause holds, in its order, limit at most; 0 is no limit.
	Select(ctx context.Context, dst []itsm.Record, k *Kind, c Clause, limit int) ([]itsm.Record, error)
	// Count counts them.
	Count(ctx context.Context, k *Kind, c Clause) (int64, error)
	// Group counts them by what a column holds: up to limit values, each given to add as a string, an int64 or bytes.
	Group(ctx context.Context, k *Kind, c Clause, col *Column, limit int, add func(stored any, n int64)) error
}

// Query implements [itsm.Snapshot]'s. Where SQL does not know all of the filter it reads on until the page is full; where
// it does not know the order it reads all that match, a stretch at a time, and keeps one page.
func (k *Kind) Query(ctx context.Context, d *Dialect, src Source, dst []itsm.Record, q *itsm.StoreQuery) ([]itsm.Record, error) {
	if err := q.Check(); err != nil {
		return dst, err
	}
	c, exact, sorted, err := k.Condition(d, q)
	switch {
	case err != nil:
		return dst, err
	case exact && sorted:
		return src.Select(ctx, dst, k, c, q.Limit)
	case sorted:
		return k.sift(ctx, d, src, dst, q)
	}
	return k.gather(ctx, d, src, dst, q)
}

// The sizes of a stretch that is read to be judged in Go.
const (
	firstStretch = 128
	lastStretch  = 2048
)

// sift reads in order, and keeps what the filter holds for.
func (k *Kind) sift(ctx context.Context, d *Dialect, src Source, dst []itsm.Record, q *itsm.StoreQuery) ([]itsm.Record, error) {
	found := 0
	err := k.walk(ctx, d, src, *q, func(r itsm.Record) bool {
		if k.match(q.Filter, r) {
			dst = append(dst, r)
			found++
		}
		return q.Limit <= 0 || found < q.Limit
	})
	return dst, err
}

// gather reads all that may match in order of id, and keeps the page.
func (k *Kind) gather(ctx context.Context, d *Dialect, src Source, dst []itsm.Record, q *itsm.StoreQuery) ([]itsm.Record, error) {
	p := pile{sort: q.Sort}
	var mark *match
	if q.After != nil {
		mark = &match{id: q.After.ID, values: q.After.Values}
	}
	all := *q
	all.Sort, all.After = nil, nil
	err := k.walk(ctx, d, src, all, func(r itsm.Record) bool {
		if !k.match(q.Filter, r) {
			return true
		}
		m := match{id: r.Header().ID, record: r, values: make([]field.Value, len(q.Sort))}
		for i, s := range q.Sort {
			m.values[i] = k.value(r, s.Column)
		}
		if mark == nil || p.compare(m, *mark) > 0 {
			p.matches = append(p.matches, m)
		}
		if q.Limit > 0 && len(p.matches) >= 2*q.Limit+lastStretch {
			p.trim(q.Limit)
		}
		return true
	})
	p.trim(q.Limit)
	for i := range p.matches {
		dst = append(dst, p.matches[i].record)
	}
	return dst, err
}

// walk hands out the records for which the SQL of a query holds, in its order, a stretch at a time.
func (k *Kind) walk(ctx context.Context, d *Dialect, src Source, q itsm.StoreQuery, take func(itsm.Record) bool) error {
	var stretch []itsm.Record
	for size := firstStretch; ; size = min(2*size, lastStretch) {
		c, _, _, err := k.Condition(d, &q)
		if err != nil {
			return err
		}
		stretch, err = src.Select(ctx, stretch[:0], k, c, size)
		if err != nil {
			return err
		}
		for _, r := range stretch {
			if !take(r) {
				return nil
			}
		}
		if len(stretch) < size {
			return nil
		}
		last := stretch[len(stretch)-1]
		q.After = &itsm.Mark{ID: last.Header().ID}
		for _, s := range q.Sort {
			q.After.Values = append(q.After.Values, k.value(last, s.Column))
		}
	}
}

// Count implements [itsm.Snapshot]'s.
func (k *Kind) Count(ctx context.Context, d *Dialect, src Source, q *itsm.StoreQuery) (int64, error) {
	all := itsm.StoreQuery{Tenant: q.Tenant, Kind: q.Kind, Filter: q.Filter}
	if err := all.Check(); err != nil {
		return 0, err
	}
	c, exact, _, err := k.Condition(d, &all)
	if err != nil || exact {
		if err != nil {
			return 0, err
		}
		return src.Count(ctx, k, c)
	}
	n := int64(0)
	err = k.walk(ctx, d, src, all, func(r itsm.Record) bool {
		if k.match(q.Filter, r) {
			n++
		}
		return true
	})
	return n, err
}

// CountBy implements [itsm.ColumnCounter].
func (k *Kind) CountBy(ctx context.Context, d *Dialect, src Source, q *itsm.StoreQuery, column string, limit int) ([]itsm.Bucket, error) {
	all := itsm.StoreQuery{Tenant: q.Tenant, Kind: q.Kind, Filter: q.Filter}
	if err := all.Check(); err != nil {
		return nil, err
	}
	c, exact, _, err := k.Condition(d, &all)
	if err != nil {
		return nil, err
	}
	t := tally{limit: limit, counts: map[string]*itsm.Bucket{}}
	col := k.Column(column)
	// A number of a custom field may be whole or not: its key tells not which, and a text may be a list.
	if exact && col != nil && col.Stored && !col.custom {
		err = src.Group(ctx, k, c, col, limit, func(stored any, n int64) { t.add(col.decode(stored), n) })
	} else {
		err = k.walk(ctx, d, src, all, func(r itsm.Record) bool {
			if k.match(q.Filter, r) {
				t.addMembers(k.value(r, column))
			}
			return true
		})
	}
	return t.buckets(), err
}

func (k *Kind) match(f *itsm.Filter, r itsm.Record) bool {
	return f == nil || f.Match(func(name string) field.Value { return k.value(r, name) })
}

func (k *Kind) value(r itsm.Record, column string) field.Value {
	if c := k.Columns[column]; c != nil {
		return c.codec.Value(r, column)
	}
	return field.Value{}
}

// pile is what was found so far, to be sorted.
type pile struct {
	sort    []itsm.Sort
	matches []match
}

type match struct {
	id     string
	values []field.Value
	record itsm.Record
}

func (p *pile) compare(a, b match) int {
	down := false
	for i, s := range p.sort {
		down = s.Descending
		if c := field.Compare(a.values[i], b.values[i]); c != 0 {
			if down {
				return -c
			}
			return c
		}
	}
	if down {
		return strings.Compare(b.id, a.id)
	}
	return strings.Compare(a.id, b.id)
}

func (p *pile) trim(limit int) {
	slices.SortFunc(p.matches, p.compare)
	if limit > 0 && len(p.matches) > limit {
		clear(p.matches[limit:])
		p.matches = p.matches[:limit]
	}
}

// tally counts values up to a limit of them.
type tally struct {
	limit  int
	counts map[string]*itsm.Bucket
}

func (t *tally) add(v field.Value, n int64) {
	if v.IsZero() {
		v = field.Value{}
	}
	key := string(v.AppendJSON([]byte{byte(v.Kind())}))
	switch b := t.counts[key]; {
	case b != nil:
		b.Count += n
	case len(t.counts) < t.limit:
		t.counts[key] = &itsm.Bucket{Value: v, Count: n}
	}
}

// addMembers counts a value; of a list each member once.
func (t *tally) addMembers(v field.Value) {
	if v.Len() == 0 {
		t.add(v, 1)
		return
	}
	members := v.List()
	slices.Sort(members)
	for _, m := range slices.Compact(members) {
		t.add(field.Text(m), 1)
	}
}

func (t *tally) buckets() []itsm.Bucket {
	buckets := make([]itsm.Bucket, 0, len(t.counts))
	for _, b := range t.counts {
		buckets = append(buckets, *b)
	}
	slices.SortFunc(buckets, func(a, b itsm.Bucket) int {
		if c := field.Compare(a.Value, b.Value); c != 0 {
			return c
		}
		return int(a.Value.Kind()) - int(b.Value.Kind())
	})
	return buckets
}
