package poll

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/seed222ee791/fibers/cml"
)

func TestPipe(t *testing.T) {
	leaveNoFDs(t)
	onBoth(t, func(t *testing.T, spawn func(func())) {
		r, w, err := Pipe()
		if err != nil {
			t.Fatal(err)
		}
		text := bytes.Repeat([]byte("0123456789"), 100_000)
		var wg sync.WaitGroup
		wg.Add(2)
		spawn(func() {
			defer wg.Done()
			if n, err := w.Write(text); n != len(text) || err != nil {
				t.Errorf("%d, %v", n, err)
			}
			w.Close()
		})
		spawn(func() {
			defer wg.Done()
			all, err := io.ReadAll(r)
			if err != nil || !bytes.Equal(all, text) {
				t.Errorf("%d bytes, %v", len(all), err)
			}
		})
		within(t, "the pipe", wg.Wait)
		r.Close()

		r, w, err = Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer w.Close()
		defer r.Close()
		r.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
		_, err = r.Read(make([]byte, 1))
		var path *fs.PathError
		if !errors.Is(err, os.ErrDeadlineExceeded) || !errors.As(err, &path) || !os.IsTimeout(err) {
			t.Errorf("%v", err)
		}
		if isReady(r.ReadableOp()) != true { // it is over
			t.Error("past its deadline, it waits")
		}
		r.SetReadDeadline(timeZero)
		if isReady(r.ReadableOp()) || !isReady(w.WritableOp()) {
			t.Error("wrong readiness")
		}
		if _, err := w.Write([]byte("x")); err != nil {
			t.Error(err)
		}
		if err := cml.Perform(r.ReadableOp()); err != nil {
			t.Error(err)
		}
	})
}

func TestNewFileRefusesWhatCannotBeWaitedFor(t *testing.T) {
	onEach(t, func(t *testing.T) {
		regular, err := os.Create(filepath.Join(t.TempDir(), "f"))
		if err != nil {
			t.Fatal(err)
		}
		defer regular.Close()
		if _, err := NewFile(regular.Fd(), "a regular file"); !errors.Is(err, ErrNotPollable) && !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%v", err)
		}
		if _, err := regular.Write([]byte("x")); err != nil {
			t.Errorf("the descriptor is not as it was: %v", err)
		}
		if _, err := NewFile(1<<20, "nothing"); err == nil {
			t.Error("took a descriptor that does not exist")
		}
	})
}

func TestDiskFile(t *testing.T) {
	inFiber(t, func() {
		name := filepath.Join(t.TempDir(), "f")
		f, err := OpenFile(name, os.O_RDWR|os.O_CREATE, 0o666)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte("hello, disk")); err != nil {
			t.Error(err)
		}
		if _, err := f.WriteAt([]byte("world"), 7); err != nil {
			t.Error(err)
		}
		if err := f.Sync(); err != nil {
			t.Error(err)
		}
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			t.Error(err)
		}
		all, err := io.ReadAll(f)
		if err != nil || string(all) != "hello, world" {
			t.Errorf("%q, %v", all, err)
		}
		buf := make([]byte, 5)
		if _, err := f.ReadAt(buf, 7); err != nil || string(buf) != "world" {
			t.Errorf("%q, %v", buf, err)
		}
		if i, err := f.Stat(); err != nil || i.Size() != 12 || f.Name() != name {
			t.Errorf("%v, %v", i, err)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
		if _, err := f.Read(buf); !errors.Is(err, os.ErrClosed) {
			t.Errorf("%v", err)
		}
		if _, err := Open(name + ".not"); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%v", err)
		}
	})
}

func TestRawConn(t *testing.T) {
	onEach(t, func(t *testing.T) {
		a, b := pairOf(t, "tcp", "127.0.0.1:0")
		raw, err := a.(syscall.Conn).SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		if err := raw.Control(func(uintptr) {}); err != nil {
			t.Error(err)
		}
		if waitersOf(a, true) != nil { // else nobody can tell when it waits
			done := make(chan error)
			calls := 0
			go func() {
				done <- raw.Read(func(uintptr) bool { calls++; return calls > 1 })
			}()
			parked(t, a, true, 1)
			b.Write([]byte("x"))
			within(t, "RawConn.Read", func() {
				if err := <-done; err != nil || calls != 2 {
					t.Errorf("%d calls, %v", calls, err)
				}
			})
		}
		if err := raw.Write(func(uintptr) bool { return true }); err != nil {
			t.Error(err)
		}
		func() {
			defer func() { recover() }()
			raw.Write(func(uintptr) bool { panic("for the test") })
		}()
		a.Close() // does not wait for the one that panicked
		if err := raw.Control(func(uintptr) {}); err == nil {
			t.Error("Control of what is closed")
		}
	})
}

func TestOptions(t *testing.T) {
	onEach(t, func(t *testing.T) {
		a, _ := pairOf(t, "tcp", "127.0.0.1:0")
		c := a.(*Conn)
		for name, err := range map[string]error{
			"SetNoDelay": c.SetNoDelay(false), "SetKeepAlive": c.SetKeepAlive(true), "SetLinger": c.SetLinger(-1),
			"SetKeepAlivePeriod": c.SetKeepAlivePeriod(time.Minute),
			"SetReadBuffer":      c.SetReadBuffer(1 << 16), "SetWriteBuffer": c.SetWriteBuffer(1 << 16),
		} {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}
