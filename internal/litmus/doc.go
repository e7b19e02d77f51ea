// Package litmus has tests alone: whether this machine, or the emulator in its place, keeps
// the order of atomic operations that the Go memory model promises. All protocols of this
// module rest on that. Where one of these fails, no other test says anything.
package litmus
