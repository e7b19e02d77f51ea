package main

import (
	"strings"
	"testing"
)

func TestHello(t *testing.T) {
	var b strings.Builder
	if err := run(&b); err != nil {
		t.Fatal(err)
	}
	const want = "hello from a fiber\nfib(20) = 6765\n1000 visits\n"
	if b.String() != want {
		t.Errorf("it writes\n%swant\n%s", b.String(), want)
	}
}
