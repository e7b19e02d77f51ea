package runtime

import (
	goruntime "runtime"
	"runtime/metrics"
)

// load asks the Go runtime how many goroutines run and could run; it costs some
// 150 ns. Not for use by several at once.
type load struct {
	samples *[2]metrics.Sample // made when first asked for: most stalled schedulers never ask
}

// read returns the number of goroutines that run (the caller is one of them) and
// of those that are ready to.
func (l *load) read() (running, ready int) {
	if l.samples == nil {
		l.samples = new([2]metrics.Sample)
		l.samples[0].Name = "/sched/goroutines/running:goroutines"
		l.samples[1].Name = "/sched/goroutines/runnable:goroutines"
	}
	metrics.Read(l.samples[:])
	n := [2]int{goruntime.GOMAXPROCS(0), 0} // where the Go runtime does not tell
	for i := range l.samples {
		if v := l.samples[i].Value; v.Kind() == metrics.KindUint64 {
			n[i] = int(v.Uint64())
		}
	}
	return n[0], n[1]
}

// crowded reports whether no processor is idle, or goroutines are ready to run.
// Where one is idle, it takes care of others' goroutines, timers and network by
// itself, and to call Gosched would only wake it, for 50 to 100 µs in all.
func (l *load) crowded() bool {
	running, ready := l.read()
	return ready > 0 || running >= goruntime.GOMAXPROCS(0)
}
