package runtime

import (
	"fmt"
	"time"

	"github.com/seed222ee791/fibers/internal/getg"
	"github.com/seed222ee791/fibers/internal/parkword"
	"github.com/seed222ee791/fibers/internal/simhook"
)

// The run of a simulation: its root, its end, and what its driver asks of it.

var _ simhook.Engine = (*simulation)(nil)

// Run implements simhook.Engine.
func (sm *simulation) Run(main func()) (left int) {
	s := sm.s
	sm.key, sm.how, sm.quiet = getg.Get(), simhook.Gone, true
	sm.spawn("", nil, main)
	sm.loop()
	sm.end()
	s.handed = nil
	for _, x := range sm.live {
		if f := recordOf(x); f.co != nil {
			left++
		}
	}
	if left == 0 {
		s.rt.pool.put(s.idle)
		s.idle = nil
		s.rt.pool.endSome(1 << 30)
	}
	return left
}

// loop is that of the root, until the run is over.
func (sm *simulation) loop() {
	s := sm.s
	for !sm.driver.Over() {
		sm.collect()
		f := s.handed
		s.handed = nil
		if f == nil {
			if len(sm.ready) == 0 {
				next := sm.timers.next()
				switch sm.driver.Idle(next) {
				case simhook.Stop:
					return
				case simhook.Advance:
					sm.advance(next)
				}
				continue
			}
			f = recordOf(sm.driver.Next(sm.ready, sm.cur, sm.how))
		}
		sm.run(f)
	}
}

// run runs f until the root is back.
func (sm *simulation) run(f *fiber) {
	s := sm.s
	if x := simOf(f); f.co == nil {
		if x.Ending {
			sm.dequeue(x)
			x.Fresh = false
			sm.cur, sm.how = x, simhook.Gone
			s.drop(f)
			sm.gone(x)
			sm.driver.Ended(x, false)
			return
		}
		var co *coroutine
		if n := len(s.idle) - 1; n >= 0 {
			co = s.idle[n]
			s.idle = s.idle[:n]
			co.scratch = nil // what it kept was made by other random numbers
		} else {
			co = newCoroutine()
		}
		co.fiber, f.co = f, co
	}
	sm.enter(simOf(f))
	sm.quiet = false
	s.root.Switch(s.target(f))
	sm.quiet = true
	sm.settle()
}

// settle is the scheduler's, and what the driver has to know of it.
func (sm *simulation) settle() {
	s, x := sm.s, sm.cur
	kind, why := s.left.kind, s.left.why
	if kind != nothing {
		sm.dequeue(x)
	}
	s.settle()
	switch kind {
	case nothing:
		sm.how = simhook.AtPoint
	case parks:
		x.Why = why.String()
		sm.how = simhook.Parked
		if x.Ending && sm.forced < forcedMost {
			sm.forced++
			if f := recordOf(x); f.word.Wake(parkword.Unserved) { // it has to end at every wait
				s.pushWoken(f)
			}
		}
	case yields:
		sm.how = simhook.Yielded
	case rests, tainted:
		sm.how = simhook.Gone
		sm.gone(x)
		sm.driver.Ended(x, kind == tainted && !x.Ending)
	}
}

// forcedMost is how often fibers that have to end may wait, all in all.
const forcedMost = 1 << 16

// end ends all fibers that are left, the longest waiting first.
func (sm *simulation) end() {
	sm.cur = nil
	for _, x := range append([]*simhook.Fiber(nil), sm.live...) {
		sm.doom(x)
	}
	sm.contexts = nil
	if f := sm.s.handed; f != nil {
		sm.s.handed = nil
	}
	for turns := 0; turns < 2*forcedMost; turns++ {
		sm.collect()
		if len(sm.ready) == 0 {
			return
		}
		// Those that are made ready again go to the end: all get their turn.
		sm.run(recordOf(sm.ready[turns%len(sm.ready)]))
	}
}

// doom has x end at its next wait.
func (sm *simulation) doom(x *simhook.Fiber) {
	x.Ending = true
	if x.State == simhook.Waiting {
		if f := recordOf(x); f.word.Wake(parkword.Unserved) {
			sm.s.pushWoken(f)
		}
	}
}

// Now implements simhook.Engine.
func (sm *simulation) Now() int64 { return sm.now }

// Live implements simhook.Engine.
func (sm *simulation) Live() []*simhook.Fiber { return sm.live }

// Spawn implements simhook.Engine.
func (sm *simulation) Spawn(name string, scope *simhook.Scope, fn func()) *simhook.Fiber {
	return sm.spawn(name, scope, fn)
}

func (sm *simulation) spawn(name string, scope *simhook.Scope, fn func()) *simhook.Fiber {
	s := sm.s
	f := s.newFiber(fn)
	f.describe(&job{fn: fn, name: name, origin: entry(fn)})
	x := simOf(f)
	x.Scope = scope
	x.Ending = scope != nil && scope.Ending
	s.spawned.Store(s.spawned.Load() + 1)
	s.deque.Push(f)
	return x
}

// End implements simhook.Engine.
func (sm *simulation) End(scope *simhook.Scope) {
	scope.Ending = true
	for _, x := range append([]*simhook.Fiber(nil), sm.live...) {
		if x.Scope.Within(scope) {
			sm.doom(x)
		}
	}
	if sm.cur != nil && sm.cur.Ending {
		sm.rt.ending.Store(true)
	}
}

// Stack implements simhook.Engine.
func (sm *simulation) Stack() string { return fmt.Sprintf("runtime.live(%#x", sm.running.Load()) }

// AfterFunc implements simhook.Engine.
func (sm *simulation) AfterFunc(d time.Duration, f func()) (stop func() bool) {
	t := &timer{home: sm.s.wheel}
	t.Value = simCall(f)
	sm.set(t, sm.rt.after(d))
	return t.cancel
}

// simCall is an alarm that calls a function of the driver's.
type simCall func()

func (f simCall) ring(*scheduler) { f() }

// advance has the clock show next, and does what is due then. If fibers wake and
// something else is due at the same time (a time-out, a message), it may be that they
// run before that.
func (sm *simulation) advance(next int64) {
	sm.now = max(sm.now, next)
	sm.cur, sm.how = nil, simhook.Gone
	sm.due = sm.timers.popDue(sm.now, sm.due[:0])
	sleepers := 0
	for _, e := range sm.due {
		if _, ok := e.timer.Value.(*fiber); ok {
			sleepers++
		}
	}
	later := sleepers > 0 && sleepers < len(sm.due) && sm.driver.Pick(nil, 2) == 1
	for _, e := range sm.due {
		if e.timer == nil { // cancelled, or set anew, by one that was due before it
			continue
		}
		sm.by = e.by
		switch what := e.timer.Value.(type) {
		case *fiber:
			if what.word.Wake(parkword.Served) {
				sm.s.pushWoken(what)
			}
		default:
			if later {
				sm.timers.add(e)
			} else {
				sm.fire(what, e.by)
			}
		}
	}
	sm.by = nil
	clear(sm.due)
	sm.due = sm.due[:0]
}

// fire does what a timer is for.
func (sm *simulation) fire(what any, by *simhook.Fiber) {
	switch what := what.(type) {
	case *timeRegistration:
		what.Commit(sm.timeOf(by))
	case call:
		if by == nil || by.Scope == nil || !by.Scope.Ending {
			what.ring(sm.s)
		}
	case alarm:
		what.ring(sm.s)
	}
}

// cancel takes t out, and reports whether it was there.
func (sm *simulation) cancel(t *timer) bool {
	for i := range sm.due {
		if sm.due[i].timer == t {
			sm.due[i].timer = nil
			return true
		}
	}
	return sm.timers.remove(t)
}

// set is that of a wheel.
func (sm *simulation) set(t *timer, when int64) (was bool) {
	was = sm.cancel(t)
	by := sm.cur
	if sm.quiet {
		by = sm.by
	}
	sm.timers.push(t, when, by)
	return was
}

// simTimers are the timers of a simulation, by their times, and where these are the
// same by the order in which they were set.
type simTimers struct {
	heap []simEntry
	at   map[*timer]int
	made uint64
}

type simEntry struct {
	when  int64
	order uint64
	timer *timer
	by    *simhook.Fiber // who set it
}

func (h *simTimers) next() int64 {
	if len(h.heap) == 0 {
		return -1
	}
	return h.heap[0].when
}

func (h *simTimers) less(i, j int) bool {
	a, b := &h.heap[i], &h.heap[j]
	return a.when < b.when || a.when == b.when && a.order < b.order
}

func (h *simTimers) swap(i, j int) {
	h.heap[i], h.heap[j] = h.heap[j], h.heap[i]
	h.at[h.heap[i].timer], h.at[h.heap[j].timer] = i, j
}

func (h *simTimers) push(t *timer, when int64, by *simhook.Fiber) {
	h.made++
	h.add(simEntry{max(when, 0), h.made, t, by})
}

func (h *simTimers) add(e simEntry) {
	if h.at == nil {
		h.at = make(map[*timer]int)
	}
	i := len(h.heap)
	h.heap = append(h.heap, e)
	h.at[e.timer] = i
	h.up(i)
}

// popDue takes out the timers that are due, in their order, and appends them to to.
func (h *simTimers) popDue(now int64, to []simEntry) []simEntry {
	for len(h.heap) > 0 && h.heap[0].when <= now {
		e := h.heap[0]
		h.remove(e.timer)
		to = append(to, e)
	}
	return to
}

func (h *simTimers) remove(t *timer) bool {
	i, ok := h.at[t]
	if !ok {
		return false
	}
	last := len(h.heap) - 1
	if i != last {
		h.swap(i, last)
	}
	h.heap[last] = simEntry{}
	h.heap = h.heap[:last]
	delete(h.at, t)
	if i < last {
		h.up(i)
		h.down(i)
	}
	return true
}

func (h *simTimers) up(i int) {
	for i > 0 && h.less(i, (i-1)/2) {
		h.swap(i, (i-1)/2)
		i = (i - 1) / 2
	}
}

func (h *simTimers) down(i int) {
	for {
		c := 2*i + 1
		if c+1 < len(h.heap) && h.less(c+1, c) {
			c++
		}
		if c >= len(h.heap) || !h.less(c, i) {
			return
		}
		h.swap(i, c)
		i = c
	}
}
