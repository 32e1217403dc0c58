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

// MachineClock is the clock of the machine: the only place that reads it and waits on it.
func MachineClock() Clock { return machineClock{} }

type machineClock struct{}

// Now drops the monotonic reading: instants go to stores and are compared across machines.
func (machineClock) Now() time.Time { return time.Now().UTC().Round(0) }

func (machineClock) Wake(at time.Time) (<-chan time.Time, func()) {
	timer := time.NewTimer(time.Until(at))
	return timer.C, func() { timer.Stop() }
}
