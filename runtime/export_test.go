package runtime

// TimersOf returns how many timers rt holds.
func TimersOf(rt *Runtime) int {
	n := 0
	for _, w := range rt.wheels {
		w.mu.Lock()
		n += w.mu.timers.Len()
		w.mu.Unlock()
	}
	return n
}

// Blind has the runtime do without the status of goroutines, as with a version of Go of
// which it is not known.
func Blind() Option { return func(c *config) { c.blind = true } }

// JudgeKnows reports whether it can be known that nothing can happen any more.
func JudgeKnows() bool {
	_, known := goClock()
	return known && nextGoTimer() != nil
}
