package sqlite

import (
	"context"
	"strings"

	"github.com/itsmkit/itsmkit/itsm"
)

// Backup writes the database as it is at one instant into a new file, compact and without what was erased, beside readers
// and writers. The path must name no file that is there. What is erased later stays in backups: keep them no longer than
// you promise.
func (s *Store) Backup(ctx context.Context, path string) error {
	if path == "" {
		return itsm.Invalid("path", "name the file of the backup")
	}
	c, err := s.db.Conn(ctx)
	if err != nil {
		return fault(err)
	}
	defer c.Close()
	_, err = c.ExecContext(ctx, `VACUUM INTO ?1`, path)
	return fault(err)
}

// Verify looks through the whole file for damage, and answers [itsm.ErrCorrupt] with what SQLite found. It reads
// everything: some seconds for a gigabyte. [itsm.Kernel.Verify] checks a record's chain of events beyond that.
func (s *Store) Verify(ctx context.Context) error {
	c, err := s.reader(ctx)
	if err != nil {
		return err
	}
	defer s.giveBack(c)
	var found []string
	var line string
	err = c.all(ctx, `PRAGMA integrity_check(20)`, nil, []any{&line}, func() error {
		if line != "ok" {
			found = append(found, line)
		}
		return nil
	})
	if err == nil && len(found) > 0 {
		return &itsm.Error{Code: itsm.ErrCorrupt.Code, Message: itsm.ErrCorrupt.Message, Args: map[string]string{"found": strings.Join(found, "; ")}}
	}
	return err
}
