module github.com/itsmkit/itsmkit

go 1.26

require (
	github.com/blevesearch/snowballstem v0.9.0
	github.com/qmuntal/stateless v1.7.2
	github.com/robfig/cron/v3 v3.0.1
	github.com/stretchr/testify v1.12.1
	pgregory.net/rapid v1.3.0
)

require go.yaml.in/yaml/v3 v3.0.5 // indirect
