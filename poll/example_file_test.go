package poll_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/poll"
)

func ExamplePipe() {
	r, w, err := poll.Pipe()
	if err != nil {
		panic(err)
	}
	defer r.Close()
	go func() {
		fmt.Fprint(w, "hello")
		w.Close()
	}()
	text, err := io.ReadAll(r)
	fmt.Println(string(text), err)
	// Output:
	// hello <nil>
}

func ExampleFile_Name() {
	r, w, err := poll.Pipe()
	if err != nil {
		panic(err)
	}
	defer r.Close()
	defer w.Close()
	fmt.Println(r.Name(), w.Name())
	// Output:
	// |0 |1
}

func ExampleFile_Read() {
	r, w, err := poll.Pipe()
	if err != nil {
		panic(err)
	}
	defer r.Close()
	defer w.Close()
	fmt.Fprint(w, "hello")
	buf := make([]byte, 16)
	n, err := r.Read(buf)
	fmt.Println(string(buf[:n]), err)
	// Output:
	// hello <nil>
}

func ExampleFile_Write() {
	r, w, err := poll.Pipe()
	if err != nil {
		panic(err)
	}
	defer r.Close()
	defer w.Close()
	fmt.Println(w.Write([]byte("hello")))
	// Output:
	// 5 <nil>
}

func ExampleFile_Close() {
	r, w, err := poll.Pipe()
	if err != nil {
		panic(err)
	}
	defer r.Close()
	defer w.Close()
	go r.Close()
	_, err = r.Read(make([]byte, 1))
	fmt.Println(errors.Is(err, os.ErrClosed), errors.Is(err, net.ErrClosed))
	// Output:
	// true true
}

func ExampleFile_SetDeadline() {
	r, w, err := poll.Pipe()
	if err != nil {
		panic(err)
	}
	defer r.Close()
	defer w.Close()
	r.SetDeadline(time.Now())
	_, err = r.Read(make([]byte, 1))
	fmt.Println(err)
	// Output:
	// read |0: i/o timeout
}

func ExampleFile_SetReadDeadline() {
	r, w, err := poll.Pipe()
	if err != nil {
		panic(err)
	}
	defer r.Close()
	defer w.Close()
	r.SetReadDeadline(time.Now().Add(time.Millisecond))
	_, err = r.Read(make([]byte, 1))
	fmt.Println(os.IsTimeout(err))
	// Output:
	// true
}

func ExampleFile_SetWriteDeadline() {
	r, w, err := poll.Pipe()
	if err != nil {
		panic(err)
	}
	defer r.Close()
	defer w.Close()
	w.SetWriteDeadline(time.Now().Add(time.Millisecond))
	_, err = w.Write(make([]byte, 1<<20)) // more than fits in
	fmt.Println(os.IsTimeout(err))
	// Output:
	// true
}

func ExampleFile_ReadableOp() {
	r, w, err := poll.Pipe()
	if err != nil {
		panic(err)
	}
	defer r.Close()
	defer w.Close()
	_, ok := cml.Poll(r.ReadableOp())
	fmt.Println(ok)
	fmt.Fprint(w, "hello")
	fmt.Println(cml.Perform(r.ReadableOp()))
	// Output:
	// false
	// <nil>
}

func ExampleFile_WritableOp() {
	r, w, err := poll.Pipe()
	if err != nil {
		panic(err)
	}
	defer r.Close()
	defer w.Close()
	fmt.Println(cml.Perform(w.WritableOp()))
	// Output:
	// <nil>
}

func ExampleFile_SyscallConn() {
	r, w, err := poll.Pipe()
	if err != nil {
		panic(err)
	}
	defer r.Close()
	defer w.Close()
	raw, err := r.SyscallConn()
	fmt.Println(raw.Control(func(fd uintptr) {}), err)
	// Output:
	// <nil> <nil>
}
