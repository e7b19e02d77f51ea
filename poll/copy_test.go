package poll

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"testing"

	fibers "github.com/seed222ee791/fibers/runtime"
)

// unread is a file that must not be read by the program.
type unread struct {
	*os.File
	t *testing.T
}

func (u unread) Read(p []byte) (int, error) {
	u.t.Error("the program reads the file")
	return u.File.Read(p)
}

func fileOf16(t *testing.T, n int) (*os.File, []byte) {
	t.Helper()
	contents := bytes.Repeat([]byte("0123456789abcdef"), n)
	f, err := os.Create(t.TempDir() + "/f")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	if _, err := f.Write(contents); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	return f, contents
}

// Files are sent by the system: the program does not read them.
func TestFilesAreSentBySendfile(t *testing.T) {
	if native == nil {
		t.Skip("what package net does depends on the system")
	}
	onBoth(t, func(t *testing.T, spawn func(func())) {
		c, s := pairOf(t, "tcp", "127.0.0.1:0")
		f, want := fileOf16(t, 1<<16)
		spawn(func() {
			n, err := c.(*Conn).ReadFrom(unread{f, t})
			if n != int64(len(want)) || err != nil {
				t.Error(n, err)
			}
			c.Close()
		})
		within(t, "the file", func() {
			if got, err := io.ReadAll(s); err != nil || !bytes.Equal(got, want) {
				t.Error(len(got), err)
			}
		})
	})
}

// What one connection gets is passed on to another by the system.
func TestConnectionsAreSpliced(t *testing.T) {
	onBoth(t, func(t *testing.T, spawn func(func())) {
		in, source := pairOf(t, "tcp", "127.0.0.1:0")
		sink, out := pairOf(t, "tcp", "127.0.0.1:0")
		want := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
		spawn(func() { source.Write(want); source.Close() })
		spawn(func() {
			n, done, err := sink.(*Conn).direct(in)
			if n != int64(len(want)) || !done || err != nil {
				t.Error(n, done, err)
			}
			sink.Close()
		})
		within(t, "all of it", func() {
			if got, err := io.ReadAll(out); err != nil || !bytes.Equal(got, want) {
				t.Error(len(got), err)
			}
		})
	})
}

// A fiber that ends while it copies, in each of its waits, leaves no descriptor, no
// lock and no claim: both connections can be used and closed.
func TestCopyThatIsCutLeavesNothing(t *testing.T) {
	leaveNoFDs(t)
	for _, fills := range []bool{false, true} {
		in, source, stop1, err := makePair("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		sink, out, stop2, err := makePair("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		if fills {
			fill(t, sink) // it waits to write; else it waits to read
			source.Write([]byte("x"))
		}
		rt, err := fibers.New(fibers.WithSchedulers(1))
		if err != nil {
			t.Fatal(err)
		}
		rt.Go(func() { io.Copy(sink, in) })
		if fills {
			parked(t, sink, false, 1)
		} else {
			parked(t, in, true, 1)
		}
		if err := rt.Close(); err != nil {
			t.Error(err)
		}
		go io.Copy(io.Discard, out)
		within(t, "a write, a read and two ends", func() {
			if _, err := sink.Write([]byte("y")); err != nil {
				t.Error(err)
			}
			source.Write([]byte("z"))
			if _, err := in.Read(make([]byte, 1)); err != nil {
				t.Error(err)
			}
			stop1()
			stop2()
		})
	}
}

// http.ServeFile over a listener of this package sends what it should.
func TestServeFile(t *testing.T) {
	f, want := fileOf16(t, 1<<15)
	onEach(t, func(t *testing.T) {
		l := mustListen(t, "tcp", "127.0.0.1:0")
		srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, f.Name()) })}
		go srv.Serve(l)
		defer srv.Close()
		tr := &http.Transport{DialContext: new(Dialer).DialContext}
		defer tr.CloseIdleConnections()
		for _, part := range []string{"", "bytes=100-2099"} {
			req, err := http.NewRequest("GET", "http://"+l.Addr().String(), nil)
			if err != nil {
				t.Fatal(err)
			}
			expect := want
			if part != "" {
				req.Header.Set("Range", part)
				expect = want[100:2100]
			}
			resp, err := tr.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			if err != nil || !bytes.Equal(got, expect) {
				t.Errorf("%d bytes, %v", len(got), err)
			}
		}
	})
}
