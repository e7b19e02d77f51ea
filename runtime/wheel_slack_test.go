package runtime

import (
	"testing"
	"time"
)

// There is slack while timers fire often, for two intervals in a row, and none for one that sleeps
// for a tenth of a millisecond again and again.
func TestSlackGrowsWithTheRateOfTimers(t *testing.T) {
	var k slack
	now := int64(0)
	interval := func(fired int) time.Duration {
		now += int64(slackInterval)
		k.fired.Add(int64(fired))
		k.measure(now - 1) // too soon
		k.measure(now)
		return time.Duration(k.now.Load())
	}
	for i, step := range []struct {
		fired int
		want  time.Duration
	}{
		{10, 0}, {slackFrom, 0}, {1000, 0}, {slackFrom + 5, 5 * slackGrowth}, {0, 0}, {1000, 0}, {1000, slackMost}, {5, 0},
	} {
		if got := interval(step.fired); got != step.want {
			t.Errorf("step %d: %v of slack after %d timers, want %v", i, got, step.fired, step.want)
		}
	}
	if k.add(never) != never {
		t.Error("there is a time after the last")
	}
	k.now.Store(int64(slackMost))
	if last := start(tickOf(never)); k.add(last) < last {
		t.Error("who sleeps for ever is to be woken in the past") // and then kept the time, and nobody else's timers fired
	}
}

// Those of a wheel that are left over when it has been fired are as late as they are: they do
// not wait for a slack of their own.
func TestWhatIsLeftOverIsNotDueAnew(t *testing.T) {
	s := newFreshScheduler()
	var fired tally
	timers := make([]timer, 2*fireBatch)
	for i := range timers {
		timers[i].Value = &fired
		s.wheel.set(&timers[i], 1<<tickBits)
	}
	var batch [fireBatch]any
	now := int64(time.Millisecond)
	if n := s.wheel.takeNow(now, fireBatch, &batch); n != fireBatch {
		t.Fatalf("%d timers taken at once", n)
	}
	if next := s.wheel.next.Load(); next > now-int64(slackMost) {
		t.Errorf("the rest, due for %v, is said to be due for %v", time.Duration(now-1<<tickBits), time.Duration(now-next))
	}
}

// One who sleeps for short times, and nobody else, has nothing to gather.
func TestALoneSleeperMakesNoSlack(t *testing.T) {
	s := newFreshScheduler()
	var fired tally
	var alone timer
	alone.Value = &fired
	for i := range int64(2 * slackFrom) {
		s.wheel.set(&alone, (i+1)<<tickBits)
		s.wheel.mu.Lock()
		s.fire(s.wheel, (i+1)<<tickBits, fireBatch)
	}
	if n := s.rt.slack.fired.Load(); n != 0 || fired != 2*slackFrom {
		t.Errorf("%d of %d timers count for a slack", n, fired)
	}
}

// Who has run out of work lets timers gather, and fires what has been due for long enough.
func TestTimersGatherWhileThereIsSlack(t *testing.T) {
	s := newFreshScheduler()
	var fired tally
	timers := make([]timer, 10)
	for i := range timers {
		timers[i].Value = &fired
		s.setTimer(&timers[i], int64(i+1)<<tickBits)
	}
	s.rt.slack.now.Store(int64(slackMost))
	if s.fireGathered(10<<tickBits) || fired != 0 {
		t.Errorf("%d timers fired as soon as they were due", fired)
	}
	if at := s.rt.slack.add(s.rt.nextTimer()); at != 1<<tickBits+int64(slackMost) {
		t.Errorf("they would fire at %v", time.Duration(at))
	}
	if !s.fireGathered(1<<tickBits+int64(slackMost)) || fired != 10 {
		t.Errorf("%d timers fired when the first had been due for that long", fired)
	}
}
