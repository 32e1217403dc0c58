package postgres

import (
	"context"
	"fmt"
	"io"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/itsm"
)

// What cannot be brought about on any server, such as a full disk, is held to the codes that PostgreSQL documents.
func TestEachStateOfTheServerHasItsError(t *testing.T) {
	for state, want := range map[string]error{
		"28P01": itsm.ErrAccess,      // invalid_password
		"28000": itsm.ErrAccess,      // invalid_authorization_specification
		"42501": itsm.ErrAccess,      // insufficient_privilege
		"3D000": itsm.ErrAccess,      // invalid_catalog_name
		"53100": itsm.ErrFull,        // disk_full
		"25006": itsm.ErrReadOnly,    // read_only_sql_transaction
		"XX001": itsm.ErrCorrupt,     // data_corrupted
		"XX002": itsm.ErrCorrupt,     // index_corrupted
		"42P01": itsm.ErrSchema,      // undefined_table
		"40001": itsm.ErrConflict,    // serialization_failure
		"40P01": itsm.ErrConflict,    // deadlock_detected
		"53300": itsm.ErrUnavailable, // too_many_connections
		"57P01": itsm.ErrUnavailable, // admin_shutdown
		"57P02": itsm.ErrUnavailable, // crash_shutdown
		"57P03": itsm.ErrUnavailable, // cannot_connect_now
		"08006": itsm.ErrUnavailable, // connection_failure
		"54000": itsm.ErrInvalid,     // program_limit_exceeded
	} {
		err := fault(context.Background(), fmt.Errorf("batch: %w", &pgconn.PgError{Code: state}))
		require.ErrorIs(t, err, want, state)
		require.ErrorIs(t, unsettled(context.Background(), &pgconn.PgError{Code: state}), want, "%s: an answer of the server is no unknown outcome", state)
	}
	require.Equal(t, itsm.Code("internal"), itsm.CodeOf(fault(context.Background(), &pgconn.PgError{Code: "22012"})), "a fault of the program")
	require.ErrorIs(t, fault(context.Background(), io.ErrUnexpectedEOF), itsm.ErrUnavailable)
	require.ErrorIs(t, unsettled(context.Background(), io.ErrUnexpectedEOF), itsm.ErrUnknownOutcome)
	require.NoError(t, fault(context.Background(), nil))
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	require.ErrorIs(t, fault(ended, io.EOF), context.Canceled)
}
