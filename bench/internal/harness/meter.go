package harness

import (
	"fmt"
	"runtime/metrics"
	"time"

	fibers "github.com/seed222ee791/fibers/runtime"
)

// A Sample is what one run of a workload on one side gave.
type Sample struct {
	Values []float64          // one for each row, in its unit
	Cost   Cost               // of the timed part; zero if it says nothing
	Ops    int                // what cost is divided by
	Shares []float64          // of the schedulers in the work, if known
	Extra  map[string]float64 // whatever else is worth a look, for -json
}

// Cost is what a stretch of the program took.
type Cost struct {
	Wall   time.Duration
	CPU    time.Duration // of the whole process; 0 where it is not known
	allocs uint64
}

// PerOp makes the sample of a workload whose only value is ns/op.
func (c Cost) PerOp(ops int) Sample {
	return Sample{Values: []float64{float64(c.Wall.Nanoseconds()) / float64(ops)}, Cost: c, Ops: ops}
}

// A Meter measures a cost.
type Meter struct {
	start  time.Time
	cpu    time.Duration
	allocs uint64
}

// StartMeter begins to measure: what it does itself comes before.
func StartMeter() Meter {
	m := Meter{allocs: allocated(), cpu: ProcessCPU()}
	m.start = time.Now()
	return m
}

// Stop returns what the time since StartMeter has cost.
func (m Meter) Stop() Cost {
	c := Cost{Wall: time.Since(m.start)}
	c.CPU = ProcessCPU() - m.cpu
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

// InFibers runs body in a fiber of a runtime made for it. Making and closing it
// take time that body does not see.
func InFibers(schedulers int, body func(rt *fibers.Runtime)) error {
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

// Verify compares an answer with what it must be.
func Verify[T comparable](what string, got, want T) error {
	if got != want {
		return fmt.Errorf("wrong answer: %s is %v, must be %v", what, got, want)
	}
	return nil
}
