package postgres

import (
	"github.com/itsmkit/itsmkit/itsm"
)

// bulk gathers the rows that many sets add to one table, to be written by one statement each.
type bulk struct {
	events                 keyColumns
	eventVersions          []int64
	eventBodies            [][]byte
	rows                   keyColumns
	rowKinds, rowKeys      []string
	rowIDs                 []int64
	rowBodies              [][]byte
	fired                  keyColumns
	firedNames             []string
	cancelled              keyColumns
	cancelledNames         []string
	timers                 keyColumns
	timerNames             []string
	timerGenerations, dues []int64
	triggers, inputs       []string
}

// keyColumns are keys column by column.
type keyColumns struct{ tenants, kinds, ids []string }

func (c *keyColumns) add(k itsm.Key) {
	c.tenants, c.kinds, c.ids = append(c.tenants, k.Tenant), append(c.kinds, k.Kind), append(c.ids, k.ID)
}

// disjoint reports whether no record and no timer is in two of the sets: what they add may then be written in any order.
func disjoint(sets []*itsm.WriteSet, good []int) bool {
	records := map[itsm.Key]bool{}
	timers := map[timerName]bool{}
	for _, i := range good {
		for j := range sets[i].Records {
			key := sets[i].Records[j].Record.Header().Key()
			if records[key] {
				return false
			}
			records[key] = true
		}
		own := map[timerName]bool{}
		for j := range sets[i].Timers {
			name := timerName{sets[i].Timers[j].Timer.Key, sets[i].Timers[j].Timer.Name}
			if own[name] || timers[name] {
				return false
			}
			own[name] = true
		}
		if f := sets[i].Fired; f != nil {
			name := timerName{f.Key, f.Name}
			if timers[name] {
				return false
			}
			own[name] = true
		}
		for name := range own {
			timers[name] = true
		}
	}
	return true
}

// flush queues what was gathered. Records were written before, timers that fired end before they are set anew.
func (sc *script) flush() {
	b, text := sc.bulk, &sc.store.sql
	if b == nil {
		return
	}
	if len(b.events.ids) > 0 {
		sc.do(text.addEvents, b.events.tenants, b.events.kinds, b.events.ids, b.eventVersions, b.eventBodies)
	}
	if len(b.rows.ids) > 0 {
		sc.do(text.addRows, b.rows.tenants, b.rows.kinds, b.rows.ids, b.rowKinds, b.rowIDs, b.rowKeys, b.rowBodies)
	}
	if len(b.fired.ids) > 0 {
		sc.do(text.dropTimers, b.fired.tenants, b.fired.kinds, b.fired.ids, b.firedNames)
	}
	if len(b.cancelled.ids) > 0 {
		sc.do(text.dropTimers, b.cancelled.tenants, b.cancelled.kinds, b.cancelled.ids, b.cancelledNames)
	}
	if len(b.timers.ids) > 0 {
		sc.do(text.setTimers, b.timers.tenants, b.timers.kinds, b.timers.ids, b.timerNames, b.timerGenerations, b.dues, b.triggers, b.inputs)
	}
}
