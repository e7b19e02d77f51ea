package epoll

import (
	"errors"
	"sync"
	"testing"
	"time"
)

// fake is a kernel that does what it is told. Its events are those of send.
type fake struct {
	mu     sync.Mutex
	queue  []event
	data   map[int]uint64
	signal chan struct{}
	closed bool
	refuse error // of add
}

func newFake() *fake {
	return &fake{data: make(map[int]uint64), signal: make(chan struct{}, 1)}
}

func (f *fake) add(fd int, data uint64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.refuse != nil {
		return f.refuse
	}
	f.data[fd] = data
	return nil
}

func (f *fake) remove(fd int) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, ok := f.data[fd]; !ok {
		return errors.New("fake: not there")
	}
	delete(f.data, fd)
	return nil
}

// send brings an event, also of a descriptor that has been removed.
func (f *fake) send(e event) {
	f.mu.Lock()
	f.queue = append(f.queue, e)
	f.mu.Unlock()
	f.wake()
}

func (f *fake) wait(events []event, d time.Duration) (int, error) {
	for {
		f.mu.Lock()
		n := copy(events, f.queue)
		f.queue = f.queue[n:]
		f.mu.Unlock()
		switch {
		case n > 0 || d == 0:
			return n, nil
		case d < 0:
			<-f.signal
			d = 0
		default:
			select {
			case <-f.signal:
			case <-time.After(d):
			}
			d = 0
		}
	}
}

func (f *fake) wakened() bool { return false }

func (f *fake) parks(time.Duration) bool { return false }

func (f *fake) park([]event, sync.Locker) (int, error) { panic("fake: it does not park") }

func (f *fake) wake() {
	select {
	case f.signal <- struct{}{}:
	default:
	}
}

func (f *fake) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		panic("fake: closed twice")
	}
	f.closed = true
}

// withFake returns a poller over a fake kernel, which is made anew each time it
// is opened, and that kernel. It has no driver: an engine is attached.
func withFake(t *testing.T) (*poller, func() *fake) {
	var mu sync.Mutex
	var last *fake
	p := newPoller(func() (kernel, error) {
		mu.Lock()
		defer mu.Unlock()
		last = newFake()
		return last, nil
	})
	t.Cleanup(p.attach(func() {}))
	return p, func() *fake {
		mu.Lock()
		defer mu.Unlock()
		return last
	}
}

// registered returns a Desc that p watches.
func registered(t *testing.T, p *poller, fd int) *Desc {
	t.Helper()
	d := &Desc{fd: fd}
	for i := range d.cells {
		d.cells[i].word.Store(bitReady)
	}
	if err := p.register(d); err != nil {
		t.Fatal(err)
	}
	return d
}

// closeOf is Close of a Desc of p.
func closeOf(p *poller, d *Desc) {
	d.over(In, bitClosed).Wake()
	d.over(Out, bitClosed).Wake()
	p.remove(d)
}

func (p *poller) poll() int {
	if !p.acquire() {
		return -1
	}
	defer p.release()
	return p.wait(0, nil)
}

// idle makes a direction Idle.
func idle(t *testing.T, d *Desc, dir Direction) {
	t.Helper()
	ticket, _ := d.Begin(dir)
	d.Drained(dir, ticket)
	if _, s := d.Begin(dir); s != Idle {
		t.Fatalf("drained, and %v", s)
	}
}

func state(d *Desc, dir Direction) State {
	_, s := d.Begin(dir)
	return s
}
