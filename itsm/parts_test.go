package itsm

import (
	"context"
	"crypto/sha256"
	mathrand "math/rand/v2"
	"testing"
	"time"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/internal/plan"
	"github.com/itsmkit/itsmkit/lifecycle"
)

type noStore struct{ Store }

func (noStore) Prepare(context.Context, []Codec) error { return nil }

type job struct{ Ticket }

// BenchmarkParts measures what a command is made of, beside the hashing that no chain can do without.
func BenchmarkParts(b *testing.B) {
	k, err := New(Config{Store: noStore{}, Authorizer: DefaultGrants()})
	if err != nil {
		b.Fatal(err)
	}
	p, err := NewPractice[job](k, Spec{Kind: "job", Series: "JOB", Lifecycle: lifecycle.Definition{
		Name: "job", Version: 1, Initial: "new",
		States:   []lifecycle.StateRow{{Name: "new", Phase: lifecycle.New}, {Name: "done", Phase: lifecycle.Closed}},
		Triggers: []lifecycle.TriggerRow{{Name: "finish", Past: "finished"}},
		Rows:     []lifecycle.Transition{{From: []lifecycle.State{"new"}, Trigger: "finish", To: "done"}},
	}})
	if err != nil {
		b.Fatal(err)
	}
	Handle(p, "finish", func(*Unit, *job, struct{}) error { return nil })
	if err := k.Open(context.Background()); err != nil {
		b.Fatal(err)
	}
	kd := k.kinds["job"]
	ann := &Actor{ID: "ann", Tenant: "acme", Roles: []lifecycle.Role{Agent}}
	head := Head{Tenant: "acme", Kind: "job", ID: "JOB0000001", Version: 3, State: "new", Phase: lifecycle.New}
	before := &job{Ticket{Head: head, Title: "VPN down", Caller: "bob", Group: "network", Impact: High, Urgency: High, Priority: 2}}
	after := &job{before.Ticket}
	after.State, after.Phase, after.Assignee = "done", lifecycle.Closed, "ann"
	x := &tx{k: k, ctx: context.Background(), actor: ann, salts: mathrand.NewChaCha8([32]byte{})}

	b.Run("authorize", func(b *testing.B) {
		for b.Loop() {
			if k.auth.Permit(x.ctx, ann, Action{Kind: "job", Verb: "finish"}, before) != nil {
				b.Fatal("denied")
			}
		}
	})
	b.Run("lifecycle", func(b *testing.B) {
		a := &attempt{unit: Unit{tx: x, actor: ann}, rec: before}
		for b.Loop() {
			if _, refusal := kd.axes[0].machine.Fire("new", "finish", a, ann.Roles); refusal != nil {
				b.Fatal(refusal)
			}
		}
	})
	b.Run("copy", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			kd.clone(before)
		}
	})
	b.Run("changes", func(b *testing.B) {
		for b.Loop() {
			x.diff = kd.plan.Diff(x.diff[:0], plan.Pointer(before), plan.Pointer(after))
		}
	})
	b.Run("event", func(b *testing.B) { // changes, facts, two sealed values, chain
		b.ReportAllocs()
		for b.Loop() {
			t := &touch{kind: kd, key: head.Key(), before: before, after: after, begun: true, actor: *ann, events: []string{"job.finished"}}
			x.instant = time.Unix(1_772_000_000, 0)
			if _, _, err := x.write(t); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("floor: four SHA-256 sums", func(b *testing.B) { // facts, two sealed values, the event
		text := field.Text("a header of about a hundred and fifty bytes, and sealed values of about forty").AppendJSON(nil)
		for b.Loop() {
			sha256.Sum256(text)
			sha256.Sum256(text[:40])
			sha256.Sum256(text[:40])
			sha256.Sum256(append(text, text...))
		}
	})
}
