package plan_test

import (
	"errors"
	"math"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/internal/plan"
)

type impact uint8

func (i impact) MarshalText() ([]byte, error) {
	if int(i) >= 3 {
		return nil, errors.New("no such impact")
	}
	return []byte([]string{"", "low", "high"}[i]), nil
}

func (i *impact) UnmarshalText(text []byte) error {
	for n, name := range []string{"", "low", "high"} {
		*i = impact(n) // a refusal comes after the memory was written
		if name == string(text) {
			return nil
		}
	}
	return errors.New("no such impact")
}

type tag string

type Header struct {
	ID       string    `json:"id"`
	Opened   time.Time `json:"opened,omitzero" itsm:"index"`
	Caller   string    `json:"caller" itsm:"personal"`
	Phone    string    `json:"phone" itsm:"personal=caller"`
	Watchers []string  `json:"watchers" itsm:"personal"`
}

type closing struct {
	Code  tag           `json:"code"`
	Notes string        `json:"notes"`
	After time.Duration `json:"after"`
}

type record struct {
	Header
	Impact   impact       `json:"impact"`
	Small    int8         `json:"small"`
	Short    int16        `json:"short"`
	Wide     int32        `json:"wide"`
	Count    int          `json:"count"`
	Byte     uint8        `json:"byte"`
	Port     uint16       `json:"port"`
	Mask     uint32       `json:"mask"`
	Open     bool         `json:"open"`
	Score    float64      `json:"score"`
	Tags     []tag        `json:"tags"`
	Address  netip.Addr   `json:"address"`
	Closing  closing      `json:"closing"`
	Custom   field.Fields `json:"custom"`
	scratch  map[int]int  `itsm:"-"`
	Cache    *int         `json:"-" itsm:"-"`
	Birthday time.Time    `json:"birthday" itsm:"personal=caller"`
}

func of[T any](t testing.TB) *plan.Plan {
	p, err := plan.Of(reflect.TypeFor[T]())
	require.NoError(t, err)
	return p
}

func TestFieldsOfARecord(t *testing.T) {
	p := of[record](t)
	type row struct {
		name, path string
		kind       field.Kind
	}
	var got []row
	for _, f := range p.Fields {
		got = append(got, row{f.Name, f.Path, f.Kind})
	}
	assert.Equal(t, []row{
		{"id", "Header.ID", field.KindText}, {"opened", "Header.Opened", field.KindInstant},
		{"caller", "Header.Caller", field.KindText}, {"phone", "Header.Phone", field.KindText},
		{"watchers", "Header.Watchers", field.KindList}, {"impact", "Impact", field.KindText},
		{"small", "Small", field.KindInt}, {"short", "Short", field.KindInt}, {"wide", "Wide", field.KindInt},
		{"count", "Count", field.KindInt}, {"byte", "Byte", field.KindInt}, {"port", "Port", field.KindInt},
		{"mask", "Mask", field.KindInt}, {"open", "Open", field.KindBool}, {"score", "Score", field.KindNumber},
		{"tags", "Tags", field.KindList}, {"address", "Address", field.KindText},
		{"closing.code", "Closing.Code", field.KindText}, {"closing.notes", "Closing.Notes", field.KindText},
		{"closing.after", "Closing.After", field.KindSpan}, {"custom", "Custom", field.KindNone},
		{"birthday", "Birthday", field.KindInstant},
	}, got)
	assert.Equal(t, p.Index("custom"), p.Custom())
	assert.Equal(t, -1, p.Index("nobody"))

	caller, phone, opened := p.Fields[p.Index("caller")], p.Fields[p.Index("phone")], p.Fields[p.Index("opened")]
	assert.True(t, caller.Personal && caller.Subject == "", "the caller is the person")
	assert.True(t, phone.Personal && phone.Subject == "caller", "the phone is the caller's")
	assert.True(t, opened.Index && !opened.Personal)
	assert.Equal(t, "caller", p.Fields[p.Index("birthday")].Subject)
}

// Other is embedded, so that one of its names collides.
type Other closing

type refusing struct {
	NoName  string
	hidden  string
	Ptr     *string        `json:"ptr"`
	Map     map[string]int `json:"map"`
	Any     any            `json:"any"`
	Array   [2]string      `json:"array"`
	Func    func()         `json:"func"`
	Numbers []int          `json:"numbers"`
	Huge    uint64         `json:"huge"`
	Rough   float32        `json:"rough"`
	Value   field.Value    `json:"value"`
	Twice   string         `json:"code"`
	Other
	Typo         string       `json:"typo" itsm:"persnal"`
	Nobodys      string       `json:"nobodys" itsm:"personal=nobody"`
	Lists        string       `json:"lists" itsm:"personal=people"`
	Plain        string       `json:"plain" itsm:"personal=twice_removed"`
	TwiceRemoved string       `json:"twice_removed" itsm:"personal=typo"`
	Open         string       `json:"open" itsm:"personal=typo"`
	People       []string     `json:"people" itsm:"personal"`
	Age          int          `json:"age" itsm:"personal"`
	Level        impact       `json:"level" itsm:"personal=typo"`
	Nest         closing      `json:"nest" itsm:"index"`
	Custom       field.Fields `json:"custom" itsm:"index"`
	First        field.Fields `json:"first"`
	Second       field.Fields `json:"second"`
	*closing     `itsm:"index"`
}

func TestEveryFaultAtOnce(t *testing.T) {
	_, err := plan.Of(reflect.TypeOf(refusing{hidden: "unexported"}))
	require.Error(t, err)
	for path, want := range map[string]string{
		"NoName": "json name", "hidden": "unexported", "Ptr": "a ptr is not", "Map": "a map", "Any": "a interface is not",
		"Array": "array", "Func": "a func", "Numbers": `\[\]int`, "Huge": "uint64", "Rough": "float32",
		"Value": "any kind", `Other\.Code`: `"code" is that of Twice`, "Typo": `"persnal"`, "Nobodys": "no such field",
		"Lists": "text tagged personal", "Plain": "text tagged personal", "Open": "text tagged personal", "Age": "no id of a person", "Level": "cannot be personal",
		"Nest": "flattened", "Custom": "schema", "Second": "in First", "closing": "unexported",
	} {
		assert.Regexp(t, `plan_test\.refusing\.`+path+`: .*`+want, err.Error())
	}
	var fault plan.Fault
	require.ErrorAs(t, err, &fault)
	assert.Equal(t, "NoName", fault.Path)

	for _, typ := range []reflect.Type{nil, reflect.TypeFor[int](), reflect.TypeFor[*record]()} {
		_, err := plan.Of(typ)
		assert.ErrorContains(t, err, "only a struct")
	}
}

// shared would have two records in the same memory after a copy.
type shared struct{ parts []byte }

func (s shared) MarshalText() ([]byte, error)  { return s.parts, nil }
func (s *shared) UnmarshalText(b []byte) error { s.parts = b; return nil }

func TestTextTypesMustNotShareMemory(t *testing.T) {
	_, err := plan.Of(reflect.TypeFor[struct {
		S shared `json:"s"`
	}]())
	assert.ErrorContains(t, err, "share memory")
}

func TestSetAndGet(t *testing.T) {
	p := of[record](t)
	at := time.Date(2026, 1, 2, 3, 4, 5, 6, time.FixedZone("", 3600))
	for _, test := range []struct {
		name string
		v    field.Value
		want func(*record) any
		is   any
	}{
		{"id", field.Text("i1"), func(r *record) any { return r.ID }, "i1"},
		{"opened", field.Instant(at), func(r *record) any { return r.Opened }, at.UTC()},
		{"watchers", field.List("a", "b"), func(r *record) any { return r.Watchers }, []string{"a", "b"}},
		{"tags", field.List("vpn"), func(r *record) any { return r.Tags }, []tag{"vpn"}},
		{"impact", field.Text("high"), func(r *record) any { return r.Impact }, impact(2)},
		{"address", field.Text("10.0.0.1"), func(r *record) any { return r.Address }, netip.MustParseAddr("10.0.0.1")},
		{"small", field.Int(-128), func(r *record) any { return r.Small }, int8(-128)},
		{"short", field.Int(-300), func(r *record) any { return r.Short }, int16(-300)},
		{"wide", field.Int(1 << 30), func(r *record) any { return r.Wide }, int32(1 << 30)},
		{"count", field.Int(1 << 60), func(r *record) any { return r.Count }, 1 << 60},
		{"byte", field.Int(255), func(r *record) any { return r.Byte }, uint8(255)},
		{"port", field.Int(65535), func(r *record) any { return r.Port }, uint16(65535)},
		{"mask", field.Int(1<<32 - 1), func(r *record) any { return r.Mask }, uint32(1<<32 - 1)},
		{"open", field.Bool(true), func(r *record) any { return r.Open }, true},
		{"score", field.Number(0.5), func(r *record) any { return r.Score }, 0.5},
		{"closing.code", field.Text("fixed"), func(r *record) any { return r.Closing.Code }, tag("fixed")},
		{"closing.after", field.Span(time.Hour), func(r *record) any { return r.Closing.After }, time.Hour},
	} {
		t.Run(test.name, func(t *testing.T) {
			var r, zero record
			i, rec := p.Index(test.name), plan.Pointer(&r)
			assert.False(t, p.Filled(i, rec))
			require.NoError(t, p.Set(i, rec, test.v))
			assert.Equal(t, test.is, test.want(&r))
			assert.True(t, p.Filled(i, rec))
			assert.True(t, p.Get(i, rec).Equal(test.v), "%v", p.Get(i, rec))
			assert.Equal(t, []int{i}, p.Diff(nil, plan.Pointer(&zero), rec), "nothing else was touched")

			assert.ErrorIs(t, p.Set(i, rec, wrongKind(test.v)), field.ErrKind)
			assert.Equal(t, test.is, test.want(&r), "a refused value changes nothing")
			require.NoError(t, p.Set(i, rec, field.Value{}))
			assert.Equal(t, zero, r, "none is the zero value")
		})
	}
}

func wrongKind(v field.Value) field.Value {
	if v.Kind() == field.KindSpan {
		return field.Text("1h")
	}
	return field.Span(1)
}

func TestWhatDoesNotFitIsRefused(t *testing.T) {
	p := of[record](t)
	var r record
	rec := plan.Pointer(&r)
	for name, n := range map[string]int64{
		"small": 128, "short": -1<<15 - 1, "wide": 1 << 31, "byte": -1, "port": 1 << 16, "mask": -1,
	} {
		assert.ErrorContains(t, p.Set(p.Index(name), rec, field.Int(n)), name)
	}
	r.Impact = 1
	assert.ErrorContains(t, p.Set(p.Index("impact"), rec, field.Text("enormous")), "no such impact")
	assert.ErrorContains(t, p.Set(p.Custom(), rec, field.Value{}), "custom")
	assert.Equal(t, record{Header: Header{}, Impact: 1}, r)
}

func TestDiffLooksAtMeaning(t *testing.T) {
	p := of[record](t)
	at := time.Date(2026, 3, 29, 1, 0, 0, 0, time.UTC)
	base := func() record {
		return record{
			Header: Header{ID: "i", Opened: at, Watchers: []string{"a"}},
			Custom: field.FromMap(map[string]field.Value{"x": field.Int(1)}),
		}
	}
	for name, test := range map[string]struct {
		change func(*record)
		want   []string
	}{
		"nothing":            {func(r *record) {}, nil},
		"equal text":         {func(r *record) { r.ID = strings.Clone("i") }, nil},
		"another zone":       {func(r *record) { r.Opened = at.In(time.FixedZone("", -3600)) }, nil},
		"empty list":         {func(r *record) { r.Tags = []tag{} }, nil},
		"equal list":         {func(r *record) { r.Watchers = []string{"a"} }, nil},
		"what is left out":   {func(r *record) { r.scratch = map[int]int{}; r.Cache = new(int) }, nil},
		"negative zero":      {func(r *record) { r.Score = math.Copysign(0, -1) }, nil},
		"no number":          {func(r *record) { r.Score = math.NaN() }, []string{"score"}},
		"first and last":     {func(r *record) { r.ID, r.Birthday = "j", at }, []string{"id", "birthday"}},
		"a nanosecond":       {func(r *record) { r.Opened = at.Add(1) }, []string{"opened"}},
		"no time":            {func(r *record) { r.Opened = time.Time{} }, []string{"opened"}},
		"an element":         {func(r *record) { r.Watchers = []string{"b"} }, []string{"watchers"}},
		"one custom field":   {func(r *record) { r.Custom.Set("y", field.Int(2)) }, []string{"custom"}},
		"a text of its own":  {func(r *record) { r.Impact = 2 }, []string{"impact"}},
		"an address":         {func(r *record) { r.Address = netip.MustParseAddr("::1") }, []string{"address"}},
		"neighbours of byte": {func(r *record) { r.Byte, r.Port = 1, 2 }, []string{"byte", "port"}},
	} {
		t.Run(name, func(t *testing.T) {
			before, after := base(), base()
			test.change(&after)
			var got []string
			for _, i := range p.Diff(nil, plan.Pointer(&before), plan.Pointer(&after)) {
				got = append(got, p.Fields[i].Name)
			}
			assert.Equal(t, test.want, got)
		})
	}
}

func TestNaNIsNoChange(t *testing.T) {
	p := of[record](t)
	before, after := record{Score: math.NaN()}, record{Score: math.NaN(), Open: true}
	assert.Equal(t, []int{p.Index("open")}, p.Diff(nil, plan.Pointer(&before), plan.Pointer(&after)))
}

func TestDetachSharesNothing(t *testing.T) {
	p := of[record](t)
	before := record{
		Header: Header{Watchers: []string{"a"}}, Tags: []tag{"t"},
		Custom: field.FromMap(map[string]field.Value{"x": field.Int(1)}),
	}
	after := before
	p.Detach(plan.Pointer(&after))
	after.Watchers[0], after.Tags[0], after.Custom[0].Value = "b", "u", field.Int(2)
	assert.Equal(t, []string{"a"}, before.Watchers)
	assert.Equal(t, []tag{"t"}, before.Tags)
	assert.Equal(t, int64(1), p.CustomFields(plan.Pointer(&before)).Get("x").Int())
}

func TestCheckFindsWhatNoStoreKeeps(t *testing.T) {
	p := of[record](t)
	r := record{
		Header: Header{ID: "\xff", Watchers: []string{"ok", "a\x00"}, Opened: time.Date(3000, 1, 1, 0, 0, 0, 0, time.UTC)},
		Impact: 9, Custom: field.Fields{{Name: "x", Value: field.Text("\xff")}},
	}
	r.Score /= r.Score
	var faults field.Faults
	require.ErrorAs(t, p.Check(plan.Pointer(&r)), &faults)
	got := map[string]field.Code{}
	for _, f := range faults {
		got[f.Field] = f.Code
	}
	assert.Equal(t, map[string]field.Code{
		"id": field.ErrText, "watchers": field.ErrText, "opened": field.ErrInstant, "impact": field.ErrText,
		"score": field.ErrNumber, "x": field.ErrText,
	}, got)
	assert.NoError(t, p.Check(plan.Pointer(&record{})))

	require.ErrorAs(t, p.CheckOnly([]int{p.Index("id"), p.Index("score")}, plan.Pointer(&r)), &faults)
	assert.Len(t, faults, 2, "of these alone")
	assert.NoError(t, p.CheckOnly(nil, plan.Pointer(&r)))
}

type optional struct{ set bool }

func (o optional) IsZero() bool { return !o.set }

type input struct {
	Title   string `json:"summary"`
	DueAt   time.Time
	URLPath string
	Assign  closing `json:"assign"`
	Ptr     *closing
	Files   []byte
	Any     any
	Maybe   optional
	Huge    uint64
	hidden  int
}

func TestInputsMayHoldAnything(t *testing.T) {
	p, err := plan.OfInput(reflect.TypeFor[input]())
	require.NoError(t, err)
	var names []string
	for _, f := range p.Fields {
		names = append(names, f.Name)
	}
	assert.Equal(t, []string{
		"summary", "due_at", "url_path", "assign.code", "assign.notes", "assign.after", "ptr", "files", "any", "maybe", "huge",
	}, names)

	empty := input{Files: []byte{}, hidden: 1}
	full := input{
		Title: "t", DueAt: time.Unix(0, 0), URLPath: "u", Assign: closing{"c", "n", 1},
		Ptr: &closing{}, Files: []byte{0}, Any: 0, Maybe: optional{true}, Huge: 1,
	}
	for i, f := range p.Fields {
		assert.False(t, p.Filled(i, plan.Pointer(&empty)), f.Name)
		assert.True(t, p.Filled(i, plan.Pointer(&full)), f.Name)
		if f.Opaque {
			assert.Equal(t, field.KindNone, p.Get(i, plan.Pointer(&full)).Kind())
			assert.Error(t, p.Set(i, plan.Pointer(&full), field.Value{}))
		}
	}
}

func TestPointer(t *testing.T) {
	r := new(record)
	assert.Equal(t, unsafe.Pointer(r), plan.Pointer(r))
	assert.Nil(t, plan.Pointer(nil))
	assert.Nil(t, plan.Pointer(*r))
	assert.Nil(t, of[closing](t).CustomFields(plan.Pointer(&closing{})))
}
