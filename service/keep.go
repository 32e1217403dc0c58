package service

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// keepService is what every act on a service brings about.
func (s *Services) keepService(u *itsm.Unit, was, is *Service) error {
	is.Name = strings.TrimSpace(is.Name)
	switch {
	case is.Name == "":
		return itsm.Invalid("name", "give the service a name")
	case is.Users < 0:
		return itsm.Invalid("users", "how many people use it is 0 or more")
	case is.Criticality != 0 && !is.Criticality.Valid():
		return itsm.Invalid("criticality", "it is critical, high, medium or low")
	case was != nil && was.State != StatePlanned && !was.Since.Equal(is.Since) && u.Trigger() == itsm.TriggerEdit:
		return itsm.Invalid("since", "since when it is there is not edited any more: it is")
	}
	is.Identity = normal(is.Name)
	var state lifecycle.State
	if was != nil {
		state = was.State
	}
	is.Since, is.Until = kept(u, state, is.State, is.Since, is.Until)
	if was != nil && was.Identity == is.Identity && was.Name == is.Name && was.Users == is.Users && was.State == is.State &&
		was.Since.Equal(is.Since) && was.Until.Equal(is.Until) {
		return nil
	}
	if err := s.move(u, is.Ref()); err != nil {
		return err
	}
	if was != nil && was.Identity == is.Identity {
		return nil
	}
	return s.alone(u, was == nil, is, is.Identity, "name")
}

// keepItem is what every act on an item brings about.
func (s *Services) keepItem(u *itsm.Unit, was, is *Item) error {
	cl, err := s.classOf(is.Class)
	if err != nil {
		return err
	}
	if was == nil || !was.Custom.Equal(is.Custom) {
		var before field.Fields
		if was != nil {
			before = was.Custom
		}
		if err := cl.schema.Validate(before, is.Custom); err != nil {
			return &itsm.Error{Code: itsm.ErrInvalid.Code, Message: "attributes of class " + cl.Name, Cause: err}
		}
	}
	if err := is.name(cl); err != nil {
		return err
	}
	switch {
	case is.SeenAt.After(u.Now()):
		return itsm.Invalid("seen_at", "nobody has seen it in the future")
	case was != nil && was.State != StatePlanned && !was.Since.Equal(is.Since) && u.Trigger() == itsm.TriggerEdit:
		return itsm.Invalid("since", "since when it is there is not edited any more: it is")
	}
	var state lifecycle.State
	if was != nil {
		state = was.State
	}
	is.Since, is.Until = kept(u, state, is.State, is.Since, is.Until)
	switch {
	case is.State != StateMaintenance:
		is.MaintainedSince = time.Time{}
	case is.MaintainedSince.IsZero():
		is.MaintainedSince = u.Now()
	}
	if was != nil && was.Identity == is.Identity && was.Name == is.Name && was.State == is.State &&
		was.Since.Equal(is.Since) && was.Until.Equal(is.Until) {
		return nil
	}
	if err := s.move(u, is.Ref()); err != nil {
		return err
	}
	if was != nil && was.Identity == is.Identity {
		return nil
	}
	return s.alone(u, was == nil, is, is.Identity, "key")
}

// name gives an item its name, key and identity.
func (i *Item) name(cl *class) error {
	i.Name, i.Key = strings.TrimSpace(i.Name), strings.TrimSpace(i.Key)
	if len(cl.Key) > 0 {
		key, err := cl.keyOf(i.Custom)
		if err != nil {
			return err
		}
		i.Key = key
	}
	switch {
	case i.Key == "" && i.Name == "":
		return itsm.Invalid("name", "give the item a name, or a key")
	case i.Key == "":
		i.Key = i.Name
	case i.Name == "":
		i.Name = i.Key
	}
	i.Identity = cl.Name + "/" + i.Key
	return nil
}

// kept keeps the period in which something is there: from when it is used, where that was not told, until it is retired. What
// was retired before anybody said that it is there has an empty one.
func kept(u *itsm.Unit, was, is lifecycle.State, since, until time.Time) (time.Time, time.Time) {
	never := since.IsZero() || !until.IsZero() && !since.Before(until)
	switch {
	case is == StatePlanned || is == StateRetired && was == StateRetired:
	case is == StateRetired && was == StatePlanned && !since.IsZero():
		until = since
	case is == StateRetired:
		until = u.Now()
	default:
		until = time.Time{}
		begins := was == "" || was == StatePlanned
		if begins && (since.IsZero() || since.After(u.Now())) || was == StateRetired && never {
			since = u.Now()
		}
	}
	return since, until
}

// keepRelation is what every act on a relation brings about.
func (s *Services) keepRelation(u *itsm.Unit, was, is *Relation) error {
	if !is.Until.IsZero() && (is.Until.Before(is.Since) || was == nil && is.Until.Equal(is.Since)) {
		return itsm.Invalid("until", "a relation ends after it begins")
	}
	if err := s.move(u, is.Ref()); err != nil || was != nil {
		return err
	}
	if is.From == is.To {
		return itsm.Invalid("to", "nothing is related to itself")
	}
	for _, end := range [...]struct {
		name string
		ref  itsm.Ref
	}{{"from", is.From}, {"to", is.To}} {
		if end.ref.Kind != Kind && end.ref.Kind != ItemKind {
			return itsm.Invalid(end.name, "relate items and services: give item/CI… or service/SVC…")
		}
		var retired bool
		if err := u.LookAt(end.ref, func(r itsm.Record) { retired = r.Header().State == StateRetired }); err != nil {
			return err
		}
		if retired {
			return itsm.Invalid(end.name, end.ref.String()+" is retired")
		}
	}
	is.Identity = identityOf(is.Type, is.From, is.To, is.Group)
	return s.alone(u, false, is, is.Identity, "to")
}

// identityOf is what tells relations apart that hold.
func identityOf(typ string, from, to itsm.Ref, group string) string {
	return strings.Join([]string{typ, from.String(), to.String(), group}, " ")
}

// alone refuses a record whose identity another one has. The transaction writes the map, so that of two which take an identity
// at once the second one runs again, and sees the first.
func (s *Services) alone(u *itsm.Unit, fresh bool, rec itsm.Record, identity, name string) error {
	h := rec.Header()
	same := itsm.Where("identity").Is(identity)
	if h.Kind == RelationKind {
		same = itsm.All(same, notOver(u))
	}
	found, err := all(u, h.Kind, same)
	if err != nil {
		return err
	}
	refs, err := s.movedHere(u)
	if err != nil {
		return err
	}
	for _, other := range found {
		refs = append(refs, other.Header().Ref())
	}
	for _, ref := range refs {
		if ref.Kind != h.Kind || ref.ID == h.ID {
			continue
		}
		taken := false
		if err := u.LookAt(ref, func(other itsm.Record) { taken = shares(rec, other, u.Now()) }); err != nil {
			return err
		}
		if taken {
			return itsm.Invalid(name, fmt.Sprintf("%s is it already (%s)", ref, identity))
		}
	}
	if !fresh {
		return nil
	}
	return unnumbered(u, h)
}

// shares reports whether two records of a kind are the same thing. Relations are where both hold at an instant.
func shares(a, b itsm.Record, now time.Time) bool {
	switch a := a.(type) {
	case *Service:
		return a.Identity == b.(*Service).Identity
	case *Item:
		return a.Identity == b.(*Item).Identity
	case *Relation:
		b := b.(*Relation)
		return a.Identity == b.Identity && !b.over(now) &&
			(a.Until.IsZero() || b.Since.Before(a.Until)) && (b.Until.IsZero() || a.Since.Before(b.Until))
	}
	return false
}

// unnumbered refuses an item with the number of a service, and the other way round, since tickets name both by their numbers.
func unnumbered(u *itsm.Unit, h *itsm.Head) error {
	other := itsm.Ref{Kind: ItemKind, ID: h.ID}
	if h.Kind == ItemKind {
		other.Kind = Kind
	}
	switch err := u.LookAt(other, func(itsm.Record) {}); {
	case err == nil:
		return itsm.Invalid("number", other.String()+" has this number: items and services are told apart by their numbers")
	case !errors.Is(err, itsm.ErrNotFound):
		return err
	}
	return nil
}

// normal is a text without its case, and with one space for many.
func normal(text string) string { return strings.ToLower(strings.Join(strings.Fields(text), " ")) }
