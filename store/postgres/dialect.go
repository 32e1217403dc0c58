package postgres

import (
	"strconv"

	"github.com/itsmkit/itsmkit/internal/relational"
)

func newDialect() *relational.Dialect {
	return &relational.Dialect{
		Param: func(n int) string { return `$` + strconv.Itoa(n) },
		// In the collation C only ASCII letters have another case.
		HasText: func(text, param string) string {
			return `strpos(lower((` + text + `) COLLATE "C"), lower(` + param + `::text COLLATE "C")) > 0`
		},
		// The case keeps the server from reading other keys as text, in whatever order it looks at the conditions.
		KeyText: func(key string) string {
			return `CASE WHEN ` + key + ` >= '\x01' AND ` + key + ` < '\x02' THEN convert_from(substring(` + key + ` from 2), 'UTF8') ELSE '' END`
		},
		HasBytes: func(key, param string) string { return `position(` + param + `::bytea in ` + key + `) > 0` },
		Float:    func(param string) string { return param + `::float8` },
	}
}
