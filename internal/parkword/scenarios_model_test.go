//go:build model

package parkword

import (
	"fmt"

	"github.com/seed222ee791/fibers/internal/simsched"
	"github.com/seed222ee791/fibers/internal/wait"
)

var scenarios = []scenario{
	{
		race: "K1: park against unpark",
		play: func(st *stage) ([]func(), func()) {
			var cond simsched.Bool
			return []func(){
				func() { st.f.until(cond.Load); st.f.end() },
				func() { cond.Store(true); st.f.unpark(1, Unserved) },
			}, nil
		},
		reach: []string{"permit", "permit in the last moment", "parked"},
		bent: map[string]mutant{
			"parked is stored, without CAS":   tears(stateAwake, stateParked),
			"a permit is stored, without CAS": tears(stateAwake, statePermit),
			"an unparker leaves no permit":    omits(stateAwake, statePermit),
		},
	},
	{
		race: "K2: two unparkers",
		play: func(st *stage) ([]func(), func()) {
			var n simsched.Uint32
			unparker := func(me uint) func() {
				return func() { n.Add(1); st.f.unpark(me, Unserved) }
			}
			return []func(){
				func() { st.f.until(func() bool { return n.Load() == 2 }); st.f.end() },
				unparker(1), unparker(2),
			}, nil
		},
		reach: []string{"permit", "permit in the last moment", "parked"},
		bent: map[string]mutant{
			"awake is stored by who found it parked, without CAS": tears(stateParked, stateAwake),
			"a permit is stored, without CAS":                     tears(stateAwake, statePermit),
		},
	},
	{
		// There is a permit before.
		race: "K3: the permit taken against unpark",
		play: func(st *stage) ([]func(), func()) {
			st.f.Wake(Unserved)
			var cond simsched.Bool
			return []func(){
				func() { st.f.park(); st.f.until(cond.Load); st.f.end() },
				func() { cond.Store(true); st.f.unpark(1, Unserved) },
			}, nil
		},
		reach: []string{"permit", "parked"},
		bent: map[string]mutant{
			"the permit is taken by load and store":        tears(statePermit, stateAwake),
			"who finds a permit does not write it again":   omits(statePermit, statePermit),
			"and he who does, does so by a load and store": tears(statePermit, statePermit),
		},
	},
	{
		// The fiber ends, and another one has the record. Each of the two unparks may be of
		// either, or come between them.
		race: "K4: a late unpark of a record that is used again",
		play: func(st *stage) ([]func(), func()) {
			var first, second simsched.Bool
			return []func(){
				func() {
					st.f.until(first.Load)
					st.f.end()
					st.f.begin(2)
					st.f.until(second.Load)
					st.f.end()
				},
				func() { first.Store(true); st.f.unpark(1, Unserved) },
				func() { second.Store(true); st.f.unpark(2, Unserved) },
			}, nil
		},
		reach: []string{"of 0", "of 1", "of 2", "parked"},
		bent: map[string]mutant{
			"a free record is parked":         {stores: freeAs(stateParked)},
			"a free record is awake":          {stores: freeAs(stateAwake)},
			"a permit is stored, without CAS": tears(stateAwake, statePermit),
		},
	},
	ends("K5: the end of the runtime against park", "ending"),
	// Those that clean up wait on. (Who begins that after the closer's round waits for the
	// next, of which there are many: here it does not wait.)
	ends("K5: the end of the clean-up against park", "ending", "cutting"),
	{
		race: "K6: unpark of one that is held",
		play: func(st *stage) ([]func(), func()) {
			var cond simsched.Bool
			return []func(){
				func() { st.f.until(cond.Load); st.f.end() },
				func() { cond.Store(true); st.f.unpark(1, Unserved) },
				st.f.inspect,
				st.f.inspect,
			}, nil
		},
		reach: []string{"held", "held, and unparked meanwhile"},
		bent: map[string]mutant{
			"held is stored, without CAS":          tears(stateParked, stateHeld),
			"parked is stored again, without CAS":  tears(stateHeld, stateParked),
			"a permit is stored, without CAS":      tears(stateHeld, statePermit),
			"an unparker does nothing to one held": omits(stateHeld, statePermit),
			"the inspector leaves it held":         omits(stateHeld, stateParked),
		},
	},
	{
		race: "K7: a service, beside a stray",
		play: func(st *stage) ([]func(), func()) {
			return serving(st, 1, func() { st.f.unpark(2, Unserved) })
		},
		reach: []string{"permit", "permit in the last moment", "parked", "for nothing"},
		bent:  lostServices,
		wrong: []string{"the bit is changed after the wake"},
	},
	{
		race:  "K7: services, one after the other",
		play:  func(st *stage) ([]func(), func()) { return serving(st, 2) },
		reach: []string{"permit", "permit in the last moment", "parked"},
		wrong: []string{"the bit is changed after the wake"},
	},
	{
		race: "K7: a service, beside a stray and an inspector",
		play: func(st *stage) ([]func(), func()) {
			return serving(st, 1, func() { st.f.unpark(2, Unserved) }, st.f.inspect)
		},
		opts:  []simsched.Option{simsched.Preemptions(4)},
		reach: []string{"permit", "permit in the last moment", "parked", "for nothing", "held, and unparked meanwhile"},
		bent: map[string]mutant{
			"the inspector parks it again by load and store": tears(stateHeld, stateParked),
			"held is stored, without CAS":                    tears(stateParked, stateHeld),
			"a permit is stored, without CAS":                tears(stateHeld, statePermit),
		},
	},
	{
		race:  "K8: a look at one that does not wait",
		play:  looks,
		reach: []string{"believed of 1", "believed of 2", "not believed"},
		bent: map[string]mutant{
			"all have one number": {stores: func(x uint64) uint64 { return min(x>>idShift, 1)<<idShift | x&stateMask }},
		},
		wrong: []string{
			"the inspector does not look again",
			"fn is not cleared, and is written after the word",
			"what is cleared after the word is not",
		},
	},
}

// ends has actor 1 set the flags, one after the other, and unpark the fiber each time. What
// the fiber waits for never comes.
func ends(race string, flags ...string) scenario {
	wrongs := make([]string, len(flags))
	for i, flag := range flags {
		wrongs[i] = "the closer unparks, and sets " + flag + " then"
	}
	return scenario{
		race: race,
		play: func(st *stage) ([]func(), func()) {
			set := make([]simsched.Bool, len(flags))
			return []func(){
				func() {
					for i := range set {
						for i == 0 || !set[len(set)-1].Load() {
							st.f.park()
							if set[i].Load() {
								break
							}
						}
					}
					st.f.end()
				},
				func() {
					for i := range set {
						late := st.is(wrongs[i])
						if !late {
							set[i].Store(true)
						}
						st.f.unpark(1, Unserved)
						if late {
							set[i].Store(true)
						}
					}
				},
			}, nil
		},
		reach: []string{"permit", "permit in the last moment", "parked"},
		bent: map[string]mutant{
			"a permit is stored, without CAS": tears(stateAwake, statePermit),
			"parked is stored, without CAS":   tears(stateAwake, stateParked),
		},
		wrong: wrongs[len(wrongs)-1:],
	}
}

// lostServices are the mutants that lose a service.
var lostServices = map[string]mutant{
	"the permit is taken by load and store":                  tears(statePermit, stateAwake),
	"who finds a permit leaves the word as it is":            omits(statePermit, statePermit),
	"who finds a permit changes the bit by load and store":   tears(statePermit, statePermit),
	"who finds it parked changes the word by load and store": tears(stateParked, stateAwake),
}

// serving has the fiber wait to be served n times, each time by another actor, beside others.
func serving(st *stage, n int, others ...func()) (actors []func(), check func()) {
	given, taken := 0, 0
	actors = append(actors, func() {
		for i := range n {
			simsched.Party(1 + i).Unpark() // it is the other's turn
			for {
				st.f.park()
				if bit := st.f.ServedBit(); bit != st.f.served {
					st.f.served = bit
					break
				}
				st.did("for nothing")
			}
			if taken++; taken != given {
				panic(fmt.Sprintf("%d services, and %d taken", given, taken))
			}
		}
		st.f.end()
	})
	for i := range n {
		actors = append(actors, func() {
			simsched.Party(1 + i).Park(wait.Signal)
			given++ // before its next step, which is the first of the service
			if st.is("the bit is changed after the wake") {
				st.f.unpark(uint(1+i), Unserved)
				x := st.f.w.Load()
				st.f.w.CompareAndSwap(x, x^servedBit)
				return
			}
			st.f.unpark(uint(1+i), Served)
		})
	}
	return append(actors, others...), nil
}

// looks has an inspector look at a record that is one fiber's after the other. fn is what is
// cleared before the word, more what is cleared after it.
func looks(st *stage) (actors []func(), check func()) {
	var fn, more simsched.Uint32
	late := st.is("fn is not cleared, and is written after the word")
	fn.Store(1)
	life := func(number uint32) {
		more.Store(number)
		if !late {
			fn.Store(0)
		}
		st.f.end()
		if !st.is("what is cleared after the word is not") {
			more.Store(0)
		}
	}
	return []func(){
		func() {
			life(1)
			if !late {
				fn.Store(2)
			}
			st.f.begin(2)
			if late {
				fn.Store(2)
			}
			life(2)
		},
		func() {
			s := st.f.Load()
			if s.Free() {
				return
			}
			seen := []uint32{fn.Load(), more.Load()}
			if st.f.Load().ID() != s.ID() && !st.is("the inspector does not look again") {
				st.did("not believed")
				return
			}
			st.did(fmt.Sprint("believed of ", s.ID()))
			for _, x := range seen {
				if x != 0 && uint64(x) != s.ID() {
					panic(fmt.Sprintf("%v is told of %d", seen, s.ID()))
				}
			}
		},
	}, nil
}

// freeAs has a record rest in another state than free.
func freeAs(state uint64) func(uint64) uint64 {
	return func(x uint64) uint64 {
		if x == stateFree {
			return state
		}
		return x
	}
}
