package river_test

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/itsmkit/itsmkit/desk"
	"github.com/itsmkit/itsmkit/store/postgres"
	itsmriver "github.com/itsmkit/itsmkit/store/postgres/river"
)

// A host that runs River has the timers and subscribers of a desk worked by its client.
func Example() {
	open := func(ctx context.Context, pool *pgxpool.Pool, workers *river.Workers) (*desk.Desk, *river.Client[pgx.Tx], error) {
		jobs := itsmriver.New(itsmriver.Config{DeliverQueue: "mail"})
		if err := jobs.AddWorkers(workers); err != nil {
			return nil, nil, err
		}
		client, err := river.NewClient(riverpgxv5.New(pool), &river.Config{
			Workers:      workers,
			Queues:       map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 10}, "mail": {MaxWorkers: 1}},
			PeriodicJobs: []*river.PeriodicJob{jobs.Periodic(time.Minute)},
		})
		if err != nil {
			return nil, nil, err
		}
		store, err := postgres.New(ctx, pool, postgres.Config{Within: jobs.Within(client)})
		if err != nil {
			return nil, nil, err
		}
		d, err := desk.Open(ctx, desk.Config{Store: store})
		if err != nil {
			return nil, nil, err
		}
		jobs.Serve(d.Kernel)
		return d, client, client.Start(ctx)
	}
	_ = open
}
