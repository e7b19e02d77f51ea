package fork

import (
	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/internal/getg"
)

// A Place is where a coroutine keeps its branches. All fields are plain, as only
// what runs on the coroutine uses them.
type Place struct {
	// Top and Eager belong to package parallel: its branches of the kind used
	// last, and whether to make some known though no scheduler is idle.
	Top   any
	Eager bool
	// Others is how many schedulers there are beside the one that the fiber runs
	// on. Where it is 0 none is ever idle while a fiber runs. (There may be
	// stand-ins, which do not count.)
	Others int

	// Searching and Sleeping are how many schedulers of the runtime look for
	// work and how many have stopped looking. Writers: the engine. Readers: any.
	Searching, Sleeping *atomic.Int32

	// Simulated says that the fiber is one of a simulation: whether to give work
	// away is for the seed to say, and real time must not matter.
	Simulated bool

	Host     Host
	Branches Branches // set by package parallel at its first use of the place
}

// Hungry reports whether some scheduler has nothing to do.
func (p *Place) Hungry() bool { return p.Searching.Load()|p.Sleeping.Load() != 0 }

// A Host is the engine's side of a place: the coroutine. Its methods are called
// by what runs on it.
type Host interface {
	// Spawn makes the fiber that t describes. It wakes a scheduler for it, as a
	// spawn does, unless quiet is true and one of the sleepers will look for work
	// by itself within a millisecond.
	Spawn(t *Ticket, quiet bool)
	// Wake wakes a scheduler for what was spawned quietly, if that still waits.
	Wake()
	// Retract takes the fiber back if it is still at hand, the newest on the
	// scheduler that the caller runs on, and reports whether it was: then nobody
	// else has it. Else it will run.
	Retract(t *Ticket) bool
	// Ending reports whether the runtime is closing.
	Ending() bool
}

// A Ticket stands for a spawned fiber. It can be used again when that was
// retracted.
type Ticket struct {
	// Set by package parallel. Run is what the fiber calls; Dropped is called
	// instead if the runtime closes before the fiber begins.
	Run, Dropped func()
	// The engine's.
	Fiber  any
	ID     uint64 // its number, as records of fibers serve one after the other
	Record any    // what is allocated once
}

// Branches is package parallel's side of a place.
type Branches interface {
	// Share makes fibers of all branches that wait to be run. The engine calls
	// it on the fiber itself, when that is about to wait.
	Share()
}

var (
	// places has the place of each coroutine that has one.
	places getg.Table[Place]
	// host returns the engine's side of a new place, with its counters, or nil
	// in a plain goroutine. Set once, by Register.
	host func() *Place
)

// Register is called once, from the engine's package initialisation. The
// function that it gives is called by Enter on a coroutine that has no place; it
// returns one with the engine's fields set, or nil in a plain goroutine. The
// engine calls Leave before that coroutine ends.
func Register(newPlace func() *Place) { host = newPlace }

// Current returns the place of the calling fiber's coroutine, or nil if that has
// none yet or the caller is a plain goroutine: then see Enter.
func Current() *Place { return places.Get(getg.Get()) }

// Enter is Current that makes the place where it is missing. It returns nil in a
// plain goroutine.
func Enter() *Place {
	if p := Current(); p != nil {
		return p
	}
	p := host()
	if p != nil {
		places.Put(getg.Get(), p)
	}
	return p
}

// Len returns the number of places.
func Len() int { return places.Len() }

// Leave removes the place of the calling coroutine.
func Leave() { places.Delete(getg.Get()) }
