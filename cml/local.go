package cml

import (
	"weak"

	"github.com/seed222ee791/fibers/internal/wait"
)

// A local is what a fiber or goroutine keeps from one operation to the next, so
// that waiting allocates nothing. It lies in the waiter's scratch place.
//
// What is in use is not in it: a guard or a wrap that performs finds it empty
// and gets new records.
type local struct {
	perf          *performance
	wakes         wakes  // of a critical section; empty outside
	spares        [4]any // chains of unused offers, each of one type
	plains        [4]any // of the types used last, the last one first: see entry.go
	registrations [2]any // chains of unused ones, each of one type: see source.go

	evict uint8 // which chain goes next when a fifth type comes

	// The context that PerformContext saw last, and the op for it: see doneOf.
	ctx  <-chan struct{}
	done weak.Pointer[doneOp]
}

// longestChain bounds the offers of one type that a local keeps.
const longestChain = 16

// caller returns the calling fiber or goroutine, which must be given back by
// wait.Release, and what it keeps.
func caller() (wait.Waiter, *local) {
	w, place := wait.Caller()
	l, ok := (*place).(*local)
	if !ok {
		l = &local{}
		*place = l
	}
	return w, l
}

// loan returns an offer that is blank but for its cell.
func loan[T any](l *local) *offer[T] {
	for i := range l.spares {
		if o, ok := l.spares[i].(*offer[T]); ok {
			if o.next == nil {
				l.spares[i] = nil
			} else {
				l.spares[i] = o.next
				o.next = nil
			}
			o.n = 0
			return o
		}
	}
	return newOffer[T]()
}

// repay takes back an offer that nobody else knows any more.
func repay[T any](l *local, o *offer[T]) {
	o.s, o.w = nil, nil
	o.blank()
	free := -1
	for i := range l.spares {
		switch first := l.spares[i].(type) {
		case nil:
			if free < 0 {
				free = i
			}
		case *offer[T]:
			if first.n < longestChain {
				o.next, o.n = first, first.n+1
				l.spares[i] = o
			}
			return
		}
	}
	if free < 0 {
		free = int(l.evict) % len(l.spares)
		l.evict++
	}
	o.n = 1
	l.spares[free] = o
}

// blank clears what an operation has left in o, which nobody else knows any more.
func (o *offer[T]) blank() {
	clear1(&o.v)
	o.obj, o.from, o.moved = nil, nil, false
	if o.done.Load() {
		o.done = flag{} // nobody looks
	}
}
