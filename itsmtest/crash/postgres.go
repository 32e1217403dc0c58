package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/store/postgres"
	"github.com/itsmkit/itsmkit/store/postgres/postgrestest"
)

// onServer is a PostgreSQL database.
type onServer struct{ url string }

func (s onServer) pool(ctx context.Context) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(s.url)
	if err != nil {
		return nil, err
	}
	config.MaxConns = 8 // several workers share the server's sixty
	return pgxpool.NewWithConfig(ctx, config)
}

func (s onServer) Open(ctx context.Context) (itsm.Store, func() error, error) {
	pool, err := s.pool(ctx)
	if err != nil {
		return nil, nil, err
	}
	err = postgres.Migrate(ctx, pool, postgres.Config{})
	if err == nil {
		var store *postgres.Store
		if store, err = postgres.New(ctx, pool, postgres.Config{}); err == nil {
			return store, func() error { pool.Close(); return nil }, nil
		}
	}
	pool.Close()
	return nil, nil, err
}

// Sound has the server compare each index with its table, where it brings the extension for it.
func (s onServer) Sound(ctx context.Context) error {
	pool, err := s.pool(ctx)
	if err != nil {
		return err
	}
	defer pool.Close()
	var there bool
	if err := pool.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'amcheck')`).Scan(&there); err != nil || !there {
		return err
	}
	if _, err := pool.Exec(ctx, `CREATE EXTENSION IF NOT EXISTS amcheck`); err != nil {
		return err
	}
	_, err = pool.Exec(ctx, `SELECT bt_index_check(i.indexrelid, true) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
		JOIN pg_am a ON a.oid = c.relam JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE a.amname = 'btree' AND n.nspname = 'itsm' AND c.relkind = 'i' AND i.indisvalid`)
	return err
}

// cluster is a private server.
type cluster struct {
	*host
	server *postgrestest.Server
}

// errNoServer says that this machine has no server to offer.
var errNoServer = errors.New("no private server of PostgreSQL")

func newCluster() (c *cluster, err error) {
	c = &cluster{host: &host{}}
	if err := c.try(func() { c.server = postgrestest.Cluster(c.host) }); err != nil {
		return nil, errors.Join(fmt.Errorf("%w: %w", errNoServer, err), c.Close())
	}
	return c, nil
}

func (c *cluster) Crash() error {
	return c.try(func() {
		c.server.Kill()
		c.server.Start()
	})
}

// host is what the package for tests asks of a test, outside of one.
type host struct {
	testing.TB
	ends []func()
}

// gaveUp is how what is given up unwinds.
type gaveUp struct{ why string }

func (h *host) Helper()                         {}
func (h *host) Cleanup(end func())              { h.ends = append(h.ends, end) }
func (h *host) Fatal(why ...any)                { panic(gaveUp{fmt.Sprint(why...)}) }
func (h *host) Fatalf(format string, of ...any) { panic(gaveUp{fmt.Sprintf(format, of...)}) }
func (h *host) Skip(why ...any)                 { panic(gaveUp{fmt.Sprint(why...)}) }

func (h *host) try(do func()) (err error) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case gaveUp:
			err = errors.New(r.why)
		default:
			panic(r)
		}
	}()
	do()
	return nil
}

func (h *host) Close() error {
	return h.try(func() {
		for _, end := range slices.Backward(h.ends) {
			end()
		}
	})
}
