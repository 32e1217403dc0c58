module github.com/itsmkit/itsmkit/examples

go 1.26

require github.com/itsmkit/itsmkit v0.0.0

replace github.com/itsmkit/itsmkit => ../
