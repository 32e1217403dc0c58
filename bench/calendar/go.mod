// Benchmarks against another library. The module stays out of go.work, so
// that what we compare with is never part of what the library builds with.
module github.com/itsmkit/itsmkit/bench/calendar

go 1.26.0

require (
	github.com/itsmkit/itsmkit v0.0.0
	github.com/rickar/cal/v2 v2.1.13
	github.com/stretchr/testify v1.12.1
)

require go.yaml.in/yaml/v3 v3.0.5 // indirect

replace github.com/itsmkit/itsmkit => ../../
