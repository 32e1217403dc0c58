package postgres

// SetPrime changes how many documents are looked at before words are left out.
func (x *Index) SetPrime(n int) { x.prime = n }
