package sla

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/itsmkit/itsmkit/calendar"
	"github.com/itsmkit/itsmkit/itsm"
)

// Book is agreements with the calendars that they name, as one JSON document:
//
//	{
//	  "calendars": [{"name": "support", "zone": "Europe/Brussels", "weekly": {"mon": "07:30-18:00"}}],
//	  "agreements": [{
//	    "name": "gold", "class": "sla", "kinds": ["incident"], "calendar": "support",
//	    "targets": [{
//	      "name": "resolution", "kind": "total_resolution", "pause": {"holds": ["caller"]},
//	      "within": {"1": "4h", "any": "40h"},
//	      "levels": [{"name": "warning", "percent": 75}, {"name": "soon", "offset": "-30m"}]
//	    }]
//	  }]
//	}
//
// A target may name a calendar of its own. Without a name it is around the clock.
type Book struct {
	Calendars  []*calendar.Calendar
	Agreements []Agreement
}

// ParseBook reads a Book. It lists every fault at once: calendars that are not there, times that cannot be read, and what
// [NewTerms] finds. A fault of the JSON itself, such as a field that it does not know, is told alone.
func ParseBook(data []byte) (Book, error) {
	var b Book
	return b, b.UnmarshalJSON(data)
}

type (
	plainAgreement Agreement
	plainTarget    Target

	bookJSON struct {
		Calendars  []calendar.Spec `json:"calendars,omitempty"`
		Agreements []agreementJSON `json:"agreements"`
	}
	agreementJSON struct {
		plainAgreement
		Calendar string       `json:"calendar,omitempty"`
		Targets  []targetJSON `json:"targets"`
	}
	targetJSON struct {
		plainTarget
		Calendar string            `json:"calendar,omitempty"`
		Within   map[string]string `json:"within,omitempty"`
		Levels   []levelJSON       `json:"levels,omitempty"`
	}
	levelJSON struct {
		Name    string `json:"name"`
		Percent int    `json:"percent,omitempty"`
		Offset  string `json:"offset,omitempty"`
	}
)

const anyPriority = "any"

// MarshalJSON writes what [ParseBook] reads. A calendar that an agreement names and the book lacks is added; it needs a
// name of its own.
func (b Book) MarshalJSON() ([]byte, error) {
	var out bookJSON
	calendars := map[string]string{}
	name := func(c *calendar.Calendar) (string, error) {
		if c == nil {
			return "", nil
		}
		print := c.Fingerprint()
		switch before, there := calendars[c.Name()]; {
		case c.Name() == "":
			return "", itsm.Invalid("calendars", "give the calendars of agreements names")
		case there && before != print:
			return "", itsm.Invalid("calendars", fmt.Sprintf("two calendars are called %q", c.Name()))
		case !there:
			calendars[c.Name()] = print
			out.Calendars = append(out.Calendars, c.Spec())
		}
		return c.Name(), nil
	}
	for _, c := range b.Calendars {
		if _, err := name(c); err != nil {
			return nil, err
		}
	}
	for i := range b.Agreements {
		a := agreementJSON{plainAgreement: plainAgreement(b.Agreements[i])}
		var err error
		if a.Calendar, err = name(a.plainAgreement.Calendar); err != nil {
			return nil, err
		}
		for _, t := range a.plainAgreement.Targets {
			to := targetJSON{plainTarget: plainTarget(t)}
			if to.Calendar, err = name(t.Calendar); err != nil {
				return nil, err
			}
			to.writeTimes()
			a.Targets = append(a.Targets, to)
		}
		out.Agreements = append(out.Agreements, a)
	}
	return json.Marshal(out)
}

func (t *targetJSON) writeTimes() {
	for p, within := range t.plainTarget.Within {
		key := anyPriority
		if p != AnyPriority {
			key = strconv.Itoa(int(p))
		}
		if t.Within == nil {
			t.Within = map[string]string{}
		}
		t.Within[key] = within.String()
	}
	for _, l := range t.plainTarget.Levels {
		out := levelJSON{Name: l.Name, Percent: l.Percent}
		if l.Offset != 0 {
			out.Offset = l.Offset.String()
		}
		t.Levels = append(t.Levels, out)
	}
}

// UnmarshalJSON is [ParseBook]. An error leaves the book as it was.
func (b *Book) UnmarshalJSON(data []byte) error {
	var in bookJSON
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		return fmt.Errorf("sla: %w", errors.Join(itsm.ErrInvalid, err))
	}
	if _, err := d.Token(); err != io.EOF {
		return itsm.Invalid("book", "there is more after the book's JSON")
	}
	var faults []error
	var out Book
	calendars := map[string]*calendar.Calendar{"": nil}
	for i, spec := range in.Calendars {
		c, err := calendar.New(spec)
		if _, twice := calendars[spec.Name]; twice {
			faults = append(faults, itsm.Invalid("calendars", fmt.Sprintf("calendar %d needs a name of its own, not %q", i, spec.Name)))
		}
		calendars[spec.Name] = c
		if err != nil {
			faults = append(faults, fmt.Errorf("calendar %q: %w", spec.Name, errors.Join(itsm.ErrInvalid, err)))
			continue
		}
		out.Calendars = append(out.Calendars, c)
	}
	find := func(about, name string) *calendar.Calendar {
		c, ok := calendars[name]
		if !ok {
			faults = append(faults, itsm.Invalid(about, fmt.Sprintf("there is no calendar %q in the book", name)))
		}
		return c
	}
	for i := range in.Agreements {
		from := &in.Agreements[i]
		a := Agreement(from.plainAgreement)
		about := "agreement " + a.Name
		a.Calendar = find(about, from.Calendar)
		for j := range from.Targets {
			t := Target(from.Targets[j].plainTarget)
			t.Calendar = find(about, from.Targets[j].Calendar)
			faults = append(faults, from.Targets[j].readTimes(&t, about)...)
			a.Targets = append(a.Targets, t)
		}
		out.Agreements = append(out.Agreements, a)
	}
	if _, err := NewTerms(out.Agreements...); err != nil {
		faults = append(faults, err)
	}
	if err := errors.Join(faults...); err != nil {
		return err
	}
	*b = out
	return nil
}

// readTimes reads times and levels. What cannot be read is left with a time that is good, so that it is told once.
func (t *targetJSON) readTimes(to *Target, about string) (faults []error) {
	duration := func(text string) (time.Duration, bool) {
		d, err := time.ParseDuration(text)
		if err != nil {
			faults = append(faults, itsm.Invalid(about, fmt.Sprintf("target %s: %q is no time such as 90m or 8h30m", to.Name, text)))
		}
		return d, err == nil
	}
	for _, key := range slices.Sorted(maps.Keys(t.Within)) {
		p := AnyPriority
		if key != anyPriority {
			n, err := strconv.ParseUint(key, 10, 8)
			if err != nil || n == 0 || key[0] == '0' {
				faults = append(faults, itsm.Invalid(about, fmt.Sprintf("target %s: %q is no priority: write a number from 1, or %q", to.Name, key, anyPriority)))
			} else {
				p = itsm.Priority(n)
			}
		}
		if to.Within == nil {
			to.Within = map[itsm.Priority]time.Duration{}
		}
		within, ok := duration(t.Within[key])
		if !ok {
			within = time.Hour
		}
		to.Within[p] = within
	}
	for _, l := range t.Levels {
		level, ok := Level{Name: l.Name, Percent: l.Percent}, true
		if l.Offset != "" {
			level.Offset, ok = duration(l.Offset)
		}
		if ok {
			to.Levels = append(to.Levels, level)
		}
	}
	return faults
}
