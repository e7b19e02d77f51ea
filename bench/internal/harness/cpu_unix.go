//go:build unix

package harness

import (
	"syscall"
	"time"
)

// ProcessCPU returns the processor time that the process has used, in user and
// system mode.
func ProcessCPU() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
