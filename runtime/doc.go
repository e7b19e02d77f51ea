// Package runtime is the engine of fibers: schedulers that are locked to cores
// and steal fibers from each other. Import it under its spoken name:
//
//	import fibers "github.com/seed222ee791/fibers/runtime"
//
// # What it is
//
// A fiber is a lightweight thread of control that waits and resumes without the
// Go scheduler: by one direct switch from stack to stack. A Runtime has as many
// schedulers as it was given cores (by default all that the process may use);
// each runs one fiber at a time, and takes fibers from the others when it has
// none left. Fibers run in parallel, as goroutines do, and share memory under the
// same rules. Also with one scheduler: while a fiber keeps it, because it waits in Go's
// way or computes for longer than some 10 ms, a stand-in runs the others.
//
// # Who may call
//
// Go, Spawn, WithGroup, Yield, Sleep and Blocking may be called in fibers, where
// they concern the runtime of the calling fiber, and in plain goroutines, where
// the spawning ones use the Default runtime. The methods of Runtime may be
// called from anywhere, but for Close and Shutdown, which wait for all fibers
// and so must not be called by one of them.
//
// # The usual program
//
//	err := fibers.Run(func() {
//		t := fibers.Spawn(func() (int, error) { return 6 * 7, nil })
//		n, err := t.Await()
//		…
//	})
//
// # Guarantees
//
// Work is conserved: no scheduler stays idle beside a fiber that could run, for
// longer than it takes to wake it up: tens of microseconds; for a fiber whose
// waker goes on computing up to a millisecond at first, in rare cases some ten.
//
// Nobody starves: fibers that have been woken run in their order; those that
// were spawned run newest first on their own scheduler, but a look at the oldest
// is due every few dozen switches; who yields goes behind all that wait. That is so in
// time, too: one that was woken waits for those only that were woken before it, or now and
// then another; and beside fibers that compute for long between two switches, those that
// switch often have half a millisecond for each of their slices (as Go does not preempt
// fibers: beside one that computes for 5 ms, a tenth of the time).
//
// What happens before Go happens before the fiber's function; what happens
// before a task's end happens before the return of its Await, and so for the
// members of a group and WithGroup; what happens before the end of main happens
// before the return of Run. Yield and Sleep order nothing.
//
// A wait of a fiber that blocks its goroutine in Go's way (a channel, a mutex, a file, a
// library that uses these) is correct, and delays no other fiber by more than
// microseconds: a stand-in takes the place of the scheduler, and the fiber goes on as a
// goroutine until it parks. Any number may do so at once. It costs some microseconds more
// than a wait of this module's, and a goroutine and a few kilobytes while it lasts. Other
// goroutines of the process get their turn every millisecond.
//
// # What is not guaranteed
//
// On which core a fiber runs, and the order of fibers on different schedulers.
//
// A fiber must not wait (yield, sleep, await, …) while it holds
// runtime.LockOSThread, or is called back from C: the Go runtime ends the process
// with "coro: OS thread locking must match locking at coroutine creation". Use
// Blocking for what needs a thread.
//
// The body of an iter.Pull is a goroutine of its own, also where a fiber calls next:
// there Current is nil, Go spawns in the Default runtime, and a wait is one of that
// goroutine, which the fiber and its scheduler wait out in Go's way. Nor does it end with
// the runtime: Close reports the fiber as left over. Range over the sequence instead, or
// let a fiber put what it yields into a channel.
//
// In a testing/synctest bubble plain goroutines wait on anything of package cml in the
// bubble's time. A runtime made there keeps that from going on: its fibers must not wait
// for a time, and panic if they do. The Default runtime is not started there.
//
// # The race detector
//
// What it reports of fibers is a race. But it takes each switch of a scheduler for
// something that orders: whoever has run there comes before whoever runs there next. So a
// race between two fibers is reported only if they ran on different schedulers with
// nothing between: of 20 runs of each of five small programs, in 0 on one scheduler, 2 to
// 13 on two, 0 to 9 on four or eight; of goroutines, in 20 of 20.
//
// To look for races, let goroutines play the parts of fibers: all of this module that
// waits does so in goroutines, too. A test that spawns by a variable,
//
//	spawn := fibers.Go
//	if race { // a constant of two files, with the build constraints race and !race
//		spawn = func(f func()) { go f() }
//	}
//
// finds with -race what it would find of any Go program. (A simulation, package sim, finds
// the results that come of a bad order, and the order; the detector is silent there.)
//
// # The stack switch
//
// With Go 1.26, on Linux and on amd64 or arm64, fibers change stacks by the functions of
// the Go runtime of which iter.Pull is made; Stats.Switch says "direct". Everywhere else
// and with -race, -msan or -asan it is by iter.Pull, which is the same but takes half as
// long again. The build tag pull, or FIBERS_SWITCH=pull in the environment when the first
// runtime of the process is made, asks for iter.Pull: do so if you suspect the other.
//
// # How it is built
//
// A file is one idea:
//
//	runtime.go, options.go, run.go, ending.go, shelter.go
//	                  a runtime: its beginning, its settings, how one runs in it and waits, its end, and
//	                  what is not cut then
//	spawn.go          how fibers are made
//	fiber.go, records.go, done.go, coroutine.go, pool.go
//	                  fibers, their records and their end, the stacks they run on, how memory is
//	                  given back
//	scheduler.go, turn.go, post.go
//	                  the loop; what comes now and then; a fiber is queued, and others told
//	runqueue.go, place.go, steal.go
//	                  the queues, and the order of looking for work; taking it from others
//	parking.go, sharing.go
//	                  how a fiber waits and is woken (its word is internal/parkword); what fibers
//	                  keep for that, and where they find room
//	find.go, workplace.go, idle.go, bell_linux.go
//	                  how a scheduler looks for work and sleeps; whether there is any; the protocol of
//	                  that; the system calls are internal/parker
//	atomics.go, atomics_model.go
//	                  the words of protocols that the interleaver runs, as they are and observed
//	poller_linux.go   how it waits for descriptors meanwhile
//	mixed.go          how all that is beside goroutines with much to do
//	stalled.go, legacy.go
//	                  what happens when a fiber keeps a scheduler: its seat is taken
//	understudy.go, monitor.go, monitor_rest.go, monitor_rest_linux.go, load.go
//	                  who notices it: at once, or at the latest; when that one may rest; how
//	                  busy the processors are
//	seat.go           how a scheduler begins and ends
//	wheel.go, wheel_fire.go, wheel_sleep.go, wheel_after.go, wheel_afterfunc.go,
//	wheel_locked.go, wheel_fresh.go, wheel_slack.go, wheel_ahead.go
//	                  the timers; who finds them locked; those just set; how they gather; what is
//	                  fetched of those that are due
//	sleep.go, ticker.go, wallclock.go, walltell.go, walltell_linux.go
//	                  what is made of them; the clock on the wall
//	future.go, task.go, taskset.go, group.go, group_more.go, blocking.go, blocking_limit.go, ops.go
//	                  tasks, groups, waits in Go's way, operations
//	fork.go           what package parallel needs
//	panics.go, errors.go
//	                  what becomes of a panic; the errors
//	stats.go, latency.go, blockers.go
//	                  the counters; what keeps schedulers
//	eyes.go, sites.go, locate.go, growth.go, recorder.go, blockprofile.go
//	                  what is noted while somebody watches: who runs, where fibers are from
//	info.go, lookout.go, examine.go, holders.go, longest.go, deadlock.go, findings.go, report.go, stallreport.go
//	                  what is told of it: fibers, how they are looked at, who waits for whom and who
//	                  has that, for how long, what is in the way
//	judge.go, judge_linux.go, naps.go
//	                  whether anything can happen any more; the waits of our own that it holds
//	simulated.go, simulated_time.go, simulated_run.go, simulated_nested.go
//	                  the runtime that package sim drives
//	bubble.go         the runtime in a bubble of testing/synctest
//	hint.go           words that are read while they are written
//
// Beside a file for Linux there is one for other systems (_other.go). Parking,
// sleeping and polling are protocols and carry their argument; docs/design tells
// what was decided and why, docs/models has the models that were checked.
//
// # Lineage
//
// Guile Fibers (Wingo), whose schedulers are peers with a thread each, and Lua
// fibers after Snabb (Rottenkolber), for what a fiber is. Chase and Lev, Dynamic
// Circular Work-Stealing Deque (2005). Blumofe and Leiserson, Scheduling
// Multithreaded Computations by Work Stealing (1999). The sleeping protocol
// follows those of the Go scheduler and of Rayon.
package runtime
