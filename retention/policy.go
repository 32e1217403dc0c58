package retention

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/itsmkit/itsmkit/itsm"
)

// Policy says how long ended tickets are kept. The zero value of a condition takes all.
type Policy struct {
	// Name is unique among the policies; it stands in what is recorded of purges.
	Name string `json:"name"`
	// Kinds are those that it is for; empty is every kind of tickets, but for those that are parts of others.
	Kinds []string `json:"kinds,omitempty"`
	// Class limits it to tickets of a retention class, and Where by their columns.
	Class string       `json:"class,omitempty"`
	Where *itsm.Filter `json:"where,omitempty"`

	// After is how long a ticket is kept from its last event on, and Keep keeps it for ever: one of the two.
	After Period `json:"after,omitzero"`
	Keep  bool   `json:"keep,omitempty"`
}

// Period is a time by the calendar of UTC, as laws give it.
type Period struct {
	Years  int `json:"years,omitempty"`
	Months int `json:"months,omitempty"`
	Days   int `json:"days,omitempty"`
}

// Before is the instant that lies the period before another one. Where the month has no such day, it is the month's last.
func (p Period) Before(t time.Time) time.Time {
	t = t.UTC()
	first := time.Date(t.Year()-p.Years, t.Month()-time.Month(p.Months), 1, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return first.AddDate(0, 0, min(t.Day(), last)-1-p.Days)
}

// String is "7 years 6 months".
func (p Period) String() string {
	var parts []string
	for _, part := range []struct {
		n    int
		unit string
	}{{p.Years, "year"}, {p.Months, "month"}, {p.Days, "day"}} {
		switch {
		case part.n == 1:
			parts = append(parts, "1 "+part.unit)
		case part.n != 0:
			parts = append(parts, fmt.Sprintf("%d %ss", part.n, part.unit))
		}
	}
	return strings.Join(parts, " ")
}

// length orders periods: a month counts as the 48th part of four years.
func (p Period) length() int { return (p.Years*12+p.Months)*1461 + p.Days*48 }

// maxYears keeps instants within what stores can write.
const maxYears = 200

func (p Period) check() error {
	switch {
	case p.Years < 0 || p.Months < 0 || p.Days < 0:
		return itsm.Invalid("after", "a period has no negative part")
	case p == Period{}:
		return itsm.Invalid("after", "give a period of more than 0, or keep for ever")
	case p.Years > maxYears || p.Months > 12*maxYears || p.Days > 366*maxYears || p.length() > maxYears*12*1461:
		return itsm.Invalid("after", "a period is 200 years at most: keep for ever instead")
	}
	return nil
}

// check lists the faults that can be seen without the desk's kinds.
func (p *Policy) check() error {
	var faults []error
	if strings.TrimSpace(p.Name) == "" {
		faults = append(faults, itsm.Invalid("name", "a policy has a name"))
	}
	for i, kind := range p.Kinds {
		if slices.Contains(p.Kinds[:i], kind) {
			faults = append(faults, itsm.Invalid("kinds", fmt.Sprintf("the kind %q stands twice", kind)))
		}
	}
	if !p.Keep {
		faults = append(faults, p.After.check())
	} else if p.After != (Period{}) {
		faults = append(faults, itsm.Invalid("after", "what is kept for ever has no period"))
	}
	if err := errors.Join(faults...); err != nil {
		return fmt.Errorf("policy %q: %w", p.Name, err)
	}
	return nil
}

// concerns reports whether the policy is for a kind.
func (p *Policy) concerns(kind string) bool {
	return len(p.Kinds) == 0 || slices.Contains(p.Kinds, kind)
}

// match is what the policy asks of the records of a kind that it is for.
func (p *Policy) match() itsm.Filter {
	var parts []itsm.Filter
	if p.Class != "" {
		parts = append(parts, itsm.Where("retention_class").Is(p.Class))
	}
	if p.Where != nil {
		parts = append(parts, *p.Where)
	}
	return itsm.All(parts...)
}

// takesAll reports whether it asks nothing.
func (p *Policy) takesAll() bool { return p.Class == "" && p.Where == nil }

// weight is how much a policy's conditions say: a class more than columns, columns more than kinds.
func (p *Policy) weight() int {
	n := 0
	if p.Class != "" {
		n += 4
	}
	if p.Where != nil {
		n += 2
	}
	if len(p.Kinds) > 0 {
		n++
	}
	return n
}

// rank orders policies: the first of those that match a record is its policy.
func rank(a, b *Policy) int {
	longer := func(p *Policy) int {
		if p.Keep {
			return 1 << 62
		}
		return p.After.length()
	}
	return cmp.Or(cmp.Compare(b.weight(), a.weight()), cmp.Compare(longer(b), longer(a)), strings.Compare(a.Name, b.Name))
}
