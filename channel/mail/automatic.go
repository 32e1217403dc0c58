package mail

import (
	"strings"
)

// Channel is what messages and comments that came by mail are marked with.
const Channel = "mail"

// automatic reports whether a program sent a message. It goes by headers alone: words in a subject are somebody's
// language, and a reply to an absence notice has them too.
func automatic(h header, from string) bool {
	if v := word(h.Get("Auto-Submitted")); v != "" && v != "no" { // RFC 3834
		return true
	}
	for _, name := range [...]string{"X-Autoreply", "X-Auto-Reply", "X-Autorespond", "X-Autoresponder", "X-Failed-Recipients"} {
		if v := word(h.Get(name)); v != "" && v != "no" && v != "false" {
			return true
		}
	}
	for v := range words(h.Get("X-Auto-Response-Suppress")) { // DR, RN and NRN speak of receipts, which people do not want either
		if v == "all" || v == "oof" || v == "autoreply" {
			return true
		}
	}
	for v := range words(h.Get("Precedence")) {
		if v == "auto_reply" {
			return true
		}
	}
	for _, name := range [...]string{"X-Message-Class", "X-Ms-Exchange-Message-Class", "Message-Class"} {
		v := word(h.Get(name))
		if strings.HasPrefix(v, "ipm.note.rules.") || strings.HasPrefix(v, "report.") {
			return true
		}
	}
	mediaType, _ := parseParams(h.Get("Content-Type"))
	if mediaType == "multipart/report" || mediaType == "message/delivery-status" || mediaType == "message/disposition-notification" {
		return true
	}
	for _, path := range h.Values("Return-Path") {
		if strings.TrimSpace(path) == "<>" {
			return true
		}
	}
	local, _, _ := strings.Cut(strings.ToLower(from), "@")
	return local == "mailer-daemon" || local == "postmaster"
}

// bulk reports whether a message went to many.
func bulk(h header) bool {
	for _, name := range [...]string{"List-Id", "List-Unsubscribe", "Feedback-Id"} {
		if h.Has(name) {
			return true
		}
	}
	for v := range words(h.Get("Precedence")) {
		if v == "bulk" || v == "list" || v == "junk" {
			return true
		}
	}
	return false
}

// word is the first word of a value in lower case, without what is said about it.
func word(v string) string {
	v, _, _ = strings.Cut(v, ";")
	v = strings.ToLower(strings.TrimSpace(stripComment(v)))
	v, _, _ = strings.Cut(v, " ")
	return v
}

// words are those of a list.
func words(v string) func(func(string) bool) {
	return strings.FieldsFuncSeq(strings.ToLower(v), func(c rune) bool { return c == ',' || c == ';' || c == ' ' || c == '\t' })
}
