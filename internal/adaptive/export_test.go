package adaptive

// Natives returns how many wait for m in Go's way.
func (m *Mutex) Natives() (n int) {
	b := m.bucket()
	b.mu.Lock()
	defer b.unlock()
	for w := b.native.head; w != nil; w = w.next {
		if w.mutex == m {
			n++
		}
	}
	return n
}

// Wanted reports whether somebody waits for m.
func (m *Mutex) Wanted() bool { return m.word.Load()&waiting != 0 }

// Posted reports whether a fiber has come to wait that nobody has seen to.
func (m *Mutex) Posted() bool { return m.bucket().posted.Load() != nil }

// LockBucket keeps others from the list of those who wait for m. What release returns looks for
// those who have come meanwhile.
func (m *Mutex) LockBucket() (release func() (look func())) {
	b := m.bucket()
	b.mu.Lock()
	return func() func() {
		b.mu.Unlock()
		return b.settlePosted
	}
}

// SameBucket returns two mutexes whose waiters are in one bucket.
func SameBucket() (m, n *Mutex) {
	all := make([]Mutex, 4096)
	for i := range all[1:] {
		if n = &all[i+1]; n.bucket() == all[0].bucket() {
			break
		}
	}
	return &all[0], n
}
