package main

import (
	"testing"

	"github.com/seed222ee791/fibers/examples/internal/prints"
)

func TestTimeouts(t *testing.T) {
	const want = "message 1 true\n" +
		"somebody who is silent: false\n" +
		"message 1\n" +
		"message 2\n" +
		"message 3\n" +
		"it became silent\n" +
		"cut off, not too early: true\n"
	prints.Always(t, run, want)
}
