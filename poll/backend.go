package poll

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/internal/epoll"
	"github.com/seed222ee791/fibers/internal/wait"
)

// There are two backends, and they are chosen here: the native one (Linux, files
// *_linux.go), over the epoll instance of package epoll, and the portable one
// (portable*.go), over package net, with a goroutine for each call that a fiber
// waits for. The portable one is taken on other systems, and where epoll is
// refused; epoll.ReadStats tells.
//
// # The contract
//
// Whatever waits parks the calling fiber or goroutine alone, and ends with
// net.ErrClosed when the endpoint is closed and os.ErrDeadlineExceeded when the
// deadline of its direction is over, at once if it is by then. Reads and writes may
// be under way at the same time; so may several of each, where writes do not mix.
// close waits until no call uses the descriptor. Errors are bare: what package net
// says around them is added by the types that users see. Tests run on both.

// An endpoint is what all kinds have in common.
type endpoint interface {
	close() error
	// setDeadline sets the deadlines of the directions that are said; the zero time
	// is none.
	setDeadline(t time.Time, in, out bool) error
	raw() (syscall.RawConn, error)
	// file returns a file of package os with a descriptor of its own.
	file() (*os.File, error)
	local() net.Addr
}

// A stream is a connection, or another descriptor that bytes go through.
type stream interface {
	endpoint
	// ready is the operation that is ready when an attempt in that direction would
	// not wait, or when there is an error.
	ready(dir epoll.Direction) cml.Op[error]
	read(p []byte) (int, error)
	write(p []byte) (int, error)
	// tryRead and tryWrite are read and write that do not wait: not ok means that they
	// would have to. tryWrite may write a part. With ask the system is asked though it
	// is believed that there is nothing. An error is ok; that of a system where nobody
	// can tell is errors.ErrUnsupported.
	tryRead(p []byte, ask bool) (n int, ok bool, err error)
	tryWrite(p []byte, ask bool) (n int, ok bool, err error)
	// copyFrom writes up to limit bytes that come from r, if it can do so without
	// reading them. If it is not done, nothing has been taken from r.
	copyFrom(r io.Reader, limit int64) (n int64, done bool, err error)
	shutdown(dir epoll.Direction) error
	remote() net.Addr
	options() options
}

// A prompt stream can tell at once when there is something for an attempt. Those of
// the portable backend cannot: Reader and Writer have goroutines wait for these.
type prompt interface {
	// notice has call made, once, when an attempt may succeed that has not: it must be
	// short and not wait, and may be made by anyone. It reports false, and call is not
	// made, if one may succeed now. cancel takes it back; it may come too late.
	notice(dir epoll.Direction, call func()) (cancel func(), ok bool)
	// awaitUnless parks the caller, whose waiter is w, until an attempt to read may succeed, or
	// off is set by one who then calls Unpark of w. It reports whether the runtime of
	// the caller closes: see wait.Waiter.
	awaitUnless(w wait.Waiter, off *atomic.Bool) (ending bool)
}

// An acceptor is a listening socket.
type acceptor interface {
	endpoint
	accept() (stream, error)
	acceptOp() cml.Op[accepted]
	setUnlink(unlink bool) // whether close removes the file of a unix socket
}

type accepted struct {
	stream stream
	err    error
}

// A mailer is a socket for packets: its reads and writes are those of package net's
// UDPConn or UnixConn. The methods of the other kind are not called.
type mailer interface {
	stream
	readFromUDP(p []byte) (int, netip.AddrPort, error)
	writeToUDP(p []byte, to *net.UDPAddr) (int, error)
	writeToAddrPort(p []byte, to netip.AddrPort) (int, error)
	readMsgUDP(p, oob []byte) (n, oobn, flags int, from netip.AddrPort, err error)
	writeMsgUDP(p, oob []byte, to *net.UDPAddr) (n, oobn int, err error)
	writeMsgAddrPort(p, oob []byte, to netip.AddrPort) (n, oobn int, err error)
	readFromUnix(p []byte) (int, *net.UnixAddr, error)
	writeToUnix(p []byte, to *net.UnixAddr) (int, error)
	// recvOp is the operation that takes a packet, of which it gives max bytes.
	recvOp(max int) cml.Op[letter]
	// sendOp is the operation that sends p; to is nil, or an address for the kind of socket.
	sendOp(p []byte, to net.Addr) cml.Op[error]
	envoy
}

// A letter is a packet that has come.
type letter struct {
	data []byte
	from net.Addr // nil: the sender has no name
	err  error
}

// cut returns what is given of a letter.
func (l letter) cut(max int) letter {
	l.data = l.data[:min(max, len(l.data))]
	return l
}

// largestPacket is more than any packet has: what is received before it is known who will
// get it is received as a whole.
const largestPacket = 256 << 10

// An envoy is a unix socket: what it sends may bring descriptors along.
type envoy interface {
	readMsgUnix(p, oob []byte) (n, oobn, flags int, from *net.UnixAddr, err error)
	writeMsgUnix(p, oob []byte, to *net.UnixAddr) (n, oobn int, err error)
}

// options are those of a TCP connection; *net.TCPConn has them too.
type options interface {
	SetNoDelay(noDelay bool) error
	SetKeepAlive(keepalive bool) error
	SetKeepAlivePeriod(d time.Duration) error
	SetKeepAliveConfig(config net.KeepAliveConfig) error
	SetLinger(sec int) error
	MultipathTCP() (bool, error)
	SetReadBuffer(bytes int) error
	SetWriteBuffer(bytes int) error
}

// An attempt is a connection that is being made.
type attempt interface {
	// done is the operation that is ready when it is made, or has failed: its stream
	// is the caller's then. It may be performed with success once.
	done() cml.Op[connected]
	// abandon gives it up, unless done has been performed.
	abandon()
}

type connected struct {
	stream stream
	err    error
}

// A backend makes endpoints. Addresses have been resolved. It fails with
// epoll.ErrUnsupported, and has done nothing, where it is refused.
type backend interface {
	// listen takes over a listener of package net, with what its connections are to have.
	listen(l net.Listener, k net.KeepAliveConfig) (acceptor, error)
	packets(c net.Conn) (mailer, error) // takes over a socket for packets
	connect(d *dialing) (attempt, error)
	pipe() (r, w stream, err error)
	file(fd uintptr, name string) (stream, error)
}

// backends returns the backends to be tried, in this order, until one is not
// refused.
func backends() []backend {
	if chosen := underTest.Load(); chosen != nil {
		return *chosen
	}
	if native == nil {
		return []backend{portable{}}
	}
	return []backend{native, portable{}}
}

// underTest is what tests have instead. Writers: they alone.
var underTest atomic.Pointer[[]backend]

// pick does something with the first backend that is not refused.
func pick[T any](f func(b backend) (T, error)) (v T, err error) {
	for _, b := range backends() {
		if v, err = f(b); !errors.Is(err, epoll.ErrUnsupported) {
			break
		}
	}
	return v, err
}
