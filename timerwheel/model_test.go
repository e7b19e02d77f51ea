package timerwheel_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/seed222ee791/fibers/timerwheel"
)

type Tick = timerwheel.Tick

// A model is a wheel and beside it the sorted list that it must agree with. Timers
// are known by their number.
type model struct {
	w      *timerwheel.Wheel
	timers []*timerwheel.Timer
	now    Tick
	sorted []entry // by tick; those of one tick in the order of scheduling
	// fire is what happens in a callback, besides the comparison.
	fire func(m *model, id int)
	err  error // the first disagreement
}

type entry struct {
	at Tick
	id int
}

func newModel(start Tick, n int) *model {
	m := &model{w: timerwheel.New(start), now: start}
	for i := range n {
		m.timers = append(m.timers, &timerwheel.Timer{Value: i})
	}
	return m
}

func (m *model) failf(format string, args ...any) {
	if m.err == nil {
		m.err = fmt.Errorf(format, args...)
	}
}

func (m *model) index(id int) int {
	return slices.IndexFunc(m.sorted, func(e entry) bool { return e.id == id })
}

func (m *model) schedule(id int, at Tick) {
	if i := m.index(id); i >= 0 {
		m.sorted = slices.Delete(m.sorted, i, i+1)
	}
	i := len(m.sorted)
	for i > 0 && m.sorted[i-1].at > at {
		i--
	}
	m.sorted = slices.Insert(m.sorted, i, entry{at, id})
	m.w.Schedule(m.timers[id], at)
}

func (m *model) cancel(id int) {
	i := m.index(id)
	if i >= 0 {
		m.sorted = slices.Delete(m.sorted, i, i+1)
	}
	if got := m.w.Cancel(m.timers[id]); got != (i >= 0) {
		m.failf("Cancel of timer %d is %v, it is scheduled: %v", id, got, i >= 0)
	}
}

// advance returns how many fired.
func (m *model) advance(now Tick, max int) (fired int) {
	if now > m.now {
		m.now = now
	}
	more := m.w.Advance(now, max, func(t *timerwheel.Timer) {
		fired++
		id := t.Value.(int)
		switch {
		case len(m.sorted) == 0:
			m.failf("timer %d fired, none is scheduled", id)
			return
		case m.sorted[0].id != id:
			m.failf("timer %d for %d fired, the first is %v", id, t.When(), m.sorted[0])
			m.sorted = slices.DeleteFunc(m.sorted, func(e entry) bool { return e.id == id })
			return
		case m.sorted[0].at > m.now || t.When() != m.sorted[0].at:
			m.failf("timer %d for %d, %d fired at %d", id, m.sorted[0].at, t.When(), m.now)
		case t.Scheduled():
			m.failf("timer %d is still scheduled when it fires", id)
		}
		m.sorted = m.sorted[1:]
		if m.fire != nil {
			m.fire(m, id)
		}
	})
	due := len(m.sorted) > 0 && m.sorted[0].at <= m.now
	if more != due { // the models are small: no slot is opened over several calls
		m.failf("Advance reported more: %v, with due timers: %v", more, due)
	}
	if max > 0 && (fired > max || more && fired < max) {
		m.failf("%d fired, the limit is %d, more %v", fired, max, more)
	}
	return fired
}

// check compares all that can be seen.
func (m *model) check() error {
	if m.err != nil {
		return m.err
	}
	next, ok := m.w.Next()
	switch {
	case ok != (len(m.sorted) > 0):
		return fmt.Errorf("Next reports %v, %d timers are scheduled", ok, len(m.sorted))
	case ok && next != m.sorted[0].at:
		return fmt.Errorf("Next is %d, the first is %v", next, m.sorted[0])
	case m.w.Len() != len(m.sorted):
		return fmt.Errorf("Len is %d, must be %d", m.w.Len(), len(m.sorted))
	case m.w.Now() != m.now:
		return fmt.Errorf("Now is %d, must be %d", m.w.Now(), m.now)
	}
	for _, e := range m.sorted {
		if t := m.timers[e.id]; !t.Scheduled() || t.When() != e.at {
			return fmt.Errorf("timer %v: scheduled %v, for %d", e, t.Scheduled(), t.When())
		}
	}
	return m.w.Check()
}

// add is a + b, or the last tick if that is beyond it.
func add(a, b Tick) Tick {
	if a+b < a {
		return math.MaxUint64
	}
	return a + b
}

// starts are clocks at which digits are about to carry.
var starts = []Tick{0, 1, 255, 256, 65535, 1<<32 - 3, 1<<56 - 1, 1 << 63, math.MaxUint64 - 70000, math.MaxUint64 - 300, math.MaxUint64 - 1, math.MaxUint64}

// distances draws how far away a tick is: any number of digits is as likely.
func distances() *rapid.Generator[Tick] {
	return rapid.Custom(func(t *rapid.T) Tick {
		bits := rapid.IntRange(0, 64).Draw(t, "bits")
		d := rapid.Uint64().Draw(t, "d")
		if bits < 64 {
			d &= 1<<bits - 1
		}
		return Tick(d)
	})
}

func TestWheelModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const n = 60
		m := newModel(rapid.SampledFrom(starts).Draw(t, "start"), n)
		ids := rapid.IntRange(0, n-1)
		when := func() Tick {
			d := distances().Draw(t, "distance")
			switch rapid.IntRange(0, 9).Draw(t, "kind") {
			case 0: // in the past
				if d > m.now {
					return 0
				}
				return m.now - d
			case 1: // as another, or next to it
				if len(m.sorted) > 0 {
					e := m.sorted[rapid.IntRange(0, len(m.sorted)-1).Draw(t, "other")]
					return add(e.at, Tick(rapid.IntRange(0, 1).Draw(t, "beside")))
				}
			}
			return add(m.now, d)
		}
		m.fire = func(m *model, id int) {
			for range rapid.IntRange(0, 2).Draw(t, "acts") {
				switch rapid.IntRange(0, 4).Draw(t, "act") {
				case 0:
					m.schedule(id, add(m.now, distances().Draw(t, "again")+1))
				case 1:
					m.schedule(ids.Draw(t, "id"), add(m.now, distances().Draw(t, "distance")+1))
				case 2: // due at once; not for ever
					if rapid.IntRange(0, 2).Draw(t, "once more") == 0 {
						m.schedule(ids.Draw(t, "id"), when())
					}
				case 3:
					m.cancel(ids.Draw(t, "id"))
				case 4:
					if next, ok := m.w.Next(); ok != (len(m.sorted) > 0) || ok && next != m.sorted[0].at {
						m.failf("Next in a callback is %d, %v", next, ok)
					}
				}
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"schedule": func(t *rapid.T) { m.schedule(ids.Draw(t, "id"), when()) },
			"several": func(t *rapid.T) {
				at, step := when(), distances().Draw(t, "step")
				for i := range Tick(rapid.IntRange(2, n).Draw(t, "count")) {
					m.schedule(int(i), add(at, i%7*step))
				}
			},
			"cancel": func(t *rapid.T) { m.cancel(ids.Draw(t, "id")) },
			"cancel first": func(t *rapid.T) {
				if len(m.sorted) > 0 {
					m.cancel(m.sorted[0].id)
				}
			},
			"advance": func(t *rapid.T) {
				m.advance(add(m.now, distances().Draw(t, "by")), rapid.IntRange(-1, 4).Draw(t, "max"))
			},
			"advance to the first": func(t *rapid.T) {
				if len(m.sorted) > 0 {
					m.advance(m.sorted[0].at, rapid.IntRange(0, 2).Draw(t, "max"))
				}
			},
			"set back": func(t *rapid.T) { m.advance(m.now/2, 3) },
			"": func(t *rapid.T) {
				if err := m.check(); err != nil {
					t.Fatal(err)
				}
			},
		})
	})
}

// TestWheelModelLarge is the same without rapid, with so many timers that slots
// are opened on several levels.
func TestWheelModelLarge(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 1))
		const n = 1500
		m := newModel(starts[int(seed)%len(starts)], n)
		m.fire = func(m *model, id int) {
			if r.IntN(3) == 0 {
				m.schedule(r.IntN(n), add(m.now, Tick(r.Uint64()>>r.IntN(64))+1))
			}
		}
		for step := range 4000 {
			switch k := r.IntN(100); {
			case k < 70:
				m.schedule(r.IntN(n), add(m.now, Tick(r.Uint64()>>(r.IntN(9)*7+1))))
			case k < 85:
				m.cancel(r.IntN(n))
			case k < 90 && len(m.sorted) > 0:
				m.cancel(m.sorted[0].id)
			case k < 95 && len(m.sorted) > 0:
				m.advance(m.sorted[r.IntN(min(50, len(m.sorted)))].at, r.IntN(20))
			default:
				m.advance(add(m.now, Tick(r.Uint64()>>(r.IntN(40)+24))), r.IntN(3)*10)
			}
			if next, ok := m.w.Next(); ok && next != m.sorted[0].at {
				t.Fatalf("seed %d, step %d: Next is %d, the first is %v", seed, step, next, m.sorted[0])
			}
			if step%100 == 0 || m.err != nil {
				if err := m.check(); err != nil {
					t.Fatalf("seed %d, step %d: %v", seed, step, err)
				}
			}
		}
		if err := m.check(); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		m.fire = nil
		m.advance(math.MaxUint64, 0)
		if err := m.check(); err != nil || m.w.Len() != 0 {
			t.Fatalf("seed %d: %d left at the end of time: %v", seed, m.w.Len(), err)
		}
		if nodes := m.w.Nodes(); nodes > 8+16 {
			t.Errorf("seed %d: an empty wheel holds %d nodes", seed, nodes)
		}
	}
}

// FuzzWheel reads its input as a program for the wheel and the model: an opcode, a
// timer, and a distance of as many bytes as the opcode says.
func FuzzWheel(f *testing.F) {
	f.Add([]byte{0, 1, 1, 0x10, 1, 2, 0, 3, 0xff})
	f.Add([]byte("\x10\x01\x02\x03\x04\x11\x05\x02\x33\x44\x7f\x01\x02\x03\x04\x05\x06\x07\x08"))
	f.Add([]byte{0x70, 1, 255, 255, 255, 255, 255, 255, 255, 255, 0x72, 255, 255, 255, 255, 255, 255, 255, 254})
	f.Fuzz(func(t *testing.T, program []byte) {
		const n = 40
		next := func() byte {
			if len(program) == 0 {
				return 0
			}
			b := program[0]
			program = program[1:]
			return b
		}
		if len(program) > 1000 {
			t.Skip("long programs find nothing that short ones do not")
		}
		m := newModel(starts[int(next())%len(starts)], n)
		acts := 0
		m.fire = func(m *model, id int) {
			if acts++; acts < 1000 {
				if b := next(); b&3 == 1 {
					m.schedule(id, add(m.now, Tick(b)))
				} else if b&3 == 2 {
					m.cancel(int(b>>2) % n)
				}
			}
		}
		for len(program) > 0 {
			op := next()
			id := int(next()) % n
			d := Tick(0)
			for range 1 + op>>4&7 {
				d = d<<8 | Tick(next())
			}
			switch op & 7 {
			case 0, 1, 2:
				m.schedule(id, add(m.now, d))
			case 3:
				m.cancel(id)
			case 4:
				m.advance(add(m.now, d), id%4)
			case 5:
				for i := range n {
					m.schedule(i, add(m.now, d+Tick(i%(id+1))))
				}
			case 6:
				m.schedule(id, m.now-min(d, m.now))
			case 7:
				if len(m.sorted) > 0 {
					m.cancel(m.sorted[0].id)
				}
			}
			if err := m.check(); err != nil {
				t.Fatal(err)
			}
		}
	})
}
