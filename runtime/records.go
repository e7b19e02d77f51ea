package runtime

// The records of fibers: where they are made, who keeps those that are free, and how they
// come back. A scheduler keeps some for itself; the others are in records, which knows all
// of them.

import (
	"sync"
	stdatomic "sync/atomic" // its 64-bit types are aligned on 32-bit systems too

	"github.com/seed222ee791/fibers/internal/wait"
)

// ids hands out blocks of fiber numbers to the schedulers, so that numbering a
// fiber touches no shared line.
var ids stdatomic.Uint64

const idBlock = 1 << 10

// records keeps the fiber records of a runtime that no scheduler holds, and
// knows all of them.
type records struct {
	mu struct {
		sync.Mutex
		free  []*fiber
		slabs []*[slabSize]fiber
		ids   uint64 // the next number for a fiber made by a plain goroutine
	}
}

const (
	slabSize    = 128  // 8 KiB, so that each record is a cache line of its own
	maxFree     = 1024 // records that a scheduler keeps for itself
	recordBatch = 256  // how many it takes or gives back at a time
)

// take appends batch records to to.
func (r *records) take(rt *Runtime, to []*fiber, batch int) []*fiber {
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.mu.free) < batch {
		r.grow(rt)
	}
	n := len(r.mu.free) - batch
	to = append(to, r.mu.free[n:]...)
	r.mu.free = r.mu.free[:n]
	return to
}

// one returns a single record, numbered, for a plain goroutine that spawns.
func (r *records) one(rt *Runtime, fn func()) *fiber {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.mu.free) == 0 {
		r.grow(rt)
	}
	n := len(r.mu.free) - 1
	f := r.mu.free[n]
	r.mu.free = r.mu.free[:n]
	if r.mu.ids&(idBlock-1) == 0 {
		r.mu.ids = ids.Add(idBlock) - idBlock + 1
	}
	f.fn = fn
	f.word.Begin(r.mu.ids)
	r.mu.ids++
	return f
}

// grow adds a slab; mu is held.
func (r *records) grow(rt *Runtime) {
	slab := new([slabSize]fiber)
	for i := range slab {
		slab[i].rt = rt
		r.mu.free = append(r.mu.free, &slab[i])
	}
	r.mu.slabs = append(r.mu.slabs, slab)
}

// give takes records back.
func (r *records) give(fs []*fiber) {
	r.mu.Lock()
	r.mu.free = append(r.mu.free, fs...)
	r.mu.Unlock()
}

// each calls f for every record, in use or not, until f returns false.
func (r *records) each(f func(*fiber) bool) {
	r.mu.Lock()
	slabs := r.mu.slabs
	r.mu.Unlock()
	for _, slab := range slabs {
		for i := range slab {
			if !f(&slab[i]) {
				return
			}
		}
	}
}

// newFiber returns a record for fn, numbered but not started. Owner only.
func (s *scheduler) newFiber(fn func()) *fiber {
	n := len(s.free) - 1
	if n < 0 {
		s.free = s.rt.records.take(s.rt, s.free, s.batch(recordBatch))
		n = len(s.free) - 1
	}
	f := s.free[n]
	s.free = s.free[:n]
	if s.nextID&(idBlock-1) == 0 {
		s.nextID = ids.Add(idBlock) - idBlock + 1 // a block lacks its first number: no fiber is 0
	}
	f.fn = fn
	f.word.Begin(s.nextID)
	s.nextID++
	return f
}

// freeFiber takes back the record of a fiber that has ended. Owner only.
func (s *scheduler) freeFiber(f *fiber) {
	f.reset(s.index)
	s.free = append(s.free, f)
	if n := len(s.free) - recordBatch; n >= maxFree {
		s.rt.records.give(s.free[n:])
		s.free = s.free[:n]
	}
}

// reset makes the record of an ended fiber ready for the next one. It ended on the
// scheduler of that index.
func (f *fiber) reset(index int) {
	f.fn, f.co, f.served = nil, nil, 0
	f.word.End()
	if f.handle.Load() != nil {
		f.handle.Store(nil)
	}
	if m := f.more.Load(); m != nil {
		if m.site != nil {
			m.site.countOf(index).ended.Add(1)
		}
		if m.again && wait.Watched() {
			*m = more{again: true} // after the word, for K8
		} else {
			f.more.Store(nil)
		}
	}
}
