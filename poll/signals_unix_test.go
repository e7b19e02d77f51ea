//go:build unix

package poll

import (
	"syscall"
	"testing"
	"time"

	fibers "github.com/seed222ee791/fibers/runtime"
)

func TestSignals(t *testing.T) {
	s := NotifySignals(syscall.SIGUSR2)
	inFiber(t, func() {
		if _, ok := fibers.PerformTimeout(s.GetOp(), time.Millisecond); ok {
			t.Error("a signal that nobody sent")
		}
		syscall.Kill(syscall.Getpid(), syscall.SIGUSR2)
		if sig := s.Get(); sig != syscall.SIGUSR2 {
			t.Errorf("got %v", sig)
		}
		s.Close()
		s.Close() // it panicked
		if sig := s.Get(); sig != nil {
			t.Errorf("closed, and got %v", sig)
		}
	})
}
