package poll_test

import (
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/seed222ee791/fibers/poll"
)

// A counter that wakes who reads it.
func ExampleNewFile() {
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC)
	if err != nil {
		panic(err)
	}
	f, err := poll.NewFile(uintptr(fd), "eventfd")
	if err != nil {
		panic(err)
	}
	defer f.Close()
	go f.Write([]byte{3, 0, 0, 0, 0, 0, 0, 0})
	count := make([]byte, 8)
	n, err := f.Read(count)
	fmt.Println(n, err, count[0])
	// Output: 8 <nil> 3
}
