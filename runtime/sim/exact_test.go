package sim_test

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"os"
	goruntime "runtime"
	"strings"
	"testing"
	"time"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
	"github.com/seed222ee791/fibers/runtime/parallel"
	"github.com/seed222ee791/fibers/runtime/sim"
)

var update = flag.Bool("update", false, "write the golden trace anew")

// everything is a program that uses all there is, and fails in the end.
func everything(s *sim.Sim) {
	server := s.Host("server")
	s.Link(server, s.Host("localhost")).Loss(0.1)
	l, err := server.Listen("tcp", ":1")
	s.Always(err == nil, "%v", err)
	server.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			fibers.Go(func() {
				for lines := bufio.NewScanner(c); lines.Scan(); {
					fmt.Fprintln(c, strings.ToUpper(lines.Text()))
				}
			})
		}
	})
	ctx, cancel := sim.WithTimeout(context.Background(), 30*time.Millisecond)
	defer cancel()
	results := cml.NewQueue[string](2)
	done := fibers.Spawn(func() (int, error) {
		n := 0
		for range results.All() {
			n++
		}
		return n, nil
	})
	var mu cml.RWMutex
	seen := map[string]int{}
	err = fibers.WithGroup(ctx, func(ctx context.Context, g *fibers.Group) error {
		g.SetLimit(3)
		for i := range 5 {
			g.Go(func(ctx context.Context) error {
				c, err := sim.DialContext(ctx, "tcp", "server:1")
				if err != nil {
					return nil
				}
				fmt.Fprintf(c, "hello %d\n", i)
				text, _ := bufio.NewReader(c).ReadString('\n')
				mu.Lock()
				seen[text]++
				mu.Unlock()
				c.Close()
				return results.Put(text)
			})
		}
		return nil
	})
	s.Always(err == nil, "%v", err)
	results.Close(nil)
	n, _ := done.Await()
	ticks := fibers.NewTicker(7 * time.Millisecond)
	for range 3 {
		cml.Select(
			cml.On(ticks.TickOp(), func(time.Time) { n++ }),
			cml.On(cml.Done(ctx), func(error) { n += 10 }),
			cml.On(fibers.After(time.Duration(s.Rand().IntN(10))*time.Millisecond), func(time.Time) { n += 100 }),
		)
	}
	sum := 0
	parallel.For(0, 10, 1, func(lo, hi int) {
		mu.Lock()
		sum += lo
		mu.Unlock()
	})
	a, b := cml.NewSwap[int](), cml.NewBarrier(2)
	fibers.GoNamed("other", func() { a.Swap(1); b.Wait() })
	a.Swap(2)
	b.Wait()
	s.Always(sum != 45, "the end, with %d results of %d", n, len(seen))
}

// report is what a failure comes to, but for the hash of the build.
func report(f *sim.Failure) string {
	if f == nil {
		return "no failure"
	}
	return fmt.Sprintf("%v in %d steps\n%s\n%s", f.Kind, f.Steps, f.Message, f.Trace)
}

// TestSameSeedSameTrace: the trace of a seed is the same, byte for byte, in all runs,
// with any number of processors, and whatever ran before; with the race detector too,
// as the golden trace is one for both.
func TestSameSeedSameTrace(t *testing.T) {
	run := func() string { return report(sim.Check(everything, sim.Seed(7), sim.Shrinks(0))) }
	const golden = "testdata/everything.trace"
	want := run()
	if *update {
		if err := os.WriteFile(golden, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	file, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if want != string(file) {
		t.Fatalf("the trace of seed 7 is not that of %s (-update writes it, if the program has changed); it is\n%s", golden, want)
	}
	procs := goruntime.GOMAXPROCS(0)
	defer goruntime.GOMAXPROCS(procs)
	for i := range 100 {
		switch i % 3 {
		case 0:
			goruntime.GOMAXPROCS([]int{1, 2, 8}[i/3%3])
		case 1:
			goruntime.GC()
		}
		if got := run(); got != want {
			t.Fatalf("run %d differs:\n%s\nfrom\n%s", i, got, want)
		}
	}
}

// TestDivergedIsFound: what is decided outside the simulation is reported as such,
// with the step.
func TestDivergedIsFound(t *testing.T) {
	calls := 0
	f := sim.Check(func(s *sim.Sim) {
		calls++
		for range 10 * calls { // runs share it
			fibers.Yield()
		}
		s.Always(false, "no luck")
	})
	if f == nil || f.Kind != sim.Diverged || !strings.Contains(f.Message, "it does not fail by step 11") {
		t.Errorf("wanted diverged, with the step; got\n%v", f)
	}
}

// TestNoGoroutineIsLeft: runs that fail, in whatever way, leave nothing behind.
func TestNoGoroutineIsLeft(t *testing.T) {
	before := goruntime.NumGoroutine()
	for _, body := range []func(*sim.Sim){
		func(s *sim.Sim) { panic("oh") },
		func(s *sim.Sim) { s.Always(false, "no") },
		func(s *sim.Sim) {
			for range 10 {
				fibers.Go(func() { defer fibers.Yield(); cml.NewChan[int]().Get() })
			}
			cml.NewChan[int]().Put(1)
		},
		func(s *sim.Sim) {
			fibers.Go(func() { defer cml.NewCond().Wait(); fibers.Sleep(time.Hour) })
			panic("oh")
		},
		everything,
	} {
		if f := sim.Check(body, sim.Runs(3), sim.Shrinks(5)); f == nil {
			t.Error("no failure")
		}
	}
	deadline := time.Now().Add(10 * time.Second)
	for goruntime.NumGoroutine() > before && time.Now().Before(deadline) {
		goruntime.Gosched()
	}
	if n := goruntime.NumGoroutine(); n > before {
		buf := make([]byte, 1<<20)
		t.Errorf("%d goroutines, %d before:\n%s", n, before, buf[:goruntime.Stack(buf, true)])
	}
}

// TestFlagReplays: the environment makes one run, that of the seed.
func TestFlagReplays(t *testing.T) {
	f := sim.Check(everything, sim.Runs(1), sim.Shrinks(0))
	t.Setenv("FIBERS_SIM_SEED", fmt.Sprintf("%d@some-build", f.Seed))
	runs := 0
	again := sim.Check(func(s *sim.Sim) { runs++; everything(s) }, sim.Shrinks(0))
	if runs != 2 || report(again) != report(f) { // the run, and its repetition with a trace
		t.Errorf("%d runs, and\n%s", runs, report(again))
	}
}

// TestParallelSplitsComeFromTheSeed: with other seeds others run the pieces.
func TestParallelSplitsComeFromTheSeed(t *testing.T) {
	orders := map[string]bool{}
	must(t, sim.Check(func(s *sim.Sim) {
		var order []int
		parallel.For(0, 6, 0, func(lo, hi int) {
			for i := lo; i < hi; i++ {
				order = append(order, i)
			}
		})
		parallel.Do(func() { order = append(order, 10) }, func() { order = append(order, 11) }, func() { order = append(order, 12) })
		s.Always(len(order) == 9, "%v", order)
		orders[fmt.Sprint(order)] = true
	}, sim.Runs(200)))
	if len(orders) < 10 {
		t.Errorf("only %d orders", len(orders))
	}
}

// TestRunInside: a program's main, with Run, is simulated as it is.
func TestRunInside(t *testing.T) {
	must(t, sim.Check(func(s *sim.Sim) {
		ended, drained := 0, 0
		err := fibers.Run(func() {
			fibers.Go(func() { defer func() { ended++ }(); cml.NewChan[int]().Get() })
			fibers.Yield()
			fibers.Sleep(time.Second)
		})
		s.Always(err == nil && ended == 1, "%v, %d ended", err, ended)
		err = fibers.Run(func() {
			for range 3 {
				fibers.Go(func() { fibers.Sleep(time.Minute); drained++ })
			}
		}, fibers.WithDrain())
		s.Always(err == nil && drained == 3, "%v, %d drained", err, drained)
		s.Always(s.Elapsed() == time.Minute+time.Second, "%v", s.Elapsed())
	}, sim.Runs(100)))
}

// TestSkew: the clock of a host is its own.
func TestSkew(t *testing.T) {
	must(t, sim.Check(func(s *sim.Sim) {
		h := s.Host("ahead")
		h.Skew(time.Hour)
		begin, done := s.Now(), false
		h.Go(func() {
			s.Always(s.Now().Sub(begin) == time.Hour && h.Now().Equal(s.Now()), "%v", s.Now())
			fibers.SleepUntil(s.Now().Add(time.Second))
			done = true
		})
		s.Eventually(2*time.Second, func() bool { return done }, "it wakes by its own clock")
		s.Always(s.Elapsed() == time.Second, "%v", s.Elapsed())
	}, sim.Runs(20)))
}

// Those who wait for the end of a group by DoneOp, and of a task, go on in the same order each time.
func TestSameSeedSameOrderOfThoseWhoWait(t *testing.T) {
	body := func(s *sim.Sim) {
		var order []int
		task := fibers.Spawn(func() (int, error) { fibers.Sleep(time.Millisecond); return 0, nil })
		_ = fibers.WithGroup(context.Background(), func(_ context.Context, g *fibers.Group) error {
			g.Go(func(context.Context) error { fibers.Sleep(time.Millisecond); return nil })
			for i := range 8 {
				fibers.Go(func() { cml.Perform(g.DoneOp()); order = append(order, i) })
				fibers.Go(func() { cml.Perform(task.AwaitOp()); order = append(order, 10+i) })
				fibers.Go(func() { _, _ = task.Await(); order = append(order, 20+i) })
			}
			return nil
		})
		fibers.Sleep(time.Second)
		s.Always(false, "%v", order)
	}
	run := func() string { return report(sim.Check(body, sim.Seed(7), sim.Shrinks(0))) }
	want := run()
	for range 20 {
		if got := run(); got != want {
			t.Fatalf("one run:\n%s\nanother:\n%s", want, got)
		}
	}
}
