package sqlite_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/store/sqlite"
)

func TestBackupIsADeskOfItsOwn(t *testing.T) {
	onEach(t, func(t *trouble) {
		inc, err := t.incidents.Report(t.ann, incident.Report{Title: "Printer", Impact: itsm.Low, Urgency: itsm.Low})
		require.NoError(t, err)
		copied := filepath.Join(filepath.Dir(t.path), "backup.db")
		view, err := t.store.Snapshot(t.Context()) // it is made beside readers
		require.NoError(t, err)
		require.NoError(t, t.store.Backup(t.Context(), copied))
		view.Close()
		_, err = t.incidents.Report(t.ann, incident.Report{Title: "Scanner", Impact: itsm.Low, Urgency: itsm.Low})
		require.NoError(t, err)

		var restored *incident.Incidents
		k, _ := itsmtest.Kernel(t, itsm.Config{Store: opened(t, t.driver, copied, sqlite.Config{})}, func(k *itsm.Kernel) (err error) {
			restored, err = incident.New(k, incident.Config{})
			return err
		})
		n, err := restored.Count(t.ann, itsm.Query{})
		require.NoError(t, err)
		require.EqualValues(t, 1, n, "as of when it was made")
		itsmtest.RequireVerified(t, t.ann, k, inc.Ref())
		next, err := restored.Report(t.ann, incident.Report{Title: "Scanner", Impact: itsm.Low, Urgency: itsm.Low})
		require.NoError(t, err)
		require.Equal(t, "INC0000002", next.ID, "numbers go on")

		require.Error(t, t.store.Backup(t.Context(), copied), "the file is there already")
		require.ErrorIs(t, t.store.Backup(t.Context(), ""), itsm.ErrInvalid)
	})
}

// What is erased or purged is in none of the store's files any more: neither in a page that was freed, nor in the log.
func TestErasedDataIsInNoFile(t *testing.T) {
	const secret = "Meunier-Lacombe"
	onEach(t, func(t *trouble) {
		holds := func() (found bool) {
			for _, suffix := range []string{"", "-wal"} {
				data, err := os.ReadFile(t.path + suffix)
				require.NoError(t, err)
				found = found || bytes.Contains(data, []byte(secret))
			}
			return found
		}
		bob := itsmtest.As(t.Context(), itsmtest.Requester("bob"))
		inc, err := t.incidents.Report(bob, incident.Report{
			Title: "Printer of " + secret, Description: string(bytes.Repeat([]byte(secret+" waits. "), 2000)), Impact: itsm.Low, Urgency: itsm.Low,
		})
		require.NoError(t, err)
		_, err = t.incidents.Comment(bob, inc.ID, itsm.Comment{Body: "Ask " + secret})
		require.NoError(t, err)
		_, err = t.incidents.Edit(t.ann, inc.ID, itsm.Patch{"impact": field.Text("medium")}) // so that there are old pages
		require.NoError(t, err)
		require.True(t, holds())
		done, err := t.kernel.Erase(t.ann, "bob", "asked for it")
		require.NoError(t, err)
		require.Equal(t, 1, done.Records)
		require.False(t, holds(), "erased, and still in a file")
	})
}
