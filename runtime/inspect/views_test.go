package inspect_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
	"github.com/seed222ee791/fibers/runtime/inspect"
)

// waits is the JSON form of /waits as its readers know it.
type waits struct {
	Deadlocks []struct {
		Fibers []waiting `json:"fibers"`
	} `json:"deadlocks"`
	Stuck []waiting `json:"stuck"`
	Hot   []struct {
		Object  object   `json:"object"`
		Waiters int      `json:"waiters"`
		HeldBy  []uint64 `json:"held_by"`
		HeldNS  int64    `json:"held_ns"`
	} `json:"hot"`
}

type object struct {
	Kind string `json:"kind"`
	ID   uint64 `json:"id"`
}

type waiting struct {
	ID     uint64   `json:"id"`
	Name   string   `json:"name"`
	Func   string   `json:"func"`
	Site   string   `json:"site"`
	WaitNS int64    `json:"wait_ns"`
	Wants  object   `json:"wants"`
	HeldBy []uint64 `json:"held_by"`
}

func getWaits(t *testing.T, h http.Handler) (w waits) {
	t.Helper()
	res, body := get(t, h, inspect.Path+"/waits?format=json")
	if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "application/json" {
		t.Fatal(res.Status, body)
	}
	if err := json.Unmarshal([]byte(body), &w); err != nil {
		t.Fatal(err, body)
	}
	return w
}

// until calls f until it reports true.
func until(t *testing.T, what string, f func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !f(); time.Sleep(time.Millisecond) { // sleep: between two looks
		if time.Now().After(deadline) {
			t.Fatalf("not in a minute: %s", what)
		}
	}
}

func TestWaitsTellDeadlocksAndHolders(t *testing.T) {
	rt := newRuntime(t, 0, nil)
	h := inspect.Handler(rt)
	var one, two cml.Mutex
	var rw cml.RWMutex
	units := cml.NewSemaphore(2)
	met := cml.NewBarrier(2)
	rt.Go(func() { fibers.Current().SetName("first"); one.Lock(); met.Wait(); two.Lock() })
	rt.Go(func() { fibers.Current().SetName("second"); two.Lock(); met.Wait(); one.Lock() })
	rt.Go(func() {
		fibers.Current().SetName("reader")
		rw.RLock()
		units.Acquire(2)
		for range 3 {
			fibers.Go(func() { rw.Lock() })
			fibers.Go(func() { units.Acquire(1) })
		}
		fibers.Sleep(time.Hour)
	})
	var w waits
	until(t, "a deadlock and two contended objects", func() bool {
		w = getWaits(t, h)
		return len(w.Deadlocks) == 1 && len(w.Hot) >= 4 && w.Hot[0].Waiters == 3 && w.Hot[1].Waiters == 3
	})
	fs := w.Deadlocks[0].Fibers
	if len(fs) != 2 || fs[0].Wants.Kind != "mutex" || fs[0].Wants.ID == 0 || fs[0].HeldBy[0] != fs[1].ID || fs[1].HeldBy[0] != fs[0].ID ||
		!strings.Contains(fs[0].Site, "views_test.go:") || !strings.Contains(fs[0].Func, "TestWaits") {
		t.Errorf("%+v", fs)
	}
	kinds := map[string]bool{}
	for _, hot := range w.Hot[:2] {
		kinds[hot.Object.Kind] = len(hot.HeldBy) == 1
	}
	if !kinds["rwmutex"] || !kinds["semaphore"] {
		t.Errorf("%+v", w.Hot)
	}
	if _, body := get(t, h, inspect.Path+"/waits?format=dot"); !strings.Contains(body, "digraph") || !strings.Contains(body, "->") {
		t.Error(body)
	}
	if _, body := get(t, h, inspect.Path+"/waits"); !strings.Contains(body, "deadlock of 2 fibers") {
		t.Error(body)
	}
	a := struct{ Verdicts []struct{ Kind, Text string } }{}
	_, body := get(t, h, inspect.Path+"?format=json")
	if err := json.Unmarshal([]byte(body), &a); err != nil || len(a.Verdicts) == 0 || a.Verdicts[0].Kind != "deadlock" || !strings.Contains(a.Verdicts[0].Text, `"first"`) {
		t.Errorf("%v %+v", err, a)
	}
}

// Who waits behind others that go on is in no deadlock.
func TestWaitsSeeNoDeadlockWhereThereIsNone(t *testing.T) {
	rt := newRuntime(t, 0, nil)
	h := inspect.Handler(rt)
	var mu [3]cml.Mutex
	stop := make(chan struct{})
	done := cml.WaitGroup{}
	for i := range 6 {
		done.Add(1)
		rt.Go(func() {
			defer done.Done()
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				a, b := i%3, (i+n)%3
				if a > b {
					a, b = b, a
				}
				mu[a].Lock()
				if a != b {
					mu[b].Lock()
					fibers.Yield()
					mu[b].Unlock()
				}
				mu[a].Unlock()
				fibers.Yield()
			}
		})
	}
	for range 200 {
		if w := getWaits(t, h); len(w.Deadlocks) > 0 {
			t.Errorf("%+v", w.Deadlocks)
			break
		}
	}
	close(stop)
	done.Wait()
}

func TestEmptyListsAreLists(t *testing.T) {
	h := inspect.Handler(newRuntime(t, 0, nil))
	if _, body := get(t, h, inspect.Path+"/waits?format=json"); strings.Contains(body, "null") {
		t.Error(body)
	}
	if len(fibers.Runtimes()) > 1 {
		t.Skip("other runtimes are open")
	}
	if err := fibers.Runtimes()[0].Close(); err != nil {
		t.Fatal(err)
	}
	_, body := get(t, inspect.Handler(), inspect.Path+"?format=json")
	if !strings.Contains(body, `"runtimes": []`) || !strings.Contains(body, `"verdicts": []`) || !strings.Contains(body, "no runtime is open") {
		t.Error(body)
	}
	if _, body = get(t, inspect.Handler(), inspect.Path); !strings.Contains(body, "no runtime is open") {
		t.Error(body)
	}
}

func TestOtherSitesAreRefused(t *testing.T) {
	h := inspect.Handler(newRuntime(t, 0, nil))
	for site, status := range map[string]int{"cross-site": 403, "same-origin": 200, "none": 200, "": 200} {
		r := httptest.NewRequest(http.MethodGet, inspect.Path, nil)
		if site != "" {
			r.Header.Set("Sec-Fetch-Site", site)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != status {
			t.Errorf("%q: %d, want %d", site, w.Code, status)
		}
	}
}

func TestReasonsNameTheObject(t *testing.T) {
	rt := newRuntime(t, 0, nil)
	h := inspect.Handler(rt)
	full := cml.NewMVar[int]()
	full.Put(1)
	var wg cml.WaitGroup
	wg.Add(1)
	waits := map[string]func(){
		"semaphore acquire": func() { s := cml.NewSemaphore(1); s.Acquire(1); s.Acquire(1) },
		"waitgroup wait":    wg.Wait,
		"barrier wait":      func() { cml.NewBarrier(2).Wait() },
		"ivar read":         func() { cml.NewIVar[int]().Read() },
		"cond wait":         func() { cml.NewCond().Wait() },
		"mvar put":          func() { full.Put(2) },
		"mvar take":         func() { cml.NewMVar[int]().Take() },
		"queue get":         func() { _, _ = cml.NewQueue[int](0).Get() },
		"swap":              func() { cml.NewSwap[int]().Swap(1) },
		"timer":             func() { cml.Perform(fibers.After(time.Hour)) },
		"channel get":       func() { cml.Perform(cml.NewChan[int]().GetOp()) },
		"channel put":       func() { cml.Perform(cml.NewChan[int]().PutOp(1)) },
		"never":             func() { cml.Perform(cml.Never[int]()) },
		"choice":            func() { cml.Select(cml.NewCond().WaitOp(), wg.WaitOp()) },
		"mutex lock":        func() { var mu cml.Mutex; mu.Lock(); cml.Perform(mu.LockOp()) },
		"context done": func() {
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			cml.Perform(cml.Done(ctx))
		},
	}
	for name, wait := range waits {
		rt.Go(func() { fibers.Current().SetName("in " + name); wait() })
	}
	until(t, "all wait", func() bool { return getJSON(t, h, "state=waiting").Runtimes[0].Matched == len(waits) })
	for _, f := range getJSON(t, h, "").Runtimes[0].Fibers {
		if f.Name != "in "+f.Reason {
			t.Errorf("%q is said to wait in %q", f.Name, f.Reason)
		}
	}
}

// What runs or is queued has a function and a site too; parents are known.
func TestRunningFibersHaveAFunction(t *testing.T) {
	h := inspect.Handler() // from now on, also for runtimes to come
	rt := newRuntime(t, 0, nil)
	stop := make(chan struct{})
	done := make(chan struct{})
	rt.Go(func() {
		fibers.GoNamed("busy", func() {
			defer close(done)
			for {
				select {
				case <-stop:
					return
				default:
					fibers.Yield()
				}
			}
		})
		fibers.Sleep(time.Hour)
	})
	defer func() { close(stop); <-done }()
	until(t, "the busy fiber", func() bool { return getJSON(t, h, "name=busy&state=runnable").Runtimes[0].Matched == 1 })
	_, body := get(t, h, inspect.Path+"?format=json&name=busy")
	var a struct {
		Runtimes []struct {
			Fibers []struct {
				Func, Site, Doing string
				Parent            uint64
			}
		}
	}
	if err := json.Unmarshal([]byte(body), &a); err != nil {
		t.Fatal(err)
	}
	for _, r := range a.Runtimes {
		for _, f := range r.Fibers {
			if !strings.Contains(f.Func, "TestRunningFibersHaveAFunction") || !strings.Contains(f.Site, "views_test.go:") || f.Parent == 0 {
				t.Errorf("%+v", f)
			}
			until(t, "the parent, which sleeps", func() bool { // it may not sleep yet
				_, page := get(t, h, inspect.Path+"?id="+strconv.FormatUint(f.Parent, 10))
				return strings.Contains(page, ">sleep<")
			})
		}
	}
	if res, _ := get(t, h, inspect.Path+"?id=999999999999"); res.StatusCode != http.StatusNotFound {
		t.Error(res.Status)
	}
	if _, tree := get(t, h, inspect.Path+"/tree?format=text"); !strings.Contains(tree, "\n  fiber") || !strings.Contains(tree, `"busy"`) {
		t.Error(tree)
	}
}

// The lines of the form are those of OpenMetrics 1.0.
func TestMetrics(t *testing.T) {
	rt := newRuntime(t, 3, worker)
	res, body := get(t, inspect.Handler(rt), inspect.Path+"/metrics")
	if !strings.HasPrefix(res.Header.Get("Content-Type"), "application/openmetrics-text; version=1.0.0") {
		t.Error(res.Header)
	}
	line := regexp.MustCompile(`^([a-z_]+)(\{[a-z]+="(?:[^"\\\n]|\\.)*"(?:,[a-z]+="(?:[^"\\\n]|\\.)*")*\})? -?[0-9.e+-]+$`)
	family, kinds := "", map[string]string{}
	lines := strings.Split(strings.TrimSuffix(body, "\n"), "\n")
	if lines[len(lines)-1] != "# EOF" || !strings.HasSuffix(body, "# EOF\n") {
		t.Error("it does not end with # EOF")
	}
	for _, l := range lines[:len(lines)-1] {
		if rest, ok := strings.CutPrefix(l, "# TYPE "); ok {
			name, kind, _ := strings.Cut(rest, " ")
			if kinds[name] != "" {
				t.Errorf("%s comes twice", name)
			}
			family, kinds[name] = name, kind
			continue
		}
		if strings.HasPrefix(l, "# HELP "+family+" ") || strings.HasPrefix(l, "# UNIT "+family+" ") {
			continue
		}
		m := line.FindStringSubmatch(l)
		if m == nil {
			t.Errorf("not a sample: %q", l)
			continue
		}
		suffix, ok := strings.CutPrefix(m[1], family)
		allowed := map[string][]string{"gauge": {""}, "counter": {"_total"}, "histogram": {"_bucket", "_count"}}[kinds[family]]
		found := false
		for _, a := range allowed {
			found = found || suffix == a
		}
		if !ok || !found {
			t.Errorf("%q is none of the family %s, a %s", l, family, kinds[family])
		}
	}
	want(t, body, "fibers_alive{runtime=\"0\"} 3\n", `le="+Inf"`)
}

func TestTraceIsJSON(t *testing.T) {
	rt := newRuntime(t, 0, nil)
	rt.Go(func() {
		c := cml.NewChan[int]()
		fibers.GoNamed("pong", func() {
			for {
				c.Get()
			}
		})
		for {
			c.Put(1)
			fibers.Sleep(time.Millisecond)
		}
	})
	res, body := get(t, inspect.Handler(rt), inspect.Path+"/trace?seconds=0.3")
	var tr struct {
		TraceEvents []struct {
			Name, Ph string
			TS, Dur  float64
			Args     map[string]any
		} `json:"traceEvents"`
	}
	if err := json.Unmarshal([]byte(body), &tr); err != nil {
		t.Fatal(res.Status, err)
	}
	kinds := map[string]int{}
	for _, e := range tr.TraceEvents {
		kinds[e.Ph]++
		if e.Dur < 0 {
			t.Errorf("%+v", e)
		}
	}
	if kinds["X"] == 0 || kinds["s"] == 0 || kinds["f"] == 0 || kinds["M"] < 2 {
		t.Errorf("%v", kinds)
	}
	if rt.Recorder() != nil {
		t.Error("the recorder is still on")
	}
	for _, q := range []string{"?seconds=0", "?seconds=-1", "?seconds=x", "?seconds=61", "?seconds=NaN", "?x=1"} {
		if res, _ := get(t, inspect.Handler(rt), inspect.Path+"/trace"+q); res.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: %s", q, res.Status)
		}
	}
}

// go tool pprof reads the profile of waits.
func TestBlockProfileIsOfPprof(t *testing.T) {
	rt := newRuntime(t, 0, nil)
	h := inspect.Handler(rt)
	if err := rt.Run(func() {
		c := cml.NewChan[int]()
		fibers.Go(func() {
			for i := range 20_000 {
				c.Put(i)
			}
		})
		for range 20_000 {
			c.Get()
		}
	}); err != nil {
		t.Fatal(err)
	}
	_, body := get(t, h, inspect.Path+"/block")
	z, err := gzip.NewReader(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, z); err != nil {
		t.Fatal(err)
	}
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("the go command is not here")
	}
	file := filepath.Join(t.TempDir(), "block.pb.gz")
	if err := os.WriteFile(file, []byte(body), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("go", "tool", "pprof", "-raw", file).CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("contentions/count delay/nanoseconds")) || !bytes.Contains(out, []byte("reason:[channel")) ||
		!bytes.Contains(out, []byte("TestBlockProfileIsOfPprof")) {
		t.Errorf("%v\n%.3000s", err, out)
	}
}

func TestLiveStream(t *testing.T) {
	srv := httptest.NewServer(inspect.Handler(newRuntime(t, 3, worker)))
	defer srv.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, srv.URL+inspect.Path+"/live", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	lines := bufio.NewScanner(res.Body)
	for events := 0; events < 2 && lines.Scan(); {
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok {
			continue
		}
		events++
		var v struct {
			Total  int
			Groups []struct{ Count int }
		}
		if err := json.Unmarshal([]byte(data), &v); err != nil || v.Total != 3 || len(v.Groups) != 1 || v.Groups[0].Count != 3 {
			t.Errorf("%v %s", err, data)
		}
	}
	if err := lines.Err(); err != nil {
		t.Error(err)
	}
}
