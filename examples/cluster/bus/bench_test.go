package bus_test

import (
	"context"
	"testing"
	"time"

	"github.com/seed222ee791/fibers/cml"
	"github.com/seed222ee791/fibers/examples/cluster/bus"
	"github.com/seed222ee791/fibers/examples/cluster/internal/check"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// What docs/distributed.md says of costs: a request there and back, beside a rendezvous there and back in the process.
func BenchmarkRequest(b *testing.B) {
	s := check.Server(b)
	near, far := check.Connect(b, s), check.Connect(b, s)
	err := fibers.Run(func() {
		served, err := bus.Serve(far, "echo", bus.ServiceOptions{}, func(_ context.Context, data []byte) ([]byte, error) { return data, nil })
		if err != nil {
			b.Fatal(err)
		}
		defer served.Close()
		ask := near.RequestOp("echo", []byte("x"))
		for b.Loop() {
			if it := cml.Perform(ask); it.Err != nil {
				b.Fatal(it.Err)
			}
		}
	})
	if err != nil {
		b.Fatal(err)
	}
}

func BenchmarkChan(b *testing.B) {
	err := fibers.Run(func() {
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
	if err != nil {
		b.Fatal(err)
	}
}

// A message that is stored, taken and acknowledged, one after the other.
func BenchmarkMessage(b *testing.B) {
	for name, ahead := range map[string]int{"ahead=0": 0, "ahead=50": 50} {
		b.Run(name, func(b *testing.B) {
			c := check.Connect(b, check.Server(b))
			m := consume(b, c, stream(b, c, time.Minute), bus.Options{Ahead: ahead})
			err := fibers.Run(func() {
				publishing := fibers.Spawn(func() (int, error) {
					publish := c.PublishOp("work.x", "", []byte("x"))
					for range b.N {
						if it := cml.Perform(publish); it.Err != nil {
							return 0, it.Err
						}
					}
					return 0, nil
				})
				if _, err := publishing.Await(); err != nil {
					b.Fatal(err)
				}
				b.ResetTimer()
				for range b.N {
					msg, err := m.Next()
					if err != nil {
						b.Fatal(err)
					}
					if err := msg.Ack(); err != nil {
						b.Fatal(err)
					}
				}
			})
			if err != nil {
				b.Fatal(err)
			}
		})
	}
}
