package inspect_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	goruntime "runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/gops/agent"
	"go.uber.org/atomic"
	"go.uber.org/goleak"

	fibers "github.com/seed222ee791/fibers/runtime"
	"github.com/seed222ee791/fibers/runtime/inspect"
)

func mustStart(t *testing.T, opts ...inspect.Option) (stop func()) {
	t.Helper()
	stop, err := inspect.Start(opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return stop
}

// agentFile is the file by which gops finds this process.
func agentFile() string {
	return filepath.Join(os.Getenv("GOPS_CONFIG_DIR"), strconv.Itoa(os.Getpid()))
}

// nothingLeft fails the test if inspection runs, in whole or in part.
func nothingLeft(t *testing.T) {
	t.Helper()
	if a := inspect.Addr(); a != "" {
		t.Errorf("Addr() = %q", a)
	}
	if _, err := os.Stat(agentFile()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the agent's file: %v", err)
	}
	if s := os.Getenv("GODEBUG"); strings.Contains(s, "tracebacklabels") {
		t.Errorf("GODEBUG = %q", s)
	}
}

func TestStartServesAndStops(t *testing.T) {
	leak := goleak.IgnoreCurrent()
	func() {
		rt, err := fibers.New(fibers.WithSchedulers(1))
		if err != nil {
			t.Fatal(err)
		}
		defer rt.Close()
		park(rt, 1, worker)
		stop, err := inspect.Start(inspect.WithRuntime(rt), inspect.WithAddr("localhost:0"))
		if err != nil {
			t.Fatal(err)
		}
		addr := inspect.Addr()
		if _, err := os.Stat(agentFile()); err != nil {
			t.Error(err)
		}
		res, err := http.Get("http://" + addr + inspect.Path + "?format=json")
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != http.StatusOK {
			t.Fatal(res.Status, err)
		}
		_ = res.Body.Close()
		want(t, string(body), `"worker-0"`, `"channel get"`)
		stop()
		stop()
		nothingLeft(t)
		if c, err := net.Dial("tcp", addr); err == nil {
			_ = c.Close()
			t.Error("somebody still listens at", addr)
		}
	}()
	http.DefaultClient.CloseIdleConnections()
	goleak.VerifyNone(t, leak)
}

func TestStopCutsOffAnOpenConnection(t *testing.T) {
	rt := newRuntime(t, 0, nil)
	leak := goleak.IgnoreCurrent()
	stop := mustStart(t, inspect.WithAddr("127.0.0.1:0"), inspect.WithRuntime(rt))
	c, err := net.Dial("tcp", inspect.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, "GET / HT"); err != nil { // never goes on
		t.Fatal(err)
	}
	stop()
	if b, err := io.ReadAll(c); len(b) > 0 {
		t.Errorf("read %q, %v", b, err)
	}
	nothingLeft(t)
	goleak.VerifyNone(t, leak)
}

func TestStartTwiceFails(t *testing.T) {
	stop := mustStart(t)
	if _, err := inspect.Start(); !errors.Is(err, inspect.ErrRunning) {
		t.Fatalf("the second Start: %v", err)
	}
	if _, err := os.Stat(agentFile()); err != nil {
		t.Errorf("the first is gone: %v", err)
	}
	stop()
	nothingLeft(t)
	again := mustStart(t)
	stop() // of the first: does nothing to the second
	if _, err := os.Stat(agentFile()); err != nil {
		t.Errorf("the second is gone: %v", err)
	}
	again()
	nothingLeft(t)
}

func TestStartStress(t *testing.T) {
	var running, started atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				stop, err := inspect.Start()
				if err != nil {
					if !errors.Is(err, inspect.ErrRunning) {
						t.Error(err)
					}
					goruntime.Gosched()
					continue
				}
				if n := running.Inc(); n != 1 {
					t.Errorf("%d run at once", n)
				}
				started.Inc()
				running.Dec()
				stop()
			}
		})
	}
	wg.Wait()
	nothingLeft(t)
	t.Logf("%d of 400 started", started.Load())
}

func TestStartLeavesAnAgentOfTheProgramAlone(t *testing.T) {
	if err := agent.Listen(agent.Options{}); err != nil {
		t.Fatal(err)
	}
	defer agent.Close()
	if _, err := inspect.Start(inspect.WithAddr("127.0.0.1:0")); !errors.Is(err, inspect.ErrRunning) {
		t.Fatalf("Start: %v", err)
	}
	if _, err := os.Stat(agentFile()); err != nil {
		t.Errorf("the program's agent is gone: %v", err)
	}
	agent.Close()
	nothingLeft(t)
}

func TestStartWithAddressInUse(t *testing.T) {
	leak := goleak.IgnoreCurrent()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	used := l.Addr().String()
	for name, opts := range map[string][]inspect.Option{
		"page": {inspect.WithAddr(used)},
		"gops": {inspect.WithAddr("127.0.0.1:0"), inspect.WithGopsAddr(used)},
	} {
		_, err := inspect.Start(opts...)
		var op *net.OpError
		if !errors.As(err, &op) || !strings.Contains(err.Error(), used) || !strings.HasPrefix(err.Error(), "inspect: ") {
			t.Errorf("%s: %v", name, err)
		}
		nothingLeft(t)
	}
	goleak.VerifyNone(t, leak)
}

func TestStartWithoutAPlaceForTheAgentsFile(t *testing.T) {
	leak := goleak.IgnoreCurrent()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	old := os.Getenv("GOPS_CONFIG_DIR")
	t.Setenv("GOPS_CONFIG_DIR", filepath.Join(file, "gops"))
	if _, err := inspect.Start(); err == nil || errors.Is(err, inspect.ErrRunning) {
		t.Fatalf("Start: %v", err)
	}
	t.Setenv("GOPS_CONFIG_DIR", old)
	nothingLeft(t)
	goleak.VerifyNone(t, leak)
	mustStart(t)() // nothing stands in the way
}

func TestStartRefusesOptions(t *testing.T) {
	for name, o := range map[string]inspect.Option{
		"nil":                 nil,
		"all addresses":       inspect.WithAddr(":6060"),
		"all, by number":      inspect.WithAddr("0.0.0.0:6060"),
		"all, version 6":      inspect.WithAddr("[::]:6060"),
		"another's":           inspect.WithAddr("192.0.2.1:6060"),
		"a name":              inspect.WithAddr("localhost.example.org:6060"),
		"no port":             inspect.WithAddr("127.0.0.1"),
		"empty":               inspect.WithAddr(""),
		"gops: all addresses": inspect.WithGopsAddr(":6060"),
		"gops: no port":       inspect.WithGopsAddr("localhost"),
		"no runtime":          inspect.WithRuntime(),
		"nil runtime":         inspect.WithRuntime(nil),
	} {
		if _, err := inspect.Start(o); !errors.Is(err, inspect.ErrOption) {
			t.Errorf("%s: %v", name, err)
		} else {
			t.Log(err)
		}
		nothingLeft(t)
	}
}

// Start starts no runtime.
func TestStartLeavesRuntimesAlone(t *testing.T) {
	leak := goleak.IgnoreCurrent()
	stop := mustStart(t)
	goleak.VerifyNone(t, leak, goleak.IgnoreAnyFunction("github.com/google/gops/agent.listen"))
	stop()
	goleak.VerifyNone(t, leak)
}

func TestStartWatches(t *testing.T) {
	rt, err := fibers.New(fibers.WithSchedulers(1))
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close()
	mustStart(t, inspect.WithRuntime(rt))
	park(rt, 1, worker)
	if i := rt.Fibers(); len(i) != 1 || !strings.Contains(i[0].Site, "inspect_test.go:") {
		t.Error(i)
	}
}

func TestGodebugIsKept(t *testing.T) {
	const own = "tracebacklabels=1"
	for _, test := range []struct{ before, during string }{
		{"", own},
		{"panicnil=1", "panicnil=1," + own},
		{"panicnil=1,asyncpreemptoff=0", "panicnil=1,asyncpreemptoff=0," + own},
		{"xtracebacklabels=0", "xtracebacklabels=0," + own},
		{"tracebacklabels=0", "tracebacklabels=0"},
		{"panicnil=1,tracebacklabels=1", "panicnil=1,tracebacklabels=1"},
	} {
		t.Setenv("GODEBUG", test.before)
		stop := mustStart(t)
		if s := os.Getenv("GODEBUG"); s != test.during {
			t.Errorf("%q became %q, want %q", test.before, s, test.during)
		}
		stop()
		if s := os.Getenv("GODEBUG"); s != test.before {
			t.Errorf("%q was restored as %q", test.before, s)
		}
	}

	if err := os.Unsetenv("GODEBUG"); err != nil { // restored by Setenv's cleanup
		t.Fatal(err)
	}
	mustStart(t)()
	if s, ok := os.LookupEnv("GODEBUG"); ok {
		t.Errorf("unset, it was restored as %q", s)
	}

	stop := mustStart(t)
	t.Setenv("GODEBUG", "panicnil=1")
	stop()
	if s := os.Getenv("GODEBUG"); s != "panicnil=1" {
		t.Errorf("set by the program, it was changed to %q", s)
	}
}

func TestTracebacksHaveNames(t *testing.T) {
	newRuntime(t, 1, worker)
	traceback := func() string {
		buf := make([]byte, 1<<20)
		return string(buf[:goruntime.Stack(buf, true)])
	}
	const label = `labels:{"fiber": "worker-0"}`
	stop := mustStart(t)
	want(t, traceback(), label)
	stop()
	if strings.Contains(traceback(), label) {
		t.Error("labels are still shown after stop")
	}
}

func TestOnlyLocalHostsAreAnswered(t *testing.T) {
	mustStart(t, inspect.WithAddr("127.0.0.1:0"), inspect.WithRuntime(newRuntime(t, 0, nil)))
	for host, status := range map[string]int{
		inspect.Addr():          http.StatusOK,
		"localhost":             http.StatusOK,
		"localhost:6060":        http.StatusOK,
		"LocalHost:6060":        http.StatusOK,
		"127.0.0.1":             http.StatusOK,
		"[::1]":                 http.StatusOK,
		"[::1]:80":              http.StatusOK,
		"example.org":           http.StatusForbidden,
		"localhost.example.org": http.StatusForbidden,
		"127.0.0.1.example.org": http.StatusForbidden,
		"192.0.2.1:6060":        http.StatusForbidden,
		"0.0.0.0":               http.StatusForbidden,
	} {
		r, err := http.NewRequest(http.MethodHead, "http://"+inspect.Addr()+inspect.Path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = host
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != status {
			t.Errorf("Host %q: %s", host, res.Status)
		}
	}
	http.DefaultClient.CloseIdleConnections()
}
