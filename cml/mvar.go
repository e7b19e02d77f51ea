package cml

import "github.com/seed222ee791/fibers/internal/wait"

// An MVar is a place that is empty or full. Put waits until it is empty; Take,
// Read and Swap wait until it is full. Those who wait are served in the order in
// which they came. The zero value is empty and ready for use. A put
// synchronizes before the return of whoever gets its value, and a Take before the
// return of the next Put.
type MVar[T any] struct {
	mu   lock
	v    T        // under mu
	full bool     // under mu
	lent bool     // under mu: full, and somebody makes a new value of v; nobody else gets at it
	puts queue[T] // under mu; only while full
	outs queue[T] // under mu; takes, reads, swaps and modifies, only while empty or lent
}

// NewMVar returns an empty MVar.
func NewMVar[T any]() *MVar[T] { return &MVar[T]{} }

// Put fills the MVar, waiting until it is empty.
func (m *MVar[T]) Put(v T) { await[T](m, kindPut, 0, v, wait.MVarPut) }

// PutOp is Put as an op.
//
//go:noinline
func (m *MVar[T]) PutOp(v T) Op[Unit] {
	return &unitOp[T]{objectOp[T]{obj: m, kind: kindPut, why: wait.MVarPut, v: v}}
}

// Take empties the MVar and returns what was in it, waiting until it is full.
func (m *MVar[T]) Take() (v T) { return await[T](m, kindGet, 0, v, wait.MVarTake) }

// TakeOp is Take as an op.
//
//go:noinline
func (m *MVar[T]) TakeOp() Op[T] { return &objectOp[T]{obj: m, kind: kindGet, why: wait.MVarTake} }

// Read returns what is in the MVar and leaves it there, waiting until it is full.
func (m *MVar[T]) Read() (v T) { return await[T](m, kindRead, 0, v, wait.MVarRead) }

// ReadOp is Read as an op.
//
//go:noinline
func (m *MVar[T]) ReadOp() Op[T] { return &objectOp[T]{obj: m, kind: kindRead, why: wait.MVarRead} }

// Swap puts v in the place of what is in the MVar, which it returns, waiting
// until it is full.
func (m *MVar[T]) Swap(v T) T { return await[T](m, kindSwap, 0, v, wait.MVarSwap) }

// SwapOp is Swap as an op.
//
//go:noinline
func (m *MVar[T]) SwapOp(v T) Op[T] {
	return &objectOp[T]{obj: m, kind: kindSwap, why: wait.MVarSwap, v: v}
}

// Modify puts f of what is in the MVar in its place, waiting until it is full, and returns
// it. The return of f synchronizes before the return of whoever gets its value. Nobody
// sees the MVar meanwhile: who comes waits, also to put. So f may wait, but not for
// what others do with the MVar. If f panics, or its fiber ends, the value is as it was.
func (m *MVar[T]) Modify(f func(T) T) T {
	checkModify(f)
	return m.replace(f, await[T](m, kindModify, 0, *new(T), wait.MVarSwap))
}

// ModifyOp is Modify as an op. f is called after the commit.
//
//go:noinline
func (m *MVar[T]) ModifyOp(f func(T) T) Op[T] {
	checkModify(f)
	return Wrap[T](&objectOp[T]{obj: m, kind: kindModify, why: wait.MVarSwap}, func(v T) T { return m.replace(f, v) })
}

func checkModify[T any](f func(T) T) {
	if f == nil {
		panic("cml: MVar.Modify with a nil function")
	}
}

// replace ends a loan.
func (m *MVar[T]) replace(f func(T) T, v T) T {
	defer func() {
		var ws wakes
		m.mu.Lock()
		m.v, m.lent = v, false
		m.settle(&ws)
		m.mu.Unlock()
		ws.flush(nil)
	}()
	v = f(v)
	return v
}

func (m *MVar[T]) simulatedName(k kind) string { return mvarNames[k] }
func (m *MVar[T]) mutex() *lock                { return &m.mu }
func (m *MVar[T]) left(*wakes)                 {}

func (m *MVar[T]) line(o *offer[T]) *queue[T] {
	if o.kind == kindPut {
		return &m.puts
	}
	return &m.outs
}

func (m *MVar[T]) meet(o *offer[T], ws *wakes) outcome {
	if m.full == (o.kind == kindPut) || m.lent {
		return mustWait
	}
	if !o.claim(ws) {
		return tooLate
	}
	switch o.kind {
	case kindPut:
		m.v, m.full = o.v, true
	case kindGet:
		o.v, m.full = m.v, false
		clear1(&m.v)
	case kindRead:
		o.v = m.v
	case kindSwap:
		o.v, m.v = m.v, o.v
	case kindModify:
		o.v, m.lent = m.v, true
		clear1(&m.v)
	}
	m.settle(ws)
	return met
}

// settle serves those who can be, now that the MVar has changed.
func (m *MVar[T]) settle(ws *wakes) {
	for !m.lent {
		if !m.full {
			q := m.puts.first
			if q == nil {
				return
			}
			v := q.v // before the grant: W7
			if q.grant(ws) {
				m.v, m.full = v, true
			}
			continue
		}
		q := m.outs.first
		if q == nil {
			return
		}
		k, v := q.kind, q.v
		q.v = m.v
		if !q.grant(ws) {
			continue
		}
		switch k {
		case kindGet:
			m.full = false
			clear1(&m.v)
		case kindSwap:
			m.v = v
		case kindModify:
			m.lent = true
			clear1(&m.v)
		}
	}
}
