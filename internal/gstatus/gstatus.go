package gstatus

import (
	"iter"
	goruntime "runtime"
	"strconv"
	"sync"
	"sync/atomic" // for words of the Go runtime, which have no type of ours
	"unsafe"

	"github.com/seed222ee791/fibers/internal/getg"
)

// A Status is what a goroutine is doing.
type Status uint8

const (
	Unknown Status = iota
	Ready          // it waits for a processor of the Go runtime
	Running        // also on behalf of the Go runtime, as one that allocates helps the collector
	Calling        // in a system call, or in C
	Waiting        // for another goroutine, a timer, a descriptor
	Queued         // for a semaphore of the Go runtime, or of a descriptor: briefly, most often
	Asleep         // it is a coroutine, and another runs in its place
	Other          // it has ended, or its stack is being moved
)

// The numbers of the Go runtime.
const (
	goRunnable  = 1
	goRunning   = 2
	goSyscall   = 3
	goWaiting   = 4
	goPreempted = 9
	goScan      = 0x1000 // set beside them while the stack is scanned
)

// Known reports whether Of can tell.
func Known() bool { return known() }

var known = sync.OnceValue(func() bool { return looked && tried() })

// Of returns the status of the goroutine with the key of package getg, or Unknown where
// that cannot be told.
func Of(key uintptr) Status {
	if key == 0 || !known() {
		return Unknown
	}
	return read(key)
}

func read(key uintptr) Status {
	switch atomic.LoadUint32((*uint32)(at(key, statusAt))) &^ goScan {
	case goRunnable, goPreempted:
		return Ready
	case goRunning:
		return Running
	case goSyscall:
		return Calling
	case goWaiting:
		// The reason is written before the status. Where the goroutine has gone on since,
		// and waits anew, it is that of the new wait.
		switch reason := reasonOf(key); {
		case reason == forCoroutine:
			return Asleep
		case reason == forSemaphore:
			return Queued
		case uint64(forRuntime)>>reason&1 != 0:
			return Running
		}
		return Waiting
	}
	return Other
}

// Locked reports whether the calling goroutine is locked to its thread (runtime.LockOSThread, or
// a call back from C), as one that must not switch; also if that cannot be told.
func Locked() bool { return !known() || isLocked(getg.Get()) }

func isLocked(self uintptr) bool { return *(*uintptr)(at(self, lockedAt)) != 0 }

// reasonOf returns why a goroutine waits. The word is a byte, which the Go runtime writes
// as such.
func reasonOf(key uintptr) uint8 { return *(*uint8)(at(key, reasonAt)) }

// at returns the address of a field. (checkptr knows of no object there that the
// number was made from.)
//
//go:nocheckptr
func at(key uintptr, offset uintptr) unsafe.Pointer {
	return *(*unsafe.Pointer)(unsafe.Pointer(&[1]uintptr{key + offset}))
}

// tried puts the layout to the test.
func tried() bool {
	const tries = 10000 // yields, of which one is enough where a processor is free
	self := getg.Get()
	if self&7 != 0 || read(self) != Running || !numbered(self) {
		return false
	}
	keys, end := make(chan uintptr), make(chan struct{})
	go func() {
		keys <- getg.Get()
		<-end
	}()
	other := <-keys
	waits := false
	for range tries {
		if why := reasonOf(other); read(other) == Waiting && (why == forChannel || why == forDurable) {
			waits = true
			break
		}
		goruntime.Gosched()
	}
	close(end)
	if !waits || !sleeps() || !locks() {
		return false
	}
	// One that yields again and again is ready or runs; never does it wait.
	stop, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		keys <- getg.Get()
		for {
			select {
			case <-stop:
				return
			default:
				goruntime.Gosched()
			}
		}
	}()
	other = <-keys
	right := true
	for range 100 {
		if s := read(other); s != Ready && s != Running {
			right = false
		}
		goruntime.Gosched()
	}
	close(stop)
	<-gone
	return right
}

// sleeps reports whether a coroutine at rest is seen as one.
func sleeps() bool {
	next, stop := iter.Pull(func(yield func(uintptr) bool) { yield(getg.Get()) })
	defer stop()
	key, _ := next()
	return read(key) == Asleep
}

// locks reports whether a goroutine shows that it is locked to its thread, and only then.
func locks() bool {
	shows := make(chan bool)
	go func() {
		self := getg.Get()
		before := isLocked(self)
		goruntime.LockOSThread()
		meanwhile := isLocked(self)
		goruntime.UnlockOSThread()
		shows <- !before && meanwhile && !isLocked(self)
	}()
	return <-shows
}

// numbered reports whether the number of the calling goroutine, whose key is self, is
// where it is expected.
func numbered(self uintptr) bool {
	var line [64]byte
	trace := line[:goruntime.Stack(line[:], false)]
	const prefix = len("goroutine ")
	end := prefix
	for end < len(trace) && '0' <= trace[end] && trace[end] <= '9' {
		end++
	}
	n, err := strconv.ParseUint(string(trace[min(prefix, len(trace)):end]), 10, 64)
	return err == nil && *(*uint64)(at(self, numberAt)) == n
}
