package service_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/service"
)

func (f *fixture) load(kind, text string, with ...func(*service.ImportOptions)) service.Report {
	f.t.Helper()
	o := service.ImportOptions{Kind: kind}
	if strings.ContainsAny(strings.TrimSpace(text)[:1], "[{") {
		o.Format = service.JSON
	}
	for _, w := range with {
		w(&o)
	}
	r, err := f.s.Import(f.adm, strings.NewReader(text), o)
	require.NoError(f.t, err)
	return r
}

func partial(o *service.ImportOptions) { o.Partial = true }
func dry(o *service.ImportOptions)     { o.DryRun = true }

// told are the faults as lines.
func told(r service.Report) (lines []string) {
	for _, x := range r.Faults {
		lines = append(lines, x.String())
	}
	return lines
}

const someServices = `name,owner,users,criticality,measures,state
Web shop,olga,400,High,"fast; always there",
Mail,,30,,,planned
`

const someItems = "\ufeffclass,name,serial,size_gb,medium,state,since\n" +
	"host,web1,,,,,2020-01-01\n" +
	"host,db,,,,maintenance,\n" +
	"disk,,X1,100,ssd,,\n" +
	"disk,old,X0,10,,retired,\n"

const someRelations = `[
  {"type": "depends_on", "from": "service/Web shop", "to": "host/web1", "group": "web", "gate": "any"},
  {"type": "depends_on", "from": "web shop", "to": "db", "since": "2026-03-02T08:00:00Z"},
  {"type": "runs_on",    "from": "host/db", "to": "disk/X1"}
]`

func TestImportingTwiceChangesNothing(t *testing.T) {
	f := open(t, hardware())
	for _, c := range []struct {
		kind, text string
		rows       int
	}{{service.Kind, someServices, 2}, {service.ItemKind, someItems, 4}, {service.RelationKind, someRelations, 3}} {
		assert.Equal(t, service.Report{Rows: c.rows, Created: c.rows}, f.load(c.kind, c.text, dry))
		assert.Equal(t, service.Report{Rows: c.rows, Created: c.rows}, f.load(c.kind, c.text), "a dry run wrote nothing")
		before, digest, err := f.Head(f.ann, itsm.Ref{Kind: service.MapKind, ID: service.MapID})
		require.NoError(t, err)
		assert.Equal(t, service.Report{Rows: c.rows, Unchanged: c.rows}, f.load(c.kind, c.text))
		after, again, err := f.Head(f.ann, itsm.Ref{Kind: service.MapKind, ID: service.MapID})
		require.NoError(t, err)
		assert.Equal(t, before, after)
		assert.Equal(t, digest, again)
	}
	n, err := f.s.Imports().Count(f.ann, itsm.Query{})
	require.NoError(t, err)
	assert.EqualValues(t, 3, n, "what changes nothing leaves no record")
	m, _, err := f.Head(f.ann, itsm.Ref{Kind: service.MapKind, ID: service.MapID})
	require.NoError(t, err)
	assert.EqualValues(t, 3, m, "the map moved once for each batch")

	shop, err := f.s.Get(f.ann, "SVC0000001")
	require.NoError(t, err)
	assert.Equal(t, service.StateLive, shop.State)
	assert.Equal(t, itsm.High, shop.Criticality)
	assert.Equal(t, []string{"fast", "always there"}, shop.Measures)
	var states []string
	for i, err := range f.s.Items().All(f.ann, itsm.Query{}) {
		require.NoError(t, err)
		states = append(states, i.Identity+" "+string(i.State))
		require.NoError(t, f.Verify(f.adm, i.Ref()))
	}
	assert.Equal(t, []string{"host/web1 in_use", "host/db maintenance", "disk/X1 in_use", "disk/X0 retired"}, states)
	assert.Equal(t, "Web shop down, db down, X1 down", f.impact(lost("disk/X1")))
}

func TestAnImportChangesWhatDiffers(t *testing.T) {
	f := open(t, hardware())
	f.load(service.Kind, someServices)
	f.load(service.ItemKind, someItems)
	f.load(service.RelationKind, someRelations)
	r := f.load(service.Kind, "name;users;state;group\nWEB SHOP;500;;sales\nMail;30;live;\nChat;1;;\n", func(o *service.ImportOptions) { o.Comma = ';' })
	assert.Equal(t, service.Report{Rows: 3, Created: 1, Updated: 2}, r)
	shop, err := f.s.Get(f.ann, "SVC0000001")
	require.NoError(t, err)
	assert.Equal(t, "WEB SHOP", shop.Name)
	assert.Equal(t, 500, shop.Users)
	assert.Equal(t, "olga", shop.Owner, "what is not given stays")
	r = f.load(service.Kind, `{"name":"Web shop","owner":null,"users":500} {"name":"Chat","stakeholders":["sales","IT"]}`)
	assert.Equal(t, service.Report{Rows: 2, Updated: 2}, r)
	shop, err = f.s.Get(f.ann, "SVC0000001")
	require.NoError(t, err)
	assert.Empty(t, shop.Owner, "null empties")

	r = f.load(service.ItemKind, `[{"class":"disk","serial":"X1","custom":{"size_gb":200,"medium":null}},{"class":"host","name":"db","state":"in_use"}]`)
	assert.Equal(t, service.Report{Rows: 2, Updated: 2}, r)
	i, err := f.s.Items().Get(f.ann, "CI0000003")
	require.NoError(t, err)
	assert.Equal(t, field.Int(200), i.Custom.Get("size_gb"))
	assert.False(t, i.Custom.Has("medium"))

	f.clock.Set(at("2026-03-10T00:00:00Z"))
	r = f.load(service.RelationKind, "type,from,to,group,gate,until\ndepends_on,web shop,web1,web,2,\nruns_on,db,disk/X1,,,2026-04-01\n")
	assert.Equal(t, service.Report{Rows: 2, Updated: 2}, r)
	rel, err := f.s.Relations().Get(f.ann, "REL0000001")
	require.NoError(t, err)
	assert.Equal(t, "2", rel.Gate.String())
	rel, err = f.s.Relations().Get(f.ann, "REL0000003")
	require.NoError(t, err)
	assert.Equal(t, at("2026-04-01T00:00:00Z"), rel.Until)
	for _, cells := range []string{"from,to,until\nruns_on,db,disk/X1,2026-04-01\n", "from,to\nruns_on,db,disk/X1\n"} {
		r = f.load(service.RelationKind, "type,"+cells)
		assert.Equal(t, service.Report{Rows: 1, Unchanged: 1}, r, "what ends then does")
	}
	assert.Len(t, f.load(service.RelationKind, "type,from,to,until\nruns_on,db,disk/X1,2026-05-01\n").Faults, 1, "and at no other time")
	r = f.load(service.RelationKind, "type,from,to,since\nruns_on,db,disk/X1,2026-04-01\n")
	assert.Equal(t, service.Report{Rows: 1, Created: 1}, r, "but it may hold again")
}

func TestAnImportOfWhatIsToCome(t *testing.T) {
	f := open(t, service.Config{})
	const text = "name,since\nShop,2027-01-01\n"
	assert.Equal(t, service.Report{Rows: 1, Created: 1}, f.load(service.Kind, text))
	shop, err := f.s.Get(f.ann, "SVC0000001")
	require.NoError(t, err)
	assert.Equal(t, service.StatePlanned, shop.State)
	assert.Equal(t, at("2027-01-01T00:00:00Z"), shop.Since)
	assert.Equal(t, service.Report{Rows: 1, Unchanged: 1}, f.load(service.Kind, text))
}

func TestARelationMayHoldEndAndHoldAgain(t *testing.T) {
	f := open(t, service.Config{})
	f.service("Shop", 1)
	f.item("db")
	const text = "type,from,to,since,until\ndepends_on,Shop,db,2020-01-01,2021-01-01\ndepends_on,Shop,db,2022-01-01,\n"
	assert.Equal(t, service.Report{Rows: 2, Created: 2}, f.load(service.RelationKind, text))
	assert.Equal(t, service.Report{Rows: 2, Unchanged: 2}, f.load(service.RelationKind, text), "each row is the one of its time")
	assert.Equal(t, service.Report{Rows: 1, Updated: 1}, f.load(service.RelationKind, "type,from,to,until\ndepends_on,Shop,db,2027-01-01\n"))
	for id, until := range map[string]string{"REL0000001": "2021-01-01T00:00:00Z", "REL0000002": "2027-01-01T00:00:00Z"} {
		r, err := f.s.Relations().Get(f.ann, id)
		require.NoError(t, err)
		assert.Equal(t, at(until), r.Until, "without a since a row is about what holds now")
	}
}

func TestRelationsThatHeldManyTimes(t *testing.T) {
	f := open(t, service.Config{})
	f.item("switch")
	rows := func(columns, cells string) string {
		var b strings.Builder
		b.WriteString("type,from,to," + columns + "\n")
		for i := range service.ImportBatch {
			fmt.Fprintf(&b, "depends_on,host%d,switch,%s\n", i, cells)
		}
		return b.String()
	}
	for i := range service.ImportBatch {
		f.item(fmt.Sprint("host", i))
	}
	for year := range 6 {
		f.load(service.RelationKind, rows("since,until", fmt.Sprintf("%d-01-01,%d-06-01", 2010+year, 2010+year)))
	}
	f.load(service.RelationKind, rows("since", "2020-01-01"))
	r := f.load(service.RelationKind, rows("until", "2027-01-01"))
	assert.Equal(t, service.Report{Rows: service.ImportBatch, Updated: service.ImportBatch}, r, "all of them are known")
}

func TestEveryFaultIsListed(t *testing.T) {
	f := open(t, hardware())
	f.load(service.ItemKind, someItems)
	f.load(service.Kind, someServices)
	for _, c := range []struct {
		name, kind, text string
		want             []string
	}{
		{"cells", service.ItemKind, "class,name,serial,size_gb,state,seen_at,medium\n" +
			"disk,a,X5,large,,,\n" +
			"car,b,,,,,\n" +
			"host,,,,,,\n" +
			"host,c,,,lost,,\n" +
			"disk,,,7,,,\n" +
			"host,d,,,,yesterday,\n" +
			"host,e,,,,2030-01-01,\n" +
			"disk,f,X6,5,,,tape\n" +
			"disk,g,X7,,,,\n" +
			"host,web1,X8,,,,\n" +
			"host,web1,,,planned,,\n" +
			"host,ok,,,,,\n" +
			"host,ok,,,,,\n" +
			"host,many,,,,,,,\n" +
			"host,bare\"quote,,,,,\n", []string{
			`line 2, column 11 (size_gb): "large" is no whole number`,
			`line 3, column 1 (class): there is no class "car": declare it`,
			`line 4 (name): give the item a name, or a key`,
			`line 5, column 10 (state): there is no state "lost"`,
			`line 6 (custom.serial): it identifies items of class disk: fill it in`,
			`line 7, column 11 (seen_at): "yesterday" is no instant: write it as 2026-03-02T08:00:00Z, or as a date`,
			`line 8, column 11 (seen_at): nobody has seen it in the future`,
			`line 9, column 15 (custom.medium): `,
			`line 10 (custom.size_gb): `,
			`line 11, column 11 (custom.serial): class host has no attribute "serial"`,
			`line 12, column 13 (state): it is in_use, and does not become planned again`,
			`line 14: line 13 is the same (host/ok): leave one of them out`,
			`line 15, column 16: the row has 9 cells, and the header 7 columns: look for a missing quote`,
			`line 16, column 10: bare " in non-quoted-field`,
		}},
		{"the header", service.Kind, "name,colour,name,\nA,,,\n", []string{
			`line 1, column 6 (colour): there is no such field: there are criticality, group, measures, name, owner, scope, since, stakeholders, state, users`,
			`line 1, column 13 (name): a column has a name of its own: name it, or leave it out`,
			`line 1, column 18: a column has a name of its own: name it, or leave it out`,
		}},
		{"services", service.Kind, "name,users,criticality,since\n,1,,\nA,-1,,\nB,,bad,\nC,,,soon\n", []string{
			`line 2 (name): a service is known by its name: give it`,
			`line 3, column 3 (users): how many people use it is 0 or more`,
			`line 4, column 4 (criticality): it is critical, high, medium or low`,
			`line 5, column 5 (since): "soon" is no instant: write it as 2026-03-02T08:00:00Z, or as a date`,
		}},
		{"relations", service.RelationKind, "type,from,to,gate,until,group\n" +
			"likes,web1,db,,,\ndepends_on,web1,web9,,,\ndepends_on,,web1,,,\ndepends_on,web1,web1,,,\ndepends_on,web1,db,most,,\ndepends_on,db,web1,,2020-01-01,\nconnects_to,web1,db,,,x\n", []string{
			`line 2, column 1 (type): there is no type of relations "likes": declare it`,
			`line 3, column 17 (to): there is no item or service "web9"`,
			`line 4 (from): name an item or service`,
			`line 5, column 17 (to): nothing is related to itself`,
			`line 6, column 20 (gate): `,
			`line 7, column 21 (until): `,
			`line 8, column 23 (group): relations of type "connects_to" count for no gate: give neither group nor gate`,
		}},
		{"objects", service.Kind, "[\n {\"name\": \"A\",\n  \"users\": \"many\",\n  \"measures\": [1]},\n {\"name\": {\"a\": 1}, \"owner\": [\"x\"]},\n {\"name\": \"B\", \"colour\": \"red\"},\n {\"name\": null}, {\"name\": \"C\", \"name\": \"D\"}\n] 5", []string{
			`line 3 (users): "many" is no whole number`,
			`line 4 (measures): a list holds texts`,
			`line 5 (name): it is an object: give a text, a number, a truth or a list of texts`,
			`line 5 (owner): it takes one value, not a list`,
			`line 6 (colour): there is no such field: there are `,
			`line 7 (name): it cannot be emptied`,
			`line 7 (name): it is given twice`,
			`line 8: something follows the array: leave it out`,
		}},
		{"no objects", service.Kind, "[\n1]", []string{`line 2: a row is an object, not 1`}},
		{"broken JSON", service.Kind, "[\n {\"name\": \"A\"},\n {\"name\" \"B\"}]", []string{`line 3: `}},
		{"JSON that ends", service.Kind, "[\n {\"name\": \"A\"},\n {\"name\":", []string{`line 3: it ends within a row, or within the array`}},
		{"a quote that is never closed", service.Kind, "name\nA\n\"B\nC\n", []string{`line 4, column 3: extraneous or missing " in quoted-field`}},
		{"text that no store keeps", service.Kind, "name\nA\x00\n", []string{`line 2, column 1 (name): `}},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := func() int64 { n, err := f.Count(f.ann, c.kind, itsm.Query{}); require.NoError(t, err); return n }
			was := n()
			lines := told(f.load(c.kind, c.text))
			require.Len(t, lines, len(c.want), "%s", strings.Join(lines, "\n"))
			for i := range lines {
				assert.True(t, strings.HasPrefix(lines[i], c.want[i]), "%s\nwanted %s", lines[i], c.want[i])
			}
			assert.Equal(t, was, n(), "nothing of the batch was written")
		})
	}
}

func TestPartsOfABatch(t *testing.T) {
	f := open(t, hardware())
	const text = "class,name\nhost,a\ncar,b\nhost,c\n"
	r := f.load(service.ItemKind, text)
	assert.Equal(t, [2]int{0, 3}, [2]int{r.Created, r.Skipped}, "nothing of a batch with a fault")
	r = f.load(service.ItemKind, text, partial, dry)
	assert.Equal(t, [2]int{2, 1}, [2]int{r.Created, r.Skipped})
	r = f.load(service.ItemKind, text, partial)
	assert.Equal(t, [2]int{2, 1}, [2]int{r.Created, r.Skipped}, "or all but the faulty rows")
	assert.Len(t, r.Faults, 1)

	var b strings.Builder
	b.WriteString("class,name\n")
	for i := range service.ImportBatch + 50 {
		class := "host"
		if i == 3 {
			class = "car"
		}
		fmt.Fprintf(&b, "%s,n%d\n", class, i)
	}
	r = f.load(service.ItemKind, b.String())
	assert.Equal(t, [2]int{50, service.ImportBatch}, [2]int{r.Created, r.Skipped}, "the other batch has none")
}

func TestWhatTheDeskHasAgainstARow(t *testing.T) {
	no := func(k *itsm.Kernel) {
		k.Hook(itsm.Hook{Name: "no printers", Kinds: []string{service.ItemKind}, AfterAct: func(_ *itsm.Unit, ch itsm.Change) error {
			if ch.After.(*service.Item).Name == "printer" {
				return errors.New("we have no printers")
			}
			return nil
		}})
	}
	f := openHooked(t, no)
	const text = "class,name\nhost,a\nhost,printer\nhost,c\n"
	for _, o := range []func(*service.ImportOptions){dry, func(*service.ImportOptions) {}} {
		r := f.load(service.ItemKind, text, o)
		assert.Equal(t, [2]int{0, 3}, [2]int{r.Created, r.Skipped})
		require.Len(t, r.Faults, 1)
		assert.Equal(t, 3, r.Faults[0].Line)
		assert.Contains(t, r.Faults[0].Message, "we have no printers")
	}
	r := f.load(service.ItemKind, text, partial)
	assert.Equal(t, [2]int{2, 1}, [2]int{r.Created, r.Skipped})
	r = f.load(service.ItemKind, `[{"class":"host","name":"d"},{"class":"host","name":"printer"},{"class":"host","name":"e"}]`, partial)
	assert.Equal(t, [2]int{2, 1}, [2]int{r.Created, r.Skipped}, "whatever stands on its line beside it")
}

func TestWhatEndsAnImport(t *testing.T) {
	f := open(t, service.Config{})
	broken := errors.New("the line is dead")
	for _, format := range []service.Format{service.CSV, service.JSON} {
		begin := map[service.Format]string{service.CSV: "name\nA\n", service.JSON: `[{"name":"A"},`}[format]
		_, err := f.s.Import(f.adm, io.MultiReader(strings.NewReader(begin), iotest.ErrReader(broken)), service.ImportOptions{Kind: service.Kind, Format: format})
		require.ErrorIs(t, err, broken)
	}
	_, err := f.s.Import(f.adm, strings.NewReader(""), service.ImportOptions{Kind: "fish"})
	require.ErrorIs(t, err, itsm.ErrInvalid)
	_, err = f.s.Import(f.adm, strings.NewReader(""), service.ImportOptions{Kind: service.Kind, Format: "xml"})
	require.ErrorIs(t, err, itsm.ErrInvalid)
	for _, text := range []string{"", "name\n"} {
		r, err := f.s.Import(f.adm, strings.NewReader(text), service.ImportOptions{Kind: service.Kind})
		require.NoError(t, err)
		assert.Zero(t, r)
	}
}

// FuzzImport: whatever comes in, nothing panics, every row is counted once, and what was written is not written again.
func FuzzImport(f *testing.F) {
	for _, seed := range []string{someServices, someItems, someRelations, "[{\"name\":\"A\",\"custom\":{\"x\":1}}]", "a;b\n\"", "{}{}", "[", "name\n\"a\nb\""} {
		for kind := range 3 {
			f.Add(seed, byte(kind), strings.HasPrefix(seed, "["), true)
		}
	}
	f.Fuzz(func(t *testing.T, text string, kind byte, isJSON, part bool) {
		d := open(t, hardware())
		o := service.ImportOptions{Kind: []string{service.Kind, service.ItemKind, service.RelationKind}[kind%3], Partial: part}
		if isJSON {
			o.Format = service.JSON
		}
		would, err := d.s.Import(d.adm, strings.NewReader(text), dried(o))
		require.NoError(t, err)
		first, err := d.s.Import(d.adm, strings.NewReader(text), o)
		require.NoError(t, err)
		require.Equal(t, would.Created, first.Created)
		require.Equal(t, first.Rows, first.Created+first.Updated+first.Unchanged+first.Skipped)
		require.True(t, first.Skipped == 0 || len(first.Faults) > 0)
		again, err := d.s.Import(d.adm, strings.NewReader(text), o)
		require.NoError(t, err)
		require.Zero(t, again.Created+again.Updated)
		for _, x := range first.Faults {
			require.Positive(t, x.Line)
			require.LessOrEqual(t, x.Line, strings.Count(text, "\n")+1)
			require.NotEmpty(t, x.Message)
		}
	})
}

func dried(o service.ImportOptions) service.ImportOptions {
	o.DryRun = true
	return o
}
