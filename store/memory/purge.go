package memory

// purge takes away all that hangs on an entry. The entry itself stays, empty: the feed, the indexes and open snapshots
// call it by its place.
func (s *Store) purge(e *entry) {
	s.begin(e)
	for i := range e.timers {
		s.timers.drop(e, &e.timers[i])
	}
	for i := range e.rows {
		for _, row := range e.rows[i].list {
			s.forgetRow(e, row)
		}
	}
	e.purged += len(e.events)
	e.record, e.events, e.rows, e.timers = nil, nil, nil, nil
	e.touch()
	for o := &e.owned; o != nil; o = o.next {
		for _, of := range o.list {
			if of.record != nil {
				s.purge(of)
			}
		}
	}
	if e.before == nil {
		e.owned = owned{}
	}
}

// touch says that the indexes do not know the entry's record.
func (e *entry) touch() {
	if !e.dirty {
		e.dirty = true
		e.table.dirty = append(e.table.dirty, e)
	}
}
