package runtime_test

import (
	"errors"
	"fmt"
	goruntime "runtime"
	"strings"
	"testing"
	"time"
	"unsafe"

	"go.uber.org/atomic"
	"golang.org/x/sys/unix"

	fibers "github.com/seed222ee791/fibers/runtime"
)

const cannotForbid = "filters are not to be had here"

// forbidPinning makes sched_setaffinity fail with EPERM in all threads of the
// process, as in a container whose policy forbids it.
func forbidPinning() error {
	goruntime.LockOSThread()
	defer goruntime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	const archOffset, numberOffset = 4, 0 // in struct seccomp_data
	load := func(offset uint32) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: offset}
	}
	ifEqual := func(k uint32, then, otherwise uint8) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jt: then, Jf: otherwise, K: k}
	}
	end := func(k uint32) unix.SockFilter { return unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: k} }
	filter := []unix.SockFilter{
		load(archOffset),
		ifEqual(unix.AUDIT_ARCH_X86_64, 0, 3),
		load(numberOffset),
		ifEqual(unix.SYS_SCHED_SETAFFINITY, 0, 1),
		end(unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)),
		end(unix.SECCOMP_RET_ALLOW),
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&program)))
	if errno != 0 {
		return errno
	}
	return nil
}

func init() {
	programs["no permission to pin"] = func() {
		if err := forbidPinning(); err != nil {
			println(cannotForbid, err.Error())
			return
		}
		for _, opts := range [][]fibers.Option{
			{},
			{fibers.WithPinning(true)},
			{fibers.WithPinning(true), fibers.WithSchedulers(1)},
		} {
			rt, err := fibers.New(opts...)
			check(err == nil, fmt.Sprint("New: ", err))
			for start := time.Now(); rt.Stats().PinError == nil; goruntime.Gosched() {
				check(time.Since(start) < 5*time.Second, "PinError stays nil")
			}
			st := rt.Stats()
			check(errors.Is(st.PinError, unix.EPERM) && strings.Contains(st.PinError.Error(), "sched_setaffinity"), fmt.Sprint("PinError: ", st.PinError))
			check(!st.Pinned, "Pinned")
			for _, s := range st.Schedulers {
				check(s.CPU == -1 && s.OnCore == 1, fmt.Sprintf("a scheduler that is not locked: %+v", s))
			}
			var ran atomic.Int64
			err = rt.Run(func() {
				l := newLatch(100)
				for range 100 {
					fibers.Go(func() { fibers.Sleep(time.Millisecond); ran.Inc(); l.done() })
				}
				l.wait()
			})
			check(err == nil && ran.Load() == 100, fmt.Sprint("Run: ", err))
			check(rt.Close() == nil, "Close")
		}
	}
}

// Where locking to cores is refused, schedulers run unlocked, and Stats says so.
func TestNoPermissionToPinIsReportedAndHarmsNothing(t *testing.T) {
	out, code := rerun(t, "no permission to pin")
	if strings.Contains(out, cannotForbid) {
		t.Skip(out)
	}
	if code != 0 {
		t.Errorf("exit code %d:\n%.2000s", code, out)
	}
}
