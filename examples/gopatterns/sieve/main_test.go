package main

import (
	"testing"

	"github.com/seed222ee791/fibers/examples/internal/prints"
)

func TestSieve(t *testing.T) {
	const want = "[2 3 5 7 11 13 17 19 23 29 31 37 41 43 47 53 59 61 67 71]\n"
	prints.Always(t, run, want)
}
