package main

import (
	"strings"
	"testing"

	fibers "github.com/seed222ee791/fibers/runtime"
)

func TestPool(t *testing.T) {
	const want = "0 is given up\n" +
		"1 is answered\n" +
		"2 is answered\n" +
		"3 is answered\n" +
		"4 is answered\n" +
		"5 is given up\n" +
		"9 connections opened\n" +
		"more than there should be: false\n"
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
