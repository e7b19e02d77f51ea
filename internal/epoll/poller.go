package epoll

// The poller: who waits in the kernel.
//
// # The role
//
//	free ──Acquire──▶ held ──Release──▶ free
//
// Only the holder calls wait, and only the holder closes the kernel. The kernel
// is open while a descriptor is registered, and may be for a moment longer.
//
//	register    under mu: count it, open the kernel if need be
//	remove      under mu: uncount it; if it was the last, and the role is free,
//	            take it and close the kernel; if it is held, wake the holder
//	Release     free the role, look at the count; if it is 0, as in remove
//
// R1: remove of the last one against Release.
//
//	remove writes the count, then tries the role; Release frees the role, then reads
//	the count. Either remove finds the role free, or its count came before the look.
//	Both may try then, and one of them gets the role.
//
// R2: register against the closing of the kernel.
//
//	Both under mu: the kernel is closed before the registration, which opens another,
//	or finds the count above 0 and stays.
//
// # Waking
//
//	running ──Wait──▶ asleep ──▶ running       a wake: running or asleep ──▶ notified
//	                                           notified ──Wait, which returns──▶ running
//
// R3: Wake against a poller that falls asleep.
//
//	Both are swaps of one word. Wake first: the poller finds notified and does not
//	wait. The poller first: Wake finds asleep and writes to the eventfd, which the
//	kernel keeps until it is waited for. More wakes in between cost nothing.
//
// # Who polls
//
// Without an engine, the driver: a goroutine, started by the first registration,
// which ends when the kernel is closed. While an engine is attached the driver
// steps back, and that engine sees to it that somebody polls. When descriptors
// come to be watched while nobody does, it is told (needed).
//
// R4: the driver that ends because the role is held, against Release.
//
//	The driver says that it has ended, then looks at the role; Release frees the role,
//	then looks at the driver. Either the driver goes on, or it is started again.
//
// R5: others look while the holder of the role is parked.
//
//	One that is parked must first be found by a thread that polls for Go, and then get a
//	processor. Where goroutines compute, that takes Go's sysmon 10 ms and more, while
//	schedulers that run could look at their next turn. So they may, and use what belongs to
//	the holder of the role. For that, both take turn: the holder when it looks, from within
//	Go's poller, until it says that it is not parked any more; the others for as long as
//	they look, if they find it parked then. So the kernel is not closed meanwhile, and
//	events are delivered by one at a time. The holder waits for its turn, so no event is
//	left to nobody: what came after another's look made Go's poller ready anew. A wake that
//	another has met is repeated.
//
// Checked by: TestLooksWhileParked, TestRoleStress, TestDriverStepsBack, TestWakeStress,
// TestDescriptorsReturn.

import (
	"fmt"
	"sync"
	"time"

	"go.uber.org/atomic"
)

const eventBatch = 256

const (
	running uint32 = iota
	notified
	asleep
)

// A poller is the one of the process, or a test's.
type poller struct {
	table  table
	open   func() (kernel, error)
	role   atomic.Bool
	sleep  atomic.Uint32          // running, notified or asleep
	kernel atomic.Pointer[kernel] // Writers: under table.mu. nil: not open
	events [eventBatch]event      // of the holder of the role; of the holder of turn, while that one is parked
	turn   sync.Mutex             // see R5
	parked atomic.Bool            // the holder of the role is. Writers: it; false only under turn
	counts counts

	proven atomic.Bool // a kernel could be opened, the last time that it was tried. Writers: under table.mu

	engines struct {
		sync.Mutex
		needed map[*func()]struct{}
		n      atomic.Int32 // how many; written under the lock
	}
	driver driver
}

// process is the poller of this process.
var process = newPoller(openKernel)

func newPoller(open func() (kernel, error)) *poller {
	p := &poller{open: open}
	p.driver.p = p
	return p
}

// register gives d a place and has it watched.
func (p *poller) register(d *Desc) error {
	t := &p.table
	t.mu.Lock()
	k := p.kernel.Load()
	first := t.n.Load() == 0 // the kernel may still be open
	if k == nil {
		opening, err := p.open()
		if err != nil {
			p.proven.Store(false)
			t.mu.Unlock()
			p.counts.refuse(err)
			return err
		}
		p.proven.Store(true)
		k = &opening
		p.kernel.Store(k)
	}
	t.put(d)
	t.mu.Unlock()
	p.counts.registered.Add(1)
	if err := (*k).add(d.fd, d.data()); err != nil {
		p.forget(d)
		if first && t.n.Load() != 0 {
			p.fill() // others have come meanwhile, and left it to us
		}
		return err
	}
	if first {
		p.fill()
	}
	return nil
}

// supported tries out what has not been tried.
func (p *poller) supported() error {
	if p.proven.Load() {
		return nil
	}
	t := &p.table
	t.mu.Lock()
	defer t.mu.Unlock()
	if p.proven.Load() {
		return nil
	}
	k, err := p.open()
	if err != nil {
		p.counts.refuse(err)
		return err
	}
	k.close()
	p.proven.Store(true)
	return nil
}

// fill sees to it that somebody polls.
func (p *poller) fill() {
	p.engines.Lock()
	for needed := range p.engines.needed {
		(*needed)()
	}
	if len(p.engines.needed) == 0 {
		p.driver.start()
	}
	p.engines.Unlock()
}

// remove ends the watch of d.
func (p *poller) remove(d *Desc) {
	(*p.kernel.Load()).remove(d.fd) // it is open: d is counted
	p.forget(d)
}

func (p *poller) forget(d *Desc) {
	t := &p.table
	t.mu.Lock()
	t.drop(d)
	t.mu.Unlock()
	if t.n.Load() != 0 {
		return
	}
	if p.role.CompareAndSwap(false, true) { // R1
		p.release()
		if t.n.Load() != 0 {
			p.fill() // one who came meanwhile may have found the role taken
		}
	} else {
		p.wake()
	}
}

// acquire takes the role, if it is free and there is something to wait for.
func (p *poller) acquire() bool {
	for {
		if p.table.n.Load() == 0 || p.role.Load() || !p.role.CompareAndSwap(false, true) {
			return false
		}
		if p.kernel.Load() != nil && p.table.n.Load() != 0 {
			return true
		}
		// It is the last one's end. If another descriptor has come before the release, who
		// was told of that may have found the role taken: so the caller tries again.
		p.release()
	}
}

// release gives the role back. If there is nothing to watch any more, the kernel
// is closed first.
func (p *poller) release() {
	t := &p.table
	for {
		if t.n.Load() == 0 {
			t.mu.Lock()
			if k := p.kernel.Load(); k != nil && t.n.Load() == 0 { // R2
				p.kernel.Store(nil)
				(*k).close()
			}
			t.mu.Unlock()
		}
		p.role.Store(false)
		if t.n.Load() != 0 || p.kernel.Load() == nil { // R1
			break
		}
		if !p.role.CompareAndSwap(false, true) {
			return
		}
	}
	if p.engines.n.Load() == 0 && t.n.Load() != 0 {
		p.driver.start() // R4
	}
}

// wait is called by the holder of the role.
func (p *poller) wait(d time.Duration, ready Enqueue) int {
	k := p.kernel.Load()
	if k == nil {
		return 0
	}
	if d != 0 {
		if !p.sleep.CompareAndSwap(running, asleep) { // R3
			p.sleep.Store(running)
			d = 0
		}
	}
	n, err := (*k).wait(p.events[:], d)
	if d != 0 {
		p.sleep.Swap(running)
	}
	return p.deliver(n, err, ready)
}

// park is wait in Go's way. Others may look meanwhile (R5).
func (p *poller) park(d time.Duration, ready Enqueue) int {
	k := p.kernel.Load()
	if k == nil || d == 0 || !(*k).parks(d) {
		return p.wait(d, ready)
	}
	if !p.sleep.CompareAndSwap(running, asleep) { // R3
		p.sleep.Store(running)
		return p.wait(0, ready)
	}
	p.parked.Store(true)
	n, err := (*k).park(p.events[:], &p.turn)
	p.parked.Store(false)
	p.turn.Unlock()
	p.sleep.Swap(running)
	return p.deliver(n, err, ready)
}

// deliver wakes those whom the events are for.
func (p *poller) deliver(n int, err error, ready Enqueue) int {
	if err != nil {
		panic(fmt.Errorf("epoll: somebody closed a descriptor of this package, which did not belong to him: %w", err))
	}
	woken := 0
	for i := range p.events[:n] {
		e := &p.events[i]
		if x := p.table.find(e.data); x != nil { // C5
			woken += x.deliver(*e, ready)
		} else {
			p.counts.stale.Add(1)
		}
	}
	p.counts.waits.Add(1)
	p.counts.events.Add(uint64(n))
	return woken
}

func (p *poller) look(ready Enqueue) (ended int, had bool) {
	if p.acquire() {
		n := p.wait(0, ready)
		p.release()
		return n, true
	}
	if !p.parked.Load() || !p.turn.TryLock() {
		return 0, false
	}
	defer p.turn.Unlock()
	if !p.parked.Load() { // R5
		return 0, false
	}
	n := p.wait(0, ready)
	if k := *p.kernel.Load(); k.wakened() {
		k.wake() // it was for the one who is parked
	}
	return n, false
}

func (p *poller) wake() {
	if p.sleep.Swap(notified) != asleep { // R3
		return
	}
	t := &p.table
	t.mu.Lock() // the kernel must not be closed meanwhile
	if k := p.kernel.Load(); k != nil {
		(*k).wake()
	}
	t.mu.Unlock()
}

// attach and detach: see Attach.
func (p *poller) attach(needed func()) (detach func()) {
	e := &p.engines
	key := &needed
	e.Lock()
	if e.needed == nil {
		e.needed = make(map[*func()]struct{})
	}
	e.needed[key] = struct{}{}
	e.n.Store(int32(len(e.needed)))
	e.Unlock()
	p.driver.stepBack()
	if p.table.n.Load() != 0 {
		needed()
	}
	return sync.OnceFunc(func() {
		e.Lock()
		delete(e.needed, key)
		e.n.Store(int32(len(e.needed)))
		e.Unlock()
		if p.table.n.Load() != 0 {
			p.fill()
		}
	})
}
