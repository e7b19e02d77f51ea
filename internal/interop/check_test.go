//go:build linux

package interop

import (
	"fmt"
	"os"
	goruntime "runtime"
	"slices"
	"strings"
	"sync/atomic" // Bool, in tests
	"testing"
	"time"

	"go.uber.org/goleak"
)

// patience is how long a test may take before it counts as one that hangs.
const patience = 2 * time.Minute

// A checked is the test of one side. Once that counts as one that hangs, what its
// parties still say is not heard.
type checked struct {
	*testing.T
	over atomic.Bool
	ends []func()
}

// atEnd has f called when the test's function has ended, by the same party: before
// it is looked what was left.
func (t *checked) atEnd(f func()) { t.ends = append(t.ends, f) }

func (t *checked) end() {
	for _, f := range slices.Backward(t.ends) {
		f()
	}
}

func (t *checked) Error(args ...any) { t.Helper(); t.report(t.T.Error, args...) }
func (t *checked) Errorf(format string, args ...any) {
	t.Helper()
	t.report(t.T.Error, fmt.Sprintf(format, args...))
}
func (t *checked) Fatal(args ...any) { t.Helper(); t.Error(args...); goruntime.Goexit() }
func (t *checked) Fatalf(format string, args ...any) {
	t.Helper()
	t.Errorf(format, args...)
	goruntime.Goexit()
}

func (t *checked) report(to func(...any), args ...any) {
	t.Helper()
	if !t.over.Load() {
		to(args...)
	}
}

// onBoth runs a test on both sides, its function as a party. It fails if it has not
// ended in time, or leaves a fiber, a goroutine or a descriptor.
func onBoth(t *testing.T, f func(t *checked, s *side), needs ...*program) {
	for _, p := range needs {
		p.use(t)
	}
	for _, name := range sides {
		t.Run(name, func(plain *testing.T) {
			t := &checked{T: plain}
			clean := leavesNothing(t)
			s, err := newSide(name)
			if err != nil {
				t.Fatal(err)
			}
			if !endsInTime(t, s, func() { defer t.end(); f(t, s) }) {
				return // nothing of it can be told or ended any more
			}
			if s.rt != nil {
				eventually(t, "all fibers have ended", func() bool { return s.rt.NumFibers() == 0 })
			}
			if err := s.close(); err != nil {
				t.Error("the runtime closes with ", err)
			}
			clean()
		})
	}
}

// endsInTime runs f as a party and reports whether it ended. If not it says who
// waits where.
func endsInTime(t *checked, s *side, f func()) bool {
	t.Helper()
	select {
	case <-s.start(f):
		return true
	case <-time.After(patience):
	}
	t.Errorf("hangs: not over after %v", patience)
	t.over.Store(true)
	if s.rt != nil {
		for _, f := range firstOf(s.rt.Fibers(), 20) {
			t.Logf("fiber %+v", f)
		}
		go s.rt.Close() // ends those that can be ended, so that the next test has the machine for itself
	}
	t.Log(stacks())
	return false
}

func firstOf[T any](all []T, n int) []T { return all[:min(n, len(all))] }

// stacks returns the tracebacks of the goroutines, those that are alike once.
func stacks() string {
	buf := make([]byte, 4<<20)
	buf = buf[:goruntime.Stack(buf, true)]
	count, first := map[string]int{}, map[string]string{}
	var order []string
	for _, g := range strings.Split(string(buf), "\n\n") {
		_, trace, _ := strings.Cut(g, "\n")
		var names []string
		for _, line := range strings.Split(trace, "\n") {
			if !strings.HasPrefix(line, "\t") {
				name, _, _ := strings.Cut(line, "(0x")
				names = append(names, name)
			}
		}
		key := strings.Join(names, "\n")
		if count[key]++; count[key] == 1 {
			first[key] = g
			order = append(order, key)
		}
	}
	var b strings.Builder
	for _, key := range firstOf(order, 40) {
		fmt.Fprintf(&b, "%d × %s\n\n", count[key], first[key])
	}
	return b.String()
}

// leavesNothing notes what there is now. The function that it returns fails the test
// if there is more.
func leavesNothing(t *checked) (check func()) {
	goroutines, descriptors := goleak.IgnoreCurrent(), openFDs()
	return func() {
		t.Helper()
		if t.Failed() {
			return // and has left what it was at
		}
		if err := goleak.Find(goroutines,
			goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"),    // a clock that it keeps for good
			goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*workerPool).Start.func2"), // ends when it next looks, after 10 s
			goleak.IgnoreAnyFunction("golang.org/x/crypto/ssh.(*mux).openChannel"),            // see newSession
			goleak.IgnoreAnyFunction("github.com/seed222ee791/fibers/internal/interop.(*program).wait"),
		); err != nil {
			t.Error(err)
		}
		eventually(t, "all descriptors are closed", func() bool { return openFDs() <= descriptors })
	}
}

func openFDs() int {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return -1
	}
	return len(entries)
}

// eventually polls a condition.
func eventually(t *checked, what string, ok func() bool) bool {
	t.Helper()
	for start := time.Now(); !ok(); time.Sleep(2 * time.Millisecond) { // sleep: polling with a deadline
		if time.Since(start) > 20*time.Second {
			t.Error("not in time: " + what)
			return false
		}
	}
	return true
}
