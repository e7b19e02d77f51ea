package main

import (
	"testing"

	"github.com/seed222ee791/fibers/examples/internal/prints"
)

func TestFanIn(t *testing.T) {
	const want = "ann [1 2 3 4 5]\n" +
		"bob [1 2 3 4 5]\n" +
		"cyd [1 2 3 4 5]\n"
	prints.Always(t, run, want)
}
