package sim

import (
	"fmt"
	"math/rand/v2"
	goruntime "runtime"
	"slices"
	"time"

	"github.com/seed222ee791/fibers/internal/simhook"
	"github.com/seed222ee791/fibers/internal/wait"
)

// A Sim is one run of a simulation: what its body is called with. Its methods are
// for the fibers of that run; those that can fail the run end the calling fiber then,
// as by runtime.Goexit.
type Sim struct {
	r    *run
	rand *rand.Rand
}

// Now returns the time of the simulation, by the clock of the host whose fiber
// calls, if it is one's. It begins at midnight UTC of 1 January 2000, and goes on
// only when no fiber can run.
func (s *Sim) Now() time.Time {
	t := epoch.Add(time.Duration(s.r.engine.Now()))
	if f := simhook.Current(); f != nil {
		for sc := f.Scope; sc != nil; sc = sc.Parent {
			t = t.Add(sc.Skew)
		}
	}
	return t
}

// Elapsed returns how long the run has been going on, in its own time.
func (s *Sim) Elapsed() time.Duration { return time.Duration(s.r.engine.Now()) }

var epoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// Rand returns a source of random numbers that come from the seed. Every fiber draws
// from a series of its own, so that what one draws does not depend on the others.
func (s *Sim) Rand() *rand.Rand {
	if s.rand == nil {
		s.rand = rand.New(source{s.r})
	}
	return s.rand
}

// source is a rand.Source.
type source struct{ r *run }

// Uint64 implements rand.Source.
func (x source) Uint64() uint64 {
	f := simhook.Current()
	if f == nil {
		panic("sim: Rand outside the simulation: draw in one of its fibers")
	}
	return x.r.Random(f)
}

// Seed returns the seed of this run.
func (s *Sim) Seed() uint64 { return s.r.seed }

// Steps returns how many steps this run has taken so far.
func (s *Sim) Steps() int { return int(s.r.steps.Load()) }

// Schedules returns how many runs have been begun so far, this one included; under
// Exhaustive, how many schedules. Those by which a failure is shrunk do not count.
func (s *Sim) Schedules() int { return s.r.x.runs }

// Always fails the run unless cond is true, with that text.
func (s *Sim) Always(cond bool, format string, args ...any) {
	if !cond {
		s.fail(fmt.Sprintf(format, args...))
	}
}

// Fail fails the run, with that text.
func (s *Sim) Fail(format string, args ...any) { s.fail(fmt.Sprintf(format, args...)) }

func (s *Sim) fail(text string) {
	s.r.fail(Assertion, "%s%s", text, caller())
	if simhook.Current() != nil {
		goruntime.Goexit()
	}
}

// Sometimes says that cond should be true in some run, here or wherever else the name
// is used. If it is true in none, the exploration fails, though no run did.
func (s *Sim) Sometimes(cond bool, name string) { s.r.x.reach(name, cond) }

// Reachable says that this place is reached, under that name. Together with Expect it
// fails an exploration that never comes here.
func (s *Sim) Reachable(name string) { s.r.x.reach(name, true) }

// Eventually waits until cond is true, and fails the run if it is not within that
// time. It is looked at whenever no fiber can run, before the clock goes on: so cond
// is to be something that stays true. cond must not wait.
func (s *Sim) Eventually(within time.Duration, cond func() bool, what string) {
	if cond == nil {
		panic("sim: Eventually without a condition: give it a function")
	}
	f := simhook.Current()
	if f == nil {
		panic("sim: Eventually outside the simulation: call it in one of its fibers")
	}
	r := s.r
	f.Op, f.Obj = "Eventually", nil
	r.Marked(f)
	late := false
	w := wait.Current()
	stop := r.engine.AfterFunc(within, func() { late = true; w.Unpark() })
	defer stop()
	for !cond() {
		if late {
			s.fail(fmt.Sprintf("did not come within %v: %s", within, what))
		}
		r.waiters = append(r.waiters, w)
		r.looked = int(r.steps.Load())
		w.Park(wait.Signal)
		r.waiters = slices.DeleteFunc(r.waiters, func(x wait.Waiter) bool { return x == w })
	}
}

// caller says where the user's code is.
func caller() string {
	var pcs [32]uintptr
	n := goruntime.Callers(2, pcs[:])
	if at := placeOf(pcs[:n]); at != "" {
		return "\nat " + at
	}
	return ""
}
