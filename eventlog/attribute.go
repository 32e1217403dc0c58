package eventlog

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// Kind is the type of an attribute's value.
type Kind uint8

// The kinds of XES. A list and a container have no value, only children.
const (
	KindString Kind = iota
	KindDate
	KindInt
	KindFloat
	KindBoolean
	KindID
	KindList
	KindContainer
)

// String gives the kind's name in XES: "string", "date" and so on.
func (k Kind) String() string {
	names := [...]string{"string", "date", "int", "float", "boolean", "id", "list", "container"}
	if int(k) < len(names) {
		return names[k]
	}
	return "kind " + strconv.Itoa(int(k))
}

// Attribute is a key with a typed value. The zero value is an empty string without a key.
type Attribute struct {
	Key string
	// Children are attributes of this attribute; those of a list or container are its elements, in order.
	Children Attributes

	kind Kind
	text string    // string, id
	bits uint64    // int, float, boolean
	at   time.Time // date
}

// String makes a text attribute.
func String(key, value string) Attribute { return Attribute{Key: key, text: value} }

// ID makes an identifier, often a UUID; any text is taken.
func ID(key, value string) Attribute { return Attribute{Key: key, kind: KindID, text: value} }

// Date makes an instant; its zone is kept.
func Date(key string, value time.Time) Attribute {
	return Attribute{Key: key, kind: KindDate, at: value.Round(0)}
}

// Int makes a whole number.
func Int(key string, value int64) Attribute {
	return Attribute{Key: key, kind: KindInt, bits: uint64(value)}
}

// Float makes a number.
func Float(key string, value float64) Attribute {
	return Attribute{Key: key, kind: KindFloat, bits: math.Float64bits(value)}
}

// Boolean makes a truth value.
func Boolean(key string, value bool) Attribute {
	a := Attribute{Key: key, kind: KindBoolean}
	if value {
		a.bits = 1
	}
	return a
}

// List makes an ordered list of attributes, whose keys may repeat.
func List(key string, elements ...Attribute) Attribute {
	return Attribute{Key: key, kind: KindList, Children: elements}
}

// Container makes a set of attributes.
func Container(key string, elements ...Attribute) Attribute {
	return Attribute{Key: key, kind: KindContainer, Children: elements}
}

// Kind is the type of the value.
func (a Attribute) Kind() Kind { return a.kind }

// Time is the value of a date; the second result is false for every other kind.
func (a Attribute) Time() (time.Time, bool) { return a.at, a.kind == KindDate }

// Int is the value of an int.
func (a Attribute) Int() (int64, bool) {
	if a.kind != KindInt {
		return 0, false
	}
	return int64(a.bits), true
}

// Float is the value of a float, or of an int as a float.
func (a Attribute) Float() (float64, bool) {
	switch a.kind {
	case KindFloat:
		return math.Float64frombits(a.bits), true
	case KindInt:
		return float64(int64(a.bits)), true
	}
	return 0, false
}

// Boolean is the value of a boolean.
func (a Attribute) Boolean() (value, ok bool) {
	return a.kind == KindBoolean && a.bits == 1, a.kind == KindBoolean
}

// Text is the value of any kind in the notation of XES; a list or a container has none. A date is written with its
// offset and as many digits of the second as it needs.
func (a Attribute) Text() string {
	switch a.kind {
	case KindDate:
		return a.at.Format(time.RFC3339Nano)
	case KindInt:
		return strconv.FormatInt(int64(a.bits), 10)
	case KindFloat:
		return formatFloat(math.Float64frombits(a.bits))
	case KindBoolean:
		return strconv.FormatBool(a.bits == 1)
	}
	return a.text
}

// Attributes is a list of attributes in the order of the file. Keys should be unique; where they are not, the first
// one is found.
type Attributes []Attribute

// Get finds an attribute by its key.
func (as Attributes) Get(key string) (Attribute, bool) {
	for i := range as {
		if as[i].Key == key {
			return as[i], true
		}
	}
	return Attribute{}, false
}

// Text is the value under a key in the notation of XES, or "" where the key is absent.
func (as Attributes) Text(key string) string {
	for i := range as {
		if as[i].Key == key {
			return as[i].Text()
		}
	}
	return ""
}

// Time is the date under a key; false where the key is absent or of another kind.
func (as Attributes) Time(key string) (time.Time, bool) {
	a, _ := as.Get(key)
	return a.Time()
}

// parseAs reads a value other than a date in the notation of XES.
func parseAs(kind Kind, key, text string) (a Attribute, ok bool) {
	switch kind {
	case KindString:
		return String(key, text), true
	case KindID:
		return ID(key, text), true
	case KindInt:
		n, err := strconv.ParseInt(text, 10, 64)
		return Int(key, n), err == nil
	case KindFloat:
		f, ok := parseFloat(text)
		return Float(key, f), ok
	case KindBoolean:
		b, ok := parseBoolean(text)
		return Boolean(key, b), ok
	}
	return Attribute{}, false
}

// parseFloat reads xs:double, which is narrower than what Go reads: no hexadecimal, no "infinity".
func parseFloat(s string) (float64, bool) {
	switch s {
	case "INF", "+INF":
		return math.Inf(1), true
	case "-INF":
		return math.Inf(-1), true
	case "NaN":
		return math.NaN(), true
	}
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9', c == '+', c == '-', c == '.', c == 'e', c == 'E':
		default:
			return 0, false
		}
	}
	f, err := strconv.ParseFloat(s, 64)
	return f, err == nil
}

func formatFloat(f float64) string {
	switch {
	case math.IsInf(f, 1):
		return "INF"
	case math.IsInf(f, -1):
		return "-INF"
	}
	return strconv.FormatFloat(f, 'g', -1, 64)
}

// parseBoolean reads xs:boolean.
func parseBoolean(s string) (value, ok bool) {
	switch s {
	case "true", "1":
		return true, true
	case "false", "0":
		return false, true
	}
	return false, false
}

// pool shares the strings that repeat. It remembers a fixed number of short ones, so that no file makes it grow.
type pool [4096]string

const poolLongest = 64

// place is where a string is remembered, if it is: at its FNV-1a hash. A hash without a seed keeps fuzzing repeatable.
func place[T string | []byte](p *pool, s T) *string {
	hash := uint32(2166136261)
	for i := range len(s) {
		hash = (hash ^ uint32(s[i])) * 16777619
	}
	return &p[(hash^hash>>16)%uint32(len(p))]
}

func (p *pool) bytes(b []byte) string {
	if len(b) == 0 || len(b) > poolLongest {
		return string(b)
	}
	known := place(p, b)
	if *known != string(b) {
		*known = string(b)
	}
	return *known
}

// text copies s where it is new, so that a field does not keep its whole row in memory.
func (p *pool) text(s string) string {
	if len(s) == 0 || len(s) > poolLongest {
		return strings.Clone(s)
	}
	known := place(p, s)
	if *known != s {
		*known = strings.Clone(s)
	}
	return *known
}
