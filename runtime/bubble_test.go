package runtime_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed222ee791/fibers/cml"
	fibers "github.com/seed222ee791/fibers/runtime"
)

// A goroutine that waited through cml in a bubble left its channel and timers to those
// outside, who were ended for it; and the other way round.
func TestWaitersDoNotCrossBubbles(t *testing.T) {
	waits := func(d time.Duration) {
		c := cml.NewChan[int]()
		done := make(chan struct{})
		for range 8 {
			go func() { c.Put(1); done <- struct{}{} }()
			if c.Get() != 1 {
				t.Error("not the value")
			}
			<-done
			if _, ok := fibers.PerformTimeout(c.GetOp(), d); ok {
				t.Error("a value from nobody")
			}
			cml.Perform(fibers.After(d))
			cml.Perform(fibers.At(time.Now().Add(d)))
			cml.Perform(fibers.At(time.Now().Round(0).Add(d)))
			fibers.SleepUntil(time.Now().Round(0).Add(d))
			fibers.NewTicker(d).Tick()
		}
	}
	for range 20 {
		waits(time.Microsecond)
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			waits(time.Hour) // takes no time
			if d := time.Since(start); d < 8*6*time.Hour {
				t.Errorf("the bubble's clock went on by %v", d)
			}
			c := cml.NewCond()
			go c.Wait()
			synctest.Wait() // it is known to wait
			c.Signal()
		})
	}
}

// A Sleep in a fiber of a bubble hung.
func TestATimeInAFiberOfABubbleIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		if err := fibers.Run(func() {
			for what, wait := range map[string]func(){
				"Sleep":      func() { fibers.Sleep(time.Second) },
				"SleepUntil": func() { fibers.SleepUntil(time.Now().Round(0).Add(time.Second)) },
				"After":      func() { cml.Perform(fibers.After(time.Second)) },
				"At":         func() { cml.Perform(fibers.At(time.Now().Round(0).Add(time.Second))) },
				"AfterFunc":  func() { fibers.AfterFunc(time.Second, func() {}) },
				"a Ticker":   func() { fibers.NewTicker(time.Second).Tick() },
			} {
				text, _ := caught(wait).(string)
				if !strings.Contains(text, what) || !strings.Contains(text, "synctest") {
					t.Errorf("%s: %q", what, text)
				}
			}
			fibers.Yield() // all else works
			if v, err := fibers.Spawn(func() (int, error) { return 1, nil }).Await(); v != 1 || err != nil {
				t.Errorf("Spawn: %v, %v", v, err)
			}
		}); err != nil {
			t.Error(err)
		}
	})
}

// A Default runtime that was first used in a bubble never let that end.
func TestDefaultIsNotStartedInABubble(t *testing.T) {
	_ = fibers.Default().Close()
	synctest.Test(t, func(t *testing.T) {
		text, _ := caught(func() { fibers.Go(func() {}) }).(string)
		if !strings.Contains(text, "Default") || !strings.Contains(text, "synctest") {
			t.Errorf("Go in a bubble: %q", text)
		}
	})
	fibers.Default()
	synctest.Test(t, func(*testing.T) { fibers.Go(func() {}) })
}
