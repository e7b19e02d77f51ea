package main

import (
	"testing"

	"github.com/seed222ee791/fibers/examples/internal/prints"
)

func TestPipelines(t *testing.T) {
	const want = "sum of the odd squares: 166650\n" +
		"the first odd square above 1000: 1089\n" +
		"the source stops: no more wanted\n"
	prints.Always(t, run, want)
}
