package cml

import (
	"weak"

	"github.com/seed222ee791/fibers/internal/wait"
)

// kept is what a fiber or goroutine keeps from one operation to the next, so that
// waiting allocates nothing. It lies in the waiter's scratch place. Very many fibers wait
// for one thing, in one channel, and keep no more than they need for that.
type kept struct {
	plain any // the offer by which it has waited in a channel last: see entry.go
	local *local
}

// A local is what is kept for all else.
//
// What is in use is not in it: a guard or a wrap that performs finds it empty
// and gets new records.
type local struct {
	perf          *performance
	wakes         wakes  // of a critical section; empty outside
	spares        [4]any // chains of unused offers, each of one type
	plains        [3]any // plain offers of other types, the one used last first
	registrations [2]any // chains of unused ones, each of one type: see source.go

	evict uint8 // which chain goes next when a fifth type comes

	// The context that PerformContext saw last, and the op for it: see doneOf.
	ctx  <-chan struct{}
	done weak.Pointer[doneOp]
}

// longestChain bounds the offers of one type that a local keeps.
const longestChain = 16

// recall returns the calling fiber or goroutine, which must be given back by
// wait.Release, and what it keeps.
func recall() (wait.Waiter, *kept) {
	w, place := wait.Caller()
	k, ok := (*place).(*kept)
	if !ok {
		k = &kept{}
		*place = k
	}
	return w, k
}

// caller is recall for who needs more than a plain offer.
func caller() (wait.Waiter, *local) {
	w, k := recall()
	return w, k.all()
}

// all returns the local, made if need be.
func (k *kept) all() *local {
	if k.local == nil {
		k.local = &local{}
	}
	return k.local
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
