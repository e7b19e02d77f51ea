package poll

import "testing"

// The last call that leaves a closed descriptor does not wait for who closes it, as it may be one
// with the lock of a Reader: L1.
func TestLastToLeaveDoesNotWait(t *testing.T) {
	r, w, err := Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	f := fdOf(r)
	if f == nil {
		t.Skip("not by epoll here")
	}
	f.enter() // a call is under way
	closed := make(chan error, 1)
	spawnFiber(func() { closed <- r.Close() })
	eventually(t, "the other waits", func() bool { return f.gone.Load() != nil && f.refs.Load() == closing|1 })
	mu := ofCond(f.gone.Load())
	mu.Lock() // as one has it who is about to wait
	defer func() {
		mu.Unlock()
		within(t, "Close", func() { <-closed })
	}()
	left := make(chan bool)
	spawnFiber(func() {
		f.leave()
		close(left)
	})
	within(t, "who leaves", func() { <-left })
}
