package export_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/itsmkit/itsmkit/eventlog"
	"github.com/itsmkit/itsmkit/export"
	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/store/memory"
)

type tb interface {
	itsmtest.TB
	require.TestingT
}

var (
	root = itsmtest.As(context.Background(), itsmtest.Administrator("root"))
	ann  = itsmtest.As(context.Background(), itsmtest.Agent("ann"))
	cleo = itsmtest.As(context.Background(), itsmtest.Requester("cleo"))
	mail = itsmtest.As(context.Background(), itsmtest.Integration("mail", itsmtest.ActingFor("cleo")))
)

type room struct {
	*incident.Incidents
	k     *itsm.Kernel
	clock *itsmtest.Clock
}

// newDesk is a desk with incidents that have custom fields, one of them personal.
func newDesk(t tb) *room {
	t.Helper()
	d := &room{}
	d.k, d.clock = itsmtest.Kernel(t, itsm.Config{Store: memory.New()}, func(k *itsm.Kernel) (err error) {
		d.Incidents, err = incident.New(k, incident.Config{Custom: field.Schema{Version: 1, Fields: []field.Declaration{
			{Name: "site", Title: "Site", Kind: field.KindText},
			{Name: "phone", Title: "Phone", Kind: field.KindText, Personal: true},
			{Name: "seats", Title: "Seats", Kind: field.KindInt},
			{Name: "cost", Title: "Cost", Kind: field.KindNumber},
			{Name: "until", Title: "Until", Kind: field.KindInstant},
			{Name: "took", Title: "Took", Kind: field.KindSpan},
			{Name: "tags", Title: "Tags", Kind: field.KindList},
			{Name: "vital", Title: "Vital", Kind: field.KindBool},
		}}})
		return err
	})
	return d
}

// live lets anybody give any commands; what is refused is refused.
func (d *room) live(t *rapid.T) {
	text := rapid.SampledFrom([]string{"Down.", "=1+1", "'tis", "-", "two\nlines", "cr\r\nlf", `back\slash \r`, "é\"quoted\"", "@x, y", "\tt", " "})
	var made []itsm.Ref
	for range rapid.IntRange(1, 40).Draw(t, "commands") {
		who := rapid.SampledFrom([]context.Context{cleo, ann, root, mail}).Draw(t, "who")
		if len(made) == 0 || rapid.IntRange(0, 9).Draw(t, "new") == 0 {
			inc, err := d.Report(who, incident.Report{
				Title: "x" + text.Draw(t, "title"), Impact: itsm.High, Service: "vpn", Items: []string{"a,b", "c"},
				Custom: field.FromMap(map[string]field.Value{"site": field.Text(text.Draw(t, "site")), "phone": field.Text("+43"), "seats": field.Int(3)}),
			})
			require.NoError(t, err)
			made = append(made, inc.Ref())
			continue
		}
		ref, other := rapid.SampledFrom(made).Draw(t, "ref"), rapid.SampledFrom(made).Draw(t, "other")
		id := ref.ID
		switch rapid.IntRange(0, 19).Draw(t, "command") {
		case 0:
			_, _ = d.Assign(who, id, incident.Assignment{Group: "network", Assignee: "ann"})
		case 1:
			_, _ = d.Start(who, id)
		case 2:
			_, _ = d.Hold(who, id, incident.Hold{Reason: itsm.HoldCaller, Message: text.Draw(t, "message")})
		case 3, 4:
			_, _ = d.Comment(who, id, itsm.Comment{Body: text.Draw(t, "comment"), MessageID: fmt.Sprint("<", rapid.IntRange(0, 3).Draw(t, "message id"), ">")})
		case 5:
			_, _ = d.Note(who, id, text.Draw(t, "note"))
		case 6:
			_, _ = d.LogTime(who, id, itsm.TimeEntry{Spent: 90 * time.Second, Note: text.Draw(t, "work")})
		case 7:
			_, _ = d.Attach(who, id, itsm.Attachment{Name: text.Draw(t, "file"), Location: "s3://x<y>&", Size: 5, SHA256: "00"})
		case 8, 9:
			_, _ = d.Link(who, id, rapid.SampledFrom([]itsm.LinkType{itsm.RelatedTo, itsm.CausedBy, itsm.ParentOf}).Draw(t, "link"), other)
		case 10:
			if links, err := d.Links(root, id); err == nil && len(links) > 0 {
				_, _ = d.Unlink(who, id, links[0].ID)
			}
		case 11:
			_, _ = d.Watch(who, id, rapid.SampledFrom([]string{"", "dan", "eve"}).Draw(t, "watcher"))
		case 12:
			_, _ = d.Unwatch(who, id, "dan")
		case 13:
			_, _ = d.Resolve(who, id, incident.Resolution{Code: incident.Fixed, Notes: text.Draw(t, "notes")})
		case 14:
			_, _ = d.Reopen(who, id, incident.Reopen{Reason: text.Draw(t, "reason")})
		case 15:
			_, _ = d.Edit(who, id, itsm.Patch{
				"custom.cost": field.Number(1.5), "custom.took": field.Span(time.Hour), "custom.tags": field.List("a", "b, c"),
				"custom.vital": field.Bool(true), "custom.until": field.Instant(d.clock.Now()), "description": field.Text(text.Draw(t, "description")),
			})
		case 16:
			_, _ = d.Edit(who, id, itsm.Patch{"custom.seats": {}, "custom.phone": {}, "urgency": field.Text("low")})
		case 17:
			_, _ = d.Cancel(who, id, incident.Cancel{Reason: incident.Duplicate, Original: other})
		case 18:
			require.NoError(t, d.clock.Advance(context.Background(), rapid.SampledFrom([]time.Duration{1, time.Second, 26 * time.Hour, 200 * time.Hour}).Draw(t, "time")))
		case 19:
			if rapid.IntRange(0, 3).Draw(t, "erase") == 0 {
				_, err := d.k.Erase(root, rapid.SampledFrom([]string{"cleo", "ann", "dan"}).Draw(t, "person"), "asked")
				require.NoError(t, err)
			}
		}
	}
}

func (d *room) lives(t require.TestingT) []byte {
	var file bytes.Buffer
	_, err := export.Lives(root, &file, d.k, export.Selection{Kinds: []string{incident.Kind}})
	require.NoError(t, err)
	return file.Bytes()
}

// story is all that two desks must have in common, read as a user reads it. Salts are fresh, so digests differ.
func (d *room) story(t require.TestingT) []any {
	var all []any
	for inc, err := range d.All(root, itsm.Query{}) {
		require.NoError(t, err)
		require.NoError(t, d.k.Verify(root, inc.Ref()))
		history, err := d.History(root, inc.ID, 0, 0)
		require.NoError(t, err)
		for i := range history {
			history[i].Digest = itsm.Digest{}
			for j := range history[i].Rows {
				history[i].Rows[j].Digest = itsm.Digest{}
			}
		}
		inc.Digest = itsm.Digest{}
		all = append(all, inc, history)
		for v := int64(1); v <= inc.Version; v++ {
			was, err := d.At(root, inc.ID, v)
			require.NoError(t, err)
			was.Digest = itsm.Digest{}
			all = append(all, was)
		}
		comments, err := d.Comments(root, inc.ID, 0, 0)
		require.NoError(t, err)
		notes, err := d.WorkNotes(root, inc.ID, 0, 0)
		require.NoError(t, err)
		entries, err := d.TimeEntries(root, inc.ID, 0, 0)
		require.NoError(t, err)
		files, err := d.Attachments(root, inc.ID, 0, 0)
		require.NoError(t, err)
		links, err := d.Links(root, inc.ID)
		require.NoError(t, err)
		watchers, err := d.Watchers(root, inc.ID)
		require.NoError(t, err)
		snap, err := d.k.Store().Snapshot(root)
		require.NoError(t, err)
		timers, err := snap.Timers(root, nil, inc.Key())
		require.NoError(t, err)
		snap.Close()
		all = append(all, comments, notes, entries, files, links, watchers, timers)
	}
	return all
}

func TestIncidentsMoveToAnotherDeskWithoutLoss(t *testing.T) {
	moved := 0
	rapid.Check(t, func(t *rapid.T) {
		from, to := newDesk(t), newDesk(t)
		from.live(t)
		to.clock.Set(from.clock.Now())
		file := from.lives(t)
		sum, err := export.Restore(root, bytes.NewReader(file), to.k, export.RestoreOptions{})
		require.NoError(t, err)
		require.Zero(t, sum.Unchanged+sum.Refused)
		require.Equal(t, from.story(t), to.story(t))
		require.Equal(t, string(file), string(to.lives(t)), "the same records give the same file")
		again, err := export.Restore(root, bytes.NewReader(file), to.k, export.RestoreOptions{})
		require.NoError(t, err)
		require.Equal(t, export.Summary{Unchanged: sum.Restored}, again)
		require.Equal(t, string(file), string(to.lives(t)))
		for _, record := range []string{"<0>", "<1>"} {
			found := func(k *itsm.Kernel) (refs []itsm.Ref) {
				rows, err := k.FindRows(root, itsm.Comments, record)
				require.NoError(t, err)
				for i := range rows {
					refs = append(refs, rows[i].Record.Ref())
				}
				return refs
			}
			was, is := found(from.k), found(to.k)
			require.Equal(t, was, is, "messages are found by their ids")
		}
		moved += sum.Restored
	})
	require.NotZero(t, moved)
}

func TestWhatIsToComeFiresAtItsNewPlace(t *testing.T) {
	from, to := newDesk(t), newDesk(t)
	inc, err := from.Report(cleo, incident.Report{Title: "VPN down"})
	require.NoError(t, err)
	_, err = from.Resolve(ann, inc.ID, incident.Resolution{Code: incident.Fixed, Notes: "Again up."}, itsm.To("", "ann"))
	require.NoError(t, err)
	to.clock.Set(from.clock.Now())
	_, err = export.Restore(root, bytes.NewReader(from.lives(t)), to.k, export.RestoreOptions{})
	require.NoError(t, err)
	require.NoError(t, to.clock.Advance(context.Background(), 1000*time.Hour))
	itsmtest.RequireState(t, root, to.k, inc.Ref(), incident.StateClosed)
	next, err := to.Report(cleo, incident.Report{Title: "Another"})
	require.NoError(t, err)
	require.Greater(t, next.ID, inc.ID)
}

// sample is a file of two records.
func sample(t tb) (string, *room) {
	d := newDesk(t)
	for range 2 {
		inc, err := d.Report(cleo, incident.Report{Title: "VPN down"})
		require.NoError(t, err)
		_, err = d.Comment(cleo, inc.ID, itsm.Comment{Body: "Hello?"})
		require.NoError(t, err)
	}
	return string(d.lives(t)), d
}

func TestAFileThatIsNoneIsRefused(t *testing.T) {
	file, from := sample(t)
	head, _, _ := strings.Cut(file, "\n")
	for name, c := range map[string]struct{ file, says string }{
		"empty":             {"", "empty"},
		"no column":         {"row,record\n", "version is missing"},
		"another column":    {"row,record,version,price\n", `"price"`},
		"a column twice":    {"row,record,version,row\n", "twice"},
		"a million columns": {strings.Repeat("a,", 1_000_000) + "\n", "longer than"},
		"an open quote":     {head + "\n\"" + strings.Repeat("x", 100), "no sound CSV"},
		"a ragged row":      {file + "event,acme\n", "no sound CSV"},
		"cut off":           {strings.TrimSuffix(file, file[len(file)-12:]), "no sound CSV"},
		"100 MB in a field": {head + "\nevent," + strings.Repeat("x", 100<<20) + "\n", "longer than"},
		"a million cells":   {file + strings.Repeat(",", 1_000_000) + "\n", "no sound CSV"},
	} {
		t.Run(name, func(t *testing.T) {
			to := newDesk(t)
			to.clock.Set(from.clock.Now())
			_, err := export.Restore(root, strings.NewReader(c.file), to.k, export.RestoreOptions{})
			require.ErrorIs(t, err, itsm.ErrInvalid)
			require.ErrorContains(t, err, c.says)
		})
	}
}

func TestARecordThatDoesNotFitIsRefusedAndTheOthersAreNot(t *testing.T) {
	file, from := sample(t)
	bad := func(old, with string) string { return strings.Replace(file, old, with, 1) }
	for name, c := range map[string]struct{ file, says string }{
		"another tenant":     {bad("event,acme,", "event,umbra,"), "tenant"},
		"no version":         {bad("incident/INC0000001,2,", "incident/INC0000001,two,"), "no version"},
		"a gap":              {bad("incident/INC0000001,1,", "incident/INC0000001,7,"), "without a gap"},
		"no instant":         {bad("Z,", "Y,"), "no instant"},
		"NUL":                {bad("Hello?", "He\x00lo"), "cannot be stored"},
		"no UTF-8":           {bad("Hello?", "He\xfflo"), "UTF-8"},
		"no change":          {bad(`""VPN down""`, `down`), "JSON object"},
		"no value":           {bad(`""VPN down""`, `{""t"":5}`), "title"},
		"another type":       {bad(`""VPN down""`, `5`), "takes text"},
		"no such field":      {bad(`""title""`, `""titel""`), "no such field"},
		"no such state":      {bad(`""state"":""new""`, `""state"":""odd""`), `no state "odd"`},
		"no such row":        {bad("row,,incident/INC0000001", "raw,,incident/INC0000001"), "neither event nor row"},
		"a row of no event":  {bad("row,,incident/INC0000001,2", "row,,incident/INC0000001,9"), "no event 9"},
		"no such actor kind": {bad(",person,", ",robot,"), "neither person"},
		"no such kind":       {strings.ReplaceAll(file, "incident/INC0000001", "changes/INC0000001"), "no practice"},
		"no record":          {strings.ReplaceAll(file, "incident/INC0000001", "INC0000001"), "no record"},
	} {
		t.Run(name, func(t *testing.T) {
			require.NotEqual(t, file, c.file)
			to := newDesk(t)
			to.clock.Set(from.clock.Now())
			var outcomes []export.Outcome
			sum, err := export.Restore(root, strings.NewReader(c.file), to.k, export.RestoreOptions{Report: func(o export.Outcome) error {
				outcomes = append(outcomes, o)
				return nil
			}})
			require.NoError(t, err)
			require.Equal(t, export.Summary{Restored: 1, Refused: 1}, sum)
			require.ErrorIs(t, outcomes[0].Err, itsm.ErrInvalid)
			require.ErrorContains(t, outcomes[0].Err, c.says)
			require.Equal(t, 2, outcomes[0].Line)
			require.NoError(t, outcomes[1].Err)
			n, err := to.Count(root, itsm.Query{})
			require.NoError(t, err)
			require.EqualValues(t, 1, n)
		})
	}
}

func TestANumberThatIsTakenIsRefused(t *testing.T) {
	file, _ := sample(t)
	to := newDesk(t)
	_, err := to.Report(cleo, incident.Report{Title: "Mine"})
	require.NoError(t, err)
	sum, err := export.Restore(root, strings.NewReader(file), to.k, export.RestoreOptions{Report: func(o export.Outcome) error {
		if o.Ref.ID == "INC0000001" {
			require.ErrorIs(t, o.Err, itsm.ErrExists)
		}
		return nil
	}})
	require.NoError(t, err)
	require.Equal(t, export.Summary{Restored: 1, Refused: 1}, sum)
	_, err = export.Restore(root, strings.NewReader(file), to.k, export.RestoreOptions{})
	require.ErrorIs(t, err, itsm.ErrExists, "without a report it ends there")
	_, err = export.Restore(ann, strings.NewReader(file), to.k, export.RestoreOptions{Report: func(export.Outcome) error { return nil }})
	require.ErrorIs(t, err, itsm.ErrDenied)
}

// TestAnImportHoldsOneRecord reads a file of 100,000 records, each of which is refused, so that only what the import
// itself holds counts.
func TestAnImportHoldsOneRecord(t *testing.T) {
	to := newDesk(t)
	const n = 100_000
	lines := 0
	file := &made{next: func() string {
		if lines++; lines > n {
			return ""
		}
		return fmt.Sprintf("event,incident/X%d,1,%s\n", lines, strings.Repeat("x", 500))
	}, rest: "row,record,version,text\n"}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var most uint64
	sum, err := export.Restore(root, file, to.k, export.RestoreOptions{Report: func(export.Outcome) error {
		if lines%20_000 == 0 {
			runtime.GC()
			runtime.ReadMemStats(&after)
			most = max(most, after.HeapAlloc)
		}
		return nil
	}})
	require.NoError(t, err)
	require.Equal(t, n, sum.Refused)
	require.Less(t, most, before.HeapAlloc+(8<<20), "50 MB went through")
}

// made is a file that is made while it is read.
type made struct {
	next func() string
	rest string
}

func (m *made) Read(p []byte) (int, error) {
	if m.rest == "" {
		if m.rest = m.next(); m.rest == "" {
			return 0, io.EOF
		}
	}
	n := copy(p, m.rest)
	m.rest = m.rest[n:]
	return n, nil
}

func TestATextOfASpreadsheetComesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.RuneFrom([]rune("=+-@\t\r\n'a1\"\\"))).Draw(t, "text")
		cell := export.Guard(text)
		require.Equal(t, text, export.Unguard(cell))
		require.False(t, cell != "" && strings.ContainsRune("=+-@\t\r\n", rune(cell[0])))
	})
}

func TestATableShowsWhatTheActorSees(t *testing.T) {
	d := newDesk(t)
	_, err := d.Report(cleo, incident.Report{Title: "=HYPERLINK(1)", Service: "+vpn", Custom: field.FromMap(map[string]field.Value{"seats": field.Int(-5)})})
	require.NoError(t, err)
	_, err = d.Report(ann, incident.Report{Title: "Mine", Service: "mail"})
	require.NoError(t, err)
	table := func(ctx context.Context, s export.Selection, columns ...string) [][]string {
		var out bytes.Buffer
		require.NoError(t, export.Table(ctx, &out, d.k, s, columns...))
		rows, err := csv.NewReader(&out).ReadAll()
		require.NoError(t, err)
		return rows
	}
	s := export.Selection{Kinds: []string{incident.Kind}}
	require.Equal(t, [][]string{{"id", "service", "custom.seats"}, {"INC0000001", "'+vpn", "-5"}, {"INC0000002", "mail", ""}}, table(ann, s, "id", "service", "custom.seats"))
	require.Len(t, table(cleo, s), 2, "a requester sees the own ticket")
	require.NotContains(t, table(ann, s)[0], "title")
	require.ErrorIs(t, export.Table(ann, &bytes.Buffer{}, d.k, s, "title"), itsm.ErrInvalid)
	require.ErrorIs(t, export.Table(ann, &bytes.Buffer{}, d.k, s, "price"), itsm.ErrInvalid)
	require.ErrorIs(t, export.Table(ann, &bytes.Buffer{}, d.k, export.Selection{}), itsm.ErrInvalid)
	s.Personal = true
	require.Equal(t, "'=HYPERLINK(1)", table(ann, s, "title")[1][0])
}

func TestLogsTellNothingOfPeopleUnasked(t *testing.T) {
	d := newDesk(t)
	inc, err := d.Report(cleo, incident.Report{Title: "Cleo cannot print", Service: "print", Items: []string{"pr1", "pr2"}})
	require.NoError(t, err)
	other, err := d.Report(cleo, incident.Report{Title: "Nor can Dan"})
	require.NoError(t, err)
	_, err = d.Assign(ann, inc.ID, incident.Assignment{Group: "network", Assignee: "ann"})
	require.NoError(t, err)
	_, err = d.Link(ann, inc.ID, itsm.CausedBy, other.Ref())
	require.NoError(t, err)

	xes := func(s export.Selection) string {
		var out bytes.Buffer
		require.NoError(t, export.XES(ann, &out, d.k, s, eventlog.XESOutput{}))
		return out.String()
	}
	ocel := func(s export.Selection, o export.Objects) string {
		var out bytes.Buffer
		require.NoError(t, export.OCEL(ann, &out, d.k, s, o, eventlog.OCELOutput{}))
		return out.String()
	}
	for _, log := range []string{xes(export.Selection{}), ocel(export.Selection{}, export.Objects{Groups: true, Services: true, Items: true})} {
		require.Contains(t, log, "network")
		for _, word := range []string{"leo", "ann", "Dan"} {
			require.NotContains(t, strings.ReplaceAll(log, "cannot", ""), word)
		}
	}
	asked := export.Selection{Personal: true}
	require.Contains(t, xes(asked), `<string key="org:resource" value="ann"/>`)
	require.Contains(t, xes(asked), `<string key="org:group" value="network"/>`)
	everything := export.Objects{People: true, Groups: true, Services: true, Items: true}
	full := ocel(asked, everything)
	log, err := eventlog.ReadOCEL(strings.NewReader(full), eventlog.OCEL{})
	require.NoError(t, err)
	objects := map[string]eventlog.Object{}
	for o, err := range log.Objects {
		require.NoError(t, err)
		objects[o.ID] = o
	}
	of := objects["incident/INC0000001"]
	require.Equal(t, "incident", of.Type)
	require.Subset(t, of.Relations, []eventlog.Relation{
		{Object: "incident/INC0000002", Qualifier: "caused_by"}, {Object: "group:network", Qualifier: "group"}, {Object: "person:cleo", Qualifier: "caller"},
		{Object: "item:pr1", Qualifier: "items"}, {Object: "item:pr2", Qualifier: "items"}, {Object: "service:print", Qualifier: "service"},
	})
	caused := false
	for e, err := range log.Events {
		require.NoError(t, err)
		if e.ID == "incident/INC0000002@2" {
			require.Contains(t, e.Relations, eventlog.Relation{Object: "incident/INC0000001", Qualifier: export.QualifierCause})
			caused = true
		}
	}
	require.True(t, caused)
	require.ErrorIs(t, export.OCEL(ann, &bytes.Buffer{}, d.k, export.Selection{}, everything, eventlog.OCELOutput{}), itsm.ErrInvalid)

	_, err = d.k.Erase(root, "cleo", "asked")
	require.NoError(t, err)
	for _, log := range []string{xes(asked), ocel(asked, everything)} {
		require.NotContains(t, strings.ToLower(log), "cleo")
	}
}

// TestLogsOfAnyLifeAreReadBack exports random lives in both forms.
func TestLogsOfAnyLifeAreReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := newDesk(t)
		d.live(t)
		s := export.Selection{Personal: rapid.Bool().Draw(t, "personal")}
		var xes, ocel bytes.Buffer
		require.NoError(t, export.XES(root, &xes, d.k, s, eventlog.XESOutput{}))
		require.NoError(t, export.OCEL(root, &ocel, d.k, s, export.Objects{People: s.Personal, Groups: true, Items: true}, eventlog.OCELOutput{}))
		log, err := eventlog.ReadXES(&xes, eventlog.XES{})
		require.NoError(t, err)
		events, traces := 0, 0
		for trace, err := range log.Traces() {
			require.NoError(t, err)
			history, err := d.History(root, trace.Name(), 0, 0)
			require.NoError(t, err)
			require.Equal(t, len(history), len(trace.Events))
			for i, e := range trace.Events {
				at, _ := e.Time(eventlog.TimeTimestamp)
				require.True(t, at.Equal(history[i].At))
				require.Equal(t, history[i].Event, e.Text(eventlog.ConceptName))
			}
			events += len(history)
			traces++
		}
		back, err := eventlog.ReadOCEL(bytes.NewReader(ocel.Bytes()), eventlog.OCEL{})
		require.NoError(t, err)
		for _, err := range back.Events {
			require.NoError(t, err)
			events--
		}
		require.Zero(t, events)
		for o, err := range back.Objects {
			require.NoError(t, err)
			if o.Type == incident.Kind {
				traces--
			}
		}
		require.Zero(t, traces)
	})
}

func FuzzRestore(f *testing.F) {
	file, from := sample(f)
	f.Add([]byte(file))
	f.Add([]byte("row,record,version,at,event,actor,changes\nevent,incident/X,1,2024-03-04T09:12:33Z,incident.reported,ann,\"{\"\"state\"\":\"\"new\"\",\"\"phase\"\":\"\"new\"\"}\"\n"))
	f.Add([]byte("row,record,version\ntimer,incident/X,1\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		to := newDesk(t)
		to.clock.Set(from.clock.Now())
		_, _ = export.Restore(root, bytes.NewReader(file), to.k, export.RestoreOptions{Row: 1 << 16, Report: func(o export.Outcome) error {
			if o.Err == nil {
				require.NoError(t, to.k.Verify(root, o.Ref))
			}
			return nil
		}})
		first := to.lives(t)
		other := newDesk(t)
		other.clock.Set(from.clock.Now())
		_, err := export.Restore(root, bytes.NewReader(first), other.k, export.RestoreOptions{})
		require.NoError(t, err, "what was taken in is given out again")
		require.Equal(t, string(first), string(other.lives(t)))
	})
}
