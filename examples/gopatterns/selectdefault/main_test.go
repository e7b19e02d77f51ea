package main

import (
	"strings"
	"testing"

	fibers "github.com/seed222ee791/fibers/runtime"
)

func TestSelectDefault(t *testing.T) {
	const want = "2 lines dropped\n" +
		"line 0\n" +
		"line 1\n" +
		"line 2\n" +
		"nothing new\n" +
		"alarm\n"
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
