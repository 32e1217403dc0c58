package knowledge

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/itsmkit/itsmkit/itsm"
)

// Form is a pattern of articles: the sections that their bodies have, each under a heading of level two.
type Form struct {
	Name     string    `json:"name"`
	Title    string    `json:"title"`
	Sections []Section `json:"sections"`
}

// Section is a part of a form.
type Section struct {
	Heading string `json:"heading"`
	// Required sections say something before the text is reviewed or published.
	Required bool `json:"required,omitempty"`
}

// The names of the default forms.
const (
	FormKnownError = "known_error"
	FormHowTo      = "how_to"
	FormQuestion   = "question"
)

// DefaultForms are those of a desk that declares none.
func DefaultForms() []Form {
	return []Form{
		{Name: FormKnownError, Title: "Known error", Sections: []Section{{"Symptoms", true}, {"Cause", false}, {"Workaround", false}, {"Solution", false}}},
		{Name: FormHowTo, Title: "How to", Sections: []Section{{"Goal", false}, {"Steps", true}, {"Result", false}}},
		{Name: FormQuestion, Title: "Question", Sections: []Section{{"Question", true}, {"Answer", true}}},
	}
}

// Body is a body of the form, with what each section says; sections that the form does not have come last, in the order of
// their headings.
func (f Form) Body(says map[string]string) string {
	var b strings.Builder
	write := func(heading, text string) { fmt.Fprintf(&b, "## %s\n\n%s\n\n", heading, strings.TrimSpace(text)) }
	var others []string
	for heading := range says {
		if !slices.ContainsFunc(f.Sections, func(s Section) bool { return s.Heading == heading }) {
			others = append(others, heading)
		}
	}
	slices.Sort(others)
	for _, s := range f.Sections {
		write(s.Heading, says[s.Heading])
	}
	for _, heading := range others {
		write(heading, says[heading])
	}
	return strings.TrimSpace(b.String()) + "\n"
}

// Missing are the required sections that a body does not have, or that say nothing.
func (f Form) Missing(body string) (headings []string) {
	says := sections(body)
	for _, s := range f.Sections {
		if s.Required && strings.TrimSpace(says[s.Heading]) == "" {
			headings = append(headings, s.Heading)
		}
	}
	return headings
}

// Check lists the faults of a form.
func (f Form) Check() error {
	var faults []error
	if f.Name == "" {
		faults = append(faults, itsm.Invalid("name", "a form has a name"))
	}
	seen := map[string]bool{}
	for i, s := range f.Sections {
		if s.Heading == "" || s.Heading != strings.TrimSpace(s.Heading) || strings.ContainsAny(s.Heading, "\r\n") || seen[s.Heading] {
			faults = append(faults, itsm.Invalid(fmt.Sprintf("sections[%d]", i), "a section has a heading of its own, of one line"))
		}
		seen[s.Heading] = true
	}
	return errors.Join(faults...)
}

// sections are what stands under each heading of level two. Lines in fenced code are no headings.
func sections(body string) map[string]string {
	says := map[string]string{}
	heading, fence := "", ""
	for line := range strings.Lines(body) {
		text := strings.TrimRight(line, "\r\n")
		trimmed := strings.TrimLeft(text, " ")
		switch {
		case fence != "":
			if strings.HasPrefix(trimmed, fence) {
				fence = ""
			}
		case strings.HasPrefix(trimmed, "```"):
			fence = "```"
		case strings.HasPrefix(trimmed, "~~~"):
			fence = "~~~"
		case strings.HasPrefix(text, "## "):
			heading = strings.TrimSpace(strings.TrimRight(text[3:], "#"))
			continue
		}
		says[heading] += line
	}
	return says
}

// KnownError is a draft about a known error.
func KnownError(title, symptoms, cause, workaround string, from itsm.Ref) Draft {
	says := map[string]string{"Symptoms": symptoms, "Cause": cause, "Workaround": workaround}
	return Draft{Content: Content{Text: Text{Title: title}}, Form: FormKnownError, Sections: says, From: from}
}
