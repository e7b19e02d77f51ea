package epoll

import "time"

// To fall asleep in the kernel and to be woken costs some 30 µs where the processor
// has nothing else to do. If the next event comes sooner than that, as the next
// request of a client that got its answer, it is better waited for by asking again
// and again. Whether it will is guessed from how it went lately: who hovered in vain
// does so ever more rarely, so that an idle process, or one whose events come far
// apart, spends nothing on it.

const (
	hoverTime   = 30 * time.Microsecond
	mostCredit  = 8
	probeEvery  = 32 // waits without credit
	hoverProfit = 2  // credit for an event that came in time; one that did not costs 1
)

// patience says whether to hover. It belongs to the holder of the role. A nil one
// has none.
type patience struct {
	credit, waits int
	now           func() time.Time
}

// worth reports whether a wait for d is worth hovering first.
func (x *patience) worth(d time.Duration) bool {
	if x == nil || d >= 0 && d < 2*hoverTime {
		return false
	}
	x.waits++
	return x.credit > 0 || x.waits%probeEvery == 0
}

// paid notes whether an event came.
func (x *patience) paid(came bool) {
	if came {
		x.credit = min(x.credit+hoverProfit, mostCredit)
	} else {
		x.credit = max(x.credit-1, 0)
	}
}

// hover asks the kernel until there is an event, or Wake was called, or it has been
// long enough. It returns how many waits have ended.
func (p *poller) hover(k kernel, ready Enqueue) int {
	for start := p.patience.now(); ; {
		if p.sleep.Load() == notified || p.table.n.Load() == 0 {
			return 0
		}
		n, err := k.wait(p.events[:], 0)
		if err != nil {
			return 0 // the wait that follows says it
		}
		if n > 0 {
			return p.deliver(n, ready)
		}
		if p.patience.now().Sub(start) >= hoverTime {
			return 0
		}
	}
}
