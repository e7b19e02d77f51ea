package cml_test

import (
	"errors"
	"fmt"
	"time"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

func ExampleNewBoundedMulticast() {
	for _, lag := range []cml.LagPolicy{cml.DropOldest, cml.DropReader} {
		m := cml.NewBoundedMulticast[int](2, lag)
		slow := m.Subscribe()
		for v := 1; v <= 5; v++ {
			m.Publish(v)
		}
		v, err := slow.Get()
		fmt.Println(v, err, "missed:", slow.Missed())
	}
	// Output:
	// 4 <nil> missed: 3
	// 0 cml: reader dropped: it was too far behind missed: 0
}

func ExampleBoundedMulticast_Publish() {
	fibers.Run(func() {
		m := cml.NewBoundedMulticast[int](1, cml.WaitForReader)
		p := m.Subscribe()
		fibers.Go(func() {
			for v := range 3 {
				m.Publish(v) // waits until the port has got the one before
			}
			m.Close(nil)
		})
		for v := range p.All() {
			fmt.Println(v)
		}
	})
	// Output:
	// 0
	// 1
	// 2
}

func ExampleBoundedMulticast_PublishOp() {
	fibers.Run(func() {
		m := cml.NewBoundedMulticast[string](1, cml.WaitForReader)
		m.Subscribe() // never gets anything
		m.Publish("first")
		_, ok := fibers.PerformTimeout(m.PublishOp("second"), time.Millisecond)
		fmt.Println(ok)
	})
	// Output: false
}

func ExampleBoundedMulticast_Subscribe() {
	m := cml.NewBoundedMulticast[int](8, cml.DropOldest)
	m.Publish(1) // to nobody
	p := m.Subscribe()
	m.Publish(2)
	fmt.Println(p.Get())
	// Output: 2 <nil>
}

func ExampleBoundedMulticast_Close() {
	m := cml.NewBoundedMulticast[int](8, cml.DropReader)
	p := m.Subscribe()
	m.Publish(1)
	m.Close(errors.New("the end"))
	fmt.Println(p.Get())
	fmt.Println(p.Get())
	fmt.Println(m.Publish(2))
	// Output:
	// 1 <nil>
	// 0 the end
	// the end
}

func ExampleBoundedPort_Get() {
	m := cml.NewBoundedMulticast[int](1, cml.DropReader)
	p := m.Subscribe()
	m.Publish(1)
	fmt.Println(p.Get())
	m.Publish(2)
	m.Publish(3)
	fmt.Println(p.Get())
	// Output:
	// 1 <nil>
	// 0 cml: reader dropped: it was too far behind
}

func ExampleBoundedPort_GetOp() {
	m := cml.NewBoundedMulticast[string](1, cml.DropOldest)
	p := m.Subscribe()
	m.Publish("old")
	m.Publish("new")
	it := cml.Perform(cml.Choice(p.GetOp(), cml.Never[cml.Item[string]]()))
	fmt.Println(it.Value, it.Err)
	// Output: new <nil>
}

func ExampleBoundedPort_All() {
	m := cml.NewBoundedMulticast[int](4, cml.DropOldest)
	p := m.Subscribe()
	m.Publish(1)
	m.Publish(2)
	m.Close(nil)
	for v := range p.All() {
		fmt.Println(v)
	}
	// Output:
	// 1
	// 2
}

func ExampleBoundedPort_Missed() {
	m := cml.NewBoundedMulticast[int](1, cml.DropOldest)
	p := m.Subscribe()
	for v := range 10 {
		m.Publish(v)
	}
	v, _ := p.Get()
	fmt.Println(v, "after", p.Missed(), "others")
	// Output: 9 after 9 others
}

func ExampleBoundedPort_Len() {
	m := cml.NewBoundedMulticast[int](3, cml.DropOldest)
	p := m.Subscribe()
	m.Publish(1)
	m.Publish(2)
	fmt.Println(p.Len())
	// Output: 2
}

func ExampleBoundedPort_Copy() {
	m := cml.NewBoundedMulticast[int](3, cml.DropOldest)
	p := m.Subscribe()
	m.Publish(1)
	later := p.Copy() // gets what p has not got yet, too
	fmt.Println(p.Get())
	fmt.Println(later.Get())
	// Output:
	// 1 <nil>
	// 1 <nil>
}

func ExampleBoundedPort_Close() {
	m := cml.NewBoundedMulticast[int](1, cml.WaitForReader)
	p := m.Subscribe()
	m.Publish(1)
	p.Close() // nobody waits for it any more
	fmt.Println(m.Publish(2))
	fmt.Println(p.Get())
	// Output:
	// <nil>
	// 0 cml: queue closed
}
