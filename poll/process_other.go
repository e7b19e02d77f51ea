//go:build !linux

package poll

// endingOf returns how the end of a process is known: by waiting alone.
func endingOf(int) ending { return unknown{} }

type unknown struct{}

// exited implements ending.
func (unknown) exited() (yes, known bool) { return false, false }

// notify implements ending.
func (unknown) notify(collect func()) (cancel func()) { collect(); return func() {} }

// close implements ending.
func (unknown) close() {}

// exitSeen would wait for a child without collecting it, which cannot be done here.
func exitSeen(int) bool { return false }
