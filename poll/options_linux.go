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

// SetKeepAlivePeriod implements options.
func (o fdOptions) SetKeepAlivePeriod(d time.Duration) error {
	return o.set(func(sys int) error {
		return setSeconds(sys, unix.TCP_KEEPINTVL, setSeconds(sys, unix.TCP_KEEPIDLE, nil, d), d)
	})
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

// SetReadBuffer implements options.
func (o fdOptions) SetReadBuffer(bytes int) error {
	return o.setInt(unix.SOL_SOCKET, unix.SO_RCVBUF, bytes)
}

// SetWriteBuffer implements options.
func (o fdOptions) SetWriteBuffer(bytes int) error {
	return o.setInt(unix.SOL_SOCKET, unix.SO_SNDBUF, bytes)
}

// setSeconds sets an option in seconds, rounded up, unless something failed before
// or d is negative.
func setSeconds(sys, option int, failed error, d time.Duration) error {
	if failed != nil || d < 0 {
		return failed
	}
	return setInt(sys, unix.IPPROTO_TCP, option, int((d+time.Second-1)/time.Second))
}

func setKeepAlive(sys int, c net.KeepAliveConfig) error {
	if err := setInt(sys, unix.SOL_SOCKET, unix.SO_KEEPALIVE, flag(c.Enable)); err != nil || !c.Enable {
		return err
	}
	orElse := func(d, usual time.Duration) time.Duration {
		if d == 0 {
			return usual
		}
		return d
	}
	err := setSeconds(sys, unix.TCP_KEEPIDLE, nil, orElse(c.Idle, keepAliveIdle))
	err = setSeconds(sys, unix.TCP_KEEPINTVL, err, orElse(c.Interval, keepAliveInterval))
	if err != nil || c.Count < 0 {
		return err
	}
	n := c.Count
	if n == 0 {
		n = keepAliveCount
	}
	return setInt(sys, unix.IPPROTO_TCP, unix.TCP_KEEPCNT, n)
}

// setTCPDefaults does what package net does to each connection.
func setTCPDefaults(sys int, c net.KeepAliveConfig) error {
	if err := setInt(sys, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1); err != nil {
		return err
	}
	if !c.Enable {
		return nil
	}
	return setKeepAlive(sys, c)
}
