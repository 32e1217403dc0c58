package house

import (
	"slices"
	"strings"
	"testing"
)

// module is the path of the root module; every other module of the
// repository lies below it, in the folder that its path names.
const module = "github.com/itsmkit/itsmkit"

// A room is a package, or a folder of packages, and what its code may import:
// rooms of ours, and modules of others. Its tests may import any room and what
// tests are made of, since nobody who uses the library builds them.
type room struct {
	name    string
	rooms   []string
	modules []string
	reason  string
}

// kernel is what is spelled in the kernel's terms may import: the kernel, and
// the two rooms below it whose types its own are made of.
var kernel = []string{"itsm", "lifecycle", "field"}

// timed adds business time.
var timed = slices.Concat(kernel, []string{"calendar"})

// shared is the machinery of floor 2, known by no kernel.
var shared = []string{
	"sla", "escalation", "approval", "service", "link", "search", "metrics", "task", "template", "assignment", "conversation", "view", "recurring", "retention",
}

var practices = []string{"incident", "problem", "change", "request", "knowledge"}

// onShared is what a practice may import: machinery is below it, practices
// are beside it.
var onShared = slices.Concat(timed, shared)

// everything is for rooms that nothing but programs and tests import.
var everything = []string{"*"}

// house is the table of ARCHITECTURE.md: a room imports lower rooms only, and
// none of its own floor. A package that no line names is a breach, so that a
// new one starts with its place.
var house = []room{
	{"calendar", nil, []string{"github.com/robfig/cron/v3"},
		"floor 0: business time is of use to anybody and knows nothing of service management"},
	{"field", nil, nil,
		"floor 0: the closed set of value types, the same in every store"},
	{"lifecycle", nil, []string{"github.com/qmuntal/stateless"},
		"floor ½: declared state machines; the only room that sees the library that fires them"},
	{"internal/plan", []string{"field"}, nil,
		"floor ½: the compiled plan of a record's fields, below the kernel that uses it"},
	{"itsm", []string{"lifecycle", "field", "internal/plan"}, nil,
		"floor 1: the kernel knows no practice, no store and no calendar"},

	{"sla", timed, nil,
		"floor 2: says that a level was reached through the kernel, and does not know who answers"},
	{"escalation", timed, []string{"github.com/robfig/cron/v3"},
		"floor 2: answers levels that the kernel reports, and does not know who measured them"},
	{"approval", timed, nil, "floor 2: decides for any record"},
	{"service", append(slices.Clone(timed), "service/impact"), nil, "floor 2: services and items of any record"},
	{"link", kernel, nil, "floor 2: rules between practices as tables, so that it imports none of them"},
	{"search", nil, []string{"github.com/blevesearch/snowballstem"}, "floor 2: finds documents of anything by their words"},
	{"search/indexing", append(slices.Clone(kernel), "search"), nil, "floor 2: keeps an index in step with records of any kind"},
	{"metrics", timed, nil, "floor 2: computed from events alone"},
	{"task", timed, nil, "floor 2: work on any record"},
	{"template", kernel, nil, "floor 2: forms of any record, as tables"},
	{"assignment", timed, nil, "floor 2: finds who works on any ticket"},
	{"conversation", kernel, nil, "floor 2: messages of any channel to any ticket"},
	{"view", kernel, nil, "floor 2: saved queries and macros over any kind"},
	{"recurring", timed, []string{"github.com/robfig/cron/v3"},
		"floor 2: work that comes again, on records of any kind; reads cron expressions by the library's parser"},
	{"suggestion", append(slices.Clone(kernel), "search"), nil, "floor 2: proposes what is like any ticket"},
	{"retention", kernel, nil, "floor 2: purges ended tickets of any kind"},

	{"incident", onShared, nil, "floor 3: one practice; it meets the others through link"},
	{"problem", onShared, nil, "floor 3: one practice; it meets the others through link"},
	{"change", append(slices.Clone(onShared), "change/schedule"), nil, "floor 3: one practice; it meets the others through link"},
	{"change/icalendar", []string{"calendar", "calendar/ical", "change", "change/schedule", "itsm", "lifecycle"}, []string{"github.com/arran4/golang-ical"},
		"beside: the calendar of changes as iCalendar, in a module of its own for the format"},
	{"knowledge/markdown", nil, []string{"github.com/yuin/goldmark", "github.com/microcosm-cc/bluemonday", "golang.org/x/net"},
		"beside: the text of articles as safe HTML, in a module of its own for what reads and cleans it"},
	{"knowledge/feedback", timed, nil, "floor 3: what is said of articles, which it knows by number"},
	{"knowledge/consultation", timed, nil, "floor 3: who looked for help, in records of any kind"},
	{"search/searchtest", []string{"search"}, nil, "beside: the suite that judges indexes"},
	{"search/trec", []string{"search"}, nil, "beside: collections and measures of retrieval"},
	{"service/impact", nil, nil, "floor 2: who suffers when items are lost, of use to anything that depends"},
	{"change/schedule", []string{"calendar"}, nil, "floor 2: what is planned when, of use to anything that is planned"},
	{"request", onShared, nil, "floor 3: one practice; it meets the others through link"},
	{"knowledge", onShared, nil, "floor 3: one practice; it meets the others through link"},

	{"desk", slices.Concat(onShared, practices, []string{"store/memory", "eventlog", "search/indexing", "suggestion", "knowledge/feedback", "knowledge/consultation"}), nil,
		"floor 4: the composition root, over a store in memory where none is named"},
	{"calendar/holidays", []string{"calendar"}, []string{"github.com/rickar/cal/v2"},
		"beside: the tables of public holidays as lines of a calendar, in a module of its own for them"},
	{"calendar/ical", []string{"calendar"}, []string{"github.com/arran4/golang-ical", "github.com/teambition/rrule-go"},
		"beside: iCalendar in and out, in a module of its own for its parser; rules are checked against rrule-go in tests"},
	{"channel/mail", slices.Concat(kernel, []string{"conversation"}), []string{"*"},
		"beside: a channel turns its messages into the desk's, in a module of its own for what that takes"},
	{"export", slices.Concat(kernel, []string{"eventlog"}), nil,
		"beside: histories as event logs and tables; knows both forms, and no practice"},
	{"simulate", everything, nil, "floor 5: drives a whole desk"},
	{"examples", everything, []string{"github.com/jackc/pgx/v5"}, "floor 5: programs of users"},

	{"store/memory", []string{"itsm", "field"}, nil,
		"beside: a driver knows the contract and its values, as a driver of anybody's does"},
	{"internal/relational", []string{"itsm", "field"}, nil,
		"beside: what drivers on SQL share, without a database of its own"},
	{"store/sqlite", []string{"itsm", "field", "internal/relational"}, []string{"modernc.org/sqlite", "github.com/ncruces/go-sqlite3"},
		"beside: a driver over any database/sql of the host's, in a module of its own for the databases that it is tested with"},
	{"store/sqlite/sqlitefile", []string{"itsm", "store/sqlite"}, []string{"modernc.org/sqlite"},
		"beside: opens a file by itself, with the database that it brings"},
	{"store/postgres", []string{"itsm", "field", "internal/relational"}, []string{"github.com/jackc/pgx/v5"},
		"beside: a driver, in a module of its own for pgx"},
	{"search/postgres", []string{"itsm", "search", "search/indexing", "search/searchtest", "store/postgres", "desk", "incident", "itsmtest", "internal/prose"}, []string{"github.com/jackc/pgx/v5"},
		"beside: an index that several nodes share, in a module of its own for pgx"},
	{"store/postgres/postgrestest", []string{"itsm", "store/postgres"}, []string{"github.com/jackc/pgx/v5"},
		"beside: finds or starts the server that tests need"},
	{"store/postgres/river", []string{"itsm", "store/postgres"}, []string{"github.com/jackc/pgx/v5", "github.com/riverqueue/river"},
		"beside: an adapter, in a module of its own for the job queue that it hands work to"},
	{"itsmtest/crash", everything, []string{"*"},
		"beside: kills programs that use a desk and checks what is left, in a module of its own for the databases"},
	{"internal/samplelog", []string{"eventlog"}, nil, "beside: makes the sample log of the replay example"},
	{"eventlog", kernel, nil,
		"beside: reads and writes log formats; knows events, and no practice that makes them"},
	{"itsmtest", kernel, nil,
		"beside: imported by tests of users, whose modules it must not grow"},
	{"itsmtest/storetest", []string{"itsm", "lifecycle", "field", "itsmtest"}, nil,
		"beside: imported by tests of other stores, whose modules it must not grow"},

	{"itsmtest/faulty", slices.Concat(kernel, []string{"itsmtest", "incident"}), nil,
		"beside: makes stores fail under commands of a practice; imported by tests of other stores"},
	{"itsmtest/linear", slices.Concat(kernel, []string{"itsmtest", "incident", "store/postgres", "store/sqlite"}), []string{"github.com/anishathalye/porcupine"},
		"beside: checks of concurrent histories, over commands of a practice; in a module of its own for the checker"},

	{"internal/problemlaw", []string{"itsm", "itsmtest", "lifecycle", "change", "incident", "problem", "desk"}, nil,
		"beside: holds problems on every driver against the laws that they follow"},
	{"internal/knowledgelaw", []string{"itsm", "itsmtest", "lifecycle", "approval", "knowledge", "search", "desk"}, nil,
		"beside: holds articles on every driver against the laws that they follow"},
	{"internal/servicelaw", []string{"itsm", "itsmtest", "lifecycle", "incident", "service", "desk"}, nil,
		"beside: holds services on every driver against the laws that they follow"},
	{"internal/changelaw", []string{"itsm", "itsmtest", "lifecycle", "field", "approval", "change", "change/schedule", "desk"}, nil,
		"beside: holds changes on every driver against the law that they follow"},
	{"internal/duel", []string{"itsm", "itsmtest", "lifecycle", "incident", "internal/relational"}, nil,
		"beside: measures a desk on a driver beside its floor, for benchmarks"},
	{"internal/bare", []string{"calendar"}, nil, "beside: the floor that benchmarks of business time run beside"},
	{"internal/prose", nil, nil, "beside: texts for benchmarks of search"},
	{"bench/search", []string{"search", "internal/prose"}, []string{"github.com/blevesearch/bleve/v2", "modernc.org/sqlite"},
		"beside: the same benchmarks of other indexes, in a module of its own for them"},
	{"bench/calendar", []string{"calendar", "internal/bare"}, []string{"github.com/rickar/cal/v2"},
		"beside: the same benchmarks of another library, in a module of its own for it"},
	{"internal/house", nil, nil, "rules about the repository, beside everything"},
}

// testModules are what tests may import beyond the rooms' own modules. They
// are refused in code, or every user would build them.
var testModules = []string{"github.com/stretchr/testify", "pgregory.net/rapid"}

// rooms holds that imports point downwards.
func rooms(t tree) (found []breach) {
	for _, f := range t.sources() {
		here, ok := roomOf(f.dir())
		if !ok {
			found = append(found, f.breach(f.syntax.Package, "folder %s has no line in the table of rooms", f.dir()))
			continue
		}
		for _, spec := range f.syntax.Imports {
			if p := importPath(spec); !here.admits(p, f.isTest()) {
				found = append(found, f.breach(spec.Pos(), "%s may not import %s (%s)", here.name, p, here.reason))
			}
		}
	}
	return found
}

// roomOf finds the room of a folder: the longest name that holds it.
func roomOf(dir string) (best room, ok bool) {
	for _, r := range house {
		if within(dir, r.name) && len(r.name) > len(best.name) {
			best, ok = r, true
		}
	}
	return best, ok
}

func (r room) admits(imported string, test bool) bool {
	inside := func(folder string) bool { return within(imported, folder) }
	if imported == module || inside(module) {
		there, ok := roomOf(strings.TrimPrefix(imported, module+"/"))
		return ok && (test || there.name == r.name || slices.Contains(r.rooms, there.name) || slices.Contains(r.rooms, "*"))
	}
	if first, _, _ := strings.Cut(imported, "/"); !strings.Contains(first, ".") {
		return true // the standard library
	}
	return slices.Contains(r.modules, "*") || slices.ContainsFunc(r.modules, inside) || test && slices.ContainsFunc(testModules, inside)
}

// within tells whether a slash-separated path is a folder or lies inside it.
func within(p, folder string) bool {
	return p == folder || strings.HasPrefix(p, folder+"/")
}

func TestRoomsRule(t *testing.T) {
	imports := func(at, what string) map[string]string {
		return map[string]string{at: "package p\nimport \"" + what + "\""}
	}
	testRule(t, rooms, []ruleTest{
		{"down", imports("itsm/a.go", module+"/lifecycle"), nil},
		{"within the room", imports("examples/replay/a.go", module+"/examples/replay/mapping"), nil},
		{"up", imports("lifecycle/a.go", module+"/itsm"), []string{"lifecycle/a.go:2"}},
		{"sideways, practices", imports("incident/a.go", module+"/problem"), []string{"incident/a.go:2"}},
		{"sideways, machinery", imports("sla/a.go", module+"/escalation"), []string{"sla/a.go:2"}},
		{"kernel to a store", imports("itsm/a.go", module+"/store/memory"), []string{"itsm/a.go:2"}},
		{"store to a practice", imports("store/memory/a.go", module+"/incident"), []string{"store/memory/a.go:2"}},
		{"calendar to anything", imports("calendar/a.go", module+"/internal/plan"), []string{"calendar/a.go:2"}},
		{"a longer name is another room", imports("itsmtest/a.go", module+"/itsmtest/storetest"), []string{"itsmtest/a.go:2"}},
		{"desk to a practice", imports("desk/a.go", module+"/incident"), nil},
		{"desk to its user", imports("desk/a.go", module+"/simulate"), []string{"desk/a.go:2"}},
		{"tests to all", imports("itsm/a_test.go", module+"/store/memory"), nil},
		{"tests to nowhere", imports("itsm/a_test.go", module+"/gone"), []string{"itsm/a_test.go:2"}},
		{"no room", imports("attic/a.go", "fmt"), []string{"attic/a.go:1"}},
		{"the root", imports("a.go", "fmt"), []string{"a.go:1"}},
		{"standard library", imports("itsm/a.go", "encoding/json"), nil},
		{"named module", imports("lifecycle/a.go", "github.com/qmuntal/stateless"), nil},
		{"unnamed module", imports("itsm/a.go", "github.com/qmuntal/stateless"), []string{"itsm/a.go:2"}},
		{"test module in a test", imports("itsm/a_test.go", "github.com/stretchr/testify/require"), nil},
		{"test module in code", imports("itsmtest/a.go", "github.com/stretchr/testify/require"), []string{"itsmtest/a.go:2"}},
	})
}

// TestHouse holds the table itself to its law: the floors have no ring, and
// every name in it is a room.
func TestHouse(t *testing.T) {
	byName := map[string]room{}
	for _, r := range house {
		if _, twice := byName[r.name]; twice || r.reason == "" {
			t.Errorf("room %q needs one line with one reason", r.name)
		}
		byName[r.name] = r
	}
	var climb func(name string, above []string)
	climb = func(name string, above []string) {
		if slices.Contains(above, name) {
			t.Fatalf("rooms import each other in a ring: %q", append(above, name))
		}
		r, ok := byName[name]
		if !ok {
			t.Errorf("%q may import %q, which is no room", above[len(above)-1], name)
		}
		for _, lower := range r.rooms {
			if lower != "*" {
				climb(lower, append(slices.Clone(above), name))
			}
		}
	}
	for name := range byName {
		climb(name, nil)
	}
	for _, floor := range [][]string{shared, practices} {
		for _, name := range floor {
			for _, beside := range floor {
				if slices.Contains(byName[name].rooms, beside) {
					t.Errorf("%s and %s are on one floor", name, beside)
				}
			}
		}
	}
}
