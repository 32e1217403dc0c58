package conversation

import (
	"slices"
	"strconv"
	"time"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
)

// Messages is the kind of row that a record has for every message that was received for it, under the channel and the
// message's id. The personal part is the sender and a digest of the text.
const Messages itsm.RowKind = "message"

// arrivalKey is where a command's context carries the message.
type arrivalKey struct{}

// maxTail bounds how much of a long record is looked at for the messages of a sender, in versions.
const maxTail = 1024

// arrives hangs the message, and the files that came with it, on the record that the command wrote, in its transaction.
func (r *Receiver) arrives(u *itsm.Unit, c itsm.Change) error {
	a, ok := u.Context().Value(arrivalKey{}).(*arrival)
	if !ok || a.receiver != r {
		return nil
	}
	made := c.Before == nil
	switch {
	case made != (a.did == Reported || c.Actor.Kind == itsm.System):
		return nil // what a hook of the host's makes or comments beside
	case c.Actor.Kind == itsm.System && (c.After.Header().Kind != a.late || a.late == ""):
		return nil
	case !made && a.did == RepliedLate && a.movedOn(u):
		return nil // the late reply made a record, and the message is there
	}
	if made {
		if err := r.mayReport(u, a, c.After); err != nil {
			return err
		}
	} else if err := r.mayAdd(u, a, c.Before); err != nil {
		return err
	}
	a.placed = u.Ref()
	facts := messageFacts{Channel: a.m.Channel, Did: a.did, Automatic: a.automatic, SentAt: sane(a.m.SentAt)}
	if err := u.AddRow(Messages, rowKey(a.m.Channel, a.m.ID), facts, a.by.id, a.digest); err != nil {
		return err
	}
	for _, f := range a.m.Attachments {
		file := itsm.Attachment{Name: f.Name, Type: f.Type, Size: f.Size, SHA256: f.SHA256, Location: f.Location}
		if err := u.Attach(a.by.id, file); err != nil {
			return err
		}
	}
	if a.link.IsZero() {
		return nil
	}
	_, err := u.Try(u.Ref(), itsm.TriggerLink, itsm.NewLink{Type: itsm.RelatedTo, To: a.link})
	return err
}

// movedOn reports whether this try of the command put the message on another record: one that an earlier try made is
// not there.
func (a *arrival) movedOn(u *itsm.Unit) bool {
	if a.placed.IsZero() || a.placed == u.Ref() {
		return false
	}
	_, err := u.Get(a.placed)
	return err == nil
}

// mayAdd counts the sender's messages on a record. The record's version protects the count: two messages at once are
// counted one after the other.
func (r *Receiver) mayAdd(u *itsm.Unit, a *arrival, before itsm.Record) error {
	rate := r.config.Limits.PerRecord
	version := before.Header().Version
	since := u.Now().Add(-rate.Window)
	if rate.N < 0 || version < int64(rate.N) || !before.Header().UpdatedAt.After(since) {
		return nil
	}
	for tail := int64(rate.N) + 2; ; tail *= 4 {
		rows, err := u.Rows(Messages, max(version-tail, 0)<<16, 0)
		if err != nil {
			return err
		}
		n := 0
		for i := len(rows) - 1; i >= 0 && rows[i].At.After(since); i-- {
			if rows[i].Sealed.Subject != a.by.id {
				continue
			}
			if n++; n == 1 {
				a.loop = rows[i].ID
			}
			if n >= rate.N {
				a.placed = u.Ref()
				return loops(rate, map[string]string{"record": u.Ref().String(), "sender": a.by.id})
			}
		}
		whole := tail >= version || tail >= maxTail
		if whole || slices.ContainsFunc(rows, func(row itsm.Row) bool { return !row.At.After(since) }) {
			a.loop = 0
			return nil
		}
	}
}

// mayReport counts the records that were made for the sender on this channel, as they are stored: of messages that
// come at the same time, each may be the last.
func (r *Receiver) mayReport(u *itsm.Unit, a *arrival, made itsm.Record) error {
	rate := r.config.Limits.Reports
	if rate.N < 0 {
		return nil
	}
	kind := made.Header().Kind
	since := u.Now().Add(-rate.Window)
	n, err := u.Count(kind, itsm.All(
		itsm.Where("caller").Is(a.by.id), itsm.Where("created_at").After(field.Instant(since)),
	))
	if err != nil || n < int64(rate.N) {
		return err
	}
	a.loop = 0
	return loops(rate, map[string]string{"kind": kind, "sender": a.by.id})
}

func loops(rate Rate, args map[string]string) error {
	args["limit"], args["window"] = strconv.Itoa(rate.N), rate.Window.String()
	return &itsm.Error{Code: ErrLoop.Code, Message: ErrLoop.Message, Args: args}
}

// sane keeps an instant that every store can hold; a sender's clock may say anything.
func sane(at time.Time) time.Time {
	if at.Before(field.MinInstant()) || at.After(field.MaxInstant()) {
		return time.Time{}
	}
	return at.UTC()
}
