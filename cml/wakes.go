package cml

import (
	"github.com/seed222ee791/fibers/internal/simhook"
	"github.com/seed222ee791/fibers/internal/wait"
)

// wakes collects who is to be woken once no lock is held.
type wakes struct {
	one  wait.Waiter
	more []wait.Waiter
}

func (ws *wakes) add(w wait.Waiter) {
	if ws.one == nil {
		ws.one = w
	} else {
		ws.more = append(ws.more, w)
	}
}

// flush wakes them. by is the caller's waiter, or nil.
func (ws *wakes) flush(by wait.Waiter) {
	if ws.one == nil {
		return
	}
	ws.wake(by)
	if simhook.On() {
		simhook.Woke()
	}
}

// wake is flush for who may be called with a lock of somebody's held.
func (ws *wakes) wake(by wait.Waiter) {
	if ws.one == nil {
		return
	}
	one, more := ws.one, ws.more
	*ws = wakes{}
	unpark(one, by)
	for _, w := range more {
		unpark(w, by)
	}
}

func unpark(w, by wait.Waiter) {
	if by == nil {
		w.Unpark()
	} else {
		w.UnparkBy(by)
	}
}
