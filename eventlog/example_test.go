package eventlog_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/itsmkit/itsmkit/eventlog"
)

// A log of XES is read trace by trace; the file may be packed with gzip.
func ExampleReadXES() {
	file := strings.NewReader(`<log xes.version="1.0">
	<extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>
	<trace>
		<string key="concept:name" value="INC0000001"/>
		<event>
			<date key="time:timestamp" value="2024-03-04T09:12:00+01:00"/>
			<string key="concept:name" value="New"/>
		</event>
		<event>
			<date key="time:timestamp" value="2024-03-04T10:30:00+01:00"/>
			<string key="concept:name" value="Solved"/>
		</event>
	</trace>
</log>`)
	log, err := eventlog.ReadXES(file, eventlog.XES{Name: "incidents.xes"})
	if err != nil {
		fmt.Println(err)
		return
	}
	for trace, err := range log.Traces() {
		if err != nil {
			fmt.Println(err)
			return
		}
		for _, event := range trace.Events {
			at, _ := event.Time(eventlog.TimeTimestamp)
			fmt.Println(trace.Name(), at.Format(time.Kitchen), event.Text(eventlog.ConceptName))
		}
	}
	// Output:
	// INC0000001 9:12AM New
	// INC0000001 10:30AM Solved
}

// Traces of any source are written as XES; reading and writing hold one at a time.
func ExampleWriteXES() {
	traces := func(yield func(eventlog.Trace, error) bool) {
		yield(eventlog.Trace{
			Attributes: eventlog.Attributes{eventlog.String(eventlog.ConceptName, "INC0000001")},
			Events: []eventlog.Event{{Attributes: eventlog.Attributes{
				eventlog.String(eventlog.ConceptName, "Solved"),
				eventlog.Date(eventlog.TimeTimestamp, time.Date(2024, 3, 4, 9, 30, 0, 0, time.UTC)),
			}}},
		}, nil)
	}
	if err := eventlog.WriteXES(os.Stdout, eventlog.Header{}, traces, eventlog.XESOutput{}); err != nil {
		fmt.Println(err)
	}
	// Output:
	// <?xml version="1.0" encoding="UTF-8"?>
	// <log xes.version="1.0">
	// 	<trace>
	// 		<string key="concept:name" value="INC0000001"/>
	// 		<event>
	// 			<string key="concept:name" value="Solved"/>
	// 			<date key="time:timestamp" value="2024-03-04T09:30:00Z"/>
	// 		</event>
	// 	</trace>
	// </log>
}

// An object-centric log declares its types; its objects and events are streams.
func ExampleWriteOCEL() {
	at := time.Date(2024, 3, 4, 9, 30, 0, 0, time.UTC)
	log := &eventlog.ObjectLog{
		ObjectTypes: []eventlog.Type{{Name: "incident", Attributes: []eventlog.TypeAttribute{{Name: "priority", Kind: eventlog.KindInt}}}},
		EventTypes:  []eventlog.Type{{Name: "incident.resolved"}},
		Objects: func(yield func(eventlog.Object, error) bool) {
			yield(eventlog.Object{ID: "INC0000001", Type: "incident", Attributes: []eventlog.ValueFrom{
				{Attribute: eventlog.Int("priority", 2), From: eventlog.Always},
				{Attribute: eventlog.Int("priority", 1), From: at},
			}}, nil)
		},
		Events: func(yield func(eventlog.ObjectEvent, error) bool) {
			yield(eventlog.ObjectEvent{ID: "1", Type: "incident.resolved", Time: at, Relations: []eventlog.Relation{{Object: "INC0000001", Qualifier: "record"}}}, nil)
		},
	}
	if err := eventlog.WriteOCEL(os.Stdout, log, eventlog.OCELOutput{}); err != nil {
		fmt.Println(err)
	}
	// Output:
	// {
	// "objectTypes":[{"name":"incident","attributes":[{"name":"priority","type":"integer"}]}],
	// "eventTypes":[{"name":"incident.resolved","attributes":[]}],
	// "objects":[{"id":"INC0000001","type":"incident","attributes":[{"name":"priority","value":"2","time":"1970-01-01T00:00:00Z"},
	// {"name":"priority","value":"1","time":"2024-03-04T09:30:00Z"}],"relationships":[]}],
	// "events":[{"id":"1","type":"incident.resolved","time":"2024-03-04T09:30:00Z","attributes":[],"relationships":[{"objectId":"INC0000001","qualifier":"record"}]}]}
}

// Objects and events are read in a pass each.
func ExampleReadOCEL() {
	file := strings.NewReader(`{
	"objectTypes": [{"name": "incident", "attributes": []}],
	"eventTypes": [{"name": "resolved", "attributes": [{"name": "code", "type": "string"}]}],
	"objects": [{"id": "INC0000001", "type": "incident"}],
	"events": [{"id": "1", "type": "resolved", "time": "2024-03-04T09:30:00Z",
		"attributes": [{"name": "code", "value": "fixed"}], "relationships": [{"objectId": "INC0000001", "qualifier": "record"}]}]
}`)
	log, err := eventlog.ReadOCEL(file, eventlog.OCEL{Name: "incidents.json"})
	if err != nil {
		fmt.Println(err)
		return
	}
	for event, err := range log.Events {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(event.Type, event.Relations[0].Object, event.Attributes.Text("code"))
	}
	// Output: resolved INC0000001 fixed
}

// Rows of a CSV file come one by one, in the order of the file; a time without an offset needs the zone of the log.
func ExampleReadCSV() {
	file := strings.NewReader("Ticket;Changed;Status;Effort\n" +
		"INC1;04.03.2024 09:12;New;\n" +
		"INC2;04.03.2024 09:20;New;\n" +
		"INC1;04.03.2024 10:30;Solved;0.5\n")
	vienna, err := time.LoadLocation("Europe/Vienna")
	if err != nil {
		fmt.Println(err)
		return
	}
	log, err := eventlog.ReadCSV(file, eventlog.CSV{
		Case: "Ticket", Time: "Changed", Layout: "02.01.2006 15:04", Zone: vienna, Comma: ';',
		Columns: []eventlog.Column{
			{Name: "Status", Key: eventlog.ConceptName},
			{Name: "Effort", Kind: eventlog.KindFloat},
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for entry, err := range log.Events() {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(entry.Case, entry.Text(eventlog.TimeTimestamp), len(entry.Attributes), entry.Text(eventlog.ConceptName))
	}
	// Output:
	// INC1 2024-03-04T09:12:00+01:00 2 New
	// INC2 2024-03-04T09:20:00+01:00 2 New
	// INC1 2024-03-04T10:30:00+01:00 3 Solved
}

// Traces gathers the scattered rows of a CSV file, and so holds all of them.
func ExampleLog_Traces() {
	file := strings.NewReader("id,at,status\n" +
		"1,2024-03-04T09:12:00Z,New\n" +
		"2,2024-03-04T09:20:00Z,New\n" +
		"1,2024-03-04T10:30:00Z,Solved\n")
	log, err := eventlog.ReadCSV(file, eventlog.CSV{Case: "id", Time: "at"})
	if err != nil {
		fmt.Println(err)
		return
	}
	for trace, err := range log.Traces() {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(trace.Name(), len(trace.Events))
	}
	// Output:
	// 1 2
	// 2 1
}

// A file that was cut off gives its whole traces, and then an error that says where it ends.
func ExampleError() {
	file := strings.NewReader(`<log>
	<trace>
		<event><string key="concept:name" value="New"/></event>
	</trace>
	<trace>
		<event><string key="concept:name" value="Ne`)
	log, err := eventlog.ReadXES(file, eventlog.XES{Name: "cut.xes"})
	if err != nil {
		fmt.Println(err)
		return
	}
	for trace, err := range log.Traces() {
		var failed *eventlog.Error
		if errors.As(err, &failed) {
			fmt.Println(failed.Code, failed.Line)
			fmt.Println(failed)
			return
		}
		fmt.Println("a trace with", len(trace.Events), "event")
	}
	// Output:
	// a trace with 1 event
	// truncated 6
	// cut.xes:6: trace 2, event 1: the file ends within <event>: it was cut off; fetch it again
}
