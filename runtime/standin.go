package runtime

import (
	goruntime "runtime"
	"slices"
	"time"

	"go.uber.org/atomic"
)

// Stand-ins for stalled schedulers.
//
// A fiber that computes for long, or blocks its goroutine (a mutex, a file, cgo),
// keeps its scheduler. What it captures is only the baton: the queues can be
// stolen from. So when nobody is idle, work waits and schedulers have not turned
// for stallTime, the monitor adds a scheduler of its own root and coroutines, a
// stand-in. It has no core; the Go runtime shares the processors between it and
// the captives. When the captives are back there are more schedulers at work
// than there should be, and as many stand-ins retire: at a turn, or when they
// find nothing to do. This takes the place of preemption by a clock (the hz of
// Guile Fibers) and of a hand-off at blocking calls.
//
// Whether a scheduler has stalled shows at its turns. As these are rare while
// fibers switch fast, the monitor asks for one at every look (nudged), and sees at
// the next, 5 ms later, whether it came.
//
// A captive that computes and one that blocks look the same from here. If the
// process's processors are busy, one scheduler that turns is enough to keep the
// others' delay bounded, as it takes from captives too (relieve); if they are not,
// captives block, and the number of stand-ins may grow by half at each look.

type monitor struct {
	kick   chan struct{} // wakes it from deep idleness
	asleep atomic.Bool
	stop   chan struct{}
	load   load
	waits  int // looks in a row at which work waited beside a sleeper; its own
}

const (
	monitorPeriod = 5 * time.Millisecond
	stallTime     = 9 * time.Millisecond // two looks, if they are on time
	deepIdle      = 20                   // looks at which all slept, before the monitor sleeps too
	auditEvery    = 200
	maxStandIns   = 10000
)

// kickMonitor wakes the monitor if it sleeps: somebody has left the sleepers.
func (rt *Runtime) kickMonitor() {
	m := &rt.monitor
	if m.asleep.Load() && m.asleep.CompareAndSwap(true, false) {
		select {
		case m.kick <- struct{}{}:
		default:
		}
	}
}

// pulse is what the monitor knows of a scheduler.
type pulse struct {
	turns uint64
	since time.Time // when turns last changed
}

func (rt *Runtime) watch() {
	defer rt.services.Done()
	m := &rt.monitor
	pulses := make(map[*scheduler]pulse)
	t := time.NewTicker(monitorPeriod)
	defer t.Stop()
	idle, looks := 0, 0
	for {
		select {
		case <-m.stop:
			return
		case <-t.C:
		}
		if rt.idle.nsleep.Load() >= rt.active.Load() {
			idle++
		} else {
			idle = 0
		}
		if idle >= deepIdle {
			t.Stop()
			if rt.conf.pinning {
				auditThreads()
			}
			m.asleep.Store(true)
			// M1: who leaves the sleepers does so first and looks at asleep then.
			// Either it leaves after this store, and sees it, or it has left
			// before, and is seen here.
			if rt.idle.nsleep.Load() >= rt.active.Load() {
				select {
				case <-m.stop:
					return
				case <-m.kick:
				}
			}
			m.asleep.Store(false)
			idle = 0
			clear(pulses)
			t.Reset(monitorPeriod)
			continue
		}
		rt.look(time.Now(), pulses)
		if looks++; looks%auditEvery == 0 && rt.conf.pinning {
			auditThreads()
		}
	}
}

// look counts the stalled schedulers and adds or releases stand-ins.
func (rt *Runtime) look(now time.Time, pulses map[*scheduler]pulse) {
	all := *rt.schedulers.Load()
	stalled, captives := 0, 0
	for _, s := range all {
		captive := false
		turns := s.published.turns.Load()
		p, known := pulses[s]
		if !known || p.turns != turns {
			pulses[s] = pulse{turns: turns, since: now}
		} else if now.Sub(p.since) >= stallTime {
			stalled++
			// A sleeper does not turn either, but is not captive: it leaves its wheel
			// unattended. The wheel of the stand-ins is always so and says nothing of
			// one of them: one that sleeps counts as captive too. Who comes to relieve
			// it finds its queues empty.
			captive = s.standIn || !s.wheel.unattended.Load()
		}
		if captive {
			captives++
		}
		if s.captive.Load() != captive {
			s.captive.Store(captive)
		}
		s.nudged.Store(true)
	}
	if rt.captives.Load() != int32(captives) {
		rt.captives.Store(int32(captives))
	}
	if len(pulses) > len(all) {
		for s := range pulses {
			if !slices.Contains(all, s) {
				delete(pulses, s)
			}
		}
	}
	if rt.conf.pinning {
		for _, s := range all {
			s.pin.judge(time.Duration(rt.clock()))
		}
	}
	rt.watchPoller(len(all) - stalled)
	// A sleeper does not turn either, but while there is one nobody is needed.
	nominal := rt.conf.schedulers
	if rt.idle.nsleep.Load() > 0 {
		rt.surplus.Store(0)
		// W2, W3: what waits at two looks in a row is nobody's business.
		if rt.workWaits() {
			if rt.monitor.waits++; rt.monitor.waits >= 2 {
				rt.wakeOne()
			}
			return
		}
		rt.monitor.waits = 0
		return
	}
	rt.monitor.waits = 0
	working := len(all) - stalled
	rt.surplus.Store(int32(max(0, min(working, len(all))-nominal)))
	if stalled == 0 || working >= nominal || !rt.workWaits() {
		return
	}
	n := max(nominal-working, stalled/2)
	if rt.monitor.processorsBusy() {
		if working > 0 {
			return // one that turns is enough
		}
		n = 1
	}
	for range n {
		if len(*rt.schedulers.Load())-nominal >= maxStandIns {
			return
		}
		rt.addScheduler(true)
	}
}

// watchPoller looks in. If nobody had the role, and nobody is about to look in
// soon, it has a sleeper do so: W5, W6. working is how many schedulers turn.
func (rt *Runtime) watchPoller(working int) {
	if !rt.monitor.lookIn() {
		return
	}
	if n := rt.idle.nsleep.Load(); n >= rt.active.Load() || n > 0 && working == 0 {
		rt.wakeOne()
	}
}

// processorsBusy reports whether the Go runtime has as many goroutines to run as
// processors to run them on, without the monitor itself.
func (m *monitor) processorsBusy() bool {
	running, ready := m.load.read()
	return running+ready > goruntime.GOMAXPROCS(0)
}

// workWaits reports whether any queue holds a fiber, or a timer is due.
func (rt *Runtime) workWaits() bool {
	if rt.timersDue(rt.clock()) || rt.queued() {
		return true
	}
	for _, s := range *rt.schedulers.Load() {
		if !s.next.empty() {
			return true
		}
	}
	return false
}

// queued reports whether a queue holds a fiber.
func (rt *Runtime) queued() bool { return rt.posted() || rt.woken() }

// posted reports whether there is a fiber that a searcher would find at once.
func (rt *Runtime) posted() bool {
	if !rt.injector.Empty() {
		return true
	}
	for _, s := range *rt.schedulers.Load() {
		if !s.newest.Empty() {
			return true
		}
	}
	return false
}

// woken reports whether there is a fiber in a ring.
func (rt *Runtime) woken() bool {
	for _, s := range *rt.schedulers.Load() {
		if !s.woken.Empty() {
			return true
		}
	}
	return false
}

// volunteer reports whether the stand-in s is one too many, and makes it
// retire then.
func (s *scheduler) volunteer() bool {
	for {
		n := s.rt.surplus.Load()
		if n <= 0 {
			return false
		}
		if s.rt.surplus.CompareAndSwap(n, n-1) {
			s.retiring = true
			return true
		}
	}
}

// addScheduler makes a scheduler and starts its root.
func (rt *Runtime) addScheduler(standIn bool) {
	rt.mu.Lock()
	defer rt.mu.Unlock()
	if rt.stopping.Load() {
		return
	}
	s := newScheduler(rt, rt.mu.made, standIn)
	s.wheel = rt.wheelOf(s.index, standIn)
	rt.mu.made++
	if standIn {
		rt.mu.standIns++
	} else if rt.conf.pinning {
		s.pin.cpu = rt.conf.cpus[s.index%len(rt.conf.cpus)]
	}
	all := append(slices.Clone(*rt.schedulers.Load()), s)
	rt.schedulers.Store(&all)
	rt.active.Inc()
	rt.roots.Add(1)
	go s.loop()
}

// retire gives back what a scheduler holds, at its end. Root only.
func (s *scheduler) retire() {
	rt := s.rt
	s.publish(true)
	if f := s.next.take(); f != nil {
		rt.injector.Push(f)
	}
	for f := s.deque.Pop(); f != nil; f = s.deque.Pop() {
		rt.injector.Push(f)
	}
	for f := s.ring.Pop(); f != nil; f = s.ring.Pop() {
		rt.injector.Push(f)
	}
	rt.pool.put(s.idle)
	s.idle = nil
	rt.records.give(s.free)
	s.free = nil
	rt.mu.Lock()
	all := *rt.schedulers.Load()
	if s.standIn {
		rest := make([]*scheduler, 0, len(all)-1)
		for _, o := range all {
			if o != s {
				rest = append(rest, o)
			}
		}
		rt.schedulers.Store(&rest)
		rt.mu.retired.add(s)
	}
	rt.active.Dec()
	rt.mu.Unlock()
	rt.checkDrained()
	// Not only if something is queued: it may have been the one to look at the
	// timers (W3).
	rt.wakeForWork()
}
