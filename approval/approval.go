// Package approval asks people whether something may be done, and says as early as can be what they decided.
//
// An approval has stages, one after the other; a stage has voters and a [Rule]: any, all, a number, a percentage, a
// majority; some voters are mandatory. How a stage stands follows from its votes alone ([Rule.Decide]), and after the
// decision no vote is taken.
//
// A practice asks by making a record of the kind "approval" in its own transaction ([TriggerRequest]): one round on one
// version of what is to be approved. Each voter gets a ballot, a record too, so that what waits for somebody is a query.
// When the round is decided the subject is told ([TriggerNote]). Where the content changes, the practice lets the round
// lapse and asks anew; nothing that was said of the old content counts for the new one.
//
// # Who votes
//
// The requester does not. One person has one vote in a stage. Who is away names a delegate for some time ([Delegation]);
// a delegate is no voter of that stage, nor the requester, and a delegate's delegate counts for nothing. Both people stand on
// the ballot.
package approval

import (
	"time"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// The kinds of records, and what their numbers begin with.
const (
	Kind             = "approval"
	Series           = "APR"
	BallotKind       = "ballot"
	BallotSeries     = "BAL"
	DelegationKind   = "delegation"
	DelegationSeries = "DEL"
)

// The bounds of one approval.
const (
	MaxStages = 20
	MaxVoters = 200 // in a stage
)

// Approval is one round of asking, on one version of a record's content. It holds no names: those are on the ballots.
type Approval struct {
	itsm.Head

	// Subject is what is to be approved, in the version Content of what matters of it; Round counts the askings.
	Subject itsm.Ref `json:"subject" itsm:"index"`
	Content int64    `json:"content"`
	Round   int      `json:"round"`
	Title   string   `json:"title,omitempty" itsm:"personal=requester"`
	// Requester is who wants it, and does not vote.
	Requester string `json:"requester,omitempty" itsm:"personal"`
	// Stages hold the votes, and Stage is the place of the one that is asked.
	Stages field.Packed[[]StageVotes] `json:"stages"`
	Stage  int                        `json:"stage"`
	// Held suspends it: no vote is taken, and no time runs.
	Held bool `json:"held,omitempty"`
	// AskedAt is when the present stage was asked, DecidedAt when it ended. TimedOut tells that time decided, and Reason
	// why it lapsed.
	AskedAt   time.Time `json:"asked_at,omitzero"`
	DecidedAt time.Time `json:"decided_at,omitzero"`
	TimedOut  bool      `json:"timed_out,omitempty"`
	Reason    string    `json:"reason,omitempty"`
}

// StageVotes is a stage with the votes by ballot.
type StageVotes struct {
	Name    string  `json:"name"`
	Rule    Rule    `json:"rule"`
	Timeout Timeout `json:"timeout,omitzero"`
	Votes   []Vote  `json:"votes"`
}

// Vote is what came of a ballot.
type Vote struct {
	Ballot    string `json:"ballot"`
	Mandatory bool   `json:"mandatory,omitempty"`
	Choice    Choice `json:"choice,omitempty"`
}

// Decide says how the stage stands.
func (s StageVotes) Decide() Decision {
	return s.Rule.Decide(len(s.Votes), func(i int) (Choice, bool) { return s.Votes[i].Choice, s.Votes[i].Mandatory })
}

// Ballot is one person's vote in a stage of an approval.
type Ballot struct {
	itsm.Head

	// Person is asked. Deputy may vote in the person's place, because the stage's time is over.
	Person string `json:"person" itsm:"personal,index"`
	Deputy string `json:"deputy,omitempty" itsm:"personal,index"`
	// Of is the approval, Subject what it is about in its version Content, and Stage the stage.
	Of        itsm.Ref `json:"of" itsm:"index"`
	Subject   itsm.Ref `json:"subject" itsm:"index"`
	Content   int64    `json:"content"`
	Stage     string   `json:"stage"`
	Mandatory bool     `json:"mandatory,omitempty"`
	// VotedBy voted: the person, or a delegate by Delegation.
	VotedBy    string    `json:"voted_by,omitempty" itsm:"personal"`
	VotedAt    time.Time `json:"voted_at,omitzero"`
	Delegation string    `json:"delegation,omitempty"`
	Reason     string    `json:"reason,omitempty" itsm:"personal=voted_by"`
	// Reminders counts how often the person was reminded.
	Reminders int `json:"reminders,omitempty"`
}

// Delegation lets somebody vote for a person, in [Start, End).
type Delegation struct {
	itsm.Head

	From string `json:"from" itsm:"personal,index"`
	To   string `json:"to" itsm:"personal,index"`
	// Kinds limits it to subjects of these kinds; empty takes all.
	Kinds  []string  `json:"kinds,omitempty"`
	Start  time.Time `json:"start"`
	End    time.Time `json:"end"`
	Reason string    `json:"reason,omitempty" itsm:"personal=from"`
}

// Request asks. A practice makes it in the transaction of what is to be approved.
type Request struct {
	Subject   itsm.Ref `json:"subject"`
	Content   int64    `json:"content"`
	Round     int      `json:"round,omitempty"`
	Title     string   `json:"title,omitempty"`
	Requester string   `json:"requester,omitempty"`
	Stages    []Stage  `json:"stages"`
}

// Stage is a stage to be asked.
type Stage struct {
	Name   string  `json:"name"`
	Rule   Rule    `json:"rule,omitzero"`
	Voters []Voter `json:"voters"`
	// Timeout says what happens when nobody decides.
	Timeout Timeout `json:"timeout,omitzero"`
}

// Voter is who is asked.
type Voter struct {
	Person string `json:"person"`
	// Mandatory voters must accept.
	Mandatory bool `json:"mandatory,omitempty"`
}

// Timeout says what happens when a stage was not decided After so long, in working time of the practice's calendar. The
// zero Timeout waits for ever.
type Timeout struct {
	After  time.Duration `json:"after,omitempty"`
	Action Action        `json:"action,omitempty"`
	// To are who may vote in place of those who have not, where the action is Escalate; empty are the managers of those.
	// They hold no vote of their own, and are neither voters of the stage nor the requester.
	To []string `json:"to,omitempty"`
}

// Action is what happens to a stage when its time is over.
type Action string

// The actions.
const (
	Remind     Action = "remind"   // those who have not voted are told, again and again
	Escalate   Action = "escalate" // others may vote in their place
	RefuseLate Action = "refuse"   // it is refused
)

// Choose is what a vote brings. Content, where it is given, is the version that the voter looked at: another one is
// refused. A refusal takes a reason.
type Choose struct {
	Choice  Choice `json:"choice"`
	Reason  string `json:"reason,omitempty"`
	Content int64  `json:"content,omitempty"`
}

// Because says why.
type Because struct {
	Reason string `json:"reason"`
}

// Nothing is the input of commands that bring nothing.
type Nothing struct{}

// Outcome is what a subject is told of its approval.
type Outcome struct {
	Approval itsm.Ref `json:"approval"`
	Round    int      `json:"round"`
	Content  int64    `json:"content"`
	Status   Status   `json:"status"`
	// Stage is where it was decided, and Reasons why.
	Stage   string             `json:"stage"`
	Reasons []lifecycle.Reason `json:"reasons,omitempty"`
}

// The states.
const (
	StateWaiting  lifecycle.State = "waiting"
	StateAccepted lifecycle.State = "accepted"
	StateRefused  lifecycle.State = "refused"
	StateLapsed   lifecycle.State = "lapsed"

	// Of a ballot, beside accepted, refused and lapsed.
	StatePending   lifecycle.State = "pending"
	StateOpen      lifecycle.State = "open"
	StateAbstained lifecycle.State = "abstained"

	// Of a delegation.
	StateActive lifecycle.State = "active"
	StateEnded  lifecycle.State = "ended"
)

// The triggers.
const (
	TriggerRequest lifecycle.Trigger = "request"
	TriggerLapse   lifecycle.Trigger = "lapse"
	TriggerHold    lifecycle.Trigger = "hold"
	TriggerRelease lifecycle.Trigger = "release"
	// TriggerNote is pulled on the subject when the approval is decided, with an [Outcome]: its practice has a handler, for
	// machinery only.
	TriggerNote lifecycle.Trigger = "note_approval"
	// TriggerCount counts a ballot, TriggerTimeout is the end of a stage's time. They are machinery's.
	TriggerCount   lifecycle.Trigger = "count"
	TriggerTimeout lifecycle.Trigger = "time_out"

	// Of a ballot: Vote is the voter's, the others are machinery's.
	TriggerVote   lifecycle.Trigger = "vote"
	TriggerAsk    lifecycle.Trigger = "ask"
	TriggerRemind lifecycle.Trigger = "remind"
	TriggerDepute lifecycle.Trigger = "depute"
	TriggerIssue  lifecycle.Trigger = "issue"

	// Of a delegation.
	TriggerDelegate lifecycle.Trigger = "delegate"
	TriggerEnd      lifecycle.Trigger = "end"
)

// TimerStage is the timer of a stage.
const TimerStage = "stage"

// The codes of refused votes, beside those of package lifecycle.
const (
	ReasonNotVoter  lifecycle.Code = "not_the_voter"       // neither the voter nor a delegate
	ReasonRequester lifecycle.Code = "requester"           // the requester does not vote
	ReasonTwoVotes  lifecycle.Code = "votes_in_this_stage" // a delegate who has a vote of the same stage
	ReasonContent   lifecycle.Code = "content_changed"     // the vote is for another version
	ReasonHeld      lifecycle.Code = "approval_held"       // the approval is suspended
)
