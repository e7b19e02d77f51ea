package cores

import (
	goruntime "runtime"
	"sync"

	"go.uber.org/atomic"
	"golang.org/x/sys/unix"
)

// Process returns the set of processors that the process was given, empty if that cannot
// be known. It is looked up at the first call, which must come before the first thread is
// pinned; when others have given the process another one, the audit follows.
func Process() unix.CPUSet {
	if m := process.Load(); m != nil {
		return *m
	}
	m := new(unix.CPUSet)
	if err := unix.SchedGetaffinity(0, m); err != nil {
		m.Zero()
	}
	process.CompareAndSwap(nil, m)
	return *process.Load()
}

// Allowed returns the CPUs that the process may use. It is first called before the first
// thread is pinned.
func Allowed() []int {
	m := Process()
	var cpus []int
	for i := range maxCPU {
		if m.IsSet(i) {
			cpus = append(cpus, i)
		}
	}
	return cpus
}

const maxCPU = 1024 // bits of a CPUSet

var process atomic.Pointer[unix.CPUSet]

// pins are the sets that threads were pinned to. Readers and writers: any.
var pins struct {
	sync.Mutex
	masks map[unix.CPUSet]bool
}

// pinsTo says that threads are pinned to a set from now on.
func pinsTo(m unix.CPUSet) {
	pins.Lock()
	defer pins.Unlock()
	if pins.masks == nil {
		pins.masks = make(map[unix.CPUSet]bool)
	}
	pins.masks[m] = true
}

// pinnedTo reports whether threads were pinned to a set.
func pinnedTo(m unix.CPUSet) bool {
	pins.Lock()
	defer pins.Unlock()
	return pins.masks[m]
}

// Unpinned calls f, which may start children, on a thread that is not pinned: a child
// has the set of the thread that starts it. A set that the program has given to the
// thread itself stays.
//
// If the thread was pinned it is again when f has returned, though its owner may have
// let it go meanwhile: then it is nobody's, and the audit sees to it.
func Unpinned(f func() error) error {
	goruntime.LockOSThread()
	defer goruntime.UnlockOSThread()
	var m unix.CPUSet
	whole := Process()
	if unix.SchedGetaffinity(0, &m) != nil || m == whole || whole.Count() == 0 || !pinnedTo(m) {
		return f()
	}
	if unix.SchedSetaffinity(0, &whole) != nil {
		return f()
	}
	defer unix.SchedSetaffinity(0, &m)
	return f()
}
