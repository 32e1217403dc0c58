package incident

import (
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
	// HoldReasons are reasons of this desk, beside those that every desk knows.
	HoldReasons []itsm.HoldReason
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
	p.HoldReasons = append([]itsm.HoldReason{
		itsm.HoldCaller, itsm.HoldVendor, itsm.HoldChange, itsm.HoldProblem, itsm.HoldOther,
	}, p.HoldReasons...)
	return p
}

func (p Policy) check() error {
	switch {
	case p.ReopenLimit < 0:
		return itsm.Invalid("ReopenLimit", "a limit is 0 (none) or more")
	case p.CallerReply > ReplyComments:
		return itsm.Invalid("CallerReply", "choose one of the policies for replies")
	case p.LateReply > LateReplyRefused:
		return itsm.Invalid("LateReply", "choose one of the policies for late replies")
	}
	return nil
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
