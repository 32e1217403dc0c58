package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/itsmkit/itsmkit/itsm"
)

// concerns reports whether the host adds to the transaction of a set.
func (s *Store) concerns(set *itsm.WriteSet) bool {
	return s.config.Within != nil && len(set.Records)+len(set.Timers) > 0
}

// within lets the host add to the transaction in which the sets were written. A panic of the host's is an error.
func (s *Store) within(ctx context.Context, tx pgx.Tx, sets ...*itsm.WriteSet) (err error) {
	var concerned []*itsm.WriteSet
	for _, set := range sets {
		if s.concerns(set) {
			concerned = append(concerned, set)
		}
	}
	if len(concerned) == 0 {
		return nil
	}
	defer func() {
		if r := recover(); r != nil {
			err = because(itsm.ErrPanic, fmt.Errorf("Config.Within: %v", r))
		}
	}()
	return s.config.Within(ctx, tx, concerned)
}
