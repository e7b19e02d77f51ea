package poll

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Here somebody who shares a descriptor clears O_NONBLOCK of it, as a shell does to
// its standard input. A raw system call that blocks then would stop the whole process
// at the next garbage collection, and with it the test: so there is a second process,
// and it is killed.
func TestDescriptorsThatOthersMakeBlocking(t *testing.T) {
	const child = "POLL_TEST_DESCRIPTORS"
	if os.Getenv(child) == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.count=1")
		cmd.Env = append(os.Environ(), child+"=1")
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		kill := time.AfterFunc(40*time.Second, func() { cmd.Process.Kill() })
		defer kill.Stop()
		if err := cmd.Wait(); err != nil {
			t.Errorf("%v\n%s", err, out.Bytes())
		}
		return
	}
	for name, pair := range sharedPairs(t) {
		t.Run("read/"+name, func(t *testing.T) {
			in, out := pair(t)
			clearNonblock(t, in)
			done := make(chan error, 1)
			buf := make([]byte, 100)
			spawnFiber(func() {
				n, err := in.Read(buf)
				if err == nil && string(bytes.TrimSpace(buf[:n])) != "hello" {
					err = fmt.Errorf("read %q", buf[:n])
				}
				done <- err
			})
			parked(t, in, true, 1)
			collect()
			if _, err := out.Write([]byte("hello\n")); err != nil {
				t.Fatal(err)
			}
			within(t, "the read", func() {
				if err := <-done; err != nil {
					t.Error(err)
				}
			})
			within(t, "the deadline", func() {
				in.(interface{ SetReadDeadline(time.Time) error }).SetReadDeadline(time.Now().Add(10 * time.Millisecond))
				for {
					if _, err := in.Read(buf); err != nil {
						timedOut(t, err)
						break
					}
				}
			})
			within(t, "the end", func() { in.Close() })
		})
		t.Run("write/"+name, func(t *testing.T) {
			if name == "udp" { // never full
				return
			}
			in, out := pair(t)
			clearNonblock(t, out)
			const packet, packets = 1 << 10, 512
			var wg sync.WaitGroup
			wg.Add(1)
			spawnFiber(func() {
				defer wg.Done()
				p := bytes.Repeat([]byte("line of 16 bytes"), packet/16)
				for i := range packets {
					p[len(p)-1] = '\n'
					if n, err := out.Write(p); n != len(p) || err != nil {
						t.Errorf("%d: %d, %v", i, n, err)
						return
					}
				}
			})
			parked(t, out, false, 1)
			collect()
			within(t, "the writes", func() {
				buf := make([]byte, packet)
				for got := 0; got < packet*packets; {
					n, err := in.Read(buf)
					if err != nil {
						t.Fatal(err)
					}
					got += n
				}
				wg.Wait()
			})
		})
	}
	t.Run("accept", func(t *testing.T) {
		l := mustListen(t, "tcp", "127.0.0.1:0")
		clearNonblock(t, l)
		done := make(chan error, 1)
		spawnFiber(func() {
			c, err := l.Accept()
			if err == nil {
				c.Close()
			}
			done <- err
		})
		parked(t, l, true, 1)
		collect()
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		within(t, "the accept", func() {
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
		l.SetDeadline(time.Now().Add(10 * time.Millisecond))
		_, err = l.Accept()
		timedOut(t, err)
	})
}

// sharedPairs returns functions that connect two ends, by kind.
func sharedPairs(t *testing.T) map[string]func(t *testing.T) (in, out io.ReadWriteCloser) {
	closed := func(t *testing.T, ends ...io.ReadWriteCloser) (in, out io.ReadWriteCloser) {
		for _, e := range ends {
			t.Cleanup(func() { e.Close() })
		}
		return ends[0], ends[1]
	}
	file := func(t *testing.T, sys int) io.ReadWriteCloser {
		f, err := NewFile(uintptr(sys), "a descriptor")
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	socketpair := func(kind int) func(t *testing.T) (in, out io.ReadWriteCloser) {
		return func(t *testing.T) (in, out io.ReadWriteCloser) {
			p, err := unix.Socketpair(unix.AF_UNIX, kind|unix.SOCK_CLOEXEC, 0)
			if err != nil {
				t.Fatal(err)
			}
			return closed(t, file(t, p[0]), file(t, p[1]))
		}
	}
	return map[string]func(t *testing.T) (in, out io.ReadWriteCloser){
		"socketpair": socketpair(unix.SOCK_STREAM),
		"unixgram":   socketpair(unix.SOCK_DGRAM),
		"seqpacket":  socketpair(unix.SOCK_SEQPACKET),
		"tcp": func(t *testing.T) (in, out io.ReadWriteCloser) {
			a, b := pairOf(t, "tcp", "127.0.0.1:0")
			control(t, b, func(fd uintptr) { unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_SNDBUF, 64<<10) })
			return closed(t, a, b)
		},
		"pipe": func(t *testing.T) (in, out io.ReadWriteCloser) {
			r, w, err := Pipe()
			if err != nil {
				t.Fatal(err)
			}
			return closed(t, r, w)
		},
		"pipe without RWF_NOWAIT": func(t *testing.T) (in, out io.ReadWriteCloser) {
			r, w, err := Pipe()
			if err != nil {
				t.Fatal(err)
			}
			fdOf(r).patient[0].Store(true)
			fdOf(w).patient[1].Store(true)
			return closed(t, r, w)
		},
		"terminal": func(t *testing.T) (in, out io.ReadWriteCloser) {
			master, slave := terminal(t)
			return closed(t, file(t, slave), file(t, master))
		},
		"udp": func(t *testing.T) (in, out io.ReadWriteCloser) {
			l, err := ListenPacket("udp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			c, err := Dial("udp", l.LocalAddr().String())
			if err != nil {
				t.Fatal(err)
			}
			return closed(t, l, c.(*PacketConn))
		},
	}
}

// terminal returns the two ends of one that passes on what it gets.
func terminal(t *testing.T) (master, slave int) {
	t.Helper()
	master, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Skip(err)
	}
	n, err := unix.IoctlGetInt(master, unix.TIOCGPTN)
	if err != nil {
		t.Skip(err)
	}
	unix.IoctlSetPointerInt(master, unix.TIOCSPTLCK, 0)
	slave, err = unix.Open(fmt.Sprintf("/dev/pts/%d", n), unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Skip(err)
	}
	tio, err := unix.IoctlGetTermios(slave, unix.TCGETS)
	if err != nil {
		t.Skip(err)
	}
	tio.Lflag &^= unix.ECHO | unix.ICANON
	tio.Oflag, tio.Iflag = 0, 0
	if err := unix.IoctlSetTermios(slave, unix.TCSETS, tio); err != nil {
		t.Skip(err)
	}
	return master, slave
}

// control calls f with the descriptor of x.
func control(t testing.TB, x any, f func(fd uintptr)) {
	t.Helper()
	raw, err := x.(syscall.Conn).SyscallConn()
	if err == nil {
		err = raw.Control(f)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func clearNonblock(t testing.TB, x any) {
	t.Helper()
	control(t, x, func(fd uintptr) { unix.SetNonblock(int(fd), false) })
}

// A shell that is started with our standard input makes it blocking, and nobody
// freezes: what waits goes on to wait.
func TestStandardInputShared(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip(err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	same, err := unix.Dup(int(r.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	in, err := NewFile(uintptr(same), "standard input")
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	cmd := exec.Command(bash, "-c", "read line; echo $line")
	cmd.Stdin = r
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	io.WriteString(w, "for the shell\n")
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "for the shell\n" {
		t.Errorf("%q, %v", line, err)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	in.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
	within(t, "the deadline", func() {
		_, err := in.Read(make([]byte, 10))
		timedOut(t, err)
	})
}

// Close makes a descriptor blocking again that was so before, for those who share it.
func TestCloseOfFileRestoresBlocking(t *testing.T) {
	onEach(t, func(t *testing.T) {
		for _, was := range []bool{false, true} {
			p, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer unix.Close(p[0])
			defer unix.Close(p[1])
			if err := unix.SetNonblock(p[0], was); err != nil {
				t.Fatal(err)
			}
			same, err := unix.FcntlInt(uintptr(p[0]), unix.F_DUPFD_CLOEXEC, 0)
			if err != nil {
				t.Fatal(err)
			}
			f, err := NewFile(uintptr(same), "shared")
			if err != nil {
				t.Fatal(err)
			}
			done := make(chan error, 1)
			go func() { _, err := f.Read(make([]byte, 1)); done <- err }()
			parked(t, f, true, 1)
			if err := f.Close(); err != nil {
				t.Error(err)
			}
			within(t, "the read", func() {
				if err := <-done; !errors.Is(err, net.ErrClosed) {
					t.Error(err)
				}
			})
			flags, err := unix.FcntlInt(uintptr(p[0]), unix.F_GETFL, 0)
			if err != nil || (flags&unix.O_NONBLOCK != 0) != was {
				t.Errorf("nonblocking before: %v; flags after: %#x, %v", was, flags, err)
			}
		}
	})
}
