//go:build race

package runtime_test

import (
	"context"
	"strings"
	"testing"

	fibers "github.com/seed222ee791/fibers/runtime"
)

// racing has two parties write one variable, with a wait before.
func racing(spawn func(func())) {
	x := 0
	done := make(chan bool)
	for range 2 {
		spawn(func() {
			fibers.Sleep(1)
			x++
			done <- true // it orders what comes after
		})
	}
	<-done
	<-done
}

func init() {
	programs["races with fibers"] = func() {
		_ = fibers.Run(func() {
			x := 0
			_ = fibers.WithGroup(context.Background(), func(_ context.Context, g *fibers.Group) error {
				for range 2 {
					g.Go(func(context.Context) error {
						fibers.Sleep(1)
						x++
						return nil
					})
				}
				return nil
			})
		}, fibers.WithSchedulers(1))
	}
	programs["races with goroutines"] = func() { racing(func(f func()) { go f() }) }
}

// What the documentation says of the race detector, and the way out that it names. If a
// race between fibers of one scheduler is reported one day, it is to say so.
func TestRacesAreReportedWhereGoroutinesPlayTheFibers(t *testing.T) {
	const report, code = "WARNING: DATA RACE", 66
	if out, got := rerun(t, "races with goroutines"); got != code || !strings.Contains(out, report) {
		t.Errorf("goroutines: exit code %d, want %d and a report:\n%s", got, code, out)
	}
	if out, got := rerun(t, "races with fibers"); got != 0 {
		t.Errorf("fibers on one scheduler: exit code %d:\n%s", got, out)
	}
}
