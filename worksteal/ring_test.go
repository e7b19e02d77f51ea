package worksteal_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/seed222ee791/fibers/internal/allocs"
	"github.com/seed222ee791/fibers/worksteal"
)

func TestRingOrder(t *testing.T) {
	for _, start := range nearWrap {
		t.Run(fmt.Sprint("start=", start), func(t *testing.T) {
			o, th := worksteal.NewRingAt[int](start)
			xs := numbers(1000)
			for i, x := range xs {
				o.Push(x)
				if o.Len() != i+1 || th.Len() != i+1 || th.Empty() {
					t.Fatalf("after %d pushes: Len %d, %d, Empty %v", i+1, o.Len(), th.Len(), th.Empty())
				}
			}
			for i := 0; i < 1000; i += 2 {
				if x, out := th.Steal(); out != worksteal.Got || *x != i {
					t.Fatalf("Steal = %d, %v; want %d", value(x), out, i)
				}
				if x := o.Pop(); value(x) != i+1 {
					t.Fatalf("Pop = %d; want %d", value(x), i+1)
				}
				if o.Len() != 998-i || th.Len() != 998-i {
					t.Fatalf("Len %d, %d; want %d", o.Len(), th.Len(), 998-i)
				}
				o.Check()
			}
			if x := o.Pop(); x != nil {
				t.Errorf("Pop of an empty ring = %d", *x)
			}
			if x, out := th.Steal(); x != nil || out != worksteal.Empty {
				t.Errorf("Steal from an empty ring = %v, %v", x, out)
			}
			if !th.Empty() || th.Len() != 0 || o.Len() != 0 {
				t.Errorf("empty ring: Empty %v, Len %d, %d", th.Empty(), th.Len(), o.Len())
			}
		})
	}
}

// TestRingSlides keeps a few elements in the ring for many laps.
func TestRingSlides(t *testing.T) {
	for _, held := range []int{1, worksteal.InitialSlots / 2, worksteal.InitialSlots - 2} {
		o, th := worksteal.NewRingAt[int](1<<64 - 200)
		xs := numbers(10 * worksteal.InitialSlots)
		for i, x := range xs {
			o.Push(x)
			if i < held {
				continue
			}
			var got *int
			if i%4 == 0 {
				got, _ = th.Steal()
			} else {
				got = o.Pop()
			}
			if value(got) != i-held {
				t.Fatalf("held %d: got %d, want %d", held, value(got), i-held)
			}
			o.Check()
		}
		if c := o.Cap(); c > 2*worksteal.InitialSlots {
			t.Errorf("capacity %d for %d elements", c, held)
		}
	}
}

func TestRingStealHalf(t *testing.T) {
	for _, c := range []struct{ n, max, taken int }{
		{0, 5, 0}, {1, 5, 1}, {2, 5, 1}, {3, 5, 2}, {9, 5, 5}, {10, 5, 5}, {100, 5, 5}, {100, 1, 1},
		{100, 1000, 50}, {101, math.MaxInt, 51}, {1000, math.MaxInt, 500}, {5000, 300, 300},
	} {
		for _, start := range nearWrap {
			src, th := worksteal.NewRingAt[int](start)
			dst, _ := worksteal.NewRingAt[int](1<<64 - 2)
			old := new(int)
			dst.Push(old)
			xs := numbers(c.n)
			for _, x := range xs {
				src.Push(x)
			}
			first, moved, out := th.StealHalf(dst, c.max)
			if c.taken == 0 {
				if first != nil || moved != 0 || out != worksteal.Empty || dst.Len() != 1 {
					t.Fatalf("%+v: %v, %d, %v", c, first, moved, out)
				}
				continue
			}
			if value(first) != 0 || moved != c.taken-1 || out != worksteal.Got {
				t.Fatalf("%+v: first %d, moved %d, %v", c, value(first), moved, out)
			}
			if src.Len() != c.n-c.taken || dst.Len() != c.taken {
				t.Fatalf("%+v: Len %d, destination %d", c, src.Len(), dst.Len())
			}
			if dst.Pop() != old {
				t.Fatalf("%+v: stolen elements are not behind the old", c)
			}
			for i := 1; i < c.n; i++ {
				from := dst
				if i >= c.taken {
					from = src
				}
				if x := from.Pop(); value(x) != i {
					t.Fatalf("%+v: got %d, want %d", c, value(x), i)
				}
			}
			src.Check()
			dst.Check()
		}
	}
}

func TestRingEach(t *testing.T) {
	o, th := worksteal.NewRing[int]()
	for _, x := range numbers(100) {
		o.Push(x)
	}
	th.Steal()
	o.Pop()
	for _, each := range []func(func(*int) bool){o.Each, th.Each} {
		want := 2
		each(func(x *int) bool {
			if *x != want {
				t.Fatalf("Each: %d; want %d", *x, want)
			}
			want++
			return true
		})
		if want != 100 {
			t.Errorf("Each stopped before %d", want)
		}
		n := 0
		each(func(*int) bool { n++; return n < 3 })
		if n != 3 {
			t.Errorf("Each went on after false: %d calls", n)
		}
	}
}

func TestRingShrink(t *testing.T) {
	o, th := worksteal.NewRingAt[int](1<<64 - 5000)
	dst, _ := worksteal.NewRing[int]()
	x := new(int)
	for round := range 3 {
		for range 4 * worksteal.KeepSlots {
			o.Push(x)
		}
		th.StealHalf(dst, math.MaxInt)
		for o.Pop() != nil {
		}
		if c := o.Cap(); c != worksteal.InitialSlots {
			t.Errorf("round %d: large burst: capacity %d", round, c)
		}
		for dst.Pop() != nil {
		}
		for range 2 * worksteal.InitialSlots {
			o.Push(x)
		}
		for o.Pop() != nil {
		}
		o.Pop()
		if c := o.Cap(); c != worksteal.InitialSlots {
			t.Errorf("round %d: small burst, found empty twice: capacity %d", round, c)
		}
	}
}

func TestRingAllocations(t *testing.T) {
	o, th := worksteal.NewRing[int]()
	dst, _ := worksteal.NewRing[int]()
	x := new(int)
	if n := allocs.Least(1000, func() {
		for range worksteal.InitialSlots / 2 {
			o.Push(x)
		}
		th.Steal()
		th.StealHalf(dst, 100)
		for o.Pop() != nil {
		}
		for dst.Pop() != nil {
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestRingMisuse(t *testing.T) {
	o, th := worksteal.NewRing[int]()
	dst, _ := worksteal.NewRing[int]()
	for want, f := range map[string]func(){
		"worksteal: push of nil":                         func() { o.Push(nil) },
		"worksteal: StealHalf into the ring stolen from": func() { th.StealHalf(o, 1) },
		"worksteal: StealHalf of less than one element":  func() { th.StealHalf(dst, 0) },
	} {
		if v := panics(f); v != want {
			t.Errorf("panicked with %v, want %v", v, want)
		}
	}
}
