package parallel

import (
	"time"

	"github.com/seed222ee791/fibers/internal/fork"
)

// For calls body for ranges that together make up [lo, hi): every index is in
// exactly one of them. Ranges are called perhaps in parallel; those that run on
// one scheduler one after the other from low to high.
//
// The range is not divided beforehand. The caller goes through it piece by piece
// and gives half of what is left to a scheduler that has nothing to do; that one
// does the same. With grain > 0 a piece is grain indices, the last one of a part
// perhaps fewer. With grain ≤ 0 it is as many as take some 20 µs, beginning with
// one. A piece costs some 7 ns with a given grain, and some 50 with one that is
// chosen.
//
// If body waits (on a channel, for a timer …), the rest of the range goes on in
// other fibers meanwhile: in the end as many pieces may wait as there are. A
// cml.Semaphore bounds their number.
//
// For with lo ≥ hi does nothing. For panics if body is nil. If body panics, so
// does For when all pieces under way have ended, with the panic of the lowest
// piece that panicked; pieces above it that have not begun are left out. If body
// calls runtime.Goexit the caller ends, when all pieces under way have. The pieces
// below have all been called then (but for a panic among them). Those above are left
// out where the fiber that ran this one still had them, and called where another had
// taken them: so which ones depends on who was idle. See the package about both, and
// about calls in plain goroutines. For synchronizes before each call begins,
// and the ends of these before its return.
func For(lo, hi, grain int, body func(lo, hi int)) {
	if body == nil {
		panic("parallel: For with a nil body: give it a function")
	}
	if lo >= hi {
		return
	}
	p := fork.Current()
	if p == nil {
		inside(func() { For(lo, hi, grain, body) })
		return
	}
	branchesOf(p).loops.run(lo, hi, max(grain, 0), body)
}

// loops is the loops, or parts of them, under way in one fiber, one within the
// other.
type loops struct {
	b      *branches
	n      int
	frames []*loopFrame // the first n are in use; the others may be again
	spares spares[loopJob]
}

// A part is a part of a loop's range, in the hands of one fiber.
type part struct {
	sweep    *sweep
	next, hi int // what is left
	chunk    int // if the grain is chosen: how many indices take about chunkTime; 0: not known
}

// A loopFrame is a part under way and what was given away of it.
type loopFrame struct {
	part
	forks int        // it counts for, in offers.go
	at    int        // where the piece under way began
	jobs  []*loopJob // the newest is the leftmost
	own   sweep      // the part's, if it belongs to the fiber that called For
}

// A loopJob is a part that others may run.
type loopJob struct {
	job
	part
}

// chunkTime is how long a piece takes at best, if the grain is chosen: long
// beside the look at the clock that it costs, and short beside the time in which
// an idle scheduler is waked.
const (
	chunkTime  = 20 * time.Microsecond
	maxChunk   = 1 << 28
	manyPieces = 64
)

// run is For.
func (ls *loops) run(lo, hi, grain int, body func(lo, hi int)) {
	f := ls.push()
	sw := &f.own
	sw.begin(body, grain)
	f.part = part{sweep: sw, next: lo, hi: hi}
	f.forks = 1
	if (uint(hi)-uint(lo))/manyPieces >= uint(grain) {
		f.forks = reckon // that a look at the clock does not matter
	}
	returned := false
	defer func() {
		if !returned {
			o := caught(recover())
			ls.abandon(f, o)
			o = sw.end()
			ls.pop(f)
			if o.panic != nil {
				panic(o.panic)
			} // else it is a Goexit, which goes on
		}
	}()
	ls.finish(f)
	o := sw.end()
	ls.pop(f)
	returned = true
	o.raise()
}

// runPart runs a part that was given away, in its own fiber.
func (ls *loops) runPart(p part) {
	f := ls.push()
	f.part, f.forks = p, 1
	returned := false
	defer func() {
		if !returned {
			ls.abandon(f, caught(recover()))
		}
		ls.pop(f)
	}()
	ls.finish(f)
	returned = true
}

// push adds a frame.
func (ls *loops) push() *loopFrame {
	if _, ok := ls.b.place.Top.(*loops); !ok {
		ls.b.turnTo(ls)
	}
	if ls.n == len(ls.frames) {
		ls.frames = append(ls.frames, &loopFrame{})
	}
	ls.n++
	return ls.frames[ls.n-1]
}

// pop removes the newest frame, which is f.
func (ls *loops) pop(f *loopFrame) {
	ls.n--
	f.part = part{}
	f.own.forget()
	if cap(f.jobs) > leastFrames {
		f.jobs = nil
	}
	if ls.n == 0 {
		if len(ls.frames) > mostFrames {
			ls.frames = nil // as in pairs.clear
		}
		ls.b.emptied(f.forks)
	}
}

// finish runs a part to its end, and what was given away of it and nobody has
// begun.
func (ls *loops) finish(f *loopFrame) {
	ls.iterate(f)
	for j := f.take(); j != nil; j = f.take() {
		if mine, free := ls.b.takeBack(&j.job); mine {
			f.next, f.hi = j.next, j.hi
			if free {
				ls.recycle(j)
			}
			f.sweep.left.Dec() // the caller's own is still there
			ls.iterate(f)
		}
	}
}

// abandon leaves out what is left of a part of which a piece did not return, and
// what was given away of it and nobody has begun.
func (ls *loops) abandon(f *loopFrame, o outcome) {
	f.next = f.hi
	f.sweep.fail(f.at, o)
	for j := f.take(); j != nil; j = f.take() {
		if mine, free := ls.b.takeBack(&j.job); mine {
			if free {
				ls.recycle(j)
			}
			f.sweep.left.Dec()
		}
	}
}

// recycle keeps a job of which nobody else knows for the next time.
func (ls *loops) recycle(j *loopJob) {
	j.renew()
	j.part = part{}
	ls.spares.keep(j, ls.b.most)
}

// take removes the leftmost job from the list, or returns nil if there is none.
func (f *loopFrame) take() *loopJob {
	n := len(f.jobs) - 1
	if n < 0 {
		return nil
	}
	j := f.jobs[n]
	f.jobs[n] = nil
	f.jobs = f.jobs[:n]
	return j
}

// iterate goes through what is left of f, which may become less on the way.
func (ls *loops) iterate(f *loopFrame) {
	var began time.Time
	var before time.Duration
	sw := f.sweep
	if sw.grain == 0 {
		began = time.Now()
	}
	for f.next < f.hi {
		n := f.piece()
		f.at = f.next
		f.next += n
		if p := ls.b.place; p.Hungry() || p.Eager {
			ls.b.feed()
		}
		if sw.failedBelow(f.at) {
			f.next = f.hi
			return
		}
		sw.body(f.at, f.at+n)
		if sw.grain == 0 {
			now := time.Since(began)
			if ls.b.place.Simulated {
				now = 0
			}
			f.learn(n, now-before)
			if now-before > reckon*coarseForks {
				ls.b.widen(time.Since(ls.b.born))
			}
			before = now
		}
	}
}

// size is the number of indices left.
func (p *part) size() uint { return uint(p.hi) - uint(p.next) }

// piece is the size of the next piece.
func (p *part) piece() int {
	size := p.size()
	if p.sweep.grain > 0 {
		return int(min(uint(p.sweep.grain), size))
	}
	// Not too much of what is left, which may be harder work than what was
	// before; but not less than what is worth the looks between.
	n := max(min(uint(p.chunk), size/16), uint(p.chunk)/8, 1)
	return int(min(n, size))
}

// learn corrects chunk after a piece of n indices, which took so long.
func (p *part) learn(n int, took time.Duration) {
	switch {
	case n < p.chunk && took < 2*chunkTime:
	case took < chunkTime/16:
		p.chunk = min(8*n, maxChunk)
	case took < chunkTime/2:
		p.chunk = min(2*n, maxChunk)
	case took > 2*chunkTime:
		p.chunk = max(n/2, 1)
	default:
		p.chunk = n
	}
}

func (ls *loops) height() int { return ls.n }

// give implements stack.
func (ls *loops) give(to int, all bool) (given bool) {
	for _, f := range ls.frames[:to] {
		if ls.split(f, all) {
			if !all {
				return true
			}
			given = true
		}
	}
	return given
}

// split makes a job of the upper half of what is left of f, or of all of it. A
// half that is done sooner than it is stolen stays.
func (ls *loops) split(f *loopFrame, all bool) bool {
	size := f.size()
	if size == 0 || !all && f.sweep.grain == 0 && size < uint(f.chunk)/8 {
		return false
	}
	mid := f.next
	if !all {
		unit := uint(max(f.sweep.grain, 1))
		if pieces := (size-1)/unit + 1; pieces > 1 {
			mid = int(uint(f.next) + (pieces+1)/2*unit)
		}
	}
	j := ls.spares.take()
	if j == nil {
		j = &loopJob{}
		j.ticket = fork.Ticket{Run: j.run, Dropped: j.drop}
	}
	j.part = f.part
	j.next, f.hi = mid, mid
	f.jobs = append(f.jobs, j)
	f.sweep.add()
	ls.b.post(&j.job)
	return true
}

// run is the body of a job's fiber.
func (j *loopJob) run() {
	if !j.start() {
		return
	}
	defer j.sweep.leave(j.sweep.waiter)
	b := branchesOf(fork.Enter())
	j.inherit()
	b.loops.runPart(j.part)
}

// drop is called in place of run if the runtime closes before that.
func (j *loopJob) drop() {
	if j.start() {
		j.sweep.fail(j.next, outcome{exited: true})
		j.sweep.leave(j.sweep.waiter)
	}
}
