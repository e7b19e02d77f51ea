package worksteal_test

import (
	"fmt"
	"math/rand/v2"
	"sync"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/worksteal"
)

// Four workers compute a Fibonacci number by dividing the task.
func Example() {
	type task struct{ n int }
	const workers = 4
	var (
		owners   [workers]*worksteal.Owner[task]
		thieves  [workers]*worksteal.Thief[task]
		injector = worksteal.NewInjector[task]()
		sum      atomic.Int64
		pending  atomic.Int64 // tasks that are not done
		wg       sync.WaitGroup
	)
	for i := range workers {
		owners[i], thieves[i] = worksteal.New[task]()
	}
	find := func(own *worksteal.Owner[task]) *task {
		if t := own.Pop(); t != nil {
			return t
		}
		if t := injector.Pop(); t != nil {
			return t
		}
		for again := true; again; {
			again = false
			for _, i := range rand.Perm(workers) {
				t, outcome := thieves[i].Steal()
				switch outcome {
				case worksteal.Got:
					return t
				case worksteal.Lost:
					again = true // there may be more
				}
			}
		}
		return nil
	}
	pending.Store(1)
	injector.Push(&task{20})
	for _, own := range owners {
		wg.Go(func() {
			for pending.Load() > 0 { // a scheduler would sleep when it finds nothing
				t := find(own)
				if t == nil {
					continue
				}
				if t.n < 2 {
					sum.Add(int64(t.n))
				} else {
					pending.Add(2)
					own.Push(&task{t.n - 1})
					own.Push(&task{t.n - 2})
				}
				pending.Sub(1)
			}
		})
	}
	wg.Wait()
	fmt.Println(sum.Load())
	// Output: 6765
}

func ExampleNew() {
	owner, thief := worksteal.New[string]()
	for _, s := range []string{"a", "b", "c"} {
		owner.Push(&s)
	}
	newest := owner.Pop()
	oldest, outcome := thief.Steal()
	fmt.Println(*newest, *oldest, outcome)
	// Output: c a Got
}

func ExampleOwner_Push() {
	owner, _ := worksteal.New[int]()
	owner.Push(new(1))
	owner.Push(new(2))
	fmt.Println(owner.Len())
	// Output: 2
}

func ExampleOwner_Pop() {
	owner, _ := worksteal.New[int]()
	owner.Push(new(1))
	owner.Push(new(2))
	for x := owner.Pop(); x != nil; x = owner.Pop() {
		fmt.Println(*x)
	}
	// Output:
	// 2
	// 1
}

func ExampleOwner_Len() {
	owner, thief := worksteal.New[int]()
	owner.Push(new(1))
	owner.Push(new(2))
	thief.Steal()
	fmt.Println(owner.Len())
	// Output: 1
}

func ExampleOwner_Each() {
	owner, _ := worksteal.New[int]()
	owner.Push(new(1))
	owner.Push(new(2))
	owner.Each(func(x *int) bool {
		fmt.Println(*x)
		return true
	})
	// Output:
	// 1
	// 2
}

func ExampleThief_Steal() {
	owner, thief := worksteal.New[int]()
	owner.Push(new(1))
	for {
		x, outcome := thief.Steal()
		if outcome == worksteal.Lost {
			continue // another was faster; there may be more
		}
		if outcome == worksteal.Empty {
			break
		}
		fmt.Println(*x)
	}
	// Output: 1
}

func ExampleThief_Empty() {
	owner, thief := worksteal.New[int]()
	fmt.Println(thief.Empty())
	owner.Push(new(1))
	fmt.Println(thief.Empty())
	// Output:
	// true
	// false
}

func ExampleThief_Len() {
	owner, thief := worksteal.New[int]()
	owner.Push(new(1))
	owner.Push(new(2))
	fmt.Println(thief.Len())
	// Output: 2
}

func ExampleThief_Each() {
	owner, thief := worksteal.New[int]()
	owner.Push(new(1))
	owner.Push(new(2))
	thief.Each(func(x *int) bool {
		fmt.Println(*x)
		return false // the oldest is enough
	})
	// Output: 1
}

func ExampleOutcome_String() {
	_, thief := worksteal.New[int]()
	_, outcome := thief.Steal()
	fmt.Println(outcome.String())
	// Output: Empty
}

func ExampleOwner_Drained() {
	owner, thief := worksteal.New[int]()
	x := 1
	owner.Push(&x)
	thief.Steal()
	fmt.Println(owner.Drained()) // the owner has not looked
	owner.Pop()
	fmt.Println(owner.Drained())
	// Output:
	// false
	// true
}

// The two ends may lie in a structure of the caller's.
func ExampleOwner_Init() {
	var worker struct {
		own    worksteal.Owner[string]
		others worksteal.Thief[string]
	}
	worker.own.Init(&worker.others)
	job := "sweep"
	worker.own.Push(&job)
	got, outcome := worker.others.Steal()
	fmt.Println(*got, outcome == worksteal.Got)
	// Output: sweep true
}
