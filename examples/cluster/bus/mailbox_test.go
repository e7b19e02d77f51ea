package bus

import (
	"errors"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"go.uber.org/atomic"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// Every value that is delivered is taken once, by parties that mostly lose, or is held at the end.
func TestMailboxStress(t *testing.T) {
	const values, parties = 30000, 8
	var box mailbox[int]
	var taken [values]atomic.Int32
	var lost atomic.Int32
	local := cml.NewChan[int]()
	err := fibers.Run(func() {
		var ended cml.WaitGroup
		party := func(i int, f func()) {
			ended.Add(1)
			g := func() { defer ended.Done(); f() }
			if i%2 == 0 {
				fibers.Go(g)
			} else {
				go g()
			}
		}
		quit := cml.NewCond()
		for p := range parties {
			party(p, func() {
				type result struct {
					cml.Item[int]
					other bool
				}
				other := func(int) result { return result{other: true} }
				op := cml.Choice(
					cml.Wrap(box.op(), func(it cml.Item[int]) result { return result{Item: it} }),
					cml.Wrap(local.GetOp(), other),
					cml.Wrap(box.op(), func(it cml.Item[int]) result { return result{Item: it} })) // the same twice
				for {
					r := cml.Perform(op)
					switch {
					case r.other:
						lost.Add(1)
					case r.Err != nil:
						return
					default:
						taken[r.Value].Add(1)
					}
				}
			})
		}
		for p := range 2 {
			party(p, func() {
				put := cml.Wrap(local.PutOp(1), func(cml.Unit) bool { return true })
				stop := cml.Wrap(quit.WaitOp(), func(cml.Unit) bool { return false })
				for cml.Perform(cml.Choice(put, stop)) {
				}
			})
		}
		for v := range values {
			if !box.deliver(v) {
				t.Error("it has ended")
			}
			if rand.IntN(20) == 0 {
				fibers.Yield()
			}
		}
		quit.Signal()
		end := errors.New("end")
		if !box.end(end) || box.end(end) {
			t.Error("the first end is not the only one")
		}
		if _, ok := fibers.PerformTimeout(ended.WaitOp(), 40*time.Second); !ok {
			t.Error("parties wait for what has ended")
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	for v := range taken {
		if n := taken[v].Load(); n != 1 {
			t.Fatalf("value %d has been taken %d times", v, n)
		}
	}
	if box.waiting.Len() != 0 || box.held.Len() != 0 || box.deliver(1) {
		t.Error("something is left")
	}
	if lost.Load() == 0 {
		t.Error("nobody has lost: this shows nothing")
	}
}

func TestMailboxKeepsTheLatestOfAKey(t *testing.T) {
	var box mailbox[string]
	box.key = func(s string) string { return s[:1] }
	for _, s := range []string{"a1", "b1", "a2", "c1", "a3", "b2"} {
		box.deliver(s)
	}
	got := ""
	for it, ok := cml.Poll(box.op()); ok; it, ok = cml.Poll(box.op()) {
		got += it.Value
	}
	if got != "a3b2c1" || len(box.byKey) != 0 {
		t.Errorf("got %s, %d keys are left", got, len(box.byKey))
	}
	for i := range 100 {
		box.deliver("a" + strconv.Itoa(i))
		box.deliver("b")
	}
	if box.held.Len() != 2 {
		t.Errorf("%d are held", box.held.Len())
	}
}
