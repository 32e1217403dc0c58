package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/store/sqlite/sqlitefile"
)

// opener opens one database from any process of a run.
type opener interface {
	// Open opens the store; close gives it back.
	Open(ctx context.Context) (store itsm.Store, close func() error, err error)
	// Sound asks the database itself whether it is damaged.
	Sound(ctx context.Context) error
}

// server is a database that the parent runs and may stop hard.
type server interface {
	// Crash stops it as a power cut would, and starts it again.
	Crash() error
	Close() error
}

// openerOf answers the opener of a store by name, at a place that [serve] named.
func openerOf(store, at string) (opener, error) {
	switch store {
	case "sqlite":
		return inFile{at}, nil
	case "postgres":
		return onServer{at}, nil
	}
	return nil, fmt.Errorf("there is no store %q", store)
}

// serve makes ready what a run's database needs, and answers where it is. The server is nil where there is none.
func serve(store, dir string) (at string, s server, err error) {
	switch store {
	case "sqlite":
		return filepath.Join(dir, "desk.db"), nil, nil
	case "postgres":
		c, err := newCluster()
		if err != nil {
			return "", nil, err
		}
		return c.server.URL, c, nil
	}
	return "", nil, fmt.Errorf("there is no store %q: take sqlite or postgres", store)
}

type inFile struct{ path string }

func (f inFile) Open(ctx context.Context) (itsm.Store, func() error, error) {
	s, err := sqlitefile.Open(ctx, f.path)
	if err != nil {
		return nil, nil, err
	}
	return s, s.Close, nil
}

func (f inFile) Sound(ctx context.Context) (err error) {
	db, err := sql.Open("sqlite", f.path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var said string
	if err := db.QueryRowContext(ctx, "PRAGMA integrity_check").Scan(&said); err != nil {
		return err
	}
	if said != "ok" {
		return errors.New(said)
	}
	return nil
}
