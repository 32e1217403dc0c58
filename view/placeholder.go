package view

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
)

// Placeholder is what a text in a view or a macro stands for:
//
//	$me             the person who runs it; nobody for a program that acts for none
//	$groups         the groups of that person, by the directory; where a filter asks for one of several values
//	$now            the instant at which it is run
//	$now-7d         an instant beside it: a number of w, d, h, m or s; a day is 24 hours
//	$today          the beginning of the day in the view's zone
//	$today+1d       the beginning of a day beside it: a number of w or d, by the calendar
//	$$...           a text that begins with one dollar sign
type Placeholder struct {
	// Word is me, groups, now or today.
	Word string
	// Days and Time are the offset: of $today days alone.
	Days int
	Time time.Duration
}

// The words of placeholders.
const (
	wordMe     = "me"
	wordGroups = "groups"
	wordNow    = "now"
	wordToday  = "today"
)

// maxDays bounds offsets, so that an instant stays one that a store can hold.
const maxDays = 36_600

// ParsePlaceholder reads a placeholder. It reports false where the text is none, which "$$" at its beginning says too.
func ParsePlaceholder(text string) (p Placeholder, is bool, err error) {
	rest, is := strings.CutPrefix(text, "$")
	if !is || strings.HasPrefix(rest, "$") {
		return Placeholder{}, false, nil
	}
	unknown := itsm.Invalid("placeholder", fmt.Sprintf("%q is none: use $me, $groups, $now, $today, with an offset such as $now-7d, or $$ for a dollar sign", text))
	word, offset := rest, ""
	if i := strings.IndexAny(rest, "+-"); i >= 0 {
		word, offset = rest[:i], rest[i:]
	}
	p.Word = word
	switch word {
	case wordMe, wordGroups:
		if offset != "" {
			return Placeholder{}, true, unknown
		}
		return p, true, nil
	case wordNow, wordToday:
	default:
		return Placeholder{}, true, unknown
	}
	if offset == "" {
		return p, true, nil
	}
	digits, unit := offset[1:max(1, len(offset)-1)], offset[len(offset)-1]
	n, err := strconv.ParseUint(digits, 10, 32)
	if err != nil {
		return Placeholder{}, true, unknown
	}
	size, ok := map[byte]time.Duration{'w': 7 * day, 'd': day, 'h': time.Hour, 'm': time.Minute, 's': time.Second}[unit]
	switch {
	case !ok, word == wordToday && size < day:
		return Placeholder{}, true, unknown
	case time.Duration(n) > maxDays*day/size:
		return Placeholder{}, true, itsm.Invalid("placeholder", fmt.Sprintf("%q is more than a hundred years away", text))
	}
	span := time.Duration(n) * size
	if offset[0] == '-' {
		span = -span
	}
	if word == wordToday {
		p.Days = int(span / day)
	} else {
		p.Time = span
	}
	return p, true, nil
}

const day = 24 * time.Hour

// String is the placeholder as it is written, its offset in the largest unit that it is a whole number of.
func (p Placeholder) String() string {
	text := "$" + p.Word
	span := p.Time + time.Duration(p.Days)*day
	if span == 0 {
		return text
	}
	sign := "+"
	if span < 0 {
		sign, span = "-", -span
	}
	for _, u := range []struct {
		size time.Duration
		name string
	}{{7 * day, "w"}, {day, "d"}, {time.Hour, "h"}, {time.Minute, "m"}, {time.Second, "s"}} {
		if span%u.size == 0 {
			return text + sign + strconv.FormatInt(int64(span/u.size), 10) + u.name
		}
	}
	return text
}

// moment is what placeholders are resolved with.
type moment struct {
	person string
	groups []string
	now    time.Time
	zone   *time.Location
}

// sample resolves placeholders to values of their kinds, to check what they stand in.
func sample(zone *time.Location) moment {
	return moment{person: "somebody", groups: []string{"some"}, now: time.Unix(0, 0).UTC(), zone: zone}
}

// momentOf is the moment of a call.
func momentOf(ctx context.Context, k *itsm.Kernel, zone string) (moment, error) {
	a, err := itsm.ActorFrom(ctx)
	if err != nil {
		return moment{}, err
	}
	m := moment{person: a.Person(), now: k.Clock().Now().UTC()}
	if m.zone, err = time.LoadLocation(zone); err != nil {
		return moment{}, itsm.Invalid("zone", err.Error())
	}
	m.groups, err = groupsOf(ctx, k.Directory(), &a)
	return m, err
}

// groupsOf are the groups of the person behind an actor; none for whom the directory does not know.
func groupsOf(ctx context.Context, d itsm.Directory, a *itsm.Actor) ([]string, error) {
	if a.Person() == "" {
		return nil, nil
	}
	profile, err := d.Person(ctx, a.Tenant, a.Person())
	if errors.Is(err, itsm.ErrNotFound) {
		return nil, nil
	}
	return profile.Groups, err
}

// filter is a copy with every placeholder replaced by what it stands for.
func (m moment) filter(f itsm.Filter) (itsm.Filter, error) {
	out := itsm.Filter{Op: f.Op, Column: f.Column}
	for _, part := range f.Parts {
		p, err := m.filter(part)
		if err != nil {
			return itsm.Filter{}, err
		}
		out.Parts = append(out.Parts, p)
	}
	for _, v := range f.Values {
		p, is, err := placeholderIn(v)
		switch {
		case err != nil:
			return itsm.Filter{}, err
		case is && p.Word == wordGroups && f.Op != itsm.OpIn:
			return itsm.Filter{}, itsm.Invalid(f.Column, "$groups stands where one of several values is asked for")
		case is && p.Word == wordGroups:
			for _, g := range m.groups {
				out.Values = append(out.Values, field.Text(g))
			}
		case is && p.Word == wordMe && m.person == "":
		default:
			out.Values = append(out.Values, m.value(v, p, is))
		}
	}
	if len(f.Values) > 0 && len(out.Values) == 0 { // nobody, or no group: nothing matches
		return itsm.Any(), nil
	}
	return out, nil
}

func placeholderIn(v field.Value) (Placeholder, bool, error) {
	if v.Kind() != field.KindText {
		return Placeholder{}, false, nil
	}
	return ParsePlaceholder(v.Text())
}

func (m moment) value(v field.Value, p Placeholder, is bool) field.Value {
	switch {
	case !is && v.Kind() == field.KindText && strings.HasPrefix(v.Text(), "$$"):
		return field.Text(v.Text()[1:])
	case !is:
		return v
	case p.Word == wordMe:
		return field.Text(m.person)
	case p.Word == wordNow:
		return field.Instant(m.now.Add(p.Time))
	}
	return field.Instant(m.midnight(p.Days))
}

// midnight is the first instant of a local day, also where the clocks leave midnight out or show it twice.
func (m moment) midnight(days int) time.Time {
	y, month, d := m.now.In(m.zone).Date()
	t := time.Date(y, month, d+days, 0, 0, 0, 0, m.zone)
	want := time.Date(y, month, d+days, 0, 0, 0, 0, time.UTC)
	from, to := t.ZoneBounds()
	switch {
	case t.Day() != want.Day(): // before a midnight that is left out
		return to.UTC()
	case t.Hour() != 0 || t.Minute() != 0: // behind one
		return from.UTC()
	}
	if !from.IsZero() {
		_, after := t.Zone()
		_, before := from.Add(-1).Zone()
		if first := t.Add(time.Duration(after-before) * time.Second); first.Before(from) && first.In(m.zone).Day() == want.Day() {
			return first.UTC()
		}
	}
	return t.UTC()
}

// patch is a copy with every placeholder replaced.
func (m moment) patch(p itsm.Patch) (itsm.Patch, error) {
	if p == nil {
		return nil, nil
	}
	out := make(itsm.Patch, len(p))
	for _, name := range sortedNames(p) {
		ph, is, err := placeholderIn(p[name])
		switch {
		case err != nil:
			return nil, err
		case is && ph.Word == wordGroups:
			return nil, itsm.Invalid(name, "$groups stands in filters only")
		}
		out[name] = m.value(p[name], ph, is)
	}
	return out, nil
}

func (m moment) text(s string) (string, error) {
	p, is, err := ParsePlaceholder(s)
	switch {
	case err != nil:
		return "", err
	case is && p.Word != wordMe:
		return "", itsm.Invalid("placeholder", fmt.Sprintf("%s does not name a group or a person", s))
	}
	return m.value(field.Text(s), p, is).Text(), nil
}

// step is the kernel's step of a macro's.
func (m moment) step(s Step) (itsm.Step, error) {
	out := itsm.Step{Trigger: s.Trigger}
	input, err := m.patch(s.Input)
	if err != nil {
		return itsm.Step{}, err
	}
	if len(input) > 0 {
		out.Input = input
	}
	group, err := m.text(s.Group)
	if err != nil {
		return itsm.Step{}, err
	}
	assignee, err := m.text(s.Assignee)
	if err != nil {
		return itsm.Step{}, err
	}
	if group != "" || assignee != "" {
		out.Options = append(out.Options, itsm.To(group, assignee))
	}
	with, err := m.patch(s.With)
	if err != nil {
		return itsm.Step{}, err
	}
	if len(with) > 0 {
		out.Options = append(out.Options, itsm.With(with))
	}
	return out, nil
}
