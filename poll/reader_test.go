package poll

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	mrand "math/rand/v2"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/internal/race"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// A Reader over what is under it in these tests: a connection of each backend, a pipe, and
// something of which nobody can tell when it is ready.
func underReaders(t *testing.T, f func(t *testing.T, under io.ReadCloser, peer io.WriteCloser)) {
	onEach(t, func(t *testing.T) {
		t.Run("tcp", func(t *testing.T) {
			c, peer := pairOf(t, "tcp", "127.0.0.1:0")
			f(t, c, peer)
		})
		t.Run("pipe", func(t *testing.T) {
			r, w, err := Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			defer w.Close()
			f(t, r, w)
		})
	})
	t.Run("other", func(t *testing.T) {
		r, w := io.Pipe()
		defer r.Close()
		defer w.Close()
		f(t, r, w)
	})
}

// someText returns n bytes, lines of different lengths.
func someText(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	for i, x := range b {
		switch {
		case x < 12:
			b[i] = '\n'
		case x < 16:
			b[i] = '\r'
		default:
			b[i] = 'a' + x%26
		}
	}
	return b
}

// Whatever is asked for, and whatever loses, what comes is what was sent, in its order.
func TestReaderModel(t *testing.T) {
	underReaders(t, func(t *testing.T, under io.ReadCloser, peer io.WriteCloser) {
		text := someText(200_000)
		go func() {
			rest := text
			for len(rest) > 0 {
				n := min(len(rest), 1+mrand.IntN(3000))
				peer.Write(rest[:n])
				rest = rest[n:]
				if mrand.IntN(4) == 0 {
					time.Sleep(50 * time.Microsecond) // sleep: so that there is something to wait for
				}
			}
			peer.Close()
		}()
		r := NewReader(under)
		inFiber(t, func() {
			rest := text
			take := func(what string, b []byte, n int) {
				if !bytes.HasPrefix(rest, b) {
					t.Fatalf("%s at %d: %q, want %q", what, len(text)-len(rest), b, rest[:min(len(rest), len(b))])
				}
				rest = rest[n:]
			}
			line := func(what, s string) {
				want, after, ok := bytes.Cut(rest, []byte("\n"))
				n := len(rest) - len(after)
				if ok {
					want = bytes.TrimSuffix(want, []byte("\r"))
				}
				if s != string(want) {
					t.Fatalf("%s at %d: %q, want %q", what, len(text)-len(rest), s, want)
				}
				rest = rest[n:]
			}
			for len(rest) > 0 {
				n := 1 + mrand.IntN(2000)
				patience := time.Duration(mrand.IntN(60)) * time.Microsecond
				var err error
				switch mrand.IntN(9) {
				case 0:
					if it, ok := fibers.PerformTimeout(r.ReadLineOp(), patience); ok && it.Err == nil {
						line("ReadLineOp", it.Value)
					}
				case 1:
					if it, ok := fibers.PerformTimeout(r.ReadNOp(n), patience); ok && it.Err == nil {
						take("ReadNOp", it.Value, n)
					}
				case 2:
					if it, ok := fibers.PerformTimeout(r.ReadOp(n), patience); ok && it.Err == nil {
						take("ReadOp", it.Value, len(it.Value))
					}
				case 3:
					if it, ok := fibers.PerformTimeout(r.PeekOp(n), patience); ok {
						take("PeekOp", it.Value, 0)
					}
				case 4:
					if it, ok := cml.Poll(r.ReadLineOp()); ok && it.Err == nil {
						line("polled", it.Value)
					}
				case 5:
					b := make([]byte, n)
					var k int
					if k, err = r.Read(b); k > 0 {
						take("Read", b[:k], k)
					}
				case 6:
					var s string
					if s, err = r.ReadLine(); err == nil {
						line("ReadLine", s)
					}
				case 7:
					var b []byte
					if b, err = r.ReadN(min(n, len(rest))); err == nil {
						take("ReadN", b, len(b))
					}
				case 8:
					two := cml.Choice(
						cml.Wrap(r.ReadLineOp(), func(it cml.Item[string]) int {
							if it.Err == nil {
								line("line of two", it.Value)
							}
							return 0
						}),
						cml.Wrap(r.ReadNOp(n), func(it cml.Item[[]byte]) int {
							if it.Err == nil {
								take("bytes of two", it.Value, n)
							}
							return 1
						}))
					fibers.PerformTimeout(two, patience)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			if s, err := r.ReadLine(); s != "" || err != io.EOF {
				t.Errorf("after the end: %q, %v", s, err)
			}
			if b, err := r.ReadAll(); len(b) != 0 || err != nil {
				t.Errorf("all after the end: %q, %v", b, err)
			}
		})
	})
}

// Choices that lose against a time-out on a slow peer lose no byte and leave nothing.
func TestReaderLosersStress(t *testing.T) {
	onEach(t, func(t *testing.T) {
		peers, each := 20, 5000
		if backends()[0] != native {
			peers, each = 10, 200
		}
		if race.Enabled {
			each /= 10
		}
		inFiber(t, func() {
			var wg cml.WaitGroup
			for range peers {
				c, peer, stop, err := makePair("tcp", "127.0.0.1:0")
				if err != nil {
					t.Fatal(err)
				}
				enough := cml.NewCond()
				text := someText(each)
				wg.Add(2)
				fibers.Go(func() { // the slow peer
					defer wg.Done()
					defer peer.Close()
					for i := range text {
						if _, err := peer.Write(text[i : i+1]); err != nil {
							t.Error(err)
							return
						}
						if i%4 == 0 && !enough.Signalled() {
							fibers.Sleep(100 * time.Microsecond)
						}
					}
				})
				fibers.Go(func() {
					defer wg.Done()
					defer stop()
					r := NewReader(c)
					var got []byte
					ended := false
					add := func(b []byte, err error) {
						ended = ended || err != nil
						got = append(got, b...)
					}
					ops := []cml.Op[cml.Item[[]byte]]{r.ReadNOp(7), r.ReadNOp(100), r.ReadAllOp(), r.ReadOp(3)}
					for lost := 0; lost < each && !ended && len(got) < len(text); {
						if it, ok := fibers.PerformTimeout(ops[lost%3], time.Microsecond); ok {
							add(it.Value, it.Err)
						} else {
							lost++
						}
						if lost%100 == 0 {
							it := cml.Perform(ops[3])
							add(it.Value, it.Err)
							lost++
						}
					}
					enough.Signal()
					if f := waitersOf(c, true); f != nil && f() != 0 {
						t.Error("somebody is left in the queue of the connection")
					}
					if r.first != nil || r.cancel != nil {
						t.Error("somebody is left in the queue of the Reader")
					}
					for len(got) < len(text) {
						it := cml.Perform(ops[3])
						if it.Err != nil {
							t.Error(it.Err)
							break
						}
						got = append(got, it.Value...)
					}
					if !bytes.Equal(got, text) {
						t.Errorf("%d bytes came of %d, or others", len(got), len(text))
					}
				})
			}
			wg.Wait()
		})
	})
}

// Fibers and goroutines take records from one Reader, some of them without patience:
// each record is taken once.
func TestReaderSharedStress(t *testing.T) {
	underReaders(t, func(t *testing.T, under io.ReadCloser, peer io.WriteCloser) {
		const records = 4000
		r := NewReader(under)
		go func() {
			for i := range records {
				fmt.Fprintf(peer, "%07d\n", i)
			}
			peer.Close()
		}()
		var mu sync.Mutex
		seen := map[string]int{}
		var wg sync.WaitGroup
		for i := range 6 {
			party := func() {
				defer wg.Done()
				for {
					var s string
					var err error
					switch i % 3 {
					case 0:
						s, err = r.ReadLine()
					case 1:
						it, ok := fibers.PerformTimeout(r.ReadLineOp(), 20*time.Microsecond)
						if !ok {
							continue
						}
						s, err = it.Value, it.Err
					case 2:
						it := cml.Perform(cml.Choice(r.ReadNOp(8), r.ReadNOp(8)))
						s, err = strings.TrimSuffix(string(it.Value), "\n"), it.Err
					}
					if err == io.EOF {
						return
					}
					if err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					seen[s]++
					mu.Unlock()
				}
			}
			wg.Add(1)
			if i < 3 {
				fibers.Default().Go(party)
			} else {
				go party()
			}
		}
		within(t, "all records", wg.Wait)
		for i := range records {
			if seen[fmt.Sprintf("%07d", i)] != 1 {
				t.Fatalf("record %d was taken %d times", i, seen[fmt.Sprintf("%07d", i)])
			}
		}
	})
}

// What is too long, or at its end, fails, and takes nothing.
func TestReaderLimits(t *testing.T) {
	underReaders(t, func(t *testing.T, under io.ReadCloser, peer io.WriteCloser) {
		r := NewReader(under)
		r.SetLimit(10)
		go func() {
			io.WriteString(peer, "0123456789\n0123456789a\r\n\nend")
			peer.Close()
		}()
		if s, err := r.ReadLine(); s != "0123456789" || err != nil {
			t.Fatalf("a line as long as allowed: %q, %v", s, err)
		}
		for range 2 {
			if s, err := r.ReadLine(); s != "" || err != ErrTooLong {
				t.Fatalf("a longer one: %q, %v", s, err)
			}
			if it := cml.Perform(r.ReadLineOp()); it.Err != ErrTooLong {
				t.Fatal(it.Err)
			}
		}
		if _, err := r.ReadAll(); err != ErrTooLong {
			t.Fatal(err)
		}
		for _, f := range []func(int) ([]byte, error){r.ReadN, r.Peek} {
			if _, err := f(11); err != ErrTooLong {
				t.Fatal(err)
			}
		}
		if b, err := r.ReadN(4); string(b) != "0123" || err != nil {
			t.Fatalf("%q, %v", b, err)
		}
		for _, want := range []string{"456789a", ""} {
			if s, err := r.ReadLine(); s != want || err != nil {
				t.Fatalf("%q, %v", s, err)
			}
		}
		if b, err := r.ReadN(4); b != nil || err != io.ErrUnexpectedEOF {
			t.Fatalf("more than there is: %q, %v", b, err)
		}
		if b, err := r.Peek(4); string(b) != "end" || err != io.EOF {
			t.Fatalf("a look at more than there is: %q, %v", b, err)
		}
		if s, err := r.ReadLine(); s != "end" || err != nil {
			t.Fatalf("a line without an end: %q, %v", s, err)
		}
		for _, f := range []func() error{
			func() error { _, err := r.ReadLine(); return err },
			func() error { _, err := r.ReadN(1); return err },
			func() error { _, err := r.Read(make([]byte, 1)); return err },
			func() error { return cml.Perform(r.ReadOp(1)).Err },
		} {
			if err := f(); err != io.EOF {
				t.Errorf("at the end: %v", err)
			}
		}
	})
}

// Close and deadlines end the waits of calls and operations; after a deadline one goes on.
func TestReaderDeadlineAndClose(t *testing.T) {
	onBoth(t, func(t *testing.T, spawn func(func())) {
		c, peer := pairOf(t, "tcp", "127.0.0.1:0")
		r := NewReader(c)
		io.WriteString(peer, "begun ")
		all := func(want error) {
			t.Helper()
			var wg sync.WaitGroup
			for i := range 4 {
				wg.Add(1)
				spawn(func() {
					defer wg.Done()
					var err error
					if i%2 == 0 {
						_, err = r.ReadLine()
					} else {
						err = cml.Perform(cml.Choice(r.ReadLineOp(), cml.Never[cml.Item[string]]())).Err
					}
					if !errors.Is(err, want) {
						t.Errorf("%v, want %v", err, want)
					}
				})
			}
			if want == net.ErrClosed {
				parked(t, c, true, 1)
				c.Close()
			} else {
				c.SetReadDeadline(time.Now().Add(5 * time.Millisecond))
			}
			within(t, "the end of the waits", wg.Wait)
		}
		all(os.ErrDeadlineExceeded)
		c.SetReadDeadline(time.Time{})
		io.WriteString(peer, "and ended\n")
		if s, err := r.ReadLine(); s != "begun and ended" || err != nil {
			t.Errorf("after the deadline: %q, %v", s, err)
		}
		all(net.ErrClosed)
	})
}

// A fiber that waits in a call of a Reader when its runtime ends leaves the Reader to others.
func TestReaderWhenTheRuntimeEnds(t *testing.T) {
	c, peer := pairOf(t, "tcp", "127.0.0.1:0")
	r := NewReader(c)
	if err := fibers.Run(func() {
		fibers.Go(func() { r.ReadLine() })
		fibers.Go(func() { cml.Perform(r.ReadNOp(10)) })
		fibers.Yield()
		parked(t, c, true, 1)
	}); err != nil {
		t.Fatal(err)
	}
	io.WriteString(peer, "still there\n")
	if s, err := r.ReadLine(); s != "still there" || err != nil {
		t.Errorf("%q, %v", s, err)
	}
}

// WriteTo writes what is in the buffer and then the rest.
func TestReaderWriteTo(t *testing.T) {
	underReaders(t, func(t *testing.T, under io.ReadCloser, peer io.WriteCloser) {
		text := someText(100_000)
		go func() {
			peer.Write(text)
			peer.Close()
		}()
		r := NewReader(under)
		b, err := r.ReadN(5)
		if err != nil {
			t.Fatal(err)
		}
		var rest bytes.Buffer
		n, err := io.Copy(&rest, r)
		if err != nil || n != int64(len(text)-5) || !bytes.Equal(append(b, rest.Bytes()...), text) {
			t.Errorf("%d bytes of %d, or others: %v", n, len(text)-5, err)
		}
	})
}

// A type around a Conn has a Read of its own, which is used.
func TestReaderOverWrapped(t *testing.T) {
	c, peer := pairOf(t, "tcp", "127.0.0.1:0")
	io.WriteString(peer, "abc\n")
	if s, err := NewReader(upper{c.(*Conn)}).ReadLine(); s != "ABC" || err != nil {
		t.Errorf("%q, %v", s, err)
	}
}

type upper struct{ *Conn }

func (u upper) Read(p []byte) (int, error) {
	n, err := u.Conn.Read(p)
	copy(p, bytes.ToUpper(p[:n]))
	return n, err
}

// Lines of several come as they are; each end once, whoever asks.
func TestMergeLines(t *testing.T) {
	onBoth(t, func(t *testing.T, spawn func(func())) {
		const peers, lines = 3, 200
		var readers []*Reader
		for i := range peers {
			r, w, err := Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			readers = append(readers, NewReader(r))
			spawn(func() {
				defer w.Close()
				for k := range lines {
					fmt.Fprintf(w, "%d %d\n", i, k)
				}
			})
		}
		m := MergeLines(readers...)
		var mu sync.Mutex
		got, ends := map[Line]int{}, map[int]int{}
		var wg sync.WaitGroup
		for i := range 4 {
			wg.Add(1)
			spawn(func() {
				defer wg.Done()
				for {
					var l Line
					if i%2 == 0 {
						l = m.Get()
					} else {
						var ok bool
						if l, ok = fibers.PerformTimeout(m.GetOp(), 20*time.Microsecond); !ok {
							continue
						}
					}
					if l.From < 0 {
						return
					}
					mu.Lock()
					if l.Err != nil {
						ends[l.From]++
					} else {
						got[l]++
					}
					mu.Unlock()
				}
			})
		}
		within(t, "all ends", wg.Wait)
		for i := range peers {
			if ends[i] != 1 {
				t.Errorf("the end of %d came %d times", i, ends[i])
			}
			for k := range lines {
				if n := got[Line{From: i, Text: fmt.Sprint(i, k)}]; n != 1 {
					t.Errorf("line %d of %d came %d times", k, i, n)
				}
			}
		}
		if l := m.Get(); l.From != -1 || l.Err != io.EOF {
			t.Errorf("after all ends: %v", l)
		}
		if l := MergeLines().Get(); l.From != -1 {
			t.Errorf("of nothing: %v", l)
		}
	})
}

// TryRead and TryWrite do what can be done at once.
func TestTryReadTryWrite(t *testing.T) {
	onEach(t, func(t *testing.T) {
		if _, ok, err := must2(Pipe()).TryRead(make([]byte, 1)); errors.Is(err, errors.ErrUnsupported) {
			t.Skip("nobody can tell here")
		} else if ok {
			t.Errorf("an empty pipe: %v, %v", ok, err)
		}
		client, server := pairOf(t, "tcp", "127.0.0.1:0")
		c, peer := client.(*Conn), server.(*Conn)
		b := make([]byte, 10)
		if n, ok, err := c.TryRead(b); ok {
			t.Errorf("nothing there: %d, %v", n, err)
		}
		peer.Write([]byte("abc"))
		eventually(t, "three bytes", func() bool {
			n, ok, err := c.TryRead(b)
			if ok && (n != 3 || err != nil) {
				t.Fatal(n, err)
			}
			return ok
		})
		sent := 0
		big := make([]byte, 1<<20)
		for {
			n, ok, err := c.TryWrite(big)
			if err != nil {
				t.Fatal(err)
			}
			if !ok {
				break
			}
			sent += n
		}
		c.CloseWrite()
		if n, err := io.Copy(io.Discard, onlyReader{peer}); int(n) != sent || err != nil {
			t.Errorf("%d bytes of %d: %v", n, sent, err)
		}
		peer.Close()
		eventually(t, "the end", func() bool { _, ok, err := c.TryRead(b); return ok && err == io.EOF })
		c.SetReadDeadline(time.Unix(1, 0))
		if _, ok, err := c.TryRead(b); !ok || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("past the deadline: %v, %v", ok, err)
		}
		c.Close()
		for _, f := range []func([]byte) (int, bool, error){c.TryRead, c.TryWrite} {
			if _, ok, err := f(b); !ok || !errors.Is(err, net.ErrClosed) {
				t.Errorf("closed: %v, %v", ok, err)
			}
		}
	})
}

func must2(r, w *File, err error) *File {
	if err != nil {
		panic(err)
	}
	return r
}
