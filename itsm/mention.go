package itsm

import (
	"errors"
	"slices"
	"strings"
)

// maxMentions bounds how many people one message can call.
const maxMentions = 20

// mention makes those whom a text calls by @ and their id watchers of the record at hand, and concerns them with the
// event. Only who may write work notes calls others, and only whom the directory knows is called.
func (u *Unit) mention(text string) error {
	names := Mentions(text)
	if len(names) == 0 || u.Require(Verb(TriggerNote)) != nil {
		return nil
	}
	for _, name := range names {
		_, err := u.Directory().Person(u.Context(), u.touch.key.Tenant, name)
		switch {
		case errors.Is(err, ErrNotFound):
			continue
		case err != nil:
			return err
		}
		if err := u.Watch(name); err != nil {
			return err
		}
		if err := u.Concern(name); err != nil {
			return err
		}
	}
	return nil
}

// Mentions reads the ids that a text calls, each once, in order, the first twenty: an @ that begins a word, and then
// letters, digits, dots, hyphens and underscores. A mail address is no mention.
func Mentions(text string) []string {
	var names []string
	for at := 0; len(names) < maxMentions; {
		i := strings.IndexByte(text[at:], '@')
		if i < 0 {
			break
		}
		at += i
		begins := at == 0 || !inName(text[at-1]) && text[at-1] != '@'
		end := at + 1
		for end < len(text) && inName(text[end]) {
			end++
		}
		name := strings.TrimRight(text[at+1:end], ".-")
		at = end
		if begins && name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// inName reports whether a byte is part of an id, or of a letter beyond ASCII.
func inName(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '.' || c == '-' || c == '_' || c >= 0x80
}
