package runtime

import (
	goruntime "runtime"
	"slices"
	"testing"
	"time"

	"go.uber.org/atomic"
)

// alone has the process have the runtimes rts and no others, and one call of Run that waits.
func alone(t *testing.T, rts ...*Runtime) {
	t.Helper()
	open.Lock()
	before := slices.Clone(open.list)
	open.list = rts
	open.Unlock()
	judge.called() // for a Run that is over
	over := rts[0].waitsFor(&run{&future{}, func() {}})
	t.Cleanup(func() {
		over()
		open.Lock()
		open.list = before
		open.Unlock()
	})
}

// called reports whether the judge's timer is set, and stops it.
func (j *judgment) called() bool {
	j.Lock()
	defer j.Unlock()
	set := j.timer != nil
	if set {
		j.timer.Stop()
	}
	j.over()
	j.tries = 0
	naps.resume()
	return set
}

// nobody returns a runtime without schedulers, which sleeps if asleep says so.
func nobody(asleep bool) *Runtime {
	rt := &Runtime{}
	rt.schedulers.Store(new([]*scheduler))
	rt.idle.active.Store(1)
	if asleep {
		rt.idle.nsleep.Store(1)
	}
	return rt
}

// A look that finds somebody awake, and he who falls asleep meanwhile: one of them has the
// judge come again (Y1).
func TestJudgeIsCalledByTheLastOfTwo(t *testing.T) {
	rt := nobody(false)
	alone(t, rt)
	for name, look := range map[string]func(){"first look": firstLook, "second look": secondLook} {
		t.Run(name, func(t *testing.T) {
			const tries = 30_000
			var begun, done atomic.Uint32
			await := func(x *atomic.Uint32, i uint32) {
				for n := 1; x.Load() < i; n++ {
					if n%1000 == 0 {
						goruntime.Gosched()
					}
				}
			}
			go func() {
				for i := range uint32(tries) {
					await(&begun, i+1)
					for range i % 256 { // at another moment of the look each time
						judge.set.Load()
					}
					rt.idle.nsleep.Store(1)
					rt.fellIdle()
					done.Store(i + 1)
				}
			}()
			for i := range uint32(tries) {
				rt.idle.nsleep.Store(0)
				judge.Lock()
				judge.after(time.Hour, func() {})
				judge.timer.Stop() // it has gone off
				judge.seen = ^happened()
				judge.Unlock()
				begun.Store(i + 1)
				look()
				await(&done, i+1)
				if !judge.called() {
					t.Errorf("all sleep, and nobody has called the judge, at try %d", i)
					begun.Store(tries)
					await(&done, tries)
					return
				}
			}
		})
	}
}

// Who falls asleep last need not be the one for whose end Run waits.
func TestJudgeIsCalledByAnyRuntime(t *testing.T) {
	rt, other := nobody(true), nobody(false)
	alone(t, rt, other)
	rt.fellIdle()
	firstLook() // the other is awake
	if judge.called() {
		t.Error("the timer is set while a runtime is awake, in which nothing need be told when it falls asleep")
	}
	other.idle.nsleep.Store(1)
	other.fellIdle()
	if !judge.called() {
		t.Error("the other has fallen asleep last, and nobody has called the judge")
	}
}

// Who falls asleep in a bubble says nothing, so a look that finds him awake has to come again.
func TestJudgeComesAgainBesideABubble(t *testing.T) {
	rt, other := nobody(true), nobody(false)
	other.bubbled = true
	alone(t, rt, other)
	for name, look := range map[string]func(){"first look": firstLook, "second look": secondLook} {
		look()
		if !judge.called() {
			t.Errorf("%s: somebody in a bubble is awake, and it does not come again", name)
		}
	}
}
