package cml_test

import (
	"errors"
	"fmt"
	"time"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// dialled stands for connections: the pool opens them and closes them.
func dialled(limit int) *cml.Pool[string] {
	n := 0
	return cml.NewPool(limit, cml.PoolConfig[string]{
		New:     func() (string, error) { n++; return fmt.Sprint("connection ", n), nil },
		Dispose: func(c string) { fmt.Println("closed", c) },
	})
}

func ExamplePool() {
	p := dialled(2)
	for range 2 {
		c, err := p.Get()
		fmt.Println(c, err)
		p.Put(c)
	}
	p.Close()
	// Output:
	// connection 1 <nil>
	// connection 1 <nil>
	// closed connection 1
}

func ExampleNewPool() {
	p := cml.NewPool(10, cml.PoolConfig[int]{
		New:         func() (int, error) { return 0, errors.New("nobody answers") },
		Valid:       func(int) bool { return true },
		Dispose:     func(int) {},
		IdleTimeout: time.Minute,
	})
	defer p.Close()
	_, err := p.Get()
	fmt.Println(err)
	// Output: nobody answers
}

func ExamplePool_Get() {
	p := dialled(1)
	fmt.Println(p.Get())
	// Output: connection 1 <nil>
}

func ExamplePool_GetOp() {
	fibers.Run(func() {
		p := dialled(1)
		c, _ := p.Get()
		_, ok := fibers.PerformTimeout(p.GetOp(), time.Millisecond)
		fmt.Println("in time:", ok)
		p.Put(c)
		fmt.Println(cml.Perform(p.GetOp()).Value)
	})
	// Output:
	// in time: false
	// connection 1
}

func ExamplePool_Put() {
	p := dialled(1)
	c, _ := p.Get()
	p.Put(c)
	fmt.Println(p.Idle())
	// Output: 1
}

func ExamplePool_Discard() {
	p := dialled(1)
	c, _ := p.Get()
	p.Discard(c) // it is broken
	fmt.Println(p.Get())
	// Output:
	// closed connection 1
	// connection 2 <nil>
}

func ExamplePool_Use() {
	p := dialled(1)
	err := p.Use(func(c string) error {
		fmt.Println("a question to", c)
		return nil
	})
	fmt.Println(err, p.Lent())
	// Output:
	// a question to connection 1
	// <nil> 0
}

func ExampleUseOp() {
	fibers.Run(func() {
		p := dialled(1)
		ask := func(answer cml.Op[string]) {
			it, ok := fibers.PerformTimeout(cml.UseOp(p, func(string) cml.Op[string] { return answer }), time.Millisecond)
			fmt.Println(it.Value, ok)
		}
		ask(cml.Always("42"))
		ask(cml.Never[string]())
	})
	// Output:
	// 42 true
	// closed connection 1
	//  false
}

func ExamplePool_Close() {
	p := dialled(1)
	p.Close()
	_, err := p.Get()
	fmt.Println(err)
	// Output: cml: pool closed
}

func ExamplePool_Lent() {
	p := dialled(2)
	p.Get()
	fmt.Println(p.Lent(), p.Idle())
	// Output: 1 0
}

func ExamplePool_Idle() {
	p := dialled(2)
	c, _ := p.Get()
	p.Put(c)
	fmt.Println(p.Lent(), p.Idle())
	// Output: 0 1
}
