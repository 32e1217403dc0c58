package knowledge

import (
	"slices"

	"github.com/itsmkit/itsmkit/approval"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// The names that the table uses for guards and choices. A host's overlay may use them too.
const (
	guardDrafted   = "text_is_drafted"    // a text is being written, and is not under review
	guardNone      = "no_text_is_drafted" // no text is being written
	guardUnderWay  = "text_is_under_way"  // the text that is written is under review, or waits for its date
	guardSome      = "text_is_there"      // a text is being written
	guardScheduled = "text_is_scheduled"  // the text that is written waits for its date
	guardTitle     = "title"              // the text has a title,
	guardBody      = "body"               // a body,
	guardAudience  = "audience"           // readers,
	guardForm      = "form"               // and what its form requires
	guardReviewed  = "reviewed"           // no review is asked for, or it accepted this very content
	chooseDue      = "when_it_is_due"     // scheduled where the date is in the future
	chooseBeside   = "when_it_is_due_beside_the_expired"
)

// Lifecycle is the table of an article's state. It is data: draw it, store it, change it with overlays.
func Lifecycle() lifecycle.Definition {
	in := func(s ...lifecycle.State) []lifecycle.State { return s }
	because := []lifecycle.Need{{"reason"}}
	machinery := []itsm.Role{itsm.Machinery}
	unpublished := in(StateDraft, StateReview, StateScheduled)
	readable := in(StatePublished, StateExpired)
	living := slices.Concat(unpublished, readable)
	complete := func(more ...string) []string { return append(more, guardTitle, guardBody, guardAudience, guardForm) }
	return lifecycle.Definition{
		Name: Kind, Version: 1, Initial: StateDraft,
		States: []lifecycle.StateRow{
			{Name: StateDraft, Title: "Draft", Phase: lifecycle.New},
			{Name: StateReview, Title: "Review", Phase: lifecycle.Active},
			{Name: StateScheduled, Title: "Scheduled", Phase: lifecycle.Waiting},
			{Name: StatePublished, Title: "Published", Phase: lifecycle.Active},
			{Name: StateExpired, Title: "Expired", Phase: lifecycle.Waiting},
			{Name: StateRetired, Title: "Retired", Phase: lifecycle.Closed},
			{Name: StateDiscarded, Title: "Discarded", Phase: lifecycle.Cancelled},
		},
		Triggers: append([]lifecycle.TriggerRow{
			{Name: TriggerWrite, Title: "Write", Past: "written"},
			{Name: TriggerTakeUp, Title: "Take up an edition", Past: "taken_up"},
			{Name: TriggerSubmit, Title: "Submit for review", Past: "submitted"},
			{Name: TriggerReturn, Title: "Return to the author", Past: "returned"},
			{Name: TriggerPublish, Title: "Publish", Past: "published"},
			{Name: TriggerRelease, Title: "Publish on its date", Past: "released"},
			{Name: TriggerRevise, Title: "Revise", Past: "revised"},
			{Name: TriggerDiscard, Title: "Discard", Past: "discarded"},
			{Name: TriggerExpire, Title: "Expire", Past: "expired"},
			{Name: TriggerRemind, Title: "Remind of the end", Past: "expiry_near"},
			{Name: TriggerRenew, Title: "Renew", Past: "renewed"},
			{Name: TriggerRetire, Title: "Retire", Past: "retired"},
			{Name: TriggerRestore, Title: "Restore", Past: "restored"},
			{Name: TriggerSolve, Title: "Note what it solved", Past: "solved"},
			{Name: approval.TriggerNote, Title: "Note an approval", Past: "approval_noted"},
		}, itsm.StandardTriggers()...),
		Rows: append([]lifecycle.Transition{
			{From: slices.Concat(in(StateDraft), readable), Trigger: TriggerWrite, Guards: []string{guardDrafted}},
			{From: slices.Concat(in(StateDraft), readable), Trigger: TriggerTakeUp, Guards: []string{guardDrafted}, Brings: []lifecycle.Need{{"edition"}}},
			{From: in(StateDraft), Trigger: TriggerSubmit, To: StateReview, Guards: complete()},
			{From: readable, Trigger: TriggerSubmit, Guards: complete(guardDrafted)},
			{From: in(StateReview, StateScheduled), Trigger: TriggerReturn, To: StateDraft, Brings: because},
			{From: readable, Trigger: TriggerReturn, Guards: []string{guardUnderWay}, Brings: because},
			{From: in(StateDraft, StateReview), Trigger: TriggerPublish, Choose: chooseDue, Among: in(StatePublished, StateScheduled), Guards: complete(guardReviewed)},
			{From: in(StatePublished), Trigger: TriggerPublish, Guards: complete(guardSome, guardReviewed)},
			{From: in(StateExpired), Trigger: TriggerPublish, Choose: chooseBeside, Among: in(StatePublished, StateExpired), Guards: complete(guardSome, guardReviewed)},
			{From: in(StateScheduled), Trigger: TriggerRelease, To: StatePublished, Roles: machinery},
			{From: readable, Trigger: TriggerRelease, To: StatePublished, Guards: []string{guardScheduled}, Roles: machinery},
			{From: readable, Trigger: TriggerRevise, Guards: []string{guardNone}},
			{From: unpublished, Trigger: TriggerDiscard, To: StateDiscarded, Brings: because},
			{From: readable, Trigger: TriggerDiscard, Guards: []string{guardSome}, Brings: because},
			{From: in(StatePublished), Trigger: TriggerRemind, Roles: machinery},
			{From: in(StatePublished), Trigger: TriggerExpire, To: StateExpired, Roles: machinery},
			{From: readable, Trigger: TriggerRenew, To: StatePublished},
			{From: readable, Trigger: TriggerRetire, To: StateRetired, Brings: because},
			{From: in(StateRetired), Trigger: TriggerRestore, To: StateDraft},
			{From: readable, Trigger: TriggerSolve, Brings: []lifecycle.Need{{"ticket"}}},
			{From: slices.Concat(living, in(StateRetired, StateDiscarded)), Trigger: approval.TriggerNote, Brings: []lifecycle.Need{{"approval"}}, Roles: machinery},
		}, slices.Concat(
			itsm.StandardTransitions(living),
			itsm.StandardTransitions(in(StateRetired, StateDiscarded),
				itsm.TriggerComment, itsm.TriggerNote, itsm.TriggerLink, itsm.TriggerLinked, itsm.TriggerUnlink, itsm.TriggerPropagate, itsm.TriggerWatch, itsm.TriggerUnwatch,
				itsm.TriggerTask, itsm.TriggerClocks, itsm.TriggerLegalHold, itsm.TriggerLegalRelease, itsm.TriggerRetention),
		)...),
	}
}
