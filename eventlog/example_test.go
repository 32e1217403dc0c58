package eventlog_test

import (
	"errors"
	"fmt"
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
