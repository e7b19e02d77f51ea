package main

import (
	"sync"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/internal/wait"
)

// meet is an unbuffered channel for fibers, of the least that will do: put and
// get wait for each other, first come, first served; there is no choice, no
// close. It shows what the engine costs; a channel of package cml does more.
//
// Whoever comes second takes the first one's record out of the queue, under mu,
// moves the value and wakes it, after mu. Nobody waits while he holds mu.
type meet struct {
	mu struct {
		sync.Mutex
		first, last *party // of one kind
		putting     bool   // which
	}
}

// A party is one that waits. From enqueueing to dequeueing it belongs to mu,
// then to the one that took it, until that one sets done: then to the waiting
// one again.
type party struct {
	waiter wait.Waiter
	value  int64
	done   atomic.Bool
	next   *party
}

// partyOf returns the record that w keeps for its waits.
func partyOf(w wait.Waiter) *party {
	place := w.Scratch()
	p, ok := (*place).(*party)
	if !ok {
		p = new(party)
		*place = p
	}
	return p
}

// put hands v to a getter, waiting for one.
func (m *meet) put(v int64) { m.meet(v, true) }

// get returns the value of a putter, waiting for one.
func (m *meet) get() int64 { return m.meet(0, false) }

func (m *meet) meet(v int64, putting bool) int64 {
	m.mu.Lock()
	if p := m.mu.first; p != nil && m.mu.putting != putting {
		m.mu.first = p.next
		m.mu.Unlock()
		v, p.value = p.value, v
		w := p.waiter
		p.done.Store(true)
		w.Unpark()
		return v
	}
	w := wait.Current()
	p := partyOf(w)
	p.waiter, p.value, p.next = w, v, nil
	p.done.Store(false)
	if m.mu.first == nil {
		m.mu.first = p
	} else {
		m.mu.last.next = p
	}
	m.mu.last = p
	m.mu.putting = putting
	m.mu.Unlock()

	why := wait.ChanGet
	if putting {
		why = wait.ChanPut
	}
	for !p.done.Load() {
		w.Park(why)
	}
	v = p.value
	p.waiter = nil
	wait.Release(w)
	return v
}
