package river_test

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/riverqueue/river/rivertype"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/store/postgres"
	"github.com/itsmkit/itsmkit/store/postgres/postgrestest"
	itsmriver "github.com/itsmkit/itsmkit/store/postgres/river"
)

// chore is a record with an alarm: a timer that rings, and counts.
type chore struct {
	itsm.Ticket
	Rings int `json:"rings,omitempty"`
}

type (
	intake struct{ Title string }
	alarm  struct{ In time.Duration }
	ring   struct{ Secret string }
)

type chores struct {
	*itsm.Records[chore]
	report itsm.Creation[chore, intake]
	set    itsm.Command[chore, alarm]
}

const lead = 48 * time.Hour

func newChores(k *itsm.Kernel) (*chores, error) {
	p, err := itsm.NewPractice[chore](k, itsm.Spec{Kind: "chore", Series: "CHO", Lifecycle: lifecycle.Definition{
		Name: "chore", Version: 1, Initial: "open",
		States:   []lifecycle.StateRow{{Name: "open", Title: "Open", Phase: lifecycle.New}, {Name: "done", Title: "Done", Phase: lifecycle.Closed}},
		Triggers: []lifecycle.TriggerRow{{Name: "set", Title: "Set", Past: "set"}, {Name: "ring", Title: "Ring", Past: "rang"}, {Name: "finish", Title: "Finish", Past: "finished"}},
		Rows: []lifecycle.Transition{
			{From: []lifecycle.State{"open"}, Trigger: "set"}, {From: []lifecycle.State{"open"}, Trigger: "ring"},
			{From: []lifecycle.State{"open"}, Trigger: "finish", To: "done"},
		},
	}})
	if err != nil {
		return nil, err
	}
	c := &chores{Records: p.Records}
	c.report = itsm.Create(p, "report", "reported", func(_ *itsm.Unit, r *chore, in intake) error {
		r.Title = in.Title
		return nil
	})
	c.set = itsm.Handle(p, "set", func(u *itsm.Unit, _ *chore, in alarm) error {
		if in.In < 0 {
			return itsm.Invalid("In", "an alarm is in the future")
		}
		return u.SetTimer("alarm", u.Now().Add(in.In), "ring", ring{Secret: "behind the door"})
	})
	itsm.Handle(p, "ring", func(_ *itsm.Unit, r *chore, _ ring) error {
		r.Rings++
		return nil
	})
	itsm.Handle(p, "finish", func(*itsm.Unit, *chore, struct{}) error { return nil })
	return c, nil
}

var ann = itsm.WithActor(context.Background(), itsm.Actor{ID: "ann", Tenant: "acme", Roles: []itsm.Role{itsm.Administrator}})

// place is a database with the tables of a desk and of River, and a clock that stands in River's past: what the test does
// not hold back by the desk's clock is due for River.
type place struct {
	pool   *pgxpool.Pool
	schema string
	clock  *itsmtest.Clock
}

func newPlace(t testing.TB) *place {
	t.Helper()
	pool, schema := postgrestest.Pool(t)
	require.NoError(t, postgres.Migrate(t.Context(), pool, postgres.Config{Schema: schema}))
	migrator, err := rivermigrate.New(riverpgxv5.New(pool), &rivermigrate.Config{Schema: schema, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	_, err = migrator.Migrate(t.Context(), rivermigrate.DirectionUp, nil)
	require.NoError(t, err)
	return &place{pool, schema, itsmtest.NewClock(time.Date(2024, time.March, 4, 9, 0, 0, 0, time.UTC))}
}

// node is one program of several on a place.
type node struct {
	*itsm.Kernel
	place  *place
	chores *chores
	client *river.Client[pgx.Tx]
	store  *postgres.Store
	// worked tells of each job that the client worked.
	worked <-chan *river.Event
}

// options change what a node is made of.
type options struct {
	subscriber itsm.Subscriber
	without    bool // jobs
	alone      bool // one job for subscribers at a time
	periodic   bool
	unserved   bool
}

// node makes a program, whose client is not started.
func (p *place) node(t testing.TB, o options) *node {
	t.Helper()
	jobs, workers := itsmriver.New(itsmriver.Config{DeliverQueue: "mail"}), river.NewWorkers()
	require.NoError(t, jobs.AddWorkers(workers))
	mailers := 2
	if o.alone {
		mailers = 1
	}
	config := &river.Config{
		Schema: p.schema, Workers: workers, Logger: slog.New(slog.DiscardHandler), TestOnly: true,
		Queues:            map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 4}, "mail": {MaxWorkers: mailers}},
		FetchPollInterval: 50 * time.Millisecond, FetchCooldown: 10 * time.Millisecond,
	}
	if o.periodic {
		config.PeriodicJobs = []*river.PeriodicJob{jobs.Periodic(time.Hour)}
	}
	client, err := river.NewClient(riverpgxv5.New(p.pool), config)
	require.NoError(t, err)
	in := postgres.Config{Schema: p.schema}
	if !o.without {
		in.Within = jobs.Within(client)
	}
	n := &node{place: p, client: client}
	n.store, err = postgres.New(t.Context(), p.pool, in)
	require.NoError(t, err)
	n.Kernel, err = itsm.New(itsm.Config{Store: n.store, Clock: p.clock, Authorizer: itsm.DefaultGrants()})
	require.NoError(t, err)
	n.chores, err = newChores(n.Kernel)
	require.NoError(t, err)
	if o.subscriber.Handle != nil {
		n.Subscribe(o.subscriber)
	}
	require.NoError(t, n.Open(t.Context()))
	if !o.unserved {
		jobs.Serve(n.Kernel)
	}
	worked, stop := client.SubscribeConfig(&river.SubscribeConfig{ChanSize: 10_000, Kinds: []river.EventKind{
		river.EventKindJobCompleted, river.EventKindJobSnoozed, river.EventKindJobFailed, river.EventKindJobCancelled, river.EventKindJobInterrupted,
	}})
	t.Cleanup(stop)
	n.worked = worked
	return n
}

// start lets the client work until the end of the test.
func (n *node) start(t testing.TB) {
	t.Helper()
	require.NoError(t, n.client.Start(context.Background()))
	t.Cleanup(func() { _ = n.client.StopAndCancel(context.Background()) })
}

// await answers the next job of a kind that the client worked.
func (n *node) await(t testing.TB, args river.JobArgs) *river.Event {
	t.Helper()
	for {
		select {
		case e := <-n.worked:
			if e != nil && e.Job.Kind == args.Kind() {
				return e
			}
			require.NotNil(t, e, "the client was stopped")
		case <-t.Context().Done():
			t.Fatal("the job was not worked")
		}
	}
}

// alarmed makes a chore whose alarm rings in two days.
func (n *node) alarmed(t testing.TB) chore {
	t.Helper()
	r, err := n.chores.report.Do(ann, intake{Title: "Water the plants"})
	require.NoError(t, err)
	r, err = n.chores.set.Do(ann, r.ID, alarm{In: lead})
	require.NoError(t, err)
	return r
}

func (n *node) rings(t testing.TB, r chore) int {
	t.Helper()
	is, err := n.chores.Get(ann, r.ID)
	require.NoError(t, err)
	return is.Rings
}

// jobs lists the jobs of a kind that are there, in any state.
func (p *place) jobs(t testing.TB, args river.JobArgs) []*rivertype.JobRow {
	t.Helper()
	client, err := river.NewClient(riverpgxv5.New(p.pool), &river.Config{Schema: p.schema})
	require.NoError(t, err)
	list, err := client.JobList(t.Context(), river.NewJobListParams().Kinds(args.Kind()).First(10_000))
	require.NoError(t, err)
	return list.Jobs
}

// box is a subscriber that keeps what it got.
type box struct {
	mu   sync.Mutex
	got  []*itsm.Event
	more chan struct{}
}

func newBox() *box { return &box{more: make(chan struct{}, 1000)} }

func (b *box) handle(_ context.Context, e *itsm.Event) error {
	b.mu.Lock()
	b.got = append(b.got, e)
	b.mu.Unlock()
	b.more <- struct{}{}
	return nil
}

func (b *box) len() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.got)
}

// await waits until the subscriber got so many events in all.
func (b *box) await(t testing.TB, events int) {
	t.Helper()
	for b.len() < events {
		select {
		case <-b.more:
		case <-t.Context().Done():
			t.Fatal("the subscriber did not get all")
		}
	}
}

// requireInOrder finds versions 1 to n of each record in order, each once.
func (b *box) requireInOrder(t testing.TB, of []chore, versions int64) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	seen := map[string]int64{}
	for _, e := range b.got {
		seen[e.Key.ID]++
		require.Equal(t, seen[e.Key.ID], e.Version, e.Key.ID)
	}
	require.Len(t, seen, len(of))
	for _, r := range of {
		require.Equal(t, versions, seen[r.ID], r.ID)
	}
}
