package conversation_test

import (
	"strings"
	"testing"
	"time"

	"github.com/itsmkit/itsmkit/conversation"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
)

// BenchmarkReceive takes messages of 10 kB: an answer on a thread, and a new report of one of a thousand senders. The
// floor is the bare comment of the same text.
func BenchmarkReceive(b *testing.B) {
	body := strings.Repeat("The gateway in Vienna does not answer. ", 257)[:10_000]
	policy := conversation.Config{Policy: conversation.Policy{Unknown: conversation.UnknownReports}}
	threads := func(b *testing.B) (*office, []itsm.Ref) {
		d := newDesk(b, policy, incident.Config{})
		refs := make([]itsm.Ref, 256)
		for i := range refs {
			receipt, err := d.inbox.Receive(d.gateway, mail(numbered("t", i), numbered("sender", i), "VPN down", body))
			if err != nil {
				b.Fatal(err)
			}
			refs[i] = receipt.Record
		}
		return d, refs
	}
	b.Run("floor", func(b *testing.B) {
		d, refs := threads(b)
		b.ReportAllocs()
		n := 0
		for b.Loop() {
			n++
			if _, err := d.Comment(d.gateway, refs[n%256].ID, itsm.Comment{Body: body, Channel: "mail", MessageID: numbered("m", n)}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("reply", func(b *testing.B) {
		d, _ := threads(b)
		b.ReportAllocs()
		n := 0
		for b.Loop() {
			if n++; n%256 == 0 {
				d.clock.Set(d.clock.Now().Add(10 * time.Minute))
			}
			m := answer(mail(numbered("m", n), numbered("sender", n%256), "Re: VPN down", body), numbered("t", n%256))
			if receipt, err := d.inbox.Receive(d.gateway, m); err != nil || receipt.Did != conversation.Commented {
				b.Fatal(receipt, err)
			}
		}
	})
	b.Run("report", func(b *testing.B) {
		d, _ := threads(b)
		b.ReportAllocs()
		n := 0
		for b.Loop() {
			if n++; n%1000 == 0 {
				d.clock.Set(d.clock.Now().Add(2 * time.Hour))
			}
			m := mail(numbered("m", n), numbered("sender", n%1000), "VPN down", body)
			if receipt, err := d.inbox.Receive(d.gateway, m); err != nil || receipt.Did != conversation.Reported {
				b.Fatal(receipt, err)
			}
		}
	})
}
