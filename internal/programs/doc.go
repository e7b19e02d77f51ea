// Package programs runs programs whose answer is known, on fibers and the
// operations of package cml: what a user would write, at the size of a test.
// Each checks its answer and ends by itself, with one, two and eight schedulers.
// It has no code outside its tests.
//
// A file is one program or one family. Programs that show something to a reader
// are in examples instead, with tests there: the lock server with negative
// acknowledgements, the swap channel made from a choice, chameneos, the remote
// procedure call, the patterns of Go.
//
// Sources of the programs: the tests and benchmarks of Guile Fibers; Reppy,
// Concurrent Programming in ML (1999); McIlroy, Squinting at Power Series (1990);
// Imam and Sarkar, Savina, an Actor Benchmark Suite (2014); the Computer Language
// Benchmarks Game; skynet (github.com/atemerev/skynet). They are written anew.
package programs
