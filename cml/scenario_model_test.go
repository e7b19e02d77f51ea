//go:build model

package cml

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/seed222ee791/fibers/internal/simsched"
)

// A scenario is a script for each actor: what it does, one thing after the other,
// separated by spaces.
//
//	a! a?      Put, Get on the channel a; so b and c
//	=a!        Perform of the op
//	a!|b?      Perform of the choice of the ops, the first preferred
//	~a! ~a?    TryPut, TryGet;  ~a!|b?  Poll of the choice
//	x?         an op of NewOp, in a choice;  x!  Commit of its waiter, if there is one
//	+ =+ +|a?  Lock of the mutex and Unlock, and as an op
//	s          Swap, and as an arm
//	d          Done of a context, as an arm;  d!  cancels that;  d.  is what its end calls
//	>1         the runtime of actor 1 closes
//
// The value of a put is 10*actor + 1 for its first, and so on.
type scenario struct {
	scripts []string
	room    int // of the channels
	want    []string
	reach   []string // "shared", "orphaned": why a record was not used again
	opts    []simsched.Option
}

// A part is one op in a performance.
type part struct {
	object string
	verb   byte
	v      int
}

// A deed is one performance, and what came of it.
type deed struct {
	actor int
	text  string
	arms  []part
	over  bool // it has returned
	won   int  // which arm, or none
	got   int
}

const noArm = -1

// A theatre is the world in which a script is played.
type theatre struct {
	t       *testing.T
	chans   map[string]*Chan[int]
	swap    Swap[int]
	mutex   Mutex
	inside  int // who holds the mutex
	handle  simsched.Pointer[Waiter[int]]
	commits int // that were accepted
	context *modelContext
	done    *doneOp // of context
	deeds   []*deed
	plots   [][]func()
	perfs   []*performance // of the actors, each of which needs one at most
	states  []*state       // that they begin with
	reached map[string]int // what else came up, in all runs
}

// play runs all orders of sc and compares the outcomes with those that it wants:
// which arm each performance came to, in the order of actors, - for one that waits
// for ever, 0 for one that failed.
func play(t *testing.T, sc scenario) {
	t.Helper()
	seen, reached := map[string]int{}, map[string]int{}
	simsched.Explore(t, func() ([]func(), func(simsched.End)) {
		w := newTheatre(t, sc)
		w.reached = reached
		var actors []func()
		for _, plot := range w.plots {
			actors = append(actors, func() {
				for _, act := range plot {
					act()
				}
			})
		}
		return actors, func(end simsched.End) {
			seen[w.outcome()]++
			w.check(end)
		}
	}, append([]simsched.Option{simsched.Limit(200_000)}, sc.opts...)...)
	for _, want := range sc.want {
		if seen[want] == 0 {
			t.Errorf("outcome %q was never reached", want)
		}
	}
	for _, want := range sc.reach {
		if reached[want] == 0 {
			t.Errorf("%q was never reached", want)
		}
	}
	for got, n := range seen {
		if !slices.Contains(sc.want, got) {
			t.Errorf("outcome %q, %d times, is not expected", got, n)
		}
	}
	t.Log(slices.Sorted(maps.Keys(seen)), reached)
}

func newTheatre(t *testing.T, sc scenario) *theatre {
	w := &theatre{t: t, chans: map[string]*Chan[int]{}, context: &modelContext{Context: context.Background(), done: make(chan struct{})}}
	observedEnd = &w.context.over
	w.done = newDoneOp(w.context)
	w.done.w.stop = func() bool { return true } // registered, for good
	w.done.w.noticed.Store(true)
	for _, name := range []string{"a", "b", "c"} {
		w.chans[name] = NewChan[int]()
		if sc.room > 0 {
			w.chans[name] = NewBuffered[int](sc.room)
		}
	}
	for i, script := range sc.scripts {
		w.perfs = append(w.perfs, prime(i))
		w.states = append(w.states, w.perfs[i].s)
		var plot []func()
		for k, line := range strings.Fields(script) {
			plot = append(plot, w.act(i, k, line))
		}
		w.plots = append(w.plots, plot)
	}
	return w
}

// A modelContext is cancelled by setting over, and calls nobody.
type modelContext struct {
	context.Context
	done chan struct{} // never closed: observedEnd stands for it
	over flag
}

func (c *modelContext) Done() <-chan struct{} { return c.done }

func (c *modelContext) Err() error {
	if c.over.Load() {
		return context.Canceled
	}
	return nil
}

// prime gives actor i the records that it would make itself, so that all runs
// begin alike.
func prime(i int) *performance {
	l, p := &local{}, newPerformance()
	p.rng = 1
	l.perfs.put(p)
	for range 3 {
		o := &offer[int]{}
		o.init()
		repay(l, o)
	}
	*simsched.Shared(i) = l
	return p
}

// act returns what actor i does at line.
func (w *theatre) act(i, k int, line string) func() {
	if other, ok := strings.CutPrefix(line, ">"); ok {
		return func() { simsched.Finish(int(other[0] - '0')) }
	}
	switch line {
	case "d!":
		return func() { w.context.over.Store(true) }
	case "d.":
		return w.done.w.fire
	}
	if line == "x!" {
		return func() {
			if h := w.handle.Load(); h != nil && (*h).Commit(99) {
				w.commits++
			}
		}
	}
	d := &deed{actor: i, text: line, won: noArm}
	w.deeds = append(w.deeds, d)
	poll := strings.HasPrefix(line, "~")
	op := strings.HasPrefix(line, "=") || strings.Contains(line, "|")
	for j, text := range strings.Split(strings.TrimLeft(line, "~="), "|") {
		a := part{object: text[:1], v: 10*i + k + 1 + 3*j}
		if len(text) > 1 {
			a.verb = text[1]
		}
		d.arms = append(d.arms, a)
	}
	if op {
		var ops []Op[int]
		for j, a := range d.arms {
			ops = append(ops, Wrap(w.op(a), func(v int) int { d.won, d.got = j, v; return v }))
		}
		choice := Prefer(ops...)
		return func() {
			if poll {
				Poll(choice)
			} else {
				Perform(choice)
			}
			w.leave(d)
		}
	}
	a := d.arms[0]
	return func() {
		won := true
		switch c := w.chans[a.object]; {
		case a.object == "+":
			w.mutex.Lock()
		case a.object == "s":
			d.got = w.swap.Swap(a.v)
		case a.verb == '!' && poll:
			won = c.TryPut(a.v)
		case a.verb == '!':
			c.Put(a.v)
		case poll:
			d.got, won = c.TryGet()
		default:
			d.got = c.Get()
		}
		if won {
			d.won = 0
		}
		w.leave(d)
	}
}

// leave notes that d is over, and gives up the mutex if it holds it.
func (w *theatre) leave(d *deed) {
	d.over = true
	if d.won != noArm && d.arms[d.won].object == "+" {
		if w.inside++; w.inside != 1 {
			panic("two hold the mutex")
		}
		w.inside--
		w.mutex.Unlock()
	}
}

func (w *theatre) op(a part) Op[int] {
	zero := func(Unit) int { return 0 }
	switch {
	case a.object == "x":
		return NewOp(func() (int, bool) { return 0, false }, func(h Waiter[int]) func() {
			w.handle.Store(&h)
			return nil
		})
	case a.object == "+":
		return Wrap(w.mutex.LockOp(), zero)
	case a.object == "s":
		return w.swap.SwapOp(a.v)
	case a.object == "d":
		return Wrap[error](w.done, func(error) int { return 0 })
	case a.verb == '!':
		return Wrap(w.chans[a.object].PutOp(a.v), zero)
	}
	return w.chans[a.object].GetOp()
}

// outcome tells what each deed came to.
func (w *theatre) outcome() string {
	var s []string
	for _, d := range w.deeds {
		switch {
		case !d.over:
			s = append(s, "-")
		case d.won == noArm:
			s = append(s, "0")
		default:
			s = append(s, d.arms[d.won].object)
		}
	}
	return strings.Join(s, " ")
}

// check looks at the world when nobody can make a step any more.
func (w *theatre) check(end simsched.End) {
	w.checkOffers(end)
	if !end.Frozen { // a frozen actor may be in the middle of anything
		w.checkRest(end)
		w.checkValues()
	}
	if w.t.Failed() {
		w.t.FailNow()
	}
}

func (w *theatre) fail(format string, args ...any) {
	w.t.Errorf("%s: %s", w.outcome(), fmt.Sprintf(format, args...))
}

func localAt(i int) *local { return (*simsched.Shared(i)).(*local) }

// uses reports whether actor i is in the middle of a performance.
func (w *theatre) uses(i int) bool { return !slices.Contains(localAt(i).perfs.free, w.perfs[i]) }

// checkOffers: on no channel do two wait that could meet (P4), also if somebody is
// frozen elsewhere (P11). Who waits has an offer somewhere.
func (w *theatre) checkOffers(end simsched.End) {
	waiting := map[any]bool{} // by state, or waiter
	for name, c := range w.chans {
		var live [2][]any
		note := func(o *offer[int]) {
			var who any = o.s
			if o.s == nil {
				who = o.w
			} else if o.s.settled() {
				return
			}
			live[o.kind] = append(live[o.kind], who)
			waiting[who] = true
		}
		if s := c.entry.Load(); s != nil && s.offer != nil {
			o := offerAt[int](s)
			o.kind = map[side]kind{putting: kindPut, getting: kindGet}[s.side]
			note(o)
		}
		for _, q := range []*queue[int]{&c.puts, &c.gets} {
			for o := q.first; o != nil; o = o.next {
				note(o)
			}
		}
		if c.mu.Held() {
			continue
		}
		for _, put := range live[kindPut] {
			for _, get := range live[kindGet] {
				if put != get {
					w.fail("two wait at %s, and could meet", name)
				}
			}
		}
		if c.buf != nil && (len(live[kindPut]) > 0 && c.n < len(c.buf) || len(live[kindGet]) > 0 && c.n > 0) {
			w.fail("somebody waits at %s, which is ready", name)
		}
	}
	for o := w.swap.waiting.first; o != nil; o = o.next {
		waiting[o.w] = true
		waiting[o.s] = true
	}
	for i, stuck := range end.Waits {
		trouble := ""
		switch {
		case stuck && end.Ending[i]:
			trouble = "does not end"
		case !stuck, waiting[w.perfs[i].s], waiting[simsched.Party(i)]:
		case end.Locked[i]:
			trouble = "waits for a lock"
		case w.uses(i) && w.perfs[i].s.settled():
			trouble = "was not woken"
		default:
			trouble = "waits nowhere"
		}
		if trouble != "" && !end.Frozen { // it does, for the frozen one
			w.fail("actor %d %s", i, trouble)
		}
	}
}

// settled reports whether s is decided, without helping.
func (s *state) settled() bool {
	c := s.word.Load()
	return c != nil && c.status.Load() == succeeded
}

// checkValues: what was put was got, once, at the same channel, or is in its
// buffer (P1, P2).
func (w *theatre) checkValues() {
	puts, gets := map[string][]int{}, map[string][]int{}
	for name, c := range w.chans {
		for c.n > 0 {
			gets[name] = append(gets[name], c.take())
		}
	}
	for _, d := range w.deeds {
		if !d.over || d.won == noArm {
			continue
		}
		switch a := d.arms[d.won]; {
		case a.object == "s":
			puts["s"] = append(puts["s"], a.v)
			gets["s"] = append(gets["s"], d.got)
		case a.object == "x":
			w.commits--
			if d.got != 99 {
				w.fail("the op of NewOp came to %d", d.got)
			}
		case a.verb == '!':
			puts[a.object] = append(puts[a.object], a.v)
		case a.verb == '?':
			gets[a.object] = append(gets[a.object], d.got)
		}
	}
	for name := range puts {
		slices.Sort(puts[name])
	}
	for name := range gets {
		slices.Sort(gets[name])
	}
	if fmt.Sprint(puts) != fmt.Sprint(gets) {
		w.fail("put %v, got %v", puts, gets)
	}
	if w.commits != 0 {
		w.fail("%d commits were accepted too many", w.commits)
	}
}

// checkRest: there are as many offers as who waits has made, and who does not wait
// has left nothing (P9).
func (w *theatre) checkRest(end simsched.End) {
	offers, lines := map[string]int{}, map[string]int{}
	seen := map[int]bool{}
	for _, d := range w.deeds {
		i := d.actor
		if d.over || seen[i] || !end.Waits[i] {
			continue
		}
		seen[i] = true
		for _, a := range d.arms {
			offers[a.object+string(a.verb)]++
			if a.object == "+" {
				w.fail("actor %d waits for a mutex that nobody holds", i)
			}
		}
		if used := strings.ContainsAny(d.text, "|="); w.uses(i) != used {
			w.fail("the record of actor %d is in use: %v", i, !used)
		}
	}
	for name, c := range w.chans {
		if s := c.entry.Load(); s != nil && s.offer != nil {
			lines[name+map[side]string{putting: "!", getting: "?"}[s.side]]++
			if c.puts.n+c.gets.n > 0 {
				w.fail("an offer in the word of %s, others in the queues", name)
			}
		}
		lines[name+"!"] += c.puts.n
		lines[name+"?"] += c.gets.n
		for _, verb := range []string{"!", "?"} {
			if lines[name+verb] != offers[name+verb] {
				w.fail("%d offers are in the line of %s%s, not %d", lines[name+verb], name, verb, offers[name+verb])
			}
		}
	}
	for i, stuck := range end.Waits {
		if localAt(i).wakes.one != nil || w.perfs[i].wakes.one != nil {
			w.fail("actor %d did not wake somebody", i)
		}
		if !stuck {
			w.checkClean(i)
			if w.uses(i) {
				w.fail("the record of actor %d is in use", i)
			}
		}
		switch {
		case w.perfs[i].s == w.states[i]:
		case w.states[i].shared.Load():
			w.reached["shared"]++
		default:
			w.reached["orphaned"]++
		}
	}
}

// checkClean fails if values of an actor that does not wait are kept.
func (w *theatre) checkClean(i int) {
	l, p, fail := localAt(i), w.perfs[i], w.fail
	seen := map[*offer[int]]bool{}
	if o, ok := (*simsched.Scratch(i)).(*offer[int]); ok {
		seen[o] = true
		if o.v != 0 || o.done.Load() || o.moved {
			fail("actor %d keeps %d", i, o.v)
		}
	}
	for at, sl := range p.slots {
		if sl.word != nil || sl.slow {
			fail("actor %d has left slot %d posted", i, at)
		}
		if sl.mine == nil {
			continue
		}
		o := offerAt[int](sl.mine)
		seen[o] = true
		if o.v != 0 || o.from != nil || o.queue != nil || o.obj != nil || o.moved || o.done.Load() || o.prev != nil || o.next != nil || o.index != at {
			fail("actor %d keeps an offer that is not blank in slot %d: %+v", i, at, o)
		}
	}
	for _, o := range sparesOf[offer[int]](l).free {
		if seen[o] {
			fail("actor %d has an offer twice", i)
			return
		}
		seen[o] = true
		if o.v != 0 || o.s != nil || o.queue != nil || o.from != nil || o.moved || o.done.Load() || o.prev != nil {
			fail("actor %d keeps an offer that is not blank: %+v", i, o)
		}
	}
}
