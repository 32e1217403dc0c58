package itsm

import (
	"context"
	"time"
)

// Directory knows the people and groups of a host: an LDAP server, a table, a file. It is asked while commands run, so
// it should answer from memory. All answers are for one tenant; what it does not know is ErrNotFound.
type Directory interface {
	Person(ctx context.Context, tenant, id string) (Profile, error)
	Group(ctx context.Context, tenant, id string) (Group, error)
	// Absent reports whether a person is away at an instant, and if known until when.
	Absent(ctx context.Context, tenant, id string, at time.Time) (away bool, until time.Time, err error)
}

// AddressBook is what a directory may also be: it finds the person behind an address of a channel, such as "mail" or
// "chat". An address that it does not know is ErrNotFound. Which letters of an address may differ is its to know.
type AddressBook interface {
	PersonAt(ctx context.Context, tenant, channel, address string) (Profile, error)
}

// Profile is what a directory says of a person.
type Profile struct {
	ID     string
	Name   string
	Mail   string
	Groups []string
	// Skills are what the person can do, such as "network", or with a level "network:3"; see package assignment.
	Skills []string
	// Manager is the id of the person's manager, empty at the top.
	Manager string
	// Zone is the person's time zone by its IANA name, empty where unknown.
	Zone string
	// Locale is a BCP 47 tag, such as "de-CH".
	Locale string
	VIP    bool
}

// Group is a team that tickets are assigned to.
type Group struct {
	ID      string
	Name    string
	Mail    string
	Manager string
	Members []string
}

// NoDirectory knows nobody: every question is ErrNotFound, and nobody is absent.
type NoDirectory struct{}

// Person implements [Directory].
func (NoDirectory) Person(_ context.Context, _, id string) (Profile, error) {
	return Profile{}, ErrNotFound.with("person", id, "")
}

// Group implements [Directory].
func (NoDirectory) Group(_ context.Context, _, id string) (Group, error) {
	return Group{}, ErrNotFound.with("group", id, "")
}

// Absent implements [Directory].
func (NoDirectory) Absent(context.Context, string, string, time.Time) (bool, time.Time, error) {
	return false, time.Time{}, nil
}
