package inspect_test

import (
	"fmt"
	goruntime "runtime"
	"strings"
	"testing"

	"github.com/seed222ee791/fibers/internal/wait"
	fibers "github.com/seed222ee791/fibers/runtime"
	"github.com/seed222ee791/fibers/runtime/inspect"
)

func TestStacksAreGrouped(t *testing.T) {
	rt := newRuntime(t, 12, worker)
	park(rt, 2, func(int) string { return "" })
	h := inspect.Handler(rt)

	res, body := get(t, h, inspect.Path+"/stacks")
	if res.StatusCode != 200 {
		t.Fatal(res.Status, body)
	}
	want(t, body,
		"14 fibers on 1 stack;", "\n14 fibers: ", `"worker-0", `, " and 2 more; 2 without a name\n",
		"/runtime.(*fiber).Park\n", "inspect_test.parked\n", "inspect_test.go:")
	for _, engine := range []string{"iter.Pull", "coroutine).", "internal/coro", "handler"} {
		if strings.Contains(body, engine) {
			t.Errorf("%s is shown:\n%s", engine, body)
		}
	}

	_, body = get(t, h, inspect.Path+"/stacks?name=worker-11")
	want(t, body, `1 fiber on 1 stack, of those with "worker-11" in their names;`, "\n1 fiber: \"worker-11\"\n")
	_, body = get(t, h, inspect.Path+"/stacks?name=nobody")
	want(t, body, "0 fibers on 0 stacks")
	_, body = get(t, h, inspect.Path+"/stacks?limit=0")
	want(t, body, "14 fibers on 1 stack;", "and 1 stack more")
}

//go:noinline
func deep(n int) int {
	if n == 0 {
		parked()
	}
	return deep(n-1) + 1
}

// A stack that is too deep for the profile is still known by its label.
func TestStacksOfDeepFibers(t *testing.T) {
	rt := newRuntime(t, 0, nil)
	if err := rt.Run(func() { fibers.GoNamed("deep", func() { deep(1000) }) }); err != nil {
		t.Fatal(err)
	}
	settle(rt)
	_, body := get(t, inspect.Handler(rt), inspect.Path+"/stacks")
	want(t, body, "1 fiber on 1 stack;", `1 fiber: "deep"`, "inspect_test.deep\n")
}

// Goroutines that have run fibers and rest are not fibers.
func TestStacksLeaveOutIdleCoroutines(t *testing.T) {
	rt := newRuntime(t, 1, worker)
	if err := rt.Run(func() {
		for i := range 20 {
			fibers.GoNamed(fmt.Sprintf("gone-%d", i), func() {
				w := wait.Current()
				w.Unpark()
				w.Park(wait.Signal)
				fibers.Yield()
				if i%2 == 0 {
					goruntime.Goexit()
				}
			})
		}
	}); err != nil {
		t.Fatal(err)
	}
	for len(rt.Fibers()) > 1 {
		settle(rt)
	}
	_, body := get(t, inspect.Handler(rt), inspect.Path+"/stacks")
	want(t, body, "1 fiber on 1 stack;", `1 fiber: "worker-0"`)
}
