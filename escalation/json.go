package escalation

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/itsmkit/itsmkit/calendar"
	"github.com/itsmkit/itsmkit/itsm"
)

// Book is policies with the calendars that they name, as one JSON document:
//
//	{
//	  "calendars": [{"name": "support", "zone": "Europe/Brussels", "weekly": {"mon": "07:30-18:00"}}],
//	  "policies": [{
//	    "name": "nobody took it", "kinds": ["incident"], "calendar": "support", "in_hours": true,
//	    "triggers": [{"on": "no_acknowledgement", "within": "15m"}],
//	    "steps": [
//	      {"name": "group", "kind": "notify", "audience": ["@group_members"]},
//	      {"name": "head", "kind": "notify", "audience": ["@group_manager"], "after": "30m"}
//	    ],
//	    "repeat": 2, "repeat_after": "1h"
//	  }]
//	}
type Book struct {
	Calendars []*calendar.Calendar
	Policies  []Policy
}

// ParseBook reads a Book. It lists every fault at once: fields that it does not know are one, and so are calendars that are
// not there, and what [Policy.Check] finds.
func ParseBook(data []byte) (Book, error) {
	var b Book
	return b, b.UnmarshalJSON(data)
}

type (
	plainPolicy  Policy
	plainTrigger Trigger
	plainStep    Step

	bookJSON struct {
		Calendars []calendar.Spec `json:"calendars,omitempty"`
		Policies  []policyJSON    `json:"policies"`
	}
	policyJSON struct {
		plainPolicy
		Calendar    string        `json:"calendar,omitempty"`
		RepeatAfter string        `json:"repeat_after,omitempty"`
		AckTimeout  string        `json:"ack_timeout,omitempty"`
		Triggers    []triggerJSON `json:"triggers,omitempty"`
		Steps       []stepJSON    `json:"steps"`
	}
	triggerJSON struct {
		plainTrigger
		Within string `json:"within,omitempty"`
	}
	stepJSON struct {
		plainStep
		After string `json:"after,omitempty"`
	}
)

// MarshalJSON writes what [ParseBook] reads. A calendar that a policy has and the book lacks is added; it needs a name of
// its own.
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
			return "", itsm.Invalid("calendars", "give the calendars of policies names")
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
	for i := range b.Policies {
		p := policyJSON{plainPolicy: plainPolicy(b.Policies[i])}
		var err error
		if p.Calendar, err = name(p.plainPolicy.Calendar); err != nil {
			return nil, err
		}
		p.RepeatAfter, p.AckTimeout = written(p.plainPolicy.RepeatAfter), written(p.plainPolicy.AckTimeout)
		for _, t := range p.plainPolicy.Triggers {
			p.Triggers = append(p.Triggers, triggerJSON{plainTrigger(t), written(t.Within)})
		}
		for _, s := range p.plainPolicy.Steps {
			p.Steps = append(p.Steps, stepJSON{plainStep(s), written(s.After)})
		}
		out.Policies = append(out.Policies, p)
	}
	return json.Marshal(out)
}

func written(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return d.String()
}

// UnmarshalJSON is [ParseBook]. An error leaves the book as it was.
func (b *Book) UnmarshalJSON(data []byte) error {
	var in bookJSON
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		return fmt.Errorf("escalation: %w", errors.Join(itsm.ErrInvalid, err))
	}
	if _, err := d.Token(); err != io.EOF {
		return itsm.Invalid("book", "there is more after the book's JSON")
	}
	var faults []error
	fault := func(about, format string, args ...any) {
		faults = append(faults, itsm.Invalid(about, fmt.Sprintf(format, args...)))
	}
	duration := func(about, text string) time.Duration {
		if text == "" {
			return 0
		}
		d, err := time.ParseDuration(text)
		if err != nil {
			fault(about, "%q is no time such as 90m or 8h30m", text)
		}
		return d
	}
	var out Book
	calendars := map[string]*calendar.Calendar{"": nil}
	for i, spec := range in.Calendars {
		c, err := calendar.New(spec)
		if _, twice := calendars[spec.Name]; twice {
			fault("calendars", "calendar %d needs a name of its own, not %q", i+1, spec.Name)
		}
		calendars[spec.Name] = c
		if err != nil {
			faults = append(faults, fmt.Errorf("calendar %q: %w", spec.Name, errors.Join(itsm.ErrInvalid, err)))
			continue
		}
		out.Calendars = append(out.Calendars, c)
	}
	for i := range in.Policies {
		from := &in.Policies[i]
		p, about := Policy(from.plainPolicy), "escalation "+from.Name
		c, there := calendars[from.Calendar]
		if !there {
			fault(about, "there is no calendar %q in the book", from.Calendar)
		}
		p.Calendar = c
		p.RepeatAfter, p.AckTimeout = duration(about, from.RepeatAfter), duration(about, from.AckTimeout)
		for j := range from.Triggers {
			t := Trigger(from.Triggers[j].plainTrigger)
			t.Within = duration(about, from.Triggers[j].Within)
			p.Triggers = append(p.Triggers, t)
		}
		for j := range from.Steps {
			s := Step(from.Steps[j].plainStep)
			s.After = duration(about, from.Steps[j].After)
			p.Steps = append(p.Steps, s)
		}
		if err := p.Check(); err != nil && len(faults) == 0 {
			faults = append(faults, err)
		}
		out.Policies = append(out.Policies, p)
	}
	if err := errors.Join(faults...); err != nil {
		return err
	}
	*b = out
	return nil
}
