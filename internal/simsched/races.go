package simsched

// Which orders have to be tried: dynamic partial-order reduction, with source sets
// (Abdulla, Aronsson, Jonsson and Sagonas 2014). A place of the search begins with
// one choice. Two steps that meet and that nothing else orders are a race. To have
// them the other way round, what comes after the earlier one without needing it
// has to come before it: one of those who could begin that is wanted at the place
// where the earlier step was made.

// A clock says of each actor how many of its steps have happened before.
type clock [maxActors + 1]uint16

const maxActors = 8

func (c *clock) merge(d *clock) {
	for i := range c {
		c[i] = max(c[i], d[i])
	}
}

// An event is a step that was made.
type event struct {
	actor int
	step  step
	clock clock // with this step
}

// before reports whether p happened before what has the clock c.
func (p *event) before(c *clock) bool { return c[p.actor] >= p.clock[p.actor] }

// happen notes that i is about to make its next step. If it has not been made at
// this place before, it looks for races.
func (e *explorer) happen(i int, fresh bool) {
	next := e.foresee(i)
	if fresh && e.reduce {
		e.races(&next)
	}
	e.clocks[i] = next.clock
	e.past = append(e.past, next)
}

// foresee returns the next step of i as an event.
func (e *explorer) foresee(i int) event {
	next := event{actor: i, step: e.next(i), clock: e.clocks[i]}
	if m, ok := next.step.needs.(*Mutex); ok {
		next.clock.merge(&m.freed)
	}
	for k := range e.past {
		if p := &e.past[k]; e.meets(p, &next) {
			next.clock.merge(&p.clock)
		}
	}
	next.clock[i]++
	return next
}

func (e *explorer) meets(p, next *event) bool {
	return p.actor != next.actor && e.meet(p.actor, p.step, next.actor, next.step)
}

// blocked looks for the races of steps that cannot be made where a run ends, or is
// cut short.
func (e *explorer) blocked() {
	if !e.reduce {
		return
	}
	for i, a := range e.actors {
		if a.alive && !(e.frozen && i == e.freezer) && a.todo.needs != nil && !a.todo.needs.ready() {
			next := e.foresee(i)
			e.races(&next)
		}
	}
	if e.freezer != nobody && !e.frozen {
		next := e.foresee(len(e.actors))
		e.races(&next)
	}
}

// races sees to it that next is tried before each past step that it races with.
func (e *explorer) races(next *event) {
	known := e.clocks[next.actor]
	for k := len(e.past) - 1; k >= 0; k-- {
		p := &e.past[k]
		if !e.meets(p, next) || p.before(&known) {
			continue
		}
		known.merge(&p.clock) // what comes before p is no race
		f := &e.path[k]
		if begin := e.initials(k, next) & f.enabled; begin != 0 && begin&f.wanted == 0 {
			f.wanted |= begin & -begin
		}
	}
}

// initials returns who could begin at place k to do what comes after it without
// needing it, and then next.
func (e *explorer) initials(k int, next *event) (set uint) {
	p := &e.past[k]
	var ahead []*event
	consider := func(q *event) {
		for _, other := range ahead {
			if other.before(&q.clock) {
				return
			}
		}
		set |= 1 << q.actor
	}
	for j := k + 1; j < len(e.past); j++ {
		if q := &e.past[j]; !p.before(&q.clock) {
			consider(q)
			ahead = append(ahead, q)
		}
	}
	consider(next)
	return set
}
