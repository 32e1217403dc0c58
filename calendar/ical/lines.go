package ical

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	ics "github.com/arran4/golang-ical"
)

// component is a BEGIN with its END, and of what lies between that which is of interest.
type component struct {
	name  string
	line  int
	props []prop
	parts []*component
}

// prop is a content line.
type prop struct {
	name   string
	params map[string][]string
	value  string
	line   int
}

func (c *component) all(name string) (found []prop) {
	for _, p := range c.props {
		if p.name == name {
			found = append(found, p)
		}
	}
	return found
}

// one returns the last property of a name; a zero prop where there is none.
func (c *component) one(name string) (prop, bool) {
	for _, p := range slices.Backward(c.props) {
		if p.name == name {
			return p, true
		}
	}
	return prop{}, false
}

func (p prop) param(name string) string {
	if values := p.params[name]; len(values) > 0 {
		return values[0]
	}
	return ""
}

// text is the value without what protects its commas, semicolons and line breaks, and without other control characters.
func (p prop) text() string { return clean(ics.FromText(p.value)) }

func clean(text string) string {
	text = strings.ToValidUTF8(strings.ReplaceAll(text, "\r\n", "\n"), "\uFFFD")
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r == 0x7f {
			return -1
		}
		return r
	}, text)
}

// Of interest: which properties of which components.
var interest = map[string][]string{
	"VCALENDAR": nil,
	"VEVENT": {
		"UID", "SUMMARY", "DESCRIPTION", "CATEGORIES", "STATUS", "TRANSP", "SEQUENCE", "DTSTART", "DTEND", "DURATION",
		"RRULE", "EXRULE", "RDATE", "EXDATE", "RECURRENCE-ID",
	},
	"VTIMEZONE": {"TZID"},
	"STANDARD":  {"DTSTART", "TZOFFSETFROM", "TZOFFSETTO", "RRULE", "RDATE"},
	"DAYLIGHT":  {"DTSTART", "TZOFFSETFROM", "TZOFFSETTO", "RRULE", "RDATE"},
}

// What a line and a nesting may be at most. Names with their parameters go through a parser whose cost is the square of
// what it is given.
const (
	maxDepth  = 16
	maxLine   = 1 << 20
	maxHeader = 1 << 10
	maxParams = 32
)

// parse reads the calendars of a stream.
func (rd *reader) parse(data []byte) (calendars []*component) {
	data = bytes.TrimPrefix(data, []byte("\uFEFF"))
	var stack []*component
	for line, text := range unfolded(data) {
		name, header, colon := cutName(text)
		if !colon {
			rd.add(line, "", syntax("%s has no colon", short(text)))
			continue
		}
		switch name {
		case "BEGIN":
			c := &component{name: strings.ToUpper(strings.TrimSpace(text[len(header)+1:])), line: line}
			if len(stack) == 0 && c.name != "VCALENDAR" {
				rd.add(line, "", syntax("%s outside of a calendar", short(text)))
			}
			if len(stack) == maxDepth {
				rd.fatal(line, "", fmt.Errorf("%w: components nested more than %d deep", ErrSize, maxDepth))
				return nil
			}
			if _, known := interest[c.name]; known {
				if n := len(stack); n > 0 {
					stack[n-1].parts = append(stack[n-1].parts, c)
				} else if c.name == "VCALENDAR" {
					calendars = append(calendars, c)
				}
			}
			stack = append(stack, c)
		case "END":
			stack = rd.end(stack, strings.ToUpper(strings.TrimSpace(text[len(header)+1:])), line)
		default:
			if n := len(stack); n == 0 {
				rd.add(line, "", syntax("%s outside of a calendar", short(text)))
			} else if slices.Contains(interest[stack[n-1].name], name) {
				if p, err := property(name, header, text, line); err != nil {
					rd.add(line, "", err)
				} else {
					stack[n-1].props = append(stack[n-1].props, p)
				}
			}
		}
	}
	for _, c := range stack {
		rd.add(c.line, "", syntax("%s does not end", short(c.name)))
	}
	if len(calendars) == 0 && len(rd.list) == 0 {
		rd.add(0, "", syntax("no VCALENDAR"))
	}
	return calendars
}

// end closes the component of a name, and those inside that nobody closed.
func (rd *reader) end(stack []*component, name string, line int) []*component {
	for i, c := range slices.Backward(stack) {
		if c.name != name {
			continue
		}
		for _, open := range stack[i+1:] {
			rd.add(open.line, "", syntax("%s does not end", short(open.name)))
		}
		return stack[:i]
	}
	rd.add(line, "", syntax("END:%s ends nothing", short(name)))
	return stack
}

// unfolded yields the content lines with the number of the line that each begins at.
func unfolded(data []byte) func(yield func(int, string) bool) {
	return func(yield func(int, string) bool) {
		var text []byte
		begins, number := 0, 0
		for raw := range bytes.Lines(data) {
			number++
			raw = bytes.TrimSuffix(bytes.TrimSuffix(raw, []byte("\n")), []byte("\r"))
			if len(raw) > 0 && (raw[0] == ' ' || raw[0] == '\t') && begins > 0 {
				text = append(text, raw[1:min(len(raw), 1+max(maxLine+1-len(text), 0))]...)
				continue
			}
			if len(text) > 0 && !yield(begins, string(text)) {
				return
			}
			text, begins = append(text[:0], raw[:min(len(raw), maxLine+1)]...), number
		}
		if len(text) > 0 {
			yield(begins, string(text))
		}
	}
}

// cutName splits a content line into its name, its name with parameters, and whether there is a value.
func cutName(text string) (name, header string, ok bool) {
	quoted := false
	for i := range len(text) {
		switch c := text[i]; {
		case c == '"':
			quoted = !quoted
		case c == ';' && name == "":
			name = text[:i]
		case c == ':' && !quoted:
			if name == "" {
				name = text[:i]
			}
			return strings.ToUpper(name), text[:i], true
		}
	}
	return strings.ToUpper(name), text, false
}

// property parses a line. The value is what stands after the colon, as it is.
func property(name, header, text string, line int) (prop, error) {
	if len(text) > maxLine {
		return prop{}, syntax("%s is longer than %d bytes", name, maxLine)
	}
	if len(header) > maxHeader || strings.Count(header, ";")+strings.Count(header, ",") > maxParams {
		return prop{}, syntax("%s has more than %d parameters, or %d bytes of them", name, maxParams, maxHeader)
	}
	parsed, err := ics.ParseProperty(ics.ContentLine(header + ":"))
	if err != nil || parsed == nil || !strings.EqualFold(parsed.IANAToken, name) {
		return prop{}, syntax("the parameters of %s", short(header))
	}
	p := prop{name: name, params: map[string][]string{}, value: text[len(header)+1:], line: line}
	for key, values := range parsed.ICalParameters {
		p.params[strings.ToUpper(key)] = values
	}
	return p, nil
}
