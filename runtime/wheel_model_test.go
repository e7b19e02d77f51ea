//go:build model

package runtime

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed222ee791/fibers/internal/simsched"
	"github.com/seed222ee791/fibers/timerwheel"
)

// A wheel through every order of accesses, of its source: run with
//
//	go test -tags model -run 'Wheel.*Model$' ./runtime
//
// The owner is the first actor; all others are on other cores. A scenario is a script for each:
//
//	a  the owner sets the timer a, by set; so b
//	h  the owner has the timer f held, in a slot, for an hour
//	z  the owner falls asleep
//	X  somebody cancels the timer x, which is in the wheel from the beginning; so Y
//	x  somebody drops the timer x; so y
//	A  somebody cancels the timer a, if it has been set
//	d  somebody drops the timer a, if it has been set
//	F  somebody drops the timer f, if it is held, as one who gives up does: from its slot, or else the wheel
//	t  somebody fires what is due, if the wheel is not locked: x is
//	m  the monitor admits what is fresh
type wheelScenario struct {
	scripts []string
	reach   []string
	opts    []simsched.Option
}

// A party is a timer, and what became of it.
type party struct {
	timer
	set, gone bool // set; gone says that somebody was told that he has cancelled it
	late      bool // somebody was told that it was too late for that
	fired     int
}

const dueX, dueY, dueA, dueB = 2, 20, 10, 11

type timersWorld struct {
	*scheduler
	all     map[rune]*party
	asleep  bool
	until   int64 // if it is asleep
	known   simsched.Uint32
	reached map[string]int
}

func newTimersWorld(scripts string, reached map[string]int) *timersWorld {
	rt := &Runtime{base: time.Now()}
	s := newScheduler(rt)
	s.wheel = newWheel(rt)
	rt.wheels = []*wheel{s.wheel}
	w := &timersWorld{scheduler: s, all: make(map[rune]*party), reached: reached}
	for _, name := range "xyabf" {
		p := new(party)
		p.Value = p
		w.all[name] = p
	}
	if strings.ContainsAny(scripts, "xXt") {
		w.set('x', dueX)
	}
	if strings.ContainsAny(scripts, "yY") {
		w.set('y', dueY)
	}
	return w
}

func (w *timersWorld) set(name rune, due timerwheel.Tick) {
	p := w.all[name]
	p.set = true
	w.wheel.set(&p.timer, start(due))
	if p.when == start(due) {
		w.reached["posted"]++
	}
}

// told notes what one was told who wanted p out.
func (p *party) told(there bool) {
	if there {
		p.gone = true
	} else {
		p.late = true
	}
}

// setBefore reports whether the owner has set, or held, a timer.
func (w *timersWorld) setBefore() bool { return w.known.Load() > 0 }

func (w *timersWorld) play(script string) {
	wh := w.wheel
	for _, c := range script {
		switch c {
		case 'a', 'b':
			w.set(c, map[rune]timerwheel.Tick{'a': dueA, 'b': dueB}[c])
			w.known.Store(1)
		case 'h':
			f := w.all['f']
			if f.set = w.hold(&f.timer, time.Hour); f.set {
				w.known.Store(1)
			}
		case 'z':
			wh.unattended.Store(true)
			w.until = w.rt.nextTimer()
			w.asleep = true
		case 'X', 'Y':
			p := w.all[c-'A'+'a']
			p.told(p.cancel())
		case 'A':
			if p := w.all['a']; w.setBefore() {
				p.told(p.cancel())
			}
		case 'x', 'y':
			p := w.all[c]
			p.told(w.dropped(p))
		case 'd':
			if p := w.all['a']; w.setBefore() {
				p.told(w.dropped(p))
			}
		case 'F':
			if p := w.all['f']; w.setBefore() {
				p.told(p.release() || w.dropped(p))
			}
		case 't':
			if !wh.mu.TryLock() {
				w.reached["passed by"]++
				break
			}
			var batch [fireBatch]any
			for _, p := range batch[:wh.take(start(dueX), fireBatch, &batch)] {
				p.(*party).fired++
			}
		case 'm':
			wh.tidyForgotten()
		}
	}
}

// dropped drops p from another core.
func (w *timersWorld) dropped(p *party) (there bool) {
	there, kept := p.drop(nil)
	if there && !kept {
		w.reached["dropped"]++
	}
	return there
}

// trouble tells what is wrong at the end, if anything is.
func (w *timersWorld) trouble(end simsched.End) string {
	wh := w.wheel
	if !end.AllDone() {
		return fmt.Sprintf("waits for ever: %v", end.Waits)
	}
	if wh.posted.Load() != nil {
		return "a timer is posted, and nobody has the lock" // H6
	}
	if w.asleep && wh.dropped.Load() != nil {
		return "a timer is dropped, and the owner sleeps" // H2
	}
	if wh.settling.Load() {
		return "somebody is settling"
	}
	first := int64(never)
	for _, name := range slices.Sorted(maps.Keys(w.all)) {
		p := w.all[name]
		if !p.set {
			continue
		}
		state := p.fired
		left := p.Scheduled() && p.state.Load() != timerDropped
		if left || p.home.fresh.slots[p.slot].Load() == &p.timer {
			state++
			if left {
				first = min(first, start(p.When()))
			}
		}
		if p.gone {
			state++
		}
		if state != 1 {
			return fmt.Sprintf("%c: fired %d times, cancelled: %v, in the wheel: %v", name, p.fired, p.gone, left)
		}
		if p.late && p.fired == 0 && !p.gone {
			return fmt.Sprintf("%c has not fired, and who wanted it out was told that he is too late", name)
		}
		if p.Scheduled() && p.state.Load() == timerDropped && w.asleep {
			return fmt.Sprintf("%c was dropped, is left in the wheel, and the owner sleeps", name) // H2
		}
	}
	if next := wh.next.Load(); next > first {
		return fmt.Sprintf("next is %d, a timer is due at %d", next, first)
	}
	if w.asleep && wh.holds() {
		return "a timer is fresh, and the owner sleeps"
	}
	if w.asleep && w.until > first {
		return fmt.Sprintf("the owner sleeps until %d, a timer is due at %d", w.until, first) // H6, H7
	}
	return ""
}

func playWheels(t *testing.T, scs []wheelScenario) {
	for _, sc := range scs {
		t.Run(strings.Join(sc.scripts, " "), func(t *testing.T) {
			reached := map[string]int{}
			simsched.Explore(t, func() ([]func(), func(simsched.End)) {
				w := newTimersWorld(strings.Join(sc.scripts, ""), reached)
				var actors []func()
				for _, script := range sc.scripts {
					actors = append(actors, func() { w.play(script) })
				}
				return actors, func(end simsched.End) {
					if wrong := w.trouble(end); wrong != "" {
						t.Fatal(wrong)
					}
				}
			}, sc.opts...)
			for _, want := range sc.reach {
				if reached[want] == 0 {
					t.Errorf("%q was never reached", want)
				}
			}
			t.Log(reached)
		})
	}
}

var most3 = []simsched.Option{simsched.Preemptions(3), simsched.Limit(3_000_000)}

// H1, H2, H6, H7.
func TestWheelModel(t *testing.T) {
	playWheels(t, []wheelScenario{
		{scripts: []string{"az", "X"}, reach: []string{"posted"}},
		{scripts: []string{"az", "y"}, reach: []string{"dropped"}},
		{scripts: []string{"az", "t"}, reach: []string{"posted", "passed by"}},
		{scripts: []string{"az", "X", "y"}, reach: []string{"posted", "dropped"}, opts: most3},
		{scripts: []string{"abz", "X"}, reach: []string{"posted"}},
		{scripts: []string{"az", "X", "d"}, reach: []string{"posted", "dropped"}, opts: most3},
		{scripts: []string{"az", "t", "A"}, reach: []string{"posted"}, opts: most3},
		{scripts: []string{"az", "X", "Y"}, reach: []string{"posted"}, opts: most3},
		{scripts: []string{"z", "y", "X"}, reach: []string{"dropped"}, opts: most3},
		{scripts: []string{"z", "x", "t"}, reach: []string{"dropped"}, opts: most3},
		{scripts: []string{"a", "X"}, reach: []string{"posted"}},
		{scripts: []string{"ab", "X"}, reach: []string{"posted"}},
		{scripts: []string{"a", "X", "Y"}, reach: []string{"posted"}, opts: most3},
		{scripts: []string{"a", "t", "d"}, reach: []string{"posted"}, opts: most3},
	})
}

// H3, H7, and timers in slots.
func TestWheelFreshModel(t *testing.T) {
	playWheels(t, []wheelScenario{
		{scripts: []string{"hz", "m"}},
		{scripts: []string{"hz", "F"}},
		{scripts: []string{"hz", "m", "F"}, reach: []string{"dropped"}, opts: most3},
		{scripts: []string{"haz", "m"}, reach: []string{"posted"}},
		{scripts: []string{"hz", "X", "m"}, opts: most3},
	})
}
