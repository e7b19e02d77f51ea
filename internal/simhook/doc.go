// Package simhook is the seam between the engine, package cml and package
// runtime/sim: how a simulated runtime asks who runs next, what time it is, and
// what to do when nobody can run.
//
// # Roles
//
// Package runtime registers the functions that package cml calls, and the one that
// makes a simulated runtime. Package runtime/sim is the driver of such a runtime: it
// decides, records and reports. Package cml tells, at every operation, that it is
// about to look at something that others may change.
//
// # What it costs where nothing is simulated
//
// On, the load of a word that is hardly ever written, and a branch that is never
// taken: once an operation. Parks, yields and the ends of fibers cost nothing, as a
// simulated runtime has them go to the root of its scheduler (no pick succeeds
// there), and the root is another loop.
//
// # Who may touch what
//
// One goroutine of a simulated runtime runs at a time, and hands over to the next by
// a switch, which orders everything before it before everything after. So all of a
// simulation is plain memory. Words that others look at (the watchdog of package sim)
// are atomic.
//
// Checked by: the tests of package runtime/sim, under -race.
package simhook
