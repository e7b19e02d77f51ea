//go:build gc && !purego && (amd64 || arm64)

package prefetch

// Line brings in the cache line of the address p.
//
//go:noescape
func Line(p uintptr)

// Goroutine brings in what a switch to a goroutine touches of the structure by which
// the Go runtime knows it. key is that of package getg.
//
//go:noescape
func Goroutine(key uintptr)

// Stack brings in the top of the stack of a goroutine that sleeps: the frames that it
// returns to first when it is resumed. It reads the structure, which never is freed, to
// find the stack; so key must be of a goroutine, or 0. Behind Goroutine, by the time
// that has come.
//
//go:noescape
func Stack(key uintptr)
