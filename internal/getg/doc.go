// Package getg tells goroutines apart: Get returns a key of the calling
// goroutine, and a Table maps such keys to records. The engine finds the
// running fiber with the two, in a few nanoseconds and without an argument
// that every function between would have to pass on.
//
// # The key
//
// The key is the address of the structure by which the Go runtime knows the
// goroutine. That structure neither moves nor is freed, so the key is the same
// from the goroutine's first to its last instruction, whatever thread carries
// it, however its stack grows, and whoever resumes it (the body of an iter.Pull
// coroutine has a key of its own, the same after every switch). When the
// goroutine has ended the structure, and with it the key, serves another one.
//
// The key is opaque: nothing is read through it (but by package prefetch, for a hint to
// the processor), and it keeps nothing alive.
//
// # How it is read
//
// On every architecture of the standard distribution an assembly function of
// two instructions copies the assembler's pseudo-register for the current
// goroutine; it names no symbol of the Go runtime and knows no offset in its
// structures. Elsewhere, and with the build tag purego, Get reads the number
// of the goroutine from the first line of its stack trace: about a thousand
// times slower, and on a 32-bit system numbers come round again after 2³¹
// goroutines.
//
// # What is not guaranteed
//
// The keys of two goroutines that are never alive together may be equal. The
// table therefore relies on a contract (see [Table]).
package getg
