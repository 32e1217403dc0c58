package feedback_test

import (
	"context"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/knowledge/feedback"
	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/store/memory"
)

// Article stands for what the practice of knowledge has.
type Article struct {
	itsm.Ticket
	Secret bool `json:"secret,omitempty"`
}

type draft struct {
	Owner  string
	Secret bool
}

var (
	monday  = time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC)
	vpn     = itsm.Ref{Kind: "article", ID: "KB0000001"} // ann's
	mail    = itsm.Ref{Kind: "article", ID: "KB0000002"} // nobody's
	secret  = itsm.Ref{Kind: "article", ID: "KB0000003"} // not for requesters
	nowhere = itsm.Ref{Kind: "article", ID: "KB0000009"}
)

// desk is what a desk wires: its articles are hidden from requesters where they are secret.
type desk struct {
	*feedback.Feedbacks
	t                   rapid.TB
	k                   *itsm.Kernel
	clock               *itsmtest.Clock
	bob, carl, ann, mia context.Context
	root                context.Context
}

// reading keeps secret articles from requesters, as the practice of knowledge does.
type reading struct{ itsm.Authorizer }

func (z reading) Permit(ctx context.Context, a *itsm.Actor, do itsm.Action, on itsm.Record) error {
	if r, ok := on.(*Article); ok && do.Verb == itsm.Read && !r.Secret {
		return nil
	}
	return z.Authorizer.Permit(ctx, a, do, on)
}

func open(t rapid.TB, c feedback.Config) *desk {
	t.Helper()
	d := &desk{t: t, root: itsmtest.As(context.Background(), itsmtest.System())}
	grants := append(itsm.DefaultGrants(), feedback.ReaderGrant())
	var articles itsm.Creation[Article, draft]
	config := itsm.Config{Store: memory.New(), Authorizer: feedback.Authorize(reading{grants})}
	d.k, d.clock = itsmtest.Kernel(t, config, func(k *itsm.Kernel) (err error) {
		if d.Feedbacks, err = feedback.New(k, c); err != nil {
			return err
		}
		p, err := itsm.NewPractice[Article](k, itsm.Spec{Kind: "article", Series: "KB", Lifecycle: lifecycle.Definition{
			Name: "article", Version: 1, Initial: "published",
			States: []lifecycle.StateRow{{Name: "published", Title: "Published", Phase: lifecycle.Closed}},
		}})
		if err != nil {
			return err
		}
		articles = itsm.Create(p, "draft", "drafted", func(_ *itsm.Unit, r *Article, in draft) error {
			r.Assignee, r.Secret = in.Owner, in.Secret
			return nil
		})
		return nil
	})
	d.bob = itsmtest.As(context.Background(), itsmtest.Requester("bob"))
	d.carl = itsmtest.As(context.Background(), itsmtest.Requester("carl"))
	d.ann = itsmtest.As(context.Background(), itsmtest.Agent("ann"))
	d.mia = itsmtest.As(context.Background(), itsmtest.Manager("mia"))
	for _, in := range []draft{{Owner: "ann"}, {}, {Secret: true}} {
		_, err := articles.Do(d.ann, in)
		require.NoError(t, err)
	}
	return d
}

func (d *desk) give(who context.Context, v feedback.Verdict) feedback.Feedback {
	d.t.Helper()
	f, err := d.Give(who, v)
	require.NoError(d.t, err)
	return f
}

func (d *desk) raise(who context.Context, f feedback.Fault) feedback.Feedback {
	d.t.Helper()
	r, err := d.Flag(who, f)
	require.NoError(d.t, err)
	return r
}

func (d *desk) advance(by time.Duration) {
	d.t.Helper()
	require.NoError(d.t, d.clock.Advance(d.root, by))
}

func (d *desk) rating(article itsm.Ref) feedback.Rating {
	d.t.Helper()
	r, err := d.Rating(d.root, article)
	require.NoError(d.t, err)
	return r
}

// portal is a program that acts for a requester, or for nobody.
func portal(person string) context.Context {
	return itsm.WithActor(context.Background(), itsm.Actor{
		ID: "portal", Tenant: itsmtest.Tenant, Kind: itsm.Integration, OnBehalfOf: person, Roles: []itsm.Role{itsm.Requester},
	})
}
