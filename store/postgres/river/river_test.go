package river_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	itsmriver "github.com/itsmkit/itsmkit/store/postgres/river"
)

func TestATimerFiresOnceHoweverManyClientsAndJobs(t *testing.T) {
	p := newPlace(t)
	n, other := p.node(t, options{}), p.node(t, options{})
	var on []chore
	for range 20 {
		on = append(on, n.alarmed(t))
	}
	jobs := p.jobs(t, itsmriver.TimerArgs{})
	require.Len(t, jobs, 20)
	for _, r := range on { // each job twice, as if one had been worked and River had not learned of it
		_, err := n.client.Insert(t.Context(), itsmriver.TimerArgs{Tenant: "acme", RecordKind: "chore", ID: r.ID, Name: "alarm", Generation: r.Version}, nil)
		require.NoError(t, err)
	}
	p.clock.Set(p.clock.Now().Add(lead))
	n.start(t)
	other.start(t)
	_, err := other.FireDue(t.Context()) // and by a runner beside
	require.NoError(t, err)
	for worked := 0; worked < 40; {
		var e *river.Event
		select {
		case e = <-n.worked:
		case e = <-other.worked:
		case <-t.Context().Done():
		}
		require.NotNil(t, e, "not all jobs were worked")
		if e.Job.Kind == (itsmriver.TimerArgs{}).Kind() {
			require.Equal(t, river.EventKindJobCompleted, e.Kind)
			worked++
		}
	}
	for _, r := range on {
		require.Equal(t, 1, n.rings(t, r))
		itsmtest.RequireNoTimer(t, ann, n.Kernel, r.Ref(), "alarm")
		require.NoError(t, n.Verify(ann, r.Ref()))
	}
}

func TestAJobSaysNothingButWhichTimer(t *testing.T) {
	p := newPlace(t)
	r := p.node(t, options{}).alarmed(t)
	jobs := p.jobs(t, itsmriver.TimerArgs{})
	require.Len(t, jobs, 1)
	require.JSONEq(t, `{"tenant": "acme", "kind": "chore", "id": "`+r.ID+`", "name": "alarm", "generation": 2}`, string(jobs[0].EncodedArgs))
	require.Equal(t, p.clock.Now().Add(lead), jobs[0].ScheduledAt.UTC())
	require.Equal(t, rivertype.JobStateScheduled, jobs[0].State)
	for _, job := range p.jobs(t, itsmriver.DeliverArgs{}) {
		require.Equal(t, "mail", job.Queue)
		require.JSONEq(t, `{}`, string(job.EncodedArgs))
	}
}

func TestWhatIsDueAtOnceDoesNotWaitForTheScheduler(t *testing.T) {
	p := newPlace(t)
	n := p.node(t, options{})
	r, err := n.chores.report.Do(ann, intake{Title: "Water the plants"})
	require.NoError(t, err)
	_, err = n.chores.set.Do(ann, r.ID, alarm{})
	require.NoError(t, err)
	require.Equal(t, rivertype.JobStateAvailable, p.jobs(t, itsmriver.TimerArgs{})[0].State)
	n.start(t)
	require.Equal(t, river.EventKindJobCompleted, n.await(t, itsmriver.TimerArgs{}).Kind)
	require.Equal(t, 1, n.rings(t, r))
}

func TestACommandThatWritesNothingLeavesNoJob(t *testing.T) {
	p := newPlace(t)
	n := p.node(t, options{})
	r := n.alarmed(t)
	count := func() (jobs int) {
		return len(p.jobs(t, itsmriver.TimerArgs{})) + len(p.jobs(t, itsmriver.DeliverArgs{}))
	}
	before := count()
	_, err := n.chores.set.Do(ann, r.ID, alarm{In: -1})
	require.ErrorIs(t, err, itsm.ErrInvalid)
	_, err = n.chores.set.Do(ann, r.ID, alarm{In: lead}, itsm.IfVersion(1))
	require.ErrorIs(t, err, itsm.ErrConflict)
	tx, err := p.pool.Begin(t.Context())
	require.NoError(t, err)
	_, err = n.chores.set.Do(itsm.WithTransaction(ann, n.store.Join(tx)), r.ID, alarm{In: lead})
	require.NoError(t, err)
	require.NoError(t, tx.Rollback(t.Context()))
	require.Equal(t, before, count())
}

func TestACommandWhoseJobsCannotBeInsertedWritesNothing(t *testing.T) {
	p := newPlace(t)
	n := p.node(t, options{})
	r := n.alarmed(t)
	_, err := p.pool.Exec(t.Context(), `ALTER TABLE `+pgx.Identifier{p.schema, "river_job"}.Sanitize()+` RENAME TO away`)
	require.NoError(t, err)
	_, err = n.chores.set.Do(ann, r.ID, alarm{In: lead})
	require.Error(t, err)
	is, err := n.chores.Get(ann, r.ID)
	require.NoError(t, err)
	require.Equal(t, r.Version, is.Version)
}

func TestTheJobOfATimerThatMovedDoesNothing(t *testing.T) {
	p := newPlace(t)
	n := p.node(t, options{})
	r := n.alarmed(t)
	p.clock.Set(p.clock.Now().Add(time.Hour))
	moved, err := n.chores.set.Do(ann, r.ID, alarm{In: 3 * lead})
	require.NoError(t, err)
	due := p.clock.Now().Add(3 * lead)
	p.clock.Set(p.clock.Now().Add(lead)) // the first job's time, not the second's
	n.start(t)
	ended := map[river.EventKind]int{}
	for range 2 {
		ended[n.await(t, itsmriver.TimerArgs{}).Kind]++
	}
	require.Equal(t, map[river.EventKind]int{river.EventKindJobCompleted: 1, river.EventKindJobSnoozed: 1}, ended)
	require.Equal(t, 0, n.rings(t, r))
	timer := itsmtest.RequireTimer(t, ann, n.Kernel, r.Ref(), "alarm", due)
	require.Equal(t, moved.Version, timer.Generation)
}

// TestAJobThatComesTooEarlyIsPutOff has a kernel whose clock is behind River's.
func TestAJobThatComesTooEarlyIsPutOff(t *testing.T) {
	p := newPlace(t)
	n := p.node(t, options{})
	r := n.alarmed(t)
	n.start(t)
	e := n.await(t, itsmriver.TimerArgs{})
	require.Equal(t, river.EventKindJobSnoozed, e.Kind)
	require.Equal(t, 0, n.rings(t, r))
	job, err := n.client.JobGet(t.Context(), e.Job.ID)
	require.NoError(t, err)
	require.Equal(t, rivertype.JobStateScheduled, job.State)
	require.Greater(t, job.ScheduledAt.Sub(*job.AttemptedAt), lead-time.Hour)

	p.clock.Set(p.clock.Now().Add(lead))
	_, err = n.client.JobRetry(t.Context(), job.ID)
	require.NoError(t, err)
	require.Equal(t, river.EventKindJobCompleted, n.await(t, itsmriver.TimerArgs{}).Kind)
	require.Equal(t, 1, n.rings(t, r))
}

func TestATimerThatFailsIsTriedAgainByRiver(t *testing.T) {
	p := newPlace(t)
	n := p.node(t, options{})
	r := n.alarmed(t)
	p.clock.Set(p.clock.Now().Add(lead))
	away := pgx.Identifier{p.schema, "event"}.Sanitize()
	_, err := p.pool.Exec(t.Context(), `ALTER TABLE `+away+` RENAME TO away`)
	require.NoError(t, err)
	n.start(t)
	e := n.await(t, itsmriver.TimerArgs{})
	require.Equal(t, river.EventKindJobFailed, e.Kind)
	require.Equal(t, rivertype.JobStateRetryable, e.Job.State)
	require.Equal(t, 30*time.Second, e.Job.ScheduledAt.Sub(*e.Job.AttemptedAt).Round(time.Second))
	_, err = p.pool.Exec(t.Context(), `ALTER TABLE `+pgx.Identifier{p.schema, "away"}.Sanitize()+` RENAME TO event`)
	require.NoError(t, err)
	_, err = n.client.JobRetry(t.Context(), e.Job.ID)
	require.NoError(t, err)
	require.Equal(t, river.EventKindJobCompleted, n.await(t, itsmriver.TimerArgs{}).Kind)
	require.Equal(t, 1, n.rings(t, r))
}

// TestASubscriberGoesOnWhereAStoppedClientWas stops a client in the middle of a batch.
func TestASubscriberGoesOnWhereAStoppedClientWas(t *testing.T) {
	p, b := newPlace(t), newBox()
	reached := make(chan struct{}, 1)
	first := p.node(t, options{subscriber: itsm.Subscriber{Name: "mail", Handle: func(ctx context.Context, e *itsm.Event) error {
		if b.len() == 7 {
			reached <- struct{}{}
			<-ctx.Done()
			return ctx.Err()
		}
		return b.handle(ctx, e)
	}}})
	var on []chore
	for range 5 {
		on = append(on, first.alarmed(t))
	}
	require.NoError(t, first.client.Start(context.Background()))
	<-reached
	require.NoError(t, first.client.StopAndCancel(context.Background()))
	require.Equal(t, 7, b.len())

	second := p.node(t, options{subscriber: itsm.Subscriber{Name: "mail", Handle: b.handle}})
	for _, r := range on {
		_, err := second.chores.set.Do(ann, r.ID, alarm{In: lead})
		require.NoError(t, err)
	}
	second.start(t)
	b.await(t, 15)
	b.requireInOrder(t, on, 3)
}

func TestEveryCommandReachesTheSubscriber(t *testing.T) {
	p, b := newPlace(t), newBox()
	n := p.node(t, options{subscriber: itsm.Subscriber{Name: "mail", Handle: b.handle}})
	n.start(t)
	var on []chore
	for range 10 { // while jobs run
		on = append(on, n.alarmed(t))
	}
	b.await(t, 20)
	b.requireInOrder(t, on, 2)
}

func TestAFailedEventIsTriedAgainByOneJob(t *testing.T) {
	p, b := newPlace(t), newBox()
	var broken atomic.Bool
	broken.Store(true)
	n := p.node(t, options{alone: true, subscriber: itsm.Subscriber{Name: "mail", Pause: time.Hour, Handle: func(ctx context.Context, e *itsm.Event) error {
		if broken.Load() {
			return errors.New("the mail server is down")
		}
		return b.handle(ctx, e)
	}}})
	on := []chore{n.alarmed(t), n.alarmed(t)}
	n.start(t)
	for {
		if e := n.await(t, itsmriver.DeliverArgs{}); e.Kind == river.EventKindJobSnoozed {
			break // the job of the retry, too early by the kernel's clock
		}
	}
	var again []*rivertype.JobRow
	for _, job := range p.jobs(t, itsmriver.DeliverArgs{}) {
		if string(job.EncodedArgs) != "{}" {
			again = append(again, job)
		}
	}
	require.Len(t, again, 1)
	require.Zero(t, b.len())
	broken.Store(false)
	p.clock.Set(p.clock.Now().Add(time.Hour))
	_, err := n.client.JobRetry(t.Context(), again[0].ID)
	require.NoError(t, err)
	for n.await(t, itsmriver.DeliverArgs{}).Job.ID != again[0].ID {
	}
	b.requireInOrder(t, on, 2)
}

func TestATransactionOfTheHostsCommitsRowsTicketsAndJobsTogether(t *testing.T) {
	p, b := newPlace(t), newBox()
	n := p.node(t, options{subscriber: itsm.Subscriber{Name: "mail", Handle: b.handle}})
	orders := pgx.Identifier{p.schema, "orders"}.Sanitize()
	_, err := p.pool.Exec(t.Context(), `CREATE TABLE `+orders+` (id text)`)
	require.NoError(t, err)
	tx, err := p.pool.Begin(t.Context())
	require.NoError(t, err)
	ctx := itsm.WithTransaction(ann, n.store.Join(tx))
	r, err := n.chores.report.Do(ctx, intake{Title: "Deliver the order"})
	require.NoError(t, err)
	r, err = n.chores.set.Do(ctx, r.ID, alarm{In: lead})
	require.NoError(t, err)
	_, err = n.chores.set.Do(ctx, r.ID, alarm{In: -1})
	require.ErrorIs(t, err, itsm.ErrInvalid, "a refused command leaves the transaction as it was")
	_, err = tx.Exec(t.Context(), `INSERT INTO `+orders+` VALUES ($1)`, r.ID)
	require.NoError(t, err)
	require.Empty(t, p.jobs(t, itsmriver.TimerArgs{}))

	// Others do not wait for an open transaction.
	beside := n.alarmed(t)
	require.Len(t, p.jobs(t, itsmriver.TimerArgs{}), 1)
	require.NoError(t, tx.Commit(t.Context()))
	require.Len(t, p.jobs(t, itsmriver.TimerArgs{}), 2)

	p.clock.Set(p.clock.Now().Add(lead))
	n.start(t)
	for range 2 {
		require.Equal(t, river.EventKindJobCompleted, n.await(t, itsmriver.TimerArgs{}).Kind)
	}
	require.Equal(t, 1, n.rings(t, r))
	require.Equal(t, 1, n.rings(t, beside))
	var id string
	require.NoError(t, p.pool.QueryRow(t.Context(), `SELECT id FROM `+orders).Scan(&id))
	require.Equal(t, r.ID, id)
}

// TestThePeriodicJobDoesWhatNobodyDid has timers and events of a program that inserted no jobs.
func TestThePeriodicJobDoesWhatNobodyDid(t *testing.T) {
	p, b := newPlace(t), newBox()
	r := p.node(t, options{without: true}).alarmed(t)
	p.clock.Set(p.clock.Now().Add(lead))
	n := p.node(t, options{periodic: true, subscriber: itsm.Subscriber{Name: "mail", Handle: b.handle}})
	n.start(t)
	require.Equal(t, river.EventKindJobCompleted, n.await(t, itsmriver.CatchUpArgs{}).Kind)
	require.Equal(t, 1, n.rings(t, r))
	b.await(t, 3)
	b.requireInOrder(t, []chore{r}, 3)
}

func TestJobsWaitForTheKernel(t *testing.T) {
	p := newPlace(t)
	n := p.node(t, options{unserved: true})
	r := n.alarmed(t)
	p.clock.Set(p.clock.Now().Add(lead))
	n.start(t)
	require.Equal(t, river.EventKindJobSnoozed, n.await(t, itsmriver.TimerArgs{}).Kind)
	require.Equal(t, 0, n.rings(t, r))
}

func TestWhatCannotWorkIsRefused(t *testing.T) {
	p := newPlace(t)
	jobs, workers := itsmriver.New(itsmriver.Config{}), river.NewWorkers()
	require.NoError(t, jobs.AddWorkers(workers))
	require.Error(t, jobs.AddWorkers(workers), "twice")
	require.ErrorIs(t, jobs.Within(nil)(t.Context(), nil, nil), itsm.ErrInvalid)
	client, err := river.NewClient(riverpgxv5.New(p.pool), &river.Config{Schema: p.schema})
	require.NoError(t, err)
	require.NoError(t, jobs.Within(client)(t.Context(), nil, []*itsm.WriteSet{{}}), "nothing to insert")
}
