// Package sim runs a program of fibers in many schedules, in virtual time, and finds
// the one that breaks it: deterministic simulation testing.
//
//	func TestTransfer(t *testing.T) {
//		sim.Test(t, func(s *sim.Sim) {
//			… fibers.Go, cml, fibers.Sleep, tasks, groups, package parallel, as always …
//			s.Always(total == 300, "the bank has %d", total)
//		}, sim.Runs(1000), sim.Explore(sim.PCT(3)))
//	}
//
// The engine and package cml are the real ones. Only who runs next, what time it is
// and what happens when nobody can run is decided here, by a strategy and a seed. The
// body, which runs in the first fiber, is called once for each schedule; it should
// make anew all that it uses. The first run that fails is repeated, its schedule made
// as short as can be, and printed, with a command that makes that run again.
//
// # Roles
//
// Test and Check explore, for a test or without one. A Strategy (Random, PCT,
// Exhaustive, RoundRobin) chooses the schedules. A Sim is one run, with its assertions
// (Always, Eventually, Sometimes, Reachable), its clock (Now) and its random numbers
// (Rand). Host and Link are a simulated network. Who calls methods of these is a fiber
// of the simulation.
//
// # Where schedules differ
//
// Before every operation of package cml, of a task and of a group, and of a simulated
// connection; after an operation that has made somebody ready, and after a spawn; at
// Yield, and wherever a fiber waits or ends. Between two of these places nobody else
// runs. Which of the ready arms a Choice takes, and what package parallel gives away,
// come from the seed, too.
//
// # Time
//
// The clock begins on 1 January 2000, UTC. It stands still as long as any fiber can
// run, and then jumps to the next timer: Sleep, SleepUntil, After, At, tickers,
// AfterFunc, PerformTimeout and deadlines of simulated connections go by it, and
// contexts that WithTimeout and WithDeadline make.
//
// # What is not simulated
//
// Package time, plain goroutines, native channels and locks, contexts of package
// context with a deadline, files and real sockets. Blocking, a runtime made inside,
// package poll, and times that come from time.Now are refused with a panic that says
// what to do. A fiber that blocks its goroutine is found by a watchdog, as is one that
// does not come to a point at all; what a goroutine that is no fiber does to one is
// found when it wakes it. Anything else that is not a function of the seed (the order
// of a map, math/rand, state that runs share) shows when a failing run is repeated:
// the failure is then Diverged, and says at which step.
//
// # Guarantees
//
// A run is a function of the body, the strategy, its seed and the build. A run that has
// failed leaves no goroutine behind, but for one that blocks, or never comes to a
// point: it ends when it comes back.
//
// # Lineage
//
// Random and PCT walks and replay, as in shuttle; PCT: Burckhardt, Kothari, Musuvathi
// and Nagarakatte (2010); iterative context bounding: Musuvathi and Qadeer (2007);
// leaving out: Zeller and Hildebrandt (2002); hosts and links, as in turmoil and
// madsim; simulation as the way to test: FoundationDB. Beside these, programs here need
// no other types than those that they use in earnest.
package sim
