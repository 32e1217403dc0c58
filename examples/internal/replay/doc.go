// Package replay drives the incidents of an event log through the incident practice as commands, each at its own
// instant on a fake clock, and computes the log's key figures from the events that came of it.
//
//	mapping, err := replay.ReadMapping(file)    // what the log's columns and statuses mean
//	log, err := mapping.ReadLog(source, "")     // every event of it, in the order of time
//	run, err := replay.New(log)                 // an empty desk
//	err = run.Drive(ctx, nil)                   // one incident a case
//	figures, err := run.Figures(ctx)            // from our events
//
// A mapping is the only thing that knows whose log it is. The steps between two states are planned by a table, and
// every command passes the lifecycle like anybody's: what it refuses is counted with its reasons, and never forced.
package replay
