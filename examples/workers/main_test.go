package main

import (
	"testing"

	"github.com/seed222ee791/fibers/examples/internal/prints"
)

func TestWorkers(t *testing.T) {
	const want = "30 jobs done, 9 restarts, error: <nil>\n" +
		"0 jobs done, 3 restarts, error: failed too often: panic: the impossible has run into a bug\n"
	prints.Always(t, run, want)
}
