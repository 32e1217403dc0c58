package conversation

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// Did says in a word what became of a message.
type Did string

// What may become of a message.
const (
	Commented   Did = "commented"    // a comment, with what the practice does about it
	Reported    Did = "reported"     // a new record
	RepliedLate Did = "replied_late" // what the practice does about a late reply
	Recorded    Did = "recorded"     // a comment that moves nothing, because a machine wrote it
	Dropped     Did = "dropped"      // nothing: it is in the log alone
)

// Receipt says what became of a message.
type Receipt struct {
	Did Did
	// Record is where the message is now, at Version; zero where it was dropped.
	Record  itsm.Ref
	Version int64
	// About is the record that the message named, where that is another one: it was merged, is closed, or is none of the
	// sender's.
	About itsm.Ref
	// Sender is the person who wrote it, or the address where the directory knows nobody.
	Sender string
	// Seen is set where the message had come before: nothing was changed, and the rest tells of then.
	Seen bool
	// Reasons say why, as codes with arguments.
	Reasons []lifecycle.Reason
}

// Has reports whether a reason is among the receipt's.
func (r *Receipt) Has(code lifecycle.Code) bool {
	for i := range r.Reasons {
		if r.Reasons[i].Code == code {
			return true
		}
	}
	return false
}

// The codes of reasons in receipts. Those of a refusal stand beside them.
const (
	CodeByMessage lifecycle.Code = "by_message" // it answers a message of the record
	CodeBySubject lifecycle.Code = "by_subject" // its subject has the record's number
	CodeByRecord  lifecycle.Code = "by_record"  // the channel named the record
	CodeMerged    lifecycle.Code = "merged"     // the record was merged: {from, into}
	CodeStranger  lifecycle.Code = "stranger"   // its sender has nothing to do with that record: {record}
	CodeUnknown   lifecycle.Code = "unknown"    // the directory does not know the sender
	CodeAutomatic lifecycle.Code = "automatic"  // a machine wrote it
	CodeBulk      lifecycle.Code = "bulk"       // it was sent to many
	CodeOwn       lifecycle.Code = "own"        // it came from an address of the desk
	CodeCut       lifecycle.Code = "cut"        // its text was too long: {bytes, kept}
)

// Errors of Receive, beside those of the commands that it gives.
var (
	// ErrUnknownSender: the directory knows nobody at the address.
	ErrUnknownSender = &itsm.Error{Code: "unknown_sender", Message: "the directory knows nobody at this address"}
	// ErrStranger: the sender has nothing to do with the record that the message names.
	ErrStranger = &itsm.Error{Code: "stranger", Message: "the sender has nothing to do with this record"}
	// ErrLoop: the sender's messages come too fast; take them again after the window, or not at all.
	ErrLoop = &itsm.Error{Code: "loop", Message: "too many messages of this sender in a short time"}
)

// Receive brings a message to where it belongs: onto the record that it is about, as a comment or a late reply, or into
// a new record. The record and everything of the message are written in one transaction.
//
// The context's actor is the channel's integration, which acts on behalf of whom the directory finds at the sender's
// address, with its own rights. Where the actor is a person, such as the user of a portal, or an integration that says
// whom it acts for, that is the sender. Whether a sender is who the address says is the channel's to find out.
//
// A message that comes again, by its channel, id, sender and text, changes nothing and is Seen.
//
// Errors: [ErrUnknownSender], [ErrStranger], [ErrLoop], those of a bad message (ErrInvalid with the field), and those of
// the commands: see [itsm.Command.Do]. After an error nothing was changed, but for the note of a loop.
func (r *Receiver) Receive(ctx context.Context, m Message) (Receipt, error) {
	m, reasons, err := r.clean(m)
	if err != nil {
		return Receipt{}, err
	}
	by, err := r.senderOf(ctx, &m)
	if err != nil {
		return r.unknown(&m, err)
	}
	a := &arrival{receiver: r, m: &m, by: by, reasons: reasons}
	a.judge()
	a.sum = digestOf(by.id, &m)
	a.digest = base64.RawURLEncoding.EncodeToString(a.sum[:])
	if receipt, err := a.before(ctx); err != nil || receipt.Seen {
		return receipt, err
	}
	s, err := r.search(ctx, by, &m)
	if err != nil {
		return Receipt{}, err
	}
	receipt, err := a.deliver(ctx, s)
	if errors.Is(err, ErrLoop) {
		return receipt, errors.Join(err, a.noteLoop(ctx))
	}
	return receipt, err
}

// sender is who wrote a message.
type sender struct {
	tenant  string
	id      string
	profile itsm.Profile
	unknown bool
	// acting is the actor who gives the commands; self is the context of the sender as an actor, where there is one.
	acting itsm.Actor
	self   context.Context
}

func (r *Receiver) senderOf(ctx context.Context, m *Message) (*sender, error) {
	actor, err := itsm.ActorFrom(ctx)
	if err != nil {
		return nil, err
	}
	by := &sender{tenant: actor.Tenant, id: actor.Person(), acting: actor}
	switch {
	case actor.Kind == itsm.System:
		return nil, itsm.Invalid("actor", "a message is received by an integration or a person, not by the system")
	case actor.Kind == itsm.Person:
		by.self = ctx
	case by.id == "":
		if err := r.lookUp(ctx, by, m); err != nil {
			return nil, err
		}
		by.acting.OnBehalfOf = by.id
		return by, nil
	}
	by.profile, err = r.k.Directory().Person(ctx, by.tenant, by.id)
	if err = absent(err); err != nil {
		return nil, err
	}
	r.roles(ctx, by)
	return by, nil
}

// lookUp finds the person at the message's address.
func (r *Receiver) lookUp(ctx context.Context, by *sender, m *Message) (err error) {
	refuse := &itsm.Error{Code: ErrUnknownSender.Code, Message: ErrUnknownSender.Message, Args: map[string]string{
		"channel": m.Channel, "address": m.From.Address,
	}}
	if m.From.Address == "" {
		return refuse
	}
	if r.book != nil {
		by.profile, err = r.book.PersonAt(ctx, by.tenant, m.Channel, m.From.Address)
		if err == nil && by.profile.ID != "" {
			by.id = by.profile.ID
			r.roles(ctx, by)
			return nil
		}
		if err != nil && !errors.Is(err, itsm.ErrNotFound) {
			return err
		}
	}
	if r.config.Policy.Unknown == UnknownRefused {
		return refuse
	}
	// An address that reads like somebody's id is not that person.
	id := strings.ToLower(m.From.Address)
	_, err = r.k.Directory().Person(ctx, by.tenant, id)
	switch {
	case err == nil:
		return refuse
	case !errors.Is(err, itsm.ErrNotFound):
		return err
	}
	by.id, by.profile, by.unknown = id, itsm.Profile{}, true
	return nil
}

// roles makes the sender an actor where the host says what people are to the desk.
func (r *Receiver) roles(ctx context.Context, by *sender) {
	if by.self != nil || r.config.Roles == nil || by.profile.ID == "" {
		return
	}
	by.self = itsm.WithActor(ctx, itsm.Actor{ID: by.id, Tenant: by.tenant, Roles: r.config.Roles(by.profile)})
}

// unknown answers for a sender who was not found: a machine's message is dropped, for there is nobody to tell.
func (r *Receiver) unknown(m *Message, err error) (Receipt, error) {
	if !errors.Is(err, ErrUnknownSender) {
		return Receipt{}, err
	}
	a := &arrival{receiver: r, m: m, by: &sender{}}
	if a.judge(); !a.automatic || r.config.Policy.Automatic != AutomaticDropped {
		return Receipt{}, err
	}
	a.reasons = append(a.reasons, lifecycle.Reason{Code: CodeUnknown})
	return a.drop()
}

// arrival is a message on its way. The receiver's hook finds it in the context of the command that brings it.
type arrival struct {
	receiver  *Receiver
	m         *Message
	by        *sender
	reasons   []lifecycle.Reason
	automatic bool
	// sum tells two messages with one id apart, and digest is its text.
	sum    itsm.Digest
	digest string

	// did is what the command does, link what a new record is related to; late is the kind whose late reply may make a
	// new record of it.
	did  Did
	link itsm.Ref
	late string

	// placed is the record that the last try put it on, loop the row that a refusal counts from.
	placed itsm.Ref
	loop   int64
}

// judge tells whether a machine wrote the message.
func (a *arrival) judge() {
	say := func(is bool, code lifecycle.Code) {
		if is {
			a.automatic = true
			a.reasons = append(a.reasons, lifecycle.Reason{Code: code})
		}
	}
	say(a.m.Automatic || LooksAutomatic(a.m.Subject), CodeAutomatic)
	say(a.m.Bulk, CodeBulk)
	own := false
	for i := range a.receiver.config.Routes {
		own = own || sameAddress(a.receiver.config.Routes[i].Address, a.m.From.Address)
	}
	say(own, CodeOwn)
	if a.by.unknown {
		a.reasons = append(a.reasons, lifecycle.Reason{Code: CodeUnknown})
	}
}

// deliver gives the command.
func (a *arrival) deliver(ctx context.Context, s *search) (Receipt, error) {
	r := a.receiver
	switch {
	case s.found != nil:
		return a.onto(ctx, s.found)
	case a.automatic && r.config.Policy.Automatic == AutomaticDropped:
		return a.drop()
	case !s.stranger.IsZero():
		named := map[string]string{"record": s.stranger.String()}
		if r.config.Policy.Stranger == StrangerRefused {
			return Receipt{}, &itsm.Error{Code: ErrStranger.Code, Message: ErrStranger.Message, Args: named}
		}
		a.reasons = append(a.reasons, lifecycle.Reason{Code: CodeStranger, Args: named})
	}
	return a.report(ctx, s.stranger)
}

func (a *arrival) drop() (Receipt, error) {
	codes := make([]string, len(a.reasons))
	for i := range a.reasons {
		codes[i] = string(a.reasons[i].Code)
	}
	a.receiver.log.Info("conversation: dropped a message",
		"tenant", a.by.tenant, "channel", a.m.Channel, "message", a.m.ID, "reasons", strings.Join(codes, " "))
	return Receipt{Did: Dropped, Sender: a.by.id, Reasons: a.reasons}, nil
}

// onto brings the message onto a record.
func (a *arrival) onto(ctx context.Context, on *place) (Receipt, error) {
	r := a.receiver
	ref := on.rec.Header().Ref()
	comment := &itsm.Comment{Body: a.m.Body, Channel: a.m.Channel, MessageID: a.m.ID, AutoReply: a.automatic}
	if comment.Body == "" {
		if comment.Body = fileNames(a.m); comment.Body == "" {
			return Receipt{}, itsm.Invalid("body", "the answer is empty")
		}
	}
	if len(a.m.Attachments) > 0 {
		if err := r.k.May(ctx, ref, itsm.Verb(itsm.TriggerAttach)); err != nil {
			return Receipt{}, err
		}
	}
	a.reasons = append(a.reasons, lifecycle.Reason{Code: on.how})
	a.did = Commented
	if a.automatic {
		a.did = Recorded
	}
	var refused error
	for range maxMerges {
		if ref != on.about && !a.has(CodeMerged) {
			a.reasons = append(a.reasons, lifecycle.Reason{Code: CodeMerged, Args: map[string]string{"from": on.about.String(), "into": ref.String()}})
		}
		receipt, err := a.give(ctx, ref, itsm.TriggerComment, comment, on.about)
		if !errors.Is(err, itsm.ErrRefused) {
			return receipt, err
		}
		refused = err
		// It may have been merged since it was found.
		rec, err := r.k.Get(ctx, ref)
		if err != nil {
			return Receipt{}, err
		}
		last, err := r.survivor(ctx, rec)
		if err != nil {
			return Receipt{}, err
		}
		if last == nil || last.Header().Ref() == ref {
			break
		}
		ref = last.Header().Ref()
	}
	if a.automatic {
		return a.undeliverable(ctx, ref, refused)
	}
	if r.takes(ref.Kind, r.config.Late) {
		a.did, a.late = RepliedLate, ref.Kind
		receipt, err := a.give(ctx, ref, r.config.Late, comment, on.about)
		if !errors.Is(err, itsm.ErrRefused) {
			return receipt, err
		}
		if refusal, ok := lifecycle.AsRefusal(err); ok && !refusal.Has(lifecycle.NotFromHere) {
			refused = err
		}
		a.late = ""
	}
	return a.undeliverable(ctx, ref, refused)
}

// undeliverable answers for a record that takes no message any more.
func (a *arrival) undeliverable(ctx context.Context, ref itsm.Ref, refused error) (Receipt, error) {
	if refusal, ok := lifecycle.AsRefusal(refused); ok {
		a.reasons = append(a.reasons, refusal.Reasons...)
	}
	switch {
	case a.automatic && a.receiver.config.Policy.Automatic == AutomaticDropped:
		receipt, err := a.drop()
		receipt.About = ref
		return receipt, err
	case a.receiver.config.Policy.Refused == RefusedReturned:
		return Receipt{}, refused
	}
	return a.report(ctx, ref)
}

// report makes a record of the message, related to another one where that is named.
func (a *arrival) report(ctx context.Context, related itsm.Ref) (Receipt, error) {
	target := a.receiver.target(a.by.tenant, a.m)
	if len(a.m.Attachments) > 0 {
		if err := a.receiver.k.May(ctx, itsm.Ref{Kind: target.Kind}, itsm.Verb(itsm.TriggerAttach)); err != nil {
			return Receipt{}, err
		}
	}
	title, text := titleAndText(a.m)
	input := make(itsm.Patch, len(target.Values)+4)
	for name, value := range target.Values {
		input[name] = value
	}
	for _, part := range [...]struct{ name, text string }{
		{target.Title, title}, {target.Description, text}, {target.Caller, a.by.id}, {target.Channel, a.m.Channel},
	} {
		if part.name != "" {
			input[part.name] = field.Text(part.text)
		}
	}
	a.did, a.link = Reported, related
	return a.give(ctx, itsm.Ref{Kind: target.Kind}, target.Create, input, related)
}

// give gives a command on behalf of the sender, with the message behind it.
func (a *arrival) give(ctx context.Context, ref itsm.Ref, t lifecycle.Trigger, in any, about itsm.Ref) (Receipt, error) {
	a.placed = itsm.Ref{}
	ctx = context.WithValue(itsm.WithActor(ctx, a.by.acting), arrivalKey{}, a)
	var repeated bool
	var options []itsm.Option
	if a.m.ID != "" {
		options = []itsm.Option{itsm.OnceOf(rowKey(a.m.Channel, a.m.ID)+" "+a.digest, a.sum), itsm.Repeated(&repeated)}
	}
	rec, err := a.receiver.k.Do(ctx, ref, t, in, options...)
	if err != nil {
		return Receipt{}, err
	}
	if repeated { // by another node, since we looked
		return a.before(ctx)
	}
	receipt := Receipt{Did: a.did, Record: a.placed, Sender: a.by.id, Reasons: a.reasons}
	if h := rec.Header(); receipt.Record == h.Ref() {
		receipt.Version = h.Version
	} else {
		receipt.Version = 1 // the late reply made it
	}
	if about != receipt.Record {
		receipt.About = about
	}
	return receipt, nil
}

func (a *arrival) has(code lifecycle.Code) bool {
	r := Receipt{Reasons: a.reasons}
	return r.Has(code)
}

// before looks for the message where it had come before.
func (a *arrival) before(ctx context.Context) (Receipt, error) {
	if a.m.ID == "" {
		return Receipt{}, nil
	}
	rows, err := a.receiver.k.FindRows(ctx, Messages, rowKey(a.m.Channel, a.m.ID))
	if err != nil {
		return Receipt{}, err
	}
	for i := range rows {
		// What is left of the message of a person who was erased is its id.
		if digest, erased := rows[i].Text(); digest != a.digest && !erased {
			continue
		}
		var facts messageFacts
		if err := json.Unmarshal(rows[i].Facts, &facts); err != nil {
			return Receipt{}, err
		}
		return Receipt{
			Did: facts.Did, Record: rows[i].Record.Ref(), Version: rows[i].Version, Sender: a.by.id, Seen: true, Reasons: a.reasons,
		}, nil
	}
	return Receipt{}, nil
}

// noteLoop says on the record that messages are not taken any more: once, until they are taken again.
func (a *arrival) noteLoop(ctx context.Context) error {
	if a.loop == 0 {
		return nil
	}
	rate := a.receiver.config.Limits.PerRecord
	body := "Messages of " + a.by.id + " come too fast: more than " + strconv.Itoa(rate.N) + " in " + rate.Window.String() + ". Further ones are not taken until then."
	key := "conversation loop " + a.placed.String() + " " + strconv.FormatInt(a.loop, 10)
	_, err := a.receiver.k.Do(ctx, a.placed, itsm.TriggerNote, itsm.WorkNote{Body: body}, itsm.Once(key))
	if errors.Is(err, itsm.ErrRefused) || errors.Is(err, itsm.ErrDenied) {
		return nil // the sender cannot write notes, or the record takes none
	}
	return err
}

// digestOf tells two messages with one id apart.
func digestOf(by string, m *Message) (sum itsm.Digest) {
	h, piece := sha256.New(), make([]byte, 1024)
	write := func(text string) { // length-prefixed, so that no two messages read alike
		h.Write(binary.AppendUvarint(piece[:0], uint64(len(text))))
		for len(text) > 0 { // by pieces, because a hash takes no text
			n := copy(piece, text)
			h.Write(piece[:n])
			text = text[n:]
		}
	}
	write(by)
	write(m.Subject)
	write(m.Body)
	for i := range m.Attachments {
		write(m.Attachments[i].Name)
		write(m.Attachments[i].SHA256)
	}
	h.Sum(sum[:0])
	return sum
}

// messageFacts are what is kept of every message that was taken, beside the comment or the report that it became.
type messageFacts struct {
	Channel   string    `json:"channel"`
	Did       Did       `json:"did"`
	Automatic bool      `json:"automatic,omitempty"`
	SentAt    time.Time `json:"sent_at,omitzero"`
}
