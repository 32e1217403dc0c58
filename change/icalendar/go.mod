module github.com/itsmkit/itsmkit/change/icalendar

go 1.26.0

require (
	github.com/arran4/golang-ical v0.3.4
	github.com/itsmkit/itsmkit v0.0.0
	github.com/itsmkit/itsmkit/calendar/ical v0.0.0
	github.com/stretchr/testify v1.12.1
	pgregory.net/rapid v1.3.0
)

require (
	github.com/blevesearch/snowballstem v0.9.0 // indirect
	github.com/qmuntal/stateless v1.7.2 // indirect
	github.com/robfig/cron/v3 v3.0.1 // indirect
	go.yaml.in/yaml/v3 v3.0.5 // indirect
)

replace (
	github.com/itsmkit/itsmkit => ../..
	github.com/itsmkit/itsmkit/calendar/ical => ../../calendar/ical
)
