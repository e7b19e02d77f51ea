//go:build model

package adaptive

import (
	"slices"
	"testing"

	"github.com/seed222ee791/fibers/internal/simsched"
	"github.com/seed222ee791/fibers/internal/wait"
)

// A modelled is a case: some who take a mutex.
type modelled struct {
	name  string
	late  bool
	times []int // how often each takes it
	some  int   // so many of these wait in Go's way
	opts  []simsched.Option
	tries int // one who tries, so often
}

// Some who take a mutex, in every order of their accesses: no two have it at once, and all get
// it. Run with go test -tags model -run 'Model$'.
func TestMutexModel(t *testing.T) {
	bounded := []simsched.Option{simsched.Preemptions(3)}
	explore(t,
		modelled{name: "two", times: []int{2, 1}},
		modelled{name: "two in Go's way", times: []int{2, 2}, some: 2},
		modelled{name: "two, handed over", late: true, times: []int{2, 2}, some: 2},
		modelled{name: "one of each, handed over", late: true, times: []int{2, 1}, some: 1},
		modelled{name: "three", times: []int{1, 1, 1}, opts: bounded},
		modelled{name: "three, handed over", late: true, times: []int{1, 1, 1}, some: 3, opts: bounded},
		modelled{name: "three, handed over to one", late: true, times: []int{1, 1, 1}, some: 1, opts: bounded},
		modelled{name: "two, and one who tries", times: []int{1, 1}, tries: 2, opts: bounded},
	)
}

// The same for longer, which is no more than the mutants need to be found.
func TestMutexLongerModel(t *testing.T) {
	bounded := []simsched.Option{simsched.Preemptions(4)}
	explore(t,
		modelled{name: "two", times: []int{2, 2}},
		modelled{name: "one of each, handed over", late: true, times: []int{2, 2}, some: 1},
		modelled{name: "three", times: []int{1, 1, 1}, opts: bounded},
		modelled{name: "three, handed over", late: true, times: []int{1, 1, 1}, some: 3, opts: bounded},
		modelled{name: "three, handed over to one", late: true, times: []int{1, 1, 1}, some: 1, opts: bounded},
		modelled{name: "two, and one who tries", times: []int{1, 1}, tries: 2, opts: bounded},
	)
}

func explore(t *testing.T, cases ...modelled) {
	for _, c := range cases {
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
			}, append(slices.Clone(c.opts), simsched.Limit(2_000_000))...)
			t.Logf("%d runs", stats.Runs)
		})
	}
}

// Two mutexes whose waiters are in one bucket: whoever has the lock of that sees to those of both.
func TestMutexesOfOneBucketModel(t *testing.T) {
	first, second := SameBucket()
	for _, c := range []struct {
		name        string
		late        bool
		takes       []string // which mutexes each takes, one after the other
		native      []bool   // waits in Go's way
		preemptions int
	}{
		{"two of each", false, []string{"a", "a", "b", "b"}, []bool{false, false, false, false}, 3},
		{"two of one in Go's way", false, []string{"a", "a", "b", "b"}, []bool{false, false, true, true}, 3},
		{"two of one in Go's way, handed over", true, []string{"a", "a", "b", "b"}, []bool{false, false, true, true}, 3},
		{"one of each in Go's way, handed over", true, []string{"a", "a", "b", "b"}, []bool{false, true, false, true}, 3},
		{"who takes both", false, []string{"ab", "a", "b"}, []bool{false, false, false}, 3},
		{"who takes both, handed over", true, []string{"ab", "ba", "a"}, []bool{false, true, false}, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			defer func() { allLate = false }()
			allLate = c.late
			stats := simsched.Explore(t, func() ([]func(), func(simsched.End)) {
				*first, *second = Mutex{}, Mutex{}
				buckets = [len(buckets)]bucket{}
				clear(natives)
				mutexes := map[rune]*Mutex{'a': first, 'b': second}
				inside := map[rune]*simsched.Uint32{'a': new(simsched.Uint32), 'b': new(simsched.Uint32)}
				var got, want int
				var actors []func()
				for i, takes := range c.takes {
					want += len(takes)
					actors = append(actors, func() {
						if c.native[i] {
							natives[wait.Brief()] = true
						}
						for _, which := range takes {
							mutexes[which].Lock()
							if n := inside[which].Add(1); n != 1 {
								t.Fatalf("%d have it at once", n)
							}
							got++
							inside[which].Store(0)
							mutexes[which].Unlock()
						}
					})
				}
				return actors, func(end simsched.End) {
					b := first.bucket()
					switch {
					case !end.AllDone():
						t.Fatalf("waits for ever: %v", end.Waits)
					case got != want:
						t.Fatalf("taken %d times, not %d", got, want)
					case first.word.Load() != 0 || second.word.Load() != 0 || b.native != (line{}) || b.fibers != (line{}) || b.posted.Load() != nil:
						t.Fatalf("left at the end: words %d, %d", first.word.Load(), second.word.Load())
					}
				}
			}, simsched.Preemptions(c.preemptions), simsched.Limit(3_000_000))
			t.Logf("%d runs", stats.Runs)
		})
	}
}
