package main

import (
	"fmt"
	"runtime/metrics"
	"time"

	fibers "github.com/seed222ee791/fibers/runtime"
)

// A sample is what one run of a workload on one side gave.
type sample struct {
	values []float64          // one for each row, in its unit
	cost   cost               // of the timed part; zero if it says nothing
	ops    int                // what cost is divided by
	shares []float64          // of the schedulers in the work, if known
	extra  map[string]float64 // whatever else is worth a look, for -json
}

// cost is what a stretch of the program took.
type cost struct {
	wall   time.Duration
	cpu    time.Duration // of the whole process; 0 where it is not known
	allocs uint64
}

// perOp makes the sample of a workload whose only value is ns/op.
func (c cost) perOp(ops int) sample {
	return sample{values: []float64{float64(c.wall.Nanoseconds()) / float64(ops)}, cost: c, ops: ops}
}

// A meter measures a cost.
type meter struct {
	start  time.Time
	cpu    time.Duration
	allocs uint64
}

func startMeter() meter {
	m := meter{allocs: allocated(), cpu: processCPU()}
	m.start = time.Now()
	return m
}

func (m meter) stop() cost {
	c := cost{wall: time.Since(m.start)}
	c.cpu = processCPU() - m.cpu
	c.allocs = allocated() - m.allocs
	return c
}

// allocated returns how many objects the process has allocated, to within some
// hundreds. It does not stop the world, as runtime.ReadMemStats does.
func allocated() uint64 {
	s := []metrics.Sample{{Name: "/gc/heap/allocs:objects"}, {Name: "/gc/heap/tiny/allocs:objects"}}
	metrics.Read(s)
	n := uint64(0)
	for _, m := range s {
		if m.Value.Kind() == metrics.KindUint64 {
			n += m.Value.Uint64()
		}
	}
	return n
}

// inFibers runs body in a fiber of a runtime made for it. Making and closing it
// take time that body does not see.
func inFibers(schedulers int, body func(rt *fibers.Runtime)) error {
	rt, err := fibers.New(fibers.WithSchedulers(schedulers))
	if err != nil {
		return err
	}
	// The name is for those who look in with gops.
	if err = rt.Run(func() { fibers.Current().SetName("bench main"); body(rt) }); err != nil {
		return err
	}
	return rt.Close()
}

// verify compares an answer with what it must be.
func verify[T comparable](what string, got, want T) error {
	if got != want {
		return fmt.Errorf("wrong answer: %s is %v, must be %v", what, got, want)
	}
	return nil
}
