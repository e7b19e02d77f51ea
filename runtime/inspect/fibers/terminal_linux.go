package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// isTerminal reports whether f is a terminal.
func isTerminal(f *os.File) bool {
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}

// size returns the size of the terminal, as it is now.
func size(f *os.File) (width, height int) {
	w, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	if err != nil || w.Col == 0 {
		return 80, 24
	}
	return int(w.Col), int(w.Row)
}

// rawKeys has the terminal pass on each key at once, until restore is called.
func rawKeys(f *os.File) (restore func(), keys <-chan byte) {
	c := make(chan byte)
	old, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	if err != nil {
		return func() {}, c
	}
	raw := *old
	raw.Lflag &^= unix.ICANON | unix.ECHO
	raw.Cc[unix.VMIN], raw.Cc[unix.VTIME] = 1, 0
	if unix.IoctlSetTermios(int(f.Fd()), unix.TCSETS, &raw) != nil {
		return func() {}, c
	}
	go func() { // until the program ends: a read of a terminal cannot be cut short
		var b [1]byte
		for {
			if _, err := f.Read(b[:]); err != nil {
				return
			}
			c <- b[0]
		}
	}()
	return func() { _ = unix.IoctlSetTermios(int(f.Fd()), unix.TCSETS, old) }, c
}
