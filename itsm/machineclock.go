package itsm

import "time"

// MachineClock is the clock of the machine: the only place that reads it and waits on it.
func MachineClock() Clock { return machineClock{} }

type machineClock struct{}

// Now drops the monotonic reading: instants go to stores and are compared across machines.
func (machineClock) Now() time.Time { return time.Now().UTC().Round(0) }

func (machineClock) Wake(at time.Time) (<-chan time.Time, func()) {
	timer := time.NewTimer(time.Until(at))
	return timer.C, func() { timer.Stop() }
}
