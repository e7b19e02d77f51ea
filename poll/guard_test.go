package poll

import (
	"io"
	"net"
	"reflect"
	"sync"
	"testing"
	"time"
	"unsafe"

	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/internal/adaptive"
	"github.com/seed222ee791/fibers/internal/epoll"
)

// lockOf returns the lock that an object of package cml has at the path of fields.
func lockOf(object any, path ...string) *adaptive.Mutex {
	v := reflect.ValueOf(object).Elem()
	for _, name := range path {
		v = v.FieldByName(name)
	}
	if v.Type() != reflect.TypeFor[adaptive.Mutex]() {
		panic("this is no lock of package cml's: " + v.Type().String())
	}
	return (*adaptive.Mutex)(unsafe.Pointer(v.UnsafeAddr()))
}

// ofCond returns the lock of c.
func ofCond(c *cml.Cond) *adaptive.Mutex { return lockOf(c, "iv", "mu") }

// The last end of a LineMerger is told to those who wait with no lock of ours held, and an attempt
// finds it also before they have been told: L1.
func TestMergeLinesTellsTheEndUnlocked(t *testing.T) {
	a, b := MemPipe()
	defer a.Close()
	b.Close()
	r := NewReader(a)
	m := MergeLines(r)
	mu := ofCond(m.over)
	mu.Lock() // as one has it who is about to wait
	unlock := sync.OnceFunc(mu.Unlock)
	defer unlock()
	last := make(chan Line, 1)
	spawnFiber(func() {
		l, _ := cml.Poll(m.GetOp())
		last <- l
	})
	eventually(t, "the end of the Reader", func() bool { return m.left.Load() == 0 })
	within(t, "the lock of the Reader", func() { r.Buffered() })
	if l := <-last; l.From != 0 || l.Err != io.EOF {
		t.Errorf("the end of the Reader: %v", l)
	}
	if l, ok := cml.Poll(m.GetOp()); !ok || l != theEnd {
		t.Errorf("after it: %v, %v", l, ok)
	}
	unlock()
	within(t, "who waits", func() { m.over.Wait() })
}

// Who brings an event does not wait for who has the lock, and the event is not lost: L2.
func TestEventsDoNotWait(t *testing.T) {
	// bring has an event brought with mu held, and then has what follows from it checked.
	bring := func(t *testing.T, mu *sync.Mutex, event, done func()) {
		mu.Lock()
		unlock := sync.OnceFunc(mu.Unlock)
		defer unlock()
		within(t, "who brings the event", event)
		unlock()
		within(t, "who waits for the event", done)
	}
	waits := func(t *testing.T, c *Conn, dir epoll.Direction) {
		eventually(t, "somebody waits", func() bool { return c.s.(*memEnd).desc.Waiters(dir) > 0 })
	}
	t.Run("Reader", func(t *testing.T) {
		a, b := MemPipe()
		defer a.Close()
		r := NewReader(a)
		got := make(chan string, 1)
		spawnFiber(func() { got <- cml.Perform(r.ReadLineOp()).Value })
		waits(t, a, epoll.In)
		bring(t, &r.mu.Mutex, func() { io.WriteString(b, "line\n") }, func() {
			if s := <-got; s != "line" {
				t.Errorf("%q", s)
			}
		})
	})
	t.Run("Writer", func(t *testing.T) {
		a, b := MemPipe()
		defer a.Close()
		a.Write(make([]byte, memSize))
		w := NewWriter(a)
		io.WriteString(w, "more")
		got := make(chan error, 1)
		spawnFiber(func() { got <- cml.Perform(w.FlushOp()) })
		waits(t, a, epoll.Out)
		bring(t, &w.mu.Mutex, func() { io.ReadFull(b, make([]byte, memSize)) }, func() {
			if err := <-got; err != nil {
				t.Error(err)
			}
		})
	})
	t.Run("watcher", func(t *testing.T) {
		var d epoll.Desc
		d.Virtual()
		ticket, _ := d.Begin(epoll.In)
		d.Drained(epoll.In, ticket)
		attempts := make(chan bool, 1)
		w := &watcher{
			notice:  func(call func()) (func(), bool) { return d.Subscribe(epoll.In, call) },
			attempt: func() bool { attempts <- true; return true },
		}
		w.look()
		bring(t, &w.mu.Mutex, func() { d.Found(epoll.In) }, func() { <-attempts })
		w.stop()
		if n := d.Waiters(epoll.In); n != 0 {
			t.Errorf("%d left", n)
		}
	})
}

// Who is woken by a deadline may set another: it is woken with no lock held (L1).
func TestDeadlineWakesUnlocked(t *testing.T) {
	for name, past := range map[string]time.Duration{"set in the past": -time.Second, "comes": time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			var desc epoll.Desc
			desc.Virtual()
			ticket, _ := desc.Begin(epoll.In)
			desc.Drained(epoll.In, ticket)
			d := newDeadlines(&desc)
			called := make(chan bool)
			if _, ok := desc.Subscribe(epoll.In, func() {
				d.set(time.Time{}, true, false)
				close(called)
			}); !ok {
				t.Fatal("ready")
			}
			go d.set(time.Now().Add(past), true, true)
			within(t, "who is woken", func() { <-called })
			if _, s := desc.Begin(epoll.In); s != epoll.Idle {
				t.Errorf("the deadline that was set then is none: %v", s)
			}
		})
	}
}

// A connection that nobody will ever want is closed with no lock held, as that waits: L1.
func TestPlainListenerClosesUnlocked(t *testing.T) {
	p := &plainListener{closed: true}
	closed := false
	p.give(accepted{stream: &plainStream{c: closes{f: func() {
		closed = true
		if !p.mu.TryLock() {
			t.Error("closed with the lock of its listener held")
			return
		}
		p.mu.Unlock()
	}}}})
	if !closed {
		t.Error("not closed")
	}
}

// closes is a connection that tells when it is closed.
type closes struct {
	*net.TCPConn
	f func()
}

func (c closes) Close() error {
	c.f()
	return nil
}
