package indexing

import "github.com/itsmkit/itsmkit/search"

// Together is an index that several indexers of one process share.
func Together(index search.Index) Shared { return &local{Index: index} }
