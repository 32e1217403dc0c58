package relational

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/itsmkit/itsmkit/itsm"
)

// Migration is one step of the schema, forward.
type Migration struct {
	Version int
	Name    string
	SQL     string
}

// Checksum tells whether the step is the one that was taken.
func (m Migration) Checksum() string {
	sum := sha256.Sum256([]byte(m.SQL))
	return hex.EncodeToString(sum[:])
}

// Applied is a step that a database remembers.
type Applied struct {
	Version  int
	Checksum string
}

// Migrations reads the steps of a folder: files named 0001_name.sql, numbered from 1 without a gap.
func Migrations(files fs.FS) ([]Migration, error) {
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	steps := make([]Migration, len(names))
	for i, name := range names {
		number, title, ok := strings.Cut(strings.TrimSuffix(path.Base(name), ".sql"), "_")
		version, err := strconv.Atoi(number)
		if !ok || err != nil || version != i+1 {
			return nil, fmt.Errorf("migration %s: want number %04d and a name", name, i+1)
		}
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		steps[i] = Migration{Version: version, Name: title, SQL: string(text)}
	}
	return steps, nil
}

// Pending answers the steps that a database lacks. ErrSchema says that a newer program was there, or that a step was
// another one than this program's.
func Pending(steps []Migration, applied []Applied) ([]Migration, error) {
	for i, a := range applied {
		switch {
		case a.Version != i+1:
			return nil, schemaFault("step %d of the schema is missing: restore a backup", i+1)
		case i >= len(steps):
			return nil, schemaFault("the schema has version %d and this program knows %d: update the program", applied[len(applied)-1].Version, len(steps))
		case a.Checksum != steps[i].Checksum():
			return nil, schemaFault("step %d of the schema (%s) was another one than this program's: do not edit migrations", a.Version, steps[i].Name)
		}
	}
	return steps[len(applied):], nil
}

// Current refuses a schema that is not wholly this program's.
func Current(steps []Migration, applied []Applied) error {
	pending, err := Pending(steps, applied)
	if err == nil && len(pending) > 0 {
		err = schemaFault("the schema has version %d and this program needs %d: call Migrate", len(applied), len(steps))
	}
	return err
}

func schemaFault(format string, args ...any) error {
	return &itsm.Error{Code: itsm.ErrSchema.Code, Message: fmt.Sprintf(format, args...)}
}
