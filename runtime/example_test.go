package runtime_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync/atomic" // what users have at hand
	"time"

	fibers "github.com/seed222ee791/fibers/runtime"
)

// Programs start in Run, whose error says whether all went well.
func ExampleRun() {
	err := fibers.Run(func() {
		fmt.Println("in fiber", fibers.Current() != nil)
	})
	fmt.Println("error:", err)
	// Output:
	// in fiber true
	// error: <nil>
}

// Fibers that are alive when main returns are ended: their deferred functions
// run, and Run returns after them.
func ExampleRun_ending() {
	var started atomic.Bool
	_ = fibers.Run(func() {
		fibers.Go(func() {
			defer fmt.Println("cleaned up")
			started.Store(true)
			fibers.Sleep(time.Hour)
		})
		for !started.Load() {
			fibers.Yield()
		}
	})
	fmt.Println("over")
	// Output:
	// cleaned up
	// over
}

// A fiber costs little: one for each piece of work. They run in parallel, so
// what they share has to be atomic, or locked.
func ExampleGo() {
	var sum atomic.Int64
	_ = fibers.Run(func() {
		for i := range 1000 {
			fibers.Go(func() { sum.Add(int64(i)) })
		}
	}, fibers.WithDrain())
	fmt.Println(sum.Load())
	// Output: 499500
}

// A name shows in Fibers and, as the label "fiber", in profiles.
func ExampleGoNamed() {
	_ = fibers.Run(func() {
		fibers.GoNamed("logger", func() {
			fmt.Println("this is the", fibers.Current().Name())
		})
	}, fibers.WithDrain())
	// Output: this is the logger
}

// Spawn forks, Await joins.
func ExampleSpawn() {
	var fib func(n int) int
	fib = func(n int) int {
		if n < 2 {
			return n
		}
		left := fibers.Spawn(func() (int, error) { return fib(n - 1), nil })
		right := fib(n - 2)
		v, _ := left.Await()
		return v + right
	}
	_ = fibers.Run(func() { fmt.Println(fib(15)) })
	// Output: 610
}

func ExampleTask_Await() {
	_ = fibers.Run(func() {
		t := fibers.Spawn(func() ([]byte, error) { return os.ReadFile("/does/not/exist") })
		if _, err := t.Await(); errors.Is(err, os.ErrNotExist) {
			fmt.Println("no such file")
		}
	})
	// Output: no such file
}

// A panic in a task is raised again in those who await it.
func ExampleTask_Await_panic() {
	_ = fibers.Run(func() {
		t := fibers.Spawn(func() (int, error) { panic("no paper") })
		defer func() {
			if e, ok := recover().(*fibers.PanicError); ok {
				fmt.Println("the task panicked:", e.Value)
			}
		}()
		_, _ = t.Await()
	})
	// Output: the task panicked: no paper
}

func ExampleTask_Done() {
	_ = fibers.Run(func() {
		var stop atomic.Bool
		t := fibers.Spawn(func() (int, error) {
			for !stop.Load() {
				fibers.Yield()
			}
			return 42, nil
		})
		fmt.Println(t.Done())
		stop.Store(true)
		v, _ := t.Await()
		fmt.Println(v, t.Done())
	})
	// Output:
	// false
	// 42 true
}

func ExampleResult() {
	results := make([]fibers.Result[int], 3)
	_ = fibers.Run(func() {
		for i := range results { // each fiber has a place of its own
			fibers.Go(func() { results[i] = fibers.Result[int]{Value: i * i} })
		}
	}, fibers.WithDrain())
	for _, r := range results {
		fmt.Println(r.Value, r.Err)
	}
	// Output:
	// 0 <nil>
	// 1 <nil>
	// 4 <nil>
}

// Current tells fibers from plain goroutines.
func ExampleCurrent() {
	fmt.Println("in main:", fibers.Current() != nil)
	_ = fibers.Run(func() {
		fmt.Println("in Run:", fibers.Current() != nil)
	})
	// Output:
	// in main: false
	// in Run: true
}

// Every fiber has a number of its own.
func ExampleFiber_ID() {
	id := func() (uint64, error) { return fibers.Current().ID(), nil }
	_ = fibers.Run(func() {
		a, _ := fibers.Spawn(id).Await()
		b, _ := fibers.Spawn(id).Await()
		fmt.Println(a != b)
	})
	// Output: true
}

func ExampleFiber_Name() {
	_ = fibers.Run(func() {
		fmt.Printf("%q\n", fibers.Current().Name())
		fibers.GoNamed("clerk", func() { fmt.Printf("%q\n", fibers.Current().Name()) })
	}, fibers.WithDrain())
	// Output:
	// ""
	// "clerk"
}

func ExampleFiber_SetName() {
	_ = fibers.Run(func() {
		self := fibers.Current()
		for i := range 2 {
			self.SetName(fmt.Sprintf("worker, job %d", i))
			fmt.Println(self.Name())
		}
	})
	// Output:
	// worker, job 0
	// worker, job 1
}

// A fiber that computes for long lets others run now and then.
func ExampleYield() {
	_ = fibers.Run(func() {
		var told atomic.Bool
		fibers.Go(func() { told.Store(true) })
		for !told.Load() {
			fibers.Yield()
		}
		fmt.Println("told")
	})
	// Output: told
}

// A thousand fibers sleep as long as one.
func ExampleSleep() {
	var awake atomic.Int64
	_ = fibers.Run(func() {
		for range 1000 {
			fibers.Go(func() {
				fibers.Sleep(10 * time.Millisecond)
				awake.Add(1)
			})
		}
	}, fibers.WithDrain())
	fmt.Println(awake.Load())
	// Output: 1000
}

// A steady beat: what a round takes does not add up.
func ExampleSleepUntil() {
	_ = fibers.Run(func() {
		start := time.Now()
		beat := start
		for range 3 {
			beat = beat.Add(5 * time.Millisecond)
			fibers.SleepUntil(beat)
		}
		fmt.Println(time.Since(start) >= 15*time.Millisecond)
	})
	// Output: true
}

// Calls that would block a scheduler belong on a goroutine.
func ExampleBlocking() {
	_ = fibers.Run(func() {
		replies := make(chan string) // of package net/http, say
		go func() { replies <- "pong" }()
		fmt.Println(fibers.Blocking(func() string { return <-replies }))
	})
	// Output: pong
}

// The members of a group end before WithGroup returns; the first error ends
// the others, through the context, and is returned.
func ExampleWithGroup() {
	_ = fibers.Run(func() {
		err := fibers.WithGroup(context.Background(), func(ctx context.Context, g *fibers.Group) error {
			for i := range 3 {
				g.Go(func(ctx context.Context) error {
					if i == 1 {
						return fmt.Errorf("member %d failed", i)
					}
					for ctx.Err() == nil {
						fibers.Sleep(time.Millisecond)
					}
					return ctx.Err()
				})
			}
			return nil
		})
		fmt.Println(err)
	})
	// Output: member 1 failed
}

// Members may add members, as a walk through a tree does.
func ExampleGroup_Go() {
	var leaves atomic.Int64
	_ = fibers.Run(func() {
		_ = fibers.WithGroup(context.Background(), func(_ context.Context, g *fibers.Group) error {
			var walk func(depth int) error
			walk = func(depth int) error {
				if depth == 0 {
					leaves.Add(1)
					return nil
				}
				g.Go(func(context.Context) error { return walk(depth - 1) })
				return walk(depth - 1)
			}
			return walk(6)
		})
	})
	fmt.Println(leaves.Load())
	// Output: 64
}

// With a limit, Go waits until there is room.
func ExampleGroup_SetLimit() {
	var alive, most atomic.Int64
	_ = fibers.Run(func() {
		_ = fibers.WithGroup(context.Background(), func(_ context.Context, g *fibers.Group) error {
			g.SetLimit(1)
			for range 100 {
				g.Go(func(context.Context) error {
					most.Store(max(most.Load(), alive.Add(1)))
					fibers.Yield()
					alive.Add(-1)
					return nil
				})
			}
			return nil
		})
	})
	fmt.Println(most.Load())
	// Output: 1
}

func ExampleBlockingErr() {
	_ = fibers.Run(func() {
		_, err := fibers.BlockingErr(func() ([]byte, error) { return os.ReadFile("no such file") })
		fmt.Println(errors.Is(err, fs.ErrNotExist))
	})
	// Output: true
}
