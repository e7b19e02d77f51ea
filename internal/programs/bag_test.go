package programs_test

import (
	"testing"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// A bag holds values in no order: whoever gets one gets any. Its fiber offers to
// take a value and, at once, to give each of those it has.
type bag[T any] struct {
	in, out *cml.Chan[T]
	close   *cml.Cond
}

func newBag[T any]() *bag[T] {
	b := &bag[T]{cml.NewChan[T](), cml.NewChan[T](), cml.NewCond()}
	fibers.Go(func() {
		var has []T
		for open := true; open; {
			ops := []cml.Op[unit]{
				cml.On(b.in.GetOp(), func(v T) { has = append(has, v) }),
				cml.On(b.close.WaitOp(), func(unit) { open = false }),
			}
			for i, v := range has {
				ops = append(ops, cml.On(b.out.PutOp(v), func(unit) {
					has[i] = has[len(has)-1]
					has = has[:len(has)-1]
				}))
			}
			cml.Select(ops...)
		}
	})
	return b
}

// What is put into a bag by many comes out, each once, whoever gets it, also if
// those who put and those who get choose between two bags.
func TestBag(t *testing.T) {
	ends(t, func(t *testing.T) {
		parties, each := 8, size(t, 1000, 100)
		a, b := newBag[int](), newBag[int]()
		var members cml.WaitGroup
		got := make([][]int, parties)
		for p := range parties {
			members.Add(2)
			fibers.Go(func() {
				defer members.Done()
				for i := range each {
					v := p*each + i
					cml.Select(a.in.PutOp(v), b.in.PutOp(v))
				}
			})
			fibers.Go(func() {
				defer members.Done()
				next := cml.Choice(a.out.GetOp(), b.out.GetOp())
				for range each {
					got[p] = append(got[p], cml.Perform(next))
				}
			})
		}
		members.Wait()
		a.close.Signal()
		b.close.Signal()
		seen := make([]int, parties*each)
		for _, vs := range got {
			for _, v := range vs {
				seen[v]++
			}
		}
		for v, n := range seen {
			check(t, "times that a value came out", n, 1)
			if t.Failed() {
				t.Fatal("value ", v)
			}
		}
	})
}
