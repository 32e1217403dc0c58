package mail

import (
	"fmt"
	"strings"

	"github.com/itsmkit/itsmkit/itsm"
)

// Code tells why a message was refused.
type Code string

// The codes of [Rejected].
const (
	// TooLarge: the message, HeaderTooLarge: the headers of one part, LineTooLong: a line.
	TooLarge       Code = "too_large"
	HeaderTooLarge Code = "header_too_large"
	LineTooLong    Code = "line_too_long"
	// TooDeep: parts within parts, TooManyParts: all of them.
	TooDeep      Code = "too_deep"
	TooManyParts Code = "too_many_parts"
	// TextTooLarge: what is to be read, TooManyFiles, FileTooLarge and FilesTooLarge: attachments, decoded.
	TextTooLarge  Code = "text_too_large"
	TooManyFiles  Code = "too_many_files"
	FileTooLarge  Code = "file_too_large"
	FilesTooLarge Code = "files_too_large"
	// NotAMessage: there are no headers, NoSender: nobody wrote it, Malformed: its parts cannot be told apart.
	NotAMessage Code = "not_a_message"
	NoSender    Code = "no_sender"
	Malformed   Code = "malformed"
	// Loop: this desk sent it, and it came back.
	Loop Code = "loop"
)

// Rejected is the error for a message that does not come in. It matches itsm.ErrInvalid. Nothing is kept of the message:
// the host may keep it as it is, tell its sender, or forget it.
type Rejected struct {
	Code Code
	// Limit is what was exceeded, in bytes or pieces; 0 where no limit was.
	Limit int64
	// Cause is the error beneath, if there is one.
	Cause error
}

var said = map[Code]string{
	TooLarge:       "the message is larger than %d bytes",
	HeaderTooLarge: "the headers are larger than %d bytes",
	LineTooLong:    "a line is longer than %d bytes",
	TooDeep:        "parts nest more than %d deep",
	TooManyParts:   "the message has more than %d parts",
	TextTooLarge:   "the text is larger than %d bytes",
	TooManyFiles:   "the message has more than %d attachments",
	FileTooLarge:   "an attachment is larger than %d bytes",
	FilesTooLarge:  "the attachments are larger than %d bytes together",
	NotAMessage:    "this is no mail message: it has no headers",
	NoSender:       "the message says from nobody",
	Malformed:      "the parts of the message cannot be told apart",
	Loop:           "this desk sent the message itself",
}

// Error says what is wrong.
func (r *Rejected) Error() string {
	text, ok := said[r.Code]
	if limited := strings.Contains(text, "%d"); !ok || limited && r.Limit == 0 {
		text = string(r.Code)
	} else if limited {
		text = fmt.Sprintf(text, r.Limit)
	}
	if r.Cause != nil {
		text += ": " + r.Cause.Error()
	}
	return "mail: " + text
}

// Is matches itsm.ErrInvalid, and a Rejected of the same code.
func (r *Rejected) Is(target error) bool {
	if t, ok := target.(*Rejected); ok {
		return t.Code == r.Code
	}
	return target == error(itsm.ErrInvalid)
}

// Unwrap gives the cause.
func (r *Rejected) Unwrap() error { return r.Cause }
