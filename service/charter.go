package service

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/itsmkit/itsmkit/itsm"
)

// Charter answers a page about a service in Markdown, as the actor may read it: what it is for, who owns it, what makes it a
// success, and what it rests on, where the actor may read the map. People go by the name that the directory knows.
func (s *Services) Charter(ctx context.Context, id string) (string, error) {
	svc, err := s.Get(ctx, id)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n", line(svc.Name))
	if svc.Scope != "" {
		fmt.Fprintf(&b, "%s\n\n", block(svc.Scope))
	}
	b.WriteString("| | |\n|---|---|\n")
	row := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "| %s | %s |\n", name, line(value))
		}
	}
	row("Number", svc.ID)
	row("State", string(svc.State))
	row("Owner", s.nameOf(ctx, svc.Tenant, svc.Owner))
	row("Group", svc.Group)
	row("Criticality", svc.Criticality.String())
	if svc.Users > 0 {
		row("Users", fmt.Sprint(svc.Users))
	}
	if !svc.Since.IsZero() {
		row("Since", svc.Since.Format("2006-01-02"))
	}
	if !svc.Until.IsZero() {
		row("Until", svc.Until.Format("2006-01-02"))
	}
	list(&b, "What makes it a success", svc.Measures)
	list(&b, "Stakeholders", svc.Stakeholders)
	rests, err := s.restsOn(ctx, svc.ID)
	if err != nil && !errors.Is(err, itsm.ErrDenied) {
		return "", err
	}
	if rests != nil {
		list(&b, "Single points of failure", rests)
	}
	return b.String(), nil
}

// restsOn tells the single points of failure of a service that is there; nil where it is not.
func (s *Services) restsOn(ctx context.Context, id string) (points []string, err error) {
	now := s.Kernel().Clock().Now()
	err = s.maps.ask(ctx, func(t *tenantMap) error {
		if k := t.known[id]; !k.there || !(window{now, now}).meets(k.valid) || t.planned[id] {
			return nil
		}
		ids, err := t.single(id, now)
		for _, id := range ids {
			points = append(points, fmt.Sprintf("%s (%s)", t.known[id].name, id))
		}
		if points == nil {
			points = []string{"none"}
		}
		return err
	})
	return points, err
}

// nameOf is a person as the directory knows it, or else the id.
func (s *Services) nameOf(ctx context.Context, tenant, person string) string {
	if person == "" || person == itsm.Erased {
		return person
	}
	if p, err := s.Kernel().Directory().Person(ctx, tenant, person); err == nil && p.Name != "" {
		return p.Name
	}
	return person
}

func list(b *strings.Builder, title string, entries []string) {
	if len(entries) == 0 {
		return
	}
	fmt.Fprintf(b, "\n## %s\n\n", title)
	for _, e := range entries {
		fmt.Fprintf(b, "- %s\n", line(e))
	}
}

// marks are what Markdown would read.
var marks = strings.NewReplacer(`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "<", `\<`, "|", `\|`, "#", `\#`, "\r", "")

// line is a text on one line, that Markdown shows as it is.
func line(text string) string { return marks.Replace(strings.Join(strings.Fields(text), " ")) }

// block is a text of paragraphs, that Markdown shows as it is.
func block(text string) string { return marks.Replace(strings.TrimSpace(text)) }
