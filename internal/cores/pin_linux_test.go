package cores

import (
	goruntime "runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// masked returns how many CPUs the calling thread may use.
func masked() int {
	var m unix.CPUSet
	if unix.SchedGetaffinity(0, &m) != nil {
		return 0
	}
	return m.Count()
}

// A thread that does not get its core is let go, longer each time; one that gets it
// stays.
func TestPinGivesWay(t *testing.T) {
	cpus := Allowed() // reads the mask of the process
	done := make(chan struct{})
	go func() {
		defer close(done)
		goruntime.LockOSThread() // and not unlocked
		all := masked()
		if all < 2 {
			t.Log("one CPU: a mask says nothing")
		}
		var p Pin
		p.Set(cpus[0])
		check := func(now time.Duration) bool {
			if err := p.Check(now); err != nil {
				t.Log(err)
			}
			return p.Pinned()
		}
		retry := func() time.Duration { return time.Duration(p.retry.Load()) }
		start := time.Now()
		now := func() time.Duration { return time.Since(start) }
		if !check(now()) || masked() != 1 {
			t.Log("nothing to see, threads cannot be pinned")
			return
		}
		for before := time.Duration(0); before < time.Second; {
			p.Judge(now())
			time.Sleep(20 * time.Millisecond) // sleep: so that it gets no processor time
			at := now()
			p.Judge(at)
			if check(at) {
				t.Error("pinned again at once")
			}
			if n := masked(); n != all {
				t.Errorf("let go, it may use %d CPUs, of %d", n, all)
			}
			rest := retry() - at
			if rest <= before {
				t.Errorf("rests of %v, then %v", before, rest)
				break
			}
			before = rest
			start = start.Add(-rest) // the time has come
			if at = now(); !check(at) || masked() != 1 {
				t.Error("not pinned again in time")
			}
			// A new trial: what was before does not count, nor what it slept.
			for range 2 {
				p.LetGo()
				start = start.Add(-time.Second)
				check(now())
				if p.Judge(now()); !check(now()) {
					t.Error("a sleep counts as a core that others had")
				}
			}
		}
		for begin := time.Now(); ; { // others may need the core for a while
			start = start.Add(-2 * time.Second) // no rest any more
			check(now())
			before := retry()
			p.Judge(now())
			for spin := time.Now(); time.Since(spin) < 20*time.Millisecond; {
			}
			p.Judge(now())
			if retry() == before && masked() == 1 {
				break // a verdict, and it stays
			}
			if time.Since(begin) > 30*time.Second {
				t.Error("a thread that gets its core is let go")
				break
			}
		}
		p.LetGo()
		if n := masked(); n != all {
			t.Errorf("at the end it may use %d CPUs, of %d", n, all)
		}
	}()
	<-done
}
