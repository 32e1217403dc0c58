package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/itsmkit/itsmkit/itsm"
)

// options say what a run does.
type options struct {
	Store   string
	Kills   int
	Workers int
	// For ends the killing after so long, whatever Kills says; 0 does not.
	For  time.Duration
	Seed uint64
	// Speed is how many times as fast as the machine's the desk's clock runs. Claims of timers end so much sooner too: where
	// they end before a batch is fired, the workers do each other's work again.
	Speed int64
	Dir   string
	// Limit ends a run that hangs.
	Limit time.Duration
}

// child says what a process of a run is to do. It comes in the environment.
type child struct {
	Role    string
	Name    string
	Store   string
	At      string
	Journal string
	Seed    uint64
	Began   time.Time
	Speed   int64
	// Standing is where the clock stands, where it does.
	Standing time.Time
}

// speeds are usual ones by store: a server takes longer for a batch of timers.
var speeds = map[string]int64{"sqlite": 1000, "postgres": 200}

const (
	roleWorker  = "worker"
	roleChecker = "checker"
	// childEnv holds a child, as JSON.
	childEnv = "ITSMKIT_CRASH_CHILD"
)

// runChild does what a child does, and reports false where this process is none.
func runChild() (is bool, err error) {
	text := os.Getenv(childEnv)
	if text == "" {
		return false, nil
	}
	var c child
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		return true, err
	}
	switch c.Role {
	case roleWorker:
		return true, work(c)
	case roleChecker:
		return true, check(c)
	}
	return true, fmt.Errorf("there is no role %q", c.Role)
}

// result is what a run found.
type result struct {
	verdict
	Kills, Crashes int
	Took           time.Duration
}

// run starts workers, kills them at random moments and starts others, and has a fresh process judge what is left.
func run(o options, progress io.Writer) (r result, err error) {
	if o.Speed < 1 {
		o.Speed = speeds[o.Store]
	}
	p := &parent{options: o, machine: itsm.MachineClock(), rng: rand.New(rand.NewPCG(o.Seed, 0)), out: progress}
	if p.exe, err = os.Executable(); err != nil {
		return r, err
	}
	at, server, err := serve(o.Store, o.Dir)
	if err != nil {
		return r, err
	}
	if server != nil {
		defer func() { err = errors.Join(err, server.Close()) }()
	}
	p.began = p.machine.Now()
	p.ours = child{Store: o.Store, At: at, Journal: filepath.Join(o.Dir, "journal"), Began: p.began, Speed: o.Speed}

	ctx, cancel := context.WithCancel(context.Background())
	var watch sync.WaitGroup
	defer watch.Wait()
	defer cancel()
	alarm, calm := p.machine.Wake(p.began.Add(o.Limit))
	defer calm()
	watch.Go(func() {
		select {
		case <-ctx.Done():
		case <-alarm:
			cancel()
		}
	})

	if r.Kills, r.Crashes, r.Violations, err = p.kill(ctx, server); err != nil {
		if len(r.Violations) > 0 { // they tell why
			err = fmt.Errorf("%w: %s", err, strings.Join(r.Violations, "; "))
		}
		return r, err
	}
	v, err := p.judge(ctx)
	if err != nil {
		return r, err
	}
	v.Violations = append(r.Violations, v.Violations...)
	r.verdict, r.Took = v, p.machine.Now().Sub(p.began)
	if v.Counts.Answered == 0 {
		r.Violations = append(r.Violations, "no command was answered: nothing was tried")
	}
	return r, nil
}

// parent starts and kills.
type parent struct {
	options
	machine itsm.Clock
	rng     *rand.Rand
	out     io.Writer
	exe     string
	began   time.Time
	ours    child
	started int
}

// process is a worker that runs.
type process struct {
	cmd   *exec.Cmd
	stdin io.Closer
	said  *bytes.Buffer
}

func (p *parent) kill(ctx context.Context, s server) (kills, crashes int, violations []string, err error) {
	slots := make([]*process, p.Workers)
	defer func() {
		for _, w := range slots {
			if w != nil {
				violations = append(violations, w.kill()...)
			}
		}
	}()
	for i := range slots {
		if slots[i], err = p.start(); err != nil {
			return kills, crashes, violations, err
		}
	}
	if err := p.awaitAnswer(ctx); err != nil {
		return kills, crashes, violations, err
	}
	crashAt := p.Kills / 4 // three times in a run
	for kills < p.Kills && (p.For == 0 || p.machine.Now().Sub(p.began) < p.For) {
		// Some die while they open the store, most after some hundred commands.
		pause(p.machine, time.Duration(20+p.rng.IntN(700))*time.Millisecond)
		if err := ctx.Err(); err != nil {
			return kills, crashes, violations, fmt.Errorf("the run took longer than %v", p.Limit)
		}
		if s != nil && crashAt > 0 && kills > 0 && kills%crashAt == 0 && crashes < kills/crashAt {
			if err := s.Crash(); err != nil {
				return kills, crashes, violations, err
			}
			crashes++
		}
		i := p.rng.IntN(len(slots))
		violations = append(violations, slots[i].kill()...)
		slots[i] = nil
		kills++
		if kills%50 == 0 {
			_, _ = fmt.Fprintf(p.out, "%d kills\n", kills)
		}
		if slots[i], err = p.start(); err != nil {
			return kills, crashes, violations, err
		}
	}
	return kills, crashes, violations, nil
}

// awaitAnswer waits until some command was answered, so that there is something to lose.
func (p *parent) awaitAnswer(ctx context.Context) error {
	for ctx.Err() == nil {
		lines, _, err := readJournal(p.ours.Journal)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		if slices.ContainsFunc(lines, func(l line) bool { return l.What == answered }) {
			return nil
		}
		pause(p.machine, 20*time.Millisecond)
	}
	return errors.New("no worker gave a command in time")
}

// command is this program again, as a child.
func (p *parent) command(ctx context.Context, c child) (*exec.Cmd, error) {
	text, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, p.exe)
	cmd.Env = append(os.Environ(), childEnv+"="+string(text))
	return cmd, nil
}

func (p *parent) start() (*process, error) {
	p.started++
	c := p.ours
	c.Role, c.Name, c.Seed = roleWorker, fmt.Sprint(p.started), p.rng.Uint64()
	cmd, err := p.command(context.Background(), c)
	if err != nil {
		return nil, err
	}
	w := &process{cmd: cmd, said: &bytes.Buffer{}}
	cmd.Stderr = w.said
	if w.stdin, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	return w, cmd.Start()
}

// kill kills a worker, and answers what was wrong with it before: that it had ended, or what it said.
func (w *process) kill() (violations []string) {
	killed := w.cmd.Process.Kill()
	err := w.cmd.Wait()
	_ = w.stdin.Close()
	if killed != nil || w.cmd.ProcessState.Exited() {
		violations = append(violations, fmt.Sprintf("a worker ended by itself: %v", err))
	}
	if said := strings.TrimSpace(w.said.String()); said != "" {
		violations = append(violations, "a worker says: "+said)
	}
	return violations
}

// judge has a fresh process work off what is due, and check.
func (p *parent) judge(ctx context.Context) (v verdict, err error) {
	c := p.ours
	c.Role, c.Name, c.Seed = roleChecker, "judge", p.Seed
	// What dead workers had claimed is free again by then.
	c.Standing = scaled{p.machine, p.began, p.Speed}.Now().Add(10 * time.Minute)
	cmd, err := p.command(ctx, c)
	if err != nil {
		return v, err
	}
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil {
		return v, fmt.Errorf("the check failed: %w\n%s", err, said.String())
	}
	if err := json.Unmarshal(out.Bytes(), &v); err != nil {
		return v, err
	}
	if text := strings.TrimSpace(said.String()); text != "" {
		v.Violations = append(v.Violations, "the checker says: "+text)
	}
	return v, nil
}
