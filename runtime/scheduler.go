package runtime

import (
	"runtime/pprof"
	stdatomic "sync/atomic" // its 64-bit types are aligned on 32-bit systems too

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/internal/cores"
	"github.com/seed222ee791/fibers/internal/coro"
	"github.com/seed222ee791/fibers/internal/getg"
	"github.com/seed222ee791/fibers/internal/pad"
	"github.com/seed222ee791/fibers/internal/parker"
	"github.com/seed222ee791/fibers/internal/wait"
)

// A scheduler runs fibers, one at a time. It is not a goroutine but a baton:
// whoever runs on it (its root, or the coroutine of the fiber that it runs)
// owns the fields marked as the owner's and passes them on with the switch.
//
// Where a fiber waits to run on it, and in which order it looks for one, is in
// runqueue.go; what comes now and then, in turn.go.
//
// # The root
//
// The root is the scheduler's own goroutine. It sleeps in a slot like everybody
// else while fibers run, and is switched to when there is nothing to run, when
// a turn is due, or when something needs more stack than a fiber should grow.
type scheduler struct {
	runQueue // first: a call of its methods is an instruction less. Ends with what others write

	// spawned counts the fibers made here. Writer: owner, before the fiber can
	// be seen by anyone. Readers: any.
	spawned stdatomic.Uint64
	// published is counts as of the last turn. Writer: owner. Readers: any.
	published published
	// nudged asks for a turn at the next pick. Writers: the monitor (sets),
	// owner (clears). Readers: owner.
	nudged atomic.Bool
	// stalled says that it has stalled: see stealFromStalled. Writers: the monitor; replace, once
	// it has no seat. Readers: any.
	stalled atomic.Bool
	// unseated: see stalled.go.
	unseated atomic.Bool

	// seen is eyes, for inspectors; turned is when it last turned, by its clock, while
	// its eyes are open. Writer: owner. Readers: any.
	seen   atomic.Pointer[eyes]
	turned stdatomic.Int64

	_ pad.Line

	// Set when made, or when it takes its seat; constant then.
	rt     *Runtime
	index  int
	wheel  *wheel
	before past // what those did who had its seat before

	// The owner's.
	root      coro.Coro
	left      departure    // see parking.go
	running   hint         // the fiber that runs, or 0: see stalled.go
	eyes      *eyes        // see eyes.go
	handed    *fiber       // chosen by the one that switched to the root, or found in Recheck
	idle      []*coroutine // resting, ready for a fiber
	free      []*fiber     // recycled records
	nextID    uint64
	countdown int // picks until the next turn
	interval  int // picks between turns, so that they come about every turnTime
	rng       uint64
	now       int64 // the runtime's clock at the last turn
	yieldedAt int64 // when the processor was last given to others
	aired     int64 // when the one found there had run, at the latest
	strained  int64 // when a turn last came late, for fibers that computed for long
	uneven    int64 // until when they are taken to do so
	watched   victims
	scanned   int64    // when it last looked at the wheels of others
	timers    []*timer // unused records
	poller    poller
	shared    *sharing // made when first asked for
	counts    counts   // published at each turn
	pin       cores.Pin
	load      load
	readied   bool                   // it has made goroutines ready
	airing    bool                   // the last turn has looked at the old ends of the queues
	firing    bool                   // the root is in fire
	standIn   bool                   // made to take the seat of another: see stalled.go; constant, as index
	company   company                // whom it has met: see mixed.go
	polled    bool                   // waits for descriptors have ended while it slept last
	computes  bool                   // it is stalled, and its fiber computes; under rt.mu
	given     int32                  // how often it has given work away as a stalled scheduler: see attend
	held      uint32                 // no slot of a fresh timer from this one on is filled by it
	suspects  map[*scheduler]suspect // of an understudy

	_ pad.Line

	parker  parker.Parker
	wokenAt stdatomic.Int64 // when the permit was given. Writer: who gives it. Reader: owner, after that
	wakeUps *latencies      // of the seat
	sleeper
	// Under rt.mu.
	legacy legacy // of what it has left as a stalled scheduler. The next one begins with a line of its own
}

const maxIdle = 256 // coroutines resting at one scheduler

// roots tells of which scheduler the calling goroutine is the root, if of any: what its
// timers wake by way of operations goes to its ring, as what they wake directly does.
var roots getg.Table[scheduler]

func newScheduler(rt *Runtime) *scheduler {
	s := &scheduler{rt: rt, interval: 1, countdown: 1}
	s.sleepIndex = -1
	s.runQueue.init()
	s.rng = uint64(rt.made.Inc())*0x9e3779b97f4a7c15 + 1
	s.parker.Init()
	s.poller.init(s)
	return s
}

// loop is the life of a root.
func (s *scheduler) loop() {
	defer s.rt.roots.Done()
	key := getg.Get()
	roots.Put(key, s)
	pprof.SetGoroutineLabels(noLabels) // coroutines inherit them
	s.now = s.rt.clock()
	s.yieldedAt = s.now
	if wait.Watched() { // what is watched from the beginning is seen from the beginning
		s.openEyes()
	}
	if !s.standIn {
		s.checkPin() // so that it shows whether that can be done
	}
	for {
		f := s.handed
		s.handed = nil
		if f == nil && s.countdown <= 0 && !s.unseated.Load() {
			f = s.turn()
		}
		if f == nil {
			f = s.find()
		}
		if s.unseated.Load() && f != nil { // U1
			s.rt.injector.Push(f)
			f = nil
		}
		if f == nil {
			break
		}
		if f.co == nil {
			if s.rt.ending.Load() && f.unwanted() {
				s.drop(f)
				continue
			}
			if len(s.idle) == 0 {
				s.idle = s.rt.pool.take(s.idle, s.batch(poolBatch))
			}
			if len(s.idle) == 0 {
				s.idle = append(s.idle, newCoroutine())
			}
		}
		s.allAwake()
		s.root.Switch(s.target(f))
		if s.shared != nil && s.shared.chore != nil {
			s.doChores()
		}
		s.running.set(0)
		if before := s.now; s.countdown <= 0 { // it may be long ago
			s.now = s.rt.clock()
			s.settle()
			s.now = before
		} else {
			s.settle()
		}
	}
	roots.Delete(key)
	s.pin.LetGo()
	s.retire()
}

// pick returns the next fiber to run, or nil if the root has to look: rows 1 to 5 of the
// pick order.
func (s *scheduler) pick() *fiber {
	if s.countdown--; s.countdown <= 0 || s.nudged.Load() {
		s.countdown = 0
		return nil
	}
	if f := s.takeNext(); f != nil {
		return f
	}
	if !s.next.empty() {
		if f := s.makeWay(); f != nil {
			return f
		}
	}
	return s.pop()
}

// pickLocal is pick by the root, which has looked whether a turn is due.
func (s *scheduler) pickLocal() *fiber {
	if f := s.takeNext(); f != nil {
		return f
	}
	if !s.next.empty() {
		if f := s.makeWay(); f != nil {
			return f
		}
	}
	return s.pop()
}

// makeWay has the fiber in next, which others have preceded for long, go behind these.
// It returns it if there are none.
//
//go:noinline
func (s *scheduler) makeWay() *fiber {
	f, crowded := s.endStreak()
	if f == nil || !crowded {
		return f
	}
	s.pushSpent(f)
	s.wakeForWoken()
	return nil
}

// end takes leave of a fiber that has returned, panicked or exited.
func (s *scheduler) end(f *fiber) {
	s.counts.ended++
	if s.eyes != nil {
		s.eyes.event(evEnd, f, 0)
	}
	s.freeFiber(f)
}

// drop ends a fiber that has never run, as the runtime ends.
func (s *scheduler) drop(f *fiber) {
	f.drop()
	if h := f.handle.Load(); h != nil {
		h.finish()
	}
	s.end(f)
}

// random returns a number below n, from a generator of the scheduler's own
// (xorshift64: Marsaglia 2003).
func (s *scheduler) random(n int) int {
	s.rng ^= s.rng << 13
	s.rng ^= s.rng >> 7
	s.rng ^= s.rng << 17
	return int(s.rng>>33) % n
}
