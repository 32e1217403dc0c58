package assignment

import (
	"time"

	"github.com/itsmkit/itsmkit/calendar"
)

// shifts answers for a group and a person which calendars they have; the person "" is everybody else.
type shifts map[string]map[string][]*calendar.Calendar

func shiftsOf(list []Shift) shifts {
	all := shifts{}
	for _, s := range list {
		if all[s.Group] == nil {
			all[s.Group] = map[string][]*calendar.Calendar{}
		}
		members := s.Members
		if len(members) == 0 {
			members = []string{""}
		}
		for _, m := range members {
			all[s.Group][m] = append(all[s.Group][m], s.Calendar)
		}
	}
	return all
}

// on reports whether a member of a group is given tickets at an instant.
func (s shifts) on(group, person string, at time.Time) bool {
	of := s[group]
	calendars, named := of[person]
	if !named {
		calendars = of[""]
	}
	for _, c := range calendars {
		if c.Contains(at) {
			return true
		}
	}
	return len(calendars) == 0
}
