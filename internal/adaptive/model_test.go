//go:build model

package adaptive

import (
	"testing"

	"github.com/seed222ee791/fibers/internal/simsched"
	"github.com/seed222ee791/fibers/internal/wait"
)

// Some who take a mutex, in every order of their accesses: no two have it at once, and all get
// it. Run with go test -tags model -run 'Model$'.
func TestMutexModel(t *testing.T) {
	for _, c := range []struct {
		name  string
		late  bool
		times []int // how often each takes it
		some  int   // so many of these wait in Go's way
		opts  []simsched.Option
		tries int // one who tries, so often
	}{
		{name: "two", times: []int{2, 1}},
		{name: "two in Go's way", times: []int{2, 2}, some: 2},
		{name: "two, handed over", late: true, times: []int{2, 2}, some: 2},
		{name: "one of each, handed over", late: true, times: []int{2, 1}, some: 1},
		{name: "three", times: []int{1, 1, 1}, opts: []simsched.Option{simsched.Preemptions(3)}},
		{name: "three, handed over", late: true, times: []int{1, 1, 1}, some: 3, opts: []simsched.Option{simsched.Preemptions(3)}},
		{name: "three, handed over to one", late: true, times: []int{1, 1, 1}, some: 1, opts: []simsched.Option{simsched.Preemptions(3)}},
		{name: "two, and one who tries", times: []int{1, 1}, tries: 2, opts: []simsched.Option{simsched.Preemptions(3)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			defer func() { allLate = false }()
			allLate = c.late
			stats := simsched.Explore(t, func() ([]func(), func(simsched.End)) {
				m := new(Mutex)
				buckets = [len(buckets)]bucket{} // a run that is given up leaves something there
				var inside simsched.Uint32
				var got, want int
				enter := func() {
					inside.Store(inside.Load() + 1)
					if n := inside.Load(); n != 1 {
						t.Fatalf("%d have it at once", n)
					}
					got++
					inside.Store(inside.Load() - 1)
					m.Unlock()
				}
				var actors []func()
				clear(natives)
				for i, n := range c.times {
					want += n
					actors = append(actors, func() {
						if i < c.some {
							natives[wait.Brief()] = true
						}
						for range n {
							m.Lock()
							enter()
						}
					})
				}
				if c.tries > 0 {
					actors = append(actors, func() {
						for range c.tries {
							if m.TryLock() {
								want++
								enter()
							}
						}
					})
				}
				return actors, func(end simsched.End) {
					b := m.bucket()
					switch {
					case !end.AllDone():
						t.Fatalf("waits for ever: %v", end.Waits)
					case got != want:
						t.Fatalf("taken %d times, not %d", got, want)
					case m.word.Load() != 0 || b.native != (line{}) || b.fibers != (line{}) || b.posted.Load() != nil:
						t.Fatalf("left at the end: word %d, %v, %v", m.word.Load(), b.native, b.fibers)
					}
				}
			}, append(c.opts, simsched.Limit(2_000_000))...)
			t.Logf("%d runs", stats.Runs)
		})
	}
}
