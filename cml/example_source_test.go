package cml_test

import (
	"fmt"
	"sync"

	"github.com/seed222ee791/fibers/cml"
)

// A door is a source: it can be waited for to open.
type door struct {
	mu      sync.Mutex
	open    bool
	waiting []*cml.Registration[string]
}

func (d *door) Try() (string, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return "it was open", d.open
}

func (d *door) Block(r *cml.Registration[string]) {
	d.mu.Lock()
	open := d.open // it may have been opened since Try
	if !open {
		d.waiting = append(d.waiting, r)
	}
	d.mu.Unlock()
	if open {
		r.Commit("it was opened")
	}
}

func (d *door) Withdraw(r *cml.Registration[string]) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, w := range d.waiting {
		if w == r {
			d.waiting = append(d.waiting[:i], d.waiting[i+1:]...)
			return true
		}
	}
	return false // Open has it
}

func (d *door) Open() {
	d.mu.Lock()
	d.open = true
	waiting := d.waiting
	d.waiting = nil
	d.mu.Unlock()
	for _, r := range waiting {
		r.Commit("it was opened")
	}
}

func ExampleFromSource() {
	d := &door{}
	opened := cml.FromSource[string](d)
	_, ok := cml.Poll(opened)
	fmt.Println(ok)
	d.Open()
	fmt.Println(cml.Perform(opened))
	// Output:
	// false
	// it was open
}

func ExampleRegistration_Commit() {
	d := &door{}
	go d.Open() // commits whoever waits
	said := cml.Perform(cml.FromSource[string](d))
	fmt.Println(said == "it was open" || said == "it was opened")
	// Output: true
}

func ExamplePerformUntil() {
	work, quit := cml.NewChan[int](), cml.NewCond()
	go func() {
		work.Put(6)
		work.Put(7)
		quit.Signal()
	}()
	for {
		n, _, ok := cml.PerformUntil(work.GetOp(), quit.WaitOp())
		if !ok {
			break
		}
		fmt.Println(n)
	}
	// Output:
	// 6
	// 7
}
