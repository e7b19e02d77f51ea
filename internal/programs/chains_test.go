package programs_test

import (
	"math"
	"testing"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// The programs that Guile Fibers is measured with, each with an answer.

// end goes through a chain of channels after the last number.
const end = -1

// A chain of links, each of which adds one to what goes through.
func TestChain(t *testing.T) {
	ends(t, func(t *testing.T) {
		for _, links := range []int{0, 10, 100} {
			messages := size(t, 10_000, 1000)
			first := cml.NewChan[int]()
			in := first
			for range links {
				from, to := in, cml.NewChan[int]()
				in = to
				fibers.Go(func() {
					for range messages {
						to.Put(from.Get() + 1)
					}
				})
			}
			fibers.Go(func() {
				for i := range messages {
					first.Put(i)
				}
			})
			for i := range messages {
				if v := in.Get(); v != i+links {
					t.Fatalf("number %d comes through %d links as %d", i, links, v)
				}
			}
		}
	})
}

// Pairs hand a number to and fro, one more each time.
func TestPingPong(t *testing.T) {
	ends(t, func(t *testing.T) {
		pairs, messages := 10, size(t, 10_000, 1000)
		last := cml.NewChan[int]()
		for range pairs {
			ping, pong := cml.NewChan[int](), cml.NewChan[int]()
			fibers.Go(func() {
				for range messages {
					pong.Put(ping.Get() + 1)
				}
			})
			fibers.Go(func() {
				n := 0
				for range messages {
					ping.Put(n)
					n = pong.Get() + 1
				}
				last.Put(n)
			})
		}
		for range pairs {
			check(t, "the last number of a pair", last.Get(), 2*messages)
		}
	})
}

// One sends to many, on one channel. Each number arrives once.
func TestFanOut(t *testing.T) {
	ends(t, func(t *testing.T) {
		for _, receivers := range []int{10, 100} {
			messages := size(t, 100_000, 10_000)
			c, sums := cml.NewChan[int](), cml.NewChan[int]()
			for range receivers {
				fibers.Go(func() {
					sum := 0
					for v := c.Get(); v != end; v = c.Get() {
						sum += v
					}
					sums.Put(sum)
				})
			}
			for i := range messages {
				c.Put(i)
			}
			for range receivers {
				c.Put(end)
			}
			sum := 0
			for range receivers {
				sum += sums.Get()
			}
			check(t, "the sum of what arrived", sum, messages*(messages-1)/2)
		}
	})
}

// The diagonals of cubes: a number goes to one fiber for each dimension, which
// squares it; another adds the squares up, and a last one takes the root.
func TestDiagonal(t *testing.T) {
	ends(t, func(t *testing.T) {
		const dimensions = 9 // the diagonal is 3 times the side
		sides := size(t, 10_000, 1000)
		squares, sums, diagonals := cml.NewChan[int](), cml.NewChan[int](), cml.NewChan[float64]()
		var inputs []*cml.Chan[int]
		for range dimensions {
			in := cml.NewChan[int]()
			inputs = append(inputs, in)
			fibers.Go(func() {
				for range sides {
					v := in.Get()
					squares.Put(v * v)
				}
			})
		}
		turn := cml.NewChan[unit]() // the sum of a cube is complete
		fibers.Go(func() {
			for side := range sides {
				for _, in := range inputs {
					in.Put(side)
				}
				turn.Get() // or a fast dimension would add to another's cube
			}
		})
		fibers.Go(func() {
			for range sides {
				sum := 0
				for range dimensions {
					sum += squares.Get()
				}
				turn.Put(unit{})
				sums.Put(sum)
			}
		})
		fibers.Go(func() {
			for range sides {
				diagonals.Put(math.Sqrt(float64(sums.Get())))
			}
		})
		for side := range sides {
			if d := diagonals.Get(); d != 3*float64(side) {
				t.Fatalf("the diagonal of %d is %v", side, d)
			}
		}
	})
}

// The primes by a chain of filters, each with one prime.
func TestSieve(t *testing.T) {
	ends(t, func(t *testing.T) {
		// The numbers go up to the last prime wanted, so the chain can end.
		last, position := 3571, 500
		if size(t, position, 100) == 100 {
			last, position = 541, 100
		}
		source := cml.NewChan[int]()
		fibers.Go(func() {
			for n := 2; n <= last; n++ {
				source.Put(n)
			}
			source.Put(end)
		})
		in := source
		found, prime := 0, 0
		for p := in.Get(); p != end; p = in.Get() {
			found, prime = found+1, p
			from, to := in, cml.NewChan[int]()
			in = to
			fibers.Go(func() {
				for n := from.Get(); n != end; n = from.Get() {
					if n%p != 0 {
						to.Put(n)
					}
				}
				to.Put(end)
			})
		}
		check(t, "primes found", found, position)
		check(t, "the last prime", prime, last)
	})
}

// A token goes round a ring of 503, each of which takes one from it. Who gets it
// when it is used up tells his name.
func TestThreadRing(t *testing.T) {
	const members = 503
	tell := func(tokens int) int {
		name := cml.NewChan[int]()
		ring := make([]*cml.Chan[int], members)
		for i := range ring {
			ring[i] = cml.NewChan[int]()
		}
		for i, in := range ring {
			out := ring[(i+1)%members]
			fibers.Go(func() {
				for n := in.Get(); n != end; n = in.Get() {
					if n > 0 {
						out.Put(n - 1)
					} else {
						name.Put(i + 1)
					}
				}
			})
		}
		ring[0].Put(tokens)
		defer func() {
			for _, in := range ring {
				in.Put(end)
			}
		}()
		return name.Get()
	}
	ends(t, func(t *testing.T) {
		check(t, "the name for 1000", tell(1000), 498)
		if n := size(t, 500_000, 50_000); n == 500_000 {
			check(t, "the name for 500000", tell(n), 19)
		} else {
			check(t, "the name for 50000", tell(n), 204)
		}
	})
}
