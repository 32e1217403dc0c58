package itsm

import "time"

// Clock tells the time and wakes those who wait for it. The kernel takes every instant from it, so a fake one moves a
// whole desk.
type Clock interface {
	// Now is the current instant, in UTC.
	Now() time.Time
	// Wake answers a channel that gets one value at or soon after the instant, and a function that gives the wait up.
	Wake(at time.Time) (wake <-chan time.Time, stop func())
}
