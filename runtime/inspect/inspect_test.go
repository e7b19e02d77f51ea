package inspect_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	goruntime "runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed222ee791/fibers/internal/wait"
	fibers "github.com/seed222ee791/fibers/runtime"
	"github.com/seed222ee791/fibers/runtime/inspect"
)

// childVar makes the test binary the program that TestGopsSeesTheFibers looks at.
const childVar = "FIBERS_INSPECT_CHILD"

// children are the programs that it can be, by the value of childVar.
var children = map[string]func(){"1": child}

func TestMain(m *testing.M) {
	if kind := os.Getenv(childVar); kind != "" {
		children[kind]()
		return
	}
	// The agents' files, away from those of the user's processes.
	dir, err := os.MkdirTemp("", "inspect")
	if err == nil {
		err = os.Setenv("GOPS_CONFIG_DIR", dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// child parks named fibers and can be inspected until its standard input ends.
func child() {
	stop, err := inspect.Start()
	if err == nil {
		var rt *fibers.Runtime
		if rt, err = fibers.New(fibers.WithSchedulers(2)); err == nil {
			park(rt, 3, worker)
			fmt.Println("ready")
			_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
			err = rt.Close()
		}
		stop()
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func worker(i int) string { return fmt.Sprintf("worker-%d", i) }

// parked waits until its runtime closes.
//
//go:noinline
func parked() {
	for w := wait.Current(); ; {
		w.Park(wait.ChanGet)
	}
}

// park adds n parked fibers to rt and returns when all fibers of rt are parked.
// (That of Run itself lives for a moment longer than Run.)
func park(rt *fibers.Runtime, n int, name func(i int) string) {
	if err := rt.Run(func() {
		for i := range n {
			fibers.GoNamed(name(i), parked)
		}
	}); err != nil {
		panic(err)
	}
	settle(rt)
}

// settle returns when all fibers of rt wait.
func settle(rt *fibers.Runtime) {
	for slices.ContainsFunc(rt.Fibers(), func(i fibers.FiberInfo) bool { return i.State != fibers.Waiting }) {
		goruntime.Gosched()
	}
}

// newRuntime returns a runtime with n parked fibers.
func newRuntime(t testing.TB, n int, name func(i int) string) *fibers.Runtime {
	t.Helper()
	rt, err := fibers.New(fibers.WithSchedulers(2), fibers.WithGrace(2*time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := rt.Close(); err != nil {
			t.Error(err)
		}
	})
	rt.Watch()
	park(rt, n, name)
	return rt
}

// get asks h and returns the answer, whose body it has read.
func get(t testing.TB, h http.Handler, target string, header ...string) (*http.Response, string) {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, target, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return do(t, h, r)
}

func do(t testing.TB, h http.Handler, r *http.Request) (*http.Response, string) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	res := w.Result()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(body)
}

// want fails the test unless body contains all of the parts.
func want(t testing.TB, body string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(body, p) {
			t.Errorf("%q is missing in:\n%.4000s", p, body)
		}
	}
}
