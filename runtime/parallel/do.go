package parallel

import "github.com/seed222ee791/fibers/internal/fork"

// Do calls all functions, perhaps in parallel, and returns when all have
// returned. The first is called by the caller itself, the others by idle
// schedulers if there are any in time, else by the caller too, in their order. A
// call costs some 20 ns more than a plain one; what the closures cost comes
// on top, which the Go compiler allocates.
//
// Do synchronizes before each call begins, and the ends of the calls before the return
// of Do. See the package about panics, Goexit and calls in plain
// goroutines. Do() does nothing. Do panics if a function is nil, before it has
// called any.
func Do(fns ...func()) {
	// Only the functions are kept, never fns itself: the caller's slice of them
	// need not be allocated.
	if len(fns) == 2 && fns[0] != nil && fns[1] != nil { // the usual case
		Both(call, fns[0], fns[1])
		return
	}
	all := make([]func(), len(fns))
	for i, fn := range fns {
		if fn == nil {
			panic("parallel: Do with a nil function: leave it out")
		}
		all[i] = fn
	}
	switch len(all) {
	case 0:
	case 1:
		if fork.Current() == nil {
			inside(func() { alone(all[0]) })
			return
		}
		alone(all[0])
	default:
		doAll(all)
	}
}

// doAll calls the functions, of which there is one at least.
func doAll(fns []func()) struct{} {
	switch n := len(fns); n {
	case 1:
		fns[0]()
	case 2:
		Both(call, fns[0], fns[1])
	default:
		Both(doAll, fns[:n/2], fns[n/2:])
	}
	return struct{}{}
}

func call(fn func()) struct{} {
	fn()
	return struct{}{}
}

// alone calls fn. If it panics, so does alone, with a PanicError.
func alone(fn func()) {
	returned := false
	defer func() {
		if !returned {
			if o := caught(recover()); o.panic != nil {
				panic(o.panic)
			}
		}
	}()
	fn()
	returned = true
}
