package itsm

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/itsmkit/itsmkit/field"
)

// Bucket is how many records have a value in a column. The empty value stands for nothing filled in.
type Bucket struct {
	Value field.Value
	Count int64
}

// maxBuckets bounds how many values [Kernel.CountBy] tells apart.
const maxBuckets = 10_000

// CountBy answers for each value of a column how many records have it, of those that match and that the actor may see,
// in order of value: nothing filled in first. In a list each member counts once. Sort, limit and cursor do not matter.
// A column of more than 10,000 values is refused: narrow the filter, or count by another one.
func (r *Records[P]) CountBy(ctx context.Context, column string, q Query) ([]Bucket, error) {
	return r.k.CountBy(ctx, r.kind.name, column, q)
}

// CountBy is [Records.CountBy] for a kind by its name. A store that is no [ColumnCounter], and any store for a list, has
// to hand out all records that match.
func (k *Kernel) CountBy(ctx context.Context, of, column string, q Query) (buckets []Bucket, err error) {
	q.Sort, q.Cursor, q.Limit = nil, "", 0
	err = k.query(ctx, of, &q, func(x *tx, kd *kind, sq *StoreQuery) error {
		i, ok := kd.columnAt[column]
		if !ok {
			return Invalid("column", fmt.Sprintf("%s has no column %q", kd.name, column))
		}
		if slices.Contains(k.auth.Mask(ctx, x.actor, of), column) {
			return ErrDenied.with("column", column, "you may not count by a column that you do not see")
		}
		snap, err := x.snapshot()
		if err != nil {
			return err
		}
		if counter, ok := snap.(ColumnCounter); ok && kd.columns[i].Kind != field.KindList {
			buckets, err = counter.CountBy(ctx, sq, column, maxBuckets+1)
		} else {
			buckets, err = countByPages(ctx, snap, kd, sq, column)
		}
		if err == nil && len(buckets) > maxBuckets {
			err = Invalid("column", fmt.Sprintf("%s has more than %d values: narrow the filter, or count by another column", column, maxBuckets))
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return buckets, nil
}

// countByPages counts what a store hands out page by page. It ends when there are too many values.
func countByPages(ctx context.Context, snap Snapshot, kd *kind, sq *StoreQuery, column string) ([]Bucket, error) {
	counts := map[string]*Bucket{} // by the value as JSON
	count := func(v field.Value) {
		if v.IsZero() {
			v = field.Value{}
		}
		key := string(v.AppendJSON(nil))
		if counts[key] == nil {
			counts[key] = &Bucket{Value: v}
		}
		counts[key].Count++
	}
	page := *sq
	page.Sort, page.Limit = nil, maxLimit
	for len(counts) <= maxBuckets {
		records, err := snap.Query(ctx, nil, &page)
		if err != nil {
			return nil, err
		}
		for _, rec := range records {
			v := kd.Value(rec, column)
			if v.Kind() != field.KindList || v.Len() == 0 {
				count(v)
				continue
			}
			members := v.List()
			slices.Sort(members)
			for _, member := range slices.Compact(members) {
				count(field.Text(member))
			}
		}
		if len(records) < page.Limit {
			break
		}
		page.After = &Mark{ID: records[len(records)-1].Header().ID}
	}
	buckets := make([]Bucket, 0, len(counts))
	for _, b := range counts {
		buckets = append(buckets, *b)
	}
	slices.SortFunc(buckets, compareBuckets)
	return buckets, nil
}

// compareBuckets puts a whole number before another one that amounts to the same.
func compareBuckets(a, b Bucket) int {
	return cmp.Or(field.Compare(a.Value, b.Value), cmp.Compare(a.Value.Kind(), b.Value.Kind()))
}
