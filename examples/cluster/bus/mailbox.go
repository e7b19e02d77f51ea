package bus

import (
	"container/list"
	"sync"

	"github.com/seed222ee791/fibers/cml"
)

// A mailbox is where values that come from outside meet the performances that wait for
// them, first come first served on both sides. It is a source of package cml.
//
// M1: deliver and end against Block and Withdraw. All hold mu, and a registration is
// taken out of waiting, its Place cleared, before it is committed: so Withdraw either
// finds it and takes it out, and nobody will commit it, or somebody has.
//
// A value leaves the mailbox only if a Commit returned true, or by Try: a performance that
// was decided elsewhere while it waited here takes none.
//
// At rest not both held and waiting have elements.
//
// Checked by: TestMailboxStress, TestLosersTakeNothing.
type mailbox[T any] struct {
	mu      sync.Mutex
	held    list.List // of T: nobody has wanted them yet
	waiting list.List // of *cml.Registration[cml.Item[T]]
	err     error     // not nil: after held, this

	// wanted, if there is one, is called when a performance begins to wait; with mu held,
	// so it must not wait.
	wanted func()
	// key, if there is one: of values with the same key only the latest is held.
	key   func(T) string
	byKey map[string]*list.Element
}

var _ cml.Source[cml.Item[int]] = (*mailbox[int])(nil)

// op returns the operation that takes the first value.
func (b *mailbox[T]) op() cml.Op[cml.Item[T]] { return cml.FromSource[cml.Item[T]](b) }

// Try implements cml.Source.
func (b *mailbox[T]) Try() (it cml.Item[T], ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if it, ok = b.first(); ok && it.Err == nil {
		b.drop(b.held.Front())
	}
	return it, ok
}

// first returns what who comes now would get. The caller holds mu.
func (b *mailbox[T]) first() (it cml.Item[T], ok bool) {
	if e := b.held.Front(); e != nil {
		return cml.Item[T]{Value: e.Value.(T)}, true
	}
	return cml.Item[T]{Err: b.err}, b.err != nil
}

// drop takes a value out of held. The caller holds mu.
func (b *mailbox[T]) drop(e *list.Element) T {
	v := b.held.Remove(e).(T)
	if b.key != nil {
		delete(b.byKey, b.key(v))
	}
	return v
}

// Block implements cml.Source.
func (b *mailbox[T]) Block(r *cml.Registration[cml.Item[T]]) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if it, ok := b.first(); ok { // it has come since Try
		r.Place = nil
		if r.Commit(it) && it.Err == nil {
			b.drop(b.held.Front())
		}
		return
	}
	r.Place = b.waiting.PushBack(r)
	if b.wanted != nil {
		b.wanted()
	}
}

// Withdraw implements cml.Source.
func (b *mailbox[T]) Withdraw(r *cml.Registration[cml.Item[T]]) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	e, _ := r.Place.(*list.Element)
	if e == nil {
		return false // M1: somebody has committed it
	}
	r.Place = nil
	b.waiting.Remove(e)
	return true
}

// give commits the first that waits and is not decided yet. The caller holds mu.
func (b *mailbox[T]) give(it cml.Item[T]) bool {
	for e := b.waiting.Front(); e != nil; e = b.waiting.Front() {
		r := b.waiting.Remove(e).(*cml.Registration[cml.Item[T]])
		r.Place = nil // M1
		if r.Commit(it) {
			return true
		}
	}
	return false
}

// deliver brings a value. It reports false if the mailbox has ended.
func (b *mailbox[T]) deliver(v T) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.deliverLocked(v)
}

func (b *mailbox[T]) deliverLocked(v T) bool {
	if b.err != nil {
		return false
	}
	if b.give(cml.Item[T]{Value: v}) {
		return true
	}
	if b.key == nil {
		b.held.PushBack(v)
		return true
	}
	if e := b.byKey[b.key(v)]; e != nil {
		e.Value = v
		return true
	}
	if b.byKey == nil {
		b.byKey = make(map[string]*list.Element)
	}
	b.byKey[b.key(v)] = b.held.PushBack(v)
	return true
}

// end ends the mailbox: who waits gets err, who comes gets what is held and then err. It
// reports whether this was the first end.
func (b *mailbox[T]) end(err error) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err != nil {
		return false
	}
	b.err = err
	for b.give(cml.Item[T]{Err: err}) {
	}
	return true
}
