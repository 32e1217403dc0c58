package incident

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/itsmkit/itsmkit/itsm"
)

// Timeline is what happened in a major incident, in the order in which it happened, for reviews and readers.
type Timeline struct {
	Incident itsm.Ref        `json:"incident"`
	Title    string          `json:"title"`
	Times    MajorTimes      `json:"times"`
	Entries  []TimelineEntry `json:"entries"`
}

// TimelineEntry is one thing that happened.
type TimelineEntry struct {
	// At is when it happened, and Written when it was written down: later, where somebody recorded it afterwards.
	At      time.Time `json:"at"`
	Written time.Time `json:"written"`
	// Version is the record's when it was written.
	Version int64 `json:"version"`
	// Events names what happened, such as "incident.major_accepted".
	Events []string `json:"events"`
	// By is who did it, or wrote it down.
	By string `json:"by"`
	// Changes are the fields that changed, of those that tell the story.
	Changes []itsm.FieldChange `json:"changes,omitempty"`
	// Text is what was said: the update, the moment, the reason. It reads [itsm.Erased] where its author was erased.
	Text     string `json:"text,omitempty"`
	Audience string `json:"audience,omitempty"`
	Mark     Mark   `json:"mark,omitempty"`
}

// MajorTimes are the moments that are measured; zero is a moment that has not come, or was not recorded.
type MajorTimes struct {
	Reported     time.Time `json:"reported"`
	Identified   time.Time `json:"identified,omitzero"`
	Acknowledged time.Time `json:"acknowledged,omitzero"`
	Mitigated    time.Time `json:"mitigated,omitzero"`
	Restored     time.Time `json:"restored,omitzero"`
}

// To is the elapsed time from the report to a mark, and whether it has come. It is negative for what happened before
// the report.
func (t *MajorTimes) To(m Mark) (time.Duration, bool) {
	at := t.of(m)
	if at == nil || at.IsZero() {
		return 0, false
	}
	return at.Sub(t.Reported), true
}

func (t *MajorTimes) of(m Mark) *time.Time {
	switch m {
	case Identified:
		return &t.Identified
	case Acknowledged:
		return &t.Acknowledged
	case Mitigated:
		return &t.Mitigated
	case Restored:
		return &t.Restored
	}
	return nil
}

// storyFields are the fields whose changes tell the story of a major incident.
var storyFields = []string{
	"state", "priority", "group", "assignee", "children", "major.state", "major.review",
	"major.manager", "major.communications", "major.technical", "major.scribe",
}

// storyEvents are told although they change none of these.
var storyEvents = []string{"incident.action_added", "incident.action_ended", "incident.action_overdue", "incident.update_due"}

// Timeline answers the timeline of an incident, as the actor may see it. It reads the history and the rows of the
// incident, and is not one view of the store where somebody writes at the same time.
func (s *Incidents) Timeline(ctx context.Context, id string) (Timeline, error) {
	inc, err := s.Get(ctx, id)
	if err != nil {
		return Timeline{}, err
	}
	t := Timeline{Incident: inc.Ref(), Title: inc.Title, Times: MajorTimes{Reported: inc.CreatedAt, Restored: inc.ResolvedAt}}
	history, err := s.History(ctx, id, 0, 0)
	if err != nil {
		return t, err
	}
	reasons := map[int64]string{}
	if _, err := readRows(ctx, s, id, MajorDecisions, 0, 0, func(r *itsm.Row, _ *decision) {
		text, _ := r.Text()
		reasons[r.Version] = strings.TrimSpace(reasons[r.Version] + " " + text)
	}); err != nil {
		return t, err
	}
	for i := range history {
		if e := told(&history[i]); e != nil {
			e.Text = reasons[e.Version]
			t.Entries = append(t.Entries, *e)
		}
	}
	if _, err := readRows(ctx, s, id, StakeholderUpdates, 0, 0, func(r *itsm.Row, f *updateFacts) {
		text, _ := r.Text()
		t.Entries = append(t.Entries, TimelineEntry{
			At: r.At, Written: r.At, Version: r.Version, Events: []string{"incident.stakeholders_informed"},
			By: r.Sealed.Subject, Text: text, Audience: f.Audience,
		})
	}); err != nil {
		return t, err
	}
	if _, err := readRows(ctx, s, id, MajorMoments, 0, 0, func(r *itsm.Row, f *momentFacts) {
		text, _ := r.Text()
		if at := t.Times.of(f.Mark); at != nil {
			*at = f.At
		}
		t.Entries = append(t.Entries, TimelineEntry{
			At: f.At, Written: r.At, Version: r.Version, Events: []string{"incident.moment_recorded"},
			By: r.Sealed.Subject, Text: text, Mark: f.Mark,
		})
	}); err != nil {
		return t, err
	}
	slices.SortStableFunc(t.Entries, func(a, b TimelineEntry) int {
		if c := a.At.Compare(b.At); c != 0 {
			return c
		}
		return int(a.Version - b.Version)
	})
	return t, nil
}

// told is what an event tells, or nil.
func told(e *itsm.Entry) *TimelineEntry {
	entry := TimelineEntry{At: e.At, Written: e.At, Version: e.Version, By: e.Actor.ID, Events: append([]string{e.Event}, e.Also...)}
	for _, c := range e.Changes {
		if slices.Contains(storyFields, c.Field) {
			entry.Changes = append(entry.Changes, c)
		}
	}
	if entry.Changes == nil && !slices.ContainsFunc(entry.Events, func(name string) bool { return slices.Contains(storyEvents, name) }) {
		return nil
	}
	return &entry
}

// Markdown writes the timeline as a page. Instants are in the zone; nil is UTC.
func (t *Timeline) Markdown(zone *time.Location) string {
	if zone == nil {
		zone = time.UTC
	}
	var b strings.Builder
	fmt.Fprintf(&b, "# %s: %s\n\n", t.Incident.ID, inCell(t.Title))
	for _, m := range [...]Mark{Acknowledged, Identified, Mitigated, Restored} {
		if d, ok := t.Times.To(m); ok {
			fmt.Fprintf(&b, "- %s after %v\n", m, d)
		}
	}
	b.WriteString("\n| at | what | by | |\n|---|---|---|---|\n")
	for i := range t.Entries {
		e := &t.Entries[i]
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", e.At.In(zone).Format(time.DateTime), inCell(e.what()), inCell(e.By), inCell(e.details(zone)))
	}
	return b.String()
}

func (e *TimelineEntry) what() string {
	names := make([]string, len(e.Events))
	for i, name := range e.Events {
		_, name, _ = strings.Cut(name, ".")
		names[i] = strings.ReplaceAll(name, "_", " ")
	}
	return strings.Join(names, ", ")
}

func (e *TimelineEntry) details(zone *time.Location) string {
	var parts []string
	if e.Mark != "" {
		parts = append(parts, string(e.Mark)+":")
	}
	if e.Audience != "" {
		parts = append(parts, "to "+e.Audience+":")
	}
	if e.Text != "" {
		parts = append(parts, e.Text)
	}
	for _, c := range e.Changes {
		from, to := c.From.String(), c.To.String()
		switch {
		case c.Personal || from == "" && to != "":
			parts = append(parts, c.Field+": "+to)
		default:
			parts = append(parts, c.Field+": "+from+" → "+to)
		}
	}
	if !e.Written.Equal(e.At) {
		parts = append(parts, "(written "+e.Written.In(zone).Format(time.DateTime)+")")
	}
	return strings.Join(parts, " ")
}

// inCell keeps a text within its cell.
func inCell(text string) string {
	return strings.NewReplacer("\\", "\\\\", "|", "\\|", "<", "&lt;", "&", "&amp;").Replace(strings.Join(strings.Fields(text), " "))
}
