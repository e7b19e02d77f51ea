package programs_test

import (
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// Power series as fibers, after McIlroy: a series is asked for one coefficient
// after the other, and whoever computes it asks the series that it is made of.
// A series can be made of itself. Nothing is computed that nobody has asked for.

type series struct {
	want *cml.Chan[unit]
	term *cml.Chan[*big.Rat]
}

func newSeries() series { return series{cml.NewChan[unit](), cml.NewChan[*big.Rat]()} }

func (s series) next() *big.Rat {
	s.want.Put(unit{})
	return s.term.Get()
}

// serve answers with what next returns.
func (s series) serve(next func() *big.Rat) {
	for {
		s.want.Get()
		s.term.Put(next())
	}
}

// made starts a series whose coefficients next returns.
func made(next func() *big.Rat) series {
	s := newSeries()
	fibers.Go(func() { s.serve(next) })
	return s
}

// split returns two copies of s. What one of them has been given already, the
// other gets also while a further coefficient of s is on its way: that may
// depend on it.
func split(s series) [2]series {
	type copied struct {
		series
		behind []*big.Rat // coefficients that only the other one has got
		waits  bool
	}
	both := [2]*copied{{series: newSeries()}, {series: newSeries()}}
	fibers.Go(func() {
		asked := false
		for {
			next := cml.Wrap(s.term.GetOp(), func(c *big.Rat) int {
				asked = false
				for _, x := range both {
					x.behind = append(x.behind, c)
				}
				return -1
			})
			ops := []cml.Op[int]{next}
			for i, x := range both {
				if !x.waits {
					ops = append(ops, cml.Wrap(x.want.GetOp(), func(unit) int { return i }))
				}
			}
			if i := cml.Perform(cml.Choice(ops...)); i >= 0 {
				both[i].waits = true
			}
			for _, x := range both {
				switch {
				case !x.waits:
				case len(x.behind) > 0:
					x.term.Put(x.behind[0])
					x.behind, x.waits = x.behind[1:], false
				case !asked:
					s.want.Put(unit{})
					asked = true
				}
			}
		}
	})
	return [2]series{both[0].series, both[1].series}
}

// defined is the series that is f of itself.
func defined(f func(self series) series) series {
	self := newSeries()
	copies := split(self)
	meaning := f(copies[0])
	fibers.Go(func() { self.serve(meaning.next) })
	return copies[1]
}

func rat(a, b int64) *big.Rat { return big.NewRat(a, b) }

// constant is c + 0x + 0x² + …
func constant(c *big.Rat) series {
	return made(func() *big.Rat {
		v := c
		c = rat(0, 1)
		return v
	})
}

func add(f, g series) series {
	return made(func() *big.Rat { return new(big.Rat).Add(f.next(), g.next()) })
}

func scale(k *big.Rat, f series) series {
	return made(func() *big.Rat { return new(big.Rat).Mul(k, f.next()) })
}

// after is c + x·f.
func after(c *big.Rat, f series) series {
	first := true
	return made(func() *big.Rat {
		if first {
			first = false
			return c
		}
		return f.next()
	})
}

// integral of f, with the constant c.
func integral(c *big.Rat, f series) series {
	n := int64(0)
	return after(c, made(func() *big.Rat {
		n++
		return new(big.Rat).Mul(f.next(), rat(1, n))
	}))
}

// mul: with f = f₀ + xF and g = g₀ + xG it is f₀g₀ + x(f₀G + g₀F + xFG).
func mul(f, g series) series {
	var rest series
	n := 0
	return made(func() *big.Rat {
		if n++; n == 1 {
			f0, g0 := f.next(), g.next()
			fs, gs := split(f), split(g)
			rest = add(add(scale(f0, gs[0]), scale(g0, fs[0])), after(rat(0, 1), later(func() series { return mul(fs[1], gs[1]) })))
			return new(big.Rat).Mul(f0, g0)
		}
		return rest.next()
	})
}

// later is the series that f returns when it is asked for a coefficient.
func later(f func() series) series {
	var s *series
	return made(func() *big.Rat {
		if s == nil {
			got := f()
			s = &got
		}
		return s.next()
	})
}

// compose is f(g), for a g without a constant: f₀ + xG·F(g).
func compose(f, g series) series {
	var rest series
	n := 0
	return made(func() *big.Rat {
		if n++; n == 1 {
			f0 := f.next()
			gs := split(g)
			gs[0].next() // its constant, 0
			rest = mul(gs[0], later(func() series { return compose(f, gs[1]) }))
			return f0
		}
		return rest.next()
	})
}

// reciprocal of f, by r·f = 1: r = 1/f₀ − x·(F·r)/f₀.
func reciprocal(f series) series {
	return defined(func(self series) series {
		var rest series
		n := 0
		return made(func() *big.Rat {
			if n++; n == 1 {
				inverse := new(big.Rat).Inv(f.next())
				rest = scale(new(big.Rat).Neg(inverse), mul(f, self))
				return inverse
			}
			return rest.next()
		})
	})
}

func exp() series {
	return defined(func(self series) series { return integral(rat(1, 1), self) })
}

func tan() series { // its derivative is 1 + tan²
	return defined(func(self series) series {
		both := split(self)
		return integral(rat(0, 1), add(constant(rat(1, 1)), mul(both[0], both[1])))
	})
}

func sinAndCos() (sin, cos series) {
	sin = defined(func(self series) series {
		return integral(rat(0, 1), integral(rat(1, 1), scale(rat(-1, 1), self)))
	})
	both := split(sin)
	first := true
	n := int64(0)
	cos = made(func() *big.Rat { // the derivative of sin
		if first {
			first = false
			both[0].next()
		}
		n++
		return new(big.Rat).Mul(both[0].next(), rat(n, 1))
	})
	return both[1], cos
}

func arctan() series { // its derivative is 1/(1 + x²)
	n := int64(-1)
	onePlusSquare := made(func() *big.Rat {
		if n++; n == 0 || n == 2 {
			return rat(1, 1)
		}
		return rat(0, 1)
	})
	return integral(rat(0, 1), reciprocal(onePlusSquare))
}

func coefficients(s series, n int) string {
	var all []string
	for range n {
		all = append(all, s.next().RatString())
	}
	return strings.Join(all, " ")
}

func TestPowerSeries(t *testing.T) {
	square := func(s series) series {
		both := split(s)
		return mul(both[0], both[1])
	}
	for _, c := range []struct {
		name string
		s    func() series
		want string
	}{
		{"exp", exp, "1 1 1/2 1/6 1/24 1/120 1/720 1/5040 1/40320 1/362880 1/3628800 1/39916800"},
		{"tan", tan, "0 1 0 1/3 0 2/15 0 17/315 0 62/2835 0 1382/155925"},
		{"sin", func() series { s, _ := sinAndCos(); return s }, "0 1 0 -1/6 0 1/120 0 -1/5040 0 1/362880 0 -1/39916800"},
		{"arctan", arctan, "0 1 0 -1/3 0 1/5 0 -1/7 0 1/9 0 -1/11"},
		{"sin²+cos²", func() series {
			s, c := sinAndCos()
			return add(square(s), square(c))
		}, "1 0 0 0 0 0 0 0 0 0 0 0"},
		{"exp by its reciprocal", func() series { return mul(exp(), reciprocal(exp())) }, "1 0 0 0 0 0 0 0 0 0 0 0"},
		{"reciprocal of 1-x", func() series { return reciprocal(add(constant(rat(1, 1)), after(rat(0, 1), constant(rat(-1, 1))))) }, "1 1 1 1 1 1 1 1 1 1 1 1"},
		{"tan(arctan)", func() series { return compose(tan(), arctan()) }, "0 1 0 0 0 0 0 0 0 0 0 0"},
	} {
		t.Run(fmt.Sprintf("of=%s", c.name), func(t *testing.T) {
			endless(t, func(t *testing.T) {
				n := size(t, 12, 8)
				check(t, c.name, coefficients(c.s(), n), strings.Join(strings.Fields(c.want)[:n], " "))
			})
		})
	}
}
