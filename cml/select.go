package cml

import (
	_ "unsafe" // for linkname

	"github.com/seed222ee791/fibers/internal/simhook"
)

// Select as people write it, in a loop, with a function literal in each arm, makes
// everything anew each time. So that this costs no memory, the arms and the functions
// of a Select lie on the stack of its caller.
//
// The compiler puts them there if it can see that nothing on the heap comes to point to
// them. It cannot see that of anything that is called by an interface; so Select hides
// from it what becomes of its arms (selectUnseen), and what the compiler cannot check any more
// is checked here. The danger is not the collector but a stack that moves: what is on
// the heap and points to it is not told.
//
// H1: what may lie on the stack of Select's caller.
//
//	The ops that On returns, and their functions with what those capture: On is the one
//	constructor that may be inlined. Each other function of this package that makes an op
//	is not (//go:noinline), whatever package calls it: its op is on the heap, and with it
//	all that the op holds, an op of On in a Choice or a Wrap among them.
//
// H2: what keeps an op of On, or its function.
//
//	The arguments of Select, its array of arms, and the frames of what it calls: on the
//	same stack, and corrected when that moves. A performance keeps words, offers, the
//	leaves of other constructors, and hooks, which came of other constructors, too. The
//	methods of an op of On that a performance calls hand on the op inside, which is on
//	the heap or constant. force, which would make a new op with the same function, is not
//	called: a Select with guards goes the way of selectPicks, in which functions stay
//	where they are.
//
// Checked by: the rule Constructors in internal/archtest (H1),
// TestSelectOnMovingStacks.

// On is Wrap for f without a result: a case of Select.
func On[T any](op Op[T], f func(T)) Op[Unit] {
	if op == nil {
		panic("cml: On with a nil operation")
	}
	if f == nil {
		panic("cml: On with a nil function")
	}
	return &on[T]{op: op, f: f}
}

// on is wrap to Unit, without a function in between. Immutable, and perhaps on the stack of
// its performer: H1.
type on[T any] struct {
	op Op[T]
	f  func(T)
}

func (w *on[T]) about() *head { return w.op.about() }

func (w *on[T]) force(p *performance, base int) Op[Unit] {
	op := w.op.force(p, base)
	return &on[T]{op: op, f: w.f}
}

func (w *on[T]) try(p *performance, base int) (Unit, bool) {
	v, ok := w.op.try(p, base)
	if ok {
		w.f(v)
	}
	return Unit{}, ok
}

func (w *on[T]) publish(p *performance, base int) bool { return w.op.publish(p, base) }

func (w *on[T]) result(p *performance, index int) Unit {
	w.f(w.op.result(p, index))
	return Unit{}
}

// Select performs the choice of ops: the spoken form of Go's select.
//
//	cml.Select(
//		cml.On(in.GetOp(), func(v int) { … }),
//		cml.On(out.PutOp(x), func(cml.Unit) { … }),
//	)
//
// It is made for being written where it is used, in a loop: it allocates nothing of its own
// for up to 64 operations without guards, nor do On and the functions in it where they
// stand among its arguments.
func Select(ops ...Op[Unit]) { selectUnseen(ops) }

// selectUnseen is selectAmong. The compiler is told that nothing keeps what ops points to.
//
//go:noescape
//go:linkname selectUnseen github.com/seed222ee791/fibers/cml.selectAmong
func selectUnseen(ops []Op[Unit])

//lint:ignore U1000 selectUnseen is this, by its name for the linker
func selectAmong(ops []Op[Unit]) {
	if n := len(ops); n >= 2 && n <= len(fewArms{}) && !simhook.On() {
		var room fewArms
		arms := room[:n]
		if p, simple := offerOps(arms, ops); simple {
			if p == nil {
				return
			}
			for !p.over() {
				slot := p.w.Leave(p.why())
				if slot != nil {
					slot.Swap()
				}
				if _, ending := p.w.Arrive(slot); ending {
					p.end()
				}
			}
			arms[p.winner()].op.result(p, 0)
			return
		}
	}
	selectMany(ops)
}

// selectMany is selectAmong of more ops, or such as are not as simple.
func selectMany(ops []Op[Unit]) {
	if n := len(ops); n > len(fewArms{}) && n <= len(manyArms{}) && !simhook.On() {
		var room manyArms
		arms := room[:n]
		if p, simple := offerOps(arms, ops); simple {
			if p != nil {
				p.wait()
				arms[p.winner()].op.result(p, 0)
			}
			return
		}
	}
	selectPicks(ops)
}

// Two sizes, as an array is cleared each time.
type (
	fewArms  [8]arm[Unit]
	manyArms [64]arm[Unit]
)

// offerOps is offerArms of ops, if they are simple: leaves without guards.
func offerOps(arms []arm[Unit], ops []Op[Unit]) (p *performance, simple bool) {
	_, all := gather("Select", arms, ops, 0)
	if all.has(active | uneven) {
		return nil, false
	}
	_, p = offerArms(arms, all)
	return p, true
}

// selectPicks is Select of any ops. What is performed is the choice of ops that say which of
// them has won, and with which value; so nothing but the frame of Select points to an op of
// On.
func selectPicks(ops []Op[Unit]) {
	picks := make([]Op[picked], 0, len(ops))
	for i, op := range ops {
		if op == nil {
			panic("cml: Select of a nil operation")
		}
		picks = appendPicks(picks, op, i)
	}
	if won := Perform(newChoice("Select", picks, 0)); won.arm >= 0 {
		ops[won.arm].(picker).run(won.value)
	}
}

// picked says that the op of On at arm has won with value; or if arm is negative, another
// one, whose functions have run.
type picked struct {
	arm   int
	value any // a T
}

// A picker is an op of On.
type picker interface {
	pick(arm int) Op[picked]
	run(value any)
}

func (w *on[T]) pick(arm int) Op[picked] {
	return Wrap(w.op, func(v T) picked { return picked{arm, v} })
}

func (w *on[T]) run(value any) {
	v, _ := value.(T) // a nil interface is none
	w.f(v)
}

// appendPicks appends what stands for op; of a choice, for each of its arms.
func appendPicks(picks []Op[picked], op Op[Unit], arm int) []Op[picked] {
	switch op := op.(type) {
	case *choice[Unit]:
		if !op.traits.has(biased) {
			for _, a := range op.arms {
				picks = appendPicks(picks, a.op, -1)
			}
			return picks
		}
	case picker:
		if arm >= 0 {
			return append(picks, op.pick(arm))
		}
	}
	return append(picks, Wrap(op, func(Unit) picked { return picked{arm: -1} }))
}
