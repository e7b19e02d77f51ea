package coro

import (
	"fmt"
	"os"
	goruntime "runtime"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if what := os.Getenv(childVariable); what != "" {
		child(what)
	}
	goleak.VerifyTestMain(m)
}

// worker is a coroutine that runs the jobs which its owner leaves in job and
// then returns to the owner.
type worker struct {
	Coro
	back    *Coro
	job     func(w *worker)
	started bool
}

func newWorker() *worker {
	w := &worker{}
	w.Init(func(*Coro) { w.main() })
	return w
}

func (w *worker) main() {
	w.started = true
	for !w.Leaving() {
		w.run()
		w.Switch(w.back)
	}
}

func (w *worker) run() {
	ok := false
	defer func() {
		if ok || recover() != nil {
			return
		}
		w.Taint()
		w.Switch(w.back)
		if !w.Leaving() {
			panic("a tainted coroutine was resumed for something else than its end")
		}
	}()
	w.job(w)
	ok = true
}

func (w *worker) do(root *Coro, job func(w *worker)) {
	w.back, w.job = root, job
	root.Switch(&w.Coro)
}

func TestSwitchRunsTheOtherAndReturns(t *testing.T) {
	var root Coro
	w := newWorker()
	log := ""
	w.do(&root, func(w *worker) { log += "a"; w.Switch(&root); log += "c" })
	log += "b"
	root.Switch(&w.Coro)
	if log != "abc" {
		t.Fatalf("order %q, want abc", log)
	}
	root.End(&w.Coro, &w.Coro)
}

// A ring of coroutines in which each hands over to the next: no one goes
// through the root, and everyone ends in a slot that is not its own.
func ring(root *Coro, n, rounds int) []*worker {
	ws := make([]*worker, n)
	for i := range ws {
		ws[i] = newWorker()
	}
	hops := 0
	for i := range ws {
		next := ws[(i+1)%n]
		ws[i].back = root
		ws[i].job = func(w *worker) {
			for hops < n*rounds {
				hops++
				w.Switch(&next.Coro)
			}
		}
	}
	root.Switch(&ws[0].Coro)
	for _, w := range ws { // the others have still to see that it is over
		if !w.started {
			root.Switch(&w.Coro)
		}
	}
	return ws
}

// endAll ends a set of idle coroutines that is closed: every sleeper sleeps in
// a slot of the set.
func endAll(t *testing.T, root *Coro, ws []*worker) {
	t.Helper()
	for len(ws) > 0 {
		o := ws[0]
		victim := o.At()
		root.End(victim, &o.Coro)
		for i, w := range ws {
			if &w.Coro == victim {
				ws = append(ws[:i], ws[i+1:]...)
				break
			}
		}
	}
}

func TestEndAfterMigration(t *testing.T) {
	for _, n := range []int{2, 3, 10, 100} {
		for _, rounds := range []int{1, 2, 3, 7} {
			t.Run(fmt.Sprintf("n=%d/rounds=%d", n, rounds), func(t *testing.T) {
				before := goruntime.NumGoroutine()
				var root Coro
				ws := ring(&root, n, rounds)
				// Let each finish its job, so that all are idle.
				for _, w := range ws {
					w.do(&root, func(*worker) {})
				}
				endAll(t, &root, ws)
				if got := goruntime.NumGoroutine(); got > before {
					t.Fatalf("%d goroutines left over", got-before)
				}
			})
		}
	}
}

func TestPanicIsTheJobsAlone(t *testing.T) {
	var root Coro
	w := newWorker()
	w.do(&root, func(*worker) { panic("boom") })
	ran := false
	w.do(&root, func(*worker) { ran = true })
	if !ran {
		t.Fatal("the coroutine did not survive a recovered panic")
	}
	root.End(&w.Coro, &w.Coro)
}

// A Goexit must hit neither the root nor the goroutine that happens to sleep in
// the coroutine's slot, whichever side it came in by.
func TestGoexitHitsNobodyElse(t *testing.T) {
	for spare := range 4 { // spare swaps flip the side that is due
		t.Run(fmt.Sprint(spare), func(t *testing.T) {
			done := make(chan bool)
			go func() {
				ok := false
				defer func() { done <- ok }()
				var root Coro
				w, other := newWorker(), newWorker()
				for range spare {
					w.do(&root, func(*worker) {})
					other.do(&root, func(o *worker) { o.Switch(&w.Coro) })
					root.Switch(&other.Coro)
				}
				other.do(&root, func(o *worker) {})
				w.do(&root, func(*worker) { goruntime.Goexit() })
				if !w.Tainted() {
					t.Error("not tainted")
				}
				endAll(t, &root, []*worker{w, other})
				ok = true
			}()
			if !<-done {
				t.Fatal("the Goexit of a coroutine ended the root's goroutine")
			}
		})
	}
}

// Many roots on many threads hand coroutines to each other.
func TestSwitchStress(t *testing.T) {
	const roots, coros, jobs = 4, 64, 20000
	idle := make(chan *worker, coros)
	for range coros {
		idle <- newWorker()
	}
	counts := make([]int, roots)
	var wg sync.WaitGroup
	for i := range roots {
		wg.Add(1)
		go func() {
			defer wg.Done()
			var root Coro
			for range jobs {
				a, b := <-idle, <-idle
				b.back = &a.Coro
				b.job = func(*worker) { counts[i]++ }
				a.do(&root, func(a *worker) { a.Switch(&b.Coro); counts[i]++ })
				idle <- a
				idle <- b
			}
		}()
	}
	wg.Wait()
	for i, c := range counts {
		if c != 2*jobs {
			t.Errorf("root %d: %d jobs ran, want %d", i, c, 2*jobs)
		}
	}
	var root Coro
	close(idle)
	var ws []*worker
	for w := range idle {
		ws = append(ws, w)
	}
	endAll(t, &root, ws)
}

func BenchmarkSwitch(b *testing.B) {
	b.Run("how=roundtrip", func(b *testing.B) {
		var root Coro
		w := newWorker()
		stop := false
		b.ReportAllocs()
		w.do(&root, func(w *worker) {
			for !stop {
				w.Switch(&root)
			}
		})
		for b.Loop() {
			root.Switch(&w.Coro)
		}
		stop = true
		root.Switch(&w.Coro)
		root.End(&w.Coro, &w.Coro)
	})
	b.Run("how=symmetric", func(b *testing.B) {
		var root Coro
		ws := ring(&root, 2, b.N/2+1)
		for _, w := range ws {
			w.do(&root, func(*worker) {})
		}
		for len(ws) > 0 {
			v := ws[0].At()
			root.End(v, &ws[0].Coro)
			if v == &ws[0].Coro {
				ws = ws[1:]
			} else {
				ws = ws[:1]
			}
		}
	})
}

func BenchmarkLife(b *testing.B) {
	b.ReportAllocs()
	var root Coro
	for b.Loop() {
		w := newWorker()
		w.do(&root, func(*worker) {})
		root.End(&w.Coro, &w.Coro)
	}
}
