package lifecycle

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// ErrRefused is what every [Refusal] is, for [errors.Is].
var ErrRefused = errors.New("lifecycle: refused")

// Error says in English what was refused, and all that has to be done about it.
func (r *Refusal) Error() string {
	reasons := make([]string, len(r.Reasons))
	for i, reason := range r.Reasons {
		reasons[i] = reason.String()
	}
	return fmt.Sprintf("%s: cannot %s in state %s: %s", r.Lifecycle, r.Trigger, r.State, strings.Join(reasons, "; "))
}

// Is makes a refusal an [ErrRefused].
func (r *Refusal) Is(target error) bool { return target == ErrRefused }

// Err is the refusal as an error, and a nil error where there is none: a nil *Refusal in an error is not nil.
func (r *Refusal) Err() error {
	if r == nil {
		return nil
	}
	return r
}

// String is the reason in English. A code of another package is shown with its arguments.
func (r Reason) String() string {
	arg := func(name string) string { return r.Args[name] }
	list := func(name, empty string) string {
		if arg(name) == "" {
			return empty
		}
		return strings.ReplaceAll(arg(name), ",", ", ")
	}
	either := strings.ReplaceAll(arg("field"), "|", " or ")
	switch r.Code {
	case UnknownState:
		return fmt.Sprintf("the lifecycle has no state %q; correct the stored state", arg("state"))
	case UnknownTrigger:
		return fmt.Sprintf("the lifecycle has no trigger %q; use a declared one", arg("trigger"))
	case NotFromHere:
		return fmt.Sprintf("%s is not possible from %s; permitted here: %s", arg("trigger"), arg("state"), list("permitted", "nothing"))
	case MissingInput:
		return "give " + either + " with the command"
	case MissingField:
		return "the record must have " + either + " afterwards"
	case MissingRole:
		return "one of these roles is needed: " + list("roles", "none")
	case GuardRefused:
		return fmt.Sprintf("the condition %s does not hold", arg("guard"))
	case BadTarget:
		return fmt.Sprintf("the choice %s picked the state %q, which is not among its targets; correct the choice", arg("choice"), arg("target"))
	case Panicked:
		return fmt.Sprintf("the function bound to %s panicked (%s); correct it", arg("guard")+arg("choice")+arg("field"), arg("panic"))
	}
	if len(r.Args) == 0 {
		return string(r.Code)
	}
	args := make([]string, 0, len(r.Args))
	for _, name := range slices.Sorted(maps.Keys(r.Args)) {
		args = append(args, name+"="+r.Args[name])
	}
	return string(r.Code) + " (" + strings.Join(args, ", ") + ")"
}

// AsRefusal finds the refusal in an error.
func AsRefusal(err error) (*Refusal, bool) { return errors.AsType[*Refusal](err) }

// Has reports whether a reason has that code.
func (r *Refusal) Has(code Code) bool {
	return slices.ContainsFunc(r.Reasons, func(reason Reason) bool { return reason.Code == code })
}
