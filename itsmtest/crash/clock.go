package main

import (
	"time"

	"github.com/itsmkit/itsmkit/itsm"
)

// epoch is the desk's instant at which a run begins: a Monday morning.
var epoch = time.Date(2026, time.March, 2, 8, 0, 0, 0, time.UTC)

// scaled is the machine's clock, so many times as fast, from an instant that all processes of a run agree on.
type scaled struct {
	machine itsm.Clock
	began   time.Time // by the machine
	speed   int64
}

func (c scaled) Now() time.Time {
	return epoch.Add(c.machine.Now().Sub(c.began) * time.Duration(c.speed))
}

func (c scaled) Wake(at time.Time) (<-chan time.Time, func()) {
	return c.machine.Wake(c.began.Add(at.Sub(epoch) / time.Duration(c.speed)))
}

// standing is a clock that stands, so that what is due comes to an end.
type standing struct{ at time.Time }

func (c standing) Now() time.Time { return c.at }

func (c standing) Wake(time.Time) (<-chan time.Time, func()) { return nil, func() {} }
