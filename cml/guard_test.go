package cml_test

import (
	"context"
	"errors"
	"fmt"
	goruntime "runtime"
	"testing"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/cml"
)

// endings are the ways in which a performance of a choice can come to an end.
// Each performs Choice(op, its own arm) so that op loses, or is cut off.
var endings = map[string]func(op cml.Op[int]){
	"another was ready": func(op cml.Op[int]) { cml.Perform(cml.Choice(op, cml.Always(0))) },
	"another came later": func(op cml.Op[int]) {
		c := cml.NewChan[int]()
		go c.Put(1)
		cml.Perform(cml.Choice(op, c.GetOp()))
	},
	"poll failed": func(op cml.Op[int]) { cml.Poll(op) },
	"context was done": func(op cml.Op[int]) {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		cml.PerformContext(ctx, op)
	},
	"context came to be done": func(op cml.Op[int]) {
		ctx, cancel := context.WithCancel(context.Background())
		go cancel()
		cml.PerformContext(ctx, op)
	},
	"a later guard panicked": func(op cml.Op[int]) {
		defer func() { recover() }()
		cml.Perform(cml.Choice(op, cml.Guard(func() cml.Op[int] { panic("x") })))
	},
	"a later guard exited": func(op cml.Op[int]) {
		done := make(chan bool)
		go func() {
			defer close(done)
			cml.Perform(cml.Choice(op, cml.Guard(func() cml.Op[int] { goruntime.Goexit(); return nil })))
		}()
		<-done
	},
	"a block function panicked": func(op cml.Op[int]) {
		defer func() { recover() }()
		cml.Perform(cml.Prefer(op, cml.NewOp(
			func() (int, bool) { return 0, false },
			func(cml.Waiter[int]) func() { panic("x") })))
	},
	"the fallback": func(op cml.Op[int]) { cml.Perform(cml.OrElse(op, func() int { return 0 })) },
}

// P5, P9: however a performance ends, the nack and the hook of what lost fire,
// once, before it returns, and no offer is left.
func TestP5NackFiresWheneverItLost(t *testing.T) {
	shapes := map[string]func(cml.Op[int]) cml.Op[int]{
		"plain":   func(op cml.Op[int]) cml.Op[int] { return op },
		"wrapped": func(op cml.Op[int]) cml.Op[int] { return cml.Wrap(op, func(v int) int { return v }) },
		"nested":  func(op cml.Op[int]) cml.Op[int] { return cml.Choice(cml.Never[int](), cml.Prefer(op)) },
		"guarded": func(op cml.Op[int]) cml.Op[int] { return cml.Guard(func() cml.Op[int] { return op }) },
	}
	for ending, perform := range endings {
		for shape, around := range shapes {
			t.Run(ending+"/"+shape, func(t *testing.T) {
				idle := cml.NewChan[int]()
				var nack cml.Op[unit]
				entered, hooks := 0, 0
				op := around(cml.OnAbort(cml.WithNack(func(n cml.Op[unit]) cml.Op[int] {
					entered++
					nack = n
					return cml.Choice(idle.GetOp(), cml.Wrap(idle.PutOp(1), func(unit) int { return 1 }))
				}), func() { hooks++ }))
				perform(op)
				if entered != 1 || hooks != 1 {
					t.Errorf("entered %d times, hook called %d times", entered, hooks)
				}
				if _, ok := cml.Poll(nack); !ok {
					t.Error("the nack did not fire")
				}
				if idle.TryPut(1) {
					t.Error("a get was left behind")
				}
				if _, ok := idle.TryGet(); ok {
					t.Error("a put was left behind")
				}
			})
		}
	}
}

func TestP5NackDoesNotFireIfChosen(t *testing.T) {
	idle := cml.NewChan[int]()
	for _, ready := range []cml.Op[int]{
		cml.Always(1),
		cml.Choice(idle.GetOp(), cml.Always(1)),
		cml.Wrap(cml.Guard(func() cml.Op[int] { return cml.Always(1) }), func(v int) int { return v }),
	} {
		var nacks []cml.Op[unit]
		lost := 0
		op := cml.Prefer(
			cml.WithNack(func(n cml.Op[unit]) cml.Op[int] { nacks = append(nacks, n); return idle.GetOp() }),
			cml.WithNack(func(outer cml.Op[unit]) cml.Op[int] {
				return cml.WithNack(func(inner cml.Op[unit]) cml.Op[int] {
					nacks = append(nacks, outer, inner)
					return cml.OnAbort(ready, func() { lost++ })
				})
			}),
			cml.WithNack(func(n cml.Op[unit]) cml.Op[int] { nacks = append(nacks, n); return cml.Never[int]() }),
		)
		cml.Perform(op)
		for i, want := range []bool{true, false, false, true} {
			if _, fired := cml.Poll(nacks[i]); fired != want {
				t.Errorf("nack %d: fired is %v", i, fired)
			}
		}
		if lost != 0 {
			t.Error("the hook of the winner was called")
		}
	}
}

// A guard that panics: its own nack fires, it was entered.
func TestNackOfAGuardThatPanics(t *testing.T) {
	for _, goexit := range []bool{false, true} {
		var nack, first cml.Op[unit]
		idle := cml.NewChan[int]()
		done := make(chan any)
		go func() {
			defer func() { done <- recover() }()
			cml.Perform(cml.Choice(
				cml.WithNack(func(n cml.Op[unit]) cml.Op[int] { first = n; return idle.GetOp() }),
				cml.WithNack(func(n cml.Op[unit]) cml.Op[int] {
					nack = n
					if goexit {
						goruntime.Goexit()
					}
					panic("mine")
				})))
		}()
		if v := <-done; !goexit && v != "mine" {
			t.Errorf("Perform panicked with %v", v)
		}
		for _, n := range []cml.Op[unit]{nack, first} {
			if _, ok := cml.Poll(n); !ok {
				t.Error("the nack did not fire")
			}
		}
	}
}

// P6, P7: guards run once a performance, before anything; wraps once, after.
func TestP6P7GuardsAndWrapsRunOnce(t *testing.T) {
	onAll(t, func(t *testing.T, tm *team) {
		c := cml.NewChan[int]()
		var guards, wraps, others atomic.Int32
		op := cml.Choice(
			cml.Wrap(cml.Guard(func() cml.Op[int] { guards.Inc(); return c.GetOp() }), func(v int) int { wraps.Inc(); return v }),
			cml.Wrap(cml.Never[int](), func(v int) int { others.Inc(); return v }),
		)
		tm.Go(func() {
			for range 100 {
				cml.Perform(op)
			}
			if guards.Load() != 100 || wraps.Load() != 100 || others.Load() != 0 {
				t.Errorf("%d guards, %d wraps, %d of losers", guards.Load(), wraps.Load(), others.Load())
			}
		})
		tm.Go(func() {
			for i := range 100 {
				c.Put(i)
			}
		})
	})
}

// A guard and a wrap may perform, and so may a hook.
func TestUserCodePerforms(t *testing.T) {
	onAll(t, func(t *testing.T, tm *team) {
		c, d := cml.NewChan[int](), cml.NewChan[int]()
		op := cml.Guard(func() cml.Op[int] {
			first := cml.Perform(cml.Choice(d.GetOp(), cml.Guard(func() cml.Op[int] { return d.GetOp() })))
			return cml.Wrap(cml.Choice(
				c.GetOp(),
				cml.OnAbort(cml.NewChan[int]().GetOp(), func() { d.Get() }),
			), func(v int) int {
				return first + v + d.Get() + cml.Perform(cml.Choice(d.GetOp(), cml.Never[int]()))
			})
		})
		tm.Go(func() {
			for range 50 {
				if v := cml.Perform(op); v != 1+10+100+1000 {
					t.Errorf("got %d", v)
				}
			}
		})
		tm.Go(func() {
			for range 50 {
				d.Put(1)
				c.Put(10)
				d.Put(0)
				d.Put(100)
				d.Put(1000)
			}
		})
	})
}

func TestWrapThatPanicsHurtsNobodyElse(t *testing.T) {
	onAll(t, func(t *testing.T, tm *team) {
		c := cml.NewChan[int]()
		var lost atomic.Int32
		op := cml.Choice(
			cml.Wrap(c.GetOp(), func(int) int { panic("mine") }),
			cml.OnAbort(cml.Never[int](), func() { lost.Inc() }))
		tm.Go(func() {
			for range 50 {
				func() {
					defer func() {
						if v := recover(); v != "mine" {
							t.Errorf("recovered %v", v)
						}
					}()
					cml.Perform(op)
				}()
			}
			if lost.Load() != 50 {
				t.Errorf("%d hooks", lost.Load())
			}
		})
		tm.Go(func() {
			for i := range 50 {
				cml.Perform(cml.Choice(c.PutOp(i), cml.Never[unit]()))
			}
		})
	})
}

// All hooks run, though some panic; nacks have fired before the first.
func TestHooksRunThoughOthersPanic(t *testing.T) {
	var ran []int
	var nack cml.Op[unit]
	hook := func(i int) cml.Op[int] {
		return cml.OnAbort(cml.Never[int](), func() {
			if _, ok := cml.Poll(nack); !ok {
				t.Error("a hook ran before the nack fired")
			}
			ran = append(ran, i)
			panic(i)
		})
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was lost")
			}
		}()
		cml.Perform(cml.Choice(hook(0), hook(1), cml.Always(0), hook(2),
			cml.WithNack(func(n cml.Op[unit]) cml.Op[int] { nack = n; return cml.Never[int]() })))
	}()
	if fmt.Sprint(ran) != "[0 1 2]" {
		t.Errorf("hooks ran: %v", ran)
	}
}

func TestBracket(t *testing.T) {
	idle := cml.NewChan[int]()
	var log []string
	bracket := func(use func(string) cml.Op[int]) cml.Op[int] {
		return cml.Bracket(
			func() string { log = append(log, "acquire"); return "r" },
			func(r string, aborted bool) { log = append(log, fmt.Sprint("release ", r, " ", aborted)) },
			use)
	}
	expect := func(what string, want ...string) {
		t.Helper()
		if fmt.Sprint(log) != fmt.Sprint(want) {
			t.Errorf("%s: %q, not %q", what, log, want)
		}
		log = nil
	}
	wrapped := func(op cml.Op[int]) cml.Op[int] {
		return cml.Wrap(op, func(v int) int { log = append(log, "wrap"); return v })
	}
	cml.Perform(bracket(func(string) cml.Op[int] { return wrapped(cml.Always(1)) }))
	expect("chosen", "acquire", "wrap", "release r false")

	cml.Perform(cml.Prefer(cml.Always(0), bracket(func(string) cml.Op[int] { return wrapped(cml.Always(1)) })))
	expect("not chosen", "acquire", "release r true")

	cml.Poll(bracket(func(string) cml.Op[int] { return idle.GetOp() }))
	expect("poll failed", "acquire", "release r true")

	func() {
		defer func() { recover() }()
		cml.Perform(bracket(func(string) cml.Op[int] { panic("x") }))
	}()
	expect("use panicked", "acquire", "release r true")

	func() {
		defer func() { recover() }()
		cml.Perform(bracket(func(string) cml.Op[int] {
			return cml.Wrap(cml.Always(1), func(int) int { panic("x") })
		}))
	}()
	expect("a wrap panicked", "acquire", "release r false")

	go idle.Put(1)
	cml.Perform(bracket(func(string) cml.Op[int] { return wrapped(idle.GetOp()) }))
	expect("chosen after a wait", "acquire", "wrap", "release r false")
}

func TestOrElse(t *testing.T) {
	c := cml.NewBuffered[int](1)
	op := cml.OrElse(c.GetOp(), func() int { return -1 })
	if v := cml.Perform(op); v != -1 {
		t.Errorf("got %d", v)
	}
	c.Put(3)
	if v := cml.Perform(op); v != 3 {
		t.Errorf("got %d", v)
	}
}

// P8: cancel or commit, never both: no value is lost.
func TestP8CancelXorCommit(t *testing.T) {
	rounds := short(3000)
	onAll(t, func(t *testing.T, tm *team) {
		c := cml.NewChan[int]()
		begin := cml.NewChan[context.CancelFunc]()
		var got, failed int
		cause := errors.New("enough")
		tm.Go(func() {
			for i := 0; i < rounds; i++ {
				ctx, cancel := context.WithCancelCause(context.Background())
				begin.Put(func() { cancel(cause) })
				op := c.GetOp()
				if i%2 == 0 {
					op = cml.Choice(op, cml.Never[int]())
				}
				v, err := cml.PerformContext(ctx, op)
				switch {
				case err == nil && v == got:
					got++
				case err == cause:
					failed++
				default:
					t.Errorf("got %d, %v; expected %d", v, err, got)
				}
				cancel(nil)
			}
			begin.Put(nil)
		})
		tm.Go(func() {
			next := 0
			for {
				cancel := begin.Get()
				if cancel == nil {
					break
				}
				go cancel()
				for range 50 {
					if c.TryPut(next) {
						next++
						break
					}
					yield()
				}
			}
			if next != got {
				t.Errorf("%d values were put, %d got", next, got)
			}
		})
	})
}

func TestPerformContextPrefersWhatIsReady(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if v, err := cml.PerformContext(ctx, cml.Always(1)); v != 1 || err != nil {
		t.Errorf("got %d, %v", v, err)
	}
	if _, err := cml.PerformContext(ctx, cml.Never[int]()); err != context.Canceled {
		t.Errorf("got %v", err)
	}
}

func TestMisusePanics(t *testing.T) {
	var null cml.Op[int]
	f := func(int) int { return 0 }
	for name, misuse := range map[string]func(){
		"Perform":         func() { cml.Perform(null) },
		"Poll":            func() { cml.Poll(null) },
		"PerformContext":  func() { cml.PerformContext(context.Background(), null) },
		"nil context":     func() { var ctx context.Context; cml.PerformContext(ctx, cml.Always(1)) },
		"Choice":          func() { cml.Choice(cml.Always(1), null) },
		"Choice of one":   func() { cml.Choice(null) },
		"Prefer":          func() { cml.Prefer(null, cml.Always(1)) },
		"Wrap":            func() { cml.Wrap(null, f) },
		"Wrap function":   func() { cml.Wrap[int, int](cml.Always(1), nil) },
		"On":              func() { cml.On(null, func(int) {}) },
		"Guard":           func() { cml.Guard[int](nil) },
		"guard's nil":     func() { cml.Perform(cml.Guard(func() cml.Op[int] { return nil })) },
		"WithNack":        func() { cml.WithNack[int](nil) },
		"OnAbort":         func() { cml.OnAbort(null, func() {}) },
		"Bracket":         func() { cml.Bracket[int, int](nil, nil, nil) },
		"OrElse":          func() { cml.OrElse(null, func() int { return 0 }) },
		"Done":            func() { var ctx context.Context; cml.Done(ctx) },
		"NewOp":           func() { cml.NewOp[int](nil, nil) },
		"Select":          func() { cml.Select(nil, cml.Always(unit{})) },
		"NewBuffered":     func() { cml.NewBuffered[int](0) },
		"NewQueue":        func() { cml.NewQueue[int](-1) },
		"NewSemaphore":    func() { cml.NewSemaphore(-1) },
		"Acquire":         func() { cml.NewSemaphore(1).Acquire(2) },
		"Acquire of less": func() { cml.NewSemaphore(1).Acquire(-1) },
		"Release":         func() { cml.NewSemaphore(1).Release(1) },
		"Unlock":          func() { new(cml.Mutex).Unlock() },
		"RW Unlock":       func() { new(cml.RWMutex).Unlock() },
		"RW Unlock of R":  func() { rw := new(cml.RWMutex); rw.RLock(); rw.Unlock() },
		"RUnlock":         func() { new(cml.RWMutex).RUnlock() },
		"RUnlock of W":    func() { rw := new(cml.RWMutex); rw.Lock(); rw.RUnlock() },
		"WaitGroup":       func() { new(cml.WaitGroup).Done() },
		"NewBarrier":      func() { cml.NewBarrier(0) },
	} {
		t.Run(name, func(t *testing.T) { mustPanic(t, "cml: ", misuse) })
	}
}
