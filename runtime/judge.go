package runtime

import (
	"flag"
	goruntime "runtime"
	"slices"
	"strings"
	"sync"
	"time"
	"unsafe"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/internal/wait"
)

// When nothing can happen any more.
//
// Go ends a program in which all goroutines are asleep, because it knows all that could
// wake one. The engine knows its fibers, but beside them there are goroutines, and
// timers of Go's, which can do what a fiber waits for. So Run is ended only if
//
//	all schedulers of all runtimes sleep, every fiber waits, and none of them for time,
//	a descriptor, a blocking call or an operation of NewOp; no timer is set (Examine);
//	every other goroutine waits for others: on a channel, in a select, at a lock. Not for
//	the network, a signal or the system, and does not run. This is read off their stacks;
//	and no timer of Go's is set, which could run a function: the Go runtime itself asks
//	that when it looks for deadlocks.
//
// All of these are found so at one look, more than a second after the last switch in any
// runtime. What wakes somebody in between shows in the counters.
//
// In a test (go test), timers that are more than two seconds away are taken for guards
// of the test, and do not count.
//
// The last one has no public way. The function that Go's own check calls is looked up
// by its name, in the table of functions, and called only if the table gives that name
// and the entry back. Where it is not found, nothing is known and Run waits.
//
// The judge is a timer, set when a call of Run waits and the schedulers of a runtime have all
// been asleep for a while, so a runtime that works never meets it. A verdict that is not
// certain is put off, for twice as long each time.
//
// Checked by: TestRunEndsWhenNothingCanHappen…, TestRunEndsWhenOthers…, TestRunWaitsWhile…,
// TestJudgeIsCalled….

// A run is what a call of Run waits for.
type run struct {
	done  *future // main's end
	abort func()  // ends the drain
}

// waitsFor says that a call of Run waits in rt, until over is called. It is called before main
// is spawned: rt falls asleep with it later. In a bubble the bubble tells what can't end.
func (rt *Runtime) waitsFor(r *run) (over func()) {
	if rt.bubbled {
		return func() {}
	}
	rt.runs.Store(r)
	judge.wanted.Inc()
	return sync.OnceFunc(func() {
		rt.runs.Store(nil)
		judge.wanted.Dec()
	})
}

const (
	judgeAfter = 300 * time.Millisecond  // the first look
	judgeGap   = 1200 * time.Millisecond // to the second: longer than a nap
	judgeTries = 7
	guardFrom  = 2 * time.Second
	maxStrange = 20_000 // goroutines whose stacks are read
)

var judge judgment

type judgment struct {
	sync.Mutex
	wanted atomic.Int32 // calls of Run that wait. Writers: they. Readers: any
	timer  *time.Timer  // nil: not set
	set    atomic.Bool  // it is. Written under the lock. Readers: any (Y1)
	tries  int          // since something last happened
	seen   uint64       // what had happened by the first look
	fresh  uint64       // and by the last verdict
}

// fellIdle is called when all schedulers of rt sleep, and when rt is no more: whoever made
// it, it may be the last that Run waits for in another.
//
// Y1: it does not touch the lock while the timer is set, and the looks that find somebody
// awake do not set it again (but beside a bubble: awake). They say that it is not set, then look
// whether all sleep by now. Who falls asleep does so first and looks whether it is set then: one of
// them sees the other.
func (rt *Runtime) fellIdle() {
	if judge.wanted.Load() == 0 || judge.set.Load() {
		return
	}
	if rt.bubbled { // so would be the timer, and what is of a bubble may end with it
		return
	}
	judge.Lock()
	defer judge.Unlock()
	judge.call()
}

// call sets the timer for the first look. The lock is held.
func (j *judgment) call() {
	if now := happened(); now != j.fresh {
		j.fresh, j.tries = now, 0
	}
	if j.timer == nil && j.tries < judgeTries && j.wanted.Load() > 0 {
		j.after(judgeAfter<<j.tries, firstLook)
	}
}

// awake reports whether somebody is awake. Who falls asleep again, or is no more, calls fellIdle (Y1), but
// for those in bubbles: if there are such, it comes again. Called by the looks. The lock is held.
func (j *judgment) awake() bool {
	bubbles := slices.ContainsFunc(Runtimes(), func(rt *Runtime) bool { return rt.bubbled })
	if allAsleep() {
		return false
	}
	if bubbles {
		j.call()
	}
	return true
}

func (j *judgment) after(d time.Duration, look func()) {
	j.timer = time.AfterFunc(d, look)
	j.set.Store(true)
}

// over says that the timer is not set any more.
func (j *judgment) over() {
	j.timer = nil
	j.set.Store(false)
}

// happened counts what has happened in all runtimes.
func happened() (n uint64) {
	for _, rt := range Runtimes() {
		for _, s := range *rt.schedulers.Load() {
			n += s.published.parks.Load() + s.published.turns.Load() + s.spawned.Load()
		}
		n += rt.spawned.Load()
	}
	return n
}

// allAsleep reports whether no scheduler of any runtime is awake.
func allAsleep() bool {
	for _, rt := range Runtimes() {
		if !rt.allSleep() {
			return false
		}
	}
	return true
}

// firstLook has our own goroutines wait for us instead of for time.
func firstLook() {
	judge.Lock()
	defer judge.Unlock()
	judge.over()
	if judge.awake() {
		return
	}
	judge.seen = happened()
	naps.pause()
	judge.after(judgeGap, secondLook)
}

// secondLook gives the verdict.
func secondLook() {
	judge.Lock()
	defer judge.Unlock()
	judge.over()
	certain := verdict(judge.seen)
	naps.resume()
	if certain {
		all := Runtimes()
		for _, rt := range slices.Backward(all) { // of nested ones the innermost
			if run := rt.runs.Load(); run != nil {
				own := Examine(rt)
				own.Idle = true
				rt.stall.Store(&own)
				run.abort()
				run.done.complete()
				return
			}
		}
		return
	}
	if judge.awake() {
		return
	}
	if happened() == judge.seen {
		judge.fresh = judge.seen
		judge.tries++
	}
	judge.call()
}

// verdict reports whether it is certain that nothing can happen any more.
func verdict(seen uint64) bool {
	if !allAsleep() || happened() != seen {
		return false
	}
	r := Examine()
	stuck := r.StuckCount > 0 || len(r.Deadlocks) > 0
	return stuck && everyFiberWaits() && !goTimers() && strangersWait() && allAsleep() && happened() == seen
}

// everyFiberWaits reports whether all fibers wait, for nothing but each other.
func everyFiberWaits() bool {
	for _, rt := range Runtimes() {
		l := rt.lookout()
		l.divides = true
		waits := true
		rt.records.each(func(f *fiber) bool {
			if l.readFiber(f) {
				why := l.reason()
				waits = l.waits() && !why.Outside()
				if waits && why == wait.Choice {
					waits = len(l.parts) > 0 && !slices.ContainsFunc(l.parts, func(p wait.Part) bool { return p.Why.Outside() })
				}
			}
			return waits
		})
		if !waits || rt.nextTimer() != never {
			return false
		}
	}
	return true
}

// goTimers reports whether a timer of Go's may be set. In a test there always is one,
// package testing's, and most often one that guards against what we are about to end:
// there, those that are far away do not count.
func goTimers() bool {
	next := nextGoTimer()
	if next == nil {
		return true
	}
	at := next()
	if at == 1<<63-1 {
		return false
	}
	now, known := goClock()
	return !known || flag.Lookup("test.timeout") == nil || at-now < int64(guardFrom)
}

// nextGoTimer returns the function of the Go runtime that returns when its next timer is
// due, or nil.
var nextGoTimer = sync.OnceValue(func() func() int64 {
	pc := functionEntry("runtime.timeSleepUntil")
	if pc == 0 {
		return nil
	}
	code := &struct{ pc uintptr }{pc}
	return *(*func() int64)(unsafe.Pointer(&code))
})

// functionEntry returns where a function of the Go runtime begins, or 0: it looks at
// the functions that lie around one that is known.
func functionEntry(name string) uintptr {
	known := goruntime.FuncForPC(entry(goruntime.Gosched))
	if known == nil {
		return 0
	}
	const step, most = 16, 1 << 17
	for _, by := range []uintptr{step, ^uintptr(step) + 1} {
		pc, strange := known.Entry(), 0
		for range most {
			f := goruntime.FuncForPC(pc)
			switch {
			case f == nil:
				strange++
			case f.Entry() == pc && f.Name() == name:
				return pc
			default:
				strange = 0
			}
			if strange > 4096 {
				break
			}
			pc += by
		}
	}
	return 0
}

// strangersWait reports whether all goroutines that are no fibers wait for others.
func strangersWait() bool {
	n := goruntime.NumGoroutine()
	if n > maxStrange {
		return false
	}
	records := make([]goruntime.StackRecord, n+100)
	n, ok := goruntime.GoroutineProfile(records)
	if !ok {
		return false
	}
	for i := range records[:n] {
		if !harmless(records[i].Stack()) {
			return false
		}
	}
	return true
}

// Functions by which it is seen what a goroutine does.
var (
	// ownFrames are in the stacks of the engine's goroutines and of those that serve
	// inspection, which do nothing to others.
	ownFrames = []string{
		libraryPath + "runtime.(*scheduler).", libraryPath + "runtime.(*Runtime).runMonitor", libraryPath + "runtime.(*Runtime).serveMonitorTimer",
		libraryPath + "runtime.(*pool).", libraryPath + "internal/epoll.", libraryPath + "runtime.secondLook",
		libraryPath + "runtime.(*Runtime).reportStalls", libraryPath + "internal/coro.",
		libraryPath + "runtime/inspect.(*session).", "github.com/google/gops/agent.",
	}
	// waitFrames are right below the functions that park, in those that wait for others.
	waitFrames = []string{
		"runtime.chanrecv", "runtime.chansend", "runtime.selectgo", "runtime.block",
		"runtime.selectnbrecv", "sync.runtime_", "internal/sync.runtime_", "sync.", "internal/sync.",
		"runtime.coroswitch", "iter.Pull",
	}
	parkFrames = []string{"runtime.gopark", "runtime.goparkunlock", "runtime.semacquire", "runtime.semasleep", "runtime.notetsleep"}
)

const libraryPath = "github.com/seed222ee791/fibers/"

// harmless reports whether a goroutine with this stack is the engine's, or waits for
// others.
func harmless(stack []uintptr) bool {
	if len(stack) == 0 {
		return false
	}
	found := goruntime.CallersFrames(stack)
	waits, decided := false, false
	for {
		f, more := found.Next()
		if hasAny(f.Function, ownFrames) {
			return true
		}
		if !decided && !hasAny(f.Function, parkFrames) {
			waits, decided = hasAny(f.Function, waitFrames), true
		}
		if !more {
			return waits
		}
	}
}

func hasAny(s string, prefixes []string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(s, p) })
}
