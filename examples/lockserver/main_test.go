package main

import (
	"testing"

	"github.com/seed222ee791/fibers/examples/internal/prints"
)

const want = "changes made: 2000\n" +
	"a second holder: false\n"

func TestLockServer(t *testing.T) {
	prints.Always(t, run, want)
}

// TestLockServerSimulated runs it in many schedules.
func TestLockServerSimulated(t *testing.T) {
	prints.InSchedules(t, run, want, 4)
}
