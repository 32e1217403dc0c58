package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/desk"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/store/memory"
)

// TestMain lets the test's own program be the processes that it kills.
func TestMain(m *testing.M) {
	if is, err := runChild(); is {
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func TestKilledDesksKeepTheirWord(t *testing.T) {
	for _, c := range []struct {
		store                   string
		kills, workers, crashes int
	}{
		{"sqlite", 5, 1, 0},
		{"sqlite", 5, 2, 0},
		{"postgres", 8, 3, 3},
	} {
		t.Run(fmt.Sprintf("%s, %d at once", c.store, c.workers), func(t *testing.T) {
			r, err := run(options{Store: c.store, Kills: c.kills, Workers: c.workers, Seed: 3, Dir: t.TempDir(), Limit: 5 * time.Minute}, io.Discard)
			if errors.Is(err, errNoServer) && os.Getenv("ITSM_REQUIRE_POSTGRES") != "1" {
				t.Skip(err)
			}
			require.NoError(t, err)
			require.Empty(t, r.Violations)
			require.Equal(t, c.kills, r.Kills)
			require.Equal(t, c.crashes, r.Crashes)
			require.Positive(t, r.Counts.Answered)
			require.Positive(t, r.Counts.Seen)
		})
	}
}

// witness is the evidence of an honest desk in memory, one process that nobody kills.
func witness(t *testing.T) *evidence {
	path := filepath.Join(t.TempDir(), "journal")
	j, err := openJournal(path)
	require.NoError(t, err)
	clock := itsmtest.NewClock(epoch)
	c, err := config(memory.New(), clock, slog.New(slog.DiscardHandler), writesDown(j, rand.New(rand.NewPCG(7, 7)), 20))
	require.NoError(t, err)
	d, err := desk.Open(t.Context(), c)
	require.NoError(t, err)
	clock.Attach(d)
	w := &worker{desk: d, journal: j, name: "w", machine: itsm.MachineClock()}
	ctx, rng := context.Background(), rand.New(rand.NewPCG(1, 2))
	for i := range 60 {
		w.name = fmt.Sprint(i)
		require.NoError(t, w.give(ctx, 0, rng, 8))
		require.NoError(t, clock.Advance(ctx, time.Minute))
	}
	e, err := settle(ctx, d)
	require.NoError(t, err)
	require.NoError(t, j.Close())
	half := 0
	e.Lines, half, err = readJournal(path)
	require.NoError(t, err)
	require.Zero(t, half)
	require.NoError(t, gather(ctx, d, e))
	return e
}

func TestAnHonestDeskIsAcquitted(t *testing.T) {
	n, violations := judge(witness(t))
	require.Empty(t, violations)
	require.Equal(t, n.Given, n.Answered+n.Refused, "nobody was killed")
	for what, count := range map[string]int{
		"given": n.Given, "records": n.Records, "events": n.Events, "levels": n.Levels, "owed": n.Owed, "escalations": n.Escalations, "timers": n.Timers, "seen": n.Seen,
	} {
		require.Positive(t, count, what)
	}
}

// TestTheJudgeFindsFaults breaks honest evidence in every way that matters, and hears of it.
func TestTheJudgeFindsFaults(t *testing.T) {
	for _, c := range []struct {
		name   string
		breaks func(t *testing.T, e *evidence)
		want   string
	}{
		{"an answered command is lost", func(t *testing.T, e *evidence) {
			delete(e.Receipts, e.line(t, answered, "").Key)
		}, "there is no receipt of it"},
		{"an answered command's event is lost", func(t *testing.T, e *evidence) {
			r := e.record(e.line(t, answered, "").ID)
			r.Entries = r.Entries[:0]
		}, "is lost"},
		{"an answered command's record is lost", func(t *testing.T, e *evidence) {
			id := e.line(t, answered, "").ID
			e.Records = slices.DeleteFunc(e.Records, func(f finding) bool { return f.ID == id })
		}, "is lost"},
		{"an answered comment is lost", func(t *testing.T, e *evidence) {
			e.record(e.Receipts[e.line(t, given, "incident.comment").Key].Ref.ID).Marks = nil
		}, "it is written on []"},
		{"a report was done twice", func(t *testing.T, e *evidence) {
			key := e.line(t, given, "incident.report").Key
			e.Records[len(e.Records)-1].Marks = append(e.Records[len(e.Records)-1].Marks, mark{key, 1})
		}, "it is written on ["},
		{"a refused command left a receipt", func(t *testing.T, e *evidence) {
			e.Receipts[e.line(t, refused, "").Key] = &itsm.Receipt{}
		}, "and left something"},
		{"a command without an answer is half there", func(t *testing.T, e *evidence) {
			key := e.line(t, given, "incident.comment").Key
			delete(e.Receipts, key)
			e.Lines = slices.DeleteFunc(e.Lines, func(l line) bool { return l.Key == key && l.What == answered })
		}, "is half there"},
		{"a number was given twice", func(t *testing.T, e *evidence) {
			var first *itsm.Receipt
			for _, l := range e.Lines {
				if l.Command == "incident.report" && e.Receipts[l.Key] != nil {
					if first == nil {
						first = e.Receipts[l.Key]
						continue
					}
					e.Receipts[l.Key] = first
					return
				}
			}
		}, "was given twice"},
		{"a command that nobody gave", func(t *testing.T, e *evidence) {
			e.Records[0].Marks = append(e.Records[0].Marks, mark{"key-x", 1})
		}, "nobody gave such a command"},
		{"another actor's event", func(t *testing.T, e *evidence) {
			r := e.Receipts[e.line(t, given, "incident.report").Key]
			e.record(r.Ref.ID).Entries[0].Actor.ID = "mallory"
		}, "is by mallory"},
		{"a level was told twice", func(t *testing.T, e *evidence) {
			r, i := e.entry(t, func(e *itsm.Entry) bool { return len(e.Levels()) > 0 })
			r.Entries[0].Facts = maps.Clone(r.Entries[i].Facts)
		}, "was told 2 times"},
		{"a level was never told", func(t *testing.T, e *evidence) {
			for i := range e.Records {
				r := &e.Records[i]
				if slices.ContainsFunc(r.Clocks, func(c cycle) bool { return len(c.Due) > 0 }) {
					for i := range r.Entries {
						r.Entries[i].Facts = nil
					}
					return
				}
			}
			t.Fatal("no level was due")
		}, "was due and is not told"},
		{"a step was taken twice", func(t *testing.T, e *evidence) {
			r, i := e.entry(t, func(e *itsm.Entry) bool { return len(e.Escalations()) > 0 })
			r.Entries[0].Facts = maps.Clone(r.Entries[i].Facts)
		}, "was taken 2 times"},
		{"a subscriber missed an event", func(t *testing.T, e *evidence) {
			e.unsee(t, func(version, last int64) bool { return version < last })
		}, "before version"},
		{"a subscriber missed the last event", func(t *testing.T, e *evidence) {
			e.unsee(t, func(version, last int64) bool { return version == last })
		}, "up to version"},
		{"an event is missing in the feed", func(t *testing.T, e *evidence) { e.Feed = e.Feed[1:] }, "comes next"},
		{"an event stands twice in the feed", func(t *testing.T, e *evidence) { e.Feed = append(e.Feed, e.Feed[0]) }, "comes next"},
		{"a link has one end", func(t *testing.T, e *evidence) {
			for i := range e.Records {
				if len(e.Records[i].Links) > 0 {
					e.Records[i].Links = nil
					return
				}
			}
			t.Fatal("there is no link")
		}, "not the other way round"},
		{"a timer is missing", func(t *testing.T, e *evidence) { e.timed(t).Timers = nil }, "there is no timer"},
		{"a timer is of another instant", func(t *testing.T, e *evidence) {
			r := e.timed(t)
			for i := range r.Timers {
				r.Timers[i].Due = r.Timers[i].Due.Add(time.Nanosecond)
			}
		}, "the clock waits for"},
		{"a timer of a version to come", func(t *testing.T, e *evidence) {
			e.timed(t).Timers[0].Generation = 1 << 40
		}, "is of version"},
		{"what the desk says itself", func(_ *testing.T, e *evidence) { e.Faults = []string{"broken"} }, "broken"},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := witness(t)
			c.breaks(t, e)
			_, violations := judge(e)
			require.Contains(t, strings.Join(violations, "\n"), c.want)
		})
	}
}

// line is the first that tells of an answered, given or refused command; of a given one, that was answered.
func (e *evidence) line(t *testing.T, what, command string) line {
	for _, l := range e.Lines {
		if l.What == what && (command == "" || l.Command == command && e.Receipts[l.Key] != nil) {
			return l
		}
	}
	t.Fatalf("no command was %s", what)
	return line{}
}

func (e *evidence) record(id string) *finding {
	return &e.Records[slices.IndexFunc(e.Records, func(f finding) bool { return f.ID == id })]
}

// entry finds an event that is no record's first.
func (e *evidence) entry(t *testing.T, is func(*itsm.Entry) bool) (*finding, int) {
	for i := range e.Records {
		for at := range e.Records[i].Entries {
			if at > 0 && is(&e.Records[i].Entries[at]) {
				return &e.Records[i], at
			}
		}
	}
	t.Fatal("there is no such event")
	return nil, 0
}

// unsee takes away all that the first subscriber saw of one event.
func (e *evidence) unsee(t *testing.T, is func(version, last int64) bool) {
	for _, r := range e.Records {
		for v := int64(1); v <= r.Version; v++ {
			if r.Version > 2 && is(v, r.Version) {
				e.Lines = slices.DeleteFunc(e.Lines, func(l line) bool {
					return l.What == saw && l.Subscriber == subscribers[0] && l.ID == r.ID && l.Version == v
				})
				return
			}
		}
	}
	t.Fatal("there is no such event")
}

// timed is a record with a clock that waits for a level.
func (e *evidence) timed(t *testing.T) *finding {
	for i := range e.Records {
		if slices.ContainsFunc(e.Records[i].Timers, func(m itsm.Timer) bool { return strings.HasPrefix(m.Name, "sla ") }) {
			return &e.Records[i]
		}
	}
	t.Fatal("no clock waits")
	return nil
}

// A line that a kill cut spoils no other.
func TestJournal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	j, err := openJournal(path)
	require.NoError(t, err)
	require.NoError(t, j.write(line{What: given, Key: "key-1"}))
	_, err = j.file.WriteString("\n{\"what\":\"answ")
	require.NoError(t, err)
	again, err := openJournal(path)
	require.NoError(t, err)
	require.NoError(t, again.write(line{What: answered, Key: "key-1", ID: "INC0000001", Version: 1}))
	require.NoError(t, j.Close())
	require.NoError(t, again.Close())
	lines, half, err := readJournal(path)
	require.NoError(t, err)
	require.Equal(t, 1, half)
	require.Equal(t, []line{{What: given, Key: "key-1"}, {What: answered, Key: "key-1", ID: "INC0000001", Version: 1}}, lines)
}

func TestFlags(t *testing.T) {
	for _, args := range [][]string{{"-kills", "0"}, {"-workers", "0"}, {"-store", "clay"}, {"more"}, {"-what"}} {
		require.Error(t, program(args, io.Discard), args)
	}
}

// A worker that cannot open its store ends, and the parent hears of it.
func TestAWorkerThatEndsByItself(t *testing.T) {
	p := &parent{options: options{Seed: 1}, rng: rand.New(rand.NewPCG(1, 0)), machine: itsm.MachineClock()}
	var err error
	p.exe, err = os.Executable()
	require.NoError(t, err)
	p.ours = child{Store: "clay", Journal: filepath.Join(t.TempDir(), "journal"), Speed: 1}
	w, err := p.start()
	require.NoError(t, err)
	require.Error(t, w.cmd.Wait())
	require.Contains(t, strings.Join(w.kill(), "\n"), "ended by itself")
}
