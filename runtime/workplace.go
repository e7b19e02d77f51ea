package runtime

// The runtime as the workplace of idle.go: whether there is anything to do.

// workWaits reports whether any queue holds a fiber, or a timer is due.
func (rt *Runtime) workWaits() bool {
	if rt.timersDue(rt.clock()-rt.slack.now.Load()) || rt.queued() {
		return true
	}
	for _, s := range *rt.schedulers.Load() {
		if !s.next.empty() {
			return true
		}
	}
	return false
}

// queued reports whether a queue holds a fiber.
func (rt *Runtime) queued() bool { return rt.posted() || rt.woken() }

// posted reports whether there is a fiber that a searcher would find at once.
func (rt *Runtime) posted() bool {
	if !rt.injector.Empty() || !rt.legacies.empty() {
		return true
	}
	for _, s := range *rt.schedulers.Load() {
		if !s.newest.Empty() || s.unseated.Load() && !s.ringsEmpty() {
			return true
		}
	}
	return false
}

// woken reports whether there is a fiber in a ring.
func (rt *Runtime) woken() bool {
	for _, s := range *rt.schedulers.Load() {
		if !s.ringsEmpty() {
			return true
		}
	}
	return false
}

// busy implements workplace.
func (rt *Runtime) busy() bool { return rt.slack.busy() }

// alarm implements workplace.
func (rt *Runtime) alarm() int64 { return rt.slack.add(rt.nextTimer()) }
