package poll_test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/poll"
	fibers "github.com/seed222ee791/fibers/runtime"
)

func ExampleListenPacket() {
	p, err := poll.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer p.Close()
	fmt.Println(p.LocalAddr().Network())
	// Output:
	// udp
}

func ExamplePacketConn_ReadFrom() {
	server := must(poll.ListenPacket("udp", "127.0.0.1:0"))
	defer server.Close()
	c := must(poll.Dial("udp", server.LocalAddr().String())).(*poll.PacketConn)
	defer c.Close()
	fmt.Fprint(c, "hello")
	buf := make([]byte, 1500)
	n, from, err := server.ReadFrom(buf)
	fmt.Println(string(buf[:n]), from.String() == c.LocalAddr().String(), err)
	// Output:
	// hello true <nil>
}

func ExamplePacketConn_WriteTo() {
	server := must(poll.ListenPacket("udp", "127.0.0.1:0"))
	defer server.Close()
	c := must(poll.Dial("udp", server.LocalAddr().String())).(*poll.PacketConn)
	defer c.Close()
	n, err := server.WriteTo([]byte("hello"), c.LocalAddr())
	fmt.Println(n, err)
	// Output:
	// 5 <nil>
}

func ExamplePacketConn_Read() {
	server := must(poll.ListenPacket("udp", "127.0.0.1:0"))
	defer server.Close()
	c := must(poll.Dial("udp", server.LocalAddr().String())).(*poll.PacketConn)
	defer c.Close()
	server.WriteTo([]byte("hello"), c.LocalAddr())
	buf := make([]byte, 1500)
	n, err := c.Read(buf)
	fmt.Println(string(buf[:n]), err)
	// Output:
	// hello <nil>
}

func ExamplePacketConn_Write() {
	server := must(poll.ListenPacket("udp", "127.0.0.1:0"))
	defer server.Close()
	c := must(poll.Dial("udp", server.LocalAddr().String())).(*poll.PacketConn)
	defer c.Close()
	n, err := c.Write([]byte("hello"))
	fmt.Println(n, err)
	// Output:
	// 5 <nil>
}

func ExamplePacketConn_Close() {
	server := must(poll.ListenPacket("udp", "127.0.0.1:0"))
	defer server.Close()
	c := must(poll.Dial("udp", server.LocalAddr().String())).(*poll.PacketConn)
	defer c.Close()
	go c.Close()
	_, err := c.Read(make([]byte, 1))
	fmt.Println(errors.Is(err, net.ErrClosed))
	// Output:
	// true
}

func ExamplePacketConn_LocalAddr() {
	server := must(poll.ListenPacket("udp", "127.0.0.1:0"))
	defer server.Close()
	c := must(poll.Dial("udp", server.LocalAddr().String())).(*poll.PacketConn)
	defer c.Close()
	fmt.Println(server.LocalAddr().(*net.UDPAddr).IP)
	// Output:
	// 127.0.0.1
}

func ExamplePacketConn_RemoteAddr() {
	server := must(poll.ListenPacket("udp", "127.0.0.1:0"))
	defer server.Close()
	c := must(poll.Dial("udp", server.LocalAddr().String())).(*poll.PacketConn)
	defer c.Close()
	fmt.Println(server.RemoteAddr() == nil, c.RemoteAddr().String() == server.LocalAddr().String())
	// Output:
	// true true
}

func ExamplePacketConn_SetDeadline() {
	server := must(poll.ListenPacket("udp", "127.0.0.1:0"))
	defer server.Close()
	c := must(poll.Dial("udp", server.LocalAddr().String())).(*poll.PacketConn)
	defer c.Close()
	c.SetDeadline(time.Now())
	_, err := c.Write([]byte("hello"))
	fmt.Println(errors.Is(err, os.ErrDeadlineExceeded))
	// Output:
	// true
}

func ExamplePacketConn_SetReadDeadline() {
	server := must(poll.ListenPacket("udp", "127.0.0.1:0"))
	defer server.Close()
	c := must(poll.Dial("udp", server.LocalAddr().String())).(*poll.PacketConn)
	defer c.Close()
	c.SetReadDeadline(time.Now().Add(time.Millisecond))
	_, err := c.Read(make([]byte, 1500))
	fmt.Println(errors.Is(err, os.ErrDeadlineExceeded))
	// Output:
	// true
}

func ExamplePacketConn_SetWriteDeadline() {
	server := must(poll.ListenPacket("udp", "127.0.0.1:0"))
	defer server.Close()
	c := must(poll.Dial("udp", server.LocalAddr().String())).(*poll.PacketConn)
	defer c.Close()
	c.SetWriteDeadline(time.Now().Add(time.Minute))
	_, err := c.Write([]byte("hello"))
	fmt.Println(err)
	// Output:
	// <nil>
}

func ExamplePacketConn_ReadableOp() {
	server := must(poll.ListenPacket("udp", "127.0.0.1:0"))
	defer server.Close()
	c := must(poll.Dial("udp", server.LocalAddr().String())).(*poll.PacketConn)
	defer c.Close()
	_, ok := cml.Poll(server.ReadableOp())
	fmt.Println(ok)
	fmt.Fprint(c, "hello")
	fmt.Println(cml.Perform(server.ReadableOp()))
	// Output:
	// false
	// <nil>
}

func ExamplePacketConn_WritableOp() {
	server := must(poll.ListenPacket("udp", "127.0.0.1:0"))
	defer server.Close()
	c := must(poll.Dial("udp", server.LocalAddr().String())).(*poll.PacketConn)
	defer c.Close()
	fmt.Println(cml.Perform(c.WritableOp()))
	// Output:
	// <nil>
}

func ExamplePacketConn_SyscallConn() {
	server := must(poll.ListenPacket("udp", "127.0.0.1:0"))
	defer server.Close()
	c := must(poll.Dial("udp", server.LocalAddr().String())).(*poll.PacketConn)
	defer c.Close()
	raw := must(c.SyscallConn())
	fmt.Println(raw.Control(func(fd uintptr) { /* set an option */ }))
	// Output:
	// <nil>
}

func ExamplePacketConn_RecvFromOp() {
	a := must(poll.ListenPacket("udp", "127.0.0.1:0"))
	defer a.Close()
	_, ok := fibers.PerformTimeout(a.RecvFromOp(100), time.Millisecond)
	fmt.Println(ok)
	a.WriteTo([]byte("to myself"), a.LocalAddr())
	p := cml.Perform(a.RecvFromOp(100))
	fmt.Println(string(p.Data), p.From.String() == a.LocalAddr().String(), p.Err)
	// Output:
	// false
	// to myself true <nil>
}

func ExamplePacketConn_SendToOp() {
	a := must(poll.ListenPacket("udp", "127.0.0.1:0"))
	defer a.Close()
	err, ok := fibers.PerformTimeout(a.SendToOp([]byte("to myself"), a.LocalAddr()), time.Second)
	fmt.Println(err, ok)
	// Output:
	// <nil> true
}
