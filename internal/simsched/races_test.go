package simsched

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/seed222ee791/fibers/internal/wait"
)

// histories returns what happened before what in each run of a scenario, and how
// many runs had the same.
func histories(t *testing.T, s Scenario, opts ...Option) map[string]int {
	seen := map[string]int{}
	Explore(t, func() ([]func(), func(End)) {
		actors, after := s()
		return actors, func(end End) {
			after(end)
			e, h := exploring, ""
			for i := range len(e.actors) + 1 {
				for _, p := range e.past {
					if p.actor == i {
						h += fmt.Sprint(i, p.clock[:len(e.actors)+1])
					}
				}
			}
			seen[h]++
		}
	}, opts...)
	return seen
}

// random returns a scenario of random steps, of two actors or three, of at most so many steps each.
func random(rng *rand.Rand, steps string, most int) (Scenario, string) {
	var scripts []string
	for range 2 + rng.IntN(2) {
		script := ""
		for range 1 + rng.IntN(most) {
			script += string(steps[rng.IntN(len(steps))])
		}
		scripts = append(scripts, script)
	}
	return func() ([]func(), func(End)) {
		var x, y Uint32
		var a, b Mutex
		var c TryMutex
		var actors []func()
		var waiters [3]wait.Waiter
		for i, script := range scripts {
			waiters[i] = exploring.actors[i].waiter
			actors = append(actors, func() {
				held, tried := 0, false
				for _, step := range script {
					switch step {
					case 'r':
						x.Load()
					case 'w':
						x.Add(1)
					case 'R':
						y.Load()
					case 'W':
						y.Add(1)
					case 'o':
						Opens()
					case 'c':
						Closes()
					case 'L', 'M':
						if held == 2 {
							continue // until the end
						}
						if m := []*Mutex{&a, &b}[(i+held)%2]; true {
							m.Lock()
							defer m.Unlock()
						}
						held++
					case 'T':
						if !tried && c.TryLock() {
							defer c.Unlock()
							tried = true
						}
					case 'k':
						if !tried {
							c.Lock()
							c.Unlock() //lint:ignore SA2001 it is a step
						}
					case 'p':
						wait.Current().Park(wait.None)
					case 'u':
						waiters[(i+1)%len(scripts)].Unpark()
					}
				}
			})
		}
		return actors, func(End) {}
	}, fmt.Sprint(scripts)
}

// The reduction finds every history that a search without it finds, and most only
// once.
func TestReductionModel(t *testing.T) {
	all := func(e *explorer) { e.reduce = false }
	for seed := range uint64(1600) {
		rng := rand.New(rand.NewPCG(seed, 1))
		s, scripts := random(rng, "rwRWocLMpu", 4)
		if seed >= 1500 { // a lock that is tried takes more steps
			s, scripts = random(rng, "rwTTkp", 2)
		}
		var opts []Option
		if seed%4 == 0 {
			opts = append(opts, Freeze(0))
			scripts += ", the first may freeze"
		}
		want := histories(t, s, append(opts, all)...)
		got := histories(t, s, opts...)
		for h := range want {
			if got[h] == 0 {
				t.Fatalf("%s: a history is missing of %d: %s", scripts, len(want), h)
			}
		}
		if len(got) != len(want) {
			t.Fatalf("%s: %d histories, not %d", scripts, len(got), len(want))
		}
	}
}
