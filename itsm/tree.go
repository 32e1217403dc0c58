package itsm

import "github.com/itsmkit/itsmkit/lifecycle"

// The codes of refusals to hang a record under another.
const (
	ReasonHasParent lifecycle.Code = "has_parent" // it hangs under another already
	ReasonCycle     lifecycle.Code = "cycle"      // it would hang under itself
	ReasonTooDeep   lifecycle.Code = "too_deep"   // there are more than 64 above it
)

// maxAbove bounds how deep a tree is, and with it what it costs to look for a cycle.
const maxAbove = 64

// hang keeps the parent, or the number of children, of the record at hand in step with a new link of it.
func (u *Unit) hang(l Link) error {
	u.touch.begin(u)
	ticket := TicketOf(u.touch.after)
	if ticket == nil {
		return nil
	}
	switch l.Name {
	case ParentOf.Name:
		ticket.Children++
	case DuplicateOf.Inverse:
		ticket.Duplicates++
	case ParentOf.Inverse:
		if reason := u.mayHang(ticket, l.To); reason != nil {
			return &lifecycle.Refusal{Lifecycle: ticket.Kind, State: ticket.State, Trigger: TriggerLinked, Reasons: []lifecycle.Reason{*reason}}
		}
		ticket.Parent = l.To
	}
	return nil
}

// mayHang looks at all that is above the parent. The transaction then depends on them, so that two links made at once
// make no cycle either.
func (u *Unit) mayHang(ticket *Ticket, parent Ref) *lifecycle.Reason {
	args := map[string]string{"parent": parent.String()}
	if !ticket.Parent.IsZero() {
		return &lifecycle.Reason{Code: ReasonHasParent, Args: map[string]string{"parent": ticket.Parent.String()}}
	}
	for above := 0; !parent.IsZero(); above++ {
		if parent == ticket.Ref() {
			return &lifecycle.Reason{Code: ReasonCycle, Args: args}
		}
		if above == maxAbove {
			return &lifecycle.Reason{Code: ReasonTooDeep, Args: args}
		}
		t, err := u.tx.reach(Key{Tenant: ticket.Tenant, Kind: parent.Kind, ID: parent.ID})
		if err != nil {
			return nil // what does not exist hangs under nothing
		}
		next := TicketOf(t.current())
		if next == nil {
			return nil
		}
		parent = next.Parent
	}
	return nil
}

func (u *Unit) unhang(l Link) {
	u.touch.begin(u)
	ticket := TicketOf(u.touch.after)
	switch {
	case ticket == nil:
	case l.Name == ParentOf.Name:
		ticket.Children--
	case l.Name == DuplicateOf.Inverse:
		ticket.Duplicates--
	case l.Name == ParentOf.Inverse:
		ticket.Parent = Ref{}
	}
}
