package runtime_test

import (
	"bytes"
	"runtime/trace"
	"testing"

	fibers "github.com/seed222ee791/fibers/runtime"
)

// In a trace of Go's, fibers that are spawned with a name meanwhile are regions of it.
func TestNamedFibersAreRegionsOfTraces(t *testing.T) {
	if trace.IsEnabled() {
		t.Skip("this test is traced itself")
	}
	var b bytes.Buffer
	if err := trace.Start(&b); err != nil {
		t.Fatal(err)
	}
	rt := newRuntime(t, fibers.WithPanicHandler(func(*fibers.Fiber, any, []byte) {}))
	l := make(chan struct{})
	rt.Go(func() {
		defer close(l)
		done := fibers.Spawn(func() (int, error) {
			fibers.GoNamed("fibre-that-yields", func() { fibers.Yield() })
			fibers.GoNamed("fibre-that-panics", func() { panic("told") })
			return 0, nil
		})
		_, _ = done.Await()
		for range 10 {
			fibers.Yield()
		}
	})
	<-l
	for rt.NumFibers() > 0 {
		_ = rt.Run(func() {})
	}
	trace.Stop()
	for _, name := range []string{"fibre-that-yields", "fibre-that-panics"} {
		if !bytes.Contains(b.Bytes(), []byte(name)) {
			t.Errorf("%s is not in the trace", name)
		}
	}
}
