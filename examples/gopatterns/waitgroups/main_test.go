package main

import (
	"testing"

	"github.com/seed222ee791/fibers/examples/internal/prints"
)

func TestWaitGroups(t *testing.T) {
	const want = "5 of 10\n" +
		"10 of 10\n" +
		"[0 1 4 9 16 25 36 49 64 81]\n"
	prints.Always(t, run, want)
}
