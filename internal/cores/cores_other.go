//go:build !linux

package cores

// Unpinned calls f: no thread is pinned here.
func Unpinned(f func() error) error { return f() }
