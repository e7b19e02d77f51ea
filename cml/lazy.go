package cml

import (
	"unsafe"

	"github.com/seed222ee791/fibers/internal/simhook"
	"github.com/seed222ee791/fibers/internal/wait"
)

// A Lazy is a value that is made when it is wanted first, once. Those who want it meanwhile
// wait, as fibers do. NewLazy makes one. The return of the function that makes
// it synchronizes before the return of every Get.
//
// If the function panics, everybody gets that panic, as with sync.OnceValue. If it does
// not return, because its fiber has ended, the next one who wants the value calls it.
type Lazy[T any] struct {
	f    func() T
	made IVar[made[T]]
	turn Mutex // of who makes it
}

type made[T any] struct {
	v        T
	panicked any
}

// NewLazy returns a value that f makes.
func NewLazy[T any](f func() T) *Lazy[T] {
	if f == nil {
		panic("cml: NewLazy(nil): give it a function")
	}
	return &Lazy[T]{f: f}
}

// Get returns the value, which the caller makes if nobody has wanted it before.
func (l *Lazy[T]) Get() T {
	if !l.Made() {
		l.make()
	}
	return l.made.Read().get()
}

// GetOp is Get as an op. Who performs it does not make the value himself: a fiber or, from a
// goroutine, another one is started for that. The making goes on if the op loses.
//
//go:noinline
func (l *Lazy[T]) GetOp() Op[T] {
	return Guard(func() Op[T] {
		if !l.Made() {
			wait.Go(l.make, nil)
		}
		return Wrap(l.made.ReadOp(), made[T].get)
	})
}

// Made reports whether the value is there, or a panic in its place.
func (l *Lazy[T]) Made() bool {
	if simhook.On() {
		simhook.Point("Lazy.Made", unsafe.Pointer(l))
	}
	return l.made.full.Load()
}

// make makes the value, unless it is there. A panic is kept for all who want it.
func (l *Lazy[T]) make() {
	l.turn.Lock()
	defer l.turn.Unlock()
	if l.Made() {
		return
	}
	ended := true
	defer func() {
		if !ended {
			return
		}
		if v := recover(); v != nil { // nil: the fiber ends
			l.made.Fill(made[T]{panicked: v})
		}
	}()
	v := l.f()
	ended = false
	l.made.Fill(made[T]{v: v})
}

func (m made[T]) get() T {
	if m.panicked != nil {
		panic(m.panicked)
	}
	return m.v
}
