package change

import (
	"fmt"
	"slices"
	"strings"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
)

// Criterion says when a change is a success. At the review each is judged, with evidence.
type Criterion struct {
	Name     string `json:"name"`
	Judged   bool   `json:"judged,omitempty"`
	Met      bool   `json:"met,omitempty"`
	Evidence string `json:"evidence,omitempty"`
}

// Criteria are a change's success criteria.
type Criteria = field.Packed[[]Criterion]

const maxCriteria = 50

func checkCriteria(list []Criterion) error {
	if len(list) > maxCriteria {
		return itsm.Invalid("criteria", fmt.Sprintf("a change has up to %d criteria", maxCriteria))
	}
	for i, c := range list {
		if strings.TrimSpace(c.Name) == "" {
			return itsm.Invalid("criteria", "say what a criterion is")
		}
		if slices.ContainsFunc(list[:i], func(o Criterion) bool { return o.Name == c.Name }) {
			return itsm.Invalid("criteria", "the criterion "+c.Name+" stands there twice")
		}
	}
	return nil
}

// ticked judges a criterion, also anew.
func ticked(_ *itsm.Unit, c *Change, t Tick) (err error) {
	list := c.Criteria.Get()
	i := slices.IndexFunc(list, func(k Criterion) bool { return k.Name == t.Criterion })
	if i < 0 {
		return itsm.Invalid("criterion", "the change has no criterion "+t.Criterion)
	}
	list[i].Judged, list[i].Met, list[i].Evidence = true, t.Met, t.Evidence
	c.Criteria, err = field.Pack(list)
	return err
}
