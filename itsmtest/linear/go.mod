module github.com/itsmkit/itsmkit/itsmtest/linear

go 1.26

require (
	github.com/anishathalye/porcupine v1.3.1
	github.com/itsmkit/itsmkit v0.0.0
)

require github.com/qmuntal/stateless v1.7.2 // indirect

replace github.com/itsmkit/itsmkit => ../../
