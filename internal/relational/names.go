package relational

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
)

// maxName is how long PostgreSQL lets a name be.
const maxName = 63

// shorten keeps a name that is short enough, and gives another one a digest of it for a tail.
func shorten(name string) string {
	if len(name) <= maxName {
		return name
	}
	sum := sha256.Sum256([]byte(name))
	cut := strings.ToValidUTF8(name[:maxName-17], "")
	return cut + "~" + hex.EncodeToString(sum[:8])
}

// Quote makes an identifier of any name.
func Quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// Nanoseconds is how a database keeps an instant: since 1970. Instants that do not fit are as early or late as can be, and
// never the lowest integer, which stands for none.
func Nanoseconds(t time.Time) int64 {
	switch {
	case t.Before(field.MinInstant()):
		return math.MinInt64 + 1
	case t.After(field.MaxInstant()):
		return math.MaxInt64 - 1
	}
	return t.UnixNano()
}

// InstantOf is the instant of Nanoseconds, in UTC.
func InstantOf(nanoseconds int64) time.Time { return time.Unix(0, nanoseconds).UTC() }

// SortTimers brings claimed timers into the order of due and key.
func SortTimers(timers []itsm.Timer) {
	slices.SortFunc(timers, func(a, b itsm.Timer) int {
		return cmp.Or(a.Due.Compare(b.Due), strings.Compare(a.Key.Tenant, b.Key.Tenant), strings.Compare(a.Key.Kind, b.Key.Kind),
			strings.Compare(a.Key.ID, b.Key.ID), strings.Compare(a.Name, b.Name))
	})
}
