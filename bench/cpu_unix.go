//go:build unix

package main

import (
	"syscall"
	"time"
)

// processCPU returns the processor time that the process has used, in user and
// system mode.
func processCPU() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
