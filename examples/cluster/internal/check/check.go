// Package check helps the tests of this module: servers, parties of both kinds, and what is
// left behind.
package check

import (
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/examples/cluster/bus"
	"github.com/seed222ee791/fibers/examples/cluster/embedded"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// patience is how long a test waits for what must come: only one that fails waits so long.
const patience = 40 * time.Second

// Run runs body in a fiber of a runtime of its own. The test fails if it has left a goroutine or a
// descriptor when what it has for cleaning up has run.
func Run(t *testing.T, body func()) {
	t.Helper()
	goroutines, descriptors := goleak.IgnoreCurrent(), openFDs()
	t.Cleanup(func() {
		if t.Failed() {
			return // and has left what it was at
		}
		if err := goleak.Find(goroutines); err != nil {
			t.Error(err)
		}
		Eventually(t, "all descriptors are closed", func() bool { return openFDs() <= descriptors })
	})
	if err := fibers.Run(body); err != nil {
		t.Error("the runtime ends with ", err)
	}
}

// openFDs returns how many descriptors are open, 0 where that is not known.
func openFDs() int {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(entries)
}

// Eventually waits until ok.
func Eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for begin := time.Now(); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Since(begin) > patience {
			t.Fatal("not in time: " + what)
		}
	}
}

// Soon performs op, and fails the test if that takes too long.
func Soon[T any](t testing.TB, what string, op cml.Op[T]) T {
	t.Helper()
	v, ok := fibers.PerformTimeout(op, patience)
	if !ok {
		t.Fatal("not in time: " + what)
	}
	return v
}

// Server starts a server that ends with the test.
func Server(t testing.TB) *embedded.Server {
	t.Helper()
	s, err := embedded.Start(t.TempDir(), 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return s
}

// Cluster starts servers that keep streams together, and end with the test.
func Cluster(t testing.TB, n int) embedded.Cluster {
	t.Helper()
	c, err := embedded.StartCluster(t.TempDir(), n)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Stop)
	return c
}

// Connect connects to a server or a cluster, until the end of the test.
func Connect(t testing.TB, s interface{ URL() string }) *bus.Conn {
	t.Helper()
	c, err := bus.Connect(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// Go runs f as party i: those with even numbers are fibers, the others goroutines.
func Go(i int, f func()) {
	if i%2 == 0 {
		fibers.Go(f)
	} else {
		go f()
	}
}
