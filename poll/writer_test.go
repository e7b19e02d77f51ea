package poll

import (
	"bytes"
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

// underWriters is underReaders, the other way round.
func underWriters(t *testing.T, f func(t *testing.T, under io.WriteCloser, peer io.ReadCloser)) {
	underReaders(t, func(t *testing.T, a io.ReadCloser, b io.WriteCloser) { f(t, b, a) })
}

// clog fills what is between c and its peer, which is made narrow, so that there will be no
// room.
func clog(t *testing.T, c, peer *Conn) {
	t.Helper()
	if err := errors.Join(c.SetWriteBuffer(1), peer.SetReadBuffer(1)); err != nil {
		t.Fatal(err)
	}
	fill(t, c)
}

// What is written in calls and in operations, of which some lose, is what arrives.
func TestWriterModel(t *testing.T) {
	underWriters(t, func(t *testing.T, under io.WriteCloser, peer io.ReadCloser) {
		w := NewWriterSize(under, 3000)
		var sent []byte
		got := make(chan []byte)
		go func() {
			var all []byte
			b := make([]byte, 2000)
			for {
				n, err := peer.Read(b)
				all = append(all, b[:n]...)
				if err != nil {
					break
				}
				if mrand.IntN(100) == 0 {
					time.Sleep(50 * time.Microsecond) // sleep: so that there is something to wait for
				}
			}
			got <- all
		}()
		inFiber(t, func() {
			for range 1500 {
				p := someText(mrand.IntN(4000))
				if mrand.IntN(50) == 0 {
					p = someText(100_000)
				}
				patience := time.Duration(mrand.IntN(40)) * time.Microsecond
				switch mrand.IntN(5) {
				case 0:
					if n, err := w.Write(p); n != len(p) || err != nil {
						t.Fatal(n, err)
					}
					sent = append(sent, p...)
				case 1, 2:
					if err, ok := fibers.PerformTimeout(w.WriteOp(p), patience); ok {
						if err != nil {
							t.Fatal(err)
						}
						sent = append(sent, p...)
					}
				case 3:
					fibers.PerformTimeout(w.FlushOp(), patience)
				case 4:
					q := someText(100)
					which, ok := fibers.PerformTimeout(cml.Choice(
						cml.Wrap(w.WriteOp(p), func(error) []byte { return p }),
						cml.Wrap(w.WriteOp(q), func(error) []byte { return q })), patience)
					if ok {
						sent = append(sent, which...)
					}
				}
			}
			if err := w.Flush(); err != nil || w.Buffered() != 0 {
				t.Fatal(err, w.Buffered())
			}
			if w.first != nil || w.cancel != nil {
				t.Error("somebody is left in the queue")
			}
		})
		under.Close()
		if all := <-got; !bytes.Equal(all, sent) {
			t.Errorf("%d bytes arrived of %d, or others", len(all), len(sent))
		}
	})
}

// Operations that lose against a time-out, on a peer that does not read, write nothing
// and leave nothing.
func TestWriterLosersStress(t *testing.T) {
	onEach(t, func(t *testing.T) {
		client, peer := pairOf(t, "tcp", "127.0.0.1:0")
		c := client.(*Conn)
		w := NewWriter(c)
		clog(t, c, peer.(*Conn))
		for {
			if _, ok := cml.Poll(w.WriteOp(make([]byte, writerSize))); !ok {
				break
			}
		}
		full := w.target()
		each := 1000
		if race.Enabled || backends()[0] != native {
			each = 200
		}
		inFiber(t, func() {
			var wg cml.WaitGroup
			for i := range 8 {
				wg.Add(1)
				party := func() {
					defer wg.Done()
					for range each {
						op := w.FlushOp()
						if i%2 == 0 {
							op = w.WriteOp([]byte("never"))
						}
						if _, ok := fibers.PerformTimeout(op, time.Microsecond); ok {
							t.Error("there was room")
							return
						}
					}
				}
				if i < 4 {
					fibers.Go(party)
				} else {
					go party()
				}
			}
			wg.Wait()
		})
		if f := waitersOf(c, false); f != nil && f() != 0 || w.first != nil || w.cancel != nil || w.puts != 0 {
			t.Error("somebody is left in a queue")
		}
		if w.target() != full {
			t.Errorf("%d bytes were accepted", w.target()-full)
		}
		go func() { w.Flush(); c.CloseWrite() }()
		all, err := io.ReadAll(onlyReader{peer})
		if bytes.Contains(all, []byte("never")) || err != nil {
			t.Errorf("a loser's bytes arrived: %v", err)
		}
	})
}

// Fibers and goroutines write records to one Writer, beside others that write to the
// connection itself: records do not mix, and all arrive.
func TestWriterBesideWriteStress(t *testing.T) {
	onEach(t, func(t *testing.T) {
		client, peer := pairOf(t, "tcp", "127.0.0.1:0")
		c := client.(*Conn)
		w := NewWriter(c)
		const parties, records = 9, 300
		record := func(i, k int) []byte {
			return []byte(fmt.Sprintf("%d %d %s\n", i, k, strings.Repeat(fmt.Sprint(i), 1000)))
		}
		var wg sync.WaitGroup
		for i := range parties {
			wg.Add(1)
			party := func() {
				defer wg.Done()
				for k := range records {
					var err error
					switch i % 3 {
					case 0:
						_, err = c.Write(record(i, k))
					case 1:
						if err = cml.Perform(w.WriteOp(record(i, k))); err == nil && k%10 == 0 {
							err = cml.Perform(w.FlushOp())
						}
					case 2:
						for ok := false; !ok && err == nil; {
							err, ok = fibers.PerformTimeout(w.WriteOp(record(i, k)), 10*time.Microsecond)
						}
					}
					if err != nil {
						t.Error(err)
						return
					}
				}
			}
			if i < 6 {
				fibers.Default().Go(party)
			} else {
				go party()
			}
		}
		go func() {
			wg.Wait()
			w.Flush()
			c.CloseWrite()
		}()
		next := make([]int, parties)
		r := NewReader(peer)
		for n := 0; ; n++ {
			s, err := r.ReadLine()
			if err == io.EOF && n == parties*records {
				return
			}
			if err != nil {
				t.Fatalf("after %d records: %v", n, err)
			}
			var i, k int
			fmt.Sscan(s, &i, &k)
			if s+"\n" != string(record(i, k)) || next[i] != k {
				t.Fatalf("record %d of %d is %.40s…", next[i], i, s)
			}
			next[i]++
		}
	})
}

// TryWrite keeps out of a Write that waits.
func TestTryWriteStress(t *testing.T) {
	onEach(t, func(t *testing.T) {
		client, peer := pairOf(t, "tcp", "127.0.0.1:0")
		c := client.(*Conn)
		big := bytes.Repeat([]byte("w"), 1<<20)
		done := make(chan int)
		go func() {
			for range 5 {
				c.Write(big)
			}
			close(done)
		}()
		tried := 0
		go func() {
			defer c.CloseWrite()
			for {
				if n, ok, err := c.TryWrite([]byte("t")); ok {
					if err != nil {
						t.Error(err)
					}
					tried += n
				}
				select {
				case <-done:
					return
				case <-time.After(20 * time.Microsecond):
				}
			}
		}()
		all, err := io.ReadAll(onlyReader{peer})
		if err != nil {
			t.Fatal(err)
		}
		for _, run := range bytes.FieldsFunc(all, func(r rune) bool { return r == 't' }) {
			if len(run)%len(big) != 0 {
				t.Fatalf("a Write was cut after %d bytes", len(run))
			}
		}
		if len(all) != 5*len(big)+tried {
			t.Errorf("%d bytes, want %d", len(all), 5*len(big)+tried)
		}
	})
}

// After a deadline a Writer goes on, and nothing is missing; after another error it fails.
func TestWriterDeadlineAndClose(t *testing.T) {
	onEach(t, func(t *testing.T) {
		client, peer := pairOf(t, "tcp", "127.0.0.1:0")
		c := client.(*Conn)
		w := NewWriter(c)
		text := someText(16 << 20)
		c.SetWriteDeadline(time.Now().Add(20 * time.Millisecond))
		n, err := w.Write(text)
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatal(n, err)
		}
		if err := w.Flush(); !errors.Is(err, os.ErrDeadlineExceeded) && w.Buffered() > 0 {
			t.Fatal(err)
		}
		c.SetWriteDeadline(time.Time{})
		go func() {
			w.Write(text[n:])
			w.Flush()
			c.CloseWrite()
		}()
		if all, err := io.ReadAll(onlyReader{peer}); err != nil || !bytes.Equal(all, text) {
			t.Fatalf("%d bytes of %d, or others: %v", len(all), len(text), err)
		}
		c.Close()
		w.WriteString("x")
		for range 2 {
			if err := cml.Perform(w.FlushOp()); !errors.Is(err, net.ErrClosed) {
				t.Error(err)
			}
		}
		if _, err := w.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
	})
}

// Close wakes those who wait for room.
func TestWriterClosedWhileWaiting(t *testing.T) {
	onBoth(t, func(t *testing.T, spawn func(func())) {
		client, peer := pairOf(t, "tcp", "127.0.0.1:0")
		c := client.(*Conn)
		w := NewWriter(c)
		clog(t, c, peer.(*Conn))
		w.WriteString("x")
		var wg sync.WaitGroup
		for i := range 4 {
			wg.Add(1)
			spawn(func() {
				defer wg.Done()
				var err error
				if i%2 == 0 {
					err = w.Flush()
				} else {
					err = cml.Perform(cml.Choice(w.WriteOp(make([]byte, writerSize)), w.FlushOp()))
				}
				if !errors.Is(err, net.ErrClosed) {
					t.Error(err)
				}
			})
		}
		parked(t, c, false, 1)
		c.Close()
		within(t, "the writers", wg.Wait)
	})
}
