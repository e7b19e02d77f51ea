package adaptive

// Natives returns how many wait for m in Go's way.
func (m *Mutex) Natives() (n int) {
	b := m.bucket()
	b.mu.Lock()
	defer b.mu.Unlock()
	for w := b.native.head; w != nil; w = w.next {
		if w.mutex == m {
			n++
		}
	}
	return n
}

// Wanted reports whether somebody waits for m.
func (m *Mutex) Wanted() bool { return m.word.Load()&waiting != 0 }

// LockBucket keeps others from the list of those who wait for m.
func (m *Mutex) LockBucket() (release func()) {
	b := m.bucket()
	b.mu.Lock()
	return func() { b.unlock(nil) }
}
