package river

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/itsmkit/itsmkit/itsm"
)

const (
	// maxAttempts is more than a year of attempts, because nobody fires a timer that River gave up.
	maxAttempts = 10_000
	// A job that failed is tried again after firstPause, doubled after each further failure up to lastPause.
	firstPause = 30 * time.Second
	lastPause  = time.Hour
	// notYet is how long a job waits for a kernel.
	notYet = time.Second
)

// TimerArgs is a job that fires one timer, if its record still has it with that generation.
type TimerArgs struct {
	Tenant     string `json:"tenant"`
	RecordKind string `json:"kind"`
	ID         string `json:"id"`
	Name       string `json:"name"`
	Generation int64  `json:"generation"`
}

// Kind implements [river.JobArgs].
func (TimerArgs) Kind() string { return "itsm_timer" }

func timerArgs(t *itsm.Timer) TimerArgs {
	return TimerArgs{Tenant: t.Key.Tenant, RecordKind: t.Key.Kind, ID: t.Key.ID, Name: t.Name, Generation: t.Generation}
}

// DeliverArgs is a job that hands subscribers what they have not seen. At is set where it was made to try again: by when a
// subscriber's pause, or another job's claim of it, ends.
type DeliverArgs struct {
	At time.Time `json:"at,omitzero" river:"unique"`
}

// Kind implements [river.JobArgs].
func (DeliverArgs) Kind() string { return "itsm_deliver" }

// CatchUpArgs is a job that does what is due and nobody did. See [Jobs.Periodic].
type CatchUpArgs struct{}

// Kind implements [river.JobArgs].
func (CatchUpArgs) Kind() string { return "itsm_catch_up" }

type timerWorker struct {
	river.WorkerDefaults[TimerArgs]
	jobs *Jobs
}

// Work implements [river.Worker].
func (w *timerWorker) Work(ctx context.Context, job *river.Job[TimerArgs]) error {
	k := w.jobs.kernel.Load()
	if k == nil {
		return river.JobSnooze(notYet)
	}
	a := &job.Args
	due, err := k.FireTimer(ctx, itsm.Key{Tenant: a.Tenant, Kind: a.RecordKind, ID: a.ID}, a.Name, a.Generation)
	switch {
	case errors.Is(err, itsm.ErrTimerGone):
		return nil
	case err != nil:
		return err
	case !due.IsZero():
		return putOff(k, due)
	}
	return nil
}

// NextRetry implements [river.Worker].
func (*timerWorker) NextRetry(job *river.Job[TimerArgs]) time.Time { return nextRetry(job.JobRow) }

type deliverWorker struct {
	river.WorkerDefaults[DeliverArgs]
	jobs *Jobs
}

// Work implements [river.Worker].
func (w *deliverWorker) Work(ctx context.Context, job *river.Job[DeliverArgs]) error {
	k := w.jobs.kernel.Load()
	if k == nil {
		return river.JobSnooze(notYet)
	}
	_, next, err := k.Deliver(ctx)
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded): // River's limit of a job: there was much to do
		return river.JobSnooze(0)
	case err != nil:
		return err
	case next.IsZero():
		return nil
	case next.Equal(job.Args.At):
		return putOff(k, next)
	}
	return w.jobs.again(ctx, next)
}

// NextRetry implements [river.Worker].
func (*deliverWorker) NextRetry(job *river.Job[DeliverArgs]) time.Time { return nextRetry(job.JobRow) }

// again inserts the one job that tries again at an instant, however many find that it must be.
func (j *Jobs) again(ctx context.Context, at time.Time) error {
	client, err := river.ClientFromContextSafely[pgx.Tx](ctx)
	if err != nil {
		return err
	}
	_, err = client.Insert(ctx, DeliverArgs{At: at}, &river.InsertOpts{
		Queue: j.config.DeliverQueue, MaxAttempts: maxAttempts, ScheduledAt: ceil(at),
		UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: []rivertype.JobState{ // all but those that ended
			rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRetryable, rivertype.JobStateRunning, rivertype.JobStateScheduled,
		}},
	})
	return err
}

type catchUpWorker struct {
	river.WorkerDefaults[CatchUpArgs]
	jobs *Jobs
}

// Work implements [river.Worker].
func (w *catchUpWorker) Work(ctx context.Context, _ *river.Job[CatchUpArgs]) error {
	k := w.jobs.kernel.Load()
	for k != nil {
		if done, _, err := k.Work(ctx); done == 0 || err != nil {
			return err
		}
	}
	return nil
}

// putOff lets a job wait until an instant by the kernel's clock.
func putOff(k *itsm.Kernel, until time.Time) error {
	return river.JobSnooze(max(until.Sub(k.Clock().Now()), 0))
}

// nextRetry is when a job that failed is tried again.
func nextRetry(job *rivertype.JobRow) time.Time {
	pause := firstPause << min(max(job.Attempt-1, 0), 10)
	return job.AttemptedAt.Add(min(pause, lastPause))
}
