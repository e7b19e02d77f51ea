package runtime

import (
	goruntime "runtime"
	"slices"
	stdatomic "sync/atomic" // its 64-bit types are aligned on 32-bit systems too
	"testing"
	"time"

	"github.com/seed222ee791/fibers/worksteal"
)

// These take and give seats by hand, without roots.

// seats makes a runtime of n schedulers with seats that nobody runs.
func seats(n int) (*Runtime, []*scheduler) {
	rt := &Runtime{conf: &config{schedulers: n}, base: time.Now(), injector: worksteal.NewInjector[fiber]()}
	rt.mu.unseated, rt.mu.hogs = make(map[*scheduler]struct{}), make(map[*scheduler]struct{})
	rt.wheels = newWheels(rt, n)
	rt.idle.init(rt)
	var all []*scheduler
	for i := range n {
		s := newScheduler(rt)
		s.index, s.wheel, s.wakeUps = i, rt.wheels[i], new(latencies)
		all = append(all, s)
	}
	rt.idle.active.Store(int32(n))
	rt.schedulers.Store(&all)
	return rt, all
}

// A thief saw the queues of a stalled scheduler empty. By the time it says so, that one has had its
// seat back, has filled them, and is stalled again: they must not be forgotten.
func TestALateDropLeavesALegacy(t *testing.T) {
	rt, all := seats(1)
	v := all[0]
	if !rt.replace(v, newScheduler(rt), false) {
		t.Fatal("it was not replaced")
	}
	var fs [3 * plundered]fiber
	if !v.reclaim() {
		t.Fatal("it did not get its seat back")
	}
	for i := range fs {
		v.deque.Push(&fs[i])
	}
	rt.replace(v, newScheduler(rt), false)
	rt.dropLegacy(v)
	if v.newest.Empty() || rt.legacies.newest.Load() != v || rt.legacies.oldest.Load() != v {
		t.Error("nobody looks at what it has left")
	}
}

// However many stalled schedulers have left something, to lose a seat costs the same, and each of
// them is looked at once: from the newest on, or from the oldest on.
func TestLegacies(t *testing.T) {
	const n, each = 2000, plundered + 2
	rt, all := seats(1)
	fs := make([]fiber, n*each)
	last := all[0]
	lose := func(k int) {
		for i := range each {
			last.deque.Push(&fs[k*each+i])
		}
		next := newScheduler(rt)
		rt.replace(last, next, false)
		// The stand-in does not run what it has taken: it leaves that too.
		last = next
	}
	spent := func(from, to int) uint64 {
		var before, after goruntime.MemStats
		goruntime.ReadMemStats(&before)
		for k := from; k < to; k++ {
			lose(k)
		}
		goruntime.ReadMemStats(&after)
		return (after.TotalAlloc - before.TotalAlloc) / uint64(to-from)
	}
	first := spent(0, n/10)
	if then := spent(n/10, n); then > 2*first {
		t.Errorf("%d bytes are spent for each of many, %d for each of few", then, first)
	}
	seen := make(map[*fiber]bool)
	for thief, turn := newScheduler(rt), 0; ; turn++ {
		end := &rt.legacies.newest
		if turn%2 == 1 {
			end = &rt.legacies.oldest
		}
		for f := thief.takeLegacy(end); f != nil; f = thief.pickLocal() {
			seen[f] = true
		}
		if rt.legacies.empty() {
			break
		}
	}
	for f := last.pickLocal(); f != nil; f = last.pickLocal() {
		seen[f] = true
	}
	if len(seen) != len(fs) || rt.legacies.oldest.Load() != nil {
		t.Errorf("%d fibers of %d were found", len(seen), len(fs))
	}
}

// The counters of a seat go on: those of a stand-in that had another one before, and those
// of all who had it since it was lost.
func TestTheCountersOfASeatThatIsReclaimed(t *testing.T) {
	rt, all := seats(1)
	v := all[0]
	parks := func(s *scheduler, n uint64) {
		s.counts.parks += n
		s.publish(true)
	}
	count := func() uint64 { return rt.Stats().Schedulers[0].Parks }
	parks(v, 10)
	last := v
	for _, earlier := range []uint64{0, 1000} {
		next := newScheduler(rt)
		parks(next, earlier)
		rt.replace(last, next, false)
		parks(next, 5)
		last = next
	}
	parks(v, 100) // without seat
	before := count()
	if before != 20 {
		t.Errorf("%d parks are counted before, want 20", before)
	}
	v.reclaim()
	if got := count(); got != before {
		t.Errorf("%d parks are counted then, want %d", got, before)
	}
	parks(v, 1)
	if got := count(); got != before+1 {
		t.Errorf("%d parks are counted at the end, want %d", got, before+1)
	}
}

// The stand-in that is sent away wakes up late: the wheel and the latencies are another's.
func TestAStandInThatIsSentAwayTouchesNothing(t *testing.T) {
	rt, all := seats(1)
	v, st := all[0], newScheduler(rt)
	rt.replace(v, st, false)
	id := &rt.idle
	id.add(st)
	st.wheel.unattended.Store(true)
	if !v.reclaim() {
		t.Fatal("it did not get its seat back")
	}
	if v.wheel.unattended.Load() {
		t.Error("the wheel of one who runs is unattended")
	}
	v.wheel.unattended.Store(true) // it sleeps by now
	if !st.parker.Wait(-1) {
		t.Error("no permit")
	}
	st.afterSleep()
	st.came()
	if !v.wheel.unattended.Load() {
		t.Error("the wheel of one who sleeps is attended")
	}
	if n := rt.Stats().Schedulers[0].WakeUps.Count(); n != 0 {
		t.Errorf("%d wake-ups are counted, of a time that nobody noted", n)
	}
	if id.attend.Load() != 1 || id.nsleep.Load() != 0 || id.searching.Load() != 1 {
		t.Errorf("attend, nsleep, searching = %d, %d, %d", id.attend.Load(), id.nsleep.Load(), id.searching.Load())
	}
}

// Of system calls only one that lasts counts, not many short ones one after the other.
func TestASuspectIsForgottenOnceItIsSeenElsewhere(t *testing.T) {
	rt, all := seats(1)
	rt.sighted = true
	u := newScheduler(rt)
	u.suspects = map[*scheduler]suspect{all[0]: {fiber: 1}}
	if u.findSeat(rt.clock()) || len(u.suspects) > 0 {
		t.Errorf("it is suspected still: %v", u.suspects)
	}
}

// eventually waits for something that is to come.
func eventually(t *testing.T, what string, f func() bool) {
	t.Helper()
	for start := time.Now(); !f(); goruntime.Gosched() {
		if time.Since(start) > 20*time.Second {
			t.Fatalf("%s: not after %v", what, time.Since(start))
		}
	}
}

// A stalled scheduler that computes is taken for one as long as it does: the schedulers would not
// make room for the process's other goroutines any more.
func TestAStalledSchedulerThatWaitsIsNoHog(t *testing.T) {
	for name, blind := range map[string]bool{"sighted": false, "blind": true} {
		t.Run(name, func(t *testing.T) {
			rt, err := New(WithSchedulers(1), func(c *config) { c.blind = blind })
			if err != nil {
				t.Fatal(err)
			}
			defer rt.Close()
			if !blind && !rt.sighted {
				t.Skip("not known of this version of Go")
			}
			gate, hog := make(chan struct{}), make(chan struct{})
			busy := func() bool { return rt.hogs.Load() > 0 }
			go rt.Run(func() {
				Go(func() { // it keeps the monitor awake
					for !done(gate) {
						Yield()
					}
				})
				if blind {
					<-gate
					return
				}
				for start := time.Now(); !busy() && time.Since(start) < 20*time.Second; {
				}
				close(hog)
				<-gate
				for start := time.Now(); !busy() && time.Since(start) < time.Second; {
				}
			})
			if blind {
				eventually(t, "it is stalled", func() bool { return rt.Stats().Unseated > 0 })
				if busy() {
					t.Error("one that waits counts as one that computes")
				}
				close(gate)
				return
			}
			<-hog
			eventually(t, "it waits", func() bool { return !busy() })
			close(gate)
			eventually(t, "it computes again, or has ended", func() bool { return busy() || rt.Stats().Unseated == 0 })
		})
	}
}

func done(c chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// A fiber that has kept its scheduler for long and waits now has waited since now.
func TestForOfAFiberThatHasKeptItsScheduler(t *testing.T) {
	rt, err := New(WithSchedulers(1))
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close()
	end := make(chan struct{})
	defer close(end)
	var kept stdatomic.Int64
	go rt.Run(func() {
		time.Sleep(200 * time.Millisecond) // sleep: it keeps its scheduler
		kept.Store(rt.clock())
		Blocking(func() int { <-end; return 0 })
	})
	eventually(t, "it waits", func() bool {
		for _, f := range rt.Fibers() {
			if f.State != Waiting {
				continue
			}
			if most := time.Duration(rt.clock() - kept.Load()); f.For > most+20*time.Millisecond {
				t.Errorf("it has waited for %v, want %v at most", f.For, most)
			}
			return true
		}
		return false
	})
}

// A scheduler that takes another seat than it had: what it has recorded stays where it was, and
// that it begins there is recorded.
func TestWhatIsRecordedKeepsItsSeat(t *testing.T) {
	rt, all := seats(2)
	rec, err := rt.Record(0)
	if err != nil {
		t.Fatal(err)
	}
	defer rec.Stop()
	s := all[0]
	s.openEyes()
	s.eyes.ring.add(EventYield, 1, 0, 0)
	if !rt.replace(s, newScheduler(rt), false) {
		t.Fatal("it was not replaced")
	}
	delete(rt.mu.unseated, s)
	if !rt.replace(all[1], s, false) {
		t.Fatal("it did not take the other seat")
	}
	s.eyes.ring.add(EventYield, 2, 0, 0)
	type what struct {
		kind         EventKind
		on           int
		fiber, other uint64
	}
	var got []what
	for _, e := range rec.Events(time.Hour) {
		got = append(got, what{e.Kind, e.Scheduler, e.Fiber, e.Other})
	}
	want := []what{{EventScheduler, 0, 0, 0}, {EventYield, 0, 1, 0}, {EventScheduler, 1, 0, 1}, {EventYield, 1, 2, 0}}
	if !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}
