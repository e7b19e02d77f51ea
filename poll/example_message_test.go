package poll_test

import (
	"fmt"
	"io"
	"net"
	"net/netip"

	"github.com/seed222ee791/fibers/poll"
)

// correspondents returns two sockets, and the address of the first.
func correspondents() (a, b *poll.PacketConn, to *net.UDPAddr) {
	a = must(poll.ListenPacket("udp", "127.0.0.1:0"))
	b = must(poll.ListenPacket("udp", "127.0.0.1:0"))
	return a, b, a.LocalAddr().(*net.UDPAddr)
}

func ExamplePacketConn_ReadFromUDP() {
	a, b, to := correspondents()
	defer a.Close()
	defer b.Close()
	b.WriteToUDP([]byte("hello"), to)
	buf := make([]byte, 1500)
	n, from, err := a.ReadFromUDP(buf)
	fmt.Println(string(buf[:n]), from.IP, err)
	// Output:
	// hello 127.0.0.1 <nil>
}

func ExamplePacketConn_WriteToUDP() {
	a, b, to := correspondents()
	defer a.Close()
	defer b.Close()
	fmt.Println(b.WriteToUDP([]byte("hello"), to))
	// Output:
	// 5 <nil>
}

func ExamplePacketConn_ReadFromUDPAddrPort() {
	a, b, to := correspondents()
	defer a.Close()
	defer b.Close()
	b.WriteToUDPAddrPort([]byte("hello"), to.AddrPort())
	buf := make([]byte, 1500)
	n, from, err := a.ReadFromUDPAddrPort(buf)
	fmt.Println(string(buf[:n]), from.Addr(), err)
	// Output:
	// hello 127.0.0.1 <nil>
}

func ExamplePacketConn_WriteToUDPAddrPort() {
	a, b, to := correspondents()
	defer a.Close()
	defer b.Close()
	fmt.Println(b.WriteToUDPAddrPort([]byte("hello"), to.AddrPort()))
	// Output:
	// 5 <nil>
}

func ExamplePacketConn_ReadMsgUDP() {
	a, b, to := correspondents()
	defer a.Close()
	defer b.Close()
	b.WriteMsgUDP([]byte("hello"), nil, to)
	buf, oob := make([]byte, 1500), make([]byte, 100)
	n, oobn, _, from, err := a.ReadMsgUDP(buf, oob)
	fmt.Println(string(buf[:n]), oobn, from.IP, err)
	// Output:
	// hello 0 127.0.0.1 <nil>
}

func ExamplePacketConn_WriteMsgUDP() {
	a, b, to := correspondents()
	defer a.Close()
	defer b.Close()
	fmt.Println(b.WriteMsgUDP([]byte("hello"), nil, to))
	// Output:
	// 5 0 <nil>
}

func ExamplePacketConn_ReadMsgUDPAddrPort() {
	a, b, to := correspondents()
	defer a.Close()
	defer b.Close()
	b.WriteMsgUDPAddrPort([]byte("hello"), nil, to.AddrPort())
	buf := make([]byte, 3) // too small
	n, _, flags, from, err := a.ReadMsgUDPAddrPort(buf, nil)
	fmt.Println(string(buf[:n]), flags != 0, from.Addr(), err)
	// Output:
	// hel true 127.0.0.1 <nil>
}

func ExamplePacketConn_WriteMsgUDPAddrPort() {
	a, b, to := correspondents()
	defer a.Close()
	defer b.Close()
	_, _, err := b.WriteMsgUDPAddrPort([]byte("hello"), nil, netip.AddrPort{})
	fmt.Println(err != nil) // to nobody
	fmt.Println(b.WriteMsgUDPAddrPort([]byte("hello"), nil, to.AddrPort()))
	// Output:
	// true
	// 5 0 <nil>
}

func ExamplePacketConn_SetReadBuffer() {
	a, b, _ := correspondents()
	defer a.Close()
	defer b.Close()
	fmt.Println(a.SetReadBuffer(1 << 20)) // for what comes while nobody reads
	// Output:
	// <nil>
}

func ExamplePacketConn_SetWriteBuffer() {
	a, b, _ := correspondents()
	defer a.Close()
	defer b.Close()
	fmt.Println(b.SetWriteBuffer(1 << 20))
	// Output:
	// <nil>
}

func ExamplePacketConn_File() {
	a, b, to := correspondents()
	defer a.Close()
	defer b.Close()
	f, err := a.File() // for a child to inherit, say
	if err != nil {
		fmt.Println(err)
		return
	}
	defer f.Close()
	b.WriteTo([]byte("hello"), to)
	buf := make([]byte, 5)
	_, err = io.ReadFull(f, buf)
	fmt.Println(string(buf), err)
	// Output:
	// hello <nil>
}
