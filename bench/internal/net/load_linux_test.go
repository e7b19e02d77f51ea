package net

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	goruntime "runtime"
	"strings"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/seed222ee791/fibers/bench/internal/harness"
)

// underTest sends a load to serve, in a process of its own, as it is when it
// measures.
func underTest(t *testing.T, l loadTask, serve func(i int, c net.Conn)) (harness.Sample, error) {
	t.Helper()
	l.Addr = testServer(t, serve)
	if l.For == 0 {
		l.For = 100 * time.Millisecond
	}
	return harness.Send(t.Context(), l.child())
}

// echoing echoes messages of 64 bytes, with what change makes of the nth.
func echoing(change func(conn, nth int, last, p []byte) []byte) func(i int, c net.Conn) {
	return func(i int, c net.Conn) {
		last := make([]byte, 64)
		for nth := 0; ; nth++ {
			p := make([]byte, 64)
			if _, err := io.ReadFull(c, p); err != nil {
				return
			}
			if _, err := c.Write(change(i, nth, last, p)); err != nil {
				return
			}
			last = p
		}
	}
}

func TestLoadChecksEchoes(t *testing.T) {
	for name, c := range map[string]struct {
		says   string
		change func(conn, nth int, last, p []byte) []byte
	}{
		"right":    {"", func(_, _ int, _, p []byte) []byte { return p }},
		"one byte": {"wrong answer", func(conn, _ int, _, p []byte) []byte { p[63] ^= byte(conn & 1); return p }},
		"an answer of an earlier request": {"wrong answer", func(_, nth int, last, p []byte) []byte {
			if nth == 0 {
				return p
			}
			return last
		}},
		"too much": {"too long", func(_, _ int, _, p []byte) []byte { return append(p, 'x') }},
	} {
		t.Run(name, func(t *testing.T) {
			l := loadTask{Conns: 4, Size: 64}
			if c.says != "" {
				l.For = time.Second // it does not last so long
			}
			got, err := underTest(t, l, echoing(c.change))
			switch {
			case c.says == "":
				if err != nil || got.Values[0] <= 0 || got.Extra["unanswered"] != 0 {
					t.Errorf("%+v, %v", got, err)
				}
			case err == nil || !strings.Contains(err.Error(), c.says):
				t.Errorf("error: %v", err)
			}
		})
	}
}

func TestLoadChecksAnswersOfHTTP(t *testing.T) {
	const usual = "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:%02d GMT\r\nContent-Length: 14\r\n\r\n" + helloBody
	for name, want := range map[string]struct{ says, later string }{
		"right":  {"", usual},
		"body":   {"wrong answer", strings.Replace(usual, "world", "World", 1)},
		"status": {"wrong answer", strings.Replace(usual, "200", "500", 1)},
		"header": {"wrong answer", strings.Replace(usual, "Date", "Data", 1)},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := underTest(t, loadTask{Conns: 4, HTTP: true}, func(i int, c net.Conn) {
				r := bufio.NewReader(c)
				for nth := 0; ; nth++ {
					if _, err := http.ReadRequest(r); err != nil {
						return
					}
					text := usual
					if i+nth > 0 { // not the first, which is looked at
						text = want.later
					}
					fmt.Fprintf(c, text, nth%60)
				}
			})
			if want.says == "" && err != nil || want.says != "" && (err == nil || !strings.Contains(err.Error(), want.says)) {
				t.Errorf("error: %v", err)
			}
		})
	}
}

// A server that closes connections is not said to have failed with %!w(<nil>).
func TestLoadSaysThatItWasClosed(t *testing.T) {
	for name, l := range map[string]loadTask{"echo": {Conns: 2, Size: 64}, "http": {Conns: 2, HTTP: true}} {
		_, err := underTest(t, l, func(_ int, c net.Conn) { c.Read(make([]byte, 100)) })
		if err == nil || !strings.Contains(err.Error(), "closed a connection") || strings.Contains(err.Error(), "%!") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Requests that are not answered at all count, as the time for which they were
// waited.
func TestRequestsWithoutAnAnswerCount(t *testing.T) {
	// One of the connections is silent; the others answer ten times in that time.
	serve := func(i int, c net.Conn) {
		if i == 0 {
			io.Copy(io.Discard, c)
			return
		}
		echoing(func(_, _ int, _, p []byte) []byte {
			<-time.After(10 * time.Millisecond)
			return p
		})(i, c)
	}
	// Closed: one request. Open: 100 a second, of which it had half.
	for name, l := range map[string]loadTask{"closed": {Conns: 2, Size: 64}, "open": {Conns: 2, Size: 64, Rate: 100}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := underTest(t, l, serve)
			if err != nil {
				t.Fatal(err)
			}
			if n := got.Extra["unanswered"]; l.Rate == 0 && n != 1 || l.Rate > 0 && n < 3 {
				t.Errorf("%v had no answer", n)
			}
			if slow := micros(int64(overtime)) * 0.9; got.Extra["p999"] < slow {
				t.Errorf("percentile 99.9 is %v µs", got.Extra["p999"])
			}
		})
	}
}

// Requests that are answered late count as slow as they were.
func TestLateAnswersCount(t *testing.T) {
	got, err := underTest(t, loadTask{Conns: 2, Size: 64}, echoing(func(i, nth int, _, p []byte) []byte {
		if i == 0 && nth == 1 { // past the end
			<-time.After(300 * time.Millisecond)
		}
		return p
	}))
	if err != nil {
		t.Fatal(err)
	}
	if n := got.Extra["unanswered"]; n != 0 {
		t.Errorf("%v had no answer", n)
	}
	if longest := got.Extra["longest"]; longest < 0.3e6 {
		t.Errorf("the longest took %v µs", longest)
	}
}

// The load gets by without epoll_pwait2, with waits that are not too short.
func TestLoadWithoutPwait2(t *testing.T) {
	for _, refusal := range []unix.Errno{unix.ENOSYS, unix.EPERM} {
		done := make(chan string)
		go func() {
			goruntime.LockOSThread() // for good: the thread ends with this goroutine
			if err := refuse(unix.SYS_EPOLL_PWAIT2, refusal); err != nil {
				done <- "skip: " + err.Error()
				return
			}
			done <- waits()
		}()
		switch text := <-done; {
		case strings.HasPrefix(text, "skip: "):
			t.Skip("system calls cannot be refused here: ", text[6:])
		case text != "":
			t.Errorf("%v: %s", refusal, text)
		}
	}
}

// waits tries out wait, and says what is wrong.
func waits() string {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return err.Error()
	}
	defer unix.Close(fd)
	var p [2]int
	if err := unix.Pipe(p[:]); err != nil {
		return err.Error()
	}
	defer unix.Close(p[0])
	defer unix.Close(p[1])
	if err := unix.EpollCtl(fd, unix.EPOLL_CTL_ADD, p[0], &unix.EpollEvent{Events: unix.EPOLLIN, Fd: 7}); err != nil {
		return err.Error()
	}
	l := &load{epoll: fd}
	events := make([]unix.EpollEvent, 4)
	for _, d := range []time.Duration{0, 100 * time.Microsecond, 1500 * time.Microsecond} {
		began := time.Now()
		if n, err := l.wait(events, d); n != 0 || err != nil || time.Since(began) < d {
			return fmt.Sprintf("%d, %v after %v of %v", n, err, time.Since(began), d)
		}
	}
	unix.Write(p[1], []byte("x"))
	if n, err := l.wait(events, time.Hour); n != 1 || err != nil || events[0].Fd != 7 {
		return fmt.Sprintf("%d, %v: %v", n, err, events[0])
	}
	if !l.old {
		return "it has tried epoll_pwait2 in vain, and would again"
	}
	return ""
}

// refuse has a system call fail in this thread from now on.
func refuse(call uint32, errno unix.Errno) error {
	const number = 0 // where it is in what the filter sees
	filter := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: number},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: call, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(errno)},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	return unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&program)), 0, 0)
}
