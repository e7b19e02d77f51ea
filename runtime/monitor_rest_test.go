package runtime

import (
	goruntime "runtime"
	"sync"
	"testing"
	"time"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/internal/race"
)

// looks returns a counter that tells when the monitor was last up.
func (rt *Runtime) looks() int64 { return rt.monitor.rest.looked.Load() }

// waitForRest waits until the monitor rests.
func (rt *Runtime) waitForRest(t *testing.T) {
	for start := time.Now(); rt.monitor.rest.state.Load() != monitorResting; goruntime.Gosched() {
		if time.Since(start) > 30*time.Second {
			t.Fatal("all schedulers sleep, and the monitor does not rest")
		}
	}
}

// A timer that has little to do woke the monitor each time, which looked twice for it.
func TestMonitorRestsBesideATimer(t *testing.T) {
	rt, err := New(WithSchedulers(2))
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close()
	const ticks = 30
	ups := 0
	for range 20 { // a busy machine may keep a fiber from its processor for 5 ms
		rt.waitForRest(t)
		ups = 0
		_ = rt.Run(func() {
			last := rt.looks()
			for range ticks {
				Sleep(10 * time.Millisecond)
				if now := rt.looks(); now != last {
					last = now
					ups++
				}
			}
		})
		if ups <= ticks/2 {
			return
		}
	}
	t.Errorf("the monitor was up %d times in %d ticks", ups, ticks)
}

// Who computes for longer than that is looked at, however often it was not worth it before.
func TestMonitorComesToWhoIsUpForLong(t *testing.T) {
	rt, err := New(WithSchedulers(1))
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close()
	for range 20 {
		rt.waitForRest(t)
		_ = rt.Run(func() {
			for range 3 {
				Sleep(2 * time.Millisecond)
			}
			last := rt.looks()
			for start := time.Now(); rt.looks() == last && rt.monitor.rest.state.Load() != monitorUp; {
				if time.Since(start) > 30*time.Second {
					t.Error("the monitor does not come")
					break
				}
			}
		})
	}
}

// Parties leave the sleepers and join them at once, and now and then one stays up until the
// monitor has come.
func TestMonitorRestStress(t *testing.T) {
	rt := &Runtime{conf: &config{}, base: time.Now()}
	m := &rt.monitor
	m.kick, m.stop = make(chan struct{}, 1), make(chan struct{})
	rt.schedulers.Store(new([]*scheduler))
	const parties = 3
	rt.idle.active.Store(parties)
	m.rest.rests = make(chan struct{}, 1)
	m.rest.timer = rt.newWakeTimer()
	var gone sync.WaitGroup
	var up atomic.Uint32
	rt.services.Add(1)
	go func() { // runMonitor without its looks
		defer rt.services.Done()
		for {
			for !rt.allSleep() {
				up.Inc()
				goruntime.Gosched()
			}
			if !rt.restMonitor() {
				m.rest.timer.set(1) // M3
				return
			}
			up.Inc()
		}
	}()
	rounds := 30_000
	if race.Enabled {
		rounds /= 10
	}
	rt.idle.nsleep.Add(parties)
	for i := range parties {
		gone.Go(func() {
			for n := range rounds {
				rt.idle.nsleep.Dec()
				rt.summonMonitor()
				if n%512 == i {
					for start, seen := time.Now(), up.Load(); up.Load() == seen; goruntime.Gosched() {
						if time.Since(start) > 30*time.Second {
							t.Error("one is up, and the monitor does not come")
							break
						}
					}
				}
				rt.idle.nsleep.Inc()
				m.rest.excused.Store(-int64(time.Hour)) // each time, not now and then
				m.rest.looked.Store(rt.clock())
				rt.excuseMonitor(rt.clock())
				if n%8 == 0 {
					goruntime.Gosched()
				}
			}
		})
	}
	gone.Wait()
	m.end()
	rt.services.Wait()
	m.rest.close()
}
