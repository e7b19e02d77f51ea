package runtime_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

func ExampleGoFiber() {
	f := fibers.GoFiber(func() { fmt.Println("it runs") })
	f.SetName("worker")
	f.Wait()
	fmt.Println(f.Name(), "has ended")
	// Output:
	// it runs
	// worker has ended
}

func ExampleFiber_Done() {
	gate := cml.NewCond()
	f := fibers.GoFiber(gate.Wait)
	fmt.Println(f.Done())
	gate.Signal()
	f.Wait()
	fmt.Println(f.Done())
	// Output:
	// false
	// true
}

func ExampleFiber_Wait() {
	f := fibers.GoFiber(func() {
		defer fmt.Println("its deferred functions have run")
	})
	f.Wait()
	fmt.Println("and it has ended")
	// Output:
	// its deferred functions have run
	// and it has ended
}

func ExampleFiber_DoneOp() {
	f := fibers.GoFiber(func() { cml.Perform(cml.Never[int]()) })
	_, ok := fibers.PerformTimeout(f.DoneOp(), time.Millisecond)
	fmt.Println("ended within a millisecond:", ok)
	// Output:
	// ended within a millisecond: false
}

func ExampleSpawnContext() {
	t := fibers.SpawnContext(context.Background(), func(ctx context.Context) (string, error) {
		return cml.PerformContext(ctx, cml.Never[string]())
	})
	t.Cancel()
	_, err := t.Await()
	fmt.Println(err)
	// Output:
	// fibers: task cancelled
}

func ExampleTask_Cancel() {
	t := fibers.SpawnContext(context.Background(), func(ctx context.Context) (int, error) {
		<-ctx.Done()
		return 0, ctx.Err()
	})
	t.Cancel()
	_, err := t.Await()
	fmt.Println(err)
	// Output:
	// context canceled
}

func ExampleGroupSpawn() {
	err := fibers.WithGroup(context.Background(), func(ctx context.Context, g *fibers.Group) error {
		six := fibers.GroupSpawn(g, func(context.Context) (int, error) { return 6, nil })
		seven := fibers.GroupSpawn(g, func(context.Context) (int, error) { return 7, nil })
		a, _ := six.Await()
		b, _ := seven.Await()
		fmt.Println(a * b)
		return nil
	})
	fmt.Println(err)
	// Output:
	// 42
	// <nil>
}

func ExampleGroup_TryGo() {
	fibers.WithGroup(context.Background(), func(ctx context.Context, g *fibers.Group) error {
		g.SetLimit(1)
		gate := cml.NewCond()
		work := func(context.Context) error { gate.Wait(); return nil }
		fmt.Println(g.TryGo(work), g.TryGo(work))
		gate.Signal()
		return nil
	})
	// Output:
	// true false
}

func ExampleGroup_JoinErrors() {
	err := fibers.WithGroup(context.Background(), func(ctx context.Context, g *fibers.Group) error {
		g.JoinErrors()
		g.KeepGoing()
		g.Go(func(context.Context) error { return errors.New("the first") })
		cml.Perform(g.DoneOp())
		g.Go(func(context.Context) error { return errors.New("the second") })
		return nil
	})
	fmt.Println(err)
	// Output:
	// the first
	// the second
}

func ExampleGroup_KeepGoing() {
	err := fibers.WithGroup(context.Background(), func(ctx context.Context, g *fibers.Group) error {
		g.KeepGoing()
		g.Go(func(context.Context) error { return errors.New("one service fails") })
		cml.Perform(g.DoneOp())
		fmt.Println("the others:", ctx.Err())
		return nil
	})
	fmt.Println(err)
	// Output:
	// the others: <nil>
	// one service fails
}

func ExampleGroup_Context() {
	fibers.WithGroup(context.Background(), func(ctx context.Context, g *fibers.Group) error {
		fmt.Println(g.Context() == ctx)
		return nil
	})
	// Output:
	// true
}

func ExampleGroup_Defer_takeBack() {
	fibers.WithGroup(context.Background(), func(_ context.Context, g *fibers.Group) error {
		takeBack := g.Defer(func(error) { fmt.Println("remove the lock") })
		fmt.Println(takeBack(), takeBack())
		return nil
	})
	// Output:
	// true false
}

func ExampleGroup_Defer() {
	fibers.WithGroup(context.Background(), func(ctx context.Context, g *fibers.Group) error {
		g.Defer(func(err error) { fmt.Println("close the file:", err) })
		g.Defer(func(error) { fmt.Println("remove the lock") })
		g.Go(func(context.Context) error { fmt.Println("work"); return errors.New("failed") })
		return nil
	})
	// Output:
	// work
	// remove the lock
	// close the file: failed
}

func ExampleGroup_DoneOp() {
	fibers.WithGroup(context.Background(), func(ctx context.Context, g *fibers.Group) error {
		g.Go(func(ctx context.Context) error { return cml.Perform(cml.Done(ctx)) })
		if _, ok := fibers.PerformTimeout(g.DoneOp(), time.Millisecond); !ok {
			fmt.Println("still at work")
		}
		return errors.New("enough")
	})
	// Output:
	// still at work
}

func ExampleWithGroupOp() {
	scope := fibers.WithGroupOp(context.Background(), func(ctx context.Context, g *fibers.Group) error {
		g.Go(func(ctx context.Context) error {
			defer fmt.Println("the member has ended")
			return cml.Perform(cml.Done(ctx))
		})
		return nil
	})
	_, ok := fibers.PerformTimeout(scope, time.Millisecond)
	fmt.Println("in time:", ok)
	// Output:
	// the member has ended
	// in time: false
}

func ExampleFirst() {
	mirror := func(answer string, err error) func(context.Context) (string, error) {
		return func(context.Context) (string, error) { return answer, err }
	}
	slow := func(ctx context.Context) (string, error) {
		defer fmt.Println("the slow one has been cancelled")
		return cml.PerformContext(ctx, cml.Never[string]())
	}
	fmt.Println(fibers.First(context.Background(), slow, mirror("", errors.New("down")), mirror("answer", nil)))
	// Output:
	// the slow one has been cancelled
	// answer <nil>
}

func ExampleProtect() {
	fibers.Run(func() {
		begun := cml.NewCond()
		fibers.Go(func() {
			fibers.Protect(func() {
				begun.Signal()
				fibers.Sleep(time.Millisecond)
				fmt.Println("written as a whole")
			})
			fibers.Sleep(time.Hour)
		})
		begun.Wait()
	})
	// Output:
	// written as a whole
}

func ExampleNewTaskSet() {
	s := fibers.NewTaskSet[int](context.Background())
	defer s.Close()
	for i := range 3 {
		s.Spawn(func(context.Context) (int, error) { return i, nil })
	}
	sum := 0
	for f := s.Next(); f.Task != nil; f = s.Next() {
		sum += f.Value
	}
	fmt.Println(sum)
	// Output:
	// 3
}

func ExampleTaskSet_Spawn() {
	s := fibers.NewTaskSet[string](context.Background())
	defer s.Close()
	t := s.Spawn(func(context.Context) (string, error) { return "done", nil })
	fmt.Println(t.Await())
	fmt.Println(s.Next().Task == t)
	// Output:
	// done <nil>
	// true
}

func ExampleTaskSet_Next() {
	s := fibers.NewTaskSet[string](context.Background())
	defer s.Close()
	s.Spawn(func(context.Context) (string, error) { return "", errors.New("failed") })
	fmt.Println(s.Next().Err)
	fmt.Println(s.Next().Task)
	// Output:
	// failed
	// <nil>
}

func ExampleTaskSet_NextOp() {
	s := fibers.NewTaskSet[string](context.Background())
	defer s.Close()
	s.Spawn(func(ctx context.Context) (string, error) { return cml.PerformContext(ctx, cml.Never[string]()) })
	_, ok := fibers.PerformTimeout(s.NextOp(), time.Millisecond)
	fmt.Println(ok, s.Len())
	// Output:
	// false 1
}

func ExampleTaskSet_Len() {
	s := fibers.NewTaskSet[int](context.Background())
	defer s.Close()
	s.Spawn(func(context.Context) (int, error) { return 1, nil })
	fmt.Println(s.Len())
	s.Next()
	fmt.Println(s.Len())
	// Output:
	// 1
	// 0
}

func ExampleTaskSet_Cancel() {
	s := fibers.NewTaskSet[int](context.Background())
	s.Spawn(func(ctx context.Context) (int, error) { return 0, cml.Perform(cml.Done(ctx)) })
	s.Cancel()
	fmt.Println(s.Next().Err)
	// Output:
	// fibers: task cancelled
}

func ExampleTaskSet_Close() {
	s := fibers.NewTaskSet[int](context.Background())
	t := s.Spawn(func(ctx context.Context) (int, error) { return 0, cml.Perform(cml.Done(ctx)) })
	s.Close()
	fmt.Println(t.Done())
	// Output:
	// true
}
