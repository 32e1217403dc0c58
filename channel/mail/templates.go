package mail

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"text/template"
	"time"

	"github.com/itsmkit/itsmkit/itsm"
)

// The names of the default templates.
const (
	// Commented is a public comment.
	Commented = "comment"
	// Reported confirms a report, and Resolved says that a ticket is resolved.
	Reported = "reported"
	Resolved = "resolved"
)

// Templates are the bodies of mails by locale and name, in the language of text/template over [Data]. The locale is a
// BCP 47 tag such as "de-CH" or "de"; "" is for everybody else. The name is [Commented], or what an event is called,
// with or without its kind: "incident.resolved" is looked for before "resolved". An event has a mail where the locale ""
// has a template for it; an empty text takes a default away.
type Templates map[string]map[string]string

// Data is what a template writes about.
type Data struct {
	Tenant, Kind, Number, Title, Description string
	// Event is what happened, such as "incident.resolved", and At when.
	Event string
	At    time.Time
	// To reads the mail; Author is the name of who wrote the comment or did it, empty where unknown.
	To     itsm.Profile
	Author string
	// Body is the text of the comment.
	Body string

	fields map[string]string
}

// Field answers what a field was changed to by the event, such as "resolution.notes"; empty where it was not.
func (d Data) Field(name string) string { return d.fields[name] }

// DefaultTemplates are the bodies in English.
func DefaultTemplates() Templates {
	return Templates{"": {
		Commented: "{{.Body}}\n",
		Reported: `Hello{{with .To.Name}} {{.}}{{end}},

we have your report and look after it. Its number is {{.Number}}: {{.Title}}

To add something, answer this mail.
`,
		Resolved: `Hello{{with .To.Name}} {{.}}{{end}},

{{.Number}} is resolved: {{.Title}}
{{with .Field "resolution.notes"}}
{{.}}
{{end}}
If it is not, answer this mail.
`,
	}}
}

type templateSet struct {
	byLocale map[string]map[string]*template.Template
}

// newTemplates parses all templates and tries each one, so that a wrong name is found before the first mail.
func newTemplates(over Templates) (*templateSet, error) {
	texts := DefaultTemplates()
	for locale, names := range over {
		locale = strings.ToLower(locale)
		if texts[locale] == nil {
			texts[locale] = map[string]string{}
		}
		for name, text := range names {
			texts[locale][name] = text
		}
	}
	set := &templateSet{byLocale: map[string]map[string]*template.Template{}}
	var faults []error
	for locale, names := range texts {
		set.byLocale[locale] = map[string]*template.Template{}
		for name, text := range names {
			if text == "" {
				continue
			}
			t, err := template.New(name).Option("missingkey=error").Parse(text)
			if err == nil {
				err = t.Execute(&strings.Builder{}, Data{})
			}
			if err != nil {
				faults = append(faults, itsm.Invalid("Templates", fmt.Sprintf("locale %q, template %q: %v", locale, name, err)))
			}
			set.byLocale[locale][name] = t
		}
	}
	slices.SortFunc(faults, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return set, errors.Join(faults...)
}

// notice is a template for something that happened.
type notice struct {
	template string
	name     string // of the event, without its kind
}

// part names the mail among those of its record: a ticket is reported once, and resolved many times.
func (n notice) part(version int64) string {
	if n.name == Reported {
		return Reported
	}
	return n.name + "-" + strconv.FormatInt(version, 10)
}

// notices are the templates for what happened in an event.
func (set *templateSet) notices(e *itsm.Event) (found []notice) {
	for _, event := range append([]string{e.Name}, e.Also...) {
		_, name, _ := strings.Cut(event, ".")
		for _, key := range [...]string{event, name} {
			if set.byLocale[""][key] != nil && key != Commented {
				found = append(found, notice{template: key, name: name})
				break
			}
		}
	}
	return found
}

// render writes a body in the reader's language, or in the one for everybody.
func (set *templateSet) render(locale, name string, d Data) (string, error) {
	locale = strings.ToLower(locale)
	_, plain, _ := strings.Cut(name, ".")
	for {
		for _, key := range [...]string{name, plain} {
			if t := set.byLocale[locale][key]; t != nil && key != "" {
				var b strings.Builder
				if err := t.Execute(&b, d); err != nil {
					return "", err
				}
				return clean(b.String()) + "\n", nil
			}
		}
		if locale == "" {
			return "", itsm.Invalid("Templates", "there is no template "+name)
		}
		i := strings.LastIndexByte(locale, '-')
		locale = locale[:max(i, 0)]
	}
}
