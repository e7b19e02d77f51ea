// Package gstatus tells from outside what another goroutine is doing: whether it
// runs, waits, or is in a system call. The engine asks it whether a scheduler that
// does not switch fibers computes, or is blocked by what its fiber does in Go's way
// (a channel, a mutex, time.Sleep, a file).
//
// # How it is read
//
// The key of package getg is the address of the structure by which the Go runtime
// knows a goroutine. One word of that is its status, another says why it waits. Where they lie is known of
// the versions of Go for which this package was looked at (layout.go), and is put to
// the test before it is used, at the first call of Known: a goroutine that runs, one
// that waits on a channel, one that has yielded, and a coroutine at rest must each show what
// they are doing, and the number beside the word must be that of the goroutine. If one of these fails,
// or on any other version, nothing is read, and Of says Unknown: the engine then looks
// at its clock instead (see monitor.go in package runtime).
//
// # Who may call
//
// Anybody, at any time, for any key: the structures neither move nor are freed. The
// word is loaded atomically, as the Go runtime writes it. What is read may be over at
// once, and where a goroutine has ended, it is of another one.
//
// # What is not guaranteed
//
// That a goroutine that waits does so for long.
package gstatus
