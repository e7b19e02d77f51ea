package runtime

import (
	goruntime "runtime"
	"runtime/pprof"
	stdatomic "sync/atomic" // its 64-bit types are aligned on 32-bit systems too
	"time"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/internal/cores"
	"github.com/seed222ee791/fibers/internal/coro"
	"github.com/seed222ee791/fibers/internal/getg"
	"github.com/seed222ee791/fibers/internal/pad"
	"github.com/seed222ee791/fibers/internal/parker"
	"github.com/seed222ee791/fibers/internal/wait"
	"github.com/seed222ee791/fibers/worksteal"
)

// A scheduler runs fibers, one at a time. It is not a goroutine but a baton:
// whoever runs on it (its root, or the coroutine of the fiber that it runs)
// owns the fields marked as the owner's and passes them on with the switch.
//
// # Where a fiber waits to run
//
//	next      one place for the fiber that the running one has just woken
//	ring      woken ones: oldest first
//	deque     spawned, never run: newest first, thieves take the oldest
//	behind    those that have yielded: oldest first
//	injector  of the runtime: from plain goroutines, oldest first
//
// The order is that of the list. Woken fibers most often have only to finish; and they
// do not queue behind those that yield, of which there may be very many. Newest-first
// keeps memory bounded by the depth of a computation, not its breadth. Three things keep
// it from starving anyone: next is used at most maxStreak times in a row, and the ring
// maxFavours times; a turn of the root every turnPicks picks looks at the
// injector and at the old ends of the queues first, but no more than every airTime
// where fibers compute for long, so that short ones get as much time as those; and idle
// schedulers steal from all of them.
//
// # The root
//
// The root is the scheduler's own goroutine. It sleeps in a slot like everybody
// else while fibers run, and is switched to when there is nothing to run, when
// a turn is due, or when something needs more stack than a fiber should grow.
type scheduler struct {
	// Set when made, or when it takes its seat; constant then.
	rt     *Runtime
	index  int
	wheel  *wheel
	before past // what those did who had its seat before

	// behind is nil until a fiber first yields here: most stalled schedulers have none. Writer:
	// owner, once, before it pushes there. Readers: any; to those that see nil it is empty.
	behind atomic.Pointer[yielded]

	deque  worksteal.Owner[fiber]
	ring   worksteal.RingOwner[fiber]
	newest worksteal.Thief[fiber]     // of deque
	woken  worksteal.RingThief[fiber] // of ring; ends with a line of its own

	// The owner's.
	root      coro.Coro
	left      departure    // see parking.go
	running   hint         // the fiber that runs, or 0: see stalled.go
	eyes      *eyes        // see eyes.go
	handed    *fiber       // chosen by the one that switched to the root
	idle      []*coroutine // resting, ready for a fiber
	free      []*fiber     // recycled records
	nextID    uint64
	countdown int    // picks until the next turn
	interval  int    // picks between turns, so that they come about every turnTime
	streak    int32  // picks from next in a row
	favours   int32  // picks from the ring in a row, while others wait
	rotation  uint32 // which queue the turn looks at first
	given     int32  // how often it has given work away as a stalled scheduler: see attend
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
	company   company                // whom it has met: see mixed.go
	standIn   bool                   // made to take the seat of another: see stalled.go. Constant, as index
	firing    bool                   // the root is in fire
	readied   bool                   // it has made goroutines ready
	airing    bool                   // the last turn has looked at the old ends of the queues
	suspects  map[*scheduler]suspect // of an understudy

	_ pad.Line

	// next: see runNext. Writers: owner (puts and takes); thieves (take).
	next place
	// spawned counts the fibers made here. Writer: owner, before the fiber can
	// be seen by anyone. Readers: any.
	spawned stdatomic.Uint64
	// published is counts as of the last turn. Writer: owner. Readers: any.
	published published
	// eager is how many of the next wakes, and pushes to the ring, are to wake
	// others at once: a fiber was found that had waited here, after a delay that
	// could have been avoided. Writers: thieves (set), owner (counts down; which
	// of two writes is lost does not matter). Readers: any.
	eager atomic.Uint32
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

	parker  parker.Parker
	wokenAt stdatomic.Int64 // when the permit was given. Writer: who gives it. Reader: owner, after that
	wakeUps *latencies      // of the seat
	// Under rt.idle.mu.
	sleepIndex int32 // index among the sleepers, -1 if awake
	timekeeper bool  // wakes by itself at rt.idle.mu.until
	watcher    bool  // see W2
	// Under rt.mu.
	computes bool   // it is stalled, and its fiber computes
	legacy   legacy // of what it has left as a stalled scheduler

	_ pad.Line
}

const (
	turnPicks   = 61                     // most picks between two turns of the root
	turnTime    = 500 * time.Microsecond // most time, as long as fibers switch
	airTime     = 500 * time.Microsecond // between two looks at the old ends, if fibers are uneven
	unevenTime  = 10 * time.Millisecond  // within which two late turns say that they are
	yieldEvery  = time.Millisecond       // how long to keep the processor from others
	mixedFactor = 8                      // how much shorter turnTime and yieldEvery are beside goroutines
	maxStreak   = 16
	maxFavours  = 16
	eagerness   = 256 // wakes for which a watcher's finding is remembered
	maxIdle     = 256 // coroutines resting at one scheduler
)

// roots tells of which scheduler the calling goroutine is the root, if of any: what its
// timers wake by way of operations goes to its ring, as what they wake directly does.
var roots getg.Table[scheduler]

func newScheduler(rt *Runtime) *scheduler {
	s := &scheduler{rt: rt, interval: 1, countdown: 1, sleepIndex: -1}
	s.deque.Init(&s.newest)
	s.ring.Init(&s.woken)
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
			if s.rt.ending.Load() && f.instead() == nil {
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

// pick returns the next fiber to run, or nil if the root has to look.
func (s *scheduler) pick() *fiber {
	if s.countdown--; s.countdown <= 0 || s.nudged.Load() {
		s.countdown = 0
		return nil
	}
	if f := s.pickNext(); f != nil {
		return f
	}
	return s.pickQueued()
}

func (s *scheduler) pickLocal() *fiber {
	if f := s.pickNext(); f != nil {
		return f
	}
	return s.pickQueued()
}

// pickNext takes the fiber in next, if there is one and it is not the turn of
// others.
func (s *scheduler) pickNext() *fiber {
	if s.streak < maxStreak && !s.next.empty() {
		s.streak++
		return s.next.take()
	}
	return nil
}

// pickQueued is pickLocal after pickNext.
func (s *scheduler) pickQueued() *fiber {
	if !s.next.empty() {
		if f := s.next.take(); f != nil {
			if s.deque.Drained() && s.ring.Drained() && s.noneBehind() {
				s.streak = 0 // nobody to make room for
				return f
			}
			s.pushWoken(f)
			s.wakeForWoken()
		}
	}
	s.streak = 0
	if !s.ring.Drained() && s.favours < maxFavours {
		s.favours++
		if f := s.ring.Pop(); f != nil {
			return f
		}
	}
	s.favours = 0
	if !s.deque.Drained() {
		if f := s.deque.Pop(); f != nil {
			return f
		}
	}
	if y := s.behind.Load(); y != nil && !y.owner.Drained() {
		if f := y.owner.Pop(); f != nil {
			return f
		}
	}
	if s.ring.Drained() {
		return nil
	}
	return s.ring.Pop()
}

// runNext enqueues a fiber that the running one has woken: it will run as soon
// as that one parks, on the same core, where what it waits for is in the cache.
// As the waker most often parks at once, no other scheduler is woken for it, if
// one watches; that one takes the fiber after a short time (W2 in idle.go).
func (s *scheduler) runNext(f *fiber) {
	s.counts.wakes++
	if s.eyes != nil {
		s.eyes.woke(f, s.eyes.self())
	}
	old := s.next.swap(f)
	if old != nil {
		s.pushWoken(old)
	}
	id := &s.rt.idle
	if id.attend.Load() == 0 || s.attend() || id.nsleep.Load() == 0 {
		return
	}
	if n := s.eager.Load(); n > 0 {
		// Lately, wakers went on for long: let the fiber be found at once.
		s.eager.Store(n - 1)
		if f := s.next.take(); f != nil {
			s.pushWoken(f)
		}
		s.rt.wakeForWork()
	} else if !id.watched.Load() {
		s.rt.wakeForWork()
	}
}

// pushWoken puts a fiber that was woken in the ring.
func (s *scheduler) pushWoken(f *fiber) { s.ring.Push(f) }

// yielded is the queue of those that have yielded.
type yielded struct {
	owner worksteal.RingOwner[fiber]
	thief worksteal.RingThief[fiber]
}

// toBehind returns the queue, made if need be. Owner only.
func (s *scheduler) toBehind() *worksteal.RingOwner[fiber] {
	y := s.behind.Load()
	if y == nil {
		y = s.newBehind()
	}
	return &y.owner
}

//go:noinline
func (s *scheduler) newBehind() *yielded {
	y := new(yielded)
	y.owner.Init(&y.thief)
	s.behind.Store(y)
	return y
}

// noneBehind reports whether the owner knows of no fiber that has yielded.
func (s *scheduler) noneBehind() bool {
	y := s.behind.Load()
	return y == nil || y.owner.Drained()
}

// popBehind takes the one that yielded first, or returns nil.
func (s *scheduler) popBehind() *fiber {
	if y := s.behind.Load(); y != nil {
		return y.owner.Pop()
	}
	return nil
}

// wakeForWoken is called after a push to the ring or behind. As with next, the watcher
// sees to it if there is one, unless that took too long lately.
func (s *scheduler) wakeForWoken() {
	id := &s.rt.idle
	if id.attend.Load() == 0 || s.attend() || id.nsleep.Load() == 0 {
		return
	}
	if n := s.eager.Load(); n > 0 {
		s.eager.Store(n - 1)
	} else if id.watched.Load() {
		return
	}
	s.rt.wakeForWork()
}

// spawn makes a fiber and queues it here. Owner only.
func (s *scheduler) spawn(j job) {
	f := s.newFiber(j.fn)
	f.describe(j)
	if s.eyes != nil {
		s.eyes.spawned(f)
	}
	s.spawned.Store(s.spawned.Load() + 1)
	s.deque.Push(f)
	s.posted()
}

// posted is called after a push to the deque.
func (s *scheduler) posted() {
	if s.rt.idle.attend.Load() != 0 && !s.attend() {
		s.rt.wakeForWork()
	}
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

// turn is what the root does every so many picks: see to the clock, to the
// timers, to the other goroutines of the process, and to the fibers that the
// usual order might leave waiting. It returns one of these, or nil.
func (s *scheduler) turn() *fiber {
	rt := s.rt
	now := rt.clock()
	turnTime, yieldEvery := turnTime, yieldEvery
	mixed := rt.mixed(now)
	if mixed {
		turnTime, yieldEvery = turnTime/mixedFactor, yieldEvery/mixedFactor
	}
	switch elapsed := time.Duration(now - s.now); {
	case elapsed > turnTime && s.interval > 1:
		s.interval /= 2
	case elapsed < turnTime/4 && s.interval < turnPicks:
		s.interval = min(2*s.interval, turnPicks)
	}
	s.countdown = s.interval
	uneven := s.compareTimes(now)
	s.now = now
	if s.airing {
		s.airing, s.aired = false, now
	}
	if s.nudged.Load() {
		s.nudged.Store(false)
	}
	s.publish(false)
	if time.Duration(now-s.yieldedAt) >= yieldEvery {
		s.yieldProcessor()
	}
	if s.fireOwn(now) {
		rt.wakeForWork()
	}
	if s.lookNowAndThen(now) {
		s.receive()
		rt.wakeForWork()
	}
	if time.Duration(now-s.aired) < airTime {
		switch {
		case uneven:
			s.streak, s.favours = 0, 0
			return nil
		case mixed && s.interval < turnPicks:
			return nil // what is oldest first, too often, makes a computation broad
		}
	}
	s.airing = true
	s.rotation++
	for i := range 5 {
		var f *fiber
		switch (int(s.rotation%5) + i) % 5 {
		case 0:
			f = rt.injector.Pop()
		case 1:
			f = s.ring.Pop()
		case 2:
			f, _ = s.newest.Steal() // our own oldest
		case 3:
			f = s.stealFromStalled()
		case 4:
			f = s.popBehind()
		}
		if f != nil {
			return f
		}
	}
	return nil
}

// compareTimes reports whether some fibers compute for long between two switches, at the
// turn that has come now: then what is fair by the number of picks is not by the time.
func (s *scheduler) compareTimes(now int64) (uneven bool) {
	if time.Duration(now-s.now) > turnTime/2 {
		if time.Duration(now-s.strained) < unevenTime {
			s.uneven = now + int64(unevenTime)
		}
		s.strained = now
	}
	return now < s.uneven
}

// receive lets the goroutines run that s has made ready, as poller: they lie in the queue
// of its processor.
func (s *scheduler) receive() {
	if s.readied {
		s.readied = false
		s.rt.meet(s.now)
		s.counts.processorYields++
		goruntime.Gosched()
		s.now = s.rt.clock()
		s.yieldedAt = s.now
	}
}

// yieldProcessor lets the other goroutines of the process run for a moment, if they
// need that, and looks whether this one came back on another thread.
func (s *scheduler) yieldProcessor() {
	// Beside fibers that compute without a seat it would get one millisecond for each
	// ten of theirs.
	if s.rt.hogs.Load() == 0 && s.load.crowded() {
		s.counts.processorYields++
		goruntime.Gosched()
	}
	s.now = s.rt.clock()
	s.yieldedAt = s.now
	if s.rt.mixed(s.now) {
		s.pin.LetGo()
	} else {
		s.checkPin()
	}
}

// checkPin locks the thread that carries s to its core, if it has one.
func (s *scheduler) checkPin() {
	if err := s.pin.Check(time.Duration(s.now)); err != nil {
		mu := &s.rt.mu
		mu.Lock()
		if mu.pinErr == nil {
			mu.pinErr = err
		}
		mu.Unlock()
	}
}

// random returns a number below n, from a generator of the scheduler's own
// (xorshift64: Marsaglia 2003).
func (s *scheduler) random(n int) int {
	s.rng ^= s.rng << 13
	s.rng ^= s.rng >> 7
	s.rng ^= s.rng << 17
	return int(s.rng>>33) % n
}
