// Package samplelog makes the small incident log that the replay example ships: a few hundred incidents of a service
// desk that never was, with reopenings, tickets that go back and forth between teams, waits, progress notes, and a few
// jumps that a strict lifecycle refuses. The same seed gives the same bytes on every machine.
package samplelog

import (
	"bufio"
	"encoding/xml"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // the zone must be the same wherever the log is made

	"github.com/itsmkit/itsmkit/eventlog"
)

//go:generate go run ./cmd/samplelog -o ../../examples/replay/sample.xes

// Seed and Incidents make the log that is in the repository.
const (
	Seed      = 13
	Incidents = 360
)

// The statuses of the log.
const (
	statusNew      = "New"
	assigned       = "Assigned"
	working        = "Working"
	waitsForUser   = "Waiting for user"
	waitsForVendor = "Waiting for vendor"
	waitsForChange = "Waiting for change"
	solved         = "Solved"
	closed         = "Closed"
	cancelled      = "Cancelled"
)

// Teams of the second and third line carry it in their name; the desks are the first.
var (
	desks  = []string{"Desk North", "Desk South"}
	expert = []string{"Network 2nd", "Workplace 2nd", "Business Apps 2nd", "Platform 3rd", "Database 3rd"}
	people = map[string][]string{
		"Desk North":        {"Alma", "Benno", "Carla", "Dario", "Edda"},
		"Desk South":        {"Filip", "Greta", "Henk", "Ines"},
		"Network 2nd":       {"Jarl", "Kaja", "Lorenz"},
		"Workplace 2nd":     {"Mina", "Nuno", "Oda", "Pavel"},
		"Business Apps 2nd": {"Quirin", "Rosa", "Stellan"},
		"Platform 3rd":      {"Tilda", "Ugo"},
		"Database 3rd":      {"Vera", "Wim"},
	}
	products = []string{"Mail", "VPN", "Laptop", "Printing", "Payroll", "Web shop", "Warehouse", "Directory", "Intranet", "R&D archive"}
)

// Generate makes n incidents in the order in which they were reported, between September 2024 and June 2025 in Vienna,
// over both changes of the clocks.
func Generate(seed uint64, n int) ([]eventlog.Trace, error) {
	vienna, err := time.LoadLocation("Europe/Vienna")
	if err != nil {
		return nil, fmt.Errorf("samplelog: the zone of the log cannot be loaded: %w", err)
	}
	rng := rand.New(rand.NewPCG(seed, 0))
	starts := []time.Time{ // alarms in the nights in which clocks change: 02:30, 02:15 an hour back, and 01:40
		time.Date(2024, 10, 27, 0, 30, 0, 0, time.UTC),
		time.Date(2024, 10, 27, 1, 15, 0, 0, time.UTC),
		time.Date(2025, 3, 30, 0, 40, 0, 0, time.UTC),
	}
	if n < len(starts) {
		return nil, fmt.Errorf("samplelog: %d incidents are too few; ask for %d or more", n, len(starts))
	}
	for len(starts) < n {
		hour := 7 + rng.IntN(11)
		if rng.IntN(10) == 0 {
			hour = rng.IntN(24)
		}
		day := time.Date(2024, 9, 16+rng.IntN(260), hour, rng.IntN(60), rng.IntN(60), 0, vienna)
		if weekend := day.Weekday() == time.Saturday || day.Weekday() == time.Sunday; weekend && rng.IntN(6) > 0 {
			continue
		}
		starts = append(starts, day)
	}
	slices.SortFunc(starts, time.Time.Compare)
	traces := make([]eventlog.Trace, n)
	for i := range traces {
		s := &story{rng: rng, now: starts[i].In(vienna), impact: "Low", product: pick(rng, products)}
		switch p := rng.IntN(1000); {
		case p < 3:
			s.impact = "Major"
		case p < 40:
			s.impact = "High"
		case p < 560:
			s.impact = "Medium"
		}
		s.live()
		name := eventlog.String(eventlog.ConceptName, fmt.Sprintf("SD-%d", 240001+i))
		traces[i] = eventlog.Trace{Attributes: eventlog.Attributes{name}, Events: s.events}
	}
	return traces, nil
}

// story is the life of one incident.
type story struct {
	rng             *rand.Rand
	now             time.Time
	team, person    string
	impact, product string
	events          []eventlog.Event
}

// live tells the whole story.
func (s *story) live() {
	s.take(pick(s.rng, desks))
	if s.chance(600) { // a mail or a form; the others are calls, worked on at once
		s.note(statusNew)
		if s.chance(5) { // odd: closed unseen
			s.wait(2, 90)
			s.note(closed)
			return
		}
		s.wait(3, 240)
		if s.chance(450) {
			s.note(assigned)
			s.wait(2, 180)
		}
	}
	s.note(working)
	s.work()
	switch {
	case s.chance(20):
		s.wait(10, 600)
		s.note(cancelled)
		if s.chance(300) { // odd: cancelled by mistake
			s.wait(5, 60)
			s.note(working)
		}
		return
	case s.chance(20):
		return // still open at the end of the log
	case s.chance(8): // odd: closed while the vendor has it
		s.wait(10, 600)
		s.note(waitsForVendor)
		s.wait(600, 9000)
		s.note(closed)
		return
	}
	s.solve()
	for reopen := 60; s.chance(reopen); reopen = 120 {
		s.wait(60, 6000)
		s.note(working)
		s.work()
		s.solve()
	}
	if s.chance(10) { // odd: a question after the solution
		s.wait(30, 600)
		s.note(waitsForUser)
		s.wait(60, 3000)
		s.note(solved)
	}
	if s.chance(960) {
		s.wait(1440, 10_080)
		s.note(closed)
		if s.chance(12) { // odd: taken up again though closed
			s.wait(60, 9000)
			s.note(working)
			s.solve()
			s.wait(60, 600)
			s.note(closed)
		}
	}
}

// work is what happens until somebody finds the solution.
func (s *story) work() {
	former := ""
	for round := 0; round < 6 && s.chance(430-15*round); round++ {
		s.wait(10, 900)
		switch p := s.rng.IntN(100); {
		case p < 20: // a progress note
			s.note(working)
		case p < 42:
			s.pause(waitsForUser, 3000)
		case p < 48:
			s.pause(waitsForVendor, 9000)
		case p < 52:
			s.pause(waitsForChange, 6000)
		default:
			next := pick(s.rng, expert)
			if former != "" && s.chance(750) {
				next = former
			}
			if next == s.team {
				next = pick(s.rng, desks)
			}
			former = s.team
			s.take(next)
			s.note(assigned)
			s.wait(5, 900)
			s.take(next) // by whoever is there
			s.note(working)
		}
	}
}

func (s *story) pause(status string, most int) {
	s.note(status)
	s.wait(30, most)
	s.note(working)
}

func (s *story) solve() {
	s.wait(5, 700)
	s.note(solved)
}

// take hands the incident to a team and one of its people.
func (s *story) take(team string) { s.team, s.person = team, pick(s.rng, people[team]) }

// note writes an event.
func (s *story) note(status string) {
	s.events = append(s.events, eventlog.Event{Attributes: eventlog.Attributes{
		eventlog.Date(eventlog.TimeTimestamp, s.now),
		eventlog.String(eventlog.ConceptName, status),
		eventlog.String(eventlog.OrgGroup, s.team),
		eventlog.String(eventlog.OrgResource, s.person),
		eventlog.String("impact", s.impact),
		eventlog.String("product", s.product),
	}})
}

// wait lets some minutes pass, more often few than many. Whole numbers only: they are the same on every machine.
func (s *story) wait(least, most int) {
	seconds := 60 * (most - least)
	s.now = s.now.Add(time.Duration(60*least+s.rng.IntN(s.rng.IntN(seconds)+1)) * time.Second)
}

// chance is true so many times in a thousand.
func (s *story) chance(permille int) bool { return s.rng.IntN(1000) < permille }

func pick(rng *rand.Rand, from []string) string { return from[rng.IntN(len(from))] }

const head = `<?xml version="1.0" encoding="UTF-8"?>
<!-- Incidents of a service desk that never was, made by internal/samplelog with seed %d. No person in it is real. -->
<log xes.version="1.0" xes.features="" xmlns="http://www.xes-standard.org/">
	<extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>
	<extension name="Organizational" prefix="org" uri="http://www.xes-standard.org/org.xesext"/>
	<extension name="Time" prefix="time" uri="http://www.xes-standard.org/time.xesext"/>
	<global scope="trace">
		<string key="concept:name" value="-"/>
	</global>
	<global scope="event">
		<date key="time:timestamp" value="2024-01-01T00:00:00+01:00"/>
		<string key="concept:name" value="-"/>
		<string key="org:group" value="-"/>
		<string key="org:resource" value="-"/>
		<string key="impact" value="-"/>
		<string key="product" value="-"/>
	</global>
	<classifier name="Status" keys="concept:name"/>
	<classifier name="Team" keys="org:group"/>
`

// Write generates the log and writes it as XES, an event a line.
func Write(w io.Writer, seed uint64, n int) error {
	traces, err := Generate(seed, n)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(w) // it keeps the first error for Flush
	fmt.Fprintf(out, head, seed)
	for _, trace := range traces {
		fmt.Fprintf(out, "\t<trace>\n\t\t%s\n", elements(trace.Attributes))
		for _, event := range trace.Events {
			fmt.Fprintf(out, "\t\t<event>%s</event>\n", elements(event.Attributes))
		}
		fmt.Fprint(out, "\t</trace>\n")
	}
	fmt.Fprint(out, "</log>\n")
	return out.Flush()
}

// elements writes attributes that have no children.
func elements(attributes eventlog.Attributes) string {
	var b strings.Builder
	for _, a := range attributes {
		fmt.Fprintf(&b, `<%s key="`, a.Kind())
		_ = xml.EscapeText(&b, []byte(a.Key)) // a Builder takes everything
		b.WriteString(`" value="`)
		_ = xml.EscapeText(&b, []byte(a.Text()))
		b.WriteString(`"/>`)
	}
	return b.String()
}
