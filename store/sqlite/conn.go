package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"

	"github.com/itsmkit/itsmkit/itsm"
)

// conn is a connection with its prepared statements. One goroutine uses it at a time.
type conn struct {
	c      *sql.Conn
	stmts  map[string]*sql.Stmt
	closed bool // with its store
}

// connect opens a connection with the settings that the store needs.
func (s *Store) connect(ctx context.Context, synchronous string, reads bool) (*conn, error) {
	c, err := s.db.Conn(ctx)
	if err != nil {
		return nil, fault(err)
	}
	settings := []string{
		s.busy(),
		`PRAGMA synchronous = ` + synchronous,
		`PRAGMA temp_store = MEMORY`,
		`PRAGMA secure_delete = ON`, // what is erased is gone from the pages too
	}
	if reads {
		settings = append(settings, `PRAGMA query_only = ON`, `PRAGMA cache_size = -8192`)
	} else {
		settings = append([]string{settings[0], `PRAGMA journal_mode = WAL`}, append(settings[1:], `PRAGMA cache_size = -32768`)...)
	}
	for _, setting := range settings {
		if _, err := c.ExecContext(ctx, setting); err != nil {
			return nil, errors.Join(fault(err), c.Close())
		}
	}
	return &conn{c: c, stmts: map[string]*sql.Stmt{}}, nil
}

func (s *Store) busy() string {
	return `PRAGMA busy_timeout = ` + strconv.FormatInt(s.config.Busy.Milliseconds(), 10)
}

func (c *conn) close() error {
	c.closed = true
	for _, stmt := range c.stmts {
		_ = stmt.Close()
	}
	if err := c.c.Close(); err != nil && !errors.Is(err, sql.ErrConnDone) {
		return fault(err)
	}
	return nil
}

// maxStatements bounds what a connection keeps: filters of many shapes would pile up.
const maxStatements = 500

func (c *conn) prepare(ctx context.Context, text string) (*sql.Stmt, error) {
	if c.closed {
		return nil, errClosed
	}
	if stmt := c.stmts[text]; stmt != nil {
		return stmt, nil
	}
	if len(c.stmts) >= maxStatements {
		for text, stmt := range c.stmts {
			_ = stmt.Close()
			delete(c.stmts, text)
			if len(c.stmts) < maxStatements/2 {
				break
			}
		}
	}
	stmt, err := c.c.PrepareContext(ctx, text)
	if err != nil {
		return nil, fmt.Errorf("%w in %s", err, text)
	}
	c.stmts[text] = stmt
	return stmt, nil
}

// exec answers how many rows it changed.
func (c *conn) exec(ctx context.Context, text string, args ...any) (int64, error) {
	stmt, err := c.prepare(ctx, text)
	if err != nil {
		return 0, fault(err)
	}
	res, err := stmt.ExecContext(ctx, args...)
	if err != nil {
		return 0, fault(err)
	}
	n, err := res.RowsAffected()
	return n, fault(err)
}

// one scans the only row, and reports whether there is one.
func (c *conn) one(ctx context.Context, text string, args []any, dst ...any) (bool, error) {
	stmt, err := c.prepare(ctx, text)
	if err != nil {
		return false, fault(err)
	}
	err = stmt.QueryRowContext(ctx, args...).Scan(dst...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, fault(err)
}

// all scans each row into dst, and calls row.
func (c *conn) all(ctx context.Context, text string, args []any, dst []any, row func() error) error {
	stmt, err := c.prepare(ctx, text)
	if err != nil {
		return fault(err)
	}
	rows, err := stmt.QueryContext(ctx, args...)
	if err != nil {
		return fault(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(dst...); err != nil {
			return fault(err)
		}
		if err := row(); err != nil {
			return fault(err)
		}
	}
	return fault(rows.Err())
}

// reader takes a connection for reading.
func (s *Store) reader(ctx context.Context) (*conn, error) {
	s.readersMu.Lock()
	if s.closed {
		s.readersMu.Unlock()
		return nil, errClosed
	}
	if n := len(s.readers); n > 0 {
		c := s.readers[n-1]
		s.readers = s.readers[:n-1]
		s.readersMu.Unlock()
		return c, nil
	}
	s.readersMu.Unlock()
	return s.connect(ctx, "NORMAL", true)
}

// giveBack returns a connection that no transaction is open on.
func (s *Store) giveBack(c *conn) {
	s.readersMu.Lock()
	if !s.closed && len(s.readers) < s.config.Readers {
		s.readers = append(s.readers, c)
		s.readersMu.Unlock()
		return
	}
	s.readersMu.Unlock()
	_ = c.close()
}

var errClosed = &itsm.Error{Code: itsm.ErrUnavailable.Code, Message: "the store is closed: open it again"}

func param(n int) string { return "?" + strconv.Itoa(n) }
