package consultation

import "github.com/itsmkit/itsmkit/itsm"

// Share is a part of some records, which it names.
type Share struct {
	// Part are those that count, and Of all that are looked at, in the order in which they were given.
	Part []itsm.Ref `json:"part"`
	Of   []itsm.Ref `json:"of"`
}

// Value is the share, 0 to 1; false where there is nothing to look at.
func (s Share) Value() (float64, bool) {
	if len(s.Of) == 0 {
		return 0, false
	}
	return float64(len(s.Part)) / float64(len(s.Of)), true
}

// count looks at a record.
func (s *Share) count(ref itsm.Ref, counts bool) {
	s.Of = append(s.Of, ref)
	if counts {
		s.Part = append(s.Part, ref)
	}
}

// Deflection is how many who searched in self-service needed no ticket. With S solved, T ended in a ticket, A abandoned,
// O of these after something was opened, and D dismissed, N = S + T + A + D are those that ended. Open ones are not looked
// at, and neither are those of other purposes.
type Deflection struct {
	// Strict is S / N: they say that they were helped.
	Strict Share `json:"strict"`
	// Lenient is (S + O) / N: they say so, or read something and did not come back. It flatters: somebody who gave up
	// after reading is among them.
	Lenient Share `json:"lenient"`
	// Tickets is T / N, and Dismissed D / N. With A / N they and Strict come to 1.
	Tickets   Share `json:"tickets"`
	Abandoned Share `json:"abandoned"`
	Dismissed Share `json:"dismissed"`
}

// Deflect computes it.
func Deflect(list []Consultation) Deflection {
	var d Deflection
	for i := range list {
		c := &list[i]
		if c.Purpose != SelfService || c.State == StateOpen {
			continue
		}
		ref, solved, abandoned := c.Ref(), c.State == StateSolved, c.State == StateAbandoned
		d.Strict.count(ref, solved)
		d.Lenient.count(ref, solved || abandoned && len(c.Opened) > 0)
		d.Tickets.count(ref, c.State == StateTicket)
		d.Abandoned.count(ref, abandoned)
		d.Dismissed.count(ref, c.State == StateDismissed)
	}
	return d
}

// Usefulness is of what use suggestions are. It looks at consultations that ended.
type Usefulness struct {
	Purpose Purpose `json:"purpose"`
	// Found is the share of consultations with a suggestion at all.
	Found Share `json:"found"`
	// Opened and Taken are the shares, of consultations with a suggestion, of those in which one was opened and taken.
	Opened Share `json:"opened"`
	Taken  Share `json:"taken"`
	// Positions are the shares of those in which the first, second, … suggestion was taken, of those that showed so many.
	Positions []Share `json:"positions,omitempty"`
	// MeanReciprocalRank is the mean of 1/position of what was taken, 0 where nothing was, over the consultations of Taken: 1
	// where always the first is taken. (E. M. Voorhees, The TREC-8 Question Answering Track Report, 1999.) It is 0 where
	// there is none.
	MeanReciprocalRank float64 `json:"mean_reciprocal_rank"`
}

// Use computes it for each purpose that occurs, in the order of [Purposes].
func Use(list []Consultation) []Usefulness {
	by := map[Purpose]*Usefulness{}
	for i := range list {
		c := &list[i]
		if c.State == StateOpen {
			continue
		}
		if by[c.Purpose] == nil {
			by[c.Purpose] = &Usefulness{Purpose: c.Purpose}
		}
		by[c.Purpose].count(c)
	}
	var all []Usefulness
	for _, p := range Purposes() {
		if u := by[p]; u != nil {
			if n := len(u.Taken.Of); n > 0 {
				u.MeanReciprocalRank /= float64(n) // it was their sum
			}
			all = append(all, *u)
		}
	}
	return all
}

func (u *Usefulness) count(c *Consultation) {
	ref, shown := c.Ref(), c.Shown.Get()
	u.Found.count(ref, len(shown) > 0)
	if len(shown) == 0 {
		return
	}
	taken := position(shown, c.Taken)
	u.Opened.count(ref, len(c.Opened) > 0)
	u.Taken.count(ref, taken > 0)
	if taken > 0 {
		u.MeanReciprocalRank += 1 / float64(taken)
	}
	for len(u.Positions) < len(shown) {
		u.Positions = append(u.Positions, Share{})
	}
	for i := range shown {
		u.Positions[i].count(ref, i+1 == taken)
	}
}
