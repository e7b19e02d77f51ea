package main

import (
	"testing"

	"github.com/seed222ee791/fibers/examples/internal/prints"
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
	prints.Always(t, run, want)
}
