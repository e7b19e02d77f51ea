package worksteal_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/seed222ee791/fibers/worksteal"
)

// Random sequences of operations, one at a time, against a plain slice.

// same fails the test unless each goes over want.
func same(t *rapid.T, name string, each func(func(*int) bool), want []*int) {
	var got []*int
	each(func(x *int) bool { got = append(got, x); return true })
	if !slices.Equal(got, want) {
		t.Fatalf("%s: %d elements, want %d", name, len(got), len(want))
	}
}

func start(t *rapid.T) uint64 {
	return rapid.SampledFrom(nearWrap).Draw(t, "start")
}

func TestDequeProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o, th := worksteal.NewAt[int](start(t))
		var model []*int
		many := func() int { return rapid.SampledFrom([]int{1, 1, 1, 10, 70, 1200}).Draw(t, "n") }
		t.Repeat(map[string]func(*rapid.T){
			"push": func(*rapid.T) {
				for _, x := range numbers(many()) {
					o.Push(x)
					model = append(model, x)
				}
			},
			"pop": func(t *rapid.T) {
				for range many() {
					var want *int
					if n := len(model); n > 0 {
						want, model = model[n-1], model[:n-1]
					}
					if got := o.Pop(); got != want {
						t.Fatal("Pop: another element")
					}
				}
			},
			"steal": func(t *rapid.T) {
				for range many() {
					want, wanted := (*int)(nil), worksteal.Empty
					if len(model) > 0 {
						want, wanted, model = model[0], worksteal.Got, model[1:]
					}
					if got, out := th.Steal(); got != want || out != wanted {
						t.Fatal("Steal:", out)
					}
				}
			},
			"": func(t *rapid.T) {
				n := len(model)
				if o.Len() != n || th.Len() != n || th.Empty() != (n == 0) {
					t.Fatalf("Len %d, %d, Empty %v; want %d", o.Len(), th.Len(), th.Empty(), n)
				}
				same(t, "Each", th.Each, model)
				o.Check()
			},
		})
	})
}

func TestRingProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		// Two rings that steal from each other.
		var (
			o     [2]*worksteal.RingOwner[int]
			th    [2]*worksteal.RingThief[int]
			model [2][]*int
		)
		for i := range o {
			o[i], th[i] = worksteal.NewRingAt[int](start(t))
		}
		many := func() int { return rapid.SampledFrom([]int{1, 1, 1, 10, 70, 1200}).Draw(t, "n") }
		which := func() int { return rapid.IntRange(0, 1).Draw(t, "ring") }
		take := func(w, k int) []*int {
			taken := model[w][:k]
			model[w] = model[w][k:]
			return taken
		}
		t.Repeat(map[string]func(*rapid.T){
			"push": func(*rapid.T) {
				w := which()
				for _, x := range numbers(many()) {
					o[w].Push(x)
					model[w] = append(model[w], x)
				}
			},
			"pop": func(t *rapid.T) {
				w := which()
				for range many() {
					var want *int
					if len(model[w]) > 0 {
						want = take(w, 1)[0]
					}
					if got := o[w].Pop(); got != want {
						t.Fatal("Pop: another element")
					}
				}
			},
			"steal": func(t *rapid.T) {
				w := which()
				for range many() {
					want, wanted := (*int)(nil), worksteal.Empty
					if len(model[w]) > 0 {
						want, wanted = take(w, 1)[0], worksteal.Got
					}
					if got, out := th[w].Steal(); got != want || out != wanted {
						t.Fatal("Steal:", out)
					}
				}
			},
			"half": func(t *rapid.T) {
				w, most := which(), many()
				k := min((len(model[w])+1)/2, most)
				first, moved, out := th[w].StealHalf(o[1-w], most)
				if k == 0 {
					if first != nil || moved != 0 || out != worksteal.Empty {
						t.Fatalf("StealHalf of nothing: %v, %d, %v", first, moved, out)
					}
					return
				}
				taken := take(w, k)
				if first != taken[0] || moved != k-1 || out != worksteal.Got {
					t.Fatalf("StealHalf moved %d, %v; want %d", moved, out, k-1)
				}
				model[1-w] = append(slices.Clone(model[1-w]), taken[1:]...)
			},
			"": func(t *rapid.T) {
				for w, m := range model {
					if o[w].Len() != len(m) || th[w].Len() != len(m) || th[w].Empty() != (len(m) == 0) {
						t.Fatalf("Len %d, %d, Empty %v; want %d", o[w].Len(), th[w].Len(), th[w].Empty(), len(m))
					}
					same(t, "Each", th[w].Each, m)
					o[w].Check()
				}
			},
		})
	})
}

func TestInjectorProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := worksteal.NewInjectorAt[int](start(t))
		var model []*int
		many := func() int { return rapid.SampledFrom([]int{0, 1, 1, 1, 10, 70, 300}).Draw(t, "n") }
		t.Repeat(map[string]func(*rapid.T){
			"push": func(*rapid.T) {
				for _, x := range numbers(many()) {
					q.Push(x)
					model = append(model, x)
				}
			},
			"all": func(*rapid.T) {
				xs := numbers(many())
				q.PushAll(xs)
				model = append(model, xs...)
			},
			"pop": func(t *rapid.T) {
				for range many() {
					var want *int
					if len(model) > 0 {
						want, model = model[0], model[1:]
					}
					if got := q.Pop(); got != want {
						t.Fatal("Pop: another element")
					}
				}
			},
			"": func(t *rapid.T) {
				if q.Len() != len(model) || q.Empty() != (len(model) == 0) {
					t.Fatalf("Len %d, Empty %v; want %d", q.Len(), q.Empty(), len(model))
				}
				same(t, "Each", q.Each, model)
			},
		})
	})
}
