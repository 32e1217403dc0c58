package markdown

import (
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

// Written is the page as it is before the sanitizer reads it.
func (r *Renderer) Written(body string) (string, error) {
	run := &run{Context: parser.NewContext(), r: r, source: []byte(lines.Replace(body))}
	root := r.parser.Parse(text.NewReader(run.source), parser.WithContext(run))
	if run.prepare(root); run.fault != nil {
		return "", run.fault
	}
	var out buffer
	err := r.writer.Render(&out, run.source, root)
	return out.String(), err
}

// Sanitized is what the sanitizer leaves of any page.
func (r *Renderer) Sanitized(page string) string { return r.policy.Sanitize(page) }
