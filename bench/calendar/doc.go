// Package calendar compares business time with what other libraries do: the same questions about the same calendar, in one
// run beside the floor. It is a module of its own, outside the workspace, and has nothing but benchmarks and the test that
// all answer the same.
//
//	GOWORK=off go -C bench/calendar test -run . -bench . -cpu 1 -count 5
package calendar
