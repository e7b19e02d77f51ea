package poll

import (
	"sync"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/cml"
)

// A turn is the lock of those who write to a descriptor. Whoever may not wait, as an
// attempt that an event makes, can have itself told when it is free.
//
// U1: whoever wants to be told against the holder that leaves.
//
//	The holder unlocks, then loads wanted. The other sets wanted, then tries the lock
//	once more. The unlocking first: that attempt finds it free, or held by somebody
//	else, who leaves later. The setting first: the holder sees it, and tells.
//
// Checked by: TestTryWriteStress, TestWriterBesideWriteStress.
type turn struct {
	cml.Mutex
	wanted atomic.Bool // calls is not empty. Writers: under mu
	mu     sync.Mutex
	calls  map[*func()]struct{} // under mu
}

// Unlock gives the turn up, and has those told who want to know, by a goroutine, as
// the caller may hold locks.
func (t *turn) Unlock() {
	t.Mutex.Unlock()
	if t.wanted.Load() { // U1
		go t.tell()
	}
}

func (t *turn) tell() {
	t.mu.Lock()
	calls := t.calls
	t.calls = nil
	t.wanted.Store(false)
	t.mu.Unlock()
	for call := range calls {
		(*call)()
	}
}

// whenFree has call made, once, when the turn may be free: it must be short and not
// wait. It reports false, and call is not made, if it is free now. cancel takes it
// back; it may come too late.
func (t *turn) whenFree(call func()) (cancel func(), ok bool) {
	key := &call
	t.mu.Lock()
	if t.calls == nil {
		t.calls = make(map[*func()]struct{})
	}
	t.calls[key] = struct{}{}
	t.wanted.Store(true) // U1
	t.mu.Unlock()
	cancel = func() {
		t.mu.Lock()
		delete(t.calls, key)
		if len(t.calls) == 0 {
			t.wanted.Store(false)
		}
		t.mu.Unlock()
	}
	if t.TryLock() {
		cancel()
		t.Unlock()
		return nil, false
	}
	return cancel, true
}
