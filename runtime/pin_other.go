//go:build !linux

package runtime

import (
	goruntime "runtime"
	"time"
)

// Threads cannot be pinned here: pin does nothing, and Stats says so.
type pin struct {
	cpu                  int
	checks, right, moves uint64
}

const canPin = false

func (p *pin) attach(*scheduler)   {}
func (p *pin) check(*scheduler)    {}
func (p *pin) judge(time.Duration) {}
func (p *pin) letGo()              {}
func (p *pin) set(int)             {}
func (p *pin) inherit(*pin)        {}
func (p *pin) yield()              {}
func (p *pin) again()              {}

func auditThreads() {}

// allowedCPUs returns the CPUs that the process may use.
func allowedCPUs() []int {
	cpus := make([]int, goruntime.NumCPU())
	for i := range cpus {
		cpus[i] = i
	}
	return cpus
}
