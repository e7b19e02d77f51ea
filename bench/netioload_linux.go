package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	goruntime "runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The load is a single thread around an epoll instance of its own, so that it costs
// less than what it measures.

// A caller is one connection of the load.
type caller struct {
	fd      int
	busy    bool
	left    int   // bytes of the answer that are to come
	sent    int64 // when its request was due, in ns
	due     []int64
	written int // of a request that did not go out at once
}

// longestWait is how long the load waits for a first answer.
const longestWait = 10 * time.Second

type load struct {
	loadErrand
	epoll   int
	callers []caller
	message []byte
	answer  int // its size
	buf     []byte
	base    time.Time
	from    int64 // requests that are due from here on count
	to      int64
	last    int64     // when counting ended
	delays  []float64 // in µs
	all     int       // requests answered, also before they counted
	next    int64     // when the next one is due, of an open loop
	turn    int
}

// runLoad is the errand "load".
func runLoad(e errand) (o outcome, err error) {
	if e.Load == nil || e.Load.Conns < 1 || e.Load.For <= 0 {
		return o, errors.New("a load without connections or time")
	}
	goruntime.LockOSThread()
	debug.SetGCPercent(-1)
	l := &load{loadErrand: *e.Load, base: time.Now(), buf: make([]byte, 64<<10)}
	l.delays = make([]float64, 0, 1<<20)
	if err := l.connect(); err != nil {
		return o, err
	}
	if err := l.run(); err != nil {
		return o, err
	}
	o.Value = float64(len(l.delays)) / time.Duration(l.last-l.from).Seconds()
	o.Extra = map[string]float64{
		"p50": quantile(l.delays, 0.5), "p99": quantile(l.delays, 0.99), "p999": quantile(l.delays, 0.999),
		"requests_in_all": float64(l.all),
	}
	return o, nil
}

func (l *load) now() int64 { return int64(time.Since(l.base)) }

func (l *load) connect() error {
	addr, err := net.ResolveTCPAddr("tcp", l.Addr)
	if err != nil {
		return err
	}
	l.message, l.answer = bytes.Repeat([]byte("x"), l.Size), l.Size
	if l.HTTP {
		l.message = []byte("GET / HTTP/1.1\r\nHost: bench\r\n\r\n")
	}
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
		l.callers[i].fd = fd
	}
	if l.HTTP {
		return l.measureAnswer()
	}
	return nil
}

// measureAnswer makes one request to know the size of the answers, which are all
// the same.
func (l *load) measureAnswer() error {
	fd := l.callers[0].fd
	if _, err := unix.Write(fd, l.message); err != nil {
		return err
	}
	text := ""
	for start := time.Now(); time.Since(start) < 5*time.Second; {
		n, err := unix.Read(fd, l.buf)
		if err == unix.EAGAIN {
			goruntime.Gosched()
			continue
		}
		if err != nil || n == 0 {
			return fmt.Errorf("read: %w", err)
		}
		text += string(l.buf[:n])
		head, body, ok := strings.Cut(text, "\r\n\r\n")
		_, after, found := strings.Cut(head, "Content-Length: ")
		if !ok || !found {
			continue
		}
		length, _, _ := strings.Cut(after, "\r\n")
		size, err := strconv.Atoi(length)
		if err != nil || !strings.HasPrefix(head, "HTTP/1.1 200") || size != len(helloBody) {
			return fmt.Errorf("wrong answer: %q", text)
		}
		if len(body) == size {
			if body != helloBody {
				return fmt.Errorf("wrong answer: %q", text)
			}
			l.answer = len(text)
			return nil
		}
	}
	return fmt.Errorf("no answer: %q", text)
}

func (l *load) run() error {
	l.from = l.now() + int64(l.Warm)
	l.to = l.from + int64(l.For)
	if l.Rate == 0 {
		for i := range l.callers {
			if err := l.call(&l.callers[i], l.now()); err != nil {
				return err
			}
		}
	}
	l.next = l.now()
	events := make([]unix.EpollEvent, 256)
	for {
		now := l.now()
		if now >= l.to { // on a busy machine, later: there must be an answer
			if len(l.delays) > 0 {
				return nil
			}
			if now > l.to+int64(longestWait) {
				return errors.New("the server does not answer")
			}
		}
		wait := 100 * time.Millisecond
		if l.Rate > 0 {
			if err := l.callDue(now); err != nil {
				return err
			}
			wait = time.Duration(l.next - l.now())
		}
		n, err := waitFor(l.epoll, events, max(wait, 0))
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

// callDue makes the requests of an open loop that are due. A connection that has not
// answered yet makes its own later, and is as late as that.
func (l *load) callDue(now int64) error {
	step := int64(time.Second) / int64(l.Rate)
	for ; l.next <= now; l.next += step {
		c := &l.callers[l.turn%len(l.callers)]
		l.turn++
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
	c.busy, c.sent, c.left, c.written = true, due, l.answer, 0
	return l.push(c)
}

// push sends what is left of the request.
func (l *load) push(c *caller) error {
	for c.written < len(l.message) {
		n, err := unix.Write(c.fd, l.message[c.written:])
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
		if err == unix.EAGAIN {
			return nil
		}
		if err != nil || n == 0 {
			return fmt.Errorf("the server closed a connection: %w", err)
		}
		if c.left -= n; c.left < 0 {
			return errors.New("wrong answer: too long")
		}
		if c.written < len(l.message) {
			if err := l.push(c); err != nil {
				return err
			}
		}
		if c.left == 0 {
			break
		}
		if n < len(l.buf) {
			return nil
		}
	}
	now := l.now()
	l.all++
	if c.sent >= l.from && (now <= l.to || len(l.delays) == 0) {
		l.last = max(now, l.to)
		l.delays = append(l.delays, float64(now-c.sent)/1e3)
	}
	c.busy = false
	if l.Rate == 0 {
		return l.call(c, now)
	}
	if len(c.due) > 0 {
		due := c.due[0]
		c.due = c.due[1:]
		return l.call(c, due)
	}
	return nil
}

// waitFor is epoll_wait with a time in nanoseconds.
func waitFor(fd int, events []unix.EpollEvent, d time.Duration) (int, error) {
	ts := [2]int64{int64(d / time.Second), int64(d % time.Second)}
	n, _, errno := unix.Syscall6(unix.SYS_EPOLL_PWAIT2, uintptr(fd), uintptr(unsafe.Pointer(&events[0])), uintptr(len(events)), uintptr(unsafe.Pointer(&ts)), 0, 0)
	switch errno {
	case 0:
		return int(n), nil
	case unix.EINTR:
		return 0, nil
	}
	return 0, os.NewSyscallError("epoll_pwait2", errno)
}

// cpu is the processor time of the server so far, by the clock of its process.
func (s *server) cpu() time.Duration {
	const scheduled = 2 // CPUCLOCK_SCHED: the clock of a process is ^pid and this
	var ts unix.Timespec
	if unix.ClockGettime(int32(^s.cmd.Process.Pid<<3|scheduled), &ts) != nil {
		return 0
	}
	return time.Duration(ts.Nano())
}

// resident returns the bytes of memory that the server occupies.
func (s *server) resident() (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", s.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	var size, pages int64
	_, err = fmt.Sscan(string(text), &size, &pages)
	return pages * int64(os.Getpagesize()), err
}

// descriptorLimit is how many descriptors a process may have.
func descriptorLimit() int {
	var r unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &r) != nil {
		return 0
	}
	return int(min(r.Cur, 1<<30))
}
