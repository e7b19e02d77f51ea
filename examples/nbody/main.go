// Nbody computes how bodies that attract each other move.
//
// In each step the forces on each body are computed in parallel, from the
// positions of all; then all are moved. The sum of the energies shows how exact it
// is: nothing should be lost. As the sum is always divided in the same way, every
// run prints the same digits.
//
//	go run ./examples/nbody -bodies 1000 -steps 100
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"math"
	"math/rand/v2"
	"os"

	fibers "github.com/seed222ee791/fibers/runtime"
	"github.com/seed222ee791/fibers/runtime/parallel"
)

type vector struct{ x, y, z float64 }

func (a vector) plus(b vector) vector        { return vector{a.x + b.x, a.y + b.y, a.z + b.z} }
func (a vector) times(factor float64) vector { return vector{a.x * factor, a.y * factor, a.z * factor} }
func (a vector) squared() float64            { return a.x*a.x + a.y*a.y + a.z*a.z }

// A system is bodies of equal mass, one in all. The constant of gravity is one.
type system struct{ at, speed, pull []vector }

// softening is the distance below which the attraction stops growing.
const softening = 0.05

func (s *system) mass() float64 { return 1 / float64(len(s.at)) }

// between returns the way from body i to body j, and the square of the distance
// that counts.
func (s *system) between(i, j int) (d vector, d2 float64) {
	d = s.at[j].plus(s.at[i].times(-1))
	return d, d.squared() + softening*softening
}

// each calls body for ranges of bodies.
func (s *system) each(body func(lo, hi int)) { parallel.For(0, len(s.at), 0, body) }

// newSystem returns a ball of bodies that rest.
func newSystem(n int) *system {
	r := rand.New(rand.NewPCG(1687, 7))
	s := &system{make([]vector, n), make([]vector, n), make([]vector, n)}
	for i := range s.at {
		for {
			s.at[i] = vector{2*r.Float64() - 1, 2*r.Float64() - 1, 2*r.Float64() - 1}
			if s.at[i].squared() <= 1 {
				break
			}
		}
	}
	s.attract()
	return s
}

// attract computes what pulls at each body.
func (s *system) attract() {
	s.each(func(lo, hi int) {
		for i := lo; i < hi; i++ {
			var pull vector
			for j := range s.at {
				d, d2 := s.between(i, j) // of a body to itself: zero
				pull = pull.plus(d.times(s.mass() / (d2 * math.Sqrt(d2))))
			}
			s.pull[i] = pull
		}
	})
}

// step goes on by a time dt (velocity Verlet: Swope et al. 1982).
func (s *system) step(dt float64) {
	s.each(func(lo, hi int) {
		for i := lo; i < hi; i++ {
			s.speed[i] = s.speed[i].plus(s.pull[i].times(dt / 2))
			s.at[i] = s.at[i].plus(s.speed[i].times(dt))
		}
	})
	s.attract()
	s.each(func(lo, hi int) {
		for i := lo; i < hi; i++ {
			s.speed[i] = s.speed[i].plus(s.pull[i].times(dt / 2))
		}
	})
}

// energy returns the energy of motion and that of position.
func (s *system) energy() float64 {
	return parallel.Reduce(0, len(s.at), 0, 0, func(lo, hi int, sum float64) float64 {
		for i := lo; i < hi; i++ {
			sum += s.mass() * s.speed[i].squared() / 2
			for j := range i {
				_, d2 := s.between(i, j)
				sum -= s.mass() * s.mass() / math.Sqrt(d2)
			}
		}
		return sum
	}, func(a, b float64) float64 { return a + b })
}

// run prints the energy at some moments.
func run(w io.Writer, bodies, steps int) error {
	if bodies < 1 || steps < 1 {
		return fmt.Errorf("%d bodies, %d steps: there must be one of each at least", bodies, steps)
	}
	return fibers.Run(func() {
		s := newSystem(bodies)
		fmt.Fprintf(w, "step %d: energy %.9f\n", 0, s.energy())
		for i := 1; i <= steps; i++ {
			s.step(0.001)
			if i%max(steps/5, 1) == 0 {
				fmt.Fprintf(w, "step %d: energy %.9f\n", i, s.energy())
			}
		}
	})
}

func main() {
	bodies := flag.Int("bodies", 1000, "how many")
	steps := flag.Int("steps", 100, "how many")
	flag.Parse()
	if err := run(os.Stdout, *bodies, *steps); err != nil {
		log.Fatal(err)
	}
}
