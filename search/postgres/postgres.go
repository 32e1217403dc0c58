// Package postgres is a search index in PostgreSQL, 14 or later, which the nodes of a desk share.
//
//	pool, err := pgxpool.New(ctx, "postgres://desk@db/desk")
//	err = postgres.Migrate(ctx, pool, postgres.Config{}) // once, by who may make tables
//	index, err := postgres.New(ctx, pool, postgres.Config{})
//	desk, err := desk.Open(ctx, desk.Config{Index: index, ...})
//
// PostgreSQL's full text (tsvector, in a GIN index) finds the documents, and passes those that the asker may see. Texts and
// queries are read by [search.Reader], so the words found are those that [search.Memory] finds, in every language that it
// knows; no configuration of text search of the server takes part. What was found is ranked by BM25 as there, with the same
// scores, but for those of prefixes: a whole such as the vpn1234 of VPN-1234 counts for them as one word of a body.
//
// # Limits
//
// PostgreSQL keeps the first 16,383 places of a document's words, and 255 of each word: a phrase that occurs only after them
// is not found. Of a document as many words are read as one tsvector holds, which is 1 MB, or some 30,000 different words.
// Of a query, the 500 strongest words rank, and all find. Bytes that are no UTF-8, and zero bytes, become U+FFFD in texts;
// a name with them is [search.ErrInvalid].
//
// # Concurrency
//
// An index may be used by many goroutines, and its tables by many programs. Those that write documents of one tenant and
// language take turns. A question takes three round trips: for the shelves of the tenant, for how rare its words are there, and for the
// rest, which sees the documents as they are at one instant. A document that similar ones are looked for takes one more, an
// expansion three for each language.
//
// # Errors
//
// What the database says is the cause of the error; one that cannot be reached is [itsm.ErrUnavailable], and tables that are
// not there are [itsm.ErrSchema].
package postgres

import (
	"cmp"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/search"
	"github.com/itsmkit/itsmkit/search/indexing"
)

// Config says where an index is. The zero value works.
type Config struct {
	// Schema holds the tables, "itsm_search" where it is empty. Several indexes may share a database, each in a schema of its
	// own, which no store shares.
	Schema string
	// Language is the language of documents without a locale, as in a locale; empty where it is not known. It must not
	// change while there are such documents.
	Language string
}

func (c Config) complete() (Config, error) {
	c.Schema = cmp.Or(c.Schema, "itsm_search")
	if len(c.Schema) > 63 || !utf8.ValidString(c.Schema) || strings.ContainsAny(c.Schema, "\x00$'\"{}\\") {
		return c, fmt.Errorf("%w: Schema: %q is no name for a schema here: take up to 63 letters, digits and underscores", search.ErrInvalid, c.Schema)
	}
	return c, nil
}

// Index is a [search.Index] in PostgreSQL. Make it with [New].
type Index struct {
	pool   *pgxpool.Pool
	schema string // quoted
	reader *search.Reader
	prime  int
}

var (
	_ search.Index    = (*Index)(nil)
	_ indexing.Shared = (*Index)(nil)
)

//go:embed schema.sql
var schema string

// layout is the layout of the tables, and how words are read into them. An index of another one is built anew.
const layout = "itsmkit search 1"

// Migrate makes the tables where they are not there, for which it needs the right to make a schema, or tables in the one that
// is there. Programs may call it at once. Tables of another layout are ErrSchema:
// drop their schema then, and the index is built anew from the records when it is first asked.
func Migrate(ctx context.Context, pool *pgxpool.Pool, config Config) error {
	config, err := config.complete()
	if err != nil {
		return err
	}
	quoted := pgx.Identifier{config.Schema}.Sanitize()
	return fault(ctx, pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtext($1))`, "search "+config.Schema); err != nil {
			return err
		}
		switch is, err := layoutOf(ctx, tx, config.Schema); {
		case err != nil || is == layout:
			return err
		case is != "":
			return otherLayout(config.Schema, is)
		}
		var there bool
		if err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)`, config.Schema).Scan(&there); err != nil {
			return err
		}
		tables := strings.ReplaceAll(schema, "{schema}", quoted) + `COMMENT ON TABLE ` + quoted + `.document IS '` + layout + `'`
		if !there {
			tables = `CREATE SCHEMA ` + quoted + `;` + tables
		}
		_, err := tx.Exec(ctx, tables)
		return err
	}))
}

// New opens the index whose tables [Migrate] made. The pool is the host's, which closes it.
func New(ctx context.Context, pool *pgxpool.Pool, config Config) (*Index, error) {
	config, err := config.complete()
	if err != nil {
		return nil, err
	}
	switch is, err := layoutOf(ctx, pool, config.Schema); {
	case err != nil:
		return nil, fault(ctx, err)
	case is != layout:
		return nil, otherLayout(config.Schema, is)
	}
	return &Index{pool, pgx.Identifier{config.Schema}.Sanitize(), search.NewReader(config.Language), prime}, nil
}

// layoutOf is what the tables of a schema are, empty where there are none.
func layoutOf(ctx context.Context, on interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}, schema string) (is string, err error) {
	err = on.QueryRow(ctx, `SELECT coalesce(obj_description(c.oid, 'pg_class'), 'unknown') FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = $1 AND c.relname = 'document'`, schema).Scan(&is)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", nil
	}
	return is, err
}

func otherLayout(schema, is string) error {
	if is == "" {
		return fmt.Errorf("%w: search/postgres: there is no index in schema %s: run Migrate", itsm.ErrSchema, schema)
	}
	return fmt.Errorf("%w: search/postgres: the index in schema %s is of layout %q, not %q: drop the schema and run Migrate", itsm.ErrSchema, schema, is, layout)
}

// fault tells what the database said in the terms of the library.
func fault(ctx context.Context, err error) error {
	if err == nil || errors.Is(err, search.ErrInvalid) || errors.Is(err, search.ErrNotFound) {
		return err
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch {
		case e.Code == "42P01": // a table is missing
			return fmt.Errorf("%w: search/postgres: run Migrate: %w", itsm.ErrSchema, err)
		case strings.HasPrefix(e.Code, "08"), strings.HasPrefix(e.Code, "57P"):
			return fmt.Errorf("%w: search/postgres: %w", itsm.ErrUnavailable, err)
		}
		return fmt.Errorf("search/postgres: %w", err)
	}
	if errors.Is(err, itsm.ErrSchema) {
		return err
	}
	if lost(err) {
		return fmt.Errorf("%w: search/postgres: %w", itsm.ErrUnavailable, err)
	}
	return fmt.Errorf("search/postgres: %w", err)
}

// lost reports whether there is no connection any more, as far as the driver tells.
func lost(err error) bool {
	if _, ok := errors.AsType[net.Error](err); ok {
		return true
	}
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return true
	}
	return pgconn.SafeToRetry(err) || errors.Is(err, net.ErrClosed) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}
