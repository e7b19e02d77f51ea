//go:build !gc || purego || !(amd64 || arm64)

package frames

import "runtime"

// Return fills pcs with the return addresses of the calling functions, beginning
// with that of the function which called Return's caller, and returns how many
// there were.
func Return(pcs []uintptr) (n int) { return runtime.Callers(3, pcs) }
