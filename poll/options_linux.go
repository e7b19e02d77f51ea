package poll

import (
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// The defaults of package net.
const (
	keepAliveIdle     = 15 * time.Second
	keepAliveInterval = 15 * time.Second
	keepAliveCount    = 9
)

// options implements stream.
func (f *fd) options() options { return fdOptions{f} }

type fdOptions struct{ f *fd }

func (o fdOptions) set(f func(sys int) error) error {
	if !o.f.enter() {
		return net.ErrClosed
	}
	defer o.f.leave()
	return f(o.f.sys)
}

func setInt(sys, level, option, value int) error {
	return os.NewSyscallError("setsockopt", unix.SetsockoptInt(sys, level, option, value))
}

func flag(on bool) int {
	if on {
		return 1
	}
	return 0
}

func (o fdOptions) setInt(level, option, value int) error {
	return o.set(func(sys int) error { return setInt(sys, level, option, value) })
}

// SetNoDelay implements options.
func (o fdOptions) SetNoDelay(on bool) error {
	return o.setInt(unix.IPPROTO_TCP, unix.TCP_NODELAY, flag(on))
}

// SetKeepAlive implements options.
func (o fdOptions) SetKeepAlive(on bool) error {
	return o.setInt(unix.SOL_SOCKET, unix.SO_KEEPALIVE, flag(on))
}

// SetKeepAlivePeriod implements options. It is the time until the first probe: the
// time between two is left as it is.
func (o fdOptions) SetKeepAlivePeriod(d time.Duration) error {
	return o.set(func(sys int) error { return setSeconds(sys, unix.TCP_KEEPIDLE, d, keepAliveIdle) })
}

// SetKeepAliveConfig implements options.
func (o fdOptions) SetKeepAliveConfig(c net.KeepAliveConfig) error {
	return o.set(func(sys int) error { return setKeepAlive(sys, c) })
}

// SetLinger implements options.
func (o fdOptions) SetLinger(sec int) error {
	l := unix.Linger{}
	if sec >= 0 {
		l = unix.Linger{Onoff: 1, Linger: int32(sec)}
	}
	return o.set(func(sys int) error {
		return os.NewSyscallError("setsockopt", unix.SetsockoptLinger(sys, unix.SOL_SOCKET, unix.SO_LINGER, &l))
	})
}

// MultipathTCP implements options. The system answers a question about Multipath TCP
// where it is spoken; before Linux 5.16 it answers none.
func (o fdOptions) MultipathTCP() (spoken bool, err error) {
	err = o.set(func(sys int) error {
		const solMPTCP, mptcpInfo = 284, 1
		_, err := unix.GetsockoptInt(sys, solMPTCP, mptcpInfo)
		spoken = err != unix.EOPNOTSUPP && err != unix.ENOPROTOOPT
		return nil
	})
	return spoken && err == nil, err
}

// SetReadBuffer implements options.
func (o fdOptions) SetReadBuffer(bytes int) error {
	return o.setInt(unix.SOL_SOCKET, unix.SO_RCVBUF, bytes)
}

// SetWriteBuffer implements options.
func (o fdOptions) SetWriteBuffer(bytes int) error {
	return o.setInt(unix.SOL_SOCKET, unix.SO_SNDBUF, bytes)
}

// setSeconds sets an option in seconds, rounded up. Zero is the usual time, and
// negative is to leave it.
func setSeconds(sys, option int, d, usual time.Duration) error {
	switch {
	case d < 0:
		return nil
	case d == 0:
		d = usual
	}
	return setInt(sys, unix.IPPROTO_TCP, option, int((d+time.Second-1)/time.Second))
}

// setKeepAlive sets all, up to the first that the system refuses.
func setKeepAlive(sys int, c net.KeepAliveConfig) error {
	if err := setInt(sys, unix.SOL_SOCKET, unix.SO_KEEPALIVE, flag(c.Enable)); err != nil {
		return err
	}
	if err := setSeconds(sys, unix.TCP_KEEPIDLE, c.Idle, keepAliveIdle); err != nil {
		return err
	}
	if err := setSeconds(sys, unix.TCP_KEEPINTVL, c.Interval, keepAliveInterval); err != nil {
		return err
	}
	switch {
	case c.Count < 0:
		return nil
	case c.Count == 0:
		c.Count = keepAliveCount
	}
	return setInt(sys, unix.IPPROTO_TCP, unix.TCP_KEEPCNT, c.Count)
}

// setTCPDefaults does what package net does to each connection. What the system
// refuses is left as it is; it says whether there was such a thing.
func setTCPDefaults(sys int, c net.KeepAliveConfig) (all bool) {
	all = setInt(sys, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1) == nil
	if c.Enable {
		all = setKeepAlive(sys, c) == nil && all
	}
	return all
}
