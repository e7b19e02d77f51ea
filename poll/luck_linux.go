package poll

import "go.uber.org/atomic"

// luck says whether a read is worth a try where the last one has taken all that there was
// and no event has come since.
//
// Most often it is not: the peer takes longer than this side, and the try is a system call
// for nothing. But where the peer shares the processors with this side, as a database on
// the same machine does, the kernel runs it at the write that asks it something; then the
// answer is there when the writer goes on. Who takes it at once leaves two processes to
// run in turns with what they need in the caches. So some reads are tries, and after one
// that has found something the next ones are.
//
// Writers and readers: readers, in no order; what is lost does not matter. A try changes
// nothing of the descriptor's protocol (C2 in package epoll): it is an attempt like any other,
// that begins where the direction is idle and not ready. A call makes one at most.
//
// Checked by: TestLuck, TestReadTriesOnce.
type luck struct{ word atomic.Uint32 }

const (
	probeEvery = 16 // reads that would wait, of which one is a try
	lucky      = 8  // tries that may fail in a row before they are seldom again
)

// The word has the tries that are left above the reads since the last one.
const luckUnit = probeEvery

// tries reports whether a read that would wait is to be a try.
func (l *luck) tries() bool {
	w := l.word.Load()
	if w >= luckUnit {
		return true
	}
	l.word.Store((w + 1) % probeEvery)
	return w == probeEvery-1
}

// note says what a try has come to.
func (l *luck) note(found bool) {
	if found {
		l.word.Store(lucky * luckUnit)
	} else if w := l.word.Load(); w >= luckUnit {
		l.word.Store(w - luckUnit)
	}
}
