package field

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Code says what is wrong with a field. Every code is an error, for [errors.Is].
type Code string

// What can be wrong with a value or a field, and the arguments that a [Fault] has with it.
const (
	ErrText     Code = "text"         // no valid UTF-8, or a NUL in it
	ErrNumber   Code = "number"       // NaN or infinite
	ErrInstant  Code = "instant"      // before MinInstant or after MaxInstant
	ErrUnknown  Code = "unknown"      // no such field is declared
	ErrKind     Code = "kind"         // want, got: of another kind than declared
	ErrChoice   Code = "choice"       // got, choices: not one of the declared choices
	ErrRequired Code = "required"     // declared as required, and empty
	ErrLength   Code = "length"       // max, got: longer than declared, in bytes
	ErrOrder    Code = "order"        // Fields that are not sorted, name one twice, or hold an empty value
	ErrName     Code = "name"         // a declaration without a usable name
	ErrRepeated Code = "repeated"     // declared twice
	ErrNoKind   Code = "no_kind"      // declared without a kind
	ErrChoices  Code = "bad_choices"  // reason: choices that cannot be
	ErrMax      Code = "bad_max"      // max: a bound that cannot be
	ErrVersion  Code = "bad_version"  // version: a negative version
	ErrSyntax   Code = "syntax"       // JSON that is no value
	ErrInvalid  Code = "field_faults" // matched by all Faults
)

// Error says in English what is wrong and what to do.
func (c Code) Error() string {
	switch c {
	case ErrText:
		return "text must be valid UTF-8 without NUL"
	case ErrNumber:
		return "a number must be finite"
	case ErrInstant:
		return "an instant must lie between the years 1678 and 2262"
	case ErrUnknown:
		return "the schema declares no such field"
	case ErrKind:
		return "the value is of another kind than the schema declares"
	case ErrChoice:
		return "the value is not one of the choices"
	case ErrRequired:
		return "the field must be filled in"
	case ErrLength:
		return "the text is too long"
	case ErrOrder:
		return "fields must be sorted, named once and not empty; build them with Set or FromMap"
	case ErrName:
		return "a name needs 1 to 63 lower-case letters, digits and underscores, a letter first"
	case ErrRepeated:
		return "the name is declared twice"
	case ErrNoKind:
		return "the declaration needs a kind"
	case ErrChoices:
		return "the choices cannot be"
	case ErrMax:
		return "a maximum must be positive, and of a text or list"
	case ErrVersion:
		return "a version must not be negative"
	case ErrSyntax:
		return "this is no value in JSON"
	case ErrInvalid:
		return "fields are not valid"
	}
	return string(c)
}

// Fault is one thing wrong with one field: a code with arguments, so that a text can be rendered in any language.
type Fault struct {
	Code  Code              `json:"code"`
	Field string            `json:"field,omitempty"`
	Args  map[string]string `json:"args,omitempty"`
}

// Error names the field, what is wrong with it, and the arguments.
func (f Fault) Error() string {
	var b strings.Builder
	if f.Field != "" {
		fmt.Fprintf(&b, "%q: ", f.Field)
	}
	b.WriteString(f.Code.Error())
	for i, name := range slices.Sorted(maps.Keys(f.Args)) {
		if i == 0 {
			b.WriteString(" (")
		} else {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%s: %s", name, f.Args[name])
	}
	if len(f.Args) > 0 {
		b.WriteString(")")
	}
	return b.String()
}

// Unwrap is the code.
func (f Fault) Unwrap() error { return f.Code }

// Faults is everything wrong, at once. errors.Is finds [ErrInvalid] and each fault's code, errors.As the Faults.
type Faults []Fault

// Error lists the faults.
func (fs Faults) Error() string {
	texts := make([]string, len(fs))
	for i, f := range fs {
		texts[i] = f.Error()
	}
	return "field: " + strings.Join(texts, "; ")
}

// Is matches [ErrInvalid].
func (fs Faults) Is(target error) bool { return target == ErrInvalid }

// Unwrap is the faults one by one.
func (fs Faults) Unwrap() []error {
	errs := make([]error, len(fs))
	for i, f := range fs {
		errs[i] = f
	}
	return errs
}

// err is nil where nothing is wrong; a nil Faults in an error would not be.
func (fs Faults) err() error {
	if len(fs) == 0 {
		return nil
	}
	return fs
}

func (fs *Faults) add(c Code, field string, args ...string) {
	f := Fault{Code: c, Field: field}
	if len(args) > 0 {
		f.Args = make(map[string]string, len(args)/2)
		for i := 0; i+1 < len(args); i += 2 {
			f.Args[args[i]] = args[i+1]
		}
	}
	*fs = append(*fs, f)
}
