package lifecycle_test

import (
	"context"
	"errors"
	"reflect"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/lifecycle"
)

// Each test here is about one thing that the library beneath does and that no user of this package shall meet.

// A shared machine in its queued mode answers one caller with the result of another.
func TestTrapEachCallerGetsItsOwnAnswer(t *testing.T) {
	m := mustCompile(t)
	var wg sync.WaitGroup
	for caller := range 8 {
		wg.Go(func() {
			tk := &ticket{Blocked: caller%2 == 0}
			for range 500 {
				to, refusal := m.Fire("resolved", "confirm", tk, nil)
				if tk.Blocked {
					assert.Equal(t, lifecycle.State("resolved"), to)
					assert.NotNil(t, refusal)
				} else {
					assert.Equal(t, lifecycle.State("closed"), to)
					assert.Nil(t, refusal)
				}
			}
		})
	}
	wg.Wait()
}

// The new state is set before everything has succeeded, and is not taken back.
func TestTrapARefusalLeavesTheState(t *testing.T) {
	m := mustCompile(t)
	for _, bad := range []ticket{{Target: "closed"}, {Target: "nowhere"}, {Target: ""}, {Panic: "bang"}} {
		to, refusal := m.Fire("on_hold", "resume", &bad, nil)
		assert.Equal(t, lifecycle.State("on_hold"), to)
		assert.NotNil(t, refusal)
	}
}

// An unknown stored state becomes a state without a way out, and stays in the machine for ever.
func TestTrapUnknownStatesAreRefusedAndNotKept(t *testing.T) {
	m := mustCompile(t)
	before := heap()
	for i := range 20_000 {
		stored := lifecycle.State("garbage_" + strconv.Itoa(i))
		to, refusal := m.Fire(stored, "confirm", &ticket{}, nil)
		require.Equal(t, stored, to)
		require.Equal(t, lifecycle.UnknownState, refusal.Reasons[0].Code)
	}
	assert.Less(t, heap()-before, int64(1<<20), "20,000 states in the machine would hold more")
	runtime.KeepAlive(m)
}

func heap() int64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

// A destination that nobody configured is accepted.
func TestTrapUndeclaredTargetsDoNotCompile(t *testing.T) {
	for _, spoil := range []func(*lifecycle.Definition){
		func(d *lifecycle.Definition) { d.Rows[7].To = "archived" },
		func(d *lifecycle.Definition) { d.Rows[8].Among[0] = "archived" },
	} {
		d := incident()
		spoil(&d)
		_, err := lifecycle.Compile(d, binding())
		assert.ErrorContains(t, err, `state "archived" is not declared`)
	}
}

// Triggers are of any type, so that the string "confirm" and the trigger "confirm" are two.
func TestTrapTriggersHaveOneType(t *testing.T) {
	fire := reflect.TypeOf((*lifecycle.Machine[*ticket]).Fire)
	assert.Equal(t, reflect.TypeFor[lifecycle.State](), fire.In(1))
	assert.Equal(t, reflect.TypeFor[lifecycle.Trigger](), fire.In(2))
	_, refusal := mustCompile(t).Fire("resolved", lifecycle.Trigger("con"+"firm"), &ticket{}, nil)
	assert.Nil(t, refusal)
}

// Two guards that hold at once panic when the trigger is pulled.
func TestTrapTwoWaysOutDoNotCompile(t *testing.T) {
	d := incident()
	d.Rows = append(d.Rows, lifecycle.Transition{From: states{"resolved"}, Trigger: "confirm", To: "cancelled", Guards: []string{"no_open_tasks"}})
	_, err := lifecycle.Compile(d, binding())
	assert.ErrorContains(t, err, `"confirm from resolved" stands in two transitions`)
}

// What is permitted comes in another order each time, and allocates.
func TestTrapPermittedHasAnOrder(t *testing.T) {
	m := mustCompile(t)
	tk := &ticket{}
	want := m.Permitted(nil, "in_progress", tk, agent)
	var declared []lifecycle.Trigger
	for _, row := range incident().Triggers {
		for _, trigger := range want {
			if trigger == row.Name {
				declared = append(declared, trigger)
			}
		}
	}
	assert.Equal(t, declared, want)
	dst := make([]lifecycle.Trigger, 0, 16)
	for range 100 {
		dst = m.Permitted(dst[:0], "in_progress", tk, agent)
		require.Equal(t, want, dst)
	}
	assert.Zero(t, testing.AllocsPerRun(100, func() { dst = m.Permitted(dst[:0], "in_progress", tk, agent) }))
}

// Activation is said to happen once and happens each time; a cancelled context still fires. Neither is offered.
func TestTrapPromisesThatAreNotKeptAreNotMade(t *testing.T) {
	machine := reflect.TypeFor[*lifecycle.Machine[*ticket]]()
	for i := range machine.NumMethod() {
		method := machine.Method(i)
		assert.NotContains(t, method.Name, "Activate")
		for j := range method.Type.NumIn() {
			assert.NotEqual(t, reflect.TypeFor[context.Context](), method.Type.In(j), method.Name)
		}
	}
}

// A trigger whose target is the present state panics when it is declared, or returns nil and calls nothing.
func TestTrapATargetMayBeTheStateItself(t *testing.T) {
	b := binding()
	asked := 0
	b.Guards["unblocked"] = func(*ticket) *lifecycle.Reason { asked++; return nil }
	m, err := lifecycle.Compile(incident(), b)
	require.NoError(t, err)
	to, refusal := m.Fire("assigned", "reassign", &ticket{}, nil)
	assert.Nil(t, refusal)
	assert.Equal(t, lifecycle.State("assigned"), to)
	assert.Equal(t, 1, asked, "its guard is asked, once")

	to, refusal = m.Fire("on_hold", "hold", &ticket{}, nil)
	assert.NotNil(t, refusal, "and its input is asked")
	assert.Equal(t, lifecycle.State("on_hold"), to)
}

// The library's error has no type and does not say what is possible instead.
func TestTrapRefusalsHaveATypeAndSayWhatIsPossible(t *testing.T) {
	_, refusal := mustCompile(t).Fire("resolved", "start", &ticket{}, nil)
	var typed *lifecycle.Refusal
	require.True(t, errors.As(refusal.Err(), &typed))
	assert.EqualError(t, typed, "incident: cannot start in state resolved: start is not possible from resolved; permitted here: confirm, reopen")
}

// A machine per record costs hundreds of allocations.
func TestTrapFiringDoesNotBuildAMachine(t *testing.T) {
	info, _ := debug.ReadBuildInfo()
	if slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
		t.Skip("under the race detector a sync.Pool drops some of what it holds")
	}
	m := mustCompile(t)
	confirmed, noted := &ticket{}, &ticket{}
	assert.LessOrEqual(t, testing.AllocsPerRun(2000, func() { m.Fire("resolved", "confirm", confirmed, nil) }), 1.0, "the library's, for the guard")
	assert.Zero(t, testing.AllocsPerRun(2000, func() { m.Fire("new", "note", noted, nil) }), "nothing to ask")
}

// A panic in a guard, a choice or a field goes through the library and leaves it in the middle of its work.
func TestTrapNoPanicComesThrough(t *testing.T) {
	b := binding()
	known := b.Input
	b.Input = func(trigger lifecycle.Trigger, field string) (func(*ticket) bool, bool) {
		filled, ok := known(trigger, field)
		return func(tk *ticket) bool {
			if tk.Panic != nil {
				panic(tk.Panic)
			}
			return filled(tk)
		}, ok
	}
	m, err := lifecycle.Compile(incident(), b)
	require.NoError(t, err)
	tests := []struct {
		from    lifecycle.State
		trigger lifecycle.Trigger
		panic   any
		want    args
	}{
		{"resolved", "confirm", "bang", args{"guard": "unblocked", "panic": "bang"}},
		{"resolved", "confirm", errors.New("lost"), args{"guard": "unblocked", "panic": "lost"}},
		{"on_hold", "resume", 42, args{"choice": "before_hold", "panic": "42"}},
		{"resolved", "reopen", "bang", args{"field": "reason", "panic": "bang"}},
	}
	for _, test := range tests {
		want := reasons{{Code: lifecycle.Panicked, Args: test.want}}
		to, refusal := m.Fire(test.from, test.trigger, &ticket{Panic: test.panic}, nil)
		assert.Equal(t, test.from, to)
		assert.Equal(t, want, refusal.Reasons)
		assert.Equal(t, want, m.Explain(test.from, test.trigger, &ticket{Panic: test.panic}, nil).Reasons)

		to, refusal = m.Fire("resolved", "confirm", &ticket{}, nil)
		assert.Nil(t, refusal, "the next one is not touched by it")
		assert.Equal(t, lifecycle.State("closed"), to)
	}
	refusal := m.Settle("new", "resolve", &ticket{Panic: "bang"})
	assert.Equal(t, reasons{{Code: lifecycle.Panicked, Args: args{"guard": "unblocked", "panic": "bang"}}}, refusal.Reasons)
	assert.Equal(t, lifecycle.Panicked, m.Offers("resolved", &ticket{Panic: "bang"}, nil)[0].Reasons[0].Code)
}

// A goroutine that ends inside a guard, and a guard that fires, find the machine in the middle of its work.
func TestTrapAMachineInUseIsNotUsedByAnother(t *testing.T) {
	b := binding()
	var m *lifecycle.Machine[*ticket]
	b.Guards["unblocked"] = func(tk *ticket) *lifecycle.Reason {
		if tk.Panic == "exit" {
			runtime.Goexit()
		}
		to, refusal := m.Fire("new", "start", &ticket{}, nil)
		assert.Nil(t, refusal)
		assert.Equal(t, lifecycle.State("in_progress"), to)
		return nil
	}
	m, err := lifecycle.Compile(incident(), b)
	require.NoError(t, err)
	var wg sync.WaitGroup
	wg.Go(func() { m.Fire("resolved", "confirm", &ticket{Panic: "exit"}, nil) })
	wg.Wait()
	to, refusal := m.Fire("resolved", "confirm", &ticket{}, nil)
	assert.Nil(t, refusal)
	assert.Equal(t, lifecycle.State("closed"), to)
}

// A pooled machine must not keep a record, or the roles, of the caller before.
func TestTrapNothingIsLeftForTheNextCaller(t *testing.T) {
	m := mustCompile(t)
	for range 50 {
		_, refusal := m.Fire("new", "resolve", &ticket{OpenTasks: 1}, agent)
		require.Len(t, refusal.Reasons, 3)
		_, refusal = m.Fire("new", "edit", &ticket{}, nil)
		require.Equal(t, reasons{{Code: lifecycle.MissingRole, Args: args{"roles": "agent"}}}, refusal.Reasons)
		to, refusal := m.Fire("resolved", "confirm", &ticket{}, nil)
		require.Nil(t, refusal)
		require.Equal(t, lifecycle.State("closed"), to)
	}
}
