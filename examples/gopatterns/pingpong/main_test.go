package main

import (
	"strings"
	"testing"

	fibers "github.com/seed222ee791/fibers/runtime"
)

func TestPingPong(t *testing.T) {
	const want = "ping 1\n" +
		"pong 2\n" +
		"ping 3\n" +
		"pong 4\n" +
		"ping 5\n" +
		"pong 6\n" +
		"6 hits\n"
	for _, schedulers := range []int{1, 2, 8} {
		var b strings.Builder
		if err := run(&b, fibers.WithSchedulers(schedulers)); err != nil {
			t.Fatal(err)
		}
		if b.String() != want {
			t.Errorf("with %d schedulers it writes\n%swant\n%s", schedulers, b.String(), want)
		}
	}
}
