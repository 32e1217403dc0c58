// Package house holds the rules of this repository as tests: who may read the
// machine clock, which package may import which, what the feature list
// promises. It exports nothing and is part of no build.
//
// A rule is a function from the tree of files to its breaches. TestRepository
// applies every rule to the checkout; beside each rule a test on a small tree
// in memory shows that the rule can fail.
package house
