package main

import (
	"testing"

	"github.com/seed222ee791/fibers/examples/internal/prints"
)

func TestSelect(t *testing.T) {
	const want = "75 yes, 25 no\n"
	prints.Always(t, run, want)
}
