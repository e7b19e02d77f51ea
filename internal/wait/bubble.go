package wait

import (
	"runtime/debug"
	"strings"
	"sync"
	"time"
)

// Bubbles of testing/synctest: what is made in one (a channel, a timer) must not be
// used outside, where Go ends the process for it; and a goroutine of one that waits in
// a channel from outside is not known to the bubble as waiting. So no waiter crosses:
// one that is made in a bubble, with all that packages keep in its scratch place, is
// not used again, and in a bubble none is taken from those that wait to be.
//
// A waiter of a bubble can be woken in that bubble alone. So an object on which
// goroutines of a bubble wait belongs to the bubble, and so do contexts.

// start is a reading of the clock outside of any bubble.
var start = time.Now()

// longest is more than a process lives.
const longest = 5 * 365 * 24 * time.Hour

// possible reports whether there may be bubbles: in test programs. What the go command
// builds has the path of its package in it, of a test with this ending.
var possible = sync.OnceValue(func() bool {
	info, ok := debug.ReadBuildInfo()
	return !ok || info.Path == "" || strings.HasSuffix(info.Path, ".test")
})

// Bubbled reports whether the caller is in a bubble of testing/synctest. In test programs
// the clock tells, for some 30 ns: the monotonic clock of a bubble begins at 946684800 seconds.
// That of the system counts from the start of the machine, which is less by decades, or
// (on some virtual ones) from 1970, which is more by decades.
func Bubbled() bool {
	return possible() && uint64(time.Since(start)) > uint64(longest)
}

// goroutine returns a waiter for the calling goroutine.
func goroutine() *Goroutine {
	if Bubbled() {
		g := NewGoroutine()
		g.bubbled = true
		return g
	}
	return goroutines.Get().(*Goroutine)
}
