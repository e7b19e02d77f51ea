package main

import (
	"testing"

	"github.com/seed222ee791/fibers/examples/internal/prints"
)

func TestCancellation(t *testing.T) {
	const want = "seven fibers have ended: found\n" +
		"nothing was received: closing time\n"
	prints.Always(t, run, want)
}
