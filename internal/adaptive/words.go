//go:build !model

package adaptive

import (
	"sync"
	"time"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/internal/wait"
)

// The shared words, by the names under which the model build replaces them: see cml/atomics.go.
type (
	number = atomic.Uint32
	flag   = atomic.Bool
	outer  = sync.Mutex
	link   = atomic.Pointer[waiter]
)

// looks is how often who finds a mutex held tries to take it before it waits, and pause how many
// rounds of an empty loop there are before each try: 1 µs, some 4 µs together. It does not look
// meanwhile: that would take the line from the holder, who can go on with it in its cache, perhaps
// take the mutex a few times more (BenchmarkMutexOfTwo).
const (
	looks = 4
	pause = 2000
)

const (
	// fairAfter is how long one waits in Go's way until the mutex is handed to it as soon as it
	// is given back, and a fiber until it goes over to those.
	fairAfter = time.Millisecond
	// fairTries is how often a fiber has been woken in vain before that.
	fairTries = 4
)

// A gate is where one waits in Go's way. It is no channel: a bubble of testing/synctest may be in
// between.
type gate struct{ mu sync.Mutex }

func (g *gate) close() { g.mu.Lock() }
func (g *gate) open()  { g.mu.Unlock() }

// pass waits until it is open.
func (g *gate) pass() {
	g.mu.Lock()
	g.mu.Unlock() //lint:ignore SA2001 it has been opened
}

func brief() wait.Waiter { return wait.Brief() }

// late reports whether one who waits since then has waited for fairAfter.
func late(since time.Time) bool { return time.Since(since) >= fairAfter }
