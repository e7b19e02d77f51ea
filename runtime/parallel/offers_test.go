package parallel

import (
	"slices"
	"testing"
	"time"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/internal/fork"
)

// A still is a host whose fibers never run, unless a test takes them.
type still struct {
	spawned []*fork.Ticket
	quiet   int // of all that were spawned
	wakes   int
}

func (s *still) Spawn(t *fork.Ticket, quiet bool) {
	s.spawned = append(s.spawned, t)
	if quiet {
		s.quiet++
	}
}

func (s *still) Wake() { s.wakes++ }

func (s *still) Retract(t *fork.Ticket) bool {
	n := len(s.spawned) - 1
	if n < 0 || s.spawned[n] != t {
		return false
	}
	s.spawned = s.spawned[:n]
	return true
}

func (s *still) Ending() bool { return false }

// stillBranches returns branches in a place of their own, beside so many other
// schedulers, none of which is idle.
func stillBranches(others int) (*branches, *still) {
	s := &still{}
	var none atomic.Int32
	return branchesOf(&fork.Place{Others: others, Searching: &none, Sleeping: &none, Host: s}), s
}

// The first piece of a loop of eight: what is left of it is all on offer, if there
// are others for it, the largest part first. When the loop is over nothing is.
func TestWideFiberOffersAll(t *testing.T) {
	for _, c := range []struct {
		others int
		want   []int // sizes
	}{
		{0, nil}, {1, []int{3}}, {2, []int{3, 2}}, {3, []int{3, 2, 1}}, {4, []int{3, 2, 1, 1}}, {63, []int{3, 2, 1, 1}},
	} {
		b, s := stillBranches(c.others)
		pieces := 0
		b.loops.run(0, 8, 1, func(lo, _ int) {
			pieces++
			if lo > 0 {
				return
			}
			var got []int
			for _, j := range b.loops.frames[0].jobs {
				got = append(got, int(j.size()))
			}
			if !slices.Equal(got, c.want) || len(b.open) != len(got) || len(s.spawned) != len(got) {
				t.Errorf("%d others: parts of %v are on offer, not %v (%d open, %d spawned)", c.others, got, c.want, len(b.open), len(s.spawned))
			}
		})
		if pieces != 8 || len(b.open) != 0 || len(s.spawned) != 0 {
			t.Errorf("%d others: %d pieces; %d open and %d spawned at the end", c.others, pieces, len(b.open), len(s.spawned))
		}
		if n := len(b.loops.spares); n > b.most || c.others > 0 && n == 0 {
			t.Errorf("%d others: %d spares", c.others, n)
		}
	}
}

// How a fiber forks follows from how fast it did.
func TestWideEagerOrNeither(t *testing.T) {
	const others = 5
	forked := func(took time.Duration) *branches {
		b, _ := stillBranches(others)
		b.forks = reckon - 1
		// Now and the next look at the clock are some time apart, unless the latter
		// is that of a clock that stands.
		b.born = time.Now().Add(-time.Hour)
		b.mark = time.Since(b.born) - took
		return b
	}
	open := func(b *branches) (n int, eager bool) {
		b.loops.run(0, 1000, 1, func(lo, _ int) {
			if lo == 0 {
				n, eager = len(b.open), b.place.Eager
			}
		})
		return n, eager
	}
	if n, eager := open(forked(-time.Minute)); n != 1 || eager { // faster than any clock
		t.Errorf("after fine forks there are %d offers, by the last; eager: %t", n, eager)
	}
	if n, eager := open(forked(time.Minute)); n != others || !eager {
		t.Errorf("after coarse forks there are %d offers beside %d other schedulers; eager: %t", n, others, eager)
	}
	// Between the two: no clock can be trusted to be so exact.
	b, _ := stillBranches(others)
	b.wide = false
	if n, eager := open(b); n != 1 || !eager {
		t.Errorf("if not wide there are %d offers; eager: %t", n, eager)
	}

	// One that was neither and had something on offer is wide after a long root.
	narrow := func(sinceMark time.Duration) *branches {
		b := forked(0)
		b.place.Eager, b.wide, b.forks = false, false, 0
		b.rootMark = time.Since(b.born) - sinceMark
		return b
	}
	for _, c := range []struct {
		sinceMark time.Duration
		forks     int
		gave      bool
		wide      bool
	}{
		{time.Minute, 1, false, false}, // not looked at
		{time.Minute, 1, true, true},
		{time.Minute, reckon, false, true},
		{-time.Minute, 1, true, false},
		{-time.Minute, reckon, true, false},
	} {
		b := narrow(c.sinceMark)
		b.gave = c.gave
		b.emptied(c.forks)
		if wide := b.place.Eager && b.wide; wide != c.wide {
			t.Errorf("%+v: wide is %t", c, wide)
		}
	}
}

// Who takes back all that was on offer is shy, unless some of it was taken.
func TestShyAfterTakingAllBack(t *testing.T) {
	b, s := stillBranches(3)
	body := func(int, int) {}
	b.loops.run(0, 8, 1, body)
	if !b.shy {
		t.Fatal("not shy")
	}
	s.quiet = 0
	b.loops.run(0, 8, 1, func(lo, _ int) {
		if lo == 1 && b.shy {
			t.Error("shy after an offer was taken")
		}
		if lo > 0 {
			return
		}
		if s.quiet != 3 {
			t.Errorf("a shy fiber made %d quiet offers, not 3", s.quiet)
		}
		// The oldest is taken, and ends at once.
		j := b.open[0]
		s.spawned = s.spawned[1:]
		if !j.start() {
			t.Error("it was not there")
		}
		sw := b.loops.frames[0].sweep
		sw.leave(sw.waiter)
	})
}

// Quiet offers that wait for long wake somebody.
func TestQuietOffersInsist(t *testing.T) {
	b, s := stillBranches(3)
	b.shy = true
	b.loops.run(0, 64*clockLooks, 1, func(int, int) {
		b.born = b.born.Add(-worthWaking) // a piece takes so long
	})
	if s.wakes == 0 {
		t.Error("nobody was waked")
	}
}

// A long piece of a loop that measures its pieces makes the fiber wide at once.
func TestLongPieceWidens(t *testing.T) {
	b, _ := stillBranches(3)
	b.place.Eager, b.wide = false, false
	b.loops.run(0, 8, 0, func(lo, _ int) {
		switch lo {
		case 0:
			for began := time.Now(); time.Since(began) <= 2*reckon*coarseForks; {
			}
		case 1:
			if !b.place.Eager || !b.wide || len(b.open) != 3 {
				t.Errorf("eager %t, wide %t, %d open", b.place.Eager, b.wide, len(b.open))
			}
		}
	})
}
