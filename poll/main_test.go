package poll

import (
	"fmt"
	"os"
	goruntime "runtime"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/seed222ee791/fibers/internal/epoll"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// TestMain runs the tests and then looks whether they left a goroutine behind.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(untilClosed{m},
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1")) // a clock that it keeps for good
}

// untilClosed runs the tests and closes the ambient runtime, which is not a leak.
type untilClosed struct{ *testing.M }

func (c untilClosed) Run() int {
	marked := markProcesses()
	code := c.M.Run()
	if left := marked(); left != "" {
		fmt.Fprint(os.Stderr, "processes that the tests have left:\n", left)
		code = max(code, 1)
	}
	// What a test has left to others, as the end of an accepted connection, they do
	// before the runtime ends them.
	for start := time.Now(); fibers.Default().NumFibers() > 0; time.Sleep(time.Millisecond) { // sleep: polling with a deadline
		if time.Since(start) > 30*time.Second {
			fmt.Fprintln(os.Stderr, "fibers that do not end:", fibers.Default().Fibers())
			code = max(code, 1)
			break
		}
	}
	// What nobody has closed is when it is collected, and children end by themselves.
	for start := time.Now(); epoll.ReadStats().Watched > 0; time.Sleep(time.Millisecond) { // sleep: polling with a deadline
		if time.Since(start) > 30*time.Second {
			fmt.Fprintln(os.Stderr, "descriptors that are watched still:", epoll.ReadStats().Watched)
			if all, err := os.ReadDir("/proc/self/fd"); err == nil {
				for _, fd := range all {
					to, _ := os.Readlink("/proc/self/fd/" + fd.Name())
					fmt.Fprintln(os.Stderr, fd.Name(), to)
				}
			}
			code = max(code, 1)
			break
		}
		goruntime.GC()
	}
	if err := fibers.Default().Close(); err != nil {
		println(err.Error())
		code = max(code, 1)
	}
	return code
}

// onEach runs a test on each backend that there is.
func onEach(t *testing.T, f func(t *testing.T)) {
	for _, b := range backends() {
		name := "portable"
		if b == native {
			name = "epoll"
		}
		t.Run(name, func(t *testing.T) {
			underTest.Store(&[]backend{b})
			defer underTest.Store(nil)
			f(t)
		})
	}
}

// inFiber runs a test function in a fiber of the ambient runtime.
func inFiber(t *testing.T, f func()) {
	t.Helper()
	if err := fibers.Default().Run(f); err != nil {
		t.Fatal(err)
	}
}

// tempSocket returns the path of a unix socket to be made, short enough for one.
func tempSocket(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "poll")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir + "/s"
}
