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
