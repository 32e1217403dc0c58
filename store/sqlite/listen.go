package sqlite

import (
	"context"
	"slices"
	"sync"

	"github.com/itsmkit/itsmkit/itsm"
)

var _ itsm.Notifier = (*Store)(nil)

// listeners are those who want to know of commits that their own kernel did not make.
type listeners struct {
	mu   sync.Mutex
	open []chan struct{}
}

// Listen implements [itsm.Notifier]: it tells of transactions that the host committed by [Store.Transact] on this handle.
// What another process writes it does not tell; a runner looks for that every ten seconds.
func (s *Store) Listen(ctx context.Context) (<-chan struct{}, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	heard := make(chan struct{}, 1)
	s.listeners.mu.Lock()
	s.listeners.open = append(s.listeners.open, heard)
	s.listeners.mu.Unlock()
	context.AfterFunc(ctx, func() {
		s.listeners.mu.Lock()
		defer s.listeners.mu.Unlock()
		s.listeners.open = slices.DeleteFunc(s.listeners.open, func(c chan struct{}) bool { return c == heard })
	})
	return heard, nil
}

func (l *listeners) tell() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.open {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}
