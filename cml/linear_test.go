package cml_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/cml"
)

// Histories of operations on one object, checked for linearizability against a
// model that one party at a time would see.

type linOp struct {
	kind string
	v    int
}

type linResult struct {
	v  int
	ok bool
}

// A linObject is an object under test: its model, and what a party does to it.
type linObject struct {
	name  string
	init  func() any
	step  func(state any, op linOp, res linResult) (bool, any)
	fresh func() (do func(op linOp) linResult)
	kinds []string
	// undo is what the party does after an op that succeeded, so that nobody
	// waits for ever.
	undo map[string]string
}

// room is a buffered channel of two.
var roomObject = linObject{
	name:  "room",
	kinds: []string{"put", "tryput", "tryget", "pollput", "pollget"},
	undo:  map[string]string{"put": "get", "tryput": "choiceget", "pollput": "get", "tryget": "put", "pollget": "put"},
	init:  func() any { return [3]int{} }, // how many, first, second
	step: func(state any, op linOp, res linResult) (bool, any) {
		s := state.([3]int)
		switch op.kind {
		case "put", "tryput", "pollput":
			if !res.ok {
				return s[0] == 2, s
			}
			if s[0] == 2 {
				return false, s
			}
			s[1+s[0]] = op.v
			s[0]++
			return true, s
		default:
			if !res.ok {
				return s[0] == 0, s
			}
			return s[0] > 0 && s[1] == res.v, [3]int{s[0] - 1, s[2], 0}
		}
	},
	fresh: func() func(linOp) linResult {
		c, idle := cml.NewBuffered[int](2), cml.NewChan[int]()
		return func(op linOp) linResult {
			switch op.kind {
			case "put":
				c.Put(op.v)
				return linResult{0, true}
			case "tryput":
				return linResult{0, c.TryPut(op.v)}
			case "pollput":
				_, ok := cml.Poll(c.PutOp(op.v))
				return linResult{0, ok}
			case "get":
				return linResult{c.Get(), true}
			case "choiceget":
				return linResult{cml.Perform(cml.Choice(idle.GetOp(), c.GetOp())), true}
			case "tryget":
				v, ok := c.TryGet()
				return linResult{v, ok}
			default:
				v, ok := cml.Poll(c.GetOp())
				return linResult{v, ok}
			}
		}
	},
}

var mvarObject = linObject{
	name:  "mvar",
	kinds: []string{"put", "pollput", "polltake", "pollread", "pollswap"},
	undo:  map[string]string{"put": "take", "pollput": "choicetake", "polltake": "put"},
	init:  func() any { return -1 },
	step: func(state any, op linOp, res linResult) (bool, any) {
		v := state.(int)
		switch op.kind {
		case "put", "pollput":
			if !res.ok {
				return v != -1, v
			}
			return v == -1, op.v
		}
		if !res.ok {
			return v == -1, v
		}
		if v == -1 || v != res.v {
			return false, v
		}
		switch op.kind {
		case "pollread":
			return true, v
		case "pollswap":
			return true, op.v
		}
		return true, -1
	},
	fresh: func() func(linOp) linResult {
		m, idle := cml.NewMVar[int](), cml.NewChan[int]()
		poll := func(op cml.Op[int]) linResult {
			v, ok := cml.Poll(op)
			return linResult{v, ok}
		}
		return func(op linOp) linResult {
			switch op.kind {
			case "put":
				m.Put(op.v)
				return linResult{0, true}
			case "pollput":
				_, ok := cml.Poll(m.PutOp(op.v))
				return linResult{0, ok}
			case "take":
				return linResult{m.Take(), true}
			case "choicetake":
				return linResult{cml.Perform(cml.Choice(m.TakeOp(), idle.GetOp())), true}
			case "polltake":
				return poll(m.TakeOp())
			case "pollread":
				return poll(m.ReadOp())
			default:
				return poll(m.SwapOp(op.v))
			}
		}
	},
}

var mutexObject = linObject{
	name:  "mutex",
	kinds: []string{"lock", "trylock", "choicelock"},
	undo:  map[string]string{"lock": "unlock", "trylock": "unlock", "choicelock": "unlock"},
	init:  func() any { return false },
	step: func(state any, op linOp, res linResult) (bool, any) {
		locked := state.(bool)
		switch {
		case op.kind == "unlock":
			return locked, false
		case !res.ok:
			return locked, locked
		}
		return !locked, true
	},
	fresh: func() func(linOp) linResult {
		m, idle := new(cml.Mutex), cml.NewChan[unit]()
		return func(op linOp) linResult {
			switch op.kind {
			case "lock":
				m.Lock()
			case "trylock":
				return linResult{0, m.TryLock()}
			case "choicelock":
				cml.Select(idle.GetOp(), m.LockOp())
			default:
				m.Unlock()
			}
			return linResult{0, true}
		}
	},
}

func testLinear(t *testing.T, obj linObject) {
	onAll(t, func(t *testing.T, tm *team) {
		for round := range uint64(short(200)) {
			do := obj.fresh()
			var mu sync.Mutex
			var history []porcupine.Operation
			var clock atomic.Int64
			sub := &team{t: t, go1: tm.go1}
			for p := range 4 {
				rng := rand.New(rand.NewPCG(round, uint64(p)))
				sub.Go(func() {
					op := func(kind string) bool {
						o := linOp{kind, rng.IntN(1000)}
						call := clock.Inc()
						res := do(o)
						ret := clock.Inc()
						mu.Lock()
						history = append(history, porcupine.Operation{ClientId: p, Input: o, Call: call, Output: res, Return: ret})
						mu.Unlock()
						return res.ok
					}
					for range 8 {
						kind := obj.kinds[rng.IntN(len(obj.kinds))]
						if op(kind) && obj.undo[kind] != "" {
							if rng.IntN(2) == 0 {
								yield()
							}
							op(obj.undo[kind])
						}
					}
				})
			}
			sub.wait()
			model := porcupine.Model{
				Init:              obj.init,
				Step:              func(s, in, out any) (bool, any) { return obj.step(s, in.(linOp), out.(linResult)) },
				DescribeOperation: func(in, out any) string { return fmt.Sprint(in, out) },
			}
			if res := porcupine.CheckOperationsTimeout(model, history, 10*time.Second); res != porcupine.Ok {
				t.Fatalf("round %d: %v, not linearizable: %v", round, res, history)
			}
		}
	})
}

func TestChanLinear(t *testing.T)  { testLinear(t, roomObject) }
func TestMVarLinear(t *testing.T)  { testLinear(t, mvarObject) }
func TestMutexLinear(t *testing.T) { testLinear(t, mutexObject) }
