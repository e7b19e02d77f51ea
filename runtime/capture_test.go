package runtime_test

import (
	"context"
	"errors"
	"fmt"
	goruntime "runtime"
	"strings"
	"testing"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// carriers run fn for somebody who waits, and return the error that he gets; a panic is raised in him.
var carriers = map[string]func(fn func()) error{
	"Task.Await": func(fn func()) error {
		_, err := fibers.Spawn(func() (int, error) { fn(); return 0, nil }).Await()
		return err
	},
	"Task.AwaitOp": func(fn func()) error {
		return cml.Perform(fibers.Spawn(func() (int, error) { fn(); return 0, nil }).AwaitOp()).Err
	},
	"TaskSet.Next": func(fn func()) error {
		s := fibers.NewTaskSet[int](context.Background())
		defer s.Close()
		s.Spawn(func(context.Context) (int, error) { fn(); return 0, nil })
		return s.Next().Err
	},
	"WithGroup": func(fn func()) error {
		return fibers.WithGroup(context.Background(), func(_ context.Context, g *fibers.Group) error {
			g.Go(func(context.Context) error { fn(); return nil })
			return nil
		})
	},
	"WithGroup, GroupSpawn": func(fn func()) error {
		return fibers.WithGroup(context.Background(), func(_ context.Context, g *fibers.Group) error {
			fibers.GroupSpawn(g, func(context.Context) (int, error) { fn(); return 0, nil })
			return nil
		})
	},
	"Run": func(fn func()) error { return fibers.Run(fn) },
	"Run with a handler": func(fn func()) error {
		var seen *fibers.PanicError // the handler is called before Run returns
		err := fibers.Run(fn, fibers.WithPanicHandler(func(_ *fibers.Fiber, v any, stack []byte) {
			seen = &fibers.PanicError{Value: v, Stack: stack}
		}))
		if e, ok := err.(*fibers.PanicError); ok {
			if seen == nil || seen.Value != e.Value || string(seen.Stack) != string(e.Stack) {
				return fmt.Errorf("the handler got %v, Run returned %v", seen, e)
			}
			panic(e)
		}
		return err
	},
	"Blocking": func(fn func()) error { // in a fiber, which its panic and Goexit end
		_, err := fibers.Spawn(func() (int, error) {
			fibers.Blocking(func() int { fn(); return 0 })
			return 0, nil
		}).Await()
		return err
	},
}

// However a function ends for which somebody waits, he learns it in the same way.
func TestHowAFunctionEndedReachesWhoWaits(t *testing.T) {
	failure := errors.New("failure")
	carried := &fibers.PanicError{Value: failure, Stack: []byte("where it was first")}
	type end struct {
		fn    func()
		panic any    // the value of the PanicError
		stack string // what is in its stack
		err   error  // if there is no panic
	}
	ends := map[string]end{
		"return":          {fn: func() {}},
		"panic":           {fn: func() { deepDown(failure) }, panic: failure, stack: "deepDown"},
		"carried panic":   {fn: func() { panic(carried) }, panic: failure, stack: "where it was first"},
		"panic again":     {fn: func() { defer func() { panic(recover()) }(); deepDown(failure) }, panic: failure, stack: "deepDown"},
		"carried again":   {fn: func() { defer func() { panic(recover()) }(); panic(carried) }, panic: failure, stack: "where it was first"},
		"another panic":   {fn: func() { defer func() { panic(failure) }(); deepDown("first") }, panic: failure, stack: "deepDown"},
		"recovered":       {fn: func() { defer func() { _ = recover() }(); deepDown(failure) }},
		"Goexit":          {fn: goruntime.Goexit, err: fibers.ErrGoexit},
		"Goexit recover":  {fn: func() { defer func() { _ = recover() }(); goruntime.Goexit() }, err: fibers.ErrGoexit},
		"panic in Goexit": {fn: func() { defer deepDown(failure); goruntime.Goexit() }, panic: failure, stack: "deepDown"},
		"Goexit in panic": {fn: func() { defer goruntime.Goexit(); deepDown(failure) }, err: fibers.ErrGoexit},
		"panic in Goexit recovered": {fn: func() {
			defer func() { _ = recover() }()
			defer deepDown(failure)
			goruntime.Goexit()
		}, err: fibers.ErrGoexit},
	}
	for carrier, carry := range carriers {
		for name, end := range ends {
			t.Run(carrier+"/"+name, func(t *testing.T) {
				everywhere(t, func(t *testing.T) {
					var err error
					v := caught(func() { err = carry(end.fn) })
					if end.panic == nil {
						if v != nil || err != end.err {
							t.Errorf("panic %v, error %v; want none, and %v", v, err, end.err)
						}
						return
					}
					e, ok := v.(*fibers.PanicError)
					if !ok || e.Value != end.panic || !strings.Contains(string(e.Stack), end.stack) || err != nil {
						t.Errorf("panic %T %v, error %v; want a PanicError of %v, with %s in its stack", v, v, err, end.panic, end.stack)
					}
				})
			})
		}
		t.Run(carrier+"/nil", func(t *testing.T) {
			e, _ := caught(func() { _ = carry(func() { panic(nil) }) }).(*fibers.PanicError)
			var p *goruntime.PanicNilError
			if e == nil || !errors.As(e, &p) {
				t.Errorf("panic(nil) became %v", e)
			}
		})
	}
	same := caught(func() { _ = carriers["Task.Await"](func() { panic(carried) }) })
	if same != carried {
		t.Errorf("a panic that was carried became %v, another one", same)
	}
}
