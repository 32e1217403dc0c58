package main

import (
	"bytes"
	"encoding/json"
	"os"
)

// line is what a worker tells: that it gives a command, what became of it, or that a subscriber saw an event.
type line struct {
	What string `json:"what"`
	// Key is the command's idempotency key, Actor who gives it, and Command its name.
	Key     string `json:"key,omitempty"`
	Actor   string `json:"actor,omitempty"`
	Command string `json:"command,omitempty"`
	// Marked is set where the command leaves its key on one record, as a title or a comment.
	Marked bool `json:"marked,omitempty"`
	// ID and Version are the record's, as the command answered it or as the event has it.
	ID      string `json:"id,omitempty"`
	Version int64  `json:"version,omitempty"`
	// Subscriber saw the event. Code is why a command was refused.
	Subscriber string `json:"subscriber,omitempty"`
	Code       string `json:"code,omitempty"`
}

// What lines tell.
const (
	given    = "given"    // before the command
	answered = "answered" // after it
	refused  = "refused"  // after an error that says that nothing was changed
	saw      = "saw"
)

// journal is a file that all processes of a run append to: the order of its lines is the order in which they were written,
// whoever wrote them. Each line is one write, which a kill may cut, and begins with an end of line, so that it spoils no other.
type journal struct{ file *os.File }

func openJournal(path string) (*journal, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	return &journal{f}, nil
}

func (j *journal) write(l line) error {
	text, err := json.Marshal(l)
	if err != nil {
		return err
	}
	_, err = j.file.Write(append(append([]byte("\n"), text...), '\n'))
	return err
}

func (j *journal) Close() error { return j.file.Close() }

// readJournal answers the whole lines of a journal, and how many are not whole.
func readJournal(path string) (lines []line, half int, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, 0, err
	}
	for one := range bytes.Lines(text) {
		if one = bytes.TrimSuffix(one, []byte("\n")); len(one) == 0 {
			continue
		}
		var l line
		if json.Unmarshal(one, &l) != nil {
			half++
			continue
		}
		lines = append(lines, l)
	}
	return lines, half, nil
}
