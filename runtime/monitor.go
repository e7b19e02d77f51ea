package runtime

import (
	goruntime "runtime"
	"slices"
	"time"

	"github.com/seed222ee791/fibers/internal/cores"
)

// The monitor: who looks at the schedulers every few milliseconds, while any is awake for
// longer than that. How it rests otherwise is in monitor_rest.go.
//
// It is the last resort of several protocols (W2, W3, W6), and the one who finds stalled schedulers
// that the understudy does not: fibers that compute, and those that wait in Go's way
// where that cannot be seen (package gstatus).
//
// Whether a scheduler has stalled shows at its turns. As these are rare while
// fibers switch fast, the monitor asks for one at every look (nudged), and sees at
// the next, 5 ms later, whether it came. When nobody is idle, work waits, and a scheduler
// has not turned for stallTime, a stand-in takes its seat (stalled.go). The Go runtime
// shares the processors between that and the stalled scheduler.
//
// A fiber that computes and one that waits look the same from here, where the status of its
// goroutine is not known. If the process's processors are busy, one scheduler that turns is
// enough to keep the others' delay bounded, as it takes from stalled schedulers too (stealFromStalled); if they
// are not, stalled schedulers wait.

type monitor struct {
	rest  monitorRest
	kick  chan struct{} // ends its rest; room for one
	stop  chan struct{}
	load  load
	looks uint64 // of anybody for descriptors, when it last asked; its own
	waits int    // looks in a row at which work waited beside a sleeper; its own
}

const (
	monitorPeriod = 5 * time.Millisecond
	stallTime     = 9 * time.Millisecond // two looks, if they are on time
	deepIdle      = 2                    // looks at which all slept, before the monitor rests
	auditEvery    = time.Second
)

// pulse is what the monitor knows of a scheduler.
type pulse struct {
	turns uint64
	since time.Time // when turns last changed
}

// runMonitor is the goroutine of the monitor: it looks at the schedulers every monitorPeriod, and
// rests once all have slept for some time (monitor_rest.go).
func (rt *Runtime) runMonitor() {
	defer rt.services.Done()
	m := &rt.monitor
	defer func() { m.rest.timer.set(1) }() // M3
	pulses := make(map[*scheduler]pulse)
	t := time.NewTicker(monitorPeriod)
	defer t.Stop()
	idle := 0
	var audited time.Time
	audit := func(now time.Time) {
		if rt.conf.pinning && now.Sub(audited) >= auditEvery {
			audited = now
			cores.Audit()
		}
	}
	for {
		select {
		case <-m.stop:
			return
		case <-t.C:
		}
		if rt.allSleep() {
			idle++
		} else {
			idle = 0
		}
		if idle >= deepIdle {
			t.Stop()
			rt.dismiss()
			audit(time.Now())
			if !rt.restMonitor() {
				return
			}
			idle = 0
			clear(pulses)
			t.Reset(monitorPeriod)
		}
		now := time.Now()
		rt.examineSchedulers(now, pulses)
		audit(now)
	}
}

// examineSchedulers counts the stalled schedulers, and has stand-ins take their seats.
func (rt *Runtime) examineSchedulers(now time.Time, pulses map[*scheduler]pulse) {
	rt.spread.Store(rt.conf.schedulers >= goruntime.GOMAXPROCS(0))
	all := *rt.schedulers.Load()
	var still []*scheduler // have not turned for stallTime
	count := 0
	for i, s := range all {
		stalled := false
		turns := s.published.turns.Load()
		p, known := pulses[s]
		if !known || p.turns != turns {
			pulses[s] = pulse{turns: turns, since: now}
		} else {
			rt.wheels[i].tidyForgotten()
			if now.Sub(p.since) >= stallTime {
				still = append(still, s)
				// A sleeper does not turn either, but is not stalled: it leaves its wheel
				// unattended.
				stalled = !rt.wheels[i].unattended.Load()
			}
		}
		if stalled {
			count++
		}
		if s.stalled.Load() != stalled {
			s.stalled.Store(stalled)
		}
		s.nudged.Store(true)
	}
	if rt.stalled.Load() != int32(count) {
		rt.stalled.Store(int32(count))
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
			s.pin.Judge(time.Duration(rt.clock()))
		}
	}
	if rt.sighted {
		rt.judgeUnseated()
	}
	rt.watchPoller(len(all) - len(still))
	// A sleeper does not turn either, but while there is one nobody is needed.
	if rt.idle.nsleep.Load() > 0 {
		// W2, W3: what waits at two looks in a row is nobody's business.
		if rt.workWaits() {
			if rt.monitor.waits++; rt.monitor.waits >= 2 {
				rt.idle.wakeOne()
			}
			return
		}
		rt.monitor.waits = 0
		return
	}
	rt.monitor.waits = 0
	rt.callUnderstudy()
	if len(still) == 0 || !rt.workWaits() {
		return
	}
	if rt.monitor.processorsBusy(rt.sighted) {
		if len(still) < len(all) {
			return // one that turns is enough
		}
		still = still[:1]
	}
	for _, s := range still {
		rt.relieveOf(s)
	}
}

// relieveOf has a stand-in take the seat of s, which has stalled.
func (rt *Runtime) relieveOf(s *scheduler) {
	if t := rt.newStandIn(); rt.replace(s, t, s.busy()) {
		rt.roots.Add(1) // s has not ended: nobody waits for the last of them yet
		go t.loop()
	}
}

// watchPoller looks in, if nobody else does. If it had the role for that, and nobody is about to look in
// soon, it has a sleeper do so: W5, W6. working is how many schedulers turn.
func (rt *Runtime) watchPoller(working int) {
	if !rt.monitor.lookIn() {
		return
	}
	if n := rt.idle.nsleep.Load(); n >= rt.idle.active.Load() || n > 0 && working == 0 {
		rt.idle.wakeOne()
	}
}

// processorsBusy reports whether the Go runtime has as many goroutines to run as
// processors to run them on, without the monitor itself and the understudy.
func (m *monitor) processorsBusy(understudy bool) bool {
	running, ready := m.load.read()
	if understudy {
		ready--
	}
	return running+ready > goruntime.GOMAXPROCS(0)
}
