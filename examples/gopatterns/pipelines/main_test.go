package main

import (
	"strings"
	"testing"

	fibers "github.com/seed222ee791/fibers/runtime"
)

func TestPipelines(t *testing.T) {
	const want = "sum of the odd squares: 166650\n" +
		"the first odd square above 1000: 1089\n" +
		"the source stops: no more wanted\n"
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
