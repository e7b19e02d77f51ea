package programs_test

import (
	"fmt"
	goruntime "runtime"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/internal/race"
	fibers "github.com/seed222ee791/fibers/runtime"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type unit = cml.Unit

// patience is how long a program may take before it is taken to hang.
const patience = 2 * time.Minute

// ends runs a program that leaves no fiber behind: Run waits for all of them.
func ends(t *testing.T, program func(t *testing.T)) {
	t.Helper()
	onAll(t, program, fibers.WithDrain())
}

// endless runs a program some fibers of which would go on for ever, or wait:
// they end when program returns.
func endless(t *testing.T, program func(t *testing.T)) {
	t.Helper()
	onAll(t, program)
}

func onAll(t *testing.T, program func(t *testing.T), opts ...fibers.Option) {
	for _, n := range []int{1, 2, 8} {
		t.Run(fmt.Sprintf("scheds=%d", n), func(t *testing.T) {
			opts := append([]fibers.Option{fibers.WithSchedulers(n), fibers.WithPinning(false)}, opts...)
			done := make(chan error, 1)
			go func() { done <- fibers.Run(func() { program(t) }, opts...) }()
			select {
			case err := <-done:
				if err != nil {
					t.Error(err)
				}
			case <-time.After(patience):
				buf := make([]byte, 1<<20)
				buf = buf[:goruntime.Stack(buf, true)]
				t.Fatalf("not done after %v\n%s", patience, buf[:min(len(buf), 1<<15)])
			}
		})
	}
}

// size chooses how large a program is: as it is told of, or smaller, where the
// race detector makes it ten times as slow, or somebody is in a hurry.
func size(t *testing.T, full, small int) int {
	t.Helper()
	if race.Enabled || testing.Short() {
		t.Logf("at size %d, not %d", small, full)
		return small
	}
	return full
}

// check compares an answer with the one that is known.
func check[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}
