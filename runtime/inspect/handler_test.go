package inspect_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed222ee791/fibers/internal/race"
	fibers "github.com/seed222ee791/fibers/runtime"
	"github.com/seed222ee791/fibers/runtime/inspect"
)

// answer is the JSON form as its readers know it.
type answer struct {
	Time     time.Time `json:"time"`
	Limit    int       `json:"limit"`
	Runtimes []struct {
		Stats struct {
			Fibers     int    `json:"fibers"`
			Spawned    uint64 `json:"spawned"`
			Schedulers []struct {
				Index  int     `json:"index"`
				Parks  uint64  `json:"parks"`
				OnCore float64 `json:"on_core"`

				WakeUps uint64        `json:"wake_ups"`
				P50     time.Duration `json:"wake_p50_ns"`
				P99     time.Duration `json:"wake_p99_ns"`
			} `json:"schedulers"`
		} `json:"stats"`
		Total   int `json:"total"`
		Matched int `json:"matched"`
		Waits   []struct {
			State  string `json:"state"`
			Reason string `json:"reason"`
			Count  int    `json:"count"`
		} `json:"waits"`
		Fibers []struct {
			ID     uint64 `json:"id"`
			Name   string `json:"name"`
			State  string `json:"state"`
			Reason string `json:"reason"`
			WaitNS int64  `json:"wait_ns"`
			Func   string `json:"func"`
			Site   string `json:"site"`
		} `json:"fibers"`
	} `json:"runtimes"`
}

func getJSON(t testing.TB, h http.Handler, query string) (a answer) {
	t.Helper()
	res, body := get(t, h, inspect.Path+"?format=json&"+query)
	if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "application/json" {
		t.Fatal(res.Status, res.Header, body)
	}
	d := json.NewDecoder(strings.NewReader(body))
	if err := d.Decode(&a); err != nil {
		t.Fatal(err, body)
	}
	for _, rt := range a.Runtimes {
		for _, s := range rt.Stats.Schedulers {
			if (s.WakeUps > 0) != (s.P50 > 0) || s.P99 < s.P50 {
				t.Errorf("%d wake-ups, half of them within %v, 99 of 100 within %v", s.WakeUps, s.P50, s.P99)
			}
		}
	}
	return a
}

func TestHandlerJSON(t *testing.T) {
	rt, other := newRuntime(t, 3, worker), newRuntime(t, 0, nil)
	a := getJSON(t, inspect.Handler(rt, other), "")
	if len(a.Runtimes) != 2 || a.Limit != 1000 || time.Since(a.Time) > time.Hour {
		t.Fatalf("%+v", a)
	}
	r := a.Runtimes[0]
	if r.Total != 3 || r.Matched != 3 || r.Stats.Spawned != 4 || len(r.Stats.Schedulers) != 2 || r.Stats.Schedulers[1].Index != 1 {
		t.Errorf("%+v", r)
	}
	if len(r.Waits) != 1 || r.Waits[0].State != "waiting" || r.Waits[0].Reason != "channel get" || r.Waits[0].Count != 3 {
		t.Errorf("%+v", r.Waits)
	}
	for i, f := range r.Fibers {
		if f.Name != worker(i) || f.ID == 0 || f.State != "waiting" || f.Reason != "channel get" || f.WaitNS < 0 ||
			!strings.HasSuffix(f.Func, ".parked") || !strings.Contains(f.Site, "inspect_test.go:") {
			t.Errorf("%+v", f)
		}
	}
	if r = a.Runtimes[1]; r.Total != 0 || r.Fibers == nil || r.Waits == nil {
		t.Errorf("%+v", r)
	}
}

func TestHandlerFilters(t *testing.T) {
	rt := newRuntime(t, 12, worker)
	done := make(chan struct{})
	stop := make(chan struct{})
	go func() {
		defer close(done)
		_ = rt.Run(func() { // runnable until it is told to stop
			for fibers.Current().SetName("busy"); ; fibers.Yield() {
				select {
				case <-stop:
					return
				default:
				}
			}
		})
	}()
	defer func() { close(stop); <-done }()
	h := inspect.Handler(rt)
	for deadline := time.Now().Add(time.Minute); getJSON(t, h, "name=busy").Runtimes[0].Matched == 0; {
		if time.Now().After(deadline) {
			t.Fatal("the busy fiber is not seen")
		}
	}
	for query, names := range map[string][]string{
		"name=worker-1":             {"worker-1", "worker-10", "worker-11"},
		"name=worker-1&limit=2":     {"worker-1", "worker-10"},
		"state=runnable":            {"busy"},
		"state=waiting&name=er-7":   {"worker-7"},
		"reason=channel&name=er-7":  {"worker-7"},
		"reason=sleep":              {},
		"name=&state=&reason=x":     {},
		"sort=wait&name=worker-3":   {"worker-3"},
		"limit=0":                   {},
		"name=worker-1&state=":      {"worker-1", "worker-10", "worker-11"},
		"name=nobody&state=waiting": {},
	} {
		a := getJSON(t, h, query)
		got := []string{}
		for _, f := range a.Runtimes[0].Fibers {
			got = append(got, f.Name)
		}
		slices.Sort(got)
		slices.Sort(names)
		if !slices.Equal(got, names) || a.Runtimes[0].Total != 13 {
			t.Errorf("%s: %v of %d, want %v of 13", query, got, a.Runtimes[0].Total, names)
		}
	}
	if a := getJSON(t, h, "limit=2&name=worker"); a.Runtimes[0].Matched != 12 || len(a.Runtimes[0].Fibers) != 2 || a.Limit != 2 {
		t.Errorf("%+v", a)
	}
}

func TestHandlerSortsByWait(t *testing.T) {
	rt := newRuntime(t, 1, worker)
	ended := make(chan struct{})
	go func() { defer close(ended); _ = rt.Run(func() { fibers.Sleep(20 * time.Millisecond) }) }()
	<-ended
	park(rt, 5, func(int) string { return "late" })
	fs := getJSON(t, inspect.Handler(rt), "sort=wait").Runtimes[0].Fibers
	if len(fs) != 6 || fs[0].Name != "worker-0" {
		t.Errorf("%+v", fs)
	}
	if !slices.IsSortedFunc(fs, func(a, b struct {
		ID     uint64 `json:"id"`
		Name   string `json:"name"`
		State  string `json:"state"`
		Reason string `json:"reason"`
		WaitNS int64  `json:"wait_ns"`
		Func   string `json:"func"`
		Site   string `json:"site"`
	}) int {
		return int(b.WaitNS - a.WaitNS)
	}) {
		t.Errorf("%+v", fs)
	}
}

func TestHandlerEscapesNames(t *testing.T) {
	const hostile = `<script>alert("x")</script>` + "\n\x00\xff" + `'"&`
	h := inspect.Handler(newRuntime(t, 1, func(int) string { return hostile }))
	for _, target := range []string{inspect.Path, inspect.Path + "?name=%3Cscript%3E", inspect.Path + "?reason=%22%3E%3Cscript%3E"} {
		res, body := get(t, h, target)
		if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "text/html; charset=utf-8" ||
			!strings.HasPrefix(res.Header.Get("Content-Security-Policy"), "default-src 'none'") {
			t.Error(res.Status, res.Header)
		}
		if strings.Contains(body, "<script") {
			t.Errorf("%s:\n%s", target, body)
		}
		want(t, body, "&lt;script&gt;")
	}
	if a := getJSON(t, h, "name=%3Cscript%3E"); len(a.Runtimes[0].Fibers) != 1 || !strings.HasPrefix(a.Runtimes[0].Fibers[0].Name, hostile[:20]) {
		t.Errorf("%+v", a)
	}
	res, body := get(t, h, inspect.Path+"/stacks")
	if res.Header.Get("Content-Type") != "text/plain; charset=utf-8" || res.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Error(res.Header)
	}
	want(t, body, `"<script>alert(\"x\")</script>\n\x00\xff'\"&"`)
}

func TestHandlerRefusesBadQueries(t *testing.T) {
	h := inspect.Handler(newRuntime(t, 0, nil))
	for _, target := range []string{
		"?limit=-1", "?limit=x", "?limit=100001", "?limit=99999999999999999999", "?limit=1.5",
		"?state=dead", "?sort=name", "?format=xml", "?name=%zz", "?name=a&name=b", "?nmae=a", "?a;b",
		"/stacks?limit=-1", "/stacks?state=waiting", "/stacks?format=json",
	} {
		res, body := get(t, h, inspect.Path+target)
		if res.StatusCode != http.StatusBadRequest || !strings.HasPrefix(body, "inspect: ") {
			t.Errorf("%s: %s %s", target, res.Status, body)
		}
	}
}

func TestHandlerMethods(t *testing.T) {
	h := inspect.Handler(newRuntime(t, 0, nil))
	for _, target := range []string{inspect.Path, inspect.Path + "/stacks"} {
		for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions} {
			res, _ := do(t, h, httptest.NewRequest(method, target, nil))
			if res.StatusCode != http.StatusMethodNotAllowed || res.Header.Get("Allow") != "GET, HEAD" {
				t.Error(method, target, res.Status, res.Header)
			}
		}
		res, body := do(t, h, httptest.NewRequest(http.MethodHead, target, nil))
		if res.StatusCode != http.StatusOK || body != "" || res.Header.Get("Content-Type") == "" {
			t.Error(target, res.Status, res.Header, body)
		}
	}
}

func TestHandlerFormats(t *testing.T) {
	h := inspect.Handler(newRuntime(t, 0, nil))
	for _, test := range []struct{ query, accept, want string }{
		{"", "", "text/html; charset=utf-8"},
		{"", "*/*", "text/html; charset=utf-8"},
		{"", "application/json", "application/json"},
		{"", "Application/JSON; q=0.9, text/plain", "application/json"},
		{"", "text/html,application/xhtml+xml,application/json", "text/html; charset=utf-8"},
		{"?format=html", "application/json", "text/html; charset=utf-8"},
		{"?format=json", "text/html", "application/json"},
	} {
		res, _ := get(t, h, inspect.Path+test.query, "Accept", test.accept)
		if got := res.Header.Get("Content-Type"); got != test.want {
			t.Errorf("%+v: %s", test, got)
		}
	}
}

// The links of the page lead to where the handler stands.
func TestHandlerMounts(t *testing.T) {
	h := inspect.Handler(newRuntime(t, 0, nil))
	both := http.NewServeMux()
	both.Handle(inspect.Path, h)
	both.Handle(inspect.Path+"/", h)
	below := http.NewServeMux()
	below.Handle("/x/", http.StripPrefix("/x", h))
	for _, test := range []struct {
		name         string
		h            http.Handler
		target, link string
	}{
		{"root", h, "/", "./stacks"},
		{"root, in full", h, inspect.Path, "./fibers/stacks"},
		{"root, final slash", h, inspect.Path + "/", "./stacks"},
		{"mux", both, inspect.Path, "./fibers/stacks"},
		{"mux, final slash", both, inspect.Path + "/", "./stacks"},
		{"prefix", below, "/x/", "./stacks"},
		{"prefix, in full", below, "/x" + inspect.Path, "./fibers/stacks"},
		{"whole prefix", http.StripPrefix(inspect.Path, h), inspect.Path, "./fibers/stacks"},
		{"query", h, inspect.Path + "?name=a%26b", "./fibers/stacks?name=a%26b"},
	} {
		res, body := get(t, test.h, test.target)
		if res.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", test.name, res.Status)
		}
		want(t, body, `<a href="`+test.link+`">stacks</a>`)
		at := httptest.NewRequest(http.MethodGet, test.target, nil).URL
		stacks, err := at.Parse(test.link)
		if err != nil {
			t.Fatal(err)
		}
		if res, body = get(t, test.h, stacks.String()); res.StatusCode != http.StatusOK || !strings.HasPrefix(body, "0 fibers on 0 stacks") {
			t.Errorf("%s: %v: %s %s", test.name, stacks, res.Status, body)
		}
	}
	for _, target := range []string{"/debug", "/debug/fibers/x", "/debug/fibersx", "/stacks/x"} {
		if res, _ := get(t, h, target); res.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %s", target, res.Status)
		}
	}
}

// Also those whose handle nobody has: Run's.
func TestHandlerShowsAllOpenRuntimes(t *testing.T) {
	park(fibers.Default(), 1, worker)
	defer fibers.Default().Close()
	_ = fibers.Run(func() {
		fibers.Current().SetName("main of Run")
		a := fibers.Blocking(func() answer { return getJSON(t, inspect.Handler(), "") })
		names := ""
		for _, rt := range a.Runtimes {
			for _, f := range rt.Fibers {
				names += f.Name + "; "
			}
		}
		if !strings.Contains(names, "worker-0") || !strings.Contains(names, "main of Run") {
			t.Errorf("the page shows %s", names)
		}
	})
}

func TestHandlerOfAClosedRuntime(t *testing.T) {
	rt := newRuntime(t, 2, worker)
	h := inspect.Handler(rt)
	if err := rt.Close(); err != nil {
		t.Fatal(err)
	}
	if a := getJSON(t, h, ""); a.Runtimes[0].Total != 0 || a.Runtimes[0].Stats.Spawned != 3 {
		t.Errorf("%+v", a)
	}
	get(t, h, inspect.Path)
}

func TestHandlerRefusesNil(t *testing.T) {
	defer func() {
		if s, _ := recover().(string); !strings.HasPrefix(s, "inspect: ") {
			t.Error(s)
		}
	}()
	inspect.Handler(nil)
}

// However many fibers there are, the answers are bounded and soon there.
func TestHandlerWithManyFibers(t *testing.T) {
	n := 50_000
	if race.Enabled {
		n = 5_000
		t.Log("with the race detector, a tenth of the fibers")
	}
	rt := newRuntime(t, n, worker)
	h := inspect.Handler(rt)
	for _, test := range []struct {
		query string
		most  int
	}{
		{"", 512 << 10}, {"?format=json", 512 << 10}, {"?limit=10", 16 << 10}, {"?sort=wait", 512 << 10}, {"/stacks", 16 << 10},
	} {
		start := time.Now()
		res, body := get(t, h, inspect.Path+test.query)
		took := time.Since(start)
		t.Logf("%q: %d bytes in %v", test.query, len(body), took)
		if res.StatusCode != http.StatusOK || len(body) > test.most || took > 30*time.Second {
			t.Errorf("%q: %s, %d bytes in %v", test.query, res.Status, len(body), took)
		}
		want(t, body, strconv.Itoa(n))
	}
}

// Fibers come and go while the handler looks at them, from many requests.
func TestHandlerStress(t *testing.T) {
	rt := newRuntime(t, 10, worker)
	h := inspect.Handler(rt)
	stop := make(chan struct{})
	var wg, ask sync.WaitGroup
	wg.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			_ = rt.Run(func() {
				_ = fibers.WithGroup(t.Context(), func(_ context.Context, g *fibers.Group) error {
					for range 100 {
						g.Go(func(context.Context) error {
							fibers.Current().SetName("brief")
							fibers.Yield()
							fibers.Sleep(time.Microsecond)
							return nil
						})
					}
					return nil
				})
			})
		}
	})
	for i := range 4 {
		ask.Go(func() {
			for range 10 {
				target := []string{inspect.Path, inspect.Path + "?format=json", inspect.Path + "/stacks"}[i%3]
				if res, body := get(t, h, target); res.StatusCode != http.StatusOK {
					t.Error(res.Status, body)
				}
			}
		})
	}
	ask.Wait()
	close(stop)
	wg.Wait()
	if a := getJSON(t, h, "name=worker"); a.Runtimes[0].Matched != 10 {
		t.Errorf("%+v", a)
	}
}
