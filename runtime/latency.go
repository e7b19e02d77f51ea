package runtime

import (
	"math/bits"
	stdatomic "sync/atomic" // its 64-bit types are aligned on 32-bit systems too
	"time"
)

// latencies are how long it took sleeping schedulers to come when they were woken,
// in the buckets of Latencies. Writer: owner. Readers: any.
type latencies [len(Latencies{})]stdatomic.Uint64

func (l *latencies) add(d time.Duration) {
	i := min(bits.Len64(uint64(max(d, 0)/time.Microsecond)), len(l)-1)
	l[i].Store(l[i].Load() + 1)
}

func (l *latencies) read() (all Latencies) {
	for i := range l {
		all[i] = l[i].Load()
	}
	return all
}

// Latencies counts times by their size: element 0 those below a microsecond, element
// i those of at least 2^(i−1) µs and less than 2^i µs, the last all that are longer.
type Latencies [24]uint64

// Count returns how many times were counted.
func (l Latencies) Count() uint64 {
	n := uint64(0)
	for _, c := range l {
		n += c
	}
	return n
}

// Quantile returns a bound below which a share p of the times lies, 0 ≤ p ≤ 1: the
// upper end of a bucket, so at most double. It is 0 if nothing was counted; of the
// last bucket, which has no end, it is the lower one.
func (l Latencies) Quantile(p float64) time.Duration {
	if p < 0 || p > 1 || p != p {
		panic("fibers: Quantile of a share that is not in 0…1")
	}
	all := l.Count()
	if all == 0 {
		return 0
	}
	least, n := max(p*float64(all), 1), uint64(0)
	for i, c := range l[:len(l)-1] {
		if n += c; float64(n) >= least {
			return time.Microsecond << i
		}
	}
	return time.Microsecond << (len(l) - 2)
}
