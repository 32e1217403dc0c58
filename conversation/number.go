package conversation

import (
	"slices"
	"strings"

	"github.com/itsmkit/itsmkit/itsm"
)

const (
	// maxScan bounds how much of a subject is searched for numbers, in bytes, and maxNumbers how many are taken.
	maxScan    = 1000
	maxNumbers = 8
	// maxDigits is what the numbers of a series have at most, and fullDigits what they have at least.
	maxDigits  = 18
	fullDigits = 7
)

// scan finds the numbers of records in a subject: those in brackets first, else in their order. A number stands alone,
// but letters beyond ASCII may touch it, because some scripts put no spaces. Its zeros need not be written.
func scan(subject string, numbers []Numbers) []itsm.Ref {
	subject = subject[:min(len(subject), maxScan)]
	var refs []itsm.Ref
	bracketed := 0
	add := func(ref itsm.Ref, first bool) {
		if len(refs) == maxNumbers || slices.Contains(refs, ref) {
			return
		}
		if first {
			refs = slices.Insert(refs, bracketed, ref)
			bracketed++
			return
		}
		refs = append(refs, ref)
	}
	for at := 0; at < len(subject); at++ {
		if at > 0 && inWord(subject[at-1]) {
			continue
		}
		for _, n := range numbers {
			digits, ok := digitsAfter(subject[at:], n.Prefix)
			if !ok {
				continue
			}
			end := at + len(n.Prefix) + len(digits)
			first := at > 0 && subject[at-1] == '[' && end < len(subject) && subject[end] == ']'
			add(itsm.Ref{Kind: n.Kind, ID: n.Prefix + digits}, first)
			add(itsm.Ref{Kind: n.Kind, ID: n.Prefix + full(digits)}, first)
		}
	}
	return refs
}

// digitsAfter answers the digits behind a prefix, where they end there.
func digitsAfter(text, prefix string) (string, bool) {
	if len(text) <= len(prefix) || !strings.EqualFold(text[:len(prefix)], prefix) {
		return "", false
	}
	end := len(prefix)
	for end < len(text) && isDigit(text[end]) {
		end++
	}
	n := end - len(prefix)
	if n == 0 || n > maxDigits || end < len(text) && inWord(text[end]) {
		return "", false
	}
	return text[len(prefix):end], true
}

// full is how the kernel writes the number.
func full(digits string) string {
	digits = strings.TrimLeft(digits, "0")
	if pad := fullDigits - len(digits); pad > 0 {
		return strings.Repeat("0", pad) + digits
	}
	return digits
}

func inWord(c byte) bool { return isDigit(c) || isLetter(c) || c == '_' }
