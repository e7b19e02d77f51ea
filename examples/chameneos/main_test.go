package main

import (
	"strings"
	"testing"

	fibers "github.com/seed222ee791/fibers/runtime"
)

func TestChameneos(t *testing.T) {
	const want = "blue + blue -> blue\n" +
		"blue + red -> yellow\n" +
		"blue + yellow -> red\n" +
		"red + blue -> yellow\n" +
		"red + red -> red\n" +
		"red + yellow -> blue\n" +
		"yellow + blue -> red\n" +
		"yellow + red -> blue\n" +
		"yellow + yellow -> yellow\n" +
		"3 creatures were met 12000 times, themselves 0\n" +
		"10 creatures were met 12000 times, themselves 0\n"
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
