package runtime

import goruntime "runtime"

// Shelter: what a fiber does to clean up is not cut while its runtime ends.
//
// A runtime that ends unwinds its fibers at the point where they wait. Their
// deferred functions run, and may wait themselves: for a lock, for a write, for
// another fiber that has to clean up first. If such a wait were ended like the first
// one, the rest of the deferred function would be lost, an Unlock included. So a
// fiber that is being unwound is sheltered: its waits go on, until what it waits for
// has come or the grace is over (cutting). Then these waits are ended too.
//
//	running ──ending, at a wait──▶ sheltered ──▶ ended
//	                                   └──cutting, at a wait──▶ ended
//
// Sheltered are also fibers that were unwinding already, by a panic or a Goexit of
// their own, when the end came; that shows on their stacks. So are those inside Protect. A deferred function
// that runs because its function returned looks like any other code: its waits are
// ended.
//
// Checked by: docs/models/park.pml (SHELTER), TestCleanUp….

// Protect runs fn, whose waits are not ended while the runtime of the fiber ends, as long
// as the grace lasts (see Close and WithGrace): for what must not be left half done,
// though it is no deferred function. The end then comes at the first wait after it. In
// a plain goroutine, and in a simulation, where there is no grace, it just calls fn.
// It keeps nothing else away: a context that is cancelled is.
func Protect(fn func()) {
	if fn == nil {
		panic("fibers: Protect(nil): give it a function")
	}
	c := current()
	if c == nil || c.Flags[protected] {
		fn()
		return
	}
	c.Flags[protected] = true
	defer func() { c.Flags[protected] = false }()
	fn()
}

// mustEnd reports whether a wait of the fiber, the caller, must end, as its runtime is ending.
func (f *fiber) mustEnd() bool { return f.rt.ending.Load() && f.unsheltered() }

// unsheltered reports whether nothing lets the fiber go on while its runtime ends.
//
//go:noinline
func (f *fiber) unsheltered() bool {
	if f.rt.cutting.Load() || f.rt.sim != nil { // in a simulation nobody has a grace
		return true
	}
	return !f.co.Flags[sheltered] && !f.co.Flags[protected] && !unwinding()
}

// quit ends the fiber of c, the caller, as its runtime ends.
func (c *coroutine) quit() {
	c.Flags[sheltered] = true
	goruntime.Goexit()
}

// unwinding reports whether a panic or a Goexit is on its way through the stack of
// the caller. It takes a microsecond or two.
func unwinding() bool {
	var room [64]uintptr
	pcs := room[:]
	n := goruntime.Callers(2, pcs)
	for n == len(pcs) {
		pcs = make([]uintptr, 4*len(pcs))
		n = goruntime.Callers(2, pcs)
	}
	for _, pc := range pcs[:n] {
		fn := goruntime.FuncForPC(pc - 1)
		if fn == nil {
			continue
		}
		if name := fn.Name(); name == "runtime.Goexit" || name == "runtime.gopanic" {
			return true
		}
	}
	return false
}
