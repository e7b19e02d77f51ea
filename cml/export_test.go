package cml

// Waiting returns how many offers there are in the queues of c, dead ones too.
func Waiting[T any](c *Chan[T]) (puts, gets int) {
	c.lock()
	defer c.mu.Unlock()
	return c.puts.n, c.gets.n
}

// WaitingFor returns how many offers there are in the line of s, dead ones too.
func WaitingFor(s *Semaphore) int {
	s.gate.mu.Lock()
	defer s.gate.mu.Unlock()
	return s.gate.line0.n
}
