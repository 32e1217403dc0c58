module github.com/itsmkit/itsmkit/calendar/holidays

go 1.26.0

require (
	github.com/itsmkit/itsmkit v0.0.0
	github.com/rickar/cal/v2 v2.1.26
	github.com/stretchr/testify v1.12.1
	pgregory.net/rapid v1.3.0
)

require go.yaml.in/yaml/v3 v3.0.5 // indirect

replace github.com/itsmkit/itsmkit => ../..
