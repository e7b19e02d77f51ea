package main

import (
	"testing"

	"github.com/seed222ee791/fibers/examples/internal/prints"
)

func TestTimeout(t *testing.T) {
	const want = "lock: timeout\n" +
		"wait group: timeout\n" +
		"semaphore: timeout\n" +
		"barrier: timeout\n" +
		"event: timeout\n" +
		"place: timeout\n" +
		"full queue: timeout\n" +
		"channel: timeout\n" +
		"task: timeout\n" +
		"context: timeout\n" +
		"all of that: timeout\n" +
		"a longer one: timeout\n" +
		"the lock is free: true\n" +
		"the semaphore is free: true\n" +
		"in the queue: 0\n" +
		"somebody puts: false\n" +
		"lock: <nil>\n" +
		"wait group: <nil>\n" +
		"event: <nil>\n" +
		"full queue: <nil>\n"
	prints.Always(t, run, want)
}
