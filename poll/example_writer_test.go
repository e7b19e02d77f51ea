package poll_test

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/poll"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// To write, but not to wait for a peer that does not read.
func ExampleWriter() {
	a, b := pair()
	defer a.Close()
	defer b.Close()
	w := poll.NewWriter(a)
	piece := w.WriteOp(make([]byte, 4096))
	for {
		if _, ok := fibers.PerformTimeout(piece, 10*time.Millisecond); !ok {
			break
		}
	}
	fmt.Println("b does not read, and the last piece has not been written, nor any part of it")
	// Output:
	// b does not read, and the last piece has not been written, nor any part of it
}

func ExampleNewWriter() {
	w := poll.NewWriter(os.Stdout)
	fmt.Fprintln(w, "through a buffer")
	w.Flush()
	// Output:
	// through a buffer
}

func ExampleNewWriterSize() {
	w := poll.NewWriterSize(os.Stdout, 10)
	w.WriteString("0123456789")
	w.WriteString("the first ten were sent to make room\n")
	w.Flush()
	// Output:
	// 0123456789the first ten were sent to make room
}

func ExampleWriter_Write() {
	w := poll.NewWriter(os.Stdout)
	n, err := w.Write([]byte("hello\n"))
	w.Flush()
	fmt.Println(n, err)
	// Output:
	// hello
	// 6 <nil>
}

func ExampleWriter_WriteString() {
	w := poll.NewWriter(os.Stdout)
	io.WriteString(w, "hello\n")
	w.Flush()
	// Output:
	// hello
}

func ExampleWriter_WriteOp() {
	w := poll.NewWriter(os.Stdout)
	err := cml.Perform(w.WriteOp([]byte("hello\n")))
	fmt.Println(err, w.Buffered())
	w.Flush()
	// Output:
	// <nil> 6
	// hello
}

func ExampleWriter_Flush() {
	w := poll.NewWriter(os.Stdout)
	w.WriteString("sent by Flush\n")
	fmt.Println("in the buffer:", w.Buffered())
	w.Flush()
	// Output:
	// in the buffer: 14
	// sent by Flush
}

func ExampleWriter_FlushOp() {
	w := poll.NewWriter(os.Stdout)
	w.WriteString("sent within a second\n")
	_, ok := fibers.PerformTimeout(w.FlushOp(), time.Second)
	fmt.Println(ok)
	// Output:
	// sent within a second
	// true
}

func ExampleWriter_Buffered() {
	w := poll.NewWriter(io.Discard)
	w.WriteString("some text")
	fmt.Println(w.Buffered())
	// Output:
	// 9
}
