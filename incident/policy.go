package incident

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// Policy is what desks decide differently. The zero value is a good start.
type Policy struct {
	// ReopenWindow is how long after its resolution an incident may be reopened, in elapsed time; 0 is 30 days,
	// negative is for ever.
	ReopenWindow time.Duration
	// ReopenLimit is how often an incident may be reopened; 0 is without limit.
	ReopenLimit int
	// CallerReply says what happens when the caller writes on a resolved incident.
	CallerReply CallerReply
	// LateReply says what happens when the caller writes on a closed incident, within LateReplyWindow of its closing
	// (elapsed time; 0 is 90 days, negative is for ever). Later it is refused.
	LateReply       LateReply
	LateReplyWindow time.Duration
	// AutoClose is how long a resolved incident waits for the caller's word before it closes itself, in working time
	// of the practice's calendar; 0 is 24 hours of it, negative is never.
	AutoClose time.Duration
	// FollowUps are sent, one after the other, while an incident waits for the caller, and NoAnswer after the last of them
	// it resolves itself with the code [NoAnswer]; in working time of the practice's calendar. Without FollowUps nothing is
	// sent; a NoAnswer of 0 never resolves.
	FollowUps []FollowUp
	NoAnswer  time.Duration
	// ContactGap tells contacts apart. A report is the first; a message of the caller belongs to the same contact while
	// the desk has not answered, and for this long (elapsed time) after the last word of either side; later it is a new
	// one. What machines answer is none. 0 is 30 minutes.
	ContactGap time.Duration
	// HoldReasons are reasons of this desk, beside those that every desk knows.
	HoldReasons []itsm.HoldReason
}

// FollowUp is a message to a caller who has not answered for a while: After the hold began, or after the follow-up
// before.
type FollowUp struct {
	After   time.Duration
	Message string
}

// CallerReply is a policy for callers who write on a resolved incident.
type CallerReply uint8

// What the caller's message does to a resolved incident.
const (
	// ReplyReopens reopens it, within the window and the limit; else the message is a comment only.
	ReplyReopens CallerReply = iota
	// ReplyComments is a comment only.
	ReplyComments
)

// LateReply is a policy for callers who write on a closed incident.
type LateReply uint8

// What the caller's message does to a closed incident.
const (
	// LateReplyReports makes a new incident, linked to the closed one.
	LateReplyReports LateReply = iota
	// LateReplyReopens reopens the closed one.
	LateReplyReopens
	// LateReplyRefused refuses the message.
	LateReplyRefused
)

const (
	defaultReopenWindow = 30 * 24 * time.Hour
	defaultLateWindow   = 90 * 24 * time.Hour
	defaultAutoClose    = 24 * time.Hour
	defaultContactGap   = 30 * time.Minute
)

func (p Policy) withDefaults() Policy {
	if p.ReopenWindow == 0 {
		p.ReopenWindow = defaultReopenWindow
	}
	if p.LateReplyWindow == 0 {
		p.LateReplyWindow = defaultLateWindow
	}
	if p.AutoClose == 0 {
		p.AutoClose = defaultAutoClose
	}
	if p.ContactGap == 0 {
		p.ContactGap = defaultContactGap
	}
	p.FollowUps = slices.Clone(p.FollowUps)
	p.HoldReasons = append([]itsm.HoldReason{
		itsm.HoldCaller, itsm.HoldVendor, itsm.HoldChange, itsm.HoldProblem, itsm.HoldOther,
	}, p.HoldReasons...)
	return p
}

// check lists every fault.
func (p Policy) check() error {
	var faults []error
	fault := func(wrong bool, field, message string) {
		if wrong {
			faults = append(faults, itsm.Invalid(field, message))
		}
	}
	fault(p.ReopenLimit < 0, "ReopenLimit", "a limit is 0 (none) or more")
	fault(p.CallerReply > ReplyComments, "CallerReply", "choose one of the policies for replies")
	fault(p.LateReply > LateReplyRefused, "LateReply", "choose one of the policies for late replies")
	fault(p.ContactGap < 0, "ContactGap", "a gap is 0 (the usual one) or more")
	fault(p.NoAnswer < 0, "NoAnswer", "the time without an answer is 0 (never) or more")
	fault(p.NoAnswer > 0 && len(p.FollowUps) == 0, "NoAnswer", "follow up at least once before an incident is given up")
	for i, f := range p.FollowUps {
		fault(f.After <= 0, fmt.Sprintf("FollowUps[%d].After", i), "a follow-up comes after a time of more than 0")
		fault(strings.TrimSpace(f.Message) == "", fmt.Sprintf("FollowUps[%d].Message", i), "say what the caller is asked")
	}
	return errors.Join(faults...)
}

// within refuses with a code where now is more than a window after an instant.
func within(now, since time.Time, window time.Duration, code lifecycle.Code) *lifecycle.Reason {
	if window < 0 || !now.After(since.Add(window)) {
		return nil
	}
	return &lifecycle.Reason{Code: code, Args: map[string]string{
		"since": since.Format(time.RFC3339), "window": window.String(),
	}}
}

// WorkingTime counts the working time of a calendar. A *calendar.Calendar is one.
type WorkingTime interface {
	// Add answers the earliest instant with that much working time between from and it.
	Add(from time.Time, working time.Duration) (time.Time, error)
}

// roundTheClock is working time where no calendar is configured.
type roundTheClock struct{}

func (roundTheClock) Add(from time.Time, working time.Duration) (time.Time, error) {
	return from.Add(working), nil
}
