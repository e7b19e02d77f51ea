package runtime

// Bubbles of testing/synctest. A runtime that is made in one works, but for time: its
// schedulers sleep in the kernel, and as long as any goroutine of a bubble does, the
// bubble's clock stands still. So who would wait for it is told. What a plain goroutine
// of a bubble does needs no runtime, and has the bubble's time.

// checkBubble panics if the time of rt stands still. It is called by a fiber of rt that
// is about to wait for a time.
func (rt *Runtime) checkBubble(what string) {
	if rt.bubbled {
		standsStill(what)
	}
}

func standsStill(what string) {
	panic("fibers: " + what + " in a fiber of a bubble of testing/synctest would wait for ever, as schedulers keep the bubble's clock from going on: make the runtime before synctest.Test, or wait in a goroutine")
}
