package operations

import (
	"github.com/seed222ee791/fibers/bench/internal/harness"
	"github.com/seed222ee791/fibers/cml"
)

// Both sides choose: those who put as well as those who get would take either of
// two channels. For a rendezvous two performances have to commit at once.

const (
	many            = 8 // parties on either side of select/crowd
	crowdSchedulers = 8
)

func bothWorkloads() []*harness.Workload {
	ws := []*harness.Workload{
		row("select/both", "a putter and a getter, each choosing between the same two channels: time of one value",
			[3]int{80_000, 16_000, 100},
			func(n int) harness.Parties { return bothFibers(1, n) },
			func(n int) harness.Parties { return bothGoroutines(1, n) }),
		row("select/crowd", "8 putters and 8 getters do that, on 8 schedulers, however few cores there are: time of one value",
			[3]int{80_000, 16_000, 160},
			func(n int) harness.Parties { return bothFibers(many, n) },
			func(n int) harness.Parties { return bothGoroutines(many, n) }),
	}
	ws[1].Exactly = crowdSchedulers
	return ws
}

// The values are 1 on one channel, 2 on the other. Who puts learns which it was,
// so that the sums of both sides can be compared.

func bothFibers(parties, n int) harness.Parties {
	x, y := cml.NewChan[int](), cml.NewChan[int]()
	put := cml.Choice(
		cml.Wrap(x.PutOp(1), func(cml.Unit) int { return 1 }),
		cml.Wrap(y.PutOp(2), func(cml.Unit) int { return 2 }),
	)
	get := cml.Choice(x.GetOp(), y.GetOp())
	each, moved := n/parties, newMoved(parties)
	t := harness.Parties{Ops: each * parties, Check: moved.check}
	for i := range parties {
		t.Each = append(t.Each,
			func() {
				for range each {
					moved.put[i].N += cml.Perform(put)
				}
			},
			func() {
				for range each {
					moved.got[i].N += cml.Perform(get)
				}
			})
	}
	return t
}

func bothGoroutines(parties, n int) harness.Parties {
	x, y := make(chan int), make(chan int)
	each, moved := n/parties, newMoved(parties)
	t := harness.Parties{Ops: each * parties, Check: moved.check}
	for i := range parties {
		t.Each = append(t.Each,
			func() {
				for range each {
					select {
					case x <- 1:
						moved.put[i].N++
					case y <- 2:
						moved.put[i].N += 2
					}
				}
			},
			func() {
				for range each {
					var v int
					select {
					case v = <-x:
					case v = <-y:
					}
					moved.got[i].N += v
				}
			})
	}
	return t
}

// moved is what was put and what was got.
type moved struct{ put, got harness.Sums }

func newMoved(parties int) *moved {
	return &moved{make(harness.Sums, parties), make(harness.Sums, parties)}
}

func (m *moved) check() error {
	put := 0
	for i := range m.put {
		put += m.put[i].N
	}
	return m.got.Check(put)()
}
