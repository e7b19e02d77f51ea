package runtime_test

import (
	"context"
	"testing"
	"time"

	fibers "github.com/seed222ee791/fibers/runtime"
)

// Whoever waits in WithGroup is ended by Close. What hangs on the context of
// the group must learn of it, or it is never released.
func TestGroupContextIsCancelledWhenItsCallerIsEnded(t *testing.T) {
	rt, err := fibers.New(fibers.WithGrace(2 * time.Second))
	if err != nil {
		t.Fatal(err)
	}
	up, release := make(chan struct{}), make(chan struct{})
	rt.Go(func() {
		_ = fibers.WithGroup(context.Background(), func(_ context.Context, g *fibers.Group) error {
			g.Go(func(ctx context.Context) error {
				return fibers.Blocking(func() error {
					close(up)
					select {
					case <-ctx.Done():
					case <-release:
					}
					return ctx.Err()
				})
			})
			return nil
		})
	})
	<-up
	for waiting := false; !waiting; {
		for _, f := range rt.Fibers() {
			waiting = waiting || f.Reason == "wait for group"
		}
	}
	if err := rt.Close(); err != nil {
		t.Error(err)
	}
	close(release)
}
