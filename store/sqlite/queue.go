package sqlite

import (
	"context"
	"slices"
	"sync"
)

// queue gives one caller at a time the turn to write. Who has it writes what others brought meanwhile, too, and passes the
// turn on.
type queue struct {
	mu      sync.Mutex
	busy    bool
	waiting []*ticket
}

// ticket is a caller in the queue: with a job, or for a number; with neither for who writes by itself.
type ticket struct {
	job    *job
	number *numberJob
	// called gets one value: whether the caller has the turn, or its job was done by another one.
	called chan bool
}

// maxGroup bounds how many jobs are written in one transaction.
const maxGroup = 256

// wait answers whether the caller has the turn; else another one did its job. An error says that nothing was done.
func (q *queue) wait(ctx context.Context, t *ticket) (turn bool, err error) {
	q.mu.Lock()
	if !q.busy {
		q.busy = true
		q.mu.Unlock()
		return true, nil
	}
	t.called = make(chan bool, 1)
	q.waiting = append(q.waiting, t)
	q.mu.Unlock()
	select {
	case turn := <-t.called:
		return turn, nil
	case <-ctx.Done():
	}
	q.mu.Lock()
	at := slices.Index(q.waiting, t)
	if at >= 0 {
		q.waiting = slices.Delete(q.waiting, at, at+1)
	}
	q.mu.Unlock()
	if at >= 0 {
		return false, ctx.Err()
	}
	return <-t.called, nil // it was called meanwhile
}

// jobs takes the jobs that wait, up to the first caller that writes by itself. The turn is the caller's.
func (q *queue) jobs(group []*ticket) []*ticket {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := 0
	for n < len(q.waiting) && n < maxGroup && q.waiting[n].job != nil {
		n++
	}
	group = append(group, q.waiting[:n]...)
	q.waiting = slices.Delete(q.waiting, 0, n)
	return group
}

// numbers takes all who wait for a number. The turn is the caller's.
func (q *queue) numbers(group []*ticket) []*ticket {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting = slices.DeleteFunc(q.waiting, func(t *ticket) bool {
		if t.number != nil {
			group = append(group, t)
		}
		return t.number != nil
	})
	return group
}

// pass gives the turn to the first who waits.
func (q *queue) pass() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting) == 0 {
		q.busy = false
		return
	}
	next := q.waiting[0]
	q.waiting = slices.Delete(q.waiting, 0, 1)
	next.called <- true
}
