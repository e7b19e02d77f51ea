package cml_test

import (
	"fmt"
	goruntime "runtime"
	"testing"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/cml"
)

// What waits at the same place of one choice after the other may be of another
// type, on the other side, and in another performance each time.
func TestSlotsOfManyTypes(t *testing.T) {
	type pair struct{ a, b string }
	rounds := short(2000)
	ints, texts, pairs := cml.NewChan[int](), cml.NewChan[string](), cml.NewChan[pair]()
	idle, quiet, back := cml.NewChan[int](), cml.NewChan[int](), cml.NewChan[string]()
	stop := cml.NewCond()
	asText := func(v any) string { return fmt.Sprint(v) }
	others := []cml.Op[string]{
		cml.Wrap(idle.GetOp(), func(int) string { return "idle" }),
		cml.Wrap(idle.PutOp(1), func(unit) string { return "idle" }),
		cml.Wrap(stop.WaitOp(), func(unit) string { return "stop" }),
	}
	gets := []cml.Op[string]{
		cml.Wrap(ints.GetOp(), func(v int) string { return asText(v) }),
		texts.GetOp(),
		cml.Wrap(pairs.GetOp(), func(v pair) string { return asText(v) }),
	}
	var ops []cml.Op[string]
	for _, get := range gets {
		for _, other := range others {
			ops = append(ops, cml.Choice(get, other), cml.Choice(other, get),
				cml.Choice(cml.Guard(func() cml.Op[string] { return get }), other),
				cml.Prefer(other, cml.Choice(other, get)))
		}
	}
	onAll(t, func(t *testing.T, tm *team) {
		tm.Go(func() {
			for i := range rounds {
				want := []any{i, asText(i), pair{asText(i), "b"}}[i%3]
				switch v := want.(type) {
				case int:
					ints.Put(v)
				case string:
					cml.Perform(cml.Choice(texts.PutOp(v), back.PutOp("back")))
				case pair:
					cml.Perform(cml.Prefer(cml.Wrap(quiet.GetOp(), func(int) unit { return unit{} }), pairs.PutOp(v)))
				}
				if got := back.Get(); got != asText(want) {
					t.Errorf("got %q, not %q", got, asText(want))
					return
				}
			}
		})
		tm.Go(func() {
			for i := range rounds {
				// Those that are for the value of this round, one after the other.
				back.Put(cml.Perform(ops[i%3*len(ops)/3+i/3%(len(ops)/3)]))
			}
		})
		tm.wait()
	})
}

// A channel has won, and then the withdraw function of another arm panics: nobody
// comes for the value, and it is not kept.
func TestWonInVain(t *testing.T) {
	type big [1 << 12]byte
	const n = 20
	c := cml.NewChan[*big]()
	var freed atomic.Int32
	rt := newRuntime(t, 1)
	tm := &team{t: t, go1: rt.Go}
	over := cml.NewCond()
	sour := cml.NewOp(func() (*big, bool) { return nil, false }, func(cml.Waiter[*big]) func() {
		return func() { panic("sour") }
	})
	op := cml.Choice(c.GetOp(), sour)
	for range n {
		tm.Go(func() {
			func() {
				defer func() {
					if v := recover(); v != "sour" {
						t.Errorf("recovered %v", v)
					}
				}()
				cml.Perform(op)
			}()
			over.Wait() // what this fiber keeps, it keeps now
		})
	}
	tm.Go(func() {
		for {
			if _, gets := cml.Waiting(c); gets == n {
				break
			}
			yield()
		}
		for range n {
			b := &big{}
			goruntime.AddCleanup(b, func(int) { freed.Inc() }, 0)
			c.Put(b)
		}
		eventually(t, "the values are freed", func() bool {
			goruntime.GC()
			return freed.Load() >= n-1 // the last one may be on this stack
		})
		over.Signal()
	})
	tm.wait()
}

// Who comes to try finds either half of a choice that waits with both: what the
// word of a channel says of its queues is not too little.
func TestTrySeesBothKinds(t *testing.T) {
	onAll(t, func(t *testing.T, tm *team) {
		for i := range short(200) {
			c, done := cml.NewChan[int](), cml.NewChan[int]()
			put := cml.Wrap(c.PutOp(1), func(unit) int { return 1 })
			tm.Go(func() { done.Put(cml.Perform(cml.Choice(put, c.GetOp()))) })
			tm.Go(func() {
				for {
					if puts, gets := cml.Waiting(c); puts == 1 && gets == 1 {
						break
					}
					yield()
				}
				if i%2 == 0 && !c.TryPut(2) {
					t.Error("TryPut did not find the get")
					c.Put(2)
				}
				if i%2 == 1 {
					if _, ok := c.TryGet(); !ok {
						t.Error("TryGet did not find the put")
						c.Get()
					}
				}
				if got := done.Get(); got != 2-i%2 {
					t.Errorf("the choice came to %d", got)
				}
			})
		}
		tm.wait()
	})
}

// Of arms that become ready only when they are looked at for the second time, each
// is as likely as another to be the first.
func TestLateArmsAreChosenFairly(t *testing.T) {
	late := func(v int) cml.Op[int] {
		return cml.NewOp(
			func() (int, bool) { return 0, false },
			func(w cml.Waiter[int]) func() { w.Commit(v); return nil })
	}
	a, b, c := late(0), late(1), late(2)
	for name, ops := range map[string][]cml.Op[int]{
		"two":                {cml.Choice(a, b)},
		"three":              {cml.Choice(a, b, c)},
		"one of them Prefer": {cml.Choice(a, cml.Prefer(b, c))},
		"one of them Guard":  {cml.Choice(a, cml.Guard(func() cml.Op[int] { return b }))},
		"in turn":            {cml.Choice(a, b), cml.Choice(b, c)},
	} {
		t.Run(name, func(t *testing.T) {
			const n = 3000
			for range 2 * n {
				cml.Perform(ops[0]) // as many before
			}
			counts := make([][3]int, len(ops))
			for range n {
				for k, op := range ops {
					counts[k][cml.Perform(op)]++
				}
			}
			for k := range ops {
				took := 0
				for _, got := range counts[k] {
					if got > 0 {
						took++
					}
				}
				if want := map[string]int{"three": 3}[name]; took < max(want, 2) {
					t.Errorf("only %d arms were chosen: %v", took, counts[k])
				}
				for _, got := range counts[k] {
					if got > 0 && got < n/took*3/4 {
						t.Errorf("not fair: %v", counts[k])
					}
				}
			}
		})
	}
}
