package runtime_test

import (
	"testing"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// A rendezvous is two parks, while nobody watches and while somebody does.
func BenchmarkWatched(b *testing.B) {
	for _, watched := range []bool{false, true} {
		name := "watched=no"
		if watched {
			name = "watched=yes"
		}
		b.Run(name, func(b *testing.B) {
			if watched {
				stop := fibers.Watch()
				defer stop()
			}
			rt := newRuntime(b, fibers.WithSchedulers(1))
			_ = rt.Run(func() {
				there, back := cml.NewChan[int](), cml.NewChan[int]()
				fibers.Go(func() {
					for {
						back.Put(there.Get())
					}
				})
				for b.Loop() {
					there.Put(1)
					back.Get()
				}
			})
		})
	}
}

// What a spawn costs, of fibers that end at once and of those that wait, ten
// thousand at a time, while nobody watches and while somebody does.
func BenchmarkSpawnWatched(b *testing.B) {
	for _, watched := range []string{"no", "yes"} {
		watch := func() func() { return func() {} }
		if watched == "yes" {
			watch = fibers.Watch
		}
		b.Run("then=ends/watched="+watched, func(b *testing.B) {
			defer watch()()
			in(b, 1, func() {
				for range b.N/1000 + 1 {
					l := newLatch(1000)
					for range 1000 {
						fibers.Go(l.done)
					}
					l.wait()
				}
			})
		})
		b.Run("then=waits/watched="+watched, func(b *testing.B) {
			defer watch()()
			in(b, 1, func() {
				const batch = 10_000
				for range b.N/batch + 1 {
					c := cml.NewCond()
					here, l := newLatch(batch), newLatch(batch)
					for range batch {
						fibers.Go(func() { here.done(); c.Wait(); l.done() })
					}
					here.wait()
					c.Signal()
					l.wait()
				}
			})
		})
	}
}
