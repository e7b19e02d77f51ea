//go:build model

package parkword

import (
	"fmt"
	"strings"
	"testing"

	"github.com/seed222ee791/fibers/internal/simsched"
	"github.com/seed222ee791/fibers/internal/wait"
)

// The word through every order of its accesses: run with
//
//	go test -tags model -run 'Model$'
//
// Each scenario is also run with mutants, and must find every one of them: a change of the
// source (bent), or of what those do who call it (wrong).

type scenario struct {
	race  string
	play  func(*stage) (actors []func(), check func())
	opts  []simsched.Option
	reach []string // what must have come up
	// mutants by what is wrong.
	bent  map[string]mutant
	wrong []string
}

// A stage is the world of one run.
type stage struct {
	wrong   string         // what the callers do wrong; "": nothing
	reached map[string]int // in all runs
	f       *fiber
	known   map[wait.Waiter]uint64 // ghost: of whom each actor has news, by bits
}

// did notes that something has come up.
func (st *stage) did(what string) { st.reached[what]++ }

// is reports whether this is what the callers do wrong.
func (st *stage) is(what string) bool { return st.wrong == what }

// A fiber is what stands for one, and its record. It is actor 0.
type fiber struct {
	Word
	st      *stage
	served  uint16
	onStack bool
	queued  bool
	number  uint64 // whose the record is, 0: nobody's
	gave    uint64 // ghost: who has unparked it, since it last took a permit
}

func newStage(reached map[string]int, wrong string) *stage {
	st := &stage{wrong: wrong, reached: reached, known: map[wait.Waiter]uint64{}}
	st.f = &fiber{st: st, onStack: true}
	st.f.begin(1)
	return st
}

// tell follows what is known to whom by way of the word: see told.
func (st *stage) tell(w *word, reads, writes bool) {
	me := wait.Current()
	if reads {
		st.known[me] |= w.news
	}
	if writes {
		w.news = st.known[me]
	}
}

// enqueue is what the one must do whose the fiber is.
func (f *fiber) enqueue() {
	switch {
	case f.number == 0:
		panic("a free record is queued")
	case f.onStack:
		panic("a fiber is queued while it is on its stack")
	case f.queued:
		panic("a fiber is queued twice")
	}
	f.queued = true
	f.st.known[simsched.Party(0)] |= f.st.known[wait.Current()] // through the queue
	simsched.Party(0).Unpark()
}

// park is Park, up to its look at ending. What leaving the stack means, and that somebody
// else makes the step then, is in park.pml.
func (f *fiber) park() {
	var gave uint64
	switch {
	case f.TakePermit():
		gave, f.gave = f.gave, 0
		f.st.did("permit")
	default:
		f.onStack = false
		if f.TryPark(wait.Signal) {
			f.st.did("parked")
		} else {
			gave, f.gave = f.gave, 0
			f.st.did("permit in the last moment")
			f.enqueue()
		}
		simsched.Party(0).Park(wait.Signal)
		f.queued, f.onStack = false, true
	}
	if gave&^f.st.known[wait.Current()] != 0 {
		panic("what happened before Wake did not happen before the return of Park")
	}
}

// until parks until cond.
func (f *fiber) until(cond func() bool) {
	for !cond() {
		f.park()
	}
}

// begin makes the record that of the fiber of this number.
func (f *fiber) begin(number uint64) {
	f.Begin(number)
	f.number, f.gave, f.served = number, 0, 0
}

// end is the end of the fiber.
func (f *fiber) end() {
	f.End()
	f.number = 0
}

// unpark is Unpark, or Serve, by actor me.
func (f *fiber) unpark(me uint, by Service) {
	f.st.known[wait.Current()] |= 1 << me
	if f.Wake(by) {
		f.enqueue()
		return
	}
	f.gave |= 1 << me
	f.st.did(fmt.Sprint("of ", f.number))
}

// inspect takes hold of the fiber and lets it go.
func (f *fiber) inspect() {
	s := f.Load()
	if !f.Hold(s) {
		return
	}
	f.check()
	if f.LetGo(s) {
		f.st.did("held")
		return
	}
	f.st.did("held, and unparked meanwhile")
	f.enqueue()
}

// check looks at what is the inspector's as long as it holds the fiber.
func (f *fiber) check() {
	if f.onStack || f.queued {
		panic("a fiber is held and runs")
	}
}

func tears(from, to uint64) mutant { return mutant{tears: change{from, to}} }
func omits(from, to uint64) mutant { return mutant{omits: change{from, to}} }

// TestWordModel plays all scenarios.
func TestWordModel(t *testing.T) {
	all, torn := map[change]bool{}, map[change]bool{}
	for _, sc := range scenarios {
		t.Run(sc.race, func(t *testing.T) {
			reached := map[string]int{}
			made = all
			explore(t, sc, reached, "", mutant{})
			made = nil
			for _, want := range sc.reach {
				if reached[want] == 0 {
					t.Errorf("%q was never reached", want)
				}
			}
			t.Log(reached)
			for what, m := range sc.bent {
				torn[m.tears] = true
				t.Run("mutant: "+what, func(t *testing.T) { finds(t, sc, "", m) })
			}
			for _, what := range sc.wrong {
				t.Run("mutant: "+what, func(t *testing.T) { finds(t, sc, what, mutant{}) })
			}
		})
	}
	for c := range all {
		if !torn[c] {
			t.Errorf("the CAS from state %d to %d is in no mutant a load and a store", c.from, c.to)
		}
	}
}

// explore runs all orders of the scenario.
func explore(t simsched.T, sc scenario, reached map[string]int, wrong string, m mutant) {
	bent = m
	defer func() { bent, told = mutant{}, nil }()
	simsched.Explore(t, func() ([]func(), func(simsched.End)) {
		told = nil
		st := newStage(reached, wrong)
		actors, check := sc.play(st)
		told = st.tell
		return actors, func(end simsched.End) {
			told = nil
			for i, waits := range end.Waits {
				if waits {
					t.Fatalf("actor %d waits for ever", i)
				}
			}
			if s := st.f.Load(); s != 0 {
				t.Fatalf("a free record is not free: %#x", uint64(s))
			}
			if check != nil {
				check()
			}
		}
	}, append([]simsched.Option{simsched.Limit(100_000)}, sc.opts...)...)
}

// finds fails the test if the mutant is not found.
func finds(t *testing.T, sc scenario, wrong string, m mutant) {
	said := simsched.Finds(func(s simsched.T) { explore(s, sc, map[string]int{}, wrong, m) })
	first, _, _ := strings.Cut(said, "\n")
	if said == "" || strings.Contains(first, "too large") {
		t.Fatal("it is not found")
	}
	t.Log(first)
}
