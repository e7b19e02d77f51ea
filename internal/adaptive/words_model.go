//go:build model

package adaptive

import (
	"sync"
	"time"

	"github.com/seed222ee791/fibers/internal/simsched"
	"github.com/seed222ee791/fibers/internal/wait"
)

// In this build the shared words report each access before it is made, so that TestMutexModel
// can run the source of this package through every order of accesses.
type (
	number = simsched.Uint32
	flag   = simsched.Bool
	outer  = simsched.TryMutex
	link   = simsched.Pointer[waiter]
)

const (
	looks     = 1
	pause     = 0
	fairTries = 1
)

// gate is where an actor waits that stands for one in Go's way; or one in Go's way, where nothing is
// explored.
type gate struct {
	opened simsched.Bool
	actor  wait.Waiter
	mu     sync.Mutex
}

func (g *gate) close() {
	if g.actor = wait.Brief(); g.actor == nil {
		g.mu.Lock()
		return
	}
	g.opened.Store(false)
}

func (g *gate) open() {
	actor := g.actor
	if actor == nil {
		g.mu.Unlock()
		return
	}
	g.opened.Store(true) // the last access
	actor.Unpark()
}

func (g *gate) pass() {
	if g.actor == nil {
		g.mu.Lock()
		g.mu.Unlock() //lint:ignore SA2001 it has been opened
		return
	}
	for !g.opened.Load() {
		g.actor.Wait(wait.Entry)
	}
}

// natives are the actors that wait in Go's way.
var natives = map[wait.Waiter]bool{}

func brief() wait.Waiter {
	if w := wait.Brief(); !natives[w] {
		return w
	}
	return nil
}

// allLate says that whoever waits has waited for long.
var allLate bool

func late(time.Time) bool { return allLate }
