package itsmtest

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// TimelineOption changes how a timeline is written.
type TimelineOption func(*timeline)

// In writes instants in a time zone; without it they are in UTC.
func In(zone *time.Location) TimelineOption { return func(t *timeline) { t.zone = zone } }

// Timeline prints the life of a record for people and golden files: what it is, then every event with its instant,
// version, actor and cause, its changes, facts and rows, and at the end the timers that are pending. The same life is
// always printed alike. Personal values are shown, and read "erased" after their erasure.
//
// It is for tests: whoever acts in ctx, it shows what the system sees in the actor's tenant. It costs as much as the
// record has events and rows, and is not one view of the store where somebody writes at the same time.
func Timeline(ctx context.Context, k *itsm.Kernel, ref itsm.Ref, with ...TimelineOption) (string, error) {
	sees, tenant, err := eyes(ctx)
	if err != nil {
		return "", err
	}
	rec, err := k.Get(sees, ref)
	if err != nil {
		return "", err
	}
	entries, err := k.History(sees, ref, 0, 0)
	if err != nil {
		return "", err
	}
	rows, timers, err := hanging(sees, k, itsm.Key{Tenant: tenant, Kind: ref.Kind, ID: ref.ID})
	if err != nil {
		return "", err
	}
	t := timeline{zone: time.UTC, rows: rows, named: map[int64]string{}, values: map[string]field.Value{}}
	for _, option := range with {
		option(&t)
	}
	t.header(rec)
	for _, e := range entries {
		t.entry(e)
	}
	t.pending(timers)
	return t.String(), nil
}

// WriteTimeline writes what [Timeline] prints.
func WriteTimeline(ctx context.Context, w io.Writer, k *itsm.Kernel, ref itsm.Ref, with ...TimelineOption) error {
	text, err := Timeline(ctx, k, ref, with...)
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, text)
	return err
}

// timeline is one being written.
type timeline struct {
	strings.Builder
	zone   *time.Location
	rows   map[int64]itsm.Row
	named  map[int64]string       // the rows so far, in words
	values map[string]field.Value // fields as they stand: events do not say what a personal value was before
}

func (t *timeline) header(rec itsm.Record) {
	h := rec.Header()
	t.WriteString(h.Ref().String())
	ticket := itsm.TicketOf(rec)
	if ticket != nil {
		t.WriteString(": " + strings.ReplaceAll(ticket.Title, "\n", "\n    "))
	}
	fmt.Fprintf(t, "\n%s (%s), ", h.State, h.Phase)
	if ticket != nil && ticket.Priority != 0 {
		fmt.Fprintf(t, "%s, ", ticket.Priority)
	}
	fmt.Fprintf(t, "version %d\n", h.Version)
}

func (t *timeline) entry(e itsm.Entry) {
	happened := strings.Join(append([]string{e.Event}, e.Also...), " + ")
	fmt.Fprintf(t, "\n%s  v%d  %s by %s", t.instant(e.At), e.Version, happened, who(e.Actor))
	if e.Cause != "" {
		t.WriteString(", caused by " + e.Cause)
	}
	t.WriteByte('\n')
	for _, c := range e.Changes {
		from := c.From
		if c.Personal {
			from = t.values[c.Field]
		}
		t.values[c.Field] = c.To
		if to := t.value(c.To); from.IsZero() || from.Equal(c.To) {
			t.line(c.Field, to)
		} else {
			t.line(c.Field, t.value(from)+" → "+orNone(to))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(e.Facts)) {
		t.fact(name, e.Facts[name])
	}
	for _, stamp := range e.Rows {
		t.named[stamp.ID] = fmt.Sprintf("%s of v%d", stamp.Kind, e.Version)
		t.row(stamp)
	}
}

// pending lists timers as they will fire.
func (t *timeline) pending(timers []itsm.Timer) {
	if len(timers) == 0 {
		return
	}
	timers = slices.SortedFunc(slices.Values(timers), func(a, b itsm.Timer) int {
		return cmp.Or(a.Due.Compare(b.Due), strings.Compare(a.Name, b.Name))
	})
	t.WriteString("\npending\n")
	for _, timer := range timers {
		t.line(t.instant(timer.Due), strings.TrimSpace(timer.Name+" → "+timer.Trigger+" "+timer.Input))
	}
}

// line writes a name and what stands for it; further lines of that are indented below.
func (t *timeline) line(name, text string) {
	fmt.Fprintf(t, "    %s: %s\n", name, strings.ReplaceAll(orNone(text), "\n", "\n        "))
}

// fact puts what an event says beside fields into words.
func (t *timeline) fact(name string, raw json.RawMessage) {
	var items []json.RawMessage
	if err := json.Unmarshal(raw, &items); err != nil {
		t.line(name, string(raw))
		return
	}
	words := t.anything
	switch name {
	case "refused":
		words = refusal
	case "removed_row":
		name, words = "removed", t.removed
	case "erased":
		words = t.erasure
	}
	texts := make([]string, len(items))
	for i, item := range items {
		texts[i] = words(item)
	}
	t.line(name, strings.Join(texts, ", "))
}

// anything shows a value of a field as such, and other JSON as it is.
func (t *timeline) anything(raw json.RawMessage) string {
	if v, err := field.ParseJSON(raw); err == nil {
		return t.value(v)
	}
	var tight bytes.Buffer
	if err := json.Compact(&tight, raw); err != nil {
		return string(raw)
	}
	return tight.String()
}

func refusal(raw json.RawMessage) string {
	var r lifecycle.Refusal
	if err := json.Unmarshal(raw, &r); err != nil {
		return string(raw)
	}
	return r.Error()
}

func (t *timeline) removed(raw json.RawMessage) string {
	id, err := strconv.ParseInt(string(raw), 10, 64)
	if err != nil {
		return string(raw)
	}
	return t.rowName(id)
}

// erasure says what was taken out of which versions.
func (t *timeline) erasure(raw json.RawMessage) string {
	var taken struct {
		Events map[int64][]string `json:"events"`
		Rows   []int64            `json:"rows"`
	}
	if err := json.Unmarshal(raw, &taken); err != nil {
		return string(raw)
	}
	var parts []string
	for _, version := range slices.Sorted(maps.Keys(taken.Events)) {
		fields := strings.ReplaceAll(strings.Join(taken.Events[version], ", "), "@", "")
		parts = append(parts, fmt.Sprintf("v%d (%s)", version, fields))
	}
	for _, id := range taken.Rows {
		parts = append(parts, t.rowName(id))
	}
	return strings.Join(parts, ", ")
}

func (t *timeline) rowName(id int64) string {
	return cmp.Or(t.named[id], "row "+strconv.FormatInt(id, 10))
}

// row shows what hangs on the record: who wrote it, its facts in brackets, its text.
func (t *timeline) row(stamp itsm.RowStamp) {
	name := string(stamp.Kind)
	r, ok := t.rows[stamp.ID]
	if !ok {
		t.line(name, "removed since")
		return
	}
	text := itsm.Erased
	if !r.Sealed.Erased() {
		text = t.anything(r.Sealed.Value)
	}
	var facts map[string]json.RawMessage
	if err := json.Unmarshal(r.Facts, &facts); err != nil {
		facts = map[string]json.RawMessage{"facts": r.Facts}
	}
	switch r.Kind {
	case itsm.Watchers:
		t.line(name, text)
		return
	case itsm.Links:
		text = t.anything(facts["name"]) + " " + t.anything(facts["to"])
		facts = nil
	case itsm.TimeEntries:
		if ns, err := strconv.ParseInt(string(facts["spent"]), 10, 64); err == nil {
			facts["spent"] = []byte(strconv.Quote(time.Duration(ns).String()))
		}
	}
	name += " by " + r.Sealed.Subject
	if len(facts) > 0 {
		names := slices.Sorted(maps.Keys(facts))
		for i, fact := range names {
			names[i] += " " + t.anything(facts[fact])
		}
		name += " (" + strings.Join(names, ", ") + ")"
	}
	t.line(name, text)
}

func (t *timeline) value(v field.Value) string {
	if v.Kind() == field.KindInstant {
		return t.instant(v.Instant())
	}
	return v.String()
}

func (t *timeline) instant(at time.Time) string { return at.In(t.zone).Format(time.RFC3339Nano) }

func who(a itsm.Actor) string {
	words := a.ID
	if a.Kind == itsm.Integration {
		words += " (" + a.Kind.String() + ")"
	}
	if a.OnBehalfOf != "" {
		words += " on behalf of " + a.OnBehalfOf
	}
	return words
}

// orNone makes emptiness visible.
func orNone(text string) string {
	if text == "" {
		return "–"
	}
	return text
}
