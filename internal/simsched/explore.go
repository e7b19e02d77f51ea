package simsched

import (
	"fmt"
	"iter"
	"math/bits"
	goruntime "runtime"
	"runtime/debug"
	"slices"
	"strings"
	"unsafe"

	"github.com/seed222ee791/fibers/internal/wait"
)

// A step is what an actor will do next.
type step struct {
	at    unsafe.Pointer
	write bool
	mark  mark
	needs needed // nil: nothing
}

// needed is what a step may have to wait for. at is its address.
type needed interface{ ready() bool }

// A mark is a step that touches no word.
type mark uint8

const (
	opens  mark = 1 + iota // an operation is called
	closes                 // an operation has returned
)

// meets reports whether the order of a and b matters. Marks: whether one
// operation returns before another is called is what linearizability is about.
func (a step) meets(b step) bool {
	if a.mark != 0 || b.mark != 0 {
		return a.mark+b.mark == opens+closes && a.mark != 0 && b.mark != 0
	}
	return a.at == b.at && (a.write || b.write)
}

// Opens is called by an actor that records a history, before it notes that an
// operation is called.
func Opens() { note(opens) }

// Closes is called after an operation, before it is noted that it returned.
func Closes() { note(closes) }

func note(m mark) {
	if e := exploring; e != nil && e.running != nil {
		e.stop(step{mark: m})
	}
}

type actor struct {
	waiter  *waiter
	yield   func(step) bool
	next    func() (step, bool)
	quit    func()
	todo    step
	alive   bool
	cut     bool // it is not to go on: the run is given up
	exiting bool
	crash   string // the panic that it ended in
}

// exit is what an actor panics with when it ends early.
const exit = exitSignal("simsched: the actor ends")

type exitSignal string

// T is the part of testing.T that is needed here.
type T interface {
	Helper()
	Logf(format string, args ...any)
	Fatalf(format string, args ...any)
	Failed() bool
}

// A Scenario makes a new world. It returns the actors, and what is to be done
// after each run.
type Scenario func() (actors []func(), after func(End))

// An End says how a run ended: with every actor returned, or waiting.
type End struct {
	Waits  []bool // by actor: it waits for a lock or a permit, for ever
	Locked []bool // by actor: it waits for a lock
	Ending []bool // by actor: Finish has told it to end
	Frozen bool   // the actor that may be frozen was
}

// AllDone reports whether every actor returned.
func (end End) AllDone() bool {
	for _, waits := range end.Waits {
		if waits {
			return false
		}
	}
	return true
}

// A Stats counts runs.
type Stats struct {
	Runs int // to the end
	Cut  int // that were known to repeat others before their end
}

// An Option changes how Explore searches.
type Option func(*explorer)

// Preemptions bounds the search: no run in which actors that could go on are
// interrupted more than n times without need is missed, others are.
func Preemptions(n int) Option {
	return func(e *explorer) { e.preemptions, e.reduce = n, false }
}

// Freeze lets actor i stop for ever, before any of its steps.
func Freeze(i int) Option { return func(e *explorer) { e.freezer = i } }

// Limit bounds the number of runs: more are an error.
func Limit(n int) Option { return func(e *explorer) { e.limit = n } }

const unbounded = -1

type explorer struct {
	limit       int
	preemptions int
	freezer     int // the actor that may be frozen; or none

	actors     []*actor
	running    *actor // nil: nobody is observed
	unobserved bool   // nor is who runs: see Unobserved
	before     func(place bool) (wait.Waiter, *any)
	frozen     bool
	reduce     bool // try only the orders that races ask for
	path       []frame
	fresh      int              // path[fresh] has not been looked at for races
	past       []event          // the steps of this run
	clocks     []clock          // by actor: what has happened before its next step
	trace      *strings.Builder // nil: not wanted
	Stats
}

const nobody = -1

// A frame is one place of the search: sets of actors, as bits. One bit beyond
// the actors stands for the one who freezes.
type frame struct {
	enabled  uint
	sleep    uint // not to be chosen (again)
	wanted   uint // to be chosen, unless in sleep
	chosen   int
	last     int // who made the step before
	switches int // preemptions so far
}

// exploring is the exploration that is going on. Writer: Explore, while nobody
// else uses an observed word.
var exploring *explorer

// Explore runs all orders of s.
func Explore(t T, s Scenario, opts ...Option) Stats {
	t.Helper()
	e := &explorer{limit: 3_000_000, preemptions: unbounded, freezer: nobody}
	e.reduce = true
	for _, o := range opts {
		o(e)
	}
	if exploring != nil {
		panic("simsched: two explorations at a time")
	}
	exploring = e
	e.before = wait.Register(e.caller)
	done := false
	defer func() {
		if !done { // a t.Fatal in the scenario
			t.Logf("after %d orders; the last one:\n%s", e.Runs, e.retrace(s))
		}
		wait.Register(e.before)
		exploring = nil
	}()
	for {
		e.run(s, t)
		if e.Runs+e.Cut > e.limit {
			done = true
			t.Fatalf("the scenario is too large: %d orders, %d more cut short", e.Runs, e.Cut)
		}
		if t.Failed() || !e.back() {
			break
		}
	}
	done = !t.Failed()
	t.Logf("%d orders, %d more cut short", e.Runs, e.Cut)
	return e.Stats
}

// back goes to the last place where there is another choice.
func (e *explorer) back() bool {
	for n := len(e.path); n > 0; n-- {
		f := &e.path[n-1]
		f.sleep |= 1 << f.chosen
		if e.choose(f) {
			e.fresh = n - 1
			return true
		}
		e.path = e.path[:n-1]
	}
	return false
}

// choose picks the next to go on at f, if there is one: he who did before, if he
// can.
func (e *explorer) choose(f *frame) bool {
	rest := f.wanted &^ f.sleep
	last := uint(1) << f.last
	switch {
	case rest&last != 0:
		rest = last
	case e.preemptions != unbounded && f.enabled&last != 0 && f.switches == e.preemptions:
		rest &= 1 << len(e.actors) // freezing interrupts nobody
	}
	if rest == 0 {
		return false
	}
	f.chosen = bits.TrailingZeros(rest)
	return true
}

func (e *explorer) caller(place bool) (wait.Waiter, *any) {
	if e.running == nil {
		if e.before == nil {
			return nil, nil
		}
		return e.before(place)
	}
	w := e.running.waiter
	return w, &w.scratch
}

// stop is where an actor waits for its turn.
func (e *explorer) stop(s step) {
	a := e.running
	if a.cut || !a.yield(s) {
		a.cut = true
		e.running = a
		panic(exit)
	}
	if e.trace != nil {
		e.describe(a, s)
	}
}

// start makes the actors and lets each come to its first step.
func (e *explorer) start(s Scenario) (after func(End)) {
	e.actors, e.frozen = e.actors[:0], false
	for range maxActors {
		a := &actor{}
		a.waiter = &waiter{actor: a}
		e.actors = append(e.actors, a)
	}
	bodies, after := s()
	e.actors = e.actors[:len(bodies)]
	e.past, e.clocks = e.past[:0], make([]clock, len(bodies)+1)
	for i, a := range e.actors {
		body := bodies[i]
		a.next, a.quit = iter.Pull(func(yield func(step) bool) {
			a.yield = yield
			returned := false
			defer func() {
				if returned || a.cut || a.exiting {
					_ = recover()
				} else if v := recover(); v != nil {
					a.crash = fmt.Sprintf("%v\n%s", v, debug.Stack())
				}
			}()
			body()
			returned = true
		})
		e.advance(i)
	}
	return after
}

func (e *explorer) index(a *actor) int { return slices.Index(e.actors, a) }

// advance lets actor i do its step and come to the next.
func (e *explorer) advance(i int) {
	if i == len(e.actors) {
		e.frozen = true
		return
	}
	a := e.actors[i]
	e.running = a
	a.todo, a.alive = a.next()
	e.running, e.unobserved = nil, false
}

// finish ends the actors that are left.
func (e *explorer) finish() {
	for _, a := range e.actors {
		e.running = a
		a.cut = true
		a.quit()
		e.running = nil
	}
}

// enabled returns who could make a step.
func (e *explorer) enabled() (set uint) {
	for i, a := range e.actors {
		if a.alive && !(e.frozen && i == e.freezer) && (a.todo.needs == nil || a.todo.needs.ready()) {
			set |= 1 << i
		}
	}
	if set != 0 && e.freezer != nobody && !e.frozen && e.actors[e.freezer].alive {
		set |= 1 << len(e.actors)
	}
	return set
}

// apart reports whether the next steps of i and j could as well be exchanged.
func (e *explorer) apart(i, j int) bool { return !e.meet(i, e.next(i), j, e.next(j)) }

// next returns the next step of i.
func (e *explorer) next(i int) step {
	if i == len(e.actors) {
		return step{}
	}
	return e.actors[i].todo
}

// meet reports whether the order of step a of i and step b of j matters.
func (e *explorer) meet(i int, a step, j int, b step) bool {
	if i == len(e.actors) || j == len(e.actors) {
		return i == e.freezer || j == e.freezer
	}
	return a.meets(b)
}

// run follows the path, and beyond its end the first choices there are.
func (e *explorer) run(s Scenario, t T) {
	after := e.start(s)
	defer e.finish()
	last, switches, sleep := 0, 0, uint(0)
	for depth := 0; ; depth++ {
		for i, a := range e.actors {
			if a.crash != "" {
				t.Fatalf("actor %d: %s", i, a.crash)
			}
		}
		if depth == len(e.path) {
			f := frame{enabled: e.enabled(), sleep: sleep, last: last, switches: switches}
			if f.enabled == 0 {
				e.Runs++
				e.blocked()
				after(e.end())
				return
			}
			f.wanted = f.enabled
			if !e.choose(&f) {
				e.Cut++
				e.blocked()
				return
			}
			if e.reduce {
				f.wanted = 1 << f.chosen // until a race asks for more
			}
			e.path = append(e.path, f)
		}
		f := e.path[depth]
		if e.preemptions == unbounded {
			sleep = 0
			for i := range len(e.actors) + 1 {
				if f.sleep&(1<<i) != 0 && e.apart(i, f.chosen) {
					sleep |= 1 << i
				}
			}
		}
		if f.chosen != f.last && f.enabled&(1<<f.last) != 0 && f.chosen != len(e.actors) {
			switches++
		}
		if f.chosen != len(e.actors) {
			last = f.chosen
		}
		e.happen(f.chosen, depth >= e.fresh)
		e.advance(f.chosen)
	}
}

func (e *explorer) end() (end End) {
	for _, a := range e.actors {
		end.Waits = append(end.Waits, a.alive)
		_, locked := a.todo.needs.(*Mutex)
		end.Ending = append(end.Ending, a.waiter.ending)
		end.Locked = append(end.Locked, a.alive && locked && !a.todo.needs.ready())
	}
	end.Frozen = e.frozen
	return end
}

// retrace makes the run on the path once more and returns what was done in it.
func (e *explorer) retrace(s Scenario) string {
	e.trace = &strings.Builder{}
	e.start(s)
	defer e.finish()
	for _, f := range e.path {
		if f.chosen == len(e.actors) {
			fmt.Fprintf(e.trace, "  actor %d is frozen\n", e.freezer)
		}
		e.advance(f.chosen)
	}
	out := e.trace.String()
	e.trace = nil
	return out
}

// describe notes the step that a is about to make.
func (e *explorer) describe(a *actor, s step) {
	what := "reads"
	switch {
	case s.mark == opens:
		what = "calls"
	case s.mark == closes:
		what = "returned"
	case s.needs != nil:
		what = "takes"
	case s.write:
		what = "writes"
	}
	pc := make([]uintptr, 5)
	frames := goruntime.CallersFrames(pc[:goruntime.Callers(5, pc)])
	var at []string
	for range 2 {
		f, more := frames.Next()
		if !more {
			break
		}
		at = append(at, fmt.Sprintf("%s:%d", f.File[strings.LastIndexByte(f.File, '/')+1:], f.Line))
	}
	fmt.Fprintf(e.trace, "  actor %d %-8s %p  %s\n", e.index(a), what, s.at, strings.Join(at, " < "))
}
