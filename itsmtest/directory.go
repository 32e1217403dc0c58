package itsmtest

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/itsmkit/itsmkit/itsm"
)

// Directory is an [itsm.Directory] written down in a test; it answers the same in every tenant. Membership may be said
// on either side: a person who names a group is one of its members, and the other way round. It must not be changed
// while it is used. It looks through its lists, so it is meant for people by the dozen.
type Directory struct {
	People   []itsm.Profile
	Groups   []itsm.Group
	Absences []Absence
}

// Absence says that a person is away from an instant until before another one; zero is an open end.
type Absence struct {
	Person      string
	From, Until time.Time
}

// Tenants is a directory that differs by tenant. A tenant that it does not name knows nobody.
type Tenants map[string]Directory

var (
	_ itsm.Directory = Directory{}
	_ itsm.Directory = Tenants{}

	_ itsm.AddressBook = Directory{}
	_ itsm.AddressBook = Tenants{}
)

// Person implements [itsm.Directory].
func (d Directory) Person(_ context.Context, _, id string) (itsm.Profile, error) {
	i := slices.IndexFunc(d.People, func(p itsm.Profile) bool { return p.ID == id })
	if i < 0 {
		return itsm.Profile{}, unknown("person", id)
	}
	p := d.People[i]
	p.Groups, p.Skills = slices.Clone(p.Groups), slices.Clone(p.Skills)
	for _, g := range d.Groups {
		if slices.Contains(g.Members, id) && !slices.Contains(p.Groups, g.ID) {
			p.Groups = append(p.Groups, g.ID)
		}
	}
	return p, nil
}

// PersonAt implements [itsm.AddressBook]: by the mail address, in letters of either case, or but for mail by the id.
func (d Directory) PersonAt(ctx context.Context, tenant, channel, address string) (itsm.Profile, error) {
	i := slices.IndexFunc(d.People, func(p itsm.Profile) bool {
		return p.Mail != "" && strings.EqualFold(p.Mail, address) || channel != "mail" && p.ID == address
	})
	if i < 0 {
		return itsm.Profile{}, unknown("address", address)
	}
	return d.Person(ctx, tenant, d.People[i].ID)
}

// Group implements [itsm.Directory].
func (d Directory) Group(_ context.Context, _, id string) (itsm.Group, error) {
	i := slices.IndexFunc(d.Groups, func(g itsm.Group) bool { return g.ID == id })
	if i < 0 {
		return itsm.Group{}, unknown("group", id)
	}
	g := d.Groups[i]
	g.Members = slices.Clone(g.Members)
	for _, p := range d.People {
		if slices.Contains(p.Groups, id) && !slices.Contains(g.Members, p.ID) {
			g.Members = append(g.Members, p.ID)
		}
	}
	return g, nil
}

// Absent implements [itsm.Directory]. Absences that overlap or follow each other without a gap are one.
func (d Directory) Absent(_ context.Context, _, id string, at time.Time) (away bool, until time.Time, err error) {
	if !slices.ContainsFunc(d.People, func(p itsm.Profile) bool { return p.ID == id }) {
		return false, time.Time{}, unknown("person", id)
	}
	until = at
	for {
		i := slices.IndexFunc(d.Absences, func(a Absence) bool { return a.Person == id && a.covers(until) })
		if i < 0 {
			break
		}
		if until = d.Absences[i].Until; until.IsZero() {
			return true, time.Time{}, nil
		}
	}
	if until.Equal(at) {
		return false, time.Time{}, nil
	}
	return true, until, nil
}

// covers is half-open, as all intervals are.
func (a *Absence) covers(t time.Time) bool {
	return !t.Before(a.From) && (a.Until.IsZero() || t.Before(a.Until))
}

// Person implements [itsm.Directory].
func (ts Tenants) Person(ctx context.Context, tenant, id string) (itsm.Profile, error) {
	return ts[tenant].Person(ctx, tenant, id)
}

// PersonAt implements [itsm.AddressBook].
func (ts Tenants) PersonAt(ctx context.Context, tenant, channel, address string) (itsm.Profile, error) {
	return ts[tenant].PersonAt(ctx, tenant, channel, address)
}

// Group implements [itsm.Directory].
func (ts Tenants) Group(ctx context.Context, tenant, id string) (itsm.Group, error) {
	return ts[tenant].Group(ctx, tenant, id)
}

// Absent implements [itsm.Directory].
func (ts Tenants) Absent(ctx context.Context, tenant, id string, at time.Time) (bool, time.Time, error) {
	return ts[tenant].Absent(ctx, tenant, id, at)
}

func unknown(what, id string) error {
	return &itsm.Error{
		Code: itsm.ErrNotFound.Code, Message: "the directory does not know the " + what,
		Args: map[string]string{what: id},
	}
}
