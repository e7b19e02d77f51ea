package main

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	fibers "github.com/seed222ee791/fibers/runtime"
)

func TestLines(t *testing.T) {
	for in, want := range map[string]string{
		"":                "",
		"b\na\n":          "a\nb\n",
		"pear\nfig\nfig":  "fig\nfig\npear\n",
		"3\n2\n1\n\n0\n2": "\n0\n1\n2\n2\n3\n",
	} {
		var b strings.Builder
		if err := run(strings.NewReader(in), &b); err != nil || b.String() != want {
			t.Errorf("of %q it makes %q, %v", in, b.String(), err)
		}
	}
	if err := run(iotest.ErrReader(errors.New("no input")), &strings.Builder{}); err == nil {
		t.Error("an error of the input is not returned")
	}
}

func TestQuicksort(t *testing.T) {
	inputs := map[string][]int{
		"random":    rand.Perm(100_000),
		"ascending": make([]int, 10_000),
		"equal":     make([]int, 10_000),
		"few":       make([]int, 10_000),
	}
	for i := range 10_000 {
		inputs["ascending"][i] = i
		inputs["few"][i] = i % 3
	}
	err := fibers.Run(func() {
		for name, s := range inputs {
			want := slices.Sorted(slices.Values(s))
			if quicksort(s); !slices.Equal(s, want) {
				t.Errorf("%s numbers are not sorted", name)
			}
		}
	})
	if err != nil {
		t.Error(err)
	}
}
