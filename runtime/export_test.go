package runtime

// TimersOf returns how many timers rt holds.
func TimersOf(rt *Runtime) int {
	rt.timers.mu.Lock()
	defer rt.timers.mu.Unlock()
	return len(rt.timers.mu.heap)
}
