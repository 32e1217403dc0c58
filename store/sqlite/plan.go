package sqlite

import (
	"context"
	"fmt"
	"sync"

	"github.com/itsmkit/itsmkit/internal/relational"
	"github.com/itsmkit/itsmkit/itsm"
)

// SQLite does not look at the limit when it chooses between the index of a condition, behind which it must sort, and the
// index of the order, along which it must pass over what does not match. What is right depends on how many records match
// a condition, so it is looked up: a few thousand steps along an index at most, which cost less than a wrong choice.

// fewRecords is up to how many records are rather sorted than found along the order.
const fewRecords = 4000

// planned is the dialect of a query: one index is left to SQLite, the names of the others are veiled.
func (n *snapshot) planned(ctx context.Context, k *relational.Kind, q *itsm.StoreQuery) (*relational.Dialect, error) {
	if q.Limit <= 0 || len(q.Sort) == 0 || q.Filter == nil {
		return &dialect, nil
	}
	order := k.Column(q.Sort[0].Column)
	if order == nil || !order.Stored {
		return &dialect, nil
	}
	conditions := conjuncts(k, q.Filter, nil)
	if len(conditions) == 0 {
		return &dialect, nil
	}
	best, least := order.Quoted(), int64(fewRecords+1)
	for _, f := range conditions {
		if f.Column == order.Name {
			return &dialect, nil // both are one index
		}
		count, err := n.few(ctx, k, q.Tenant, f)
		if err != nil {
			return nil, err
		}
		if count < least {
			best, least = k.Column(f.Column).Quoted(), count
		}
	}
	along := best == order.Quoted() // where the id goes on in the same index
	d := dialect
	d.Column = func(quoted string) string {
		if quoted == best || along && quoted == `"id"` {
			return quoted
		}
		return "+" + quoted
	}
	return &d, nil
}

// conjuncts are the parts of a filter that hold for all that it finds, and for which an index is of use.
func conjuncts(k *relational.Kind, f *itsm.Filter, found []*itsm.Filter) []*itsm.Filter {
	switch f.Op {
	case itsm.OpAll:
		for i := range f.Parts {
			found = conjuncts(k, &f.Parts[i], found)
		}
	case itsm.OpIn, itsm.OpLess, itsm.OpMost, itsm.OpMore, itsm.OpLeast, itsm.OpPrefix, itsm.OpEmpty:
		if col := k.Column(f.Column); col != nil && col.Stored {
			found = append(found, f)
		}
	}
	return found
}

// few counts the records for which a condition holds, up to where they are many.
func (n *snapshot) few(ctx context.Context, k *relational.Kind, tenant string, f *itsm.Filter) (count int64, err error) {
	c, exact, _, err := k.Condition(&dialect, &itsm.StoreQuery{Tenant: tenant, Kind: k.Name, Filter: f})
	if err != nil || !exact {
		return fewRecords + 1, err
	}
	key := k.Name + "\x00" + c.Where + fmt.Sprint(c.Args...)
	if n.store.many.has(key) {
		return fewRecords + 1, nil
	}
	_, err = n.c.one(ctx, `SELECT count(*) FROM (SELECT 1 FROM `+n.store.table(k).name+` WHERE `+c.Where+` LIMIT `+fmt.Sprint(fewRecords+1)+`)`, c.Args, &count)
	if count > fewRecords {
		n.store.many.add(key)
	}
	return count, err
}

// many remembers for a while of which conditions it is known that they hold for many records.
type many struct {
	mu    sync.Mutex
	known map[string]int // how often it is believed yet
}

const (
	believed  = 1000
	manyKnown = 1000
)

func (m *many) has(key string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	left := m.known[key]
	if left == 0 {
		return false
	}
	if left == 1 {
		delete(m.known, key)
	} else {
		m.known[key] = left - 1
	}
	return true
}

func (m *many) add(key string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.known == nil || len(m.known) >= manyKnown {
		m.known = map[string]int{}
	}
	m.known[key] = believed
}
