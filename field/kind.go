package field

import (
	"fmt"
	"slices"
	"strconv"
)

// String is the name of the kind, such as "text".
func (k Kind) String() string {
	if k > KindList {
		return "kind " + strconv.Itoa(int(k))
	}
	return kindNames()[k]
}

// MarshalText writes the name of the kind.
func (k Kind) MarshalText() ([]byte, error) {
	if k > KindList {
		return nil, fmt.Errorf("field: there is no %s", k)
	}
	return []byte(k.String()), nil
}

// UnmarshalText reads the name of a kind.
func (k *Kind) UnmarshalText(text []byte) error {
	names := kindNames()
	i := slices.Index(names[:], string(text))
	if i < 0 {
		return fmt.Errorf("field: there is no kind %q; use one of %q", text, names[1:])
	}
	*k = Kind(i)
	return nil
}

func kindNames() [KindList + 1]string {
	return [...]string{"none", "text", "int", "number", "bool", "instant", "span", "list"}
}
