package main

import (
	"testing"

	"github.com/seed222ee791/fibers/examples/internal/prints"
)

func TestPingPong(t *testing.T) {
	const want = "ping 1\n" +
		"pong 2\n" +
		"ping 3\n" +
		"pong 4\n" +
		"ping 5\n" +
		"pong 6\n" +
		"6 hits\n"
	prints.Always(t, run, want)
}
