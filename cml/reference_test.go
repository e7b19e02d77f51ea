package cml_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// The reference: operations on a few objects as a state that one party at a time
// changes, with everything spelled out and nothing clever. A performance is a
// set of arms; begin says what must happen when a performance with a given
// choice among its ready arms comes to a given set of waiting ones.

type verb int

const (
	refPut verb = iota
	refGet
	refRoomPut // a buffered channel of two
	refRoomGet
	refSwap
	refFill // an MVar
	refTake
	refRead
	refAcquire // one unit of a semaphore of two
	refSignal  // not an arm
)

// An arm is one op on object obj (of its kind).
type arm struct {
	verb verb
	obj  int
	v    int
}

// A refOutcome is what a performance comes to: which arm, and the value it got.
type refOutcome struct{ arm, v int }

type refPerf struct {
	id   int
	arms []arm
}

const refObjects = 2

type reference struct {
	waiting []*refPerf // in the order in which they came
	rooms   [refObjects][]int
	mvars   [refObjects][]int // empty, or one
	sems    [refObjects]int   // units in use
	done    map[int]refOutcome
}

// partner returns the first but me that waits with such an arm, and which arm it
// is.
func (r *reference) partner(me *refPerf, v verb, obj int) (*refPerf, int) {
	for _, p := range r.waiting {
		if p == me {
			continue
		}
		for i, a := range p.arms {
			if a.verb == v && a.obj == obj {
				return p, i
			}
		}
	}
	return nil, -1
}

func (r *reference) finish(p *refPerf, arm, v int) {
	r.done[p.id] = refOutcome{arm, v}
	if i := slices.Index(r.waiting, p); i >= 0 {
		r.waiting = slices.Delete(r.waiting, i, i+1)
	}
}

func (r *reference) ready(me *refPerf, a arm) bool {
	switch a.verb {
	case refPut:
		p, _ := r.partner(me, refGet, a.obj)
		return p != nil
	case refGet:
		p, _ := r.partner(me, refPut, a.obj)
		return p != nil
	case refSwap:
		p, _ := r.partner(me, refSwap, a.obj)
		return p != nil
	case refRoomPut:
		return len(r.rooms[a.obj]) < 2
	case refRoomGet:
		return len(r.rooms[a.obj]) > 0
	case refFill:
		return len(r.mvars[a.obj]) == 0
	case refTake, refRead:
		return len(r.mvars[a.obj]) == 1
	case refAcquire:
		return r.sems[a.obj] < 2
	}
	panic("no such verb")
}

func (r *reference) firstReady(p *refPerf) int {
	return slices.IndexFunc(p.arms, func(a arm) bool { return r.ready(p, a) })
}

// commit does arm i of p, which is ready, and what follows from it.
func (r *reference) commit(p *refPerf, i int) {
	a := p.arms[i]
	v := 0
	switch a.verb {
	case refPut:
		q, j := r.partner(p, refGet, a.obj)
		r.finish(q, j, a.v)
	case refGet:
		q, j := r.partner(p, refPut, a.obj)
		v = q.arms[j].v
		r.finish(q, j, 0)
	case refSwap:
		q, j := r.partner(p, refSwap, a.obj)
		v = q.arms[j].v
		r.finish(q, j, a.v)
	case refRoomPut:
		r.rooms[a.obj] = append(r.rooms[a.obj], a.v)
	case refRoomGet:
		v = r.rooms[a.obj][0]
		r.rooms[a.obj] = r.rooms[a.obj][1:]
	case refFill:
		r.mvars[a.obj] = []int{a.v}
	case refTake:
		v = r.mvars[a.obj][0]
		r.mvars[a.obj] = nil
	case refRead:
		v = r.mvars[a.obj][0]
	case refAcquire:
		r.sems[a.obj]++
	}
	r.finish(p, i, v)
	r.settle()
}

// settle serves those who wait at objects that have changed, the first first.
func (r *reference) settle() {
	for again := true; again; {
		again = false
		for _, p := range r.waiting {
			if i := r.firstReady(p); i >= 0 {
				r.commit(p, i)
				again = true
				break
			}
		}
	}
}

// The same ops in earnest.
type refWorld struct {
	chans [refObjects]*cml.Chan[int]
	rooms [refObjects]*cml.Chan[int]
	swaps [refObjects]*cml.Swap[int]
	mvars [refObjects]*cml.MVar[int]
	sems  [refObjects]*cml.Semaphore
}

func newRefWorld() *refWorld {
	w := &refWorld{}
	for i := range refObjects {
		w.chans[i], w.rooms[i] = cml.NewChan[int](), cml.NewBuffered[int](2)
		w.swaps[i], w.mvars[i], w.sems[i] = cml.NewSwap[int](), cml.NewMVar[int](), cml.NewSemaphore(2)
	}
	return w
}

func (w *refWorld) op(a arm, i int) cml.Op[refOutcome] {
	put := func(op cml.Op[unit]) cml.Op[refOutcome] {
		return cml.Wrap(op, func(unit) refOutcome { return refOutcome{i, 0} })
	}
	get := func(op cml.Op[int]) cml.Op[refOutcome] {
		return cml.Wrap(op, func(v int) refOutcome { return refOutcome{i, v} })
	}
	switch a.verb {
	case refPut:
		return put(w.chans[a.obj].PutOp(a.v))
	case refGet:
		return get(w.chans[a.obj].GetOp())
	case refSwap:
		return get(w.swaps[a.obj].SwapOp(a.v))
	case refRoomPut:
		return put(w.rooms[a.obj].PutOp(a.v))
	case refRoomGet:
		return get(w.rooms[a.obj].GetOp())
	case refFill:
		return put(w.mvars[a.obj].PutOp(a.v))
	case refTake:
		return get(w.mvars[a.obj].TakeOp())
	case refRead:
		return get(w.mvars[a.obj].ReadOp())
	case refAcquire:
		return put(w.sems[a.obj].AcquireOp(1))
	}
	panic("no such verb")
}

// line tells apart the queues in which arms wait. Of two arms of one performance
// in one queue either may be served, so they have no two.
func (a arm) line() arm {
	a.v = 0
	if a.verb == refRead {
		a.verb = refTake
	}
	return a
}

// randomArms returns up to four arms.
func randomArms(rng *rand.Rand, id int, kinds int) []arm {
	var arms []arm
	for i := range 1 + rng.IntN(4) {
		a := arm{verb: verb(rng.IntN(kinds)), obj: rng.IntN(refObjects), v: 10*id + i}
		if !slices.ContainsFunc(arms, func(b arm) bool { return b.line() == a.line() }) {
			arms = append(arms, a)
		}
	}
	return arms
}

// A refRun is what the fibers of a run report. They run beside the test, also with
// one scheduler.
type refRun struct {
	mu struct {
		sync.Mutex
		got    map[int]refOutcome
		nacked map[int]int
	}
}

func newRefRun() *refRun {
	r := &refRun{}
	r.mu.got, r.mu.nacked = map[int]refOutcome{}, map[int]int{}
	return r
}

func (r *refRun) record(id int, o refOutcome) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.mu.got[id] = o
}

func (r *refRun) abort(id int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.mu.nacked[id]++
}

func (r *refRun) outcome(id int) (o refOutcome, over bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	o, over = r.mu.got[id]
	return o, over
}

// all reports whether all that are over in the reference have reported.
func (r *refRun) all(done map[int]refOutcome) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for id := range done {
		if _, ok := r.mu.got[id]; !ok {
			return false
		}
	}
	return true
}

// TestAgainstReference brings performances one after the other to a world of
// objects, cancels some, and compares all outcomes with the reference. The next
// step is made when everybody is at rest: those who are over have reported, the
// others wait.
func TestAgainstReference(t *testing.T) {
	for seed := range uint64(short(300)) {
		rng := rand.New(rand.NewPCG(seed, 1))
		w, ref, run := newRefWorld(), &reference{done: map[int]refOutcome{}}, newRefRun()
		cancels := map[int]*cml.Cond{}
		arms := map[int]int{}
		trace := ""
		fail := func(format string, args ...any) {
			t.Fatalf("seed %d: %s\n%s", seed, fmt.Sprintf(format, args...), trace)
		}
		rt := newRuntime(t, 1)
		rt.Run(func() {
			until := func(ok func() bool, what string, args ...any) {
				for begin := time.Now(); !ok(); fibers.Yield() {
					if time.Since(begin) > patience {
						fail(what, args...)
					}
				}
			}
			for id := range 60 {
				switch {
				case rng.IntN(6) == 0 && len(ref.waiting) > 0:
					p := ref.waiting[rng.IntN(len(ref.waiting))]
					trace += fmt.Sprintf("cancel %d\n", p.id)
					ref.finish(p, -1, 0)
					ref.settle()
					cancels[p.id].Signal()
				case rng.IntN(5) == 0 && ref.sems[0]+ref.sems[1] > 0:
					i := rng.IntN(refObjects)
					if ref.sems[i] == 0 {
						i = 1 - i
					}
					trace += fmt.Sprintf("release %d\n", i)
					ref.sems[i]--
					ref.settle()
					w.sems[i].Release(1)
				default:
					p := &refPerf{id: id, arms: randomArms(rng, id, int(refSignal))}
					biased, poll := rng.IntN(4) == 0, rng.IntN(5) == 0
					trace += fmt.Sprintf("%d: %v prefer %v poll %v\n", id, p.arms, biased, poll)
					cancels[id], arms[id] = cml.NewCond(), len(p.arms)
					var ops []cml.Op[refOutcome]
					for i, a := range p.arms {
						ops = append(ops, cml.OnAbort(w.op(a, i), func() { run.abort(id) }))
					}
					cancel := cml.Wrap(cancels[id].WaitOp(), func(unit) refOutcome { return refOutcome{-1, 0} })
					op := cml.Choice(ops...)
					if biased {
						op = cml.Prefer(ops...)
					}
					var fiber atomic.Uint64
					fibers.Go(func() {
						fiber.Store(fibers.Current().ID())
						if !poll {
							run.record(id, cml.Perform(cml.Choice(op, cancel)))
						} else if o, ok := cml.Poll(op); ok {
							run.record(id, o)
						} else {
							run.record(id, refOutcome{-1, 0})
						}
					})
					var o refOutcome
					var over bool
					until(func() bool {
						if o, over = run.outcome(id); over {
							return true
						}
						return fiber.Load() != 0 && waitsFor(rt, fiber.Load(), "choice")
					}, "%d neither is over nor waits", id)
					i := ref.firstReady(p)
					switch {
					case over && o.arm >= 0 && (!ref.ready(p, p.arms[o.arm]) || biased && o.arm != i):
						fail("%d chose arm %d", id, o.arm)
					case (!over || o.arm < 0) && i >= 0:
						fail("%d did not take arm %d, which is ready", id, i)
					case over && o.arm < 0 && !poll:
						fail("%d was cancelled", id)
					case over && o.arm >= 0:
						ref.commit(p, o.arm)
					case poll:
						ref.finish(p, -1, 0)
					default:
						ref.waiting = append(ref.waiting, p)
					}
				}
				until(func() bool { return run.all(ref.done) }, "not all are over that should be")
			}
			for _, p := range slices.Clone(ref.waiting) {
				ref.finish(p, -1, 0)
				cancels[p.id].Signal()
			}
			until(func() bool { return run.all(ref.done) && rt.NumFibers() == 1 }, "not all are over at the end")
		})
		for id, want := range ref.done {
			if o, _ := run.outcome(id); o != want {
				fail("%d came to %v, not %v", id, o, want)
			}
			lost := arms[id]
			if want.arm >= 0 {
				lost--
			}
			if n := run.mu.nacked[id]; n != lost {
				fail("%d of the %d arms of %d that lost were told", n, lost, id)
			}
		}
	}
}

// waitsFor reports whether the fiber id waits, for that reason.
func waitsFor(rt *fibers.Runtime, id uint64, reason string) (ok bool) {
	for info := range rt.EachFiber {
		if info.ID == id {
			ok = info.State == fibers.Waiting && info.Reason == reason
		}
	}
	return ok
}

// TestAtRestStress: performances come from everywhere at once. When all is at
// rest, whatever was put was got, and no two that wait could meet (P2, P4).
func TestAtRestStress(t *testing.T) {
	onAll(t, func(t *testing.T, tm *team) {
		for seed := range uint64(short(40)) {
			w := newRefWorld()
			const parties = 12
			rounds := 30
			type record struct {
				arms []arm
				o    refOutcome
				over bool
			}
			var recs [parties][]*record
			var in [parties]atomic.Int64 // performances begun: one more than out while one is going on
			var out [parties]atomic.Int64
			stop := cml.NewCond()
			sub := &team{t: t, go1: tm.go1}
			for p := range parties {
				rng := rand.New(rand.NewPCG(seed, uint64(p)))
				sub.Go(func() {
					for r := range rounds {
						rec := &record{arms: randomArms(rng, p*rounds+r, 2)}
						var ops []cml.Op[refOutcome]
						for i, a := range rec.arms {
							ops = append(ops, w.op(a, i))
						}
						ops = append(ops, cml.Wrap(stop.WaitOp(), func(unit) refOutcome { return refOutcome{-1, 0} }))
						recs[p] = append(recs[p], rec)
						in[p].Inc()
						rec.o = cml.Perform(cml.Choice(ops...))
						if rec.o.arm < 0 {
							return
						}
						rec.over = true
						out[p].Inc()
					}
				})
			}
			// At rest: looked at twice, each party is done or waits in the same
			// performance, and no two of these could meet.
			eventually(t, "all are at rest, and none could meet", func() bool {
				var arms [parties][]arm
				var seen [parties]int64
				for p := range parties {
					o := out[p].Load()
					seen[p] = o
					if o < int64(rounds) {
						if in[p].Load() != o+1 {
							return false // between two performances
						}
						arms[p] = armsOf(seed, p, rounds, int(o))
					}
				}
				for p := range parties {
					for q := range parties {
						if p != q && couldMeet(arms[p], arms[q]) {
							return false
						}
					}
				}
				for p := range parties {
					if out[p].Load() != seen[p] {
						return false
					}
				}
				return true
			})
			stop.Signal()
			sub.wait()
			puts, gets := map[int]int{}, map[int]int{}
			for p := range parties {
				for _, rec := range recs[p] {
					if !rec.over {
						continue
					}
					if a := rec.arms[rec.o.arm]; a.verb == refPut {
						puts[a.v] = a.obj + 1
					} else {
						gets[rec.o.v] = a.obj + 1
					}
				}
			}
			if len(puts) != len(gets) {
				t.Errorf("seed %d: %d puts, %d gets", seed, len(puts), len(gets))
			}
			for v, c := range puts {
				if gets[v] != c {
					t.Errorf("seed %d: %d was put to %d, got from %d", seed, v, c, gets[v])
				}
			}
		}
	})
}

// armsOf returns the arms of round r of party p, made anew.
func armsOf(seed uint64, p, rounds, r int) (arms []arm) {
	rng := rand.New(rand.NewPCG(seed, uint64(p)))
	for i := range r + 1 {
		arms = randomArms(rng, p*rounds+i, 2)
	}
	return arms
}

func couldMeet(as, bs []arm) bool {
	for _, a := range as {
		for _, b := range bs {
			if a.obj == b.obj && a.verb != b.verb {
				return true
			}
		}
	}
	return false
}
