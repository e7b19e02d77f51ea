// Package prefetch asks the processor to bring memory into its caches before it is
// needed.
//
// Where very many fibers wait, whatever wakes one finds none of its memory in the
// caches: its record, its goroutine's, its stack, each some hundred nanoseconds away
// and found by way of the one before. For a batch of fibers these ways can be gone
// side by side, step by step, as a prefetch does not wait for what it fetches.
//
// Everything here is a hint and changes nothing. Line and Goroutine cannot fail, whatever
// the address is; the memory there need not exist. Stack has to read where the stack is: what it
// is given must be the key of a goroutine, also of one that has ended, or 0. On processors for
// which there is no assembly here they do nothing.
package prefetch
