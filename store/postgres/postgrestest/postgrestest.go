// Package postgrestest finds or starts the PostgreSQL server that a test needs.
//
// A test gets the server of ITSM_TEST_POSTGRES (a connection URL), else the one on 127.0.0.1:5432, else a private one, made of
// the binaries on this machine and stopped at the end. Where there is none the test is skipped, or fails where
// ITSM_REQUIRE_POSTGRES=1 says that it must not be.
package postgrestest

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Pool answers a pool, closed at the end of the test, and the name of a schema that nobody has, dropped before that. Change
// configures the pool before it connects.
func Pool(t testing.TB, change ...func(*pgxpool.Config)) (pool *pgxpool.Pool, schema string) {
	t.Helper()
	at := URL(t)
	schema = "t_" + strings.ToLower(rand.Text())
	pool = Connect(t, at, change...)
	t.Cleanup(func() {
		conn, err := pgx.Connect(context.Background(), at)
		if err != nil {
			return // a server that the test stopped took the schema along
		}
		_, _ = conn.Exec(context.Background(), `DROP SCHEMA IF EXISTS `+pgx.Identifier{schema}.Sanitize()+` CASCADE`)
		_ = conn.Close(context.Background())
	})
	return pool, schema
}

// Hasty is for Pool and Connect: commits do not wait for the disk, in tests that are not about it.
func Hasty(c *pgxpool.Config) { c.ConnConfig.RuntimeParams["synchronous_commit"] = "off" }

// Connect answers a pool of at most 16 connections to a server, closed at the end of the test.
func Connect(t testing.TB, at string, change ...func(*pgxpool.Config)) *pgxpool.Pool {
	t.Helper()
	config, err := pgxpool.ParseConfig(at)
	if err != nil {
		t.Fatalf("postgrestest: %v", err)
	}
	config.MaxConns = 16
	for _, f := range change {
		f(config)
	}
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatalf("postgrestest: %v", err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// local is where a server usually listens.
const local = "postgres://127.0.0.1:5432/test?connect_timeout=2"

// URL answers a server for the test, as the package comment says.
func URL(t testing.TB) string {
	t.Helper()
	if at := os.Getenv("ITSM_TEST_POSTGRES"); at != "" {
		return at
	}
	if conn, err := pgx.Connect(t.Context(), local); err == nil {
		_ = conn.Close(t.Context())
		return local
	}
	return Cluster(t).URL
}

// Server is a private server, of a test that may stop it.
type Server struct {
	// URL connects to its database as its owner.
	URL string

	t      testing.TB
	folder string
	bin    string
	run    func(name string, args ...string) *exec.Cmd
}

// Cluster makes a private server that runs, on a Unix socket in a folder of its own. It is stopped, and its folder removed,
// at the end of the test.
func Cluster(t testing.TB) *Server {
	t.Helper()
	bin := binaries()
	if bin == "" {
		missing(t, "there are no binaries of PostgreSQL (initdb) in PATH or /usr/lib/postgresql")
	}
	run, owner, ok := asOther()
	if !ok {
		missing(t, "PostgreSQL does not run as root, and there is neither a user postgres nor a user nobody to run it as")
	}
	folder, err := os.MkdirTemp("", "pg") // short, because a socket's path may have no more than 107 bytes
	if err != nil {
		t.Fatalf("postgrestest: %v", err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	if owner >= 0 {
		if err := os.Chown(folder, owner, -1); err != nil {
			t.Fatalf("postgrestest: %v", err)
		}
	}
	s := &Server{t: t, folder: folder, bin: bin, run: run}
	s.must("initdb", "-D", filepath.Join(folder, "data"), "-U", "itsm", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
	query := url.Values{"host": {folder}}
	s.URL = "postgres:///postgres?user=itsm&" + query.Encode()
	s.Start()
	t.Cleanup(func() { _ = s.ctl("stop", "-m", "immediate").Run() })
	return s
}

// Start starts the server, and waits until it answers.
func (s *Server) Start() {
	s.t.Helper()
	s.must("pg_ctl", "start", "-w", "-D", filepath.Join(s.folder, "data"), "-l", filepath.Join(s.folder, "log"),
		"-o", "-k "+s.folder+" -c listen_addresses='' -c max_connections=60")
}

// Kill stops the server as a power cut would: nothing is written any more, and no connection is told.
func (s *Server) Kill() {
	s.t.Helper()
	s.must("pg_ctl", "stop", "-m", "immediate", "-w", "-D", filepath.Join(s.folder, "data"))
}

// Stop stops the server in order, and cuts all connections.
func (s *Server) Stop() {
	s.t.Helper()
	s.must("pg_ctl", "stop", "-m", "fast", "-w", "-D", filepath.Join(s.folder, "data"))
}

func (s *Server) ctl(args ...string) *exec.Cmd {
	return s.run(filepath.Join(s.bin, "pg_ctl"), append(args, "-D", filepath.Join(s.folder, "data"))...)
}

func (s *Server) must(name string, args ...string) {
	s.t.Helper()
	cmd := s.run(filepath.Join(s.bin, name), args...)
	cmd.Dir = s.folder
	// A server inherits what it is given, so a pipe would never end.
	out, err := os.Create(filepath.Join(s.folder, "out"))
	if err != nil {
		s.t.Fatalf("postgrestest: %v", err)
	}
	cmd.Stdout, cmd.Stderr = out, out
	err = cmd.Run()
	_ = out.Close()
	if err != nil {
		said, _ := os.ReadFile(out.Name())
		s.t.Fatalf("postgrestest: %s: %v\n%s", name, err, said)
	}
}

// binaries is the folder of the newest PostgreSQL on this machine, empty where there is none.
func binaries() string {
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path)
	}
	folders, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	number := func(path string) int {
		n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
		return n
	}
	if len(folders) == 0 {
		return ""
	}
	return filepath.Dir(slices.MaxFunc(folders, func(a, b string) int { return number(a) - number(b) }))
}

// asOther runs commands as a user whom PostgreSQL accepts: this one, or another one where this is root.
func asOther() (run func(name string, args ...string) *exec.Cmd, owner int, ok bool) {
	if os.Geteuid() != 0 {
		return exec.Command, -1, true
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		return func(name string, args ...string) *exec.Cmd {
			cmd := exec.Command(name, args...)
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
			return cmd
		}, uid, true
	}
	return nil, 0, false
}

func missing(t testing.TB, why string) {
	t.Helper()
	what := fmt.Sprintf("needs PostgreSQL: %s; name a server in ITSM_TEST_POSTGRES, start one on 127.0.0.1:5432, or install one", why)
	if os.Getenv("ITSM_REQUIRE_POSTGRES") == "1" {
		t.Fatal(what)
	}
	t.Skip(what)
}
