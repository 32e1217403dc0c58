package service

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/service/impact"
)

// HealthRules say what is to be found.
type HealthRules struct {
	// At is the instant at which the map is judged; zero is now.
	At time.Time
	// StaleAfter is how long an item counts as confirmed after it was seen; items that nobody ever saw count from when they are
	// there. 0 judges nobody. It is judged of the items that are in use or in maintenance.
	StaleAfter time.Duration
	// Codes limits what is looked for; nil is everything.
	Codes []impact.Code
}

// Health lists what is wrong in the map, by code and number: items that nothing has to do with, services that rest on nothing,
// items of one name, gates that ask for more than there is, relations whose ends are not there, and items that were not
// confirmed for too long. The actor needs the right to read the map, and items where they may be stale. It costs a pass over
// the whole map.
func (s *Services) Health(ctx context.Context, rules HealthRules) (faults []impact.Fault, err error) {
	if rules.At.IsZero() {
		rules.At = s.Kernel().Clock().Now()
	}
	err = s.maps.ask(ctx, func(t *tenantMap) error {
		faults = t.health(rules.At, s.Kernel().Clock().Now())
		return nil
	})
	if err != nil {
		return nil, err
	}
	if rules.StaleAfter > 0 {
		stale, err := s.stale(ctx, rules)
		if err != nil {
			return nil, err
		}
		faults = append(faults, stale...)
	}
	if rules.Codes != nil {
		faults = slices.DeleteFunc(faults, func(f impact.Fault) bool { return !slices.Contains(rules.Codes, f.Code) })
	}
	slices.SortStableFunc(faults, func(a, b impact.Fault) int {
		return cmp.Or(cmp.Compare(a.Code, b.Code), slices.Compare(a.IDs, b.IDs))
	})
	return faults, nil
}

// health drops what package impact cannot know to be right: what is planned is still to come, what is only connected is no
// orphan, and a group none of whose relations holds asks for nothing.
func (n *network) health(at, now time.Time) []impact.Fault {
	w := window{at, at}
	overdue := n.overdue(w, now)
	return slices.DeleteFunc(n.view(w).Health(impact.Rules{}), func(f impact.Fault) bool {
		switch f.Code {
		case impact.FaultOrphan, impact.FaultUnsupported:
			return f.Code == impact.FaultOrphan && n.neutral[f.IDs[0]] > 0 || slices.Contains(overdue, f.IDs[0])
		case impact.FaultUnknownNode:
			return slices.ContainsFunc(f.IDs, func(id string) bool { return n.known[id].state == StatePlanned })
		case impact.FaultGate:
			return !slices.ContainsFunc(n.groups[groupKey{f.IDs[0], f.Group}], func(id string) bool { return n.holds(w, n.ties[id]) })
		}
		return false
	})
}

// holds reports whether a relation has both its ends at some instant of a window. Of those that have not, faults of their own
// tell.
func (n *network) holds(w window, t tie) bool {
	from, to := n.known[t.from], n.known[t.to]
	return w.meets(t.valid) && from.there && w.meets(from.valid) && to.there && w.meets(to.valid)
}

// stale asks the store for items that were not seen for too long.
func (s *Services) stale(ctx context.Context, rules HealthRules) (faults []impact.Fault, err error) {
	limit := rules.At.Add(-rules.StaleAfter)
	seen := itsm.All(itsm.Where("state").In(string(StateInUse), string(StateMaintenance)),
		itsm.Any(itsm.Where("seen_at").Before(field.Instant(limit)), itsm.All(itsm.Where("seen_at").Empty(), itsm.Where("since").Before(field.Instant(limit)))))
	for i, err := range s.items.All(ctx, itsm.Query{Filter: &seen, Limit: 1000}) {
		if err != nil {
			return nil, err
		}
		last := "never"
		if !i.SeenAt.IsZero() {
			last = i.SeenAt.Format(time.RFC3339)
		}
		faults = append(faults, impact.Fault{Code: impact.FaultStale, IDs: []string{i.ID}, Message: fmt.Sprintf(
			"%q (%s): last seen %s: look whether it is still there", i.ID, i.Name, last)})
	}
	return faults, nil
}
