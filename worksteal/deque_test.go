package worksteal_test

import (
	"fmt"
	"testing"

	"github.com/seed222ee791/fibers/internal/allocs"
	"github.com/seed222ee791/fibers/worksteal"
)

func TestDequeOrder(t *testing.T) {
	for _, start := range nearWrap {
		t.Run(fmt.Sprint("start=", start), func(t *testing.T) {
			o, th := worksteal.NewAt[int](start)
			xs := numbers(1000)
			for i, x := range xs {
				o.Push(x)
				if o.Len() != i+1 || th.Len() != i+1 || th.Empty() {
					t.Fatalf("after %d pushes: Len %d, %d, Empty %v", i+1, o.Len(), th.Len(), th.Empty())
				}
			}
			for i := range 500 {
				x, out := th.Steal()
				if out != worksteal.Got || *x != i {
					t.Fatalf("Steal = %d, %v; want %d", value(x), out, i)
				}
				if x := o.Pop(); value(x) != 999-i {
					t.Fatalf("Pop = %d; want %d", value(x), 999-i)
				}
				if o.Len() != 998-2*i || th.Len() != 998-2*i {
					t.Fatalf("Len %d, %d; want %d", o.Len(), th.Len(), 998-2*i)
				}
				o.Check()
			}
			if x := o.Pop(); x != nil {
				t.Errorf("Pop of an empty deque = %d", *x)
			}
			if x, out := th.Steal(); x != nil || out != worksteal.Empty {
				t.Errorf("Steal from an empty deque = %v, %v", x, out)
			}
			if !th.Empty() || th.Len() != 0 || o.Len() != 0 {
				t.Errorf("empty deque: Empty %v, Len %d, %d", th.Empty(), th.Len(), o.Len())
			}
		})
	}
}

func TestDequeLastElement(t *testing.T) {
	for _, start := range nearWrap {
		o, th := worksteal.NewAt[int](start)
		xs := numbers(3 * worksteal.InitialSlots)
		for i, x := range xs { // more than a lap, one element at a time
			o.Push(x)
			var got *int
			if i%3 == 0 {
				got, _ = th.Steal()
			} else {
				got = o.Pop()
			}
			if got != x {
				t.Fatalf("start %d, round %d: got %d", start, i, value(got))
			}
			if i%2 == 0 && o.Pop() != nil {
				t.Fatalf("start %d, round %d: more than was pushed", start, i)
			}
			o.Check()
		}
		if o.Cap() != worksteal.InitialSlots {
			t.Errorf("capacity %d for one element", o.Cap())
		}
	}
}

func TestDequeSamePointerTwice(t *testing.T) {
	o, th := worksteal.New[int]()
	x := new(int)
	for range 3 * worksteal.InitialSlots {
		o.Push(x)
		o.Push(x)
		if got, out := th.Steal(); got != x || out != worksteal.Got {
			t.Fatal("Steal:", out)
		}
	}
	if n := o.Len(); n != 3*worksteal.InitialSlots {
		t.Fatal("Len", n)
	}
	for range 3 * worksteal.InitialSlots {
		if o.Pop() != x {
			t.Fatal("Pop")
		}
	}
	if o.Pop() != nil {
		t.Fatal("Pop of an empty deque")
	}
}

func TestDequeEach(t *testing.T) {
	o, th := worksteal.New[int]()
	xs := numbers(100)
	for _, x := range xs {
		o.Push(x)
	}
	th.Steal()
	o.Pop()
	for _, each := range []func(func(*int) bool){o.Each, th.Each} {
		want := 1
		each(func(x *int) bool {
			if *x != want {
				t.Fatalf("Each: %d; want %d", *x, want)
			}
			want++
			return want < 50
		})
		if want != 50 {
			t.Errorf("Each stopped before %d", want)
		}
	}
	n := 0
	o.Each(func(*int) bool { n++; o.Pop(); return true })
	if n != 49 { // meets the pops half-way
		t.Errorf("Each while popping: %d calls", n)
	}
}

func TestDequeShrink(t *testing.T) {
	const small = worksteal.InitialSlots
	fill := func(o *worksteal.Owner[int], n int) {
		x := new(int)
		for range n {
			o.Push(x)
		}
	}
	t.Run("popped", func(t *testing.T) {
		o, _ := worksteal.New[int]()
		fill(o, 4*worksteal.KeepSlots)
		for o.Pop() != nil {
		}
		if c := o.Cap(); c != small {
			t.Errorf("large burst popped: capacity %d", c)
		}
	})
	t.Run("stolen", func(t *testing.T) {
		o, th := worksteal.New[int]()
		fill(o, 4*worksteal.KeepSlots)
		for !th.Empty() {
			th.Steal()
		}
		if o.Pop() != nil {
			t.Error("Pop of an empty deque")
		}
		if c := o.Cap(); c != small {
			t.Errorf("large burst stolen: capacity %d", c)
		}
	})
	t.Run("small", func(t *testing.T) {
		o, _ := worksteal.New[int]()
		for range 3 {
			fill(o, 2*small)
			for o.Pop() != nil {
			}
			if c := o.Cap(); c > worksteal.KeepSlots {
				t.Errorf("small burst: capacity %d", c)
			}
		}
		o.Pop()
		if c := o.Cap(); c != small {
			t.Errorf("found empty twice: capacity %d", c)
		}
	})
	t.Run("usable", func(t *testing.T) {
		o, th := worksteal.NewAt[int](1<<64 - 3000)
		for round := range 3 {
			fill(o, 4*worksteal.KeepSlots)
			for range worksteal.KeepSlots {
				th.Steal()
			}
			n := 0
			for o.Pop() != nil {
				n++
			}
			if n != 3*worksteal.KeepSlots || o.Cap() != small {
				t.Fatalf("round %d: popped %d, capacity %d", round, n, o.Cap())
			}
		}
	})
}

func TestDequeAllocations(t *testing.T) {
	if worksteal.InitialSlots < 4 {
		t.Skip("model build: two elements make the deque grow")
	}
	o, th := worksteal.New[int]()
	x := new(int)
	if n := allocs.Least(1000, func() {
		o.Push(x)
		o.Push(x)
		th.Steal()
		o.Pop()
		o.Pop()
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestDequeMisuse(t *testing.T) {
	o, _ := worksteal.New[int]()
	if v := panics(func() { o.Push(nil) }); v != "worksteal: push of nil" {
		t.Errorf("Push(nil) panicked with %v", v)
	}
}

func TestOutcomeString(t *testing.T) {
	for o, want := range map[worksteal.Outcome]string{
		worksteal.Empty: "Empty", worksteal.Got: "Got", worksteal.Lost: "Lost", 9: "Outcome(9)",
	} {
		if o.String() != want {
			t.Errorf("%d.String() = %q, want %q", uint8(o), o, want)
		}
	}
}
