package poll_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/seed222ee791/fibers/poll"
)

func ExampleListenConfig_Listen() {
	lc := poll.ListenConfig{
		KeepAlive: time.Minute,
		Control: func(network, address string, c syscall.RawConn) error {
			fmt.Println("a socket for", network, address)
			return nil
		},
	}
	lc.SetMultipathTCP(false)
	l, err := lc.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer l.Close()
	// Output: a socket for tcp4 127.0.0.1:0
}

func ExampleListenConfig_ListenPacket() {
	lc := poll.ListenConfig{Control: func(network, address string, c syscall.RawConn) error {
		fmt.Println("a socket for", network, address)
		return nil
	}}
	c, err := lc.ListenPacket(context.Background(), "udp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	// Output: a socket for udp4 127.0.0.1:0
}

func ExampleListenConfig_SetMultipathTCP() {
	var lc poll.ListenConfig
	lc.SetMultipathTCP(true)
	l, err := lc.Listen(context.Background(), "tcp", "127.0.0.1:0") // of TCP, where there is nothing else
	fmt.Println(l != nil, err)
	l.Close()
	// Output: true <nil>
}

func ExampleListenConfig_MultipathTCP() {
	var lc poll.ListenConfig
	fmt.Println(lc.MultipathTCP() == new(net.ListenConfig).MultipathTCP()) // unless it is set
	lc.SetMultipathTCP(false)
	fmt.Println(lc.MultipathTCP())
	// Output:
	// true
	// false
}

func ExampleDialer_SetMultipathTCP() {
	l, err := poll.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer l.Close()
	var d poll.Dialer
	d.SetMultipathTCP(true)
	c, err := d.Dial("tcp", l.Addr().String()) // by TCP, where there is nothing else
	fmt.Println(c != nil, err)
	c.Close()
	// Output: true <nil>
}

func ExampleDialer_MultipathTCP() {
	var d poll.Dialer
	d.SetMultipathTCP(true)
	fmt.Println(d.MultipathTCP())
	// Output: true
}

func ExampleConn_MultipathTCP() {
	l, err := poll.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer l.Close()
	var d poll.Dialer
	d.SetMultipathTCP(false)
	c, err := d.Dial("tcp", l.Addr().String())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	fmt.Println(c.(*poll.Conn).MultipathTCP())
	// Output: false <nil>
}

func ExampleConn_File() {
	l, err := poll.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer l.Close()
	c, err := poll.Dial("tcp", l.Addr().String())
	if err != nil {
		fmt.Println(err)
		return
	}
	f, err := c.(*poll.Conn).File() // for a child to inherit, say
	if err != nil {
		fmt.Println(err)
		return
	}
	c.Close() // f is still connected
	fmt.Fprint(f, "hello")
	f.Close()
	s, err := l.Accept()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	buf := make([]byte, 16)
	n, err := s.Read(buf)
	fmt.Printf("%s %v\n", buf[:n], err)
	// Output: hello <nil>
}

func ExampleListener_File() {
	l, err := poll.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	f, err := l.File() // to go on listening in the next version of this program
	if err != nil {
		fmt.Println(err)
		return
	}
	defer f.Close()
	l.Close()
	c, err := poll.Dial("tcp", l.Addr().String())
	fmt.Println(c != nil, err)
	c.Close()
	// Output: true <nil>
}

func ExampleListener_SetUnlinkOnClose() {
	dir, err := os.MkdirTemp("", "poll")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "s")
	l, err := poll.Listen("unix", path)
	if err != nil {
		fmt.Println(err)
		return
	}
	l.SetUnlinkOnClose(false) // whoever comes next listens there
	l.Close()
	_, err = os.Stat(path)
	fmt.Println(err)
	// Output: <nil>
}
