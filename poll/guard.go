package poll

import (
	"sync"

	"github.com/seed222ee791/fibers/internal/simhook"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// A guard is the lock of a Reader or a Writer. What its holder must not do by L1 it has done
// aside.
//
// L1: no lock of cml's is taken with one of ours held, and nobody gives way then.
//
//	Ours are plain: who finds one held waits in Go's way, a fiber with its scheduler. A
//	fiber that finds a lock of cml's held, be it for an instant, parks, with what it holds.
//	If that were one of ours, others would wait with their schedulers for a fiber that
//	wants one to run on; and so they would in a simulation, for one that is not
//	chosen to run. So what takes a lock of cml's (to Signal, to Fill, to Close), and what lets
//	others run in a simulation (to spawn, too), is done when ours are free, or by a
//	goroutine. To Commit takes none, and lets nobody run. One case is left, see L2: an
//	attempt to write gives the turn up with the lock of its Writer held, and so does, with
//	that of a watcher or a Writer held, who asks whether the turn is free.
//
// L2: who brings an event against a holder that is parked (L1).
//
//	Who brings an event may be the root of a scheduler, on which the holder perhaps wants to
//	run, or may have locks itself. So it only tries the lock; if that is held, a goroutine
//	waits for it and does what the event is for. It need not be done when the event has been
//	brought: what has come is in the cell before that, so an attempt in between finds it. It
//	is done once, as what was registered has been taken out; and whoever has the lock then
//	registers anew after an attempt in vain, so no later event is missed. That nobody waits for it
//	any more, or something else is registered by then, is nothing new: cancel may come too
//	late. In a simulation there are no such roots, and the lock is free whenever another
//	runs (L1).
type guard struct {
	sync.Mutex
	after []func() // of a simulation, until the Unlock. Under the lock
}

// lockAtOnce takes mu for one who brings an event, and reports false if that is held: then a
// goroutine has to (L2).
func lockAtOnce(mu *sync.Mutex) bool {
	if mu.TryLock() {
		return true
	}
	if simhook.Current() == nil {
		return false
	}
	mu.Lock() // it is a stranger's
	return true
}

// aside has f run beside the holder: by a goroutine, or where there are none by a fiber, which
// is spawned at the Unlock.
func (g *guard) aside(f func()) {
	if simhook.Current() == nil {
		go f()
		return
	}
	g.after = append(g.after, f)
}

// Unlock gives the lock back.
func (g *guard) Unlock() {
	if g.after != nil {
		g.spawn()
		return
	}
	g.Mutex.Unlock()
}

func (g *guard) spawn() {
	after := g.after
	g.after = nil
	g.Mutex.Unlock()
	for _, f := range after {
		fibers.Go(f)
	}
}
