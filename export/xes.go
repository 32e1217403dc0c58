package export

import (
	"context"
	"io"
	"strings"

	"github.com/itsmkit/itsmkit/eventlog"
	"github.com/itsmkit/itsmkit/itsm"
)

// Keys of what XES has no extension for.
const (
	KeyKind  = "itsm:kind"  // of a trace: the record's kind
	KeyCause = "itsm:cause" // of an event: what it followed from, see [itsm.Entry.Cause]
	KeyAlso  = "itsm:also"  // of an event: what else happened in the same command
)

// XES writes histories as an event log in XES (IEEE 1849): a trace a record, an event each of its events. An event has
//
//	concept:name          what happened, such as "incident.resolved"
//	time:timestamp        when
//	lifecycle:transition  "complete"
//	org:resource          who acted: programs, and people where Personal asks for them
//	org:group             the group that the ticket then belonged to
//
// and each field that changed under its own name. It holds one record's history at a time.
func XES(ctx context.Context, w io.Writer, k *itsm.Kernel, s Selection, out eventlog.XESOutput) error {
	header := eventlog.Header{
		Version: "1.0",
		Extensions: []eventlog.Extension{
			{Name: "Concept", Prefix: "concept", URI: "http://www.xes-standard.org/concept.xesext"},
			{Name: "Time", Prefix: "time", URI: "http://www.xes-standard.org/time.xesext"},
			{Name: "Lifecycle", Prefix: "lifecycle", URI: "http://www.xes-standard.org/lifecycle.xesext"},
			{Name: "Organizational", Prefix: "org", URI: "http://www.xes-standard.org/org.xesext"},
		},
		TraceGlobals: eventlog.Attributes{eventlog.String(eventlog.ConceptName, ""), eventlog.String(KeyKind, "")},
		EventGlobals: eventlog.Attributes{
			eventlog.String(eventlog.ConceptName, ""), eventlog.Date(eventlog.TimeTimestamp, eventlog.Always), eventlog.String(eventlog.LifecycleTransition, "complete"),
		},
		Classifiers: []eventlog.Classifier{{Name: "Activity", Scope: "event", Keys: []string{eventlog.ConceptName}}},
	}
	return eventlog.WriteXES(w, header, func(yield func(eventlog.Trace, error) bool) {
		for rec, err := range s.records(ctx, k) {
			var trace eventlog.Trace
			if err == nil {
				trace, err = s.trace(ctx, k, rec.Header().Ref())
			}
			if !yield(trace, err) || err != nil {
				return
			}
		}
	}, out)
}

func (s *Selection) trace(ctx context.Context, k *itsm.Kernel, ref itsm.Ref) (eventlog.Trace, error) {
	history, err := k.History(ctx, ref, 0, 0)
	if err != nil {
		return eventlog.Trace{}, err
	}
	trace := eventlog.Trace{
		Attributes: eventlog.Attributes{eventlog.String(eventlog.ConceptName, clean(ref.ID)), eventlog.String(KeyKind, ref.Kind)},
		Events:     make([]eventlog.Event, len(history)),
	}
	group := ""
	for i := range history {
		e := &history[i]
		as := make(eventlog.Attributes, 0, 7+len(e.Changes))
		as = append(as,
			eventlog.String(eventlog.ConceptName, clean(e.Event)), eventlog.Date(eventlog.TimeTimestamp, e.At), eventlog.String(eventlog.LifecycleTransition, "complete"))
		if resource := s.resource(&e.Actor); resource != "" {
			as = append(as, eventlog.String(eventlog.OrgResource, resource))
		}
		for j := range e.Changes {
			if c := &e.Changes[j]; c.Field == "group" && s.shown(c) {
				group = clean(c.To.Text())
			}
		}
		if group != "" {
			as = append(as, eventlog.String(eventlog.OrgGroup, group))
		}
		if cause := clean(e.Cause); cause != "" {
			as = append(as, eventlog.String(KeyCause, cause))
		}
		if len(e.Also) > 0 {
			as = append(as, eventlog.String(KeyAlso, clean(strings.Join(e.Also, " "))))
		}
		for j := range e.Changes {
			c := &e.Changes[j]
			if a, ok := attribute(c.Field, c.To); ok && s.shown(c) {
				as = append(as, a)
			}
		}
		trace.Events[i].Attributes = as
	}
	return trace, nil
}
