package main

import (
	"testing"

	"github.com/seed222ee791/fibers/examples/internal/prints"
)

func TestSelectDefault(t *testing.T) {
	const want = "2 lines dropped\n" +
		"line 0\n" +
		"line 1\n" +
		"line 2\n" +
		"nothing new\n" +
		"alarm\n"
	prints.Always(t, run, want)
}
