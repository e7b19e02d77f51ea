package main

import (
	"testing"

	"github.com/seed222ee791/fibers/examples/internal/prints"
)

const want = "different seats sold: 100\n" +
	"seats left: 20\n"

func TestRPC(t *testing.T) {
	prints.Always(t, run, want)
}

// TestRPCSimulated runs it in many schedules.
func TestRPCSimulated(t *testing.T) {
	prints.InSchedules(t, run, want, 20)
}
