package itsmtest

import (
	"strings"
	"time"

	"github.com/itsmkit/itsmkit/itsm"
)

// Match is a condition on an event, with words for it.
type Match struct {
	words string
	holds func(itsm.Entry) bool
}

// That is a condition of the test's own; the words complete "an event that ...".
func That(words string, holds func(itsm.Entry) bool) Match {
	return Match{words: "that " + words, holds: holds}
}

// By matches what an actor did.
func By(id string) Match {
	return Match{"by " + id, func(e itsm.Entry) bool { return e.Actor.ID == id }}
}

// OnBehalfOf matches what was done for a person.
func OnBehalfOf(person string) Match {
	return Match{"on behalf of " + person, func(e itsm.Entry) bool { return e.Actor.OnBehalfOf == person }}
}

// CausedBy matches what followed from a cause: "timer auto_close", or a record such as "problem/PRB0000001", at any of
// its versions or as "problem/PRB0000001@3" at one.
func CausedBy(cause string) Match {
	return Match{"caused by " + cause, func(e itsm.Entry) bool {
		return e.Cause == cause || strings.HasPrefix(e.Cause, cause+"@")
	}}
}

// At matches what happened at an instant.
func At(t time.Time) Match {
	return Match{"at " + instant(t), func(e itsm.Entry) bool { return e.At.Equal(t) }}
}

// Changed matches what gave a field a new value, written as [Timeline] writes it; empty for a field that was emptied.
func Changed(field, to string) Match {
	return Match{"with " + field + " → " + orNone(to), func(e itsm.Entry) bool {
		for _, c := range e.Changes {
			if c.Field == field {
				return c.To.String() == to
			}
		}
		return false
	}}
}

// WithFact matches what has a fact of that name, such as "refused".
func WithFact(name string) Match {
	return Match{"with the fact " + name, func(e itsm.Entry) bool { return e.Facts[name] != nil }}
}

// say puts an event and its conditions into words.
func say(event string, where []Match) string {
	words := event
	for i, m := range where {
		if i > 0 {
			words += ","
		}
		words += " " + m.words
	}
	return words
}
