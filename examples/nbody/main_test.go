package main

import (
	"fmt"
	"math"
	"strings"
	"testing"

	fibers "github.com/seed222ee791/fibers/runtime"
)

// Energy is conserved, and every run prints the same digits.
func TestNbody(t *testing.T) {
	var first string
	for range 3 {
		var b strings.Builder
		if err := run(&b, 100, 50); err != nil {
			t.Fatal(err)
		}
		var energies []float64
		for line := range strings.Lines(b.String()) {
			var step int
			var energy float64
			if _, err := fmt.Sscanf(line, "step %d: energy %g", &step, &energy); err != nil {
				t.Fatalf("line %q: %v", line, err)
			}
			energies = append(energies, energy)
		}
		if len(energies) != 6 {
			t.Fatalf("%d energies", len(energies))
		}
		for i, e := range energies {
			if e >= 0 || math.Abs(e/energies[0]-1) > 1e-5 {
				t.Errorf("energy %d is %g, at the beginning %g", i, e, energies[0])
			}
		}
		if first == "" {
			first = b.String()
		} else if b.String() != first {
			t.Errorf("one run prints\n%sanother\n%s", first, b.String())
		}
	}
}

// Two bodies fall towards each other, in mirror images.
func TestTwoBodies(t *testing.T) {
	err := fibers.Run(func() {
		s := newSystem(2)
		s.at[0], s.at[1] = vector{-1, 0, 0}, vector{1, 0, 0}
		s.attract()
		before := s.energy()
		for range 100 {
			s.step(0.001)
		}
		if s.at[0].x <= -1 || s.at[0].x != -s.at[1].x || s.at[0].y != 0 {
			t.Errorf("they are at %v and %v", s.at[0], s.at[1])
		}
		if after := s.energy(); math.Abs(after/before-1) > 1e-9 {
			t.Errorf("energy %g, before %g", after, before)
		}
	})
	if err != nil {
		t.Error(err)
	}
}

func TestNbodyMisuse(t *testing.T) {
	if err := run(&strings.Builder{}, 0, 1); err == nil {
		t.Error("no bodies: no error")
	}
}
