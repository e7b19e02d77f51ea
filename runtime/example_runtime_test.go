package runtime_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"sync"
	"sync/atomic" // what users have at hand
	"time"

	fibers "github.com/seed222ee791/fibers/runtime"
)

// A program that is not all fibers holds a runtime for those that it has.
func ExampleNew() {
	rt, err := fibers.New(fibers.WithSchedulers(2))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer rt.Close()
	fmt.Println(len(rt.Stats().Schedulers), "schedulers")
	// Output: 2 schedulers
}

// In a plain goroutine, Go and Spawn use the Default runtime.
func ExampleDefault() {
	t := fibers.Spawn(func() (int, error) { return 6 * 7, nil })
	fmt.Println(t.Await())
	_ = fibers.Default().Run(func() { fmt.Println("in the same runtime") })
	// Output:
	// 42 <nil>
	// in the same runtime
}

func ExampleRuntime_Go() {
	rt, err := fibers.New()
	if err != nil {
		fmt.Println(err)
		return
	}
	done := make(chan string)
	rt.Go(func() { done <- "from a fiber" })
	fmt.Println(<-done)
	fmt.Println(rt.Close())
	// Output:
	// from a fiber
	// <nil>
}

// Run waits for its function, and leaves the runtime and its other fibers
// running.
func ExampleRuntime_Run() {
	rt, err := fibers.New()
	if err != nil {
		fmt.Println(err)
		return
	}
	for i := range 2 {
		_ = rt.Run(func() { fmt.Println("request", i) })
	}
	_ = rt.Close()
	fmt.Println(rt.Run(func() {}))
	// Output:
	// request 0
	// request 1
	// fibers: runtime closed
}

// Shutdown lets the fibers finish, for as long as the context allows.
func ExampleRuntime_Shutdown() {
	rt, err := fibers.New()
	if err != nil {
		fmt.Println(err)
		return
	}
	rt.Go(func() {
		fibers.Sleep(time.Millisecond)
		fmt.Println("finished")
	})
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	fmt.Println(rt.Shutdown(ctx))
	// Output:
	// finished
	// <nil>
}

// Close ends the fibers where they wait.
func ExampleRuntime_Close() {
	rt, err := fibers.New()
	if err != nil {
		fmt.Println(err)
		return
	}
	up := make(chan bool)
	rt.Go(func() {
		defer fmt.Println("ended")
		up <- true
		fibers.Sleep(time.Hour)
	})
	<-up
	fmt.Println(rt.Close())
	// Output:
	// ended
	// <nil>
}

func ExampleRuntime_Stats() {
	rt, err := fibers.New(fibers.WithSchedulers(1))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer rt.Close()
	_ = rt.Run(func() {
		for range 9 {
			_, _ = fibers.Spawn(func() (int, error) { return 0, nil }).Await()
		}
	})
	fmt.Println("fibers made:", rt.Stats().Spawned)
	// Output: fibers made: 10
}

// Fibers tells what each fiber does: the first thing to look at when a program
// hangs.
func ExampleRuntime_Fibers() {
	rt, err := fibers.New()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer rt.Close()
	rt.Go(func() {
		fibers.Current().SetName("night watch")
		fibers.Sleep(time.Hour)
	})
	for {
		for _, f := range rt.Fibers() {
			if f.State == fibers.Waiting {
				fmt.Println(f.Name, "is", f.State, "in", f.Reason)
				return
			}
		}
	}
	// Output: night watch is waiting in sleep
}

// EachFiber is for those who need only some of a million.
func ExampleRuntime_EachFiber() {
	rt, err := fibers.New()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer rt.Close()
	for range 1000 {
		rt.Go(func() { fibers.Sleep(time.Hour) })
	}
	seen := 0
	for range rt.EachFiber {
		if seen++; seen == 3 {
			break
		}
	}
	fmt.Println(seen)
	// Output: 3
}

// Runtimes finds also the runtimes that Run made for itself.
func ExampleRuntimes() {
	before := len(fibers.Runtimes())
	_ = fibers.Run(func() {
		fmt.Println("more by", len(fibers.Runtimes())-before)
	})
	fmt.Println("more by", len(fibers.Runtimes())-before)
	// Output:
	// more by 1
	// more by 0
}

func ExampleRuntime_NumFibers() {
	rt, err := fibers.New()
	if err != nil {
		fmt.Println(err)
		return
	}
	for range 10 {
		rt.Go(func() { fibers.Sleep(time.Hour) })
	}
	fmt.Println(rt.NumFibers())
	_ = rt.Close()
	fmt.Println(rt.NumFibers())
	// Output:
	// 10
	// 0
}

// With Watch, Fibers also tells where a fiber was spawned.
func ExampleRuntime_Watch() {
	rt, err := fibers.New()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer rt.Close()
	rt.Watch()
	rt.Go(func() { fibers.Sleep(time.Hour) })
	file, _, _ := strings.Cut(path.Base(rt.Fibers()[0].Site), ":")
	fmt.Println(file)
	// Output: example_runtime_test.go
}

func ExampleWithSchedulers() {
	err := fibers.Run(func() { fmt.Println("on one core") }, fibers.WithSchedulers(1))
	fmt.Println(err)
	err = fibers.Run(func() {}, fibers.WithSchedulers(0))
	fmt.Println(errors.Is(err, fibers.ErrOption))
	// Output:
	// on one core
	// <nil>
	// true
}

// Two schedulers share a core; the others are left alone.
func ExampleWithCPUs() {
	main := func() { fmt.Println("hello") }
	err := fibers.Run(main, fibers.WithCPUs(0), fibers.WithSchedulers(2))
	if errors.Is(err, fibers.ErrOption) { // CPU 0 is not ours: any will do
		err = fibers.Run(main)
	}
	fmt.Println(err)
	// Output:
	// hello
	// <nil>
}

// Beside other busy processes the system may place threads better.
func ExampleWithPinning() {
	rt, err := fibers.New(fibers.WithPinning(false))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer rt.Close()
	fmt.Println(rt.Stats().Pinned)
	// Output: false
}

func ExampleWithDrain() {
	_ = fibers.Run(func() {
		fibers.Go(func() {
			fibers.Sleep(time.Millisecond)
			fmt.Println("outlived main")
		})
	}, fibers.WithDrain())
	// Output: outlived main
}

// With a handler, a panic ends the fiber alone.
func ExampleWithPanicHandler() {
	_ = fibers.Run(func() {
		fibers.GoNamed("parser", func() { panic("bad input") })
	}, fibers.WithDrain(), fibers.WithPanicHandler(func(f *fibers.Fiber, v any, stack []byte) {
		fmt.Printf("%s: %v\n", f.Name(), v)
	}))
	// Output: parser: bad input
}

// A fiber that does not come to a wait holds up the end no longer than the
// grace.
func ExampleWithGrace() {
	var hogging, stop atomic.Bool
	err := fibers.Run(func() {
		fibers.GoNamed("hog", func() {
			for hogging.Store(true); !stop.Load(); {
			}
		})
		for !hogging.Load() {
			fibers.Yield()
		}
	}, fibers.WithGrace(10*time.Millisecond))
	stop.Store(true)

	var left *fibers.LeftoverError
	if errors.As(err, &left) {
		fmt.Println("left over:", left.Fibers[0].Name)
	}
	// Output: left over: hog
}

func ExampleLeftoverError() {
	var up, stop atomic.Bool
	err := fibers.Run(func() {
		for i := range 2 {
			fibers.Go(func() {
				fibers.Current().SetName(fmt.Sprint("hog ", i))
				for up.Store(true); !stop.Load(); {
				}
			})
			for !up.CompareAndSwap(true, false) {
				fibers.Yield()
			}
		}
	}, fibers.WithSchedulers(1), fibers.WithGrace(0))
	stop.Store(true)

	var left *fibers.LeftoverError
	if errors.As(err, &left) {
		for _, f := range left.Fibers {
			fmt.Println(f.Name, f.State)
		}
	}
	// Unordered output:
	// hog 0 runnable
	// hog 1 runnable
}

// errors.Is and errors.As look through a panic whose value is an error.
func ExamplePanicError() {
	err := fibers.Run(func() {
		panic(fmt.Errorf("reading the plan: %w", fs.ErrNotExist))
	}, fibers.WithPanicHandler(func(*fibers.Fiber, any, []byte) {}))

	var p *fibers.PanicError
	fmt.Println(errors.As(err, &p), errors.Is(err, fs.ErrNotExist))
	fmt.Println(p.Value)
	fmt.Println(strings.Contains(string(p.Stack), "ExamplePanicError"))
	// Output:
	// true true
	// reading the plan: file does not exist
	// true
}

func ExampleFiberInfo() {
	f := fibers.FiberInfo{ID: 7, Name: "night watch", State: fibers.Waiting, Reason: "sleep", For: time.Minute}
	fmt.Println(f)
	// Output: fiber 7 "night watch" [waiting: sleep, 1m0s]
}

func ExampleFiberState() {
	fmt.Println(fibers.Runnable, fibers.Waiting)
	// Output: runnable waiting
}

// A fiber that is given a connection closes it, whether it comes to run or not.
func ExampleGoOrElse() {
	var closed sync.WaitGroup
	closed.Add(3)
	rt, err := fibers.New(fibers.WithSchedulers(1))
	if err != nil {
		fmt.Println(err)
		return
	}
	_ = rt.Run(func() {
		for range 3 {
			serve := func() {
				defer closed.Done() // as Close of a connection
				fibers.Sleep(time.Hour)
			}
			fibers.GoOrElse(serve, closed.Done)
		}
	})
	fmt.Println(rt.Close())
	closed.Wait()
	fmt.Println("all closed")
	// Output:
	// <nil>
	// all closed
}
