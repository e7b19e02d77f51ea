package poll

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	mrand "math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/nettest"

	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/internal/race"
	fibers "github.com/seed222ee791/fibers/runtime"
)

func TestMemPipeConn(t *testing.T) {
	nettest.TestConn(t, func() (net.Conn, net.Conn, func(), error) {
		a, b := MemPipe()
		return a, b, func() { a.Close(); b.Close() }, nil
	})
}

// parties runs a test with parties that are fibers, and with goroutines.
func parties(t *testing.T, f func(t *testing.T, spawn func(func()))) {
	t.Run("fibers", func(t *testing.T) { f(t, fibers.Default().Go) })
	t.Run("goroutines", func(t *testing.T) { f(t, func(g func()) { go g() }) })
}

// What is read is what was written, in both directions at once, in pieces of all sizes.
func TestMemPipeModel(t *testing.T) {
	parties(t, func(t *testing.T, spawn func(func())) {
		a, b := MemPipe()
		var wg sync.WaitGroup
		for _, x := range [][2]*Conn{{a, b}, {b, a}} {
			text := make([]byte, 3<<20)
			rand.Read(text)
			wg.Add(2)
			spawn(func() {
				defer wg.Done()
				for rest := text; len(rest) > 0; {
					n := min(len(rest), 1+mrand.IntN(1<<mrand.IntN(18)))
					if mrand.IntN(8) == 0 {
						var ok bool
						var err error
						if n, ok, err = x[0].TryWrite(rest[:n]); err != nil {
							t.Error(err)
							return
						} else if !ok {
							cml.Perform(x[0].WritableOp())
							continue
						}
					} else if k, err := x[0].Write(rest[:n]); k != n || err != nil {
						t.Error(k, err)
						return
					}
					rest = rest[n:]
				}
				x[0].CloseWrite()
			})
			spawn(func() {
				defer wg.Done()
				var got []byte
				buf := make([]byte, 100_000)
				for {
					p := buf[:1+mrand.IntN(1<<mrand.IntN(16))]
					n, ok, err := 0, true, error(nil)
					if mrand.IntN(8) == 0 {
						if n, ok, err = x[1].TryRead(p); !ok {
							cml.Perform(x[1].ReadableOp())
						}
					} else {
						n, err = x[1].Read(p)
					}
					got = append(got, p[:n]...)
					if err != nil {
						break
					}
				}
				if !bytes.Equal(got, text) {
					t.Errorf("%d bytes came of %d, or others", len(got), len(text))
				}
			})
		}
		within(t, "both directions", wg.Wait)
		a.Close()
		b.Close()
	})
}

// Close wakes all who wait, at both ends; halves can be closed.
func TestMemPipeClose(t *testing.T) {
	parties(t, func(t *testing.T, spawn func(func())) {
		a, b := MemPipe()
		fill(t, a)
		fill(t, b)
		io.ReadFull(a, make([]byte, memSize))
		var wg sync.WaitGroup
		wait := func(want error, f func() error) {
			wg.Add(1)
			spawn(func() {
				defer wg.Done()
				if err := f(); !errors.Is(err, want) {
					t.Errorf("%v, want %v", err, want)
				}
			})
		}
		one := make([]byte, 1)
		wait(net.ErrClosed, func() error { _, err := a.Read(one); return err })
		wait(net.ErrClosed, func() error { _, err := a.Write(one); return err })
		wait(net.ErrClosed, func() error { return cml.Perform(a.ReadableOp()) })
		wait(net.ErrClosed, func() error { return cml.Perform(a.WritableOp()) })
		wait(net.ErrClosed, func() error { return cml.Perform(NewReader(a).ReadLineOp()).Err })
		a.Close()
		within(t, "those at the end that was closed", wg.Wait)
		if n, err := io.Copy(io.Discard, onlyReader{b}); n != memSize || err != nil {
			t.Errorf("what was written before: %d, %v", n, err)
		}
		if _, err := b.Write(one); !errors.Is(err, io.ErrClosedPipe) {
			t.Error(err)
		}
		if err := a.Close(); !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}

		a, b = MemPipe()
		wait(io.EOF, func() error { _, err := b.Read(one); return err })
		a.CloseWrite()
		within(t, "the end", wg.Wait)
		fill(t, b)
		wait(io.ErrClosedPipe, func() error { _, err := b.Write(one); return err })
		a.CloseRead()
		within(t, "the writer", wg.Wait)
		if _, err := a.Read(one); err != io.EOF {
			t.Error(err)
		}
		a.Close()
		b.Close()
	})
}

// Parties come, lose against time-outs, and the ends are closed meanwhile: nobody is left.
func TestMemPipeRacesStress(t *testing.T) {
	rounds := 100
	if race.Enabled {
		rounds = 30
	}
	for range rounds {
		a, b := MemPipe()
		r := NewReader(a)
		var wg sync.WaitGroup
		for i := range 6 {
			wg.Add(1)
			party := func() {
				defer wg.Done()
				for {
					var err error
					switch i {
					case 0:
						_, err = b.Write(make([]byte, 1000))
					case 1:
						err, _ = fibers.PerformTimeout(b.WritableOp(), time.Microsecond)
					case 2:
						_, err = r.ReadN(100)
					case 3, 4:
						var it cml.Item[[]byte]
						it, _ = fibers.PerformTimeout(r.ReadNOp(500), time.Microsecond)
						err = it.Err
					case 5:
						_, err = fibers.Default().Stats(), a.SetDeadline(time.Now().Add(time.Hour))
					}
					if err != nil {
						return
					}
				}
			}
			if i%2 == 0 {
				fibers.Default().Go(party)
			} else {
				go party()
			}
		}
		fibers.Sleep(200 * time.Microsecond)
		a.Close()
		b.Close()
		within(t, "all", wg.Wait)
	}
}

func BenchmarkMemPipe(b *testing.B) {
	for _, by := range []string{"MemPipe", "net.Pipe"} {
		b.Run("op=pingpong/by="+by, func(b *testing.B) {
			b.ReportAllocs()
			fibers.Run(func() {
				var x, y net.Conn = MemPipe()
				if by == "net.Pipe" {
					x, y = net.Pipe()
				}
				fibers.Go(func() {
					p := make([]byte, 64)
					for {
						if _, err := io.ReadFull(y, p); err != nil {
							return
						}
						y.Write(p)
					}
				})
				p := make([]byte, 64)
				for b.Loop() {
					x.Write(p)
					io.ReadFull(x, p)
				}
				x.Close()
				y.Close()
			})
		})
	}
}
