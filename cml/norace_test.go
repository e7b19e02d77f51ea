//go:build !race

package cml_test

const raceEnabled = false
