package parallel

import (
	"github.com/seed222ee791/fibers/internal/fork"
)

// Both calls f(x) and f(y), perhaps in parallel, and returns both results. f(x)
// is called by the caller itself; f(y) by an idle scheduler if there is one in
// time, else by the caller too. That second call costs some 15 ns more than a
// plain one, and Both does not allocate.
//
// Both synchronizes before both calls begin, and the ends of these before its return. See the package about panics, Goexit and calls in plain goroutines.
// Both panics if f is nil.
func Both[A, R any](f func(A) R, x, y A) (a, b R) {
	p := fork.Current()
	if p == nil || f == nil {
		return bothSlowly(f, x, y)
	}
	ps, ok := p.Top.(*pairs[A, R])
	if !ok {
		ps = pairsOf[A, R](p)
	}
	i := ps.n
	if i == len(ps.frames) {
		ps.grow()
	}
	fr := &ps.frames[i]
	fr.f, fr.y = f, y
	ps.n = i + 1
	if p.Hungry() || p.Eager {
		ps.b.feed()
	}
	returned := false
	defer func() {
		if !returned {
			ps.unwind(i, recover())
		}
	}()
	a = f(x)
	ps.n = i
	if i < ps.given {
		b = ps.join()
	} else {
		b = f(y)
	}
	if i == 0 {
		ps.clear()
	}
	returned = true
	return a, b
}

// bothSlowly is Both where there is no place for branches yet, or where it is
// misused.
func bothSlowly[A, R any](f func(A) R, x, y A) (a, b R) {
	if f == nil {
		panic("parallel: Both with a nil function: give it one")
	}
	inside(func() { a, b = Both(f, x, y) })
	return a, b
}

// pairs is the branches of the calls of Both with one type of argument and
// result.
type pairs[A, R any] struct {
	b      *branches
	n      int // frames in use
	given  int // the first so many of them are jobs
	frames []pair[A, R]
	jobs   []*pairJob[A, R] // of the frames given
	spares spares[pairJob[A, R]]
}

// A pair is the second branch of a Both.
type pair[A, R any] struct {
	f func(A) R
	y A
}

// A pairJob is a pair that others may run.
type pairJob[A, R any] struct {
	job
	pair   pair[A, R]
	result R
}

// pairsOf returns the stack of the type in place p, and makes it the one used
// last.
func pairsOf[A, R any](p *fork.Place) *pairs[A, R] {
	b := branchesOf(p)
	var ps *pairs[A, R]
	for _, s := range b.stacks {
		if s, ok := s.(*pairs[A, R]); ok {
			ps = s
			break
		}
	}
	if ps == nil {
		ps = &pairs[A, R]{b: b}
		b.stacks = append(b.stacks, ps)
	}
	b.turnTo(ps)
	return ps
}

// grow makes room for more frames.
func (ps *pairs[A, R]) grow() {
	frames := make([]pair[A, R], max(2*len(ps.frames), leastFrames))
	copy(frames, ps.frames)
	ps.frames = frames
}

// clear forgets what was in the frames, when none is in use any more. Those that
// were written are the first ones, and have a function.
func (ps *pairs[A, R]) clear() {
	if len(ps.frames) > mostFrames {
		ps.frames, ps.jobs = nil, nil // one deep recursion is not to cost memory for ever
	}
	k := 0
	for ; k < len(ps.frames) && ps.frames[k].f != nil; k++ {
		ps.frames[k] = pair[A, R]{}
	}
	ps.b.emptied(k)
}

func (ps *pairs[A, R]) height() int { return ps.n }

// give implements stack.
func (ps *pairs[A, R]) give(to int, all bool) (given bool) {
	for ps.given < to && (all || !given) {
		j := ps.offer(ps.given)
		ps.jobs = append(ps.jobs, j)
		ps.given++
		given = true
	}
	return given
}

// offer makes a job of frame i.
func (ps *pairs[A, R]) offer(i int) *pairJob[A, R] {
	j := ps.spares.take()
	if j == nil {
		j = &pairJob[A, R]{}
		j.ticket = fork.Ticket{Run: j.run, Dropped: j.drop}
	}
	j.pair = ps.frames[i]
	ps.b.post(&j.job)
	return j
}

// take removes the newest frame given, and returns its job.
func (ps *pairs[A, R]) take() *pairJob[A, R] {
	ps.given--
	j := ps.jobs[ps.given]
	ps.jobs[ps.given] = nil
	ps.jobs = ps.jobs[:ps.given]
	return j
}

// join ends the branch of the newest frame given, which is not in use any more.
func (ps *pairs[A, R]) join() R {
	j := ps.take()
	if mine, free := ps.b.takeBack(&j.job); mine {
		f, y := j.pair.f, j.pair.y
		if free {
			j.renew()
			j.pair = pair[A, R]{}
			ps.spares.keep(j, ps.b.most)
		}
		return f(y)
	}
	j.wait()
	j.outcome.raise()
	return j.result
}

// unwind is called by the deferred function of the Both with frame i, one of
// whose branches did not return: v is what was recovered. It does not return
// normally, but for a Goexit, which then goes on.
func (ps *pairs[A, R]) unwind(i int, v any) {
	o := caught(v)
	if ps.n > i {
		// It was the first branch. The second still has to be run, and not
		// here, where it would be under a deferred call.
		ps.n = i
		var j *pairJob[A, R]
		if i < ps.given {
			j = ps.take()
		} else {
			j = ps.offer(i)
		}
		j.wait()
		ps.b.forget(&j.job)
		o = o.then(j.outcome)
	}
	if i == 0 {
		ps.clear()
	}
	if o.panic != nil {
		panic(o.panic)
	}
}

// run is the body of a job's fiber.
func (j *pairJob[A, R]) run() {
	if !j.start() {
		return
	}
	j.inherit()
	returned := false
	defer func() {
		if !returned {
			j.outcome = caught(recover())
		}
		j.finish()
	}()
	j.result = j.pair.f(j.pair.y)
	returned = true
}

// drop is called in place of run if the runtime closes before that.
func (j *pairJob[A, R]) drop() {
	if j.start() {
		j.outcome.exited = true
		j.finish()
	}
}
