package cml_test

import (
	"fmt"
	"sync"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
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

// A desk is a source: each call is for one of those who wait. In the place of a registration
// it notes where that stands among them, so that who goes away need not be looked for.
type desk struct {
	mu      sync.Mutex
	calls   int // for nobody so far
	waiting []*cml.Registration[call]
	places  int // how many were made
}

type call int

type placeAtDesk struct{ at int } // in waiting; -1: nowhere

// Prepare makes the place of a registration that is new, so that no wait does.
func (d *desk) Prepare(r *cml.Registration[call]) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.places++
	r.Place = &placeAtDesk{at: -1}
}

func (d *desk) Try() (call, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.calls == 0 {
		return 0, false
	}
	d.calls--
	return 1, true
}

func (d *desk) Block(r *cml.Registration[call]) {
	p, ok := r.Place.(*placeAtDesk)
	if !ok { // another source of calls had it before
		d.Prepare(r)
		p = r.Place.(*placeAtDesk)
	}
	d.mu.Lock()
	called := d.calls > 0 // it may have been since Try
	if called {
		d.calls--
	} else {
		p.at = len(d.waiting)
		d.waiting = append(d.waiting, r)
	}
	d.mu.Unlock()
	if called && !r.Commit(1) {
		d.Call()
	}
}

func (d *desk) Withdraw(r *cml.Registration[call]) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.takeOut(r)
}

// takeOut puts the last of those who wait where r stood.
func (d *desk) takeOut(r *cml.Registration[call]) bool {
	p := r.Place.(*placeAtDesk)
	if p.at < 0 {
		return false // Call or Block has it
	}
	last := len(d.waiting) - 1
	d.waiting[p.at] = d.waiting[last]
	d.waiting[p.at].Place.(*placeAtDesk).at = p.at
	d.waiting, p.at = d.waiting[:last], -1
	return true
}

func (d *desk) Call() {
	for {
		d.mu.Lock()
		if len(d.waiting) == 0 {
			d.calls++
			d.mu.Unlock()
			return
		}
		r := d.waiting[0]
		d.takeOut(r)
		d.mu.Unlock()
		if r.Commit(1) {
			return
		}
	}
}

func ExampleFromSource_prepare() {
	d := &desk{}
	called := cml.FromSource[call](d)
	calls := 0
	err := fibers.Run(func() {
		for range 3 {
			fibers.Go(d.Call)
			calls += int(cml.Perform(called))
		}
	}, fibers.WithSchedulers(1))
	fmt.Println(calls, "calls, places made:", d.places, err)
	// Output: 3 calls, places made: 1 <nil>
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
