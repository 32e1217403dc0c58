package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/itsmkit/itsmkit/internal/relational"
)

const (
	// tellEvery is how often a handle tells others at most: a notification takes a lock of the whole server.
	tellEvery = 50 * time.Millisecond
	// lookAgain is when a listener looks once more, for what was written while nobody was told again.
	lookAgain = 4 * tellEvery
	// The pauses before a listener connects again.
	firstPause = time.Second
	lastPause  = 30 * time.Second
)

// channel is the name of the notifications.
func (s *Store) channel() string {
	name := "itsm:" + s.config.Schema
	return name[:min(len(name), 63)]
}

const notify = `SELECT pg_notify($1, $2)`

// tell lets other handles know that something was committed, unless it did so just before. Whether it comes to them does
// not matter to who wrote.
func (s *Store) tell(ctx context.Context, conn *pgxpool.Conn) {
	now, last := s.config.Clock.Now().UnixNano(), s.told.Load()
	if last != 0 && now-last < int64(tellEvery) || ctx.Err() != nil || conn.Conn().IsClosed() || !s.told.CompareAndSwap(last, now) {
		return
	}
	var batch pgx.Batch
	batch.Queue(`SELECT set_config('synchronous_commit', 'off', true)`)
	batch.Queue(notify, s.channel(), s.node)
	_ = conn.SendBatch(context.WithoutCancel(ctx), &batch).Close()
}

// Listen implements [itsm.Notifier]. It takes a connection out of the pool, for as long as ctx lasts, and connects again
// when it is lost; what this handle wrote itself is no news to it. A value comes when another handle tells something, and
// once more a fifth of a second later, because handles tell at most twenty times a second.
func (s *Store) Listen(ctx context.Context) (<-chan struct{}, error) {
	conn, err := s.listen(ctx)
	if err != nil {
		return nil, fault(ctx, err)
	}
	heard := make(chan struct{}, 1)
	go s.relay(ctx, conn, heard)
	return heard, nil
}

func (s *Store) listen(ctx context.Context) (*pgx.Conn, error) {
	pooled, err := s.pool.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	conn := pooled.Hijack()
	if _, err := conn.Exec(ctx, `LISTEN `+relational.Quote(s.channel())); err != nil {
		_ = conn.Close(context.WithoutCancel(ctx))
		return nil, err
	}
	return conn, nil
}

// relay passes on what a connection hears, and takes another one when it is lost.
func (s *Store) relay(ctx context.Context, conn *pgx.Conn, heard chan<- struct{}) {
	pass := func() {
		select {
		case heard <- struct{}{}:
		default:
		}
	}
	pause := firstPause
	for ctx.Err() == nil {
		if conn != nil {
			pause = firstPause
			s.hear(ctx, conn, pass)
			_ = conn.Close(context.WithoutCancel(ctx))
			if conn = nil; ctx.Err() != nil {
				return
			}
		}
		wake, stop := s.config.Clock.Wake(s.config.Clock.Now().Add(pause))
		select {
		case <-ctx.Done():
		case <-wake:
		}
		stop()
		pause = min(2*pause, lastPause)
		if next, err := s.listen(ctx); err == nil {
			conn = next
			pass() // nobody knows what was missed
		}
	}
}

// hear passes on notifications until the connection is lost or ctx ends.
func (s *Store) hear(ctx context.Context, conn *pgx.Conn, pass func()) {
	for {
		n, err := conn.WaitForNotification(ctx)
		if err != nil {
			return
		}
		if n.Payload == s.node {
			continue
		}
		pass()
		// The second look is one wait for many notifications.
		wake, stop := s.config.Clock.Wake(s.config.Clock.Now().Add(lookAgain))
		select {
		case <-ctx.Done():
		case <-wake:
			pass()
		}
		stop()
	}
}
