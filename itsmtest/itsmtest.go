// Package itsmtest is what users test their desks with: a clock that plays months in a moment, a directory of people
// who do not exist, actors, requirements on records, and the printed life of a record.
//
//	k, clock := itsmtest.Kernel(t, itsm.Config{Store: memory.New()}, register)
//	ann := itsmtest.As(t.Context(), itsmtest.Agent("ann"))
//	inc, err := incidents.Resolve(ann, id, resolution)
//	clock.Advance(ann, 5*24*time.Hour) // every timer fires on the way, each at its own instant
//	itsmtest.RequireEvent(t, ann, k, inc.Ref(), "incident.closed", itsmtest.CausedBy("timer auto_close"))
//
// The requirements take a [TB], which both a *testing.T and a *rapid.T are. Where one does not hold the test ends,
// with the timeline of the record. They and [Timeline] look with the eyes of the system, in the tenant of the
// context's actor, so that no mask hides what happened.
//
// Nothing here reads the machine's clock, sleeps or starts a goroutine.
package itsmtest

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"github.com/itsmkit/itsmkit/itsm"
)

// TB is what the helpers need of a test.
type TB interface {
	Helper()
	Logf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// Kernel opens a kernel for a test: register declares practices, hooks and subscribers (nil for none). Config needs a
// store; what else it leaves out becomes a [Clock] that stands at Monday, 2 March 2026, 09:00 UTC, the default grants,
// a [Random] source, and a logger that writes to the test. The kernel works on the clock, which must be a *[Clock] where
// one is given. A failure ends the test.
func Kernel(t TB, config itsm.Config, register func(*itsm.Kernel) error) (*itsm.Kernel, *Clock) {
	t.Helper()
	if config.Clock == nil {
		config.Clock = NewClock(time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC))
	}
	if config.Authorizer == nil {
		config.Authorizer = itsm.DefaultGrants()
	}
	if config.Random == nil {
		config.Random = Random(1)
	}
	if config.Logger == nil {
		config.Logger = logger(t)
	}
	clock, ok := config.Clock.(*Clock)
	if !ok {
		t.Fatalf("itsmtest: the clock is a %T: give Kernel a clock made by itsmtest.NewClock, or none", config.Clock)
		return nil, nil
	}
	k, err := itsm.New(config)
	if err == nil && register != nil {
		err = register(k)
	}
	if err == nil {
		err = k.Open(context.Background())
	}
	if err != nil {
		t.Fatalf("itsmtest: the kernel does not open: %v", err)
		return nil, nil
	}
	clock.Attach(k)
	return k, clock
}

// logger writes to the test, without the machine's time.
func logger(t TB) *slog.Logger {
	return slog.New(slog.NewTextHandler(testLog{t}, &slog.HandlerOptions{
		ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey && len(groups) == 0 {
				return slog.Attr{}
			}
			return a
		},
	}))
}

type testLog struct{ t TB }

// Write implements io.Writer.
func (l testLog) Write(line []byte) (int, error) {
	l.t.Helper()
	l.t.Logf("%s", strings.TrimSuffix(string(line), "\n"))
	return len(line), nil
}
