package parallel_test

import (
	"errors"
	"io"
	goruntime "runtime"
	"strings"
	"testing"
	"time"

	"go.uber.org/atomic"

	fibers "github.com/seed222ee791/fibers/runtime"
	"github.com/seed222ee791/fibers/runtime/parallel"
)

// caught returns what f panics with, which must be a *PanicError.
func caught(t *testing.T, f func()) (e *fibers.PanicError) {
	t.Helper()
	defer func() {
		t.Helper()
		v := recover()
		var ok bool
		if e, ok = v.(*fibers.PanicError); !ok {
			t.Errorf("panic value %T %v", v, v)
			e = &fibers.PanicError{}
		}
	}()
	f()
	return nil
}

func explode(v any) { panic(v) }

// A panic comes as a PanicError with the stack of where it happened, after every
// branch has ended, whichever branch it was, stolen or not.
func TestPanic(t *testing.T) {
	on(t, func(t *testing.T) {
		for which := range 3 {
			var ended atomic.Int32
			e := caught(t, func() {
				fns := make([]func(), 3)
				for i := range fns {
					fns[i] = func() {
						if i == which {
							explode(io.ErrUnexpectedEOF)
						}
						fibers.Sleep(time.Millisecond)
						ended.Inc()
					}
				}
				parallel.Do(fns...)
			})
			if !errors.Is(e, io.ErrUnexpectedEOF) {
				t.Errorf("branch %d: value %v", which, e.Value)
			}
			if !strings.Contains(string(e.Stack), "explode") {
				t.Errorf("branch %d: the stack lacks the function that panicked:\n%s", which, e.Stack)
			}
			if n := ended.Load(); n != 2 {
				t.Errorf("branch %d: %d of the others had ended", which, n)
			}
		}
	})
}

func TestPanicOfOneFunction(t *testing.T) {
	on(t, func(t *testing.T) {
		if e := caught(t, func() { parallel.Do(func() { explode(1) }) }); e.Value != 1 {
			t.Errorf("value %v", e.Value)
		}
	})
}

// Of several panics it is the leftmost, however late.
func TestPanicLeftmost(t *testing.T) {
	on(t, func(t *testing.T) {
		e := caught(t, func() {
			parallel.Do(
				func() {},
				func() { fibers.Sleep(5 * time.Millisecond); explode("second") },
				func() { explode("third") },
				func() { explode("fourth") })
		})
		if e.Value != "second" {
			t.Errorf("value %v", e.Value)
		}
	})
}

// From the depth of a recursion, with its first stack.
func TestPanicDeep(t *testing.T) {
	on(t, func(t *testing.T) {
		var dive func(n int) int
		dive = func(n int) int {
			if n == 0 {
				explode("bottom")
			}
			if n < 0 {
				return 0
			}
			a, b := parallel.Both(dive, -1, n-1)
			return a + b
		}
		e := caught(t, func() { dive(200) })
		if e.Value != "bottom" || !strings.Contains(string(e.Stack), "explode") {
			t.Errorf("value %v, stack\n%s", e.Value, e.Stack)
		}
	})
}

// A panic that is recovered within a branch leaves nothing behind.
func TestPanicRecovered(t *testing.T) {
	on(t, func(t *testing.T) {
		var f func(n int) int
		f = func(n int) (sum int) {
			if n == 0 {
				explode("leaf")
			}
			defer func() {
				if recover() != nil {
					sum = 1
				}
			}()
			a, b := parallel.Both(f, n-1, n-1)
			return a + b
		}
		for range 10 {
			if got := f(8); got != 128 {
				t.Errorf("%d panics were recovered, not 128", got)
			}
			if got := fib(12); got != 144 {
				t.Errorf("fib(12) = %d afterwards", got)
			}
		}
	})
}

// The panic of a loop is that of the lowest piece, as in a sequential loop.
func TestPanicInFor(t *testing.T) {
	on(t, func(t *testing.T) {
		for range 20 {
			var calls atomic.Int32
			e := caught(t, func() {
				parallel.For(0, 1000, 1, func(lo, hi int) {
					calls.Inc()
					if lo == 300 || lo == 301 || lo == 900 {
						explode(lo)
					}
				})
			})
			if e.Value != 300 {
				t.Errorf("the panic of piece %v", e.Value)
			}
			if n := calls.Load(); n < 301 {
				t.Errorf("only %d calls, though 300 pieces are below the panic", n)
			}
		}
		e := caught(t, func() {
			parallel.Reduce(0, 100, 1, 0, func(lo, _, _ int) int {
				if lo%10 == 3 {
					explode(lo)
				}
				return lo
			}, func(a, b int) int { return a + b })
		})
		if e.Value != 3 {
			t.Errorf("Reduce: the panic of part %v", e.Value)
		}
	})
}

// exits reports whether f ends its goroutine or fiber by Goexit.
func exits(f func()) bool {
	returned := false
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
		returned = true
	}()
	<-done
	return !returned
}

// A branch that exits makes the caller exit, after the others have ended.
func TestGoexit(t *testing.T) {
	for which := range 3 {
		var ended atomic.Int32
		if !exits(func() {
			fns := make([]func(), 3)
			for i := range fns {
				fns[i] = func() {
					if i == which {
						goruntime.Goexit()
					}
					fibers.Sleep(time.Millisecond)
					ended.Inc()
				}
			}
			parallel.Do(fns...)
		}) {
			t.Errorf("branch %d: Do returned", which)
		}
		if n := ended.Load(); n != 2 {
			t.Errorf("branch %d: %d of the others had ended", which, n)
		}
	}
	in(t, 2, func() { // in fibers
		for range 10 {
			task := fibers.Spawn(func() (int, error) {
				a, b := parallel.Both(func(i int) int {
					if i == 1 {
						goruntime.Goexit()
					}
					return fib(10)
				}, 0, 1)
				return a + b, nil
			})
			if _, err := task.Await(); !errors.Is(err, fibers.ErrGoexit) {
				t.Errorf("the task's error is %v", err)
			}
			if got := fib(10); got != 55 {
				t.Errorf("fib(10) = %d afterwards", got)
			}
		}
	})
	if !exits(func() {
		parallel.For(0, 100, 1, func(lo, _ int) {
			if lo == 50 {
				goruntime.Goexit()
			}
		})
	}) {
		t.Error("For returned")
	}
}

// Where a piece exits, those below it are called all the same, and no piece is
// called twice. Those above are called only if another fiber has taken them.
func TestGoexitInFor(t *testing.T) {
	const n, exit = 200, 100
	for _, schedulers := range []int{1, 2, 7} {
		in(t, schedulers, func() {
			for _, grain := range []int{0, 1} {
				var calls [n]atomic.Int32
				task := fibers.Spawn(func() (int, error) {
					parallel.For(0, n, grain, func(lo, hi int) {
						for i := lo; i < hi; i++ {
							if i == exit {
								goruntime.Goexit()
							}
							calls[i].Inc()
						}
					})
					return 0, nil
				})
				if _, err := task.Await(); !errors.Is(err, fibers.ErrGoexit) {
					t.Errorf("the task's error is %v", err)
				}
				for i := range calls {
					if c := calls[i].Load(); c > 1 || c == 0 && i < exit {
						t.Errorf("%d schedulers: index %d was called %d times", schedulers, i, c)
					}
				}
			}
		})
	}
	for _, schedulers := range []int{1, 2} {
		in(t, schedulers, func() {
			var began, ended atomic.Bool
			task := fibers.Spawn(func() (int, error) {
				parallel.For(0, 2, 1, func(lo, _ int) {
					if lo == 1 {
						began.Store(true)
						fibers.Sleep(time.Millisecond)
						ended.Store(true)
						return
					}
					if schedulers == 2 {
						spin(&began) // the other has taken it
					}
					goruntime.Goexit()
				})
				return 0, nil
			})
			_, _ = task.Await()
			if got, want := ended.Load(), schedulers == 2; got != want {
				t.Errorf("%d schedulers: that the piece above has ended is %v", schedulers, got)
			}
		})
	}
}

// A panic is never lost for a Goexit.
func TestPanicAndGoexit(t *testing.T) {
	on(t, func(t *testing.T) {
		for _, fns := range [][]func(){
			{func() { explode("x") }, func() { goruntime.Goexit() }},
			{func() { explode("x") }, func() { fibers.Sleep(time.Millisecond); goruntime.Goexit() }},
		} {
			if e := caught(t, func() { parallel.Do(fns...) }); e.Value != "x" {
				t.Errorf("value %v", e.Value)
			}
		}
	})
	// Where the first exits the panic comes on top of a Goexit under way, which
	// goes on when it is recovered.
	in(t, 2, func() {
		task := fibers.Spawn(func() (int, error) {
			parallel.Do(func() { goruntime.Goexit() }, func() { explode("x") })
			return 0, nil
		})
		if e := caught(t, func() { _, err := task.Await(); t.Error("Await returned ", err) }); e.Value != "x" {
			t.Errorf("value %v", e.Value)
		}
	})
}

// The result of a sort whose order panics is a panic too.
func TestPanicInSort(t *testing.T) {
	on(t, func(t *testing.T) {
		for _, n := range []int{10, 10_000} {
			s := make([]int, n)
			for i := range s {
				s[i] = n - i%7
			}
			e := caught(t, func() { parallel.SortFunc(s, func(a, b int) int { explode("order"); return 0 }) })
			if e.Value != "order" {
				t.Errorf("value %v", e.Value)
			}
		}
	})
}
