//go:build !linux

package poll

func waitersOf(any, bool) func() int { return nil }
