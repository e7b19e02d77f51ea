package poll

import (
	"errors"
	"net"
	"os"
	"testing"

	"go.uber.org/atomic"
	"golang.org/x/sys/unix"

	"github.com/seed222ee791/fibers/cml"
)

// Where there is no memory to watch a connection that was accepted, Accept does not
// fail: the connection is watched later.
func TestAcceptSurvivesThatNothingCanBeWatched(t *testing.T) {
	leaveNoFDs(t)
	for _, errno := range []error{unix.ENOMEM, unix.ENOSPC} {
		l := mustListen(t, "tcp", "127.0.0.1:0")
		left := atomic.NewInt32(3)
		l.a.(*listenFD).refuses = func() error {
			if left.Dec() >= 0 {
				return os.NewSyscallError("epoll_ctl", errno)
			}
			return nil
		}
		for _, accept := range []func() (net.Conn, error){
			l.Accept,
			func() (net.Conn, error) { a := cml.Perform(l.AcceptOp()); return a.Conn, a.Err },
		} {
			left.Store(3)
			c, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			within(t, "accept", func() {
				s, err := accept()
				if err != nil {
					t.Errorf("%v: %v", errno, err)
					return
				}
				defer s.Close()
				if s.RemoteAddr().String() != c.LocalAddr().String() {
					t.Errorf("from %v, not %v", s.RemoteAddr(), c.LocalAddr())
				}
			})
		}
	}
}

// A connection that nobody could watch is closed with its listener.
func TestCloseClosesWhatCouldNotBeWatched(t *testing.T) {
	leaveNoFDs(t)
	l := mustListen(t, "tcp", "127.0.0.1:0")
	tried := make(chan bool, 100)
	l.a.(*listenFD).refuses = func() error { tried <- true; return os.NewSyscallError("epoll_ctl", unix.ENOMEM) }
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	failed := make(chan error)
	go func() { _, err := l.Accept(); failed <- err }()
	<-tried
	l.Close()
	within(t, "accept", func() {
		if err := <-failed; !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
	})
	within(t, "the end of the connection", func() {
		if _, err := c.Read(make([]byte, 1)); err == nil {
			t.Error("it goes on")
		}
	})
}
