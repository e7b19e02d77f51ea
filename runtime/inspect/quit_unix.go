//go:build unix

package inspect

import (
	"os"
	"os/signal"
	"sync"
	"syscall"

	fibers "github.com/seed222ee791/fibers/runtime"
)

const canQuit = true

// reportOnQuit serves WithQuitReport until stop is called.
func reportOnQuit(rts []*fibers.Runtime) (stop func()) {
	came := make(chan os.Signal, 1)
	end, ended := make(chan struct{}), make(chan struct{})
	signal.Notify(came, syscall.SIGQUIT)
	go func() {
		defer close(ended)
		select {
		case <-end:
		case <-came:
			reportTo(os.Stderr, rts)
			// Without us, what comes next is what the program wants, or Go's way.
			signal.Stop(came)
			_ = syscall.Kill(syscall.Getpid(), syscall.SIGQUIT) // it cannot fail: it is ourselves
		}
	}()
	return sync.OnceFunc(func() {
		signal.Stop(came)
		close(end)
		<-ended
	})
}
