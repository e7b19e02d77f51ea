//go:build race

package cml_test

const raceEnabled = true
