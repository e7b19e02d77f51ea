//go:build unix

package poll

import (
	"os"

	"golang.org/x/sys/unix"
)

// fileOfPipe makes a File of a duplicate of f, and closes f.
func fileOfPipe(f *os.File, name string) (*File, error) {
	defer f.Close()
	raw, err := f.SyscallConn()
	if err != nil {
		return nil, err
	}
	fd := -1
	if failed := raw.Control(func(own uintptr) { fd, err = unix.FcntlInt(own, unix.F_DUPFD_CLOEXEC, 0) }); failed != nil {
		return nil, failed
	}
	if err != nil {
		return nil, pathError("fcntl", name, os.NewSyscallError("fcntl", err))
	}
	file, err := NewFile(uintptr(fd), name)
	if err != nil {
		unix.Close(fd)
	}
	return file, err
}
