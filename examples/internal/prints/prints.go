// Package prints is for the tests of the examples: it checks what a program prints.
package prints

import (
	"io"
	"strings"
	"testing"

	fibers "github.com/seed222ee791/fibers/runtime"
	"github.com/seed222ee791/fibers/runtime/sim"
)

// A Program is an example, which prints to w.
type Program func(w io.Writer, opts ...fibers.Option) error

// Always checks that it prints want with one, two and eight schedulers.
func Always(t *testing.T, run Program, want string) {
	t.Helper()
	for _, schedulers := range []int{1, 2, 8} {
		var b strings.Builder
		if err := run(&b, fibers.WithSchedulers(schedulers)); err != nil {
			t.Fatal(err)
		}
		if b.String() != want {
			t.Errorf("with %d schedulers it writes\n%swant\n%s", schedulers, b.String(), want)
		}
	}
}

// InSchedules checks that it prints want in so many simulated schedules.
func InSchedules(t *testing.T, run Program, want string, schedules int) {
	t.Helper()
	sim.Test(t, func(s *sim.Sim) {
		var b strings.Builder
		err := run(&b)
		s.Always(err == nil && b.String() == want, "it writes\n%sand returns %v, want\n%s", b.String(), err, want)
	}, sim.Runs(schedules))
}
