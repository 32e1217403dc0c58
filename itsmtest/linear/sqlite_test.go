package linear

import (
	"path/filepath"
	"testing"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/store/sqlite"
	"github.com/itsmkit/itsmkit/store/sqlite/sqlitefile"
)

// Every node has a handle of its own on the file, as another process would have.
func TestConcurrentHistoriesInAFileAreLinearizable(t *testing.T) {
	paths := map[itsm.Store]string{}
	open := func(t *testing.T, path string) itsm.Store {
		s, err := sqlitefile.OpenConfig(t.Context(), path, sqlite.Config{Synchronous: sqlite.Normal})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
		paths[s] = path
		return s
	}
	Check(t, func(t *testing.T) itsm.Store { return open(t, filepath.Join(t.TempDir(), "desk.db")) },
		Reopen(func(t *testing.T, s itsm.Store) itsm.Store { return open(t, paths[s]) }), Rounds(20))
}
