// Package linear checks that concurrent commands over a store are linearizable: that whatever many callers on several
// nodes were answered can be explained by one order of their commands, in which each takes effect at one moment between
// its call and its answer. Nothing is then lost, torn or stale, for anybody.
//
// A store's own test hands the check a way to open the store:
//
//	func TestHistories(t *testing.T) {
//		linear.Check(t, func(t *testing.T) itsm.Store { return mystore.New(t.TempDir()) })
//	}
//
// A store that several processes may open says so with [Reopen]: then every node has a handle of its own.
//
// Each round opens a store and a kernel for each node, and lets clients give commands that were drawn from a seed, on a
// handful of records: reports under given numbers, typed and named commands of incidents and of a small practice,
// commands with [itsm.IfVersion] and with [itsm.Once] keys that come again, bulk commands, commands and hooks that
// write two records, commands that write what they read in another record, reads of one record and of all. Every answer
// is kept: the records with their versions, the conflicts, the refusals with their reasons. The sequential specification
// in model.go is exact, so an answer is right or wrong; github.com/anishathalye/porcupine then searches for an order,
// exhaustively. Calls and answers are ordered by a counter, not by time.
//
// Where there is no order the test fails, says which answers no order explains, and names a drawing of the history,
// which -artifacts keeps. The commands of a seed are the same in every run; how they meet is not.
package linear

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/itsmkit/itsmkit/itsm"
)

// Option changes how much is tried.
type Option func(*plan)

// plan is what the options say.
type plan struct {
	seed                             uint64
	nodes, clients, commands, rounds int
	reopen                           func(t *testing.T, s itsm.Store) itsm.Store
}

// Seed draws other commands; the default is 1.
func Seed(seed uint64) Option { return func(p *plan) { p.seed = seed } }

// Nodes is how many kernels share the store; the default is 2.
func Nodes(n int) Option { return func(p *plan) { p.nodes = n } }

// Clients is how many callers give commands at once, in turn to one node and the next; the default is 4. The search
// gets dearer with every client.
func Clients(n int) Option { return func(p *plan) { p.clients = n } }

// Commands is how many commands each client gives in a round; the default is 40.
func Commands(n int) Option { return func(p *plan) { p.commands = n } }

// Rounds is how many histories are checked, each on an empty store; the default is 200, and a quarter with -short.
func Rounds(n int) Option { return func(p *plan) { p.rounds = n } }

// Reopen gives every node but the first a handle of its own on the store's data, as another process would have. The
// first handle stays open.
func Reopen(open func(t *testing.T, s itsm.Store) itsm.Store) Option {
	return func(p *plan) { p.reopen = open }
}

// Check gives commands to kernels on stores that open answers, and fails the test where no order explains the answers.
// Open is called once a round and answers an empty store; what is to be closed goes to t.Cleanup.
func Check(t *testing.T, open func(t *testing.T) itsm.Store, options ...Option) {
	t.Helper()
	p, err := planned(options)
	switch {
	case err != nil:
		t.Fatal(err)
	case open == nil:
		t.Fatal("linear: give Check a way to open a store")
	}
	if fault := p.search(t, open); fault != nil {
		path := filepath.Join(t.ArtifactDir(), fmt.Sprintf("history-%d.html", fault.round))
		if err := porcupine.VisualizePath(fault.model, fault.info, path); err != nil {
			path = err.Error()
		}
		t.Fatalf("%s\nthe history is drawn in %s (run with -artifacts to keep it)", fault, path)
	}
}

func planned(options []Option) (*plan, error) {
	p := &plan{seed: 1, nodes: 2, clients: 4, commands: 40, rounds: 200}
	if testing.Short() {
		p.rounds /= 4
	}
	for _, o := range options {
		if o != nil {
			o(p)
		}
	}
	if p.nodes < 1 || p.clients < 1 || p.commands < 1 || p.rounds < 1 {
		return nil, itsm.Invalid("options", "nodes, clients, commands and rounds are 1 or more")
	}
	return p, nil
}

// patience bounds the search for one order. A history of the default size takes milliseconds.
const patience = time.Minute

// search answers the first history without an order, or nil.
func (p *plan) search(t *testing.T, open func(t *testing.T) itsm.Store) *fault {
	t.Helper()
	model := specification()
	for round := range p.rounds {
		history := p.play(t, round, open(t))
		result, info := porcupine.CheckOperationsVerbose(model, history, patience)
		switch result {
		case porcupine.Illegal:
			return &fault{plan: p, round: round, model: model, info: info, history: history}
		case porcupine.Unknown:
			t.Fatalf("linear: seed %d, round %d: no answer within %v; take fewer clients or commands", p.seed, round, patience)
		}
	}
	return nil
}

// fault is a history that no order explains.
type fault struct {
	plan    *plan
	round   int
	model   porcupine.Model
	info    porcupine.LinearizationInfo
	history []porcupine.Operation
}
