package epoll

import (
	"sync"

	"go.uber.org/atomic"
)

// A table finds the descriptor of an event: C5 in cell.go. Places are given again,
// generations are not (a counter of 32 bits, of which 0 is left out).
type table struct {
	// chunks only grows, and is replaced as a whole. Writers: under mu. Readers: the
	// poller.
	chunks atomic.Pointer[[]*chunk]
	n      atomic.Int32 // descriptors in it. Writers: under mu
	mu     struct {
		sync.Mutex
		free []uint32
		gen  uint32
	}
}

const chunkSize = 256

// A chunk is a piece of the table. Its places are written under mu.
type chunk [chunkSize]atomic.Pointer[Desc]

// put gives d a place. mu is held.
func (t *table) put(d *Desc) {
	m := &t.mu
	if len(m.free) == 0 {
		var all []*chunk
		if old := t.chunks.Load(); old != nil {
			all = *old
		}
		base := uint32(len(all)) * chunkSize
		all = append(all[:len(all):len(all)], new(chunk))
		t.chunks.Store(&all)
		for i := range uint32(chunkSize) {
			m.free = append(m.free, base+chunkSize-1-i)
		}
	}
	d.index = m.free[len(m.free)-1]
	m.free = m.free[:len(m.free)-1]
	m.gen++
	if m.gen == 0 {
		m.gen++
	}
	d.gen = m.gen
	t.n.Inc()
	t.at(d.index).Store(d)
}

func (t *table) at(index uint32) *atomic.Pointer[Desc] {
	return &(*t.chunks.Load())[index/chunkSize][index%chunkSize]
}

// drop takes d out. mu is held.
func (t *table) drop(d *Desc) {
	m := &t.mu
	t.at(d.index).Store(nil)
	m.free = append(m.free, d.index)
	if t.n.Dec() == 0 { // what a burst has left
		t.chunks.Store(nil)
		m.free = nil
	}
}

func (d *Desc) data() uint64 { return uint64(d.gen)<<32 | uint64(d.index) }

// find returns the descriptor that data was given to, or nil if that is gone.
func (t *table) find(data uint64) *Desc {
	index, gen := uint32(data), uint32(data>>32)
	all := t.chunks.Load()
	if all == nil || int(index/chunkSize) >= len(*all) {
		return nil
	}
	d := (*all)[index/chunkSize][index%chunkSize].Load()
	if d == nil || d.gen != gen {
		return nil
	}
	return d
}
