//go:build unix

package poll

import (
	"net"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// Both backends know the same errors: bare ones, and those that package net has
// wrapped.
func TestExhaustedKnowsItsErrors(t *testing.T) {
	for errno, want := range map[unix.Errno]bool{
		unix.EMFILE: true, unix.ENFILE: true, unix.ENOBUFS: true, unix.ENOMEM: true,
		0: false, unix.EAGAIN: false, unix.EINVAL: false, unix.ECONNABORTED: false,
	} {
		wrapped := &net.OpError{Op: "accept", Net: "tcp", Err: os.NewSyscallError("accept4", errno)}
		if exhausted(errno) != want || exhausted(wrapped) != want {
			t.Errorf("%v: %v, %v", errno, exhausted(errno), exhausted(wrapped))
		}
	}
}
