package runtime_test

import (
	"strings"
	"testing"
	"time"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/internal/gstatus"
	fibers "github.com/seed222ee791/fibers/runtime"
)

//go:noinline
func compute(stop *atomic.Bool) (x uint64) {
	for !stop.Load() {
		for range 1000 {
			x = x*6364136223846793005 + 1442695040888963407
		}
	}
	return x
}

//go:noinline
func hogAround(stop *atomic.Bool) { compute(stop) }

// A fiber that computes is named with the line at which it is.
func TestAHogIsLocated(t *testing.T) {
	if !gstatus.Known() || !gstatus.Stacks {
		t.Skip("stacks are not read here")
	}
	t.Run("one", func(t *testing.T) { isLocated(t, 1) })
	t.Run("on every scheduler", func(t *testing.T) { isLocated(t, 2) })
}

func isLocated(t *testing.T, hogs int) {
	rt := newRuntime(t, fibers.WithSchedulers(2))
	rt.Watch()
	var stop atomic.Bool
	defer stop.Store(true)
	located := map[uint64]bool{}
	for range hogs {
		rt.Go(func() { hogAround(&stop) })
	}
	for start := time.Now(); len(located) < hogs; {
		if time.Since(start) > time.Minute {
			t.Fatalf("%d of %d; %v", len(located), hogs, fibers.Examine(rt))
		}
		r := fibers.Examine(rt)
		for _, h := range r.Hogs {
			if h.At == "" {
				continue
			}
			if !strings.Contains(h.At, "locate_test.go:") || !strings.HasSuffix(h.AtFunc, "runtime_test.compute") {
				t.Fatalf("it is at %s in %s", h.At, h.AtFunc)
			}
			if !strings.Contains(r.String(), h.At) {
				t.Fatalf("%q does not say %s", r, h.At)
			}
			located[h.ID] = true
		}
	}
}
