package memory

import (
	"cmp"
	"slices"
	"strings"

	"github.com/itsmkit/itsmkit/itsm"
)

// receipt is what an idempotency key did, from one commit to another.
type receipt struct {
	itsm.Receipt
	commit int64
	gone   int64 // 0 while it is there
	before *receipt
}

type receiptName struct{ command, key string }

func nameOf(k itsm.ReceiptKey) (itsm.ActorKey, receiptName) {
	return itsm.ActorKey{Tenant: k.Tenant, Actor: k.Actor}, receiptName{k.Command, k.Key}
}

// expiry is a receipt in the order in which receipts expire.
type expiry struct {
	at int64
	itsm.ReceiptKey
}

func (a expiry) compare(b expiry) int {
	return cmp.Or(cmp.Compare(a.at, b.at),
		strings.Compare(a.Tenant, b.Tenant), strings.Compare(a.Actor, b.Actor),
		strings.Compare(a.Command, b.Command), strings.Compare(a.Key, b.Key))
}

// receiptAt answers the receipt that a snapshot of a commit sees.
func (s *Store) receiptAt(key itsm.ReceiptKey, commit int64) *receipt {
	actor, name := nameOf(key)
	r := s.receipts[actor][name]
	for r != nil && r.commit > commit {
		r = r.before
	}
	if r == nil || r.gone != 0 && r.gone <= commit {
		return nil
	}
	return r
}

// expiredBy reports whether the store may forget the receipt at an instant.
func (r *receipt) expiredBy(at int64) bool {
	return !r.Expires.IsZero() && nanoseconds(r.Expires) <= at
}

// forgetAtOnce is how many expired receipts a new one makes the store forget.
const forgetAtOnce = 4

func (s *Store) addReceipt(r itsm.Receipt) {
	now := nanoseconds(r.At)
	for range forgetAtOnce {
		first, ok := s.expiring.min()
		if !ok || first.at > now {
			break
		}
		s.dropReceipt(s.receiptAt(first.ReceiptKey, s.views.next))
	}
	if old := s.receiptAt(r.ReceiptKey, s.views.next); old != nil {
		s.dropReceipt(old)
	}
	actor, name := nameOf(r.ReceiptKey)
	if s.receipts[actor] == nil {
		s.receipts[actor] = map[receiptName]*receipt{}
	}
	s.receipts[actor][name] = &receipt{Receipt: r, commit: s.views.next, before: s.receipts[actor][name]}
	if !r.Expires.IsZero() {
		s.expiring.set(expiry{nanoseconds(r.Expires), r.ReceiptKey})
	}
}

// dropReceipt ends a receipt that is there, with this commit.
func (s *Store) dropReceipt(r *receipt) {
	if !r.Expires.IsZero() {
		s.expiring.remove(expiry{nanoseconds(r.Expires), r.ReceiptKey})
	}
	r.gone = s.views.next
	if s.views.newest < 0 {
		r.release(s, s.views.next)
		return
	}
	s.retired.add(s.views.next, r)
}

// release drops the links of the key's chain that were gone for the oldest snapshot; those behind them were gone before.
func (r *receipt) release(s *Store, oldest int64) {
	actor, name := nameOf(r.ReceiptKey)
	names := s.receipts[actor]
	link := names[name]
	if link == nil {
		return
	}
	if link.gone != 0 && link.gone <= oldest {
		delete(names, name)
		if len(names) == 0 {
			delete(s.receipts, actor)
		}
		return
	}
	for ; link.before != nil; link = link.before {
		if link.before.gone <= oldest {
			link.before = nil
			return
		}
	}
}

func (s *Store) forget(actor itsm.ActorKey) {
	for _, r := range s.receipts[actor] {
		if r.gone == 0 {
			s.dropReceipt(r)
		}
	}
}

// subscription is a subscriber's row as of a commit.
type subscription struct {
	itsm.Subscription
	commit int64
	before *subscription
}

func (s *Store) subscriptionAt(name string, commit int64) itsm.Subscription {
	sub := s.subscriptions[name]
	for sub != nil && sub.commit > commit {
		sub = sub.before
	}
	if sub == nil {
		return itsm.Subscription{}
	}
	return sub.Subscription
}

func (s *Store) setSubscription(w *itsm.Subscription) {
	next := &subscription{Subscription: *w, commit: s.views.next}
	next.Parked = slices.Clone(w.Parked)
	if old := s.subscriptions[w.Name]; old != nil {
		if next.before = old; old.commit <= s.views.newest {
			s.retired.add(s.views.next, next)
		} else {
			next.before = old.before
		}
	}
	s.subscriptions[w.Name] = next
}

// release lets go of the rows before the one that the oldest snapshot sees.
func (sub *subscription) release(s *Store, oldest int64) {
	for at := s.subscriptions[sub.Name]; at != nil; at = at.before {
		if at.commit <= oldest {
			at.before = nil
			return
		}
	}
}
