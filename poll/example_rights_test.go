//go:build unix

package poll_test

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"

	"github.com/seed222ee791/fibers/poll"
)

// neighbours returns two unix sockets for packets, in a directory that remove removes.
func neighbours() (a, b *poll.PacketConn, remove func()) {
	dir := must(os.MkdirTemp("", "poll"))
	a = must(poll.ListenPacket("unixgram", filepath.Join(dir, "a")))
	b = must(poll.ListenPacket("unixgram", filepath.Join(dir, "b")))
	return a, b, func() {
		a.Close()
		b.Close()
		os.RemoveAll(dir)
	}
}

// line returns the two ends of a unix connection.
func line() (a, b *poll.Conn, remove func()) {
	dir := must(os.MkdirTemp("", "poll"))
	l := must(poll.Listen("unix", filepath.Join(dir, "s")))
	a = must(poll.Dial("unix", l.Addr().String())).(*poll.Conn)
	b = must(l.Accept()).(*poll.Conn)
	return a, b, func() {
		a.Close()
		b.Close()
		l.Close()
		os.RemoveAll(dir)
	}
}

func ExamplePacketConn_ReadFromUnix() {
	a, b, remove := neighbours()
	defer remove()
	b.WriteTo([]byte("hello"), a.LocalAddr())
	buf := make([]byte, 100)
	n, from, err := a.ReadFromUnix(buf)
	fmt.Println(string(buf[:n]), filepath.Base(from.Name), err)
	// Output:
	// hello b <nil>
}

func ExamplePacketConn_WriteToUnix() {
	a, b, remove := neighbours()
	defer remove()
	fmt.Println(b.WriteToUnix([]byte("hello"), a.LocalAddr().(*net.UnixAddr)))
	// Output:
	// 5 <nil>
}

func ExamplePacketConn_ReadMsgUnix() {
	a, b, remove := neighbours()
	defer remove()
	b.WriteMsgUnix([]byte("hello"), nil, a.LocalAddr().(*net.UnixAddr))
	buf, oob := make([]byte, 100), make([]byte, 100)
	n, oobn, _, from, err := a.ReadMsgUnix(buf, oob)
	fmt.Println(string(buf[:n]), oobn, filepath.Base(from.Name), err)
	// Output:
	// hello 0 b <nil>
}

func ExamplePacketConn_WriteMsgUnix() {
	a, b, remove := neighbours()
	defer remove()
	fmt.Println(b.WriteMsgUnix([]byte("hello"), nil, a.LocalAddr().(*net.UnixAddr)))
	// Output:
	// 5 0 <nil>
}

// A descriptor goes from one end of a connection to the other, here in one process.
func ExampleConn_WriteMsgUnix() {
	a, b, remove := line()
	defer remove()
	r, w, err := os.Pipe()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer r.Close()
	_, _, err = a.WriteMsgUnix([]byte("a pipe"), syscall.UnixRights(int(w.Fd())), nil)
	w.Close()
	buf, oob := make([]byte, 100), make([]byte, syscall.CmsgSpace(4))
	n, oobn, _, _, err2 := b.ReadMsgUnix(buf, oob)
	fmt.Println(string(buf[:n]), err, err2)
	messages := must(syscall.ParseSocketControlMessage(oob[:oobn]))
	rights := must(syscall.ParseUnixRights(&messages[0]))
	same := os.NewFile(uintptr(rights[0]), "w")
	fmt.Fprint(same, "hello")
	same.Close()
	n, err = r.Read(buf)
	fmt.Println(string(buf[:n]), err)
	// Output:
	// a pipe <nil> <nil>
	// hello <nil>
}

func ExampleConn_ReadMsgUnix() {
	a, b, remove := line()
	defer remove()
	a.Write([]byte("hello"))
	buf, oob := make([]byte, 100), make([]byte, 100)
	n, oobn, _, _, err := b.ReadMsgUnix(buf, oob)
	fmt.Println(string(buf[:n]), oobn, err)
	// Output:
	// hello 0 <nil>
}
