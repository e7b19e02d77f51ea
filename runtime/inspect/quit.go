package inspect

import (
	"fmt"
	"io"
	"os"
	"time"

	fibers "github.com/seed222ee791/fibers/runtime"
)

// WithQuitReport has the report of fibers.Examine, of the runtimes that Start is told of or
// of all that are open, written to standard error when the process gets SIGQUIT (Ctrl-\ in
// a terminal). Go's own handling comes after it, as without the option: the stacks of all
// goroutines, and the end of the process with status 2; for that the signal is raised once
// more. A program that takes SIGQUIT itself, by signal.Notify, keeps the process alive, as
// it does without the option, and gets it twice: let it call fibers.Examine instead.
//
// The report is cut off after some seconds, if it is not there by then. With the option,
// Start watches as with WithRuntime. Systems other than Unix have no such signal: there
// Start fails with ErrOption.
func WithQuitReport() Option {
	return func(c *config) { c.quit = true }
}

// quitPatience is how long the report may take.
const quitPatience = 5 * time.Second

// reportTo writes the report of the runtimes, or of all, to w.
func reportTo(w io.Writer, rts []*fibers.Runtime) {
	made := make(chan string, 1)
	go func() {
		if len(rts) == 0 && len(fibers.Runtimes()) == 0 {
			made <- "fibers: " + noRuntimes
			return
		}
		made <- fibers.Examine(rts...).String()
	}()
	t := time.NewTimer(quitPatience)
	defer t.Stop()
	text := ""
	select {
	case text = <-made:
	case <-t.C:
		text = "fibers: the report took too long"
	}
	fmt.Fprintf(w, "SIGQUIT: what the fibers of process %d do\n%s\n\n", os.Getpid(), text)
}
