package poll

import (
	"net"
	"sync/atomic" // its 64-bit types are aligned on 32-bit systems too
	"testing"
	"time"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// BenchmarkDeadline is what deadlines cost: op=again sets one anew that has not come, as a server
// does before each read; op=first is of a new connection, which is then closed, op=none without it; op=over waits
// for one that comes, a millisecond from now, on a hundred connections at once; op=load is that beside a
// hundred others of the kind that are always ready. by=net is package net with goroutines.
func BenchmarkDeadline(b *testing.B) {
	type pair = func() (net.Conn, net.Conn)
	over := func(b *testing.B, pair pair, spawn func(func())) {
		const n = 100
		var done cml.WaitGroup
		var left, late atomic.Int64
		left.Store(int64(b.N))
		done.Add(n)
		for range n {
			c, peer := pair()
			spawn(func() {
				defer done.Done()
				defer c.Close()
				defer peer.Close()
				var buf [1]byte
				for left.Add(-1) >= 0 {
					at := time.Now().Add(time.Millisecond)
					if err := c.SetReadDeadline(at); err != nil {
						b.Error(err)
					}
					_, err := c.Read(buf[:])
					late.Add(int64(time.Since(at)))
					if err == nil {
						b.Error("it reads")
					}
				}
			})
		}
		done.Wait()
		b.ReportMetric(float64(late.Load())/float64(b.N)/1e3, "µs-late")
	}
	bench := func(by string, pair pair, in, spawn func(func())) {
		run := func(op string, body func(b *testing.B)) {
			b.Run("by="+by+"/op="+op, func(b *testing.B) { b.ReportAllocs(); in(func() { body(b) }) })
		}
		run("again", func(b *testing.B) {
			c, peer := pair()
			defer c.Close()
			defer peer.Close()
			for b.Loop() {
				if err := c.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
					b.Error(err)
				}
			}
		})
		run("first", func(b *testing.B) {
			for b.Loop() {
				c, peer := pair()
				if err := c.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
					b.Error(err)
				}
				c.Close()
				peer.Close()
			}
		})
		run("none", func(b *testing.B) {
			for b.Loop() {
				c, peer := pair()
				c.Close()
				peer.Close()
			}
		})
		run("over", func(b *testing.B) { over(b, pair, spawn) })
		run("load", func(b *testing.B) {
			var stop atomic.Bool
			var done cml.WaitGroup
			done.Add(100)
			for range 100 {
				spawn(func() {
					defer done.Done()
					for sum := 0; !stop.Load(); fibers.Yield() {
						for i := range 10_000 {
							sum += i
						}
					}
				})
			}
			over(b, pair, spawn)
			stop.Store(true)
			done.Wait()
		})
	}
	memory := func() (net.Conn, net.Conn) { return MemPipe() }
	here, goroutine := func(f func()) { f() }, func(f func()) { go f() }
	bench("net", net.Pipe, here, goroutine)
	bench("goroutines", memory, here, goroutine)
	bench("fibers", memory, func(f func()) { _ = fibers.Run(f) }, fibers.Go)
}
