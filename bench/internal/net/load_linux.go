package net

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	goruntime "runtime"
	"runtime/debug"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/seed222ee791/fibers/bench/internal/harness"
)

// The load is a single thread around an epoll instance of its own, so that it costs
// less than what it measures.

// A caller is one connection of the load.
type caller struct {
	fd      int
	index   int // of callers
	busy    bool
	nth     int // requests so far
	request []byte
	written int // of it; it may not go out at once
	want    answer
	come    int     // bytes of it
	sent    int64   // when its request was due, in ns
	due     []int64 // when those were that wait for it
}

const (
	longestWait = 10 * time.Second // for a first answer
	overtime    = 2 * time.Second  // for the answers that are to come when the time is over
)

type load struct {
	loadTask
	epoll   int
	old     bool // there is no epoll_pwait2
	callers []caller
	script  script
	hello   answer // of a server of HTTP
	buf     []byte
	base    time.Time
	from    int64 // requests that are due from here on count
	to      int64
	last    int64 // when counting ended
	next    int64 // when the next one is due, of an open loop
	turn    int

	waiting    int       // requests that were due and have no answer
	counted    int       // answered in time
	all        int       // answered, also before and after
	unanswered int       // when overtime came to its end
	delays     []float64 // in µs, of those that counted, be they answered late or not
}

// runLoad is the child task "load".
func runLoad(e harness.ChildTask) (o harness.Outcome, err error) {
	var what loadTask
	if err := json.Unmarshal(e.Detail, &what); err != nil {
		return o, fmt.Errorf("a load that is not one: %w", err)
	}
	if what.Conns < 1 || what.For <= 0 {
		return o, errors.New("a load without connections or time")
	}
	goruntime.LockOSThread()
	debug.SetGCPercent(-1)
	l := &load{loadTask: what, base: time.Now(), buf: make([]byte, 64<<10)}
	l.delays = make([]float64, 0, 1<<20)
	if err := l.connect(); err != nil {
		return o, err
	}
	if err := l.run(); err != nil {
		return o, err
	}
	o.Value = float64(l.counted) / time.Duration(l.last-l.from).Seconds()
	o.Extra = map[string]float64{
		"p50": harness.Quantile(l.delays, 0.5), "p99": harness.Quantile(l.delays, 0.99), "p999": harness.Quantile(l.delays, 0.999),
		"longest": harness.Quantile(l.delays, 1), "requests_in_all": float64(l.all), "unanswered": float64(l.unanswered),
	}
	return o, nil
}

func (l *load) now() int64 { return int64(time.Since(l.base)) }

func (l *load) connect() error {
	addr, err := net.ResolveTCPAddr("tcp", l.Addr)
	if err != nil {
		return err
	}
	l.script = newScript(l.Size)
	if l.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return err
	}
	sa := &unix.SockaddrInet4{Port: addr.Port, Addr: [4]byte(addr.IP.To4())}
	l.callers = make([]caller, l.Conns)
	for i := range l.callers {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		if err := unix.Connect(fd, sa); err != nil {
			return err
		}
		unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
		if err := unix.SetNonblock(fd, true); err != nil {
			return err
		}
		if err := unix.EpollCtl(l.epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(i)}); err != nil {
			return err
		}
		l.callers[i].fd, l.callers[i].index = fd, i
	}
	if l.HTTP {
		return l.measureAnswer()
	}
	return nil
}

// get is the request of HTTP.
var get = []byte("GET / HTTP/1.1\r\nHost: bench\r\n\r\n")

// measureAnswer makes one request, and has a close look at the answer.
func (l *load) measureAnswer() error {
	fd := l.callers[0].fd
	if _, err := unix.Write(fd, get); err != nil {
		return os.NewSyscallError("write", err)
	}
	text := ""
	for start := time.Now(); time.Since(start) < longestWait; {
		n, err := unix.Read(fd, l.buf)
		switch {
		case err == unix.EAGAIN:
			goruntime.Gosched()
			continue
		case err != nil:
			return os.NewSyscallError("read", err)
		case n == 0:
			return fmt.Errorf("the server closed a connection instead of answering, after %q", text)
		}
		text += string(l.buf[:n])
		if l.hello, err = helloAnswer(text); err != errUnfinished {
			return err
		}
	}
	return fmt.Errorf("no answer, but %q", text)
}

func (l *load) run() error {
	l.from = l.now() + int64(l.Warm)
	l.to = l.from + int64(l.For)
	if l.Rate == 0 {
		for i := range l.callers {
			l.waiting++
			if err := l.call(&l.callers[i], l.now()); err != nil {
				return err
			}
		}
	}
	l.next = l.now()
	events := make([]unix.EpollEvent, 256)
	for {
		now := l.now()
		wait := 100 * time.Millisecond
		if l.Rate > 0 {
			if err := l.callDue(now); err != nil {
				return err
			}
			if l.asks(now) {
				wait = time.Duration(l.next - l.now())
			}
		}
		if over, err := l.over(now); over || err != nil {
			return err
		}
		n, err := l.wait(events, max(wait, 0))
		if err != nil {
			return err
		}
		for _, e := range events[:n] {
			if err := l.answered(&l.callers[e.Fd]); err != nil {
				return err
			}
		}
	}
}

// asks reports whether requests are still made. On a busy machine they are longer
// than was said: there must be an answer that counts.
func (l *load) asks(now int64) bool { return now < l.to || l.counted == 0 }

// over reports whether all is done. Answers that are to come when the time is over
// are waited for, and their requests count as slow as they are: else the slowest
// would be left out. When overtime ends they count as the time that they have
// waited so far.
func (l *load) over(now int64) (bool, error) {
	switch {
	case l.asks(now):
		if now > l.to+int64(longestWait) {
			return false, errors.New("the server does not answer")
		}
		return false, nil
	case l.waiting > 0 && now < l.last+int64(overtime):
		return false, nil
	}
	l.unanswered = l.waiting
	for i := range l.callers {
		c := &l.callers[i]
		if c.busy {
			l.delays = append(l.delays, micros(now-c.sent))
		}
		for _, due := range c.due {
			l.delays = append(l.delays, micros(now-due))
		}
	}
	return true, nil
}

func micros(ns int64) float64 { return float64(ns) / 1e3 }

// callDue makes the requests of an open loop that are due. A connection that has not
// answered yet makes its own later, and is as late as that.
func (l *load) callDue(now int64) error {
	if !l.asks(now) {
		now = l.to
	}
	step := int64(time.Second) / int64(l.Rate)
	for ; l.next <= now; l.next += step {
		c := &l.callers[l.turn%len(l.callers)]
		l.turn++
		l.waiting++
		if c.busy {
			c.due = append(c.due, l.next)
			continue
		}
		if err := l.call(c, l.next); err != nil {
			return err
		}
	}
	return nil
}

// call sends a request that was due at that time.
func (l *load) call(c *caller, due int64) error {
	c.busy, c.sent, c.come, c.written = true, due, 0, 0
	if l.HTTP {
		c.request, c.want = get, l.hello
	} else {
		c.request = l.script.piece(c.index, c.nth)
		c.want = answer{text: c.request}
	}
	c.nth++
	return l.push(c)
}

// push sends what is left of the request.
func (l *load) push(c *caller) error {
	for c.written < len(c.request) {
		n, err := unix.Write(c.fd, c.request[c.written:])
		if err == unix.EAGAIN {
			return nil // the answer to what has been sent comes first
		}
		if err != nil {
			return os.NewSyscallError("write", err)
		}
		c.written += n
	}
	return nil
}

// answered reads what there is, and when it is the whole answer makes the next
// request.
func (l *load) answered(c *caller) error {
	for {
		n, err := unix.Read(c.fd, l.buf)
		switch {
		case err == unix.EAGAIN:
			return nil
		case err != nil:
			return os.NewSyscallError("read", err)
		case n == 0:
			return errors.New("the server closed a connection")
		case !c.busy:
			return fmt.Errorf("wrong answer: %q, though nothing was asked", brief(l.buf[:n]))
		case n > len(c.want.text)-c.come:
			return errors.New("wrong answer: too long")
		case !c.want.holds(c.come, l.buf[:n]):
			return fmt.Errorf("wrong answer: from byte %d on %q, must be %q", c.come, brief(l.buf[:n]), brief(c.want.text[c.come:][:n]))
		}
		c.come += n
		if c.written < len(c.request) {
			if err := l.push(c); err != nil {
				return err
			}
		}
		if c.come == len(c.want.text) {
			break
		}
		if n < len(l.buf) {
			return nil
		}
	}
	now := l.now()
	c.busy = false
	l.all++
	l.waiting--
	if c.sent >= l.from || now > l.to { // not if it belongs to the warming-up alone
		l.delays = append(l.delays, micros(now-c.sent))
	}
	if c.sent >= l.from && (now <= l.to || l.counted == 0) {
		l.counted++
		l.last = max(now, l.to)
	}
	if len(c.due) > 0 {
		due := c.due[0]
		c.due = c.due[1:]
		return l.call(c, due)
	}
	if l.Rate == 0 && l.asks(now) {
		l.waiting++
		return l.call(c, now)
	}
	return nil
}

// brief is the beginning of what came.
func brief(p []byte) []byte { return p[:min(len(p), 80)] }

// wait is epoll_wait with a time in nanoseconds. Linux before 5.11, and some
// sandboxes, have none: there ppoll waits, which has always had one.
func (l *load) wait(events []unix.EpollEvent, d time.Duration) (int, error) {
	if !l.old {
		ts := [2]int64{int64(d / time.Second), int64(d % time.Second)}
		n, _, errno := unix.Syscall6(unix.SYS_EPOLL_PWAIT2, uintptr(l.epoll), uintptr(unsafe.Pointer(&events[0])), uintptr(len(events)), uintptr(unsafe.Pointer(&ts)), 0, 0)
		switch errno {
		case 0:
			return int(n), nil
		case unix.EINTR:
			return 0, nil
		case unix.ENOSYS, unix.EPERM:
			l.old = true
		default:
			return 0, os.NewSyscallError("epoll_pwait2", errno)
		}
	}
	ts := unix.NsecToTimespec(int64(d))
	if _, err := unix.Ppoll([]unix.PollFd{{Fd: int32(l.epoll), Events: unix.POLLIN}}, &ts, nil); err != nil && err != unix.EINTR {
		return 0, os.NewSyscallError("ppoll", err)
	}
	n, err := unix.EpollWait(l.epoll, events, 0)
	switch err {
	case nil:
		return n, nil
	case unix.EINTR:
		return 0, nil
	}
	return 0, os.NewSyscallError("epoll_wait", err)
}
