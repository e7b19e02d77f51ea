package main

import (
	"testing"

	"github.com/seed222ee791/fibers/examples/internal/prints"
)

const want = "0 is given up\n" +
	"1 is answered\n" +
	"2 is answered\n" +
	"3 is answered\n" +
	"4 is answered\n" +
	"5 is given up\n" +
	"9 connections opened\n" +
	"more than there should be: false\n"

func TestPool(t *testing.T) {
	prints.Always(t, run, want)
}

// TestPoolSimulated runs it in many schedules.
func TestPoolSimulated(t *testing.T) {
	prints.InSchedules(t, run, want, 20)
}
