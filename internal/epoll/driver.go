package epoll

import (
	goruntime "runtime"
	"sync"
	"time"

	"go.uber.org/atomic"
)

// The driver polls where no engine does. It is an ordinary goroutine, parked in Go's own
// poller until the instance has events.
//
//	none ──start──▶ up ──▶ none: an engine is attached, or nothing is watched, or
//	                       somebody else has the role (R4)
type driver struct {
	p  *poller
	mu sync.Mutex
	up atomic.Bool // Writers: under mu
}

func (d *driver) start() {
	if d.up.Load() {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.up.Load() {
		d.up.Store(true)
		go d.run()
	}
}

// stepBack has it end, as an engine has been attached.
func (d *driver) stepBack() {
	if d.up.Load() {
		d.p.wake()
	}
}

// wanted reports whether it should poll.
func (d *driver) wanted() bool {
	p := d.p
	return p.engines.n.Load() == 0 && p.table.n.Load() != 0 && !p.role.Load()
}

const forEver time.Duration = -1

func (d *driver) run() {
	p := d.p
	for {
		for p.engines.n.Load() == 0 && p.acquire() {
			for pause := forEver; p.engines.n.Load() == 0 && p.table.n.Load() != 0; {
				if p.park(pause, nil) == 0 {
					pause = forEver
					continue
				}
				// Those whom it has made ready run first, and what has come meanwhile is taken
				// by a look.
				goruntime.Gosched()
				pause = 0
			}
			p.release()
		}
		d.mu.Lock()
		d.up.Store(false)
		if !d.wanted() { // R4
			d.mu.Unlock()
			break
		}
		d.up.Store(true)
		d.mu.Unlock()
	}
	if p.engines.n.Load() != 0 && p.table.n.Load() != 0 {
		p.fill() // the engine may have found the role taken
	}
}
