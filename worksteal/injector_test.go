package worksteal_test

import (
	"testing"

	"github.com/seed222ee791/fibers/worksteal"
)

func TestInjectorOrder(t *testing.T) {
	for _, id := range nearWrap {
		q := worksteal.NewInjectorAt[int](id)
		xs := numbers(5*worksteal.SegmentSlots + 3)
		for lap := range 3 {
			for i, x := range xs {
				if q.Push(x); q.Empty() || q.Len() != i+1 {
					t.Fatalf("after %d pushes: Empty %v, Len %d", i+1, q.Empty(), q.Len())
				}
			}
			for i := range xs {
				if q.Empty() || q.Len() != len(xs)-i {
					t.Fatalf("before pop %d: Empty %v, Len %d", i, q.Empty(), q.Len())
				}
				if x := q.Pop(); value(x) != i {
					t.Fatalf("lap %d: Pop = %d; want %d", lap, value(x), i)
				}
			}
			for range 2 * worksteal.SegmentSlots { // uses up nothing
				if x := q.Pop(); x != nil || !q.Empty() || q.Len() != 0 {
					t.Fatalf("empty injector: Pop = %d, Empty %v, Len %d", value(x), q.Empty(), q.Len())
				}
			}
		}
	}
}

// TestInjectorSlides keeps an injector nearly empty over many segments.
func TestInjectorSlides(t *testing.T) {
	q := worksteal.NewInjector[int]()
	for i, x := range numbers(20 * worksteal.SegmentSlots) {
		if q.Push(x); q.Pop() != x || !q.Empty() || q.Len() != 0 || q.Pop() != nil {
			t.Fatalf("round %d", i)
		}
	}
}

func TestInjectorPushAll(t *testing.T) {
	const n = worksteal.SegmentSlots
	for _, before := range []int{0, 1, n - 1, n, n + 1} {
		for _, batch := range []int{0, 1, 2, n - 1, n, n + 1, 5*n + 3} {
			q := worksteal.NewInjector[int]()
			xs := numbers(before + batch + 1)
			for _, x := range xs[:before] {
				q.Push(x)
			}
			q.PushAll(xs[before : before+batch])
			q.Push(xs[before+batch])
			if q.Len() != len(xs) {
				t.Errorf("%d and a batch of %d: Len %d", before, batch, q.Len())
			}
			for i := range xs {
				if x := q.Pop(); value(x) != i {
					t.Fatalf("%d and a batch of %d: Pop = %d; want %d", before, batch, value(x), i)
				}
			}
			if x := q.Pop(); x != nil {
				t.Fatalf("%d and a batch of %d: one more: %d", before, batch, *x)
			}
		}
	}
}

func TestInjectorEach(t *testing.T) {
	q := worksteal.NewInjector[int]()
	const n = 3 * worksteal.SegmentSlots
	q.PushAll(numbers(n))
	for range n / 2 {
		q.Pop()
	}
	want := n / 2
	q.Each(func(x *int) bool {
		if *x != want {
			t.Fatalf("Each: %d; want %d", *x, want)
		}
		want++
		return want < n-1
	})
	if want != n-1 {
		t.Errorf("Each stopped before %d", want)
	}
}

// TestInjectorNoSize: addresses of elements without size are all the same, but
// not that of the mark which Pop leaves.
func TestInjectorNoSize(t *testing.T) {
	q := worksteal.NewInjector[struct{}]()
	for range 3 * worksteal.SegmentSlots {
		q.Push(new(struct{}))
	}
	seen := 0
	q.Each(func(*struct{}) bool { seen++; return true })
	if seen != q.Len() {
		t.Errorf("Each: %d calls", seen)
	}
	for i := range 3 * worksteal.SegmentSlots {
		if q.Pop() == nil {
			t.Fatalf("element %d is missing", i)
		}
	}
	if q.Pop() != nil {
		t.Error("one more")
	}
}

func TestInjectorMisuse(t *testing.T) {
	q := worksteal.NewInjector[int]()
	if v := panics(func() { q.Push(nil) }); v != "worksteal: push of nil" {
		t.Errorf("Push(nil) panicked with %v", v)
	}
	if v := panics(func() { q.PushAll([]*int{new(int), nil}) }); v != "worksteal: push of nil" {
		t.Errorf("PushAll with nil panicked with %v", v)
	}
	if !q.Empty() {
		t.Error("PushAll with nil pushed something")
	}
}
