package main

import (
	"strings"
	"testing"

	fibers "github.com/seed222ee791/fibers/runtime"
)

func TestTimeouts(t *testing.T) {
	const want = "message 1 true\n" +
		"somebody who is silent: false\n" +
		"message 1\n" +
		"message 2\n" +
		"message 3\n" +
		"it became silent\n" +
		"cut off, not too early: true\n"
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
