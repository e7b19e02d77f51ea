package poll

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	goruntime "runtime"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/seed222ee791/fibers/internal/epoll"
)

// Some tests change what holds for a whole process: they run in a child of their
// own, this program again with one test.

const inChildEnv = "POLL_TEST_CHILD"

func isChild(t *testing.T) bool { return os.Getenv(inChildEnv) == t.Name() }

// runChild runs the test again in a child. It skips the test if the child did.
func runChild(t *testing.T, attr *syscall.SysProcAttr) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v", "-test.timeout=60s")
	cmd.Env = append(os.Environ(), inChildEnv+"="+t.Name())
	cmd.SysProcAttr = attr
	out, err := cmd.CombinedOutput()
	switch {
	case err != nil && attr != nil && len(out) == 0:
		t.Skipf("this system does not let a child be made so: %v", err)
	case err != nil:
		t.Fatalf("%v\n%s", err, out)
	case bytes.Contains(out, []byte("--- SKIP")):
		t.Skip(string(out))
	case !bytes.Contains(out, []byte("--- PASS")):
		t.Fatalf("the child did not run the test:\n%s", out)
	}
}

// forbid has the system refuse calls to this process for good.
func forbid(t *testing.T, calls ...uint32) {
	t.Helper()
	const (
		load, equal, give = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, unix.BPF_RET | unix.BPF_K
		refuse, allow     = 0x00050000, 0x7fff0000 // SECCOMP_RET_ERRNO, SECCOMP_RET_ALLOW
	)
	filter := []unix.SockFilter{{Code: load, K: 0}}
	for _, n := range calls {
		filter = append(filter,
			unix.SockFilter{Code: equal, Jf: 1, K: n},
			unix.SockFilter{Code: give, K: refuse | uint32(unix.EPERM)})
	}
	filter = append(filter, unix.SockFilter{Code: give, K: allow})
	goruntime.LockOSThread()
	defer goruntime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		t.Skip("prctl:", err)
	}
	prog := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	const setFilter, allThreads = 1, 1 // SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC
	if r, _, errno := syscall.Syscall(unix.SYS_SECCOMP, setFilter, allThreads, uintptr(unsafe.Pointer(&prog))); errno != 0 || r != 0 {
		t.Skip("seccomp:", errno)
	}
}

// Where epoll is refused the portable backend does everything, and nobody is
// connected to twice to find that out.
func TestWhereEpollIsRefusedNobodyIsDialedTwice(t *testing.T) {
	if !isChild(t) {
		runChild(t, nil)
		return
	}
	l, err := net.Listen("tcp", "127.0.0.1:0") // from here on Go has an epoll instance of its own
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	forbid(t, unix.SYS_EPOLL_CREATE1)
	for range 3 {
		var ours, marker net.Conn
		inFiber(t, func() {
			if ours, err = Dial("tcp", l.Addr().String()); err != nil {
				t.Fatal(err)
			}
		})
		defer ours.Close()
		if marker, err = net.Dial("tcp", l.Addr().String()); err != nil {
			t.Fatal(err)
		}
		defer marker.Close()
		for i, want := range []net.Conn{ours, marker} { // they come in the order of dialing
			c, err := l.Accept()
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if got := c.RemoteAddr().String(); got != want.LocalAddr().String() {
				t.Fatalf("connection %d is from %s, which is neither the dial nor the one after it", i+1, got)
			}
		}
	}
	if st := epoll.ReadStats(); st.Backend != "portable" || st.Watched != 0 {
		t.Errorf("%+v", st)
	}
}

// A name whose address has a zone is dialed with it, whatever the network. Such
// names come from files.
func TestZoneOfANameIsKept(t *testing.T) {
	if !isChild(t) {
		runChild(t, &syscall.SysProcAttr{
			Cloneflags:  unix.CLONE_NEWUSER | unix.CLONE_NEWNS,
			UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
		})
		return
	}
	hosts := t.TempDir() + "/hosts"
	if err := os.WriteFile(hosts, []byte("fe80::1%lo linked.test\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		t.Skip("mount:", err)
	}
	if err := unix.Mount(hosts, "/etc/hosts", "", unix.MS_BIND, ""); err != nil {
		t.Skip("mount:", err)
	}
	for _, network := range []string{"tcp", "tcp6"} {
		var tried []string
		note := func(_, address string, _ syscall.RawConn) error {
			tried = append(tried, address)
			return net.ErrClosed
		}
		r := &net.Resolver{PreferGo: true}
		(&net.Dialer{Resolver: r, Control: note}).Dial(network, "linked.test:80")
		(&Dialer{Resolver: r, Control: note}).Dial(network, "linked.test:80")
		if len(tried) != 2 || tried[0] != tried[1] || !strings.Contains(tried[0], "%lo") {
			t.Errorf("%s: package net and this one tried %q", network, tried)
		}
	}
}
