package cores

import (
	"math"
	"os"
	"sync"
	stdatomic "sync/atomic" // its 64-bit types are aligned on 32-bit systems too
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Locked to cores, without locked threads.
//
// A scheduler's goroutines are many and change threads at the Go runtime's will,
// about once a second, more often under heavy garbage collection. A locked thread
// (runtime.LockOSThread) cannot resume a coroutine made elsewhere. So what is
// pinned is the thread that happens to carry the scheduler, and pinning heals
// itself: whenever it yields the processor, the scheduler compares the thread it is on with the one
// it pinned.
//
// A scheduler that falls asleep lets its thread go, and pins it again when it has
// run until the scheduler yields the processor (a millisecond). Where it wakes up is the system's to decide,
// which knows what else runs: a pinned thread that is woken by a packet waits for
// whoever is on its core (measured: three times the time of an echo). What has no
// more than a millisecond to do has no use for a core of its own.
//
// On a change it claims the new thread and pins it. The thread left behind must
// be released, or two busy threads share a core while another is idle (measured:
// a third of the throughput). But another scheduler may be on that thread by
// now, and have pinned it. So the table of owners says whose a thread is, and
// only its owner releases it. Both happen under the table's lock: it is taken
// some times a second.
//
// Nor does it insist on a core that others keep busy. The monitor compares the
// processor time of pinned threads with the time that has passed since they were
// pinned, 8 ms at least: one that got less than three quarters (also, because it was
// blocked for a fiber) is let go, so that the system can move it, and pinned again
// after a while, longer each time. (Beside other programs on two cores, computations
// on one pinned scheduler were seen to take four to six times as long as on
// goroutines, for the same processor time. How much of that this mends is not
// measured: beside one busy loop on the core no difference was to be seen.)
//
// A new thread may inherit the mask of a pinned one. That, and what masks others have
// set, the auditor sees to: guest_linux.go.

// threads is the process's table of threads.
var threads struct {
	sync.Mutex
	owner  map[int]*Pin // those that are pinned
	nature map[int]nature
	// witness is a thread that was never pinned and had the mask of the process at the
	// last audit, or 0.
	witness int
}

// CanPin says whether this system lets a thread be pinned.
const CanPin = true

// A Pin is a scheduler's hold on its core. The zero value is none: see Set. Its methods are
// its owner's, who runs on the scheduler, but for those that say otherwise.
//
// P1: the monitor's Judge against Check. The monitor lets the thread go under the
// lock and says until when; the owner may be about to pin another one, or the same,
// having looked at retry before. Then it stays pinned until the next verdict.
type Pin struct {
	core int // the number of its core, plus one; 0: it has none
	// thread is the one it pinned, or 0. Writers: under the lock of the table, the
	// owner, another one that takes the thread over, and the monitor (P1). Readers:
	// owner; others under the lock, or to know whether to take it.
	thread stdatomic.Int64
	failed bool

	// retry is the time, by the owner's clock, until which it is not pinned, after
	// a bad verdict. Writer: the monitor. Reader: owner (P1).
	retry stdatomic.Int64
	trial trial // of the thread, since it was pinned. Under the lock of the table

	looks Looks
}

// Looks counts what a Pin has found.
type Looks struct {
	Checks, Right uint64 // how often it has looked, and was on its core
	Moves         uint64 // threads that it has pinned
}

// A trial is how a pinned thread fares.
type trial struct {
	thread     int64
	wall, used time.Duration // at the beginning: the owner's clock, and the thread's
	backoff    time.Duration
}

const (
	trialTime  = 8 * time.Millisecond // until the verdict
	minBackoff = 50 * time.Millisecond
	maxBackoff = time.Second
	never      = math.MaxInt64
)

// Set makes p the hold on a CPU, before anybody sees it.
func (p *Pin) Set(cpu int) { p.core = cpu + 1 }

// mask is made anew each time, which is seldom: it would be a line of each scheduler.
func (p *Pin) mask() (m unix.CPUSet) {
	m.Set(p.core - 1)
	return m
}

// Check pins the current thread if it is not the one that was pinned last. now is by the
// owner's clock. An error is told once.
func (p *Pin) Check(now time.Duration) error {
	if p.core == 0 || p.failed {
		return nil
	}
	p.looks.Checks++
	if onCPU() == p.core-1 {
		p.looks.Right++
	}
	if int64(now) < p.retry.Load() { // P1
		return nil
	}
	// The goroutine may change threads between any two of these lines. Then the
	// wrong thread is pinned for a moment, and owned, so that the next check
	// finds a difference and releases it.
	tid := unix.Gettid()
	if int64(tid) == p.thread.Load() {
		return nil
	}
	if !threads.TryLock() {
		return nil // at the next check: a scheduler does not wait for another's system calls
	}
	defer threads.Unlock()
	p.looks.Moves++
	if threads.owner == nil {
		threads.owner = make(map[int]*Pin)
		audit() // those that are there now have inherited nothing
	}
	mask := p.mask()
	pinsTo(mask)
	if !p.mayPin(tid) {
		p.release()
		return nil
	}
	if o := threads.owner[tid]; o != nil && o != p {
		o.thread.Store(0) // so that it does not take the thread for its own later
	}
	err := unix.SchedSetaffinity(tid, &mask)
	if err == unix.ESRCH {
		return nil // the thread has ended since; at the next check, then
	}
	if err != nil {
		p.failed = true
		p.release()
		return os.NewSyscallError("sched_setaffinity", err)
	}
	p.release()
	threads.owner[tid] = p
	threads.nature[tid] |= wasPinned | wasSeen
	p.thread.Store(int64(tid))
	p.trial.thread = 0 // a new one: sleep does not count
	return nil
}

// Looks returns what it has found so far.
func (p *Pin) Looks() Looks { return p.looks }

// Pinned reports whether a thread is pinned now. From anywhere.
func (p *Pin) Pinned() bool { return p.thread.Load() != 0 }

// Judge looks at how the pinned thread has fared. Called by the monitor, at least
// every few milliseconds while the scheduler is awake.
func (p *Pin) Judge(now time.Duration) {
	if p.thread.Load() == 0 {
		return
	}
	threads.Lock()
	defer threads.Unlock()
	t, tid := &p.trial, p.thread.Load()
	used, ok := threadTime(tid)
	if !ok || tid == 0 {
		t.thread = 0
		return
	}
	if tid != t.thread {
		t.thread, t.wall, t.used = tid, now, used
		return
	}
	passed := now - t.wall
	if passed < trialTime {
		return
	}
	got := used - t.used
	t.wall, t.used = now, used
	if got >= passed/4*3 {
		t.backoff = 0
		return
	}
	t.backoff = min(max(2*t.backoff, minBackoff), maxBackoff)
	p.retry.Store(int64(now + t.backoff)) // P1
	p.release()
}

// Inherit makes p the hold on the core of o, for a scheduler that takes its seat.
func (p *Pin) Inherit(o *Pin) {
	p.core = o.core
	p.retry.Store(0)
}

// Rest keeps it from pinning a thread: the scheduler has lost its seat, and with it the
// core. LetGo gives the one that it has back. From anywhere (P1), while nobody gives seats
// away: else p may be the hold on another core by then.
func (p *Pin) Rest() { p.retry.Store(never) }

// Again takes back a Rest, from its next check on. From anywhere, likewise.
func (p *Pin) Again() { p.retry.Store(0) }

// threadTime returns the processor time of a thread of this process.
func threadTime(tid int64) (time.Duration, bool) {
	const ofThread, scheduled = 4, 2 // CPUCLOCK_PERTHREAD_MASK and CPUCLOCK_SCHED of the kernel
	var ts unix.Timespec
	err := unix.ClockGettime(int32(^tid<<3|ofThread|scheduled), &ts)
	return time.Duration(ts.Nano()), err == nil
}

// release gives the thread pinned before its mask back; the table is locked.
func (p *Pin) release() {
	if tid := int(p.thread.Load()); tid != 0 && threads.owner[tid] == p {
		delete(threads.owner, tid)
		giveBack(tid, p.mask())
	}
	p.thread.Store(0)
}

// LetGo gives the thread back, until the next check. From anywhere. Others of the process's
// goroutines, and processes that they start, would inherit the limit.
func (p *Pin) LetGo() {
	if p.thread.Load() == 0 {
		return
	}
	threads.Lock()
	p.release()
	threads.Unlock()
}

// onCPU returns the CPU that the calling thread is on, or −1.
func onCPU() int {
	var cpu uint32
	if _, _, errno := unix.RawSyscall(unix.SYS_GETCPU, uintptr(unsafe.Pointer(&cpu)), 0, 0); errno != 0 {
		return -1
	}
	return int(cpu)
}
