package poll_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"

	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/poll"
	fibers "github.com/seed222ee791/fibers/runtime"
)

func ExampleConn_Read() {
	a, b := pair()
	defer a.Close()
	fmt.Fprint(b, "hello")
	b.Close()
	buf := make([]byte, 16)
	n, err := a.Read(buf)
	fmt.Println(string(buf[:n]), err)
	_, err = a.Read(buf)
	fmt.Println(err)
	// Output:
	// hello <nil>
	// EOF
}

func ExampleConn_Write() {
	a, b := pair()
	defer b.Close()
	n, err := a.Write([]byte("hello"))
	a.Close()
	fmt.Println(n, err, string(must(io.ReadAll(b))))
	// Output:
	// 5 <nil> hello
}

func ExampleConn_Close() {
	a, b := pair()
	defer b.Close()
	go a.Close()
	_, err := a.Read(make([]byte, 1))
	fmt.Println(errors.Is(err, net.ErrClosed))
	// Output:
	// true
}

func ExampleConn_CloseRead() {
	a, b := pair()
	defer a.Close()
	defer b.Close()
	a.CloseRead()
	_, err := a.Read(make([]byte, 1))
	fmt.Println(err)
	// Output:
	// EOF
}

func ExampleConn_CloseWrite() {
	a, b := pair()
	defer a.Close()
	go func() {
		defer b.Close()
		question := must(io.ReadAll(b)) // up to the end
		fmt.Fprintf(b, "you said %q", question)
	}()
	fmt.Fprint(a, "hello")
	a.CloseWrite()
	fmt.Println(string(must(io.ReadAll(a))))
	// Output:
	// you said "hello"
}

func ExampleConn_LocalAddr() {
	a, b := pair()
	defer a.Close()
	defer b.Close()
	fmt.Println(a.LocalAddr().String() == b.RemoteAddr().String())
	// Output:
	// true
}

func ExampleConn_RemoteAddr() {
	a, b := pair()
	defer a.Close()
	defer b.Close()
	fmt.Println(a.RemoteAddr().(*net.TCPAddr).IP)
	// Output:
	// 127.0.0.1
}

func ExampleConn_SetDeadline() {
	a, b := pair()
	defer a.Close()
	defer b.Close()
	a.SetDeadline(time.Now().Add(time.Millisecond))
	_, err := a.Read(make([]byte, 1))
	fmt.Println(errors.Is(err, os.ErrDeadlineExceeded))
	// Output:
	// true
}

func ExampleConn_SetReadDeadline() {
	a, b := pair()
	defer a.Close()
	defer b.Close()
	a.SetReadDeadline(time.Now()) // now: whoever reads fails
	_, err := a.Read(make([]byte, 1))
	var timeout net.Error
	fmt.Println(errors.As(err, &timeout) && timeout.Timeout())
	_, err = a.Write([]byte("x"))
	fmt.Println(err)
	// Output:
	// true
	// <nil>
}

func ExampleConn_SetWriteDeadline() {
	a, b := pair()
	defer a.Close()
	defer b.Close()
	a.SetWriteDeadline(time.Now().Add(time.Millisecond))
	_, err := a.Write(make([]byte, 64<<20)) // more than the system keeps for b
	fmt.Println(errors.Is(err, os.ErrDeadlineExceeded))
	// Output:
	// true
}

func ExampleConn_ReadableOp() {
	a, b := pair()
	defer a.Close()
	defer b.Close()
	_, ok := fibers.PerformTimeout(a.ReadableOp(), time.Millisecond)
	fmt.Println(ok)
	fmt.Fprint(b, "hello")
	fmt.Println(cml.Perform(a.ReadableOp()))
	// Output:
	// false
	// <nil>
}

func ExampleConn_WritableOp() {
	a, b := pair()
	defer a.Close()
	defer b.Close()
	fmt.Println(cml.Perform(a.WritableOp()))
	// Output:
	// <nil>
}

func ExampleConn_SyscallConn() {
	a, b := pair()
	defer a.Close()
	defer b.Close()
	raw := must(a.SyscallConn())
	fmt.Println(raw.Control(func(fd uintptr) { /* ask the system about it */ }))
	// Output:
	// <nil>
}

func ExampleConn_SetNoDelay() {
	a, b := pair()
	defer a.Close()
	defer b.Close()
	fmt.Println(a.SetNoDelay(false))
	// Output:
	// <nil>
}

func ExampleConn_SetKeepAlive() {
	a, b := pair()
	defer a.Close()
	defer b.Close()
	fmt.Println(a.SetKeepAlive(false))
	// Output:
	// <nil>
}

func ExampleConn_SetKeepAlivePeriod() {
	a, b := pair()
	defer a.Close()
	defer b.Close()
	fmt.Println(a.SetKeepAlivePeriod(time.Minute))
	// Output:
	// <nil>
}

func ExampleConn_SetKeepAliveConfig() {
	a, b := pair()
	defer a.Close()
	defer b.Close()
	fmt.Println(a.SetKeepAliveConfig(net.KeepAliveConfig{Enable: true, Idle: time.Minute}))
	// Output:
	// <nil>
}

func ExampleConn_SetLinger() {
	a, b := pair()
	defer b.Close()
	a.SetLinger(0)
	a.Close()
	_, err := b.Read(make([]byte, 1))
	fmt.Println(err != nil && err != io.EOF) // a reset
	// Output:
	// true
}

func ExampleConn_SetReadBuffer() {
	a, b := pair()
	defer a.Close()
	defer b.Close()
	fmt.Println(a.SetReadBuffer(64 << 10))
	// Output:
	// <nil>
}

func ExampleConn_SetWriteBuffer() {
	a, b := pair()
	defer a.Close()
	defer b.Close()
	fmt.Println(a.SetWriteBuffer(64 << 10))
	// Output:
	// <nil>
}

func ExampleConn_ReadFrom() {
	a, b := pair()
	defer b.Close()
	n, err := a.ReadFrom(strings.NewReader("hello"))
	a.Close()
	fmt.Println(n, err, string(must(io.ReadAll(b))))
	// Output:
	// 5 <nil> hello
}

func ExampleConn_WriteTo() {
	a, b := pair()
	defer b.Close()
	fmt.Fprint(a, "hello")
	a.Close()
	var s strings.Builder
	n, err := b.WriteTo(&s)
	fmt.Println(n, err, s.String())
	// Output:
	// 5 <nil> hello
}

func ExampleMemPipe() {
	a, b := poll.MemPipe()
	fibers.Go(func() {
		fmt.Fprintln(a, "through memory")
		a.Close()
	})
	r := poll.NewReader(b)
	fmt.Println(r.ReadLine())
	fmt.Println(r.ReadLine())
	// Output:
	// through memory <nil>
	//  EOF
}
