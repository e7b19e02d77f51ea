//go:build !linux

package main

import "os"

// isTerminal reports whether f is a terminal.
func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// size returns a size that most terminals have.
func size(*os.File) (width, height int) { return 80, 24 }

// rawKeys returns no keys: an interrupt ends top.
func rawKeys(*os.File) (restore func(), keys <-chan byte) { return func() {}, nil }
