//go:build unix

package poll

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/atomic"

	fibers "github.com/seed222ee791/fibers/runtime"
)

// What a call has made when the runtime ends is returned: here the opening of a named
// pipe, which goes on until somebody opens its other end. And what the deferred
// functions of its fiber do with it is done.
func TestOpenIsReturnedWhenTheRuntimeEnds(t *testing.T) {
	leaveNoFDs(t)
	name := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(name, 0o600); err != nil {
		t.Skip(err)
	}
	rt, err := fibers.New(fibers.WithSchedulers(1))
	if err != nil {
		t.Fatal(err)
	}
	var text, end atomic.String
	var closed atomic.Bool
	opening := make(chan struct{})
	rt.Go(func() {
		close(opening)
		f, err := Open(name)
		if err != nil {
			t.Error(err)
			return
		}
		defer func() {
			buf := make([]byte, 100)
			n, _ := f.Read(buf)
			text.Store(string(buf[:n]))
			closed.Store(f.Close() == nil)
		}()
		fibers.Yield()
		end.Store("it went on after a wait")
	})
	<-opening
	ending, up := make(chan struct{}), make(chan struct{})
	rt.Go(func() {
		defer close(ending)
		close(up)
		fibers.Sleep(time.Hour)
	})
	<-up
	over := make(chan error)
	go func() { over <- rt.Close() }()
	<-ending
	w, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	w.WriteString("hello")
	w.Close()
	within(t, "the end", func() {
		if err := <-over; err != nil {
			t.Error(err)
		}
	})
	if text.Load() != "hello" || !closed.Load() || end.Load() != "" {
		t.Errorf("read %q, closed %v, %s", text.Load(), closed.Load(), end.Load())
	}
}

// However the end of a runtime falls, nothing that has been made is lost: whoever
// called has it.
func TestNothingMadeIsLostWhenTheRuntimeEndsStress(t *testing.T) {
	onEach(t, func(t *testing.T) {
		touch, err := exec.LookPath("touch")
		if err != nil {
			t.Skip(err)
		}
		for round := range 15 {
			dir := filepath.Dir(tempSocket(t))
			rt, err := fibers.New(fibers.WithSchedulers(1))
			if err != nil {
				t.Fatal(err)
			}
			var mu sync.Mutex // stand-ins run fibers too
			has := make(map[string]func())
			var begun atomic.Int32
			loop := func(kind string, make func(path string) (undo func(), err error)) {
				rt.Go(func() {
					for i := range 50 {
						begun.Inc()
						path := fmt.Sprintf("%s/%s%d", dir, kind, i)
						undo, err := make(path)
						if err != nil {
							t.Error(err)
							return
						}
						mu.Lock()
						has[path] = undo
						mu.Unlock()
					}
				})
			}
			loop("listener", func(path string) (func(), error) {
				l, err := Listen("unix", path)
				return func() { l.Close() }, err
			})
			loop("packets", func(path string) (func(), error) {
				c, err := ListenPacket("unixgram", path)
				return func() { c.Close() }, err
			})
			loop("process", func(path string) (func(), error) {
				p, err := StartProcess(exec.Command(touch, path))
				return func() { p.Wait() }, err
			})
			for begun.Load() < int32(3+round%7) {
				time.Sleep(50 * time.Microsecond) // sleep: polling
			}
			if err := rt.Close(); err != nil {
				t.Fatal(err)
			}
			entries, err := os.ReadDir(dir)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range entries {
				if has[filepath.Join(dir, e.Name())] == nil {
					t.Errorf("%s has been made, and nobody has it", e.Name())
				}
			}
			for _, undo := range has {
				undo()
			}
		}
	})
}

// A panic in a function of the user's is the caller's, though a goroutine calls it.
func TestPanicInControlIsTheCallers(t *testing.T) {
	inFiber(t, func() {
		lc := ListenConfig{Control: func(string, string, syscall.RawConn) error { panic("for the test") }}
		defer func() {
			if e, ok := recover().(*fibers.PanicError); !ok || e.Value != "for the test" {
				t.Errorf("recovered %v", e)
			}
		}()
		lc.ListenPacket(context.Background(), "udp", "127.0.0.1:0")
		t.Error("it returned")
	})
}
