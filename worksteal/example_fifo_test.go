package worksteal_test

import (
	"fmt"

	"github.com/seed222ee791/fibers/worksteal"
)

func ExampleNewRing() {
	owner, thief := worksteal.NewRing[string]()
	for _, s := range []string{"a", "b", "c"} {
		owner.Push(&s)
	}
	oldest := owner.Pop()
	next, outcome := thief.Steal()
	fmt.Println(*oldest, *next, outcome)
	// Output: a b Got
}

func ExampleRingOwner_Push() {
	owner, _ := worksteal.NewRing[int]()
	owner.Push(new(1))
	owner.Push(new(2))
	fmt.Println(owner.Len())
	// Output: 2
}

func ExampleRingOwner_Pop() {
	owner, _ := worksteal.NewRing[int]()
	owner.Push(new(1))
	owner.Push(new(2))
	for x := owner.Pop(); x != nil; x = owner.Pop() {
		fmt.Println(*x)
	}
	// Output:
	// 1
	// 2
}

func ExampleRingOwner_Len() {
	owner, thief := worksteal.NewRing[int]()
	owner.Push(new(1))
	owner.Push(new(2))
	thief.Steal()
	fmt.Println(owner.Len())
	// Output: 1
}

func ExampleRingOwner_Each() {
	owner, _ := worksteal.NewRing[int]()
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

func ExampleRingThief_Steal() {
	owner, thief := worksteal.NewRing[int]()
	owner.Push(new(1))
	x, outcome := thief.Steal()
	fmt.Println(*x, outcome)
	_, outcome = thief.Steal()
	fmt.Println(outcome)
	// Output:
	// 1 Got
	// Empty
}

func ExampleRingThief_StealHalf() {
	owner, thief := worksteal.NewRing[int]()
	for i := range 7 {
		owner.Push(new(i))
	}
	mine, _ := worksteal.NewRing[int]()
	first, moved, outcome := thief.StealHalf(mine, 100)
	fmt.Println(outcome, *first, moved)
	mine.Each(func(x *int) bool {
		fmt.Println(*x)
		return true
	})
	fmt.Println("left:", owner.Len())
	// Output:
	// Got 0 3
	// 1
	// 2
	// 3
	// left: 3
}

func ExampleRingThief_Empty() {
	owner, thief := worksteal.NewRing[int]()
	fmt.Println(thief.Empty())
	owner.Push(new(1))
	fmt.Println(thief.Empty())
	// Output:
	// true
	// false
}

func ExampleRingThief_Len() {
	owner, thief := worksteal.NewRing[int]()
	owner.Push(new(1))
	owner.Push(new(2))
	fmt.Println(thief.Len())
	// Output: 2
}

func ExampleRingThief_Each() {
	owner, thief := worksteal.NewRing[int]()
	owner.Push(new(1))
	owner.Push(new(2))
	thief.Each(func(x *int) bool {
		fmt.Println(*x)
		return true
	})
	// Output:
	// 1
	// 2
}

func ExampleNewInjector() {
	q := worksteal.NewInjector[string]()
	go q.Push(new("from anywhere"))
	for {
		if s := q.Pop(); s != nil {
			fmt.Println(*s)
			return
		}
	}
	// Output: from anywhere
}

func ExampleInjector_Push() {
	q := worksteal.NewInjector[int]()
	q.Push(new(1))
	q.Push(new(2))
	fmt.Println(q.Len())
	// Output: 2
}

func ExampleInjector_PushAll() {
	q := worksteal.NewInjector[int]()
	q.PushAll([]*int{new(1), new(2), new(3)})
	fmt.Println(*q.Pop(), *q.Pop(), *q.Pop())
	// Output: 1 2 3
}

func ExampleInjector_Pop() {
	q := worksteal.NewInjector[int]()
	q.Push(new(1))
	q.Push(new(2))
	for x := q.Pop(); x != nil; x = q.Pop() {
		fmt.Println(*x)
	}
	// Output:
	// 1
	// 2
}

func ExampleInjector_Empty() {
	q := worksteal.NewInjector[int]()
	fmt.Println(q.Empty())
	q.Push(new(1))
	fmt.Println(q.Empty())
	// Output:
	// true
	// false
}

func ExampleInjector_Len() {
	q := worksteal.NewInjector[int]()
	q.PushAll([]*int{new(1), new(2), new(3)})
	q.Pop()
	fmt.Println(q.Len())
	// Output: 2
}

func ExampleInjector_Each() {
	q := worksteal.NewInjector[int]()
	q.PushAll([]*int{new(1), new(2), new(3)})
	q.Each(func(x *int) bool {
		fmt.Println(*x)
		return *x < 2
	})
	// Output:
	// 1
	// 2
}

func ExampleRingOwner_Drained() {
	owner, _ := worksteal.NewRing[int]()
	x := 1
	owner.Push(&x)
	fmt.Println(owner.Drained())
	owner.Pop()
	fmt.Println(owner.Drained())
	// Output:
	// false
	// true
}

func ExampleRingThief_Taken() {
	owner, thief := worksteal.NewRing[string]()
	a, b := "a", "b"
	owner.Push(&a)
	owner.Push(&b)
	until := thief.Taken() + uint64(thief.Len())
	owner.Pop()
	fmt.Println("still queued:", until-thief.Taken())
	// Output: still queued: 1
}

// The two ends may lie in a structure of the caller's.
func ExampleRingOwner_Init() {
	var worker struct {
		own    worksteal.RingOwner[string]
		others worksteal.RingThief[string]
	}
	worker.own.Init(&worker.others)
	first, second := "sweep", "rinse"
	worker.own.Push(&first)
	worker.own.Push(&second)
	fmt.Println(*worker.own.Pop(), *worker.own.Pop())
	// Output: sweep rinse
}
