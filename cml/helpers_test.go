package cml_test

import (
	"fmt"
	goruntime "runtime"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/internal/race"
	fibers "github.com/seed222ee791/fibers/runtime"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type unit = cml.Unit

// A team starts parties of a test and waits for all of them.
type team struct {
	t   testing.TB
	wg  sync.WaitGroup
	go1 func(func())
}

// Go runs f beside the others.
func (tm *team) Go(f func()) {
	tm.wg.Add(1)
	tm.go1(func() {
		defer tm.wg.Done()
		f()
	})
}

// patience is how long a test waits for what must happen before it gives up.
const patience = 3 * time.Minute

// wait waits until all parties have returned.
func (tm *team) wait() {
	tm.t.Helper()
	done := make(chan struct{})
	go func() {
		tm.wg.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(patience):
		buf := make([]byte, 1<<20)
		tm.t.Fatalf("not done after %v\n%s", patience, buf[:goruntime.Stack(buf, true)])
	}
}

// onAll runs a test on goroutines, on fibers of one and of several schedulers,
// and on a mixture. The test starts its parties with tm.Go.
func onAll(t *testing.T, test func(t *testing.T, tm *team)) {
	t.Run("on=goroutines", func(t *testing.T) {
		tm := &team{t: t, go1: func(f func()) { go f() }}
		test(t, tm)
		tm.wait()
	})
	for _, n := range []int{1, 4} {
		t.Run(fmt.Sprintf("on=fibers/scheds=%d", n), func(t *testing.T) {
			rt := newRuntime(t, n)
			tm := &team{t: t, go1: rt.Go}
			test(t, tm)
			tm.wait()
		})
	}
	t.Run("on=both", func(t *testing.T) {
		rt := newRuntime(t, 2)
		k := 0
		tm := &team{t: t, go1: func(f func()) {
			if k++; k%2 == 0 {
				go f()
			} else {
				rt.Go(f)
			}
		}}
		test(t, tm)
		tm.wait()
	})
}

func newRuntime(t testing.TB, n int) *fibers.Runtime {
	rt, err := fibers.New(fibers.WithSchedulers(n), fibers.WithPinning(false))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := rt.Close(); err != nil {
			t.Error(err)
		}
	})
	return rt
}

// eventually waits until ok reports true. It is for what no event announces.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for begin := time.Now(); !ok(); {
		if time.Since(begin) > patience {
			t.Fatalf("not in %v: %s", patience, what)
		}
		time.Sleep(time.Millisecond) // sleep: between two looks
	}
}

// mustPanic runs f, which must panic with a message that begins so.
func mustPanic(t *testing.T, with string, f func()) {
	t.Helper()
	defer func() {
		t.Helper()
		v := recover()
		if s := fmt.Sprint(v); v == nil || len(s) < len(with) || s[:len(with)] != with {
			t.Errorf("panicked with %v, not with %q", v, with)
		}
	}()
	f()
}

// short is n, or less where the race detector makes everything slow.
func short(n int) int {
	if race.Enabled {
		return n/10 + 1
	}
	return n
}

func yield() {
	if fibers.Current() != nil {
		fibers.Yield()
	} else {
		goruntime.Gosched()
	}
}

// within fails if f has not returned in time.
func within(t testing.TB, what string, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() { defer close(done); f() }()
	select {
	case <-done:
	case <-time.After(patience):
		t.Fatal("still waiting: " + what)
	}
}
