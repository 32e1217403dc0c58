// Package knowledge is the practice of writing down what helps and keeping it right: articles are drafted, reviewed, published
// from an instant to another, revised beside what readers see, renewed or retired in favour of others, and translated.
//
//	a, err := d.Articles.Draft(ann, knowledge.Draft{Locale: "en", Content: knowledge.Content{
//		Text:     knowledge.Text{Title: "Connect to the VPN", Body: "Start the client and ..."},
//		Audience: knowledge.For(knowledge.Public),
//	}})
//	a, err = d.Articles.Publish(ann, a.ID, knowledge.Publication{})
//
// # What readers see
//
// Readers, who may not write articles, see the published text of those articles whose [Audience] includes them, and nothing of
// what is being written or how it came about: at every door of the kernel, where [Authorize] stands before the authorizer. An
// expired article is read by who asks for it by number, and is in no list; a retired one leads to its replacement ([Articles.Follow]).
//
// # Editions
//
// A text becomes an edition when it is published. The next one is written in [Article.Next] while readers still see the
// last, and takes its place in one command. Editions are kept, can be compared and taken up again ([Articles.Editions]); what
// readers saw at an instant follows from the events ([Articles.TextAt]).
//
// The body is Markdown, which this package does not read: module knowledge/markdown makes safe pages of it. Instants are in UTC.
package knowledge

import (
	"time"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// Kind is the kind of articles, and Series begins their numbers.
const (
	Kind   = "article"
	Series = "KB"
)

// Article is something to know, in one language. It has no caller: the title of the ticket is that of the published
// text, or of the one that is written where none is. Its assignee is the owner.
type Article struct {
	itsm.Ticket

	// Form names the form of the text; empty is none. Locale is its language, as BCP 47 writes it.
	Form   string `json:"form,omitempty" itsm:"index"`
	Locale string `json:"locale" itsm:"index"`
	// Family is the number of the article that this one is a translation of; its own where it is none. Translates is the edition
	// of the original that the published text renders, and NextTranslates that of the next one.
	Family         string `json:"family,omitempty" itsm:"index"`
	Translates     int64  `json:"translates,omitempty"`
	NextTranslates int64  `json:"next_translates,omitempty"`

	// Published is what readers see, in its edition, since PublishedAt; 0 and empty before the first publication.
	Published   field.Packed[Text] `json:"published,omitzero"`
	Edition     int64              `json:"edition,omitempty"`
	PublishedAt time.Time          `json:"published_at,omitzero" itsm:"index"`
	// Allow and Deny are the audience of the published text, or of the next one where nothing was published.
	Allow []string `json:"allow,omitempty"`
	Deny  []string `json:"deny,omitempty"`
	// ValidTo is when it expires; zero is never. ReviewedAt is when somebody last stood up for it.
	ValidTo    time.Time `json:"valid_to,omitzero" itsm:"index"`
	ReviewedAt time.Time `json:"reviewed_at,omitzero" itsm:"index"`

	// Next is what is being written, at its Step; Content counts its versions. PublishAt is when it is published, and NextValidTo
	// when it then expires.
	Next        field.Packed[Content] `json:"next,omitzero"`
	Step        Step                  `json:"step,omitempty" itsm:"index"`
	Content     int64                 `json:"content,omitempty"`
	PublishAt   time.Time             `json:"publish_at,omitzero"`
	NextValidTo time.Time             `json:"next_valid_to,omitzero"`
	// Approval is the open or last round of asking, Round counts them, and Approved is the content that was accepted.
	Approval itsm.Ref `json:"approval,omitzero"`
	Round    int      `json:"round,omitempty"`
	Approved int64    `json:"approved,omitempty"`

	// Replacement stands in the place of a retired article.
	Replacement itsm.Ref `json:"replacement,omitzero" itsm:"index"`
	// Reason says why it was returned, retired or discarded, the last time.
	Reason string `json:"reason,omitempty"`
	// Solved counts the tickets that it solved.
	Solved int64 `json:"solved,omitempty"`
}

// Text is what an edition says.
type Text struct {
	Title   string `json:"title"`
	Summary string `json:"summary,omitempty"`
	// Body is Markdown.
	Body     string   `json:"body"`
	Keywords []string `json:"keywords,omitempty"`
}

// Content is a text with those who are to read it.
type Content struct {
	Text
	Audience Audience `json:"audience,omitzero"`
}

// Step is how far the text that is being written has come.
type Step string

// The steps. An article that was never published, or was taken back, is in the state of the same name.
const (
	StepNone      Step = ""
	StepDraft     Step = "draft"
	StepReview    Step = "review"
	StepScheduled Step = "scheduled"
)

// Draft begins an article. Only a title is required; the rest before it is reviewed or published.
type Draft struct {
	Content
	// Locale is the desk's where it is empty.
	Locale string `json:"locale,omitempty"`
	// Form names a form; Sections fill it by heading, in place of a body.
	Form     string            `json:"form,omitempty"`
	Sections map[string]string `json:"sections,omitempty"`
	Category string            `json:"category,omitempty"`
	Service  string            `json:"service,omitempty"`
	Items    []string          `json:"items,omitempty"`
	Group    string            `json:"group,omitempty"`
	// Owner looks after it; the author where it is empty.
	Owner string `json:"owner,omitempty"`
	// From is the incident or problem that it was drafted from.
	From itsm.Ref `json:"from,omitzero"`
	// TranslationOf is the number of the article that it is a translation of.
	TranslationOf string       `json:"translation_of,omitempty"`
	Custom        field.Fields `json:"custom,omitempty"`
}

// Writing takes the place of all that is being written.
type Writing struct {
	Content
	// Translates is the edition of the original that it renders, where it is a translation; 0 is the present one.
	Translates int64 `json:"translates,omitempty"`
}

// Publication publishes a text.
type Publication struct {
	// At is when; now where it is zero or past.
	At time.Time `json:"at,omitzero"`
	// ValidTo is when it expires. Zero is what [Config.ValidFor] says.
	ValidTo time.Time `json:"valid_to,omitzero"`
}

// Renewal stands up for what is published.
type Renewal struct {
	// ValidTo is when it expires. Zero is what [Config.ValidFor] says, from now on.
	ValidTo time.Time `json:"valid_to,omitzero"`
}

// Retirement takes an article from its readers.
type Retirement struct {
	Reason string `json:"reason"`
	// Replacement is the number of an article that stands in its place.
	Replacement string `json:"replacement,omitempty"`
}

// Because says why.
type Because struct {
	Reason string `json:"reason"`
}

// Taking takes up an edition again.
type Taking struct {
	Edition int64 `json:"edition"`
}

// Solution names a ticket that an article solved.
type Solution struct {
	Ticket itsm.Ref `json:"ticket"`
}

// Nothing is the input of commands that bring nothing.
type Nothing struct{}

// The states.
const (
	StateDraft     lifecycle.State = "draft"
	StateReview    lifecycle.State = "review"
	StateScheduled lifecycle.State = "scheduled"
	StatePublished lifecycle.State = "published"
	StateExpired   lifecycle.State = "expired"
	StateRetired   lifecycle.State = "retired"
	StateDiscarded lifecycle.State = "discarded"
)

// The triggers.
const (
	TriggerDraft   lifecycle.Trigger = "draft"
	TriggerWrite   lifecycle.Trigger = "write"
	TriggerTakeUp  lifecycle.Trigger = "take_up"
	TriggerSubmit  lifecycle.Trigger = "submit"
	TriggerReturn  lifecycle.Trigger = "return"
	TriggerPublish lifecycle.Trigger = "publish"
	TriggerRevise  lifecycle.Trigger = "revise"
	TriggerDiscard lifecycle.Trigger = "discard"
	TriggerRenew   lifecycle.Trigger = "renew"
	TriggerRetire  lifecycle.Trigger = "retire"
	TriggerRestore lifecycle.Trigger = "restore"
	TriggerSolve   lifecycle.Trigger = "solve"
	// Of machinery: the date of a publication or of the end has come, or the end is near.
	TriggerRelease lifecycle.Trigger = "release"
	TriggerExpire  lifecycle.Trigger = "expire"
	TriggerRemind  lifecycle.Trigger = "remind"
)

// The links of articles.
var (
	Solves        = itsm.LinkType{Name: "solves", Inverse: "solved_by"}
	DraftedFrom   = itsm.LinkType{Name: "drafted_from", Inverse: "described_by"}
	TranslationOf = itsm.LinkType{Name: "translation_of", Inverse: "translated_by"}
	ReplacedBy    = itsm.LinkType{Name: "replaced_by", Inverse: "replaces"}
)

// The codes of refusals, beside those of package lifecycle.
const (
	ReasonNothingWritten lifecycle.Code = "nothing_written"    // no text is being written
	ReasonStep           lifecycle.Code = "step"               // step, needs: the text that is written is at another step
	ReasonTitle          lifecycle.Code = "title_missing"      //
	ReasonBody           lifecycle.Code = "body_missing"       //
	ReasonAudience       lifecycle.Code = "audience_missing"   // nobody may read it
	ReasonSection        lifecycle.Code = "section_missing"    // heading: the form requires it
	ReasonReview         lifecycle.Code = "review_asked"       // policy: it goes through a review first
	ReasonUndecided      lifecycle.Code = "approval_undecided" // approval: nobody decided about this content
	ReasonDates          lifecycle.Code = "dates"              // it would expire before it is published, or in the past
	ReasonReplacement    lifecycle.Code = "replacement"        // replacement, why: not there, itself, or in a circle
	ReasonEdition        lifecycle.Code = "no_such_edition"    // edition
	ReasonWritten        lifecycle.Code = "already_written"    // a text is being written already
	ReasonTicket         lifecycle.Code = "not_a_ticket"       // ticket
	ReasonTranslated     lifecycle.Code = "translated_already" // locale, article: the family has it
)
