package runtime_test

import (
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// parked calls look when the fiber of that name waits.
func parked(rt *fibers.Runtime, name string, look func(fibers.FiberInfo)) {
	for {
		for i := range rt.EachFiber {
			if i.Name == name && i.State == fibers.Waiting {
				look(i)
				return
			}
		}
		time.Sleep(time.Millisecond) // sleep: between two looks
	}
}

func ExampleWatch() {
	stop := fibers.Watch()
	defer stop()
	rt, err := fibers.New()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer rt.Close()
	rt.Go(func() {
		var mu cml.Mutex
		mu.Lock()
		fibers.GoNamed("second", mu.Lock)
	})
	parked(rt, "second", func(i fibers.FiberInfo) {
		file, _, _ := strings.Cut(path.Base(i.Site), ":")
		fmt.Println(i.Wants.Kind, file, i.Parent != 0)
	})
	// Output: mutex example_inspection_test.go true
}

func ExampleExamine() {
	stop := fibers.Watch()
	defer stop()
	rt, err := fibers.New()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer rt.Close()
	rt.Go(func() {
		var one, two cml.Mutex
		locked := cml.NewBarrier(2)
		fibers.GoNamed("first", func() { one.Lock(); locked.Wait(); two.Lock() })
		fibers.GoNamed("second", func() { two.Lock(); locked.Wait(); one.Lock() })
	})
	for {
		if r := fibers.Examine(rt); len(r.Deadlocks) > 0 {
			for _, f := range r.Deadlocks[0].Fibers {
				fmt.Println(f.Name, f.Reason)
			}
			return
		}
	}
	// Unordered output:
	// first mutex lock
	// second mutex lock
}

func ExampleReport_Trouble() {
	fmt.Println(fibers.Report{Fibers: 7}.Trouble(), fibers.Report{Fibers: 7})
	// Output: false fibers: nothing unusual among 7
}

func ExampleWithStallReport() {
	over := cml.NewCond()
	err := fibers.Run(func() {
		var mu cml.Mutex
		mu.Lock()
		fibers.GoNamed("second", mu.Lock)
		over.Wait()
	}, fibers.WithStallReport(20*time.Millisecond, func(r fibers.Report) {
		for _, h := range r.Hot {
			if h.Kind == "mutex" && over.Signal() {
				fmt.Println(h.Waiters, "waits for the", h.Kind)
			}
		}
	}))
	fmt.Println(err)
	// Output:
	// 1 waits for the mutex
	// <nil>
}

func ExampleFiberInfo_Doing() {
	rt, err := fibers.New()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer rt.Close()
	rt.Go(func() { fibers.Current().SetName("sleeper"); fibers.Sleep(time.Hour) })
	parked(rt, "sleeper", func(i fibers.FiberInfo) { fmt.Println(i.Doing(), i.Reason) })
	// Output: waiting sleep
}

func ExampleRuntime_Find() {
	rt, err := fibers.New()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer rt.Close()
	id := make(chan uint64)
	rt.Go(func() { id <- fibers.Current().ID(); fibers.Sleep(time.Hour) })
	_, alive := rt.Find(<-id)
	fmt.Println(alive)
	// Output: true
}

func ExampleSites() {
	stop := fibers.TrackSites()
	defer stop()
	rt, err := fibers.New()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer rt.Close()
	for range 3 {
		rt.Go(func() { fibers.Sleep(time.Hour) }) // the place that is looked for
	}
	for _, s := range fibers.Sites() {
		if strings.HasSuffix(s.Func, ".ExampleSites") {
			fmt.Println(s.Alive, "of", s.Spawned)
		}
	}
	// Output: 3 of 3
}

func ExampleTrackSites() {
	stop := fibers.TrackSites()
	fmt.Println(len(fibers.Sites()) >= 0)
	stop()
	// Output: true
}

func ExampleBlockProfile() {
	stop := fibers.Watch()
	defer stop()
	_ = fibers.Run(func() {
		c := cml.NewChan[int]()
		fibers.Go(func() {
			for i := range 10_000 {
				c.Put(i)
			}
		})
		for range 10_000 {
			c.Get()
		}
	}, fibers.WithSchedulers(1))
	for _, r := range fibers.BlockProfile() {
		if strings.HasPrefix(r.Reason, "channel") && r.Time > 0 {
			fmt.Println("fibers have waited at a channel")
			return
		}
	}
	// Output: fibers have waited at a channel
}

func ExampleRuntime_Record() {
	rt, err := fibers.New()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer rt.Close()
	rec, err := rt.Record(1000)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer rec.Stop()
	_, err = rt.Record(1000)
	fmt.Println(err == fibers.ErrRecording, rt.Recorder() == rec)
	// Output: true true
}

// recorded runs some fibers under a recorder until that has seen one park.
func recorded(look func(*fibers.Recorder, fibers.Event)) {
	rt, err := fibers.New()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer rt.Close()
	rec, err := rt.Record(0)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer rec.Stop()
	rt.Go(func() {
		for {
			fibers.GoNamed("short", func() { cml.Perform(fibers.After(time.Microsecond)) })
			fibers.Sleep(time.Millisecond)
		}
	})
	for {
		for _, e := range rec.Events(time.Hour) {
			if e.Kind == fibers.EventPark && e.Reason == "timer" && rec.Names()[e.Fiber] != "" {
				look(rec, e)
				return
			}
		}
		time.Sleep(time.Millisecond) // sleep: between two looks
	}
}

func ExampleRecorder_Events() {
	recorded(func(_ *fibers.Recorder, e fibers.Event) { fmt.Println(e.Kind, e.Reason) })
	// Output: park timer
}

func ExampleRecorder_Names() {
	recorded(func(rec *fibers.Recorder, e fibers.Event) { fmt.Println(rec.Names()[e.Fiber]) })
	// Output: short
}

func ExampleRecorder_Stop() {
	recorded(func(rec *fibers.Recorder, _ fibers.Event) {
		rec.Stop()
		fmt.Println(len(rec.Events(time.Hour)) > 0)
	})
	// Output: true
}

func ExampleRuntime_Recorder() {
	rt := fibers.Default()
	fmt.Println(rt.Recorder() == nil)
	// Output: true
}

// A flight recorder that is on from the beginning tells who spawned whom.
func ExampleWithRecorder() {
	err := fibers.Run(func() {
		_, _ = fibers.Spawn(func() (int, error) { return 1, nil }).Await()
		for fibers.Current() != nil {
			for _, rt := range fibers.Runtimes() {
				if r := rt.Recorder(); r != nil && len(r.Events(time.Minute)) > 0 {
					fmt.Println("recorded")
					return
				}
			}
			fibers.Yield()
		}
	}, fibers.WithRecorder(1000))
	fmt.Println(err)
	// Output:
	// recorded
	// <nil>
}
