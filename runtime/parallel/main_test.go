package parallel_test

import (
	"testing"

	"go.uber.org/goleak"

	fibers "github.com/seed222ee791/fibers/runtime"
)

// TestMain runs the tests and then looks whether they left a goroutine behind.
func TestMain(m *testing.M) { goleak.VerifyTestMain(closing{m}) }

// closing runs the tests and closes the ambient runtime, which is not a leak.
type closing struct{ *testing.M }

func (c closing) Run() int {
	code := c.M.Run()
	if err := fibers.Default().Close(); err != nil {
		println(err.Error())
		code = max(code, 1)
	}
	return code
}

// on runs f in a fiber of runtimes of several sizes, and in a plain goroutine.
func on(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	for name, n := range map[string]int{"one scheduler": 1, "two schedulers": 2, "seven schedulers": 7} {
		t.Run(name, func(t *testing.T) { in(t, n, func() { f(t) }) })
	}
	t.Run("a goroutine", f)
}

// in runs f in a fiber of a runtime of n schedulers.
func in(t *testing.T, n int, f func()) {
	t.Helper()
	if err := fibers.Run(f, fibers.WithSchedulers(n)); err != nil {
		t.Error(err)
	}
}
