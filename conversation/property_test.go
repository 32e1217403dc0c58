package conversation_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/itsmkit/itsmkit/conversation"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// TestNoMessageIsLostNorDoubled over random threads: messages in any order, twice, with wrong ids and numbers, of several
// tenants, between merges, holds, resolutions and closings. Every message that was taken is on exactly one record of its
// own tenant, a machine's moves nothing, and every record is the fold of its events.
func TestNoMessageIsLostNorDoubled(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		d := newDesk(rt, conversation.Config{Limits: conversation.Limits{PerRecord: conversation.Rate{N: 6}, Reports: conversation.Rate{N: 8}}}, incident.Config{})
		tenants := []string{"acme", "umbra"}
		as := map[string][2]context.Context{}
		for _, name := range tenants {
			in := itsmtest.InTenant(name)
			as[name] = [2]context.Context{
				itsmtest.As(t.Context(), itsmtest.Integration("gateway", in)),
				itsmtest.As(t.Context(), itsmtest.Administrator("root", in)),
			}
		}
		type sent struct {
			tenant string
			m      conversation.Message
			in     itsm.Ref
			did    conversation.Did
			taken  bool
		}
		var all []*sent
		records := func(tenant string) []incident.Incident {
			page, err := d.List(as[tenant][1], itsm.Query{Limit: 1000})
			require.NoError(rt, err)
			return page.Records
		}
		deliver := func(s *sent) {
			before := map[string]incident.Incident{}
			for _, inc := range records(s.tenant) {
				before[inc.ID] = inc
			}
			receipt, err := d.inbox.Receive(as[s.tenant][0], s.m)
			after := records(s.tenant)
			if err != nil {
				require.True(rt, errors.Is(err, conversation.ErrLoop) || errors.Is(err, conversation.ErrStranger), "%v", err)
				require.Len(rt, after, len(before))
				return
			}
			if s.taken {
				require.True(rt, receipt.Seen)
				require.Equal(rt, s.in, receipt.Record)
			}
			if s.taken || s.m.Automatic {
				for _, inc := range after {
					was, ok := before[inc.ID]
					require.True(rt, ok, "nothing new")
					inc.Head, was.Head = itsm.Head{State: inc.State}, itsm.Head{State: was.State}
					require.Equal(rt, was, inc, "nothing moves")
				}
			}
			if receipt.Did != conversation.Dropped {
				s.taken, s.in, s.did = true, receipt.Record, receipt.Did
			}
		}
		ids := []string{"m0", "m1", "m2", "m3", "m4", "m5", "m6", "m7", "no such"}
		send := func(rt *rapid.T) {
			s := &sent{tenant: rapid.SampledFrom(tenants).Draw(rt, "tenant")}
			from := rapid.SampledFrom([]string{"cleo", "dan", "ann"}).Draw(rt, "from")
			s.m = mail(rapid.SampledFrom(ids[:8]).Draw(rt, "id"), from, rapid.SampledFrom([]string{"VPN", "Re: [INC0000001]", "INC2", "INC0000099"}).Draw(rt, "subject"), numbered("text ", len(all)))
			s.m.InReplyTo = rapid.SliceOfN(rapid.SampledFrom(ids), 0, 2).Draw(rt, "answers")
			s.m.References = rapid.SliceOfN(rapid.SampledFrom(ids), 0, 3).Draw(rt, "references")
			if rapid.IntRange(0, 3).Draw(rt, "own") == 0 {
				to := itsm.Ref{Kind: incident.Kind, ID: "INC0000001"}
				s.m.InReplyTo = append(s.m.InReplyTo, conversation.MessageID(to, 0, rapid.SampledFrom(tenants).Draw(rt, "of"), "desk.example"))
			}
			s.m.Automatic = rapid.IntRange(0, 3).Draw(rt, "automatic") == 0
			all = append(all, s)
			deliver(s)
		}
		rt.Repeat(map[string]func(*rapid.T){
			"send":  send,
			"send2": send,
			"again": func(rt *rapid.T) {
				if len(all) > 0 {
					deliver(rapid.SampledFrom(all).Draw(rt, "again"))
				}
			},
			"work": func(rt *rapid.T) {
				tenant := rapid.SampledFrom(tenants).Draw(rt, "tenant")
				list := records(tenant)
				if len(list) == 0 {
					return
				}
				ref := rapid.SampledFrom(list).Draw(rt, "record").Ref()
				other := rapid.SampledFrom(list).Draw(rt, "other").Ref()
				acts := []struct {
					t  lifecycle.Trigger
					in any
				}{
					{incident.TriggerStart, nil},
					{incident.TriggerHold, incident.Hold{Reason: itsm.HoldCaller, Message: "Which?"}},
					{incident.TriggerResolve, incident.Resolution{Code: incident.Fixed, Notes: "Done."}},
					{incident.TriggerConfirm, nil},
					{itsm.TriggerWatch, itsm.WatcherOf{Person: "dan"}},
					{"combine", survivor{other}},
				}
				act := acts[rapid.IntRange(0, len(acts)-1).Draw(rt, "act")]
				_, err := d.kernel.Do(as[tenant][1], ref, act.t, act.in)
				if err != nil {
					require.ErrorIs(rt, err, itsm.ErrRefused)
				}
			},
			"wait": func(rt *rapid.T) { require.NoError(rt, d.clock.Advance(as["acme"][1], 20*time.Minute)) },
		})

		found := map[[2]string]int{} // by tenant and text: every text is another one
		where := map[[2]string]itsm.Ref{}
		for _, tenant := range tenants {
			for _, inc := range records(tenant) {
				see := func(text string) {
					key := [2]string{tenant, text}
					found[key]++
					where[key] = inc.Ref()
				}
				see(inc.Description)
				comments, err := d.Comments(as[tenant][1], inc.ID, 0, 0)
				require.NoError(rt, err)
				for _, c := range comments {
					if c.Channel == "mail" {
						see(c.Body)
					}
				}
				itsmtest.RequireVerified(rt, as[tenant][1], d.kernel, inc.Ref())
			}
		}
		for _, s := range all {
			for _, tenant := range tenants {
				key := [2]string{tenant, s.m.Body}
				want := 0
				if s.taken && tenant == s.tenant {
					want = 1
					require.Equal(rt, s.in, where[key])
				}
				require.Equal(rt, want, found[key], "%s in %s: %+v", s.m.Body, tenant, s)
			}
		}
	})
}
