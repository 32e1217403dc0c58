package search

import (
	"slices"
	"strings"
)

// Sees reports whether the asker of the filter may see a document with those audiences.
func (f *Filter) Sees(allow, deny []string) bool {
	has := func(token string) bool { return token == Everyone || slices.Contains(f.Audience, token) }
	return slices.ContainsFunc(allow, has) && !slices.ContainsFunc(deny, has)
}

// Passes reports whether a document passes the filter in every part: the law that every index keeps.
func (f *Filter) Passes(d *Document) bool {
	return d.Tenant == f.Tenant && f.among(d.Kind, d.Locale) && f.Sees(d.Allow, d.Deny) && f.labelled(d.Labels)
}

func (f *Filter) among(kind, locale string) bool {
	return (len(f.Kinds) == 0 || slices.Contains(f.Kinds, kind)) &&
		(len(f.Locales) == 0 || slices.ContainsFunc(f.Locales, func(r string) bool { return inRange(locale, r) }))
}

func (f *Filter) labelled(labels map[string][]string) bool {
	for key, values := range f.Labels {
		if !slices.ContainsFunc(labels[key], func(v string) bool { return slices.Contains(values, v) }) {
			return false
		}
	}
	return true
}

// inRange is basic filtering as RFC 4647, 3.3.1 has it.
func inRange(locale, r string) bool {
	switch {
	case r == "" || locale == "":
		return r == locale
	case r == "*":
		return true
	case len(locale) < len(r) || len(locale) > len(r) && locale[len(r)] != '-' && locale[len(r)] != '_':
		return false
	}
	return strings.EqualFold(hyphens(locale[:len(r)]), hyphens(r))
}

// hyphens writes de_CH as de-CH.
func hyphens(locale string) string { return strings.ReplaceAll(locale, "_", "-") }
