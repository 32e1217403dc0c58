// Package itsm is the kernel of a service desk: the words that every practice uses, and the one way through which every
// command goes.
//
// A practice, such as incident management, declares a record type, a lifecycle as a table and a handler for each
// trigger ([NewPractice], [Handle]). The kernel does the rest, the same for all:
//
//	command → actor and tenant → load → authorize → permitted here? what must the command bring? → handler
//	        → what must the record now have? → hooks in the same transaction → changes, field by field
//	        → one event a record, chained → timers → one write set → commit by comparing versions
//
// Nothing is overwritten silently, every refusal says all its reasons, and a record equals the fold of its events.
//
// # Concurrency
//
// A [Kernel] and what it gives out may be used by many goroutines, but for a [Unit], which belongs to its handler or
// hook. The kernel starts no goroutine; [Kernel.Run] runs in the caller's.
//
// # Time
//
// Instants are in UTC with nanoseconds. They come from the configured [Clock]; business hours come from calendars.
package itsm
