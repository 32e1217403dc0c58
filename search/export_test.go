package search

// Room is how many documents a memory keeps, those that are there no more included.
func Room(m *Memory) (n int) {
	for _, shelves := range m.tenants {
		for _, s := range shelves {
			n += len(s.docs)
		}
	}
	return n
}
