package sim_test

import (
	"context"
	"reflect"
	goruntime "runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/poll"
	fibers "github.com/seed222ee791/fibers/runtime"
	"github.com/seed222ee791/fibers/runtime/sim"
)

// TestKindsOfFailures has each kind once, with what its report must say.
func TestKindsOfFailures(t *testing.T) {
	for name, c := range map[string]struct {
		kind sim.Kind
		says string
		body func(s *sim.Sim)
	}{
		"panic in a fiber":      {sim.Panic, "oh", func(s *sim.Sim) { fibers.Go(func() { panic("oh") }) }},
		"panic in the body":     {sim.Panic, "kinds_test.go", func(s *sim.Sim) { panic("oh") }},
		"always":                {sim.Assertion, "seven is 7", func(s *sim.Sim) { s.Always(false, "seven is %d", 7) }},
		"T":                     {sim.Assertion, "bad thing", func(s *sim.Sim) { s.T().Errorf("bad %s", "thing") }},
		"eventually":            {sim.Assertion, "did not come within 1s: the end", func(s *sim.Sim) { s.Eventually(time.Second, func() bool { return false }, "the end") }},
		"deadlock":              {sim.Deadlock, "body waits in Chan.Get of chan#1", func(s *sim.Sim) { cml.NewChan[int]().Get() }},
		"never":                 {sim.Deadlock, "body waits", func(s *sim.Sim) { cml.Perform(cml.Never[int]()) }},
		"leak":                  {sim.Leak, `"left"`, func(s *sim.Sim) { fibers.GoNamed("left", func() { cml.NewChan[int]().Get() }) }},
		"leak with a ticker":    {sim.Leak, "still go on", func(s *sim.Sim) { fibers.Go(func() { tickFor(fibers.NewTicker(time.Second)) }) }},
		"livelock":              {sim.Livelock, "20000 steps", func(s *sim.Sim) { yieldFor() }},
		"unreached":             {sim.Unreached, `"luck"`, func(s *sim.Sim) { s.Sometimes(false, "luck") }},
		"blocking":              {sim.Panic, "Blocking inside a simulation", func(s *sim.Sim) { fibers.Blocking(func() int { return 1 }) }},
		"a runtime":             {sim.Panic, "inside a simulation", func(s *sim.Sim) { _, _ = fibers.New() }},
		"real sockets":          {sim.Panic, "Listen inside a simulation", func(s *sim.Sim) { _, _ = poll.Listen("tcp", "127.0.0.1:0") }},
		"a real deadline":       {sim.Panic, "sim.WithTimeout", func(s *sim.Sim) { realDeadline() }},
		"a real time":           {sim.Panic, "real time", func(s *sim.Sim) { fibers.SleepUntil(time.Now().Add(time.Hour)) }},
		"a test inside":         {sim.Panic, "Check inside a fiber", func(s *sim.Sim) { sim.Check(func(*sim.Sim) {}) }},
		"a nil host's function": {sim.Panic, "Host.Go(nil)", func(s *sim.Sim) { s.Host("a").Go(nil) }},
		"a panic of a task":     {sim.Panic, "oh", func(s *sim.Sim) { _, _ = fibers.Spawn(func() (int, error) { panic("oh") }).Await() }},
	} {
		t.Run(name, func(t *testing.T) {
			f := sim.Check(c.body, sim.Runs(3), sim.Steps(20000))
			if f == nil {
				t.Fatal("no failure")
			}
			if f.Kind != c.kind || !strings.Contains(f.String(), c.says) {
				t.Errorf("wanted: %v, with %q; got:\n%v", c.kind, c.says, f)
			}
		})
	}
}

func tickFor(tk *fibers.Ticker) {
	for {
		tk.Tick()
	}
}

func yieldFor() {
	for {
		fibers.Yield()
	}
}

func realDeadline() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	_, _ = cml.PerformContext(ctx, cml.Never[int]())
}

// TestStrangersAreFound has what is not simulated found, and reported, instead of a
// hang.
func TestStrangersAreFound(t *testing.T) {
	another := fibers.Default()
	release := make(chan int)
	var mu sync.Mutex
	var stop atomic.Bool
	mu.Lock()
	defer close(release)
	defer mu.Unlock()
	defer stop.Store(true)
	for name, c := range map[string]struct {
		kind sim.Kind
		says string
		body func(s *sim.Sim)
	}{
		"a native channel": {sim.Deadlock, "blocks its goroutine (chan receive)", func(s *sim.Sim) { <-release }},
		"a native mutex":   {sim.Deadlock, "blocks its goroutine (sync.Mutex.Lock)", func(s *sim.Sim) { mu.Lock(); stop.Load(); mu.Unlock() }},
		"a native sleep":   {sim.Deadlock, "blocks its goroutine (sleep)", func(s *sim.Sim) { time.Sleep(3 * time.Second) }}, // sleep: what is to be found
		"a goroutine": {sim.Diverged, "a goroutine that is no fiber", func(s *sim.Sim) {
			c := cml.NewChan[int]()
			go c.Put(1)
			c.Get()
		}},
		"a goroutine that was there first": {sim.Diverged, "woke a goroutine that is no fiber", func(s *sim.Sim) {
			c := cml.NewChan[int]()
			untilOneMoreWaits(strangerPuts, func() { go strangerPuts(c) })
			c.Get()
		}},
		"a goroutine that waits for fibers": {sim.Diverged, "woke a goroutine that is no fiber", func(s *sim.Sim) {
			var wg cml.WaitGroup
			wg.Add(1)
			untilOneMoreWaits(strangerWaits, func() { go strangerWaits(&wg) })
			wg.Done()
		}},
		"a fiber of another runtime": {sim.Diverged, "woke a goroutine that is no fiber", func(s *sim.Sim) {
			c := cml.NewChan[int]()
			untilOneMoreWaits(strangerPuts, func() { go another.Go(func() { strangerPuts(c) }) })
			c.Get()
		}},
		"a body that never yields": {sim.Livelock, "does not come to a point", func(s *sim.Sim) {
			for !stop.Load() {
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			patience := 300 * time.Millisecond
			if c.kind == sim.Diverged {
				patience = time.Minute // it looks for a stranger
			}
			f := sim.Check(c.body, sim.Runs(1), sim.Patience(patience))
			if f == nil {
				t.Fatal("no failure")
			}
			if f.Kind != c.kind || !strings.Contains(f.String(), c.says) {
				t.Errorf("wanted: %v, with %q; got:\n%v", c.kind, c.says, f)
			}
		})
	}
}

//go:noinline
func strangerPuts(c *cml.Chan[int]) { c.Put(1) }

//go:noinline
func strangerWaits(wg *cml.WaitGroup) { wg.Wait() }

// untilOneMoreWaits calls start and returns when one goroutine more waits, as goroutines and fibers
// do, in the function in. What it waits by has been published then.
func untilOneMoreWaits(in any, start func()) {
	name := goruntime.FuncForPC(reflect.ValueOf(in).Pointer()).Name() + "("
	stacks := make([]byte, 8<<20)
	waiting := func() (n int) {
		for _, g := range strings.Split(string(stacks[:goruntime.Stack(stacks, true)]), "\n\n") {
			head, _, _ := strings.Cut(g, "\n")
			if strings.Contains(g, name) && (strings.Contains(head, "[chan receive") || strings.Contains(head, "[coroutine")) {
				n++
			}
		}
		return n
	}
	before := waiting()
	for start(); waiting() <= before; {
		time.Sleep(time.Millisecond) // sleep: between two looks
	}
}

// TestFatalInAFiber: t.Error and t.Fatal fail the run, and the exploration.
func TestFatalInAFiber(t *testing.T) {
	for name, fail := range map[string]func(tb testing.TB){
		"fatal": func(tb testing.TB) { tb.Fatal("no") },
		"error": func(tb testing.TB) { tb.Error("no") },
	} {
		fake := &fakeTB{TB: t}
		runs := 0
		sim.Test(fake, func(s *sim.Sim) {
			runs++
			fibers.Go(func() { fail(fake) })
			fibers.Yield()
		})
		if !strings.Contains(fake.log.String(), "sim: assertion in run 0") || runs > 2 {
			t.Errorf("%s: %d runs, and the report is:\n%s", name, runs, fake.log.String())
		}
	}
}

// fakeTB is a test that fails for itself alone.
type fakeTB struct {
	testing.TB
	failed bool
	log    strings.Builder
}

func (f *fakeTB) Helper()      {}
func (f *fakeTB) Failed() bool { return f.failed }
func (f *fakeTB) Name() string { return "TestFake" }
func (f *fakeTB) Logf(format string, args ...any) {
	f.TB.Logf(format, args...)
}
func (f *fakeTB) Error(args ...any) {
	f.failed = true
	for _, a := range args {
		f.log.WriteString(a.(string))
	}
}
func (f *fakeTB) Fatal(args ...any) { f.Error(args...); exit() }

// TestTestReports: what Test says to the test.
func TestTestReports(t *testing.T) {
	fake := &fakeTB{TB: t}
	sim.Test(fake, func(s *sim.Sim) { s.Always(false, "no luck") })
	for _, want := range []string{"sim: assertion in run 0", "no luck", "go test github.com/seed222ee791/fibers/runtime/sim -run '^TestFake$' -sim.seed=", "kinds_test.go"} {
		if !strings.Contains(fake.log.String(), want) {
			t.Errorf("the report lacks %q:\n%s", want, fake.log.String())
		}
	}
}

// TestMisuse: what is refused, and how.
func TestMisuse(t *testing.T) {
	for want, f := range map[string]func(){
		"a nil body":                     func() { sim.Check(nil) },
		"Runs(0): make one run at least": func() { sim.Check(func(*sim.Sim) {}, sim.Runs(0)) },
		"Steps(0)":                       func() { sim.Check(func(*sim.Sim) {}, sim.Steps(0)) },
		"Explore(nil)":                   func() { sim.Explore(nil)(nil) },
		"PCT(0)":                         func() { sim.PCT(0) },
		"Exhaustive(-1)":                 func() { sim.Exhaustive(-1) },
		"Patience(0s)":                   func() { sim.Check(func(*sim.Sim) {}, sim.Patience(0)) },
		"is nil":                         func() { sim.Check(func(*sim.Sim) {}, nil) },
		"is no seed": func() {
			t.Setenv("FIBERS_SIM_SEED", "blue")
			sim.Check(func(*sim.Sim) {})
		},
	} {
		func() {
			defer func() {
				v := recover()
				text, _ := v.(string)
				if err, ok := v.(error); ok {
					text = err.Error()
				}
				if !strings.HasPrefix(text, "sim: ") || !strings.Contains(text, want) {
					t.Errorf("wanted a panic with %q, got %v", want, v)
				}
			}()
			f()
		}()
	}
}

// TestInAFiber: Test and Check are for tests and plain goroutines.
func TestInAFiber(t *testing.T) {
	var got any
	if err := fibers.Run(func() {
		defer func() { got = recover() }()
		sim.Check(func(*sim.Sim) {})
	}); err != nil {
		t.Fatal(err)
	}
	if s, _ := got.(string); !strings.Contains(s, "Check inside a fiber") {
		t.Errorf("recovered %v", got)
	}
}
