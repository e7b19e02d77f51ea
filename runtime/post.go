package runtime

// Posting: a fiber is put in a queue of the scheduler, by whoever runs there, and others
// are told if need be. Each of these is PushWork of idle.go, and then the rest of it: who
// sleeps may be wanted (W1), or a watcher sees to it (W2), or the scheduler has no seat and
// gives away what it holds (U1).

// runNext enqueues a fiber that the running one has woken: it will run as soon
// as that one parks, on the same core, where what it waits for is in the cache.
// As the waker most often parks at once, no other scheduler is woken for it, if
// one watches; that one takes the fiber after a short time (W2 in idle.go).
func (s *scheduler) runNext(f *fiber) {
	s.counts.wakes++
	if s.eyes != nil {
		s.eyes.woke(f, s.eyes.self())
	}
	old := s.next.swap(f)
	if old != nil {
		s.pushReady(old)
	}
	id := &s.rt.idle
	if id.attend.Load() == 0 || s.attend() || id.nsleep.Load() == 0 {
		return
	}
	if s.spendEager() {
		// Lately, wakers went on for long: let the fiber be found at once.
		if f := s.next.take(); f != nil {
			s.pushReady(f)
		}
		id.wakeForWork()
	} else if !id.watched.Load() {
		id.wakeForWork()
	}
}

// wakeForWoken is called after a push to the ring or behind. As with next, the watcher
// sees to it if there is one, unless that took too long lately.
func (s *scheduler) wakeForWoken() {
	id := &s.rt.idle
	if id.attend.Load() == 0 || s.attend() || id.nsleep.Load() == 0 {
		return
	}
	if s.spendEager() || !id.watched.Load() {
		id.wakeForWork()
	}
}

// wakeForWork is called after every push that others should know of: see idle.go.
func (rt *Runtime) wakeForWork() { rt.idle.wakeForWork() }

// spawn makes a fiber and queues it here. Owner only.
func (s *scheduler) spawn(j *job) {
	f := s.newFiber(j.fn)
	f.describe(j)
	if s.eyes != nil {
		s.eyes.spawned(f)
	}
	s.spawned.Store(s.spawned.Load() + 1)
	s.deque.Push(f)
	s.posted()
}

// posted is called after a push to the deque.
func (s *scheduler) posted() {
	if s.rt.idle.attend.Load() != 0 && !s.attend() {
		s.rt.wakeForWork()
	}
}
