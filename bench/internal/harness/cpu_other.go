//go:build !unix

package harness

import "time"

// ProcessCPU is not known here.
func ProcessCPU() time.Duration { return 0 }
