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
