//go:build model

package worksteal_test

import (
	"fmt"
	"iter"
	"math/bits"
	"testing"
	"unsafe"

	"github.com/seed222ee791/fibers/worksteal"
)

// The interleaver. Each actor of a scenario is a coroutine that stops before
// every access to an atomic word of the package, and at the borders of each
// operation it records. A depth-first search runs the scenario once for every
// order of those steps, up to the exchange of neighbouring steps that do not
// touch each other (sleep sets, Godefroid 1996): of orders that differ only
// by such exchanges at least one is run. Atomics in Go are sequentially
// consistent, so these are all the executions there are.

// step is what an actor will do next.
type step struct {
	at     unsafe.Pointer
	write  bool
	border int // 0, or opens or closes
}

const opens, closes = 1, 2

// meets reports whether the order of a and b matters. Borders: whether an
// operation returns before another is called is what linearizability is about.
func (a step) meets(b step) bool {
	if a.border != 0 || b.border != 0 {
		return a.border+b.border == opens+closes && a.border != 0 && b.border != 0
	}
	return a.at == b.at && (a.write || b.write)
}

type actor struct {
	yield func(step) bool
	next  func() (step, bool)
	stop  func()
	todo  step
	alive bool
}

// scenario makes a new world: its actors, and what is done after they ended.
type scenario func() (actors []func(), after func())

type interleaver struct {
	actors  []*actor
	running *actor // nil: nobody is observed
	path    []frame
	runs    int // to the end
	cut     int // known before the end to repeat others
}

// frame is one place of the search: sets of actors, as bits.
type frame struct {
	alive, sleep uint
	chosen       int
}

func (w *interleaver) stop(s step) {
	if a := w.running; a != nil && !a.yield(s) {
		w.running = nil
	}
}

// advance lets actor i do its step and come to the next.
func (w *interleaver) advance(i int) {
	a := w.actors[i]
	w.running = a
	a.todo, a.alive = a.next()
	w.running = nil
}

// explore runs all orders of s.
func explore(t *testing.T, s scenario) *interleaver {
	w := &interleaver{}
	worksteal.Observe(func(at unsafe.Pointer, write bool) { w.stop(step{at: at, write: write}) })
	begun = func() { w.stop(step{border: opens}) }
	ended = func() { w.stop(step{border: closes}) }
	defer func() {
		worksteal.Observe(nil)
		begun, ended = nil, nil
	}()
	for {
		w.run(s)
		if w.runs+w.cut > 3_000_000 {
			t.Fatal("scenario is too large")
		}
		for { // go back to the last place where there is another choice
			n := len(w.path)
			if n == 0 {
				t.Logf("%d orders, %d more cut short", w.runs, w.cut)
				return w
			}
			f := &w.path[n-1]
			f.sleep |= 1 << f.chosen
			if rest := f.alive &^ f.sleep; rest != 0 {
				f.chosen = bits.TrailingZeros(rest)
				break
			}
			w.path = w.path[:n-1]
		}
	}
}

// run follows the path, and beyond its end the first choices there are.
func (w *interleaver) run(s scenario) {
	bodies, after := s()
	w.actors = w.actors[:0]
	for i, body := range bodies {
		a := &actor{}
		a.next, a.stop = iter.Pull(func(yield func(step) bool) {
			a.yield = yield
			body()
		})
		w.actors = append(w.actors, a)
		w.advance(i) // to the first step
	}
	defer func() {
		for _, a := range w.actors {
			a.stop() // runs to its end unobserved
		}
	}()
	sleep := uint(0)
	for depth := 0; ; depth++ {
		if depth == len(w.path) {
			f := frame{sleep: sleep}
			for i, a := range w.actors {
				if a.alive {
					f.alive |= 1 << i
				}
			}
			if f.alive == 0 {
				w.runs++
				after()
				return
			}
			if f.alive&^sleep == 0 {
				w.cut++
				return
			}
			f.chosen = bits.TrailingZeros(f.alive &^ sleep)
			w.path = append(w.path, f)
		}
		f := w.path[depth]
		sleep = 0
		for i, a := range w.actors {
			if f.sleep&(1<<i) != 0 && !a.todo.meets(w.actors[f.chosen].todo) {
				sleep |= 1 << i
			}
		}
		w.advance(f.chosen)
	}
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
