// Package river has the timers and subscribers of a desk worked as jobs of River (github.com/riverqueue/river), the job queue
// in PostgreSQL, for a host that runs it already. Jobs are inserted in the transaction of the command that causes them, so
// that there is none for a command that was rolled back, and none is missing. Such a host needs no [itsm.Kernel.Run]; one that
// runs both stays right.
//
// The host imports it beside River itself, such as by the name itsmriver:
//
//	jobs := itsmriver.New(itsmriver.Config{})
//	err := jobs.AddWorkers(workers)                       // workers of the host's: river.NewWorkers()
//	client, err := river.NewClient(riverpgxv5.New(pool), &river.Config{Workers: workers, Queues: queues,
//		PeriodicJobs: []*river.PeriodicJob{jobs.Periodic(time.Minute)}})
//	store, err := postgres.New(ctx, pool, postgres.Config{Within: jobs.Within(client)})
//	d, err := desk.Open(ctx, desk.Config{Store: store})
//	jobs.Serve(d.Kernel)
//	err = client.Start(ctx)
//
// # Guarantees
//
// They are the kernel's. A timer fires once: its job names the timer's generation, and its effect depends on it, so that the
// job of a timer that was moved, cancelled or fired does nothing. A subscriber gets every event at least once, and those of a
// record in order, from its durable position; what a job carries is only the hint that there is something. See docs/river.md.
//
// # Time
//
// River starts a job when it is due by River's clock, a second or so late as it is configured. Where the kernel's clock is
// behind, the job is put off until the timer is due by it.
//
// # Concurrency
//
// A [Jobs] may be used by many goroutines.
package river

import (
	"cmp"
	"context"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/itsmkit/itsmkit/itsm"
)

// Config says where the jobs go. The zero value works.
type Config struct {
	// Queue is River's queue of the jobs that fire timers; river.QueueDefault where it is empty.
	Queue string
	// DeliverQueue is the queue of the jobs that hand events to subscribers; Queue where it is empty. A queue of its own
	// keeps subscribers that are slow from holding up timers. One subscriber is worked by one job at a time, whatever
	// there is of workers.
	DeliverQueue string
}

// Jobs are a desk's jobs. Make it with [New]; one belongs to one desk, and a River client works the jobs of one.
type Jobs struct {
	config Config
	kernel atomic.Pointer[itsm.Kernel]
}

// New makes the jobs of a desk.
func New(config Config) *Jobs {
	config.Queue = cmp.Or(config.Queue, river.QueueDefault)
	config.DeliverQueue = cmp.Or(config.DeliverQueue, config.Queue)
	return &Jobs{config: config}
}

// AddWorkers registers the workers, before the client is made. A program that only gives commands leaves it out, and gives
// [Jobs.Within] a client that has no workers. It answers River's error where they are registered already.
func (j *Jobs) AddWorkers(workers *river.Workers) error {
	if err := river.AddWorkerSafely(workers, &timerWorker{jobs: j}); err != nil {
		return err
	}
	if err := river.AddWorkerSafely(workers, &deliverWorker{jobs: j}); err != nil {
		return err
	}
	return river.AddWorkerSafely(workers, &catchUpWorker{jobs: j})
}

// Serve says whose timers and subscribers the workers work. Until then their jobs are put off by a second.
func (j *Jobs) Serve(kernel *itsm.Kernel) { j.kernel.Store(kernel) }

// Within answers what inserts the jobs, for the store's Config.Within: one for each timer that a command sets, and one for
// the subscribers where there are events. It is the same in the store's transactions and in the host's own. It costs one
// statement a command, beside River's notifications.
func (j *Jobs) Within(client *river.Client[pgx.Tx]) func(ctx context.Context, tx pgx.Tx, sets []*itsm.WriteSet) error {
	return func(ctx context.Context, tx pgx.Tx, sets []*itsm.WriteSet) error {
		if client == nil {
			return itsm.Invalid("client", "give Within a client of River")
		}
		jobs := j.of(sets)
		if len(jobs) == 0 {
			return nil
		}
		_, err := client.InsertManyTx(ctx, tx, jobs)
		return err
	}
}

// of lists the jobs of sets.
func (j *Jobs) of(sets []*itsm.WriteSet) (jobs []river.InsertManyParams) {
	happened := false
	for _, set := range sets {
		var now time.Time // the command's
		for i := range set.Records {
			if e := set.Records[i].Event; e != nil {
				happened, now = true, later(now, e.At)
			}
		}
		for i := range set.Timers {
			if w := &set.Timers[i]; !w.Cancel {
				jobs = append(jobs, river.InsertManyParams{Args: timerArgs(&w.Timer), InsertOpts: j.timerOpts(w.Timer.Due, now)})
			}
		}
	}
	if happened {
		// It is not unique: one that runs may have looked already, and one that nobody sees yet would make every other
		// command wait for its transaction.
		jobs = append(jobs, river.InsertManyParams{Args: DeliverArgs{}, InsertOpts: &river.InsertOpts{Queue: j.config.DeliverQueue, MaxAttempts: maxAttempts}})
	}
	return jobs
}

// timerOpts schedules a timer's job; what is due already does not wait for River's scheduler.
func (j *Jobs) timerOpts(due, now time.Time) *river.InsertOpts {
	opts := &river.InsertOpts{Queue: j.config.Queue, MaxAttempts: maxAttempts}
	if due.After(now) {
		opts.ScheduledAt = ceil(due)
	}
	return opts
}

// ceil is the first instant, not before t, that the database can tell: it keeps microseconds.
func ceil(t time.Time) time.Time {
	if cut := t.Truncate(time.Microsecond); cut.Before(t) {
		return cut.Add(time.Microsecond)
	}
	return t
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// Periodic is a job for River's Config.PeriodicJobs that now and then does what is due and nobody did: timers that were set
// before the host had its jobs in River or by a program without them, and what a process that died had begun. Each run looks
// at what is due, and no more: a minute is a good choice.
func (j *Jobs) Periodic(every time.Duration) *river.PeriodicJob {
	return river.NewPeriodicJob(river.PeriodicInterval(every), func() (river.JobArgs, *river.InsertOpts) {
		return CatchUpArgs{}, &river.InsertOpts{Queue: j.config.Queue, MaxAttempts: 1}
	}, &river.PeriodicJobOpts{RunOnStart: true})
}
