//go:build model

package worksteal_test

import (
	"fmt"
	"testing"

	"github.com/seed222ee791/fibers/internal/simsched"
)

// explore runs all orders of a scenario, the borders of operations included.
func explore(t *testing.T, s func() (actors []func(), after func())) {
	begun, ended = simsched.Opens, simsched.Closes
	defer func() { begun, ended = nil, nil }()
	simsched.Explore(t, func() ([]func(), func(simsched.End)) {
		actors, after := s()
		return actors, func(simsched.End) { after() }
	})
}

// judge checks each history once, and counts what came out.
type judge struct {
	t    *testing.T
	seen map[string]bool
	out  map[string]int
}

func newJudge(t *testing.T) *judge {
	return &judge{t, map[string]bool{}, map[string]int{}}
}

func (j *judge) check(cs []*client) {
	s := story(cs)
	if !j.seen[s] {
		j.seen[s] = true
		if !linear(cs) {
			j.t.Fatalf("no order explains\n%s", s)
		}
	}
}

// reached fails the test if one of the outcomes never came: then the scenario
// does not show what it is meant to.
func (j *judge) reached(names ...string) {
	j.t.Log(len(j.seen), "histories,", fmt.Sprint(j.out))
	for _, name := range names {
		if j.out[name] == 0 {
			j.t.Errorf("outcome %q was never reached", name)
		}
	}
}
