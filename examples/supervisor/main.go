// Supervisor keeps programs running: one that ends is started again, a little later
// each time that it ends soon. An interrupt ends them all: they are asked to end, and
// killed if they do not.
//
// A program has a fiber, which waits for whatever comes first: the end of its
// process, or the word to stop.
//
//	go run ./examples/supervisor 'sleep 3' 'ping localhost'
package main

import (
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/poll"
	fibers "github.com/seed222ee791/fibers/runtime"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) < 2 {
		log.Fatal("give it the command lines of programs")
	}
	err := fibers.Run(func() {
		s := newSupervisor(os.Stdout)
		for _, line := range os.Args[1:] {
			s.keep(line)
		}
		interrupts := poll.NotifySignals(os.Interrupt, syscall.SIGTERM)
		defer interrupts.Close()
		interrupts.Get()
		s.end()
	})
	if err != nil {
		log.Fatal(err)
	}
}

// A supervisor has the programs that it keeps.
type supervisor struct {
	out     io.Writer
	writing cml.Mutex // of out
	stop    *cml.Cond
	kept    cml.WaitGroup

	shortest, longest time.Duration // pauses before a new start
	grace             time.Duration // from asking to killing
}

func newSupervisor(out io.Writer) *supervisor {
	return &supervisor{
		out: out, stop: cml.NewCond(),
		shortest: 100 * time.Millisecond, longest: 30 * time.Second, grace: 5 * time.Second,
	}
}

func (s *supervisor) report(format string, args ...any) {
	s.writing.Lock()
	defer s.writing.Unlock()
	fmt.Fprintf(s.out, format+"\n", args...)
}

// keep keeps the program with that command line running.
func (s *supervisor) keep(line string) {
	s.kept.Add(1)
	fibers.Go(func() {
		defer s.kept.Done()
		pause := s.shortest
		for !s.stop.Signalled() {
			began := time.Now()
			s.once(line)
			if time.Since(began) > s.longest {
				pause = s.shortest
			}
			cml.Select(
				cml.On(s.stop.WaitOp(), func(cml.Unit) {}),
				cml.On(fibers.After(pause), func(time.Time) {}),
			)
			pause = min(2*pause, s.longest)
		}
	})
}

// once runs a program until it ends, or has to.
func (s *supervisor) once(line string) {
	p, err := poll.StartProcess(exec.Command("sh", "-c", "exec "+line))
	if err != nil {
		s.report("%s: %v", line, err)
		return
	}
	s.report("%s: started", line)
	cml.Select(
		cml.On(p.WaitOp(), func(err error) { s.report("%s: ended: %v", line, err) }),
		cml.On(s.stop.WaitOp(), func(cml.Unit) { s.dismiss(line, p) }),
	)
}

// dismiss asks a process to end, and sees to it that it does.
func (s *supervisor) dismiss(line string, p *poll.Process) {
	p.Signal(syscall.SIGTERM)
	if _, ok := fibers.PerformTimeout(p.WaitOp(), s.grace); ok {
		s.report("%s: has been ended", line)
		return
	}
	p.Signal(os.Kill)
	p.Wait()
	s.report("%s: has been killed", line)
}

// end ends all programs and returns when they have.
func (s *supervisor) end() {
	s.stop.Signal()
	s.kept.Wait()
}
