package operations

import (
	"reflect"

	"github.com/seed222ee791/fibers/bench/internal/harness"
	"github.com/seed222ee791/fibers/cml"
)

// A stream of values over eight channels in turn, whose getter waits for all of
// them: a set that changes from value to value, so that a select, the cases of
// which stand in the program, will not do.

const dynamicArms = 8

func dynamicWorkloads() []*harness.Workload {
	return []*harness.Workload{row("select/dynamic", "a stream over 8 channels, the getter of which puts its choice together anew each time: time of one value",
		[3]int{20_000, 4_000, 50}, dynamicFibers, dynamicGoroutines)}
}

func dynamicFibers(n int) harness.Parties {
	var xs [dynamicArms]*cml.Chan[int]
	ops := make([]cml.Op[int], dynamicArms)
	for i := range xs {
		xs[i] = cml.NewChan[int]()
		ops[i] = xs[i].GetOp()
	}
	round := 0 // the getter's
	return stream(n,
		func(v int) { xs[v%dynamicArms].Put(v) },
		func() int {
			changed(ops, round)
			round++
			return cml.Perform(cml.Choice(ops...))
		})
}

func dynamicGoroutines(n int) harness.Parties {
	var xs [dynamicArms]chan int
	cases := make([]reflect.SelectCase, dynamicArms)
	for i := range xs {
		xs[i] = make(chan int)
		cases[i] = reflect.SelectCase{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(xs[i])}
	}
	round := 0 // the getter's
	return stream(n,
		func(v int) { xs[v%dynamicArms] <- v },
		func() int {
			changed(cases, round)
			round++
			_, v, _ := reflect.Select(cases)
			return int(v.Int())
		})
}

// changed changes the list of arms, in some round.
func changed[T any](arms []T, round int) {
	j, k := round%dynamicArms, (3*round+1)%dynamicArms
	arms[j], arms[k] = arms[k], arms[j]
}
