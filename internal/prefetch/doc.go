// Package prefetch asks the processor to bring memory into its caches before it is
// needed.
//
// Where very many fibers wait, whatever wakes one finds none of its memory in the
// caches: its record, its goroutine's, its stack, each some hundred nanoseconds away
// and found by way of the one before. For a batch of fibers these ways can be gone
// side by side, step by step, as a prefetch does not wait for what it fetches.
//
// Everything here is a hint. It changes nothing and cannot fail, whatever the address
// is; the memory there need not exist. On processors for which there is no assembly
// here it does nothing.
package prefetch
