package wait

import (
	"sync"
	stdatomic "sync/atomic" // its 64-bit types are aligned on 32-bit systems too
	"time"
	"unsafe"
)

// What inspection knows of waits. While somebody watches, whoever is about to wait
// notes where (Waiter.At), and locks note who has them. While nobody does, both cost
// a look at one word that is not written.
//
// V1: a wait that begins as the watch does.
//
//	It looks at Watched once, before it waits, and says that it is over only if it
//	has said where it is. So what a waiter has noted is always of the wait that it
//	is in; waits that began before are not known.

// Eyes has a bit while somebody watches, and one while something is simulated; else it
// is 0. No lock uses these bits: so one can mix Eyes into the word which it expects, and
// look at one thing instead of two. Writers: any, under watchers. Readers: any.
var Eyes stdatomic.Uint32

const (
	openEyes  = 1 << 31
	simulated = 1 << 30
)

var watchers struct {
	sync.Mutex
	n, simulations int
}

// Watched reports whether somebody watches.
func Watched() bool { return Eyes.Load()&openEyes != 0 }

// Simulate counts simulations, which have all locks take the slow way.
func Simulate(by int) {
	watchers.Lock()
	defer watchers.Unlock()
	watchers.simulations += by
	setEyes()
}

// Abroad is called when a goroutine's wait ends while something is simulated. It is set
// once, when the engine is linked in.
var Abroad = func() {}

// Simulating reports whether something is simulated.
func Simulating() bool { return Eyes.Load()&simulated != 0 }

// Aside calls f, which wakes those who had to wait for a moment only: that is nothing which a
// simulation does, and whom it wakes need not be of it. f does not wait. It is set once, when
// the engine is linked in.
var Aside = func(f func()) { f() }

// setEyes sets Eyes; watchers is locked.
func setEyes() {
	eyes := uint32(0)
	if watchers.n > 0 {
		eyes |= openEyes
	}
	if watchers.simulations > 0 {
		eyes |= simulated
	}
	Eyes.Store(eyes)
}

// Watch begins to watch, until the function that is returned is called, once.
func Watch() (stop func()) {
	count := func(by int) {
		watchers.Lock()
		defer watchers.Unlock()
		watchers.n += by
		setEyes()
	}
	count(1)
	return sync.OnceFunc(func() { count(-1) })
}

// A Holder is who has something for which others wait.
type Holder struct {
	Fiber uint64 // 0: a plain goroutine
	Since int64  // by Now
}

// holders says who has a place of package cml. Set once, by RegisterHolders.
var holders = func(_ any, to []Holder) ([]Holder, bool) { return to, false }

// RegisterHolders is called once, from package cml's initialisation, with what
// Holders does.
func RegisterHolders(f func(place any, to []Holder) ([]Holder, bool)) { holders = f }

// Holders appends who has the place, a lock, as far as it is known; an empty Holder
// stands for somebody who is not. If each is true, any one of them keeps others from
// going on, else all of them together do. It may be called by anyone, at any time.
func Holders(place any, to []Holder) (_ []Holder, each bool) { return holders(place, to) }

// Address returns the address of a place, by which it can be told from others.
func Address(place any) uintptr {
	return uintptr((*[2]unsafe.Pointer)(unsafe.Pointer(&place))[1])
}

// A Performance is a place that stands for several.
type Performance interface {
	// Parts appends where it waits. It is called only while its waiter is kept from
	// going on.
	Parts(to []Part) []Part
}

// A Part is one of the places where a performance waits.
type Part struct {
	Place any
	Why   Reason
}

var base = time.Now()

// Now returns the time, in nanoseconds from some moment on, by the monotonic clock.
func Now() int64 { return int64(time.Since(base)) }

// A Book is what a lock notes while somebody watches: who locked it last and when.
// It says nothing of whether it still is. Writers: who has got the lock. Readers: any.
type Book struct {
	fiber stdatomic.Uint64
	since stdatomic.Int64
}

// Note notes that the caller has it from now on.
func (b *Book) Note() { b.NoteFor(Self()) }

// NoteFor notes that the fiber id has it from now on.
func (b *Book) NoteFor(id uint64) {
	b.fiber.Store(id)
	b.since.Store(Now())
}

// Erase notes that it is not known who has it.
func (b *Book) Erase() {
	b.fiber.Store(0)
	b.since.Store(0)
}

// Holder returns what was noted; if nothing is, Since is 0.
func (b *Book) Holder() Holder { return Holder{b.fiber.Load(), b.since.Load()} }

// self returns the number of the calling fiber, or 0. Set once, by RegisterSelf.
var self = func() uint64 { return 0 }

// RegisterSelf is called once, from the engine's package initialisation.
func RegisterSelf(f func() uint64) { self = f }

// Self returns the number of the calling fiber, or 0 in a plain goroutine.
func Self() uint64 { return self() }

// A visit is a plain goroutine that waits at some place.
type visit struct {
	place any
	why   Reason
	since int64
}

// visitors are the plain goroutines that wait, noted while somebody watched.
var visitors struct {
	sync.Mutex
	all map[*visit]struct{}
}

// At implements Waiter.
func (g *Goroutine) At(place any, why Reason) {
	visitors.Lock()
	defer visitors.Unlock()
	if g.at != nil {
		delete(visitors.all, g.at)
		g.at = nil
	}
	if place == nil {
		return
	}
	g.at = &visit{place, why, Now()}
	if visitors.all == nil {
		visitors.all = make(map[*visit]struct{})
	}
	visitors.all[g.at] = struct{}{}
}

// Visitors calls f for each plain goroutine that waits, as far as is known, until f
// returns false. Those that wait at several places have a nil place. f must not wait.
func Visitors(f func(place any, why Reason, since int64) bool) {
	visitors.Lock()
	defer visitors.Unlock()
	for v := range visitors.all {
		place := v.place
		if _, several := place.(Performance); several {
			place = nil // it is the goroutine's, which nobody keeps from going on
		}
		if !f(place, v.why, v.since) {
			return
		}
	}
}
