//go:build !(amd64 || arm64) || windows

package gstatus

// Stacks says that Stack reads them.
const Stacks = false

// Stack reads the return addresses on the stack of a goroutine that does not run, where that can
// be done: nowhere but on amd64 and arm64, whose stacks have frame pointers, and not on Windows. Here it
// returns 0.
func Stack(key uintptr, pcs []uintptr) int { return 0 }
